"""The sets made of votes: ``preference`` and ``reward_scores``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from ifllm_desktop.domain.chat import Message, Role
from ifllm_desktop.domain.gaze_standing import standing_validation
from ifllm_desktop.domain.session import PairScore, ResponseRecord, TurnRecord
from ifllm_desktop.export.material import Content, ExportedSession, Material
from ifllm_desktop.export.schemas import SCHEMA_VERSION, table
from ifllm_desktop.features.pairs import is_complete_pair
from ifllm_desktop.features.window import reading_window

CALIBRATOR = "temperature, fitted inside the training people"
_MAKERS = "ChatGPT|GPT-?[345]|OpenAI|Claude|Anthropic|Gemini|Bard|Llama|Mistral|Qwen|DeepSeek|Grok|Copilot"
_SELF_NAMED = re.compile(
    r"\b(?:I am|I'm|I’m|my name is|made by|trained by|developed by|created by)"
    rf"\s+(?:an?\s+|the\s+)?(?:{_MAKERS})\b",
    re.IGNORECASE,
)


def preference_set(material: Material) -> Content:
    """Votes for a side, as TRL's explicit prompt format wants them, sorted by pair."""
    content = Content("preference", iter(()), material.person_counts())
    content.tables = _one_table("preference", _preference_rows(material, content.excluded))
    return content


def _one_table(name: str, rows: Iterator[dict[str, Any]]) -> Iterator[pa.Table]:
    key = "response_id" if name == "reward_scores_by_response" else "pair_id"
    ordered = sorted(rows, key=lambda row: (row[key], row.get("rm_id", "")))
    yield table(name, ordered)


def _preference_rows(material: Material, excluded: Counter[str]) -> Iterator[dict[str, Any]]:
    excluded.update(_withheld_pairs(material))
    scores = _chosen_scores(material.scores)
    for session in material.sessions:
        for turn in session.turns:
            reason = _why_not(turn)
            if reason is None:
                yield _preference_row(session, turn, scores.get(turn.pair_id))
            elif reason:
                excluded[reason] += 1


def _withheld_pairs(material: Material) -> Counter[str]:
    n = sum(turn.mode == "pair" for session in material.withheld for turn in session.turns)
    return Counter({"no_consent_sharing": n} if n else {})


def _why_not(turn: TurnRecord) -> str | None:
    """Reason why a turn is no row of ``preference``; empty for single answers, None when it is one."""
    if turn.mode != "pair":
        return ""
    if not is_complete_pair(turn):
        return "failed_answer"
    if turn.choice not in ("left", "right"):
        return turn.choice or "no_vote"
    left, right = _sides(turn)
    return None if _context(turn, left) == _context(turn, right) else "separate_history"


def _sides(turn: TurnRecord) -> tuple[ResponseRecord, ResponseRecord]:
    left, right = turn.side("left"), turn.side("right")
    if left is None or right is None:
        raise ValueError(f"turn {turn.turn_id} lacks a side")
    return left, right


def _context(turn: TurnRecord, response: ResponseRecord) -> tuple[Message, ...]:
    """What the model was told, ending with the prompt."""
    prompt = Message(Role.USER, turn.prompt)
    context = response.context
    return context if context and context[-1].role == Role.USER else (*context, prompt)


