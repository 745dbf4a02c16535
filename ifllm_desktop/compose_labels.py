"""Label logs on a study: an annotator's own, and a simulated one's for the demo."""

from __future__ import annotations

import time

from ifllm_desktop.adapters.clock import SimulatedClock
from ifllm_desktop.annotate.history import LabelHistory
from ifllm_desktop.compose import SIMULATED_WALL_START_NS
from ifllm_desktop.domain.time import NS_PER_MS
from ifllm_desktop.replay.turns import turns
from ifllm_desktop.session.ids import IdFactory, RandomIds, SeededIds
from ifllm_desktop.store.study import StudyFolder


def label_history(study: StudyFolder, annotator_id: str, *, simulated: bool = False) -> LabelHistory:
    """The label log of an annotator; simulated ones have simulated ids and times."""
    if simulated:
        clock = SimulatedClock(wall_start_ns=SIMULATED_WALL_START_NS)
        stored = len(
            study.catalogue().operations()
        )  # a second demo in one folder goes on, with ids of its own
        ids: IdFactory = SeededIds(f"{annotator_id} {stored}" if stored else annotator_id)
        return LabelHistory(
            study.catalogue(), annotator_id, "station-1", lambda: ids.new("op"), clock.wall_ns
        )
    return LabelHistory(
        study.catalogue(), annotator_id, "station-1", lambda: RandomIds().new("op"), time.time_ns
    )


def label_for_demo(study: StudyFolder, session_id: str) -> dict[str, int]:
    """One text span and one time episode by a simulated annotator, so that the export of labels is not empty."""
    source = study.source(session_id)
    pair = next((turn for turn in turns(source) if turn.mode == "pair"), None)
    if pair is None:
        return {"spans": 0, "episodes": 0}
    history = label_history(study, "simulated-annotator", simulated=True)
    answer = pair.responses[0]
    start = len(answer.text) - len(answer.text.lstrip("#* \n"))
    end = answer.text.find("\n", start)
    end = end if end > start else len(answer.text)
    history.add_span(
        session_id=session_id, turn_id=pair.turn_id, response_id=answer.response_id, label="key_point",
        start=start, end=end, source_text=answer.text,
    )  # fmt: skip
    t0_ns = answer.t_end_ns or pair.t_submit_ns
    history.add_episode(
        session_id=session_id, turn_id=pair.turn_id, label="comparing", t_start_ns=t0_ns,
        t_end_ns=t0_ns + 2000 * NS_PER_MS,
    )  # fmt: skip
    return {"spans": 1, "episodes": 1}
