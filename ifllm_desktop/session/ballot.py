"""What a participant says of the answers of a turn: ratings, the vote, reasons, marks in the text."""

from __future__ import annotations

from dataclasses import dataclass

from ifllm_desktop.session.answers import Highlight, Preference
from ifllm_desktop.session.control_log import ControlLog


@dataclass(frozen=True, slots=True)
class Asked:
    """What the study asks about the answers of a turn.

    Attributes
    ----------
    further : tuple of str
        Ids of scales beside the main one.
    """

    pair: bool
    further: tuple[str, ...] = ()
    needs_reasons: bool = False
    needs_highlight: bool = False


class Ballot:
    """Keeps one turn's ballot and writes each change as an event; what stays the same is none."""

    def __init__(self, turn_id: str, asked: Asked, log: ControlLog) -> None:
        self.asked = asked
        self.preference: Preference | None = None
        self.reasons: tuple[str, ...] = ()
        self.reason_text = ""
        self._turn_id = turn_id
        self._log = log
        self._ratings: dict[tuple[str, str], int] = {}
        self._highlights: dict[str, Highlight] = {}

    # ---- what was said -----------------------------------------------------------------------------------
    def rating(self, response_id: str, name: str = "") -> int | None:
        """Rating of an answer on the main scale, or on a further one."""
        return self._ratings.get((response_id, name))

    def further(self, response_id: str) -> dict[str, int]:
        """Ratings of an answer beside the main scale, by name."""
        return {name: value for (one, name), value in self._ratings.items() if one == response_id and name}

    @property
    def highlights(self) -> tuple[Highlight, ...]:
        """Marks that stand, in the order in which they were made."""
        return tuple(self._highlights.values())

    def is_complete(self, response_ids: tuple[str, ...]) -> bool:
        """Whether everything that is needed was said of these answers."""
        names = ("", *self.asked.further)
        rated = all(self.rating(one, name) is not None for one in response_ids for name in names)
        voted = self.preference is not None or not self.asked.pair
        said = bool(self.reasons or self.reason_text.strip()) or not self.asked.needs_reasons
        marked = bool(self._highlights) or not self.asked.needs_highlight
        return rated and voted and said and marked

    # ---- saying it ---------------------------------------------------------------------------------------
    def rate(self, t_ns: int, response_id: str, value: int, scale: int, name: str = "") -> None:
        """Set or change a rating."""
        if self._ratings.get((response_id, name)) != value:
            self._ratings[response_id, name] = value
            self._log.event(
                t_ns,
                "rating",
                turn_id=self._turn_id,
                response_id=response_id,
                value=value,
                scale=scale,
                name=name,
            )

    def prefer(self, t_ns: int, preference: Preference) -> None:
        """Set or change the vote."""
        if self.preference != preference:
            self.preference = preference
            self._log.event(
                t_ns,
                "preference",
                turn_id=self._turn_id,
                choice=preference.choice,
                strength=preference.strength,
            )

    def give_reasons(self, t_ns: int, values: tuple[str, ...], text: str) -> None:
        """Set or change the reasons."""
        if (self.reasons, self.reason_text) != (values, text):
            self.reasons, self.reason_text = values, text
            self._log.event(t_ns, "reasons", turn_id=self._turn_id, values=list(values), text=text)

    def mark(self, t_ns: int, highlight: Highlight) -> None:
        """Mark a place; the same place with the same label again changes nothing."""
        place = (highlight.response_id, highlight.start, highlight.end, highlight.label)
        if all((h.response_id, h.start, h.end, h.label) != place for h in self.highlights):
            self._highlights[highlight.highlight_id] = highlight
            self._write(t_ns, highlight, removed=False)

    def unmark(self, t_ns: int, highlight_id: str) -> None:
        """Take a mark back."""
        self._write(t_ns, self._highlights.pop(highlight_id), removed=True)

    def _write(self, t_ns: int, one: Highlight, *, removed: bool) -> None:
        self._log.event(
            t_ns, "highlight", turn_id=self._turn_id, response_id=one.response_id, highlight_id=one.highlight_id,
            label=one.label, start=one.start, end=one.end, quote=one.quote, removed=removed,
        )  # fmt: skip