def _messages(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    return [{"role": str(message.role), "content": message.content} for message in messages]


def _preference_row(session: ExportedSession, turn: TurnRecord, score: PairScore | None) -> dict[str, Any]:
    left, right = _sides(turn)
    chosen, rejected = (left, right) if turn.choice == "left" else (right, left)
    return {
        "prompt": _messages(_context(turn, left)),
        "chosen": _messages((Message(Role.ASSISTANT, chosen.text),)),
        "rejected": _messages((Message(Role.ASSISTANT, rejected.text),)),
        "pair_id": turn.pair_id,
        "trial_id": turn.turn_id,
        "session_id": session.session_id,
        "study_id": session.study_id,
        "participant_id": session.participant_id,
        "protocol_version": _protocol_version(session),
        "schema_version": SCHEMA_VERSION,
        "turn": turn.turn_index + 1,
        "model_chosen": chosen.model,
        "model_rejected": rejected.model,
        "chosen_side": turn.choice,
        "side_seed": turn.side_seed,
        "strength": turn.strength,
        "likert_chosen": chosen.rating,
        "likert_rejected": rejected.rating,
        "decision_ms": _decision_ms(turn),
        "n_chars_chosen": len(chosen.text),
        "n_chars_rejected": len(rejected.text),
        "identity_leak": any(names_itself(answer.text, answer.model) for answer in (left, right)),
        "attention_ok": session.attention_ok,
        "label_source": "explicit",
        "split_group": session.participant_id,
        **_score_columns(turn, score),
        **_gaze_columns(session, turn),
    }


def _protocol_version(session: ExportedSession) -> str:
    starts = [event for event in session.source.events() if event.kind == "session_start"]
    return str(starts[0].payload["protocol_sha256"])[:12] if starts else ""


def _decision_ms(turn: TurnRecord) -> int | None:
    if turn.t_choice_ns is None or turn.t_rating_open_ns is None:
        return None
    return round((turn.t_choice_ns - turn.t_rating_open_ns) / 1e6)


def names_itself(text: str, model: str) -> bool:
    """Whether an answer gives its origin away: its model's own name, or "I am …" with a known maker."""
    own_name = len(model) >= 4 and re.search(rf"\b{re.escape(model)}\b", text, re.IGNORECASE) is not None
    return own_name or _SELF_NAMED.search(text) is not None


def _score_columns(turn: TurnRecord, score: PairScore | None) -> dict[str, Any]:
    if score is None:
        return {"confidence": None, "rm_id": "", "fold": None}
    prob_chosen = score.prob_left if turn.choice == "left" else 1.0 - score.prob_left
    return {"confidence": max(prob_chosen, 0.5), "rm_id": score.model_id, "fold": _fold(score)}


def _fold(score: PairScore) -> int | None:
    return score.fold if score.fold >= 0 else None


def _chosen_scores(scores: tuple[PairScore, ...]) -> dict[str, PairScore]:
    """One score per pair: out of fold before any other, then the last model by name."""
    ordered = sorted(scores, key=lambda score: (score.fold >= 0, score.model_id))
    return {score.pair_id: score for score in ordered}


def _gaze_columns(session: ExportedSession, turn: TurnRecord) -> dict[str, Any]:
    """Share of frames with gaze while reading, error of the validation; null without consent to gaze."""
    nothing: dict[str, Any] = {"gaze_valid_frac": None, "gaze_err_px": None}
    window = reading_window(session.source, turn) if session.gaze else None
    if window is None:
        return nothing
    source, span = session.source, (window.t0_ns, window.t1_ns)
    gaze = source.read("gaze", *span)
    n_frames = len(source.read("landmarks", *span)) + int(np.sum(source.read("gap", *span)["n_frames"]))
    if not len(gaze) or not n_frames:
        return nothing
    n_valid = int(np.sum(np.isfinite(gaze["x_px"]) & np.isfinite(gaze["y_px"])))
    standing = standing_validation(source.events(), window.t0_ns)
    error_px = standing["accuracy_px"] if standing is not None else None
    return {"gaze_valid_frac": min(n_valid / n_frames, 1.0), "gaze_err_px": error_px}


def reward_score_set(material: Material) -> Content:
    """Scores of voted pairs, as reward-model tools read them; ties and missing votes are counted."""
    content = Content("reward_scores", iter(()), material.person_counts())
    content.tables = _one_table("reward_scores", _score_rows(material, content.excluded))
    return content


def response_score_set(material: Material) -> Content:
    """Scores of each answer, voted or not."""
    content = Content("reward_scores_by_response", iter(()), material.person_counts())
    content.tables = _one_table("reward_scores_by_response", _response_rows(material))
    return content


def _scored_turns(material: Material) -> Iterator[tuple[ExportedSession, TurnRecord, PairScore]]:
    by_pair: dict[str, list[PairScore]] = {}
    for score in material.scores:
        by_pair.setdefault(score.pair_id, []).append(score)
    for session in material.sessions:
        for turn in session.turns:
            if is_complete_pair(turn):
                for score in by_pair.get(turn.pair_id, []):
                    yield session, turn, score


def _score_rows(material: Material, excluded: Counter[str]) -> Iterator[dict[str, Any]]:
    excluded.update(_withheld_pairs(material))
    scored = {score.pair_id for score in material.scores}
    for session in material.sessions:
        for turn in session.turns:
            if turn.mode == "pair" and turn.pair_id not in scored:
                excluded["not_scored"] += 1
    for _, turn, score in _scored_turns(material):
        if turn.choice not in ("left", "right"):
            excluded[turn.choice or "no_vote"] += 1
            continue
        sides = (score.score_left, score.score_right)
        chosen, rejected = sides if turn.choice == "left" else sides[::-1]
        version = score.model_id.partition("@")[2]
        yield {
            "pair_id": turn.pair_id,
            "rm_id": score.model_id,
            "rm_version": version,
            "feature_set": version.rpartition("-")[0],
            "calibrator": CALIBRATOR,
            "fold": _fold(score),
            "scores_chosen": chosen,
            "scores_rejected": rejected,
            "prob_chosen": score.prob_left if turn.choice == "left" else 1.0 - score.prob_left,
            "results": 0.5 if chosen == rejected else float(chosen > rejected),
        }


def _response_rows(material: Material) -> Iterator[dict[str, Any]]:
    for session, turn, score in _scored_turns(material):
        left, right = _sides(turn)
        for answer, value, probability in (
            (left, score.score_left, score.prob_left),
            (right, score.score_right, 1.0 - score.prob_left),
        ):
            yield {
                "response_id": answer.response_id,
                "pair_id": turn.pair_id,
                "session_id": session.session_id,
                "participant_id": session.participant_id,
                "side": answer.side,
                "rm_id": score.model_id,
                "trained_on": score.trained_on,
                "fold": _fold(score),
                "score": value,
                "prob_preferred": probability,
            }
