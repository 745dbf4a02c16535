"""Turns as the control events tell them, and nothing but the control events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ifllm_desktop.domain.chat import Finish, Message, Role
from ifllm_desktop.domain.session import Event, ResponseRecord, SessionInfo, TurnRecord
from ifllm_desktop.ports import RecordingSource


@dataclass(slots=True)
class _Draft:
    """One turn while its events are read."""

    submit: dict[str, Any]
    t_submit_ns: int
    votes: dict[str, Any] = field(default_factory=dict)


def turns(source: RecordingSource) -> tuple[TurnRecord, ...]:
    """Every submitted turn of a session, in order of its first submit.

    Returns
    -------
    tuple of TurnRecord
        A retry is a further ``submit`` of the same turn that lists the answers anew: the last list counts, so
        a failed answer that was replaced is no answer of the turn. ``t_submit_ns`` stays that of the first
        submit. Opening of the ratings and votes of before a retry do not count either. A turn whose prompt
        was never submitted has no record. Text and finish of an answer are those of its ``response_end``.
    """
    return turns_of_events(source.info(), source.events())


def turns_of_events(info: SessionInfo, events: Sequence[Event]) -> tuple[TurnRecord, ...]:
    """The same from events at hand, sorted by time."""
    drafts: dict[str, _Draft] = {}
    answers: dict[str, dict[str, Any]] = {}
    for event in events:
        p = event.payload
        match event.kind:
            case "submit":
                first = drafts.get(p["turn_id"])
                drafts[p["turn_id"]] = _Draft(p, first.t_submit_ns if first else event.t_ns)
            case "first_token":
                answers.setdefault(p["response_id"], {}).setdefault("t_first_ns", event.t_ns)
            case "response_end":
                values = {"text": p["text"], "finish": Finish(p["finish"]), "t_end_ns": event.t_ns}
                answers.setdefault(p["response_id"], {}).update(values)
            case "rating" if not p.get("name"):  # further scales are answers to questions, not the rating
                values = {"rating": p["value"], "rating_scale": p["scale"], "t_rating_ns": event.t_ns}
                answers.setdefault(p["response_id"], {}).update(values)
            case "rating_open" if p["turn_id"] in drafts:
                drafts[p["turn_id"]].votes.setdefault("t_rating_open_ns", event.t_ns)
            case "preference" if p["turn_id"] in drafts:
                vote = {"choice": p["choice"], "strength": p["strength"], "t_choice_ns": event.t_ns}
                drafts[p["turn_id"]].votes.update(vote)
            case "turn_end" if p["turn_id"] in drafts:
                drafts[p["turn_id"]].votes["t_end_ns"] = event.t_ns
            case _:
                pass
    return tuple(_record(info, draft, answers) for draft in drafts.values())


def _record(info: SessionInfo, draft: _Draft, answers: dict[str, dict[str, Any]]) -> TurnRecord:
    p = draft.submit
    responses = tuple(
        replace(_asked(r), **answers.get(r["response_id"], {}))  # keys are fields of ResponseRecord
        for r in p["responses"]
    )
    return TurnRecord(
        session_id=info.session_id,
        participant_id=info.participant_id,
        turn_id=p["turn_id"],
        task_id=p["task_id"],
        topic_id=p["topic_id"],
        turn_index=p["turn_index"],
        mode=p["mode"],
        prompt=p["prompt"],
        t_submit_ns=draft.t_submit_ns,
        responses=responses,
        pair_id=p["pair_id"],
        side_seed=p["side_seed"],
        **draft.votes,
    )


def _asked(response: dict[str, Any]) -> ResponseRecord:
    context = tuple(Message(Role(m["role"]), m["content"]) for m in response["context"])
    return ResponseRecord(response["response_id"], response["side"], response["model"], context)
