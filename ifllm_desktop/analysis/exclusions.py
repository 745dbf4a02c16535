"""Which sessions an exclusion set leaves out, why, and what would change with another rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ifllm_desktop.analysis.audit_rows import Decision
from ifllm_desktop.analysis.quality_limits import QualityLimits
from ifllm_desktop.analysis.quality_values import SessionQuality
from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.exclusions import (
    ExclusionChoice,
    ExclusionOperation,
    ExclusionRule,
    ExclusionSet,
    sets_of,
    undoable,
)
from ifllm_desktop.ports import ExclusionLog

MAIN_SET = "main"
"""The set that every study has: the rule of its study file, until somebody changes it."""
UNREADABLE = Decision(False, "", ("unreadable",))


@dataclass(frozen=True, slots=True)
class RuleCount:
    """What one rule removes: how many sessions, and how many of them by it alone."""

    code: str
    n: int
    n_alone: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do, before it is done.

    Attributes
    ----------
    decisions : dict
        By session, as they would be.
    newly_out, newly_in : tuple of str
        Sessions whose fate would change.
    counts : tuple of RuleCount
        What each rule would remove.
    """

    decisions: dict[str, Decision]
    newly_out: tuple[str, ...]
    newly_in: tuple[str, ...]
    counts: tuple[RuleCount, ...]


def rule_of_study(limits: QualityLimits) -> ExclusionRule:
    """What the study file says of leaving sessions out."""
    return ExclusionRule(
        max_error_deg=limits.accuracy.exclude, max_loss=limits.loss.exclude, min_rate_hz=limits.rate.exclude,
        max_drift_deg=limits.drift.exclude, needs_gaze=True, needs_validation=True,
    )  # fmt: skip


def broken_rules(quality: SessionQuality, rule: ExclusionRule, limits: QualityLimits) -> tuple[str, ...]:
    """Codes of the rules that speak against a session, in the order of ``domain.exclusions.RULE_CODES``.

    What was not measured breaks no limit; whether a session without a validation counts is a rule of its own.
    """
    if quality.gaze_consent == "no":
        found = ["no_gaze"] if rule.needs_gaze else []
    else:
        found = ["not_validated"] if rule.needs_validation and math.isnan(quality.accuracy.px) else []
        loss, rate_hz = quality.loss.loss, quality.loss.effective_hz
        error_deg = _deg(quality.accuracy.deg, quality.accuracy.px, limits)
        drift_deg = _deg(quality.drift.change_deg, quality.drift.change_px, limits)
        found += [
            code
            for code, broken in (
                ("accuracy", rule.max_error_deg is not None and error_deg > rule.max_error_deg),
                ("loss", rule.max_loss is not None and loss > rule.max_loss),
                ("rate", rule.min_rate_hz is not None and rate_hz < rule.min_rate_hz),
                ("drift", rule.max_drift_deg is not None and drift_deg > rule.max_drift_deg),
                ("score", rule.min_score is not None and quality.score.total < rule.min_score),
            )
            if broken  # NaN compares as False: not measured is not beyond
        ]
    if rule.no_simulated and quality.apparatus.devices != "real":
        found.append("simulated")
    return tuple(found)


def decisions(
    chosen: ExclusionSet, qualities: Iterable[SessionQuality], limits: QualityLimits
) -> dict[str, Decision]:
    """Whether each session counts in a set, by session. What somebody decided goes before the rule."""
    out = {}
    for quality in qualities:
        rules = broken_rules(quality, chosen.rule, limits) if chosen.rule is not None else ()
        choice = chosen.choices.get(quality.session_id)
        if choice is None:
            out[quality.session_id] = Decision(not rules, "", rules)
        else:
            out[quality.session_id] = Decision(choice.included, choice.reason, rules)
    return out


def removed_by(decided: Iterable[Decision]) -> tuple[RuleCount, ...]:
    """What each rule removes among some decisions; what somebody decided by hand counts as ``by_hand``."""
    n: dict[str, int] = {}
    alone: dict[str, int] = {}
    for decision in decided:
        codes = decision.rules if not decision.reason else () if decision.included else ("by_hand",)
        for code in codes:
            n[code] = n.get(code, 0) + 1
            alone[code] = alone.get(code, 0) + (len(codes) == 1)
    return tuple(
        RuleCount(code, count, alone[code]) for code, count in sorted(n.items(), key=lambda c: (-c[1], c[0]))
    )


