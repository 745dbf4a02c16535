"""Exclusion sets: which sessions of a study count, by which rule or whose choice. Operations are only ever added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

RULE_CODES = ("no_gaze", "not_validated", "accuracy", "loss", "rate", "drift", "score", "simulated")
"""What a rule can leave a session out by; beside them stands ``unreadable``, which no rule takes back."""


@dataclass(frozen=True, slots=True)
class ExclusionRule:
    """What leaves a session out by itself. None switches a limit off.

    Attributes
    ----------
    max_error_deg : float or None
        Mean error at the validation targets; judged by px where degrees are not known.
    max_loss : float or None
        Share of frames without gaze.
    min_rate_hz : float or None
        Gaze points per second.
    max_drift_deg : float or None
        Growth of the error until the last drift check.
    min_score : float or None
        Quality score, 0–100.
    needs_gaze, needs_validation : bool
        Whether sessions without consent to gaze, or without a validation, are left out.
    no_simulated : bool
        Whether sessions with simulated devices are left out.
    """

    max_error_deg: float | None = None
    max_loss: float | None = None
    min_rate_hz: float | None = None
    max_drift_deg: float | None = None
    min_score: float | None = None
    needs_gaze: bool = False
    needs_validation: bool = False
    no_simulated: bool = False


@dataclass(frozen=True, slots=True)
class ExclusionChoice:
    """What somebody decided on one session, whatever the rule says."""

    included: bool
    reason: str
    who: str = ""
    wall_ns: int = 0


@dataclass(frozen=True, slots=True)
class ExclusionOperation:
    """One step in the history of a set.

    Attributes
    ----------
    set_name : str
        The set that it belongs to; a set exists once it has an operation.
    session_id : str
        The session that was decided on; empty where the rule was set.
    before, after : ExclusionRule, ExclusionChoice or None
        What stood before and after: None is no rule (hand-picked) or no choice. The inverse swaps them.
    undoes : str
        ``op_id`` of the operation that this one takes back; else empty.
    """

    op_id: str
    set_name: str
    wall_ns: int
    who: str
    session_id: str
    before: ExclusionRule | ExclusionChoice | None
    after: ExclusionRule | ExclusionChoice | None
    undoes: str = ""


@dataclass(frozen=True, slots=True)
class ExclusionSet:
    """A set as its operations left it.

    Attributes
    ----------
    rule : ExclusionRule or None
        None: hand-picked, only choices count.
    choices : mapping of str to ExclusionChoice
        By session.
    """

    name: str
    rule: ExclusionRule | None = None
    choices: Mapping[str, ExclusionChoice] = field(default_factory=dict)


def sets_of(operations: Sequence[ExclusionOperation]) -> dict[str, ExclusionSet]:
    """Every set by name, in order of making. Operations come in the order of the log.

    A step that was taken back counts as never done, and so does the taking back.
    """
    rules: dict[str, ExclusionRule | None] = {}
    choices: dict[str, dict[str, ExclusionChoice]] = {}
    for operation in _standing(operations):
        rules.setdefault(operation.set_name, None)
        own = choices.setdefault(operation.set_name, {})
        after = operation.after
        if isinstance(after, ExclusionChoice):
            own[operation.session_id] = after
        elif operation.session_id:
            own.pop(operation.session_id, None)
        else:
            rules[operation.set_name] = after
    return {name: ExclusionSet(name, rule, choices[name]) for name, rule in rules.items()}


def undoable(operations: Sequence[ExclusionOperation], set_name: str) -> ExclusionOperation | None:
    """The newest step of a set that still stands; None when there is none left to take back."""
    own = [operation for operation in _standing(operations) if operation.set_name == set_name]
    return own[-1] if own else None


def _standing(operations: Sequence[ExclusionOperation]) -> list[ExclusionOperation]:
    taken_back = {operation.undoes for operation in operations if operation.undoes}
    return [op for op in operations if not op.undoes and op.op_id not in taken_back]
