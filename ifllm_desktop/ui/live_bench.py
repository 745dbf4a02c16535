"""The live path under load in a real window: video, two streaming answers, a 125 Hz pointer."""

from __future__ import annotations

import os
import platform
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from ifllm_desktop import compose
from ifllm_desktop.adapters.chat_prepared import PreparedChat
from ifllm_desktop.domain.samples import EYE_FEATURES, Row
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.topics import PreparedAnswer, PreparedTurn, Topic
from ifllm_desktop.gaze.calibration import GazeModel
from ifllm_desktop.ports import SampleSink
from ifllm_desktop.session.chat_pump import ThreadedChatPump
from ifllm_desktop.session.snapshot import CalibrationOutcome, ValidationOutcome
from ifllm_desktop.ui.live_session import LiveSession
from ifllm_desktop.ui.participant_window import ParticipantWindow
from ifllm_desktop.ui.theme import Theme, apply_theme
from ifllm_desktop.ui.workbench_run import SWITCH_INTERVAL_S

TOKENS_PER_S = 30.0
POINTER_HZ = 125


class CommitWatch:
    """Times from a frame's stamp to its committed row, by watching the writer from a thread of its own."""

    def __init__(self, sink: SampleSink) -> None:
        self.sink = sink
        self._waiting: deque[tuple[int, int]] = deque()
        self._stop = threading.Event()
        self.latencies_ns: list[int] = []
        self._thread = threading.Thread(target=self._watch, name="bench-commit-watch", daemon=True)
        self._thread.start()

    def add(self, ticket: int, t_frame_ns: int) -> None:
        self._waiting.append((ticket, t_frame_ns))

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(2.0)

    def _watch(self) -> None:
        while not self._stop.wait(0.001):
            done = self.sink.committed()
            now_ns = time.perf_counter_ns()
            while self._waiting and self._waiting[0][0] <= done:
                _, t_frame_ns = self._waiting.popleft()
                self.latencies_ns.append(now_ns - t_frame_ns)


def bench_live(folder: Path, clip: Path, length_s: float, *, face: bool) -> dict[str, Any]:
    """Video through landmarker, gaze, hit and writer while two answers stream and the pointer moves.

    Returns
    -------
    dict
        ``frame_to_row_p50_ms``, ``frame_to_row_p95_ms`` (stamp of the frame to its committed row),
        ``gui_tick_p50_ms``, ``gui_tick_p99_ms`` (interval between two ticks of the window, 33 ms asked for),
        ``rows_lost`` (rows that were queued and are not in the sealed file).
    """
    application = QApplication.instance() or QApplication(["ifllm-desktop"])
    assert isinstance(application, QApplication)
    apply_theme(application, Theme("light", 100))
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)  # as the window does
    compose.new_study(folder / "study", "demo")
    _make_pair_first(folder / "study" / "study.yaml")
    study = compose.open_study(folder / "study")
    screen = Screen(1366.0, 768.0, 1.0, 310.0, 174.0, 600.0)
    options = compose.SessionOptions(
        camera=str(clip), seed=1, simulated_clock=False, simulated_person=False, screen=screen
    )
    parts = compose.prepare_session(study, "bench", options)
    _stream_long_answers(parts, length_s)
    recorder = parts.conductor.recorder
    watch = CommitWatch(recorder.sink)
    original = recorder.record

    def timed(stream: str, row: Row) -> int:
        ticket = original(stream, row)
        if stream in ("landmarks", "gap") and ticket:
            # session time back to perf_counter: both count the same nanoseconds from different zeros
            watch.add(ticket, int(row[0]) + offset_ns)
        return ticket

    window = ParticipantWindow()
    window.resize(1366, 768)
    window.show()
    live = LiveSession(parts, window)
    live.start()
    offset_ns = time.perf_counter_ns() - recorder.now_ns()
    _to_pair_task(parts, live)
    _wait(lambda: parts.conductor.pipeline() is not None, 30.0)
    pipeline = parts.conductor.pipeline()
    assert pipeline is not None
    pipeline.set_model(_made_up_model(screen), "bench")
    pipeline.set_record(timed)
    live.command(
        "submit", parts.conductor.snapshot.task.suggested_prompt if parts.conductor.snapshot.task else ""
    )
    _run_for(1.0)
    live.tick_gaps_ns.clear()
    live.tick_times_ns.clear()
    watch.latencies_ns.clear()
    cpu_s = time.process_time()
    pointer = _Pointer(window)
    _run_for(length_s)
    cpu_s = time.process_time() - cpu_s
    pointer.stop()
    gaps_ns, times_ns = np.array(live.tick_gaps_ns), np.array(live.tick_times_ns)
    n_frames, n_faces = pipeline.n_frames, pipeline.n_landmark_rows
    watch_ns = np.array(watch.latencies_ns)
    live.close()
    watch.stop()
    window.close()
    sys.setswitchinterval(before_s)
    queued = dict(recorder.n_rows)
    source = study.source(parts.info.session_id)
    stored = {stream: len(source.read(stream)) for stream in queued}
    return {
        "name": "live", "machine": _machine(), "platform": QApplication.platformName(), "length_s": length_s,
        "video": "given" if face else "made on the spot (no face)", "frames": n_frames, "frames_with_face": n_faces,
        "frame_to_row_p50_ms": _percentile_ms(watch_ns, 50), "frame_to_row_p95_ms": _percentile_ms(watch_ns, 95),
        "gui_tick_p50_ms": _percentile_ms(gaps_ns, 50), "gui_tick_p99_ms": _percentile_ms(gaps_ns, 99),
        "gui_work_p99_ms": _percentile_ms(times_ns, 99), "pointer_events": pointer.n_sent,
        "cpu_s_per_s": round(cpu_s / length_s, 3), "rows": sum(stored.values()),
        "rows_lost": sum(queued.values()) - sum(stored.values()),
    }  # fmt: skip


