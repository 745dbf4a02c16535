"""The camera check and the header's warning: what is said, and a camera pulled out in the middle of a session."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from ifllm_desktop import compose, compose_devices
from ifllm_desktop.adapters.camera_devices import CameraDevice
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.gaze.latency import Latency
from ifllm_desktop.session.snapshot import CalibrationOutcome, ValidationOutcome
from ifllm_desktop.settings import camera_profile, load_settings
from ifllm_desktop.ui import camera_desk
from ifllm_desktop.ui.camera_health import CameraHealth, place_of, verdicts
from ifllm_desktop.ui.camera_notice import BACK_FOR_NS, CameraNotice
from ifllm_desktop.ui.camera_page import CameraChoice
from ifllm_desktop.ui.live_session import LiveSession
from ifllm_desktop.ui.participant_window import ParticipantWindow
from ifllm_desktop.ui.theme import Theme, apply_theme
from tests import participant_snapshots as shots
from tests.live_fakes import FakeLandmarker
from tests.plug_camera import PlugCamera

GOOD = CameraHealth(
    "opened", True, (0.38, 0.2, 0.25, 0.5), 60.0, 29.9, 130.0, 2.0, yaw_deg=3.0, glare=0.0, side_imbalance=0.05,
    sharpness=0.3, iris_px=14.0, p_glasses=0.02, size_px=(1280, 720), wanted_px=(1280, 720), face_age_s=0.0,
)  # fmt: skip
LIMIT_MS = 15_000


# ---- verdicts
def test_that_a_good_picture_is_good_in_every_row_in_the_order_of_mending() -> None:
    found = verdicts(GOOD)
    assert list(found) == ["face", "distance", "light", "rate", "head", "glasses", "eyes"]
    assert {v.state for v in found.values()} == {"good"}
    assert found["rate"].value == "29.9 fps · 1280 × 720" and found["distance"].value == "60 cm"


@pytest.mark.parametrize(
    ("changes", "row", "state", "says"),
    [
        ({"distance_cm": 40.0}, "distance", "warning", "Move back"),
        ({"distance_cm": 80.0}, "distance", "warning", "closer"),
        ({"brightness": 40.0}, "light", "warning", "Turn on a light"),
        ({"brightness": 230.0}, "light", "warning", "Turn away"),
        ({"side_imbalance": 0.4}, "light", "warning", "comes from the left"),
        ({"side_imbalance": -0.4}, "light", "warning", "comes from the right"),
        ({"rate_hz": 14.0}, "rate", "bad", "More light"),
        ({"size_px": (640, 480)}, "rate", "warning", "Asked for 1280 × 720"),
        ({"roll_deg": -20.0}, "head", "warning", "upright"),
        ({"yaw_deg": 25.0}, "head", "warning", "Face the screen"),
        ({"glare": 0.08}, "glasses", "warning", "Bright spot over 8 %"),
        ({"p_glasses": 0.97}, "glasses", "note", "take them off if you can read without"),
        ({"p_glasses": 0.5}, "glasses", "note", "With glasses"),
        ({"sharpness": 0.05}, "eyes", "warning", "focus"),
        ({"iris_px": 6.0}, "eyes", "warning", "come closer"),
        ({"face_found": False}, "face", "bad", "Sit in front"),
    ],
    ids=str,
)
def test_that_each_defect_is_named_in_its_row_alone(
    changes: dict[str, Any], row: str, state: str, says: str
) -> None:
    found = verdicts(replace(GOOD, **changes))
    assert found[row].state == state and says in found[row].hint
    assert {v.state for name, v in found.items() if name != row} == {"good"}


def test_that_glasses_alone_never_block_nor_warn() -> None:
    assert verdicts(replace(GOOD, p_glasses=0.99))["glasses"].value == "likely (99 %)"
    assert verdicts(replace(GOOD, p_glasses=math.nan))["glasses"].state == "unknown"


@pytest.mark.parametrize(
    ("box", "place", "value"),
    [
        (
            (0.02, 0.2, 0.25, 0.5),
            (-1, 0),
            "move left",
        ),  # on the left of the camera's picture: right in the mirror
        ((0.7, 0.2, 0.25, 0.5), (1, 0), "move right"),
        ((0.38, 0.5, 0.25, 0.45), (0, -1), "move up"),
        ((0.38, 0.0, 0.25, 0.4), (0, 1), "move down"),
        ((0.02, 0.5, 0.25, 0.45), (-1, -1), "move left and up"),
    ],
)
def test_that_the_way_to_the_place_is_told_as_seen_in_the_mirror(
    box: tuple[float, float, float, float], place: tuple[int, int], value: str
) -> None:
    assert place_of(box) == place
    found = verdicts(replace(GOOD, face_box=box))["face"]
    assert (found.state, found.value) == ("warning", value)


# ---- page
def text_of(window: ParticipantWindow, name: str) -> str:
    found = window.findChild(QLabel, name)
    assert found is not None, name
    return found.text()


def role_of(window: ParticipantWindow, name: str) -> str:
    found = window.findChild(QLabel, name)
    assert found is not None, name
    return str(found.property("role"))


def test_that_values_are_held_and_grey_while_the_face_is_lost(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("camera_check"))
    page = window.camera
    page.set_health(replace(GOOD, distance_cm=90.0))
    assert role_of(window, "check_distance_value") == "warning"
    page.set_health(replace(GOOD, distance_cm=90.0, face_found=False, face_age_s=0.4))
    assert role_of(window, "check_distance_value") == "warning", "not at once"
    page.set_health(replace(GOOD, distance_cm=90.0, face_found=False, face_age_s=1.4))
    assert role_of(window, "check_distance_value") == "muted"
    assert (
        text_of(window, "check_distance_value") == "90 cm"
        and text_of(window, "check_face_value") == "not found"
    )
    assert page.primary is not None and not page.primary.isEnabled()


@pytest.mark.parametrize(
    ("code", "head", "way_out"),
    [
        ("camera_missing", "No camera found", "choose another one"),
        ("camera_denied", "may not be used", ""),
        ("camera_busy", "busy in another program", "Close the other program"),
        ("camera_lost", "was unplugged", "Plug it in again"),
        ("camera_stalled", "gives no pictures", "Unplug it"),
    ],
)
def test_that_each_way_to_have_no_picture_has_its_own_way_out(
    window: ParticipantWindow, code: str, head: str, way_out: str
) -> None:
    window.show_snapshot(shots.snapshot("camera_check"))
    window.camera.set_health(CameraHealth("lost", problem="Something happened.", problem_code=code))
    said = window.camera.preview.accessibleDescription()
    assert head in said and way_out in said and "--camera" not in said
    assert text_of(window, "camera_note") == "You can go on without gaze."
    window.camera.preview.grab()


def test_that_c_goes_to_the_next_camera_and_around(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("camera_check"))
    page, chosen = window.camera, []
    page.camera_chosen.connect(chosen.append)
    QTest.keyClick(page, Qt.Key.Key_C)
    page.set_cameras([CameraChoice("a", "First")], "a")
    QTest.keyClick(page, Qt.Key.Key_C)
    assert chosen == [] and page.chooser.isVisible()
    page.set_cameras([CameraChoice("a", "First"), CameraChoice("b", "Second")], "a")
    QTest.keyClick(page, Qt.Key.Key_C)
    QTest.keyClick(page, Qt.Key.Key_C)
    assert chosen == ["b", "a"] and page.chooser.currentText() == "First"
    page.set_cameras([CameraChoice("b", "Second")], "gone")
    assert page.chooser.currentIndex() == -1
    QTest.keyClick(page, Qt.Key.Key_C)
    assert chosen[-1] == "b"


@pytest.mark.parametrize(("size", "scale"), [((1366, 768), 100), ((1366, 768), 150), ((1920, 1080), 100)])
@pytest.mark.parametrize("look", ["light", "dark"])
def test_that_the_actions_stay_on_the_page_with_everything_wrong(
    qapp: QApplication, window: ParticipantWindow, size: tuple[int, int], scale: int, look: str
) -> None:
    apply_theme(qapp, Theme(look, scale))  # type: ignore[arg-type]
    window.resize(*size)
    window.show_snapshot(shots.snapshot("camera_check"))
    window.camera.set_cameras(
        [CameraChoice("a", "A camera with a very long name of its maker (046d:0825)")], "a"
    )
    window.camera.set_health(
        replace(
            GOOD, face_box=(0.02, 0.5, 0.25, 0.45), side_imbalance=0.4, rate_hz=9.0, glare=0.1, sharpness=0.01
        )
    )
    QApplication.processEvents()
    primary = window.camera.primary
    assert primary is not None
    place = primary.mapTo(window, primary.rect().bottomRight())
    assert place.y() <= size[1] and place.x() <= size[0]
    apply_theme(qapp, Theme())


# ---- header
def test_that_the_notice_follows_the_camera_and_calms_down() -> None:
    notice = CameraNotice()
    assert notice.update("starting", "", 0) == "" and notice.update("lost", "camera_missing", 1) == ""
    assert notice.update("opened", "", 2) == ""
    assert notice.update("lost", "camera_stalled", 3) == "stalled"
    assert notice.update("lost", "camera_lost", 4) == "lost"
    assert (
        notice.update("opened", "", 5) == "back"
        and notice.update("opened", "", 5 + BACK_FOR_NS - 1) == "back"
    )
    assert notice.update("opened", "", 5 + BACK_FOR_NS) == ""
    assert notice.update("failed", "", 6 + BACK_FOR_NS) == "failed"
    assert notice.update("off", "", 7 + BACK_FOR_NS) == ""


# ---- a session
class Session:
    """A participant's session in a window, on cameras that can be pulled out."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cameras: dict[str, PlugCamera] = {}

        def opened_by(spec: str, clock: Any) -> PlugCamera:
            if spec not in self.cameras:
                made = PlugCamera(clock, name=f"Webcam {spec}")
                made.image_bgr = np.full((720, 1280, 3), 120, np.uint8)
                self.cameras[spec] = made
            return self.cameras[spec]

        def devices() -> tuple[CameraDevice, ...]:
            return tuple(CameraDevice(n, f"Webcam {n}", f"id-{n}", "", "") for n in (0, 1))

        monkeypatch.setattr(compose, "opened_by", opened_by)
        monkeypatch.setattr(camera_desk, "opened_by", opened_by)
        monkeypatch.setattr(camera_desk, "list_cameras", devices)
        monkeypatch.setattr(compose_devices, "device_at", lambda index: devices()[index])
        monkeypatch.setattr(compose, "make_landmarker", lambda spec, person: FakeLandmarker())
        self.study = compose.open_study(compose.new_study(folder / "study", "demo"))
        options = compose.SessionOptions(
            "0", 1, False, False, Screen(1366.0, 768.0, 1.0, 310.0, 174.0, 600.0)
        )
        self.parts = compose.prepare_session(self.study, "P001", options)
        self.window = ParticipantWindow()
        self.window.resize(1366, 768)
        self.live = LiveSession(self.parts, self.window)
        self.closed = False
        self.problems: list[str] = []
        self.live.problem.connect(self.problems.append)
        self.window.show()
        self.live.start()
        self.live.command("next")
        self.live.command("consent", {entry.scope: True for entry in self.parts.protocol.consent})

    @property
    def camera(self) -> PlugCamera:
        return self.cameras["0"]

    def to_task(self) -> None:
        self.live.command("camera_ready")
        flow, now_ns = self.parts.conductor.flow, self.parts.conductor.recorder.now_ns()
        flow.calibration_finished(now_ns, CalibrationOutcome("a", "c", ok=True, n_targets=9))
        flow.validation_finished(now_ns, ValidationOutcome("a", "c", ok=True))
        for name in ("accept_gaze", "skip_text", "next", "skip_drift"):
            self.live.command(name)

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.live.close()

    def header(self) -> tuple[str, str]:
        return self.window.header.light.token, self.window.header.recorded.text()