def preview(
    chosen: ExclusionSet,
    rule: ExclusionRule | None,
    qualities: Sequence[SessionQuality],
    limits: QualityLimits,
) -> Preview:
    """What another rule would do to a set. Nothing is stored."""
    now = decisions(chosen, qualities, limits)
    then = decisions(ExclusionSet(chosen.name, rule, chosen.choices), qualities, limits)
    return Preview(
        then, tuple(key for key in then if now[key].included and not then[key].included),
        tuple(key for key in then if then[key].included and not now[key].included), removed_by(then.values()),
    )  # fmt: skip


class ExclusionHistory:
    """The sets of a study, changed by operations that are appended to its log.

    Parameters
    ----------
    log : ExclusionLog
        On disk when a call returns.
    who : str
        Whose decisions these are.
    study_rule : ExclusionRule
        Rule of the set ``main`` while nobody has changed it, and of every new set.
    ids, wall_ns : callable
        Give a new unique id and the wall time.
    """

    def __init__(
        self, log: ExclusionLog, who: str, study_rule: ExclusionRule, ids: Callable[[], str], wall_ns: Callable[[], int]
    ) -> None:  # fmt: skip
        self._log = log
        self._who = who
        self._study_rule = study_rule
        self._ids = ids
        self._wall_ns = wall_ns

    def sets(self) -> dict[str, ExclusionSet]:
        """Every set by name; ``main`` is always there and comes first."""
        found = sets_of(self._operations())
        main = found.pop(MAIN_SET, ExclusionSet(MAIN_SET, self._study_rule))
        return {MAIN_SET: main, **found}

    def set_named(self, name: str) -> ExclusionSet:
        """One set; raises DataError ``set_missing``."""
        found = self.sets()
        if name not in found:
            raise DataError("set_missing", name=name, known=", ".join(found))
        return found[name]

    def make(self, name: str, rule: ExclusionRule | None) -> ExclusionOperation:
        """A new set; None as its rule means hand-picked. Raises DataError ``set_name``, ``set_exists``."""
        if not name.strip() or len(name) > 64:
            raise DataError("set_name", name=name)
        if name in self.sets():
            raise DataError("set_exists", name=name)
        return self._append(name, "", None, rule)

    def set_rule(self, name: str, rule: ExclusionRule | None) -> ExclusionOperation | None:
        """Give a set another rule; None when it has that rule already."""
        before = self.set_named(name).rule
        return None if before == rule else self._append(name, "", before, rule)

    def exclude(self, name: str, session_id: str, reason: str) -> ExclusionOperation:
        """Leave a session out, whatever the rule says. Raises DataError ``exclusion_reason`` without a reason."""
        return self._choose(name, session_id, False, reason)

    def include(self, name: str, session_id: str, reason: str) -> ExclusionOperation:
        """Take a session in, whatever the rule says. Raises DataError ``exclusion_reason`` without a reason."""
        return self._choose(name, session_id, True, reason)

    def by_rule(self, name: str, session_id: str) -> ExclusionOperation | None:
        """Let the rule speak on a session again; None when nobody had decided on it."""
        before = self.set_named(name).choices.get(session_id)
        return None if before is None else self._append(name, session_id, before, None)

    def can_undo(self, name: str) -> ExclusionOperation | None:
        """The step that :meth:`undo` would take back."""
        return undoable(self._log.exclusion_operations(), name)

    def undo(self, name: str) -> ExclusionOperation | None:
        """Take back the newest step of a set that still stands; None when there is none."""
        step = self.can_undo(name)
        if step is None:
            return None
        return self._append(name, step.session_id, step.after, step.before, step.op_id)

    def _choose(self, name: str, session_id: str, included: bool, reason: str) -> ExclusionOperation:
        if not reason.strip():
            raise DataError("exclusion_reason", session=session_id)
        before = self.set_named(name).choices.get(session_id)
        after = ExclusionChoice(included, reason.strip(), self._who, self._wall_ns())
        return self._append(name, session_id, before, after)

    def _append(
        self, name: str, session_id: str, before: ExclusionRule | ExclusionChoice | None,
        after: ExclusionRule | ExclusionChoice | None, undoes: str = "",
    ) -> ExclusionOperation:  # fmt: skip
        step = ExclusionOperation(
            self._ids(), name, self._wall_ns(), self._who, session_id, before, after, undoes
        )
        self._log.append_exclusion(step)
        return step

    def _operations(self) -> Sequence[ExclusionOperation]:
        """With the rule of the study file standing at the beginning of ``main``."""
        stored = self._log.exclusion_operations()
        first = ExclusionOperation("", MAIN_SET, 0, "", "", None, self._study_rule)
        return [first, *stored]


def _deg(deg: float, px: float, limits: QualityLimits) -> float:
    return px / limits.px_per_deg if math.isnan(deg) else deg