def _percentile_ms(values_ns: np.ndarray[Any, Any], q: float) -> float | None:
    return round(float(np.percentile(values_ns, q)) / 1e6, 2) if len(values_ns) else None


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"


def _make_pair_first(path: Path) -> None:
    """Let the pair task come first, so that the bench need not rate a single answer before."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("mode: single", "mode: pair"), encoding="utf-8")


def _stream_long_answers(parts: compose.SessionParts, length_s: float) -> None:
    """Answers that go on for the whole measurement: the demo's texts, one after another."""
    flow = parts.conductor.flow
    task = flow.plan.tasks[0]
    topics = compose.topics_of(parts.study)
    text = "\n\n".join(a.text for topic in topics.values() for turn in topic.turns for a in turn.answers)
    needed = int(TOKENS_PER_S * (length_s + 5) * 8)
    text = (text + "\n\n") * (1 + needed // max(1, len(text)))
    turn = PreparedTurn("bench", tuple(PreparedAnswer(model, "", text) for model in task.models))
    topic = topics[task.topic_id]
    long_topic: Topic = replace(topic, turns=(turn, *topic.turns[1:]))
    chat = PreparedChat({**topics, topic.id: long_topic}, tokens_per_s=TOKENS_PER_S, jitter=0.35)
    parts.conductor.set_chat(ThreadedChatPump(chat, parts.clock))


def _to_pair_task(parts: compose.SessionParts, live: LiveSession) -> None:
    live.command("next")
    live.command("consent", {line.scope: True for line in parts.protocol.consent})
    live.command("camera_ready")
    flow, now_ns = parts.conductor.flow, parts.conductor.recorder.now_ns()
    flow.calibration_finished(now_ns, CalibrationOutcome("bench", "bench", ok=True, n_targets=9))
    flow.validation_finished(now_ns, ValidationOutcome("bench", "bench", ok=True))
    live.command("accept_gaze")
    live.command("next")
    live.command("skip_drift")


def _made_up_model(screen: Screen) -> GazeModel:
    """A calibration of random numbers: the path is timed, not the gaze."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(9 * 20, len(EYE_FEATURES)))
    index = np.repeat(np.arange(9), 20)
    grid = np.array([(x, y) for y in (0.1, 0.5, 0.9) for x in (0.1, 0.5, 0.9)]) * (screen.w_px, screen.h_px)
    return GazeModel().fit(features, grid[index], index)


class _Pointer:
    """Moves over the window 125 times a second through Qt's own event path."""

    def __init__(self, window: ParticipantWindow) -> None:
        self._window = window
        self.n_sent = 0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._send)
        self._timer.start(1000 // POINTER_HZ)

    def stop(self) -> None:
        self._timer.stop()

    def _send(self) -> None:
        size = self._window.size()
        angle = self.n_sent / 40
        local = QPointF(
            size.width() * (0.5 + 0.4 * np.cos(angle)), size.height() * (0.5 + 0.3 * np.sin(angle))
        )
        window = self._window.windowHandle()
        button = Qt.MouseButton.NoButton
        event = QMouseEvent(
            QEvent.Type.MouseMove, local, self._window.mapToGlobal(local), button, button,
            Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(window, event)
        self.n_sent += 1


def _run_for(length_s: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(int(length_s * 1000), loop.quit)
    loop.exec()


def _wait(ready: Callable[[], bool], limit_s: float) -> None:
    end_s = time.monotonic() + limit_s
    while not ready() and time.monotonic() < end_s:
        _run_for(0.02)