@pytest.fixture
def session(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    apply_theme(qapp, Theme())
    monkeypatch.setenv("IFLLM_CONFIG_DIR", str(tmp_path / "config"))
    made = Session(tmp_path, monkeypatch)
    yield made
    for camera in made.cameras.values():
        camera.set_state("in")
    made.close()
    made.window.close()
    made.window.deleteLater()
    made.live.deleteLater()
    made.study.close()


def test_that_a_camera_pulled_out_in_a_task_is_warned_of_and_recording_goes_on(
    qtbot: QtBot, session: Session
) -> None:
    qtbot.waitUntil(lambda: session.parts.conductor.health().face_found, timeout=LIMIT_MS)
    session.to_task()
    assert session.window.page() is session.window.task
    qtbot.waitUntil(lambda: session.header()[1] == "Recording gaze and pointer", timeout=LIMIT_MS)
    for state in ("out", "hang"):
        session.camera.set_state(state)
        qtbot.waitUntil(lambda: session.header()[0] == "warning", timeout=LIMIT_MS)
        assert "the rest is still recorded" in session.header()[1]
        n_rows = session.parts.conductor.recorder.n_rows
        n_pointer, n_gaps = n_rows["pointer"], n_rows["gap"]
        moved = time.monotonic()
        while n_rows["gap"] < n_gaps + 1 or time.monotonic() < moved + 0.3:
            place = session.window.rect().center()
            QTest.mouseMove(session.window, place + type(place)(int(time.monotonic() * 1000) % 200, 10))
            qtbot.wait(20)
        assert n_rows["pointer"] > n_pointer + 5
        session.camera.set_state("in")
        qtbot.waitUntil(lambda: session.header() == (
            "recording", "The camera is back: gaze is recorded again"), timeout=LIMIT_MS)  # fmt: skip
    session.close()
    source = session.study.source(session.parts.info.session_id)
    states = [e.payload["state"] for e in source.events() if e.kind == "camera"]
    assert states[0] == states[-1] == "opened" and states.count("lost") >= 2
    gaps, landmarks = source.read("gap"), source.read("landmarks")
    seen_ns = session.camera.seen_ns
    n_grid = round((seen_ns[-1] - seen_ns[0]) * session.camera.rate_hz / NS_PER_S) + 1
    n_entered = len(landmarks) + int(np.sum(gaps["n_frames"]))
    assert n_grid - 2 <= n_entered <= n_grid, "frames seen and frames missing add up"
    assert {"camera_lost"} <= set(gaps["reason"]) <= {"camera_lost", "dropped"}
    opened = [e.payload["device"]["name"] for e in source.events() if e.kind == "camera_device"]
    assert set(opened) == {"Webcam 0"} and len(opened) == states.count("opened")


def test_that_a_calibration_waits_for_a_camera_that_was_pulled_out(qtbot: QtBot, session: Session) -> None:
    qtbot.waitUntil(lambda: session.parts.conductor.health().face_found, timeout=LIMIT_MS)
    session.live.command("camera_ready")
    conductor, page = session.parts.conductor, session.window.calibration
    qtbot.waitUntil(lambda: conductor.target_view() is not None, timeout=LIMIT_MS)
    session.camera.set_state("out")
    qtbot.waitUntil(lambda: page.camera_notice == "lost", timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: getattr(conductor.target_view(), "face_lost", False), timeout=LIMIT_MS)
    target = conductor.target_view()
    assert target is not None
    qtbot.wait(4000)  # longer than a target takes
    after = conductor.target_view()
    assert after is not None and (after.index, after.x_px, after.y_px) == (
        target.index,
        target.x_px,
        target.y_px,
    )
    assert conductor.snapshot.page == "calibration"
    session.camera.set_state("in")
    qtbot.waitUntil(lambda: not getattr(conductor.target_view(), "face_lost", True), timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: page.camera_notice == "back", timeout=LIMIT_MS)


def test_that_another_camera_can_be_chosen_on_the_check_and_is_stored(qtbot: QtBot, session: Session) -> None:
    chosen: list[str] = []
    session.live.camera_chosen.connect(chosen.append)
    page = session.window.camera
    qtbot.waitUntil(lambda: page.chooser.count() == 2, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: session.parts.conductor.health().face_found, timeout=LIMIT_MS)
    page.chooser.setCurrentIndex(0)
    QTest.keyClick(page, Qt.Key.Key_C)
    qtbot.waitUntil(lambda: chosen == ["1"], timeout=LIMIT_MS)
    qtbot.waitUntil(
        lambda: (
            session.parts.conductor.health().device.get("name") == "Webcam 1"
            and session.parts.conductor.health().face_found
        ),
        timeout=LIMIT_MS,
    )
    assert session.camera.n_closed >= 1 and session.header()[0] == "recording"
    session.close()
    source = session.study.source(session.parts.info.session_id)
    assert [e.payload["state"] for e in source.events() if e.kind == "camera"] == [
        "opened",
        "switched",
        "opened",
    ]
    index = source.read("landmarks")["frame_index"]
    assert len(set(index.tolist())) == len(index)


def test_that_a_measured_latency_goes_into_the_recording_and_the_cameras_profile(
    qtbot: QtBot, session: Session
) -> None:
    qtbot.waitUntil(lambda: session.parts.conductor.health().face_found, timeout=LIMIT_MS)
    QTest.keyClick(session.window.camera, Qt.Key.Key_L)
    desk = session.live._camera_desk
    window = desk._latency
    assert window is not None and window.isVisible()
    found = Latency(92.0, 10.0, 2.0, 20, 19, None, 6.0, 30.0)
    window.measured.emit(found)
    window.close()
    assert desk._latency is None and session.parts.conductor.on_observation is None
    qtbot.waitUntil(lambda: camera_profile("Webcam 0").latency == found.to_json(), timeout=LIMIT_MS)
    session.close()
    source = session.study.source(session.parts.info.session_id)
    stored = [e.payload["latency"] for e in source.events() if e.kind == "camera_device"]
    assert stored == [None, found.to_json()]


def test_that_the_chosen_camera_is_used_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    from ifllm_desktop.ui.workbench import Workbench

    monkeypatch.setenv("IFLLM_CONFIG_DIR", str(tmp_path / "config"))
    bench = Workbench(camera="0")
    bench._camera_chosen("1")
    assert load_settings().camera == "1"
    bench.close()
    bench.window.close()
    bench.window.deleteLater()
    bench.deleteLater()
