"""What a participant said to the study's questions, as the control events tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ifllm_desktop.domain.session import Event
from ifllm_desktop.ports import RecordingSource

TURN_PLACE = "turn"
"""Place of what was said about the answers of a turn: ratings, vote, reasons, marks."""


@dataclass(frozen=True, slots=True)
class Given:
    """One thing that was said, as it stood in the end.

    Attributes
    ----------
    place : str
        ``demographics``, ``before_task``, ``after_task``, ``at_end`` or :data:`TURN_PLACE`.
    question_id : str
        Of the study file; in a turn ``rating``, the id of a further scale, ``preference``, ``reasons``, ``highlight``.
    value : object
        As in the event; None where it was declined.
    response_id : str
        The answer that it is about; empty where it is about none.
    start, end : int
        Code points of that answer's source, of a mark or a chosen sentence; −1 where there are none.
    correct : bool or None
        Of a check of attention.
    t_ns : int
        Session time of the last change.
    n_changes : int
        How often it was said, the first time included.
    """

    place: str
    task_id: str
    turn_id: str
    question_id: str
    value: Any
    t_ns: int
    response_id: str = ""
    start: int = -1
    end: int = -1
    quote: str = ""
    declined: bool = False
    correct: bool | None = None
    n_changes: int = 1


def given(source: RecordingSource) -> tuple[Given, ...]:
    """Everything that a participant said in a session, in the order in which it was said first.

    An answer that was taken back and a mark that was removed are left out.
    """
    return given_of_events(source.events())


def given_of_events(events: Sequence[Event]) -> tuple[Given, ...]:
    """The same from events at hand, sorted by time."""
    found: dict[tuple[str, ...], Given] = {}
    gone: set[tuple[str, ...]] = set()
    task_id = ""
    for event in events:
        if event.kind == "task_start":
            task_id = str(event.payload["task_id"])
        said = _said(event, task_id)
        if said is None:
            continue
        key, one, stands = said
        before = found.get(key)
        found[key] = one if before is None else replace(one, n_changes=before.n_changes + 1)
        (gone.discard if stands else gone.add)(key)
    return tuple(one for key, one in found.items() if key not in gone)


def _said(event: Event, task_id: str) -> tuple[tuple[str, ...], Given, bool] | None:
    """What tells it apart, what was said, and whether it stands."""
    p, t_ns = event.payload, event.t_ns
    match event.kind:
        case "answer":
            quote = p["value"] if isinstance(p["value"], dict) else {}
            one = Given(
                p["place"], p["task_id"], "", p["question_id"], quote.get("quote") if quote else p["value"], t_ns,
                quote.get("response_id", ""), quote.get("start", -1), quote.get("end", -1), quote.get("quote", ""),
                p["declined"], p["correct"],
            )  # fmt: skip
            return (p["place"], p["task_id"], p["question_id"]), one, p["declined"] or p["value"] is not None
        case "rating":
            name = p["name"] or "rating"
            one = Given(TURN_PLACE, task_id, p["turn_id"], name, p["value"], t_ns, p["response_id"])
            return (TURN_PLACE, p["response_id"], name), one, True
        case "preference":
            one = Given(TURN_PLACE, task_id, p["turn_id"], "preference", p["choice"], t_ns)
            return (TURN_PLACE, p["turn_id"], "preference"), one, True
        case "reasons":
            one = Given(TURN_PLACE, task_id, p["turn_id"], "reasons", p["values"], t_ns, quote=p["text"])
            return (TURN_PLACE, p["turn_id"], "reasons"), one, bool(p["values"] or p["text"])
        case "highlight":
            one = Given(
                TURN_PLACE, task_id, p["turn_id"], "highlight", p["label"], t_ns, p["response_id"], p["start"],
                p["end"], p["quote"],
            )  # fmt: skip
            return (TURN_PLACE, p["turn_id"], "highlight", p["highlight_id"]), one, not p["removed"]
        case _:
            return None


def attention_ok(answers: Sequence[Given]) -> bool:
    """Whether no check of attention was failed; true where there was none. Declining one is failing it."""
    return all(one.correct is not False for one in answers)
