"""The workbench, wired: pages on one side, a study on the other, everything slow in the background."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QFileDialog

from ifllm_desktop import compose, compose_labels, logs
from ifllm_desktop.replay.model import ReplayModel
from ifllm_desktop.settings import load_settings, save_settings
from ifllm_desktop.store.overview import overviews
from ifllm_desktop.store.study import StudyFolder
from ifllm_desktop.ui.audit_desk import AuditDesk
from ifllm_desktop.ui.audit_page import AuditPage
from ifllm_desktop.ui.bridge import Background, Job
from ifllm_desktop.ui.camera_and_screen import CameraAndScreen
from ifllm_desktop.ui.export_desk import ExportDesk
from ifllm_desktop.ui.export_page import ExportPage
from ifllm_desktop.ui.home_devices import (
    DeviceFacts,
    camera_words,
    device_facts,
    lens_words,
    screen_row,
)
from ifllm_desktop.ui.home_model import HealthRow, SessionRow, StudyCard
from ifllm_desktop.ui.home_page import HomePage
from ifllm_desktop.ui.home_rows import session_row, study_card
from ifllm_desktop.ui.live_session import LiveSession
from ifllm_desktop.ui.main_window import MainWindow
from ifllm_desktop.ui.motion import reduced_motion
from ifllm_desktop.ui.offscreen import demo_study
from ifllm_desktop.ui.participant_window import ParticipantWindow
from ifllm_desktop.ui.replay_page import ReplayPage
from ifllm_desktop.ui.rewards_desk import RewardsDesk
from ifllm_desktop.ui.rewards_page import RewardsPage
from ifllm_desktop.ui.screen_size_facts import screen_facts
from ifllm_desktop.wording import sentence

LOW_DISK_GB = 2.0


class Workbench(QObject):
    """Owns the main window, the chosen study and the running session.

    Parameters
    ----------
    camera : str
        Where gaze comes from when a session is started here.
    """

    def __init__(self, *, camera: str = compose.SIMULATED, seed: int = 1) -> None:
        super().__init__()
        self._settings = load_settings()
        self._camera = camera
        self._seed = seed
        self._study: StudyFolder | None = None
        self._opening = False
        self._live: LiveSession | None = None
        self._participant_window: ParticipantWindow | None = None
        self._devices: CameraAndScreen | None = None
        self._facts = DeviceFacts()
        self.background = Background(self)
        self.window = MainWindow()
        self.home, self.replay = HomePage(), ReplayPage()
        self.rewards, self.export, self.audit = RewardsPage(), ExportPage(), AuditPage()
        for key, page in (
            ("home", self.home), ("replay", self.replay), ("audit", self.audit), ("rewards", self.rewards),
            ("export", self.export),
        ):  # fmt: skip
            self.window.add_page(key, page)
        self.audit_desk = AuditDesk(self.audit, self.background)
        self.rewards_desk = RewardsDesk(self.rewards, self.background, seed)
        self.export_desk = ExportDesk(self.export, self.background)
        self._connect()
        self._status = QTimer(self)
        self._status.setInterval(5000)
        self._status.timeout.connect(self._update_health)
        self._status.start()
        self.refresh()
        self._update_health()
        self._read_devices()

    def _connect(self) -> None:
        self.home.open_demo.connect(self.start_demo)
        self.home.new_study.connect(self._new_study)
        self.home.open_study.connect(self._open_study)
        self.home.study_chosen.connect(lambda path: self.choose(Path(path)))
        self.home.run_study.connect(lambda path: self.run(Path(path)))
        self.home.replay.connect(self.open_replay)
        self.home.open_devices.connect(self.open_devices)
        self.replay.open_requested.connect(lambda: self.window.show_page("home"))
        self.rewards.replay_requested.connect(self.open_replay)
        self.audit.replay_requested.connect(self.open_replay)
        self.window.page_shown.connect(self._page_shown)

    # ---- studies -----------------------------------------------------------------------------

    def choose(self, path: Path, news: str = "") -> None:
        """Make a study the present one: recover what was cut off, then show its sessions.

        ``news`` is what the status bar goes on saying, before what was recovered.
        """

        self.home.set_notice("")

        def work(_: Job) -> tuple[StudyFolder, list[str]]:
            study = compose.open_study(path)
            return study, compose.recover_study(study)

        def done(result: tuple[StudyFolder, list[str]]) -> None:
            study, said = result
            if self._study is not None and self._study is not study:
                self.audit_desk.forget()
                self._study.close()
            self._study = study
            self.rewards_desk.set_study(study)
            self.export_desk.set_study(study)
            self._settings = self._settings.with_recent(path)
            self._store_settings()
            self.say("  ".join([news, *said] if news else said))
            self.refresh()

        self.background.run(work, done, self.failed)

    def start_demo(self) -> None:
        """Make a demo study and take a participant through it."""

        def done(path: Path) -> None:
            self.choose(path)
            self.run(path)

        self.background.run(lambda _: demo_study(None), done, self.failed)

    def refresh(self) -> None:
        """Read the list of studies and sessions again."""
        paths = [Path(p) for p in self._settings.recent_studies]
        current = self._study

        def work(_: Job) -> tuple[list[StudyCard], list[SessionRow]]:
            cards = [study_card(path) for path in paths]
            return cards, [session_row(o) for o in overviews(current)] if current is not None else []

        def done(result: tuple[list[StudyCard], list[SessionRow]]) -> None:
            cards, rows = result
            self.home.set_studies(cards, str(current.path.resolve()) if current is not None else "")
            self.home.set_sessions(rows)
            reason = "" if rows else self.tr("Record a session first.")
            for key in ("replay", "audit", "rewards", "export"):
                self.window.set_page_reason(key, reason)

        self.background.run(work, done, self.failed)

    def _new_study(self) -> None:
        folder, _ = QFileDialog.getSaveFileName(self.window, self.tr("Folder of the new study"))
        if folder:
            self.background.run(lambda _: compose.new_study(Path(folder), "demo"), self.choose, self.failed)

    def _open_study(self, path: str) -> None:
        folder = path or QFileDialog.getExistingDirectory(self.window, self.tr("Folder of the study"))
        if folder:
            self.choose(Path(folder))

    # ---- a participant -----------------------------------------------------------------------

    def run(self, path: Path, participant: str | None = None) -> None:
        """Open the participant's window for the next session of a study."""
        if self._live is not None:
            return
        self.home.set_notice("")
        screen = screen_facts(self.window.screen())
        simulated = self._camera == compose.SIMULATED

        def work(_: Job) -> compose.SessionParts:
            study = compose.open_study(path)
            compose.recover_study(study)
            options = compose.SessionOptions(
                camera=self._camera,
                seed=self._seed,
                simulated_clock=False,
                simulated_person=simulated,
                screen=screen.session_screen(),
            )
            person = compose.next_participant(study) if participant is None else participant
            return compose.prepare_session(study, person, options)

        self.background.run(work, self._begin, self.failed)

    def _begin(self, parts: compose.SessionParts) -> None:
        window = ParticipantWindow()
        live = LiveSession(parts, window)
        self._live, self._participant_window = live, window
        live.problem.connect(self.say)
        live.camera_chosen.connect(self._camera_chosen)
        live.window_closed.connect(self._ended)
        window.text_scale_changed.connect(self._text_scale)
        window.calibration.reduced_motion = reduced_motion(self._settings.motion)
        window.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        window.showFullScreen()
        live.start()

    def _ended(self) -> None:
        live, window = self._live, self._participant_window
        self._participant_window = None
        if live is None or window is None:
            return
        live.detach()

        def done(state: str) -> None:
            self._live = None
            window.deleteLater()
            live.deleteLater()
            saved = self.tr("The session was saved.")
            early = self.tr("The session ended early; what was recorded is kept.")
            declined = self.tr("The participant declined; nothing was recorded.")
            erased = self.tr("Everything of the session was erased, as the participant wished.")
            news = {"finished": saved, "declined": declined, "erased": erased}.get(state, early)
            self.choose(live.parts.study.path, news)
            self.window.activateWindow()

        def failed(error: BaseException) -> None:
            self._live = None
            self.failed(error)

        self.background.run(lambda _: live.seal(), done, failed)

    def _camera_chosen(self, spec: str) -> None:
        """The next session begins with the camera that was chosen last."""
        self._camera = spec
        self._settings = self._settings.model_copy(update={"camera": spec})
        self._read_devices()
        self._store_settings()

    def _text_scale(self, scale: int) -> None:
        self._settings = self._settings.model_copy(update={"text_scale": scale})
        self._store_settings()

    # ---- pages -------------------------------------------------------------------------------

    def open_replay(self, session_id: str | None, t_ns: int | None = None) -> None:
        """Show a session (None: the newest) at its first turn or at a moment."""
        study = self._study
        if study is None:
            return
        self._opening = True  # showing the page must not open the newest session on top of this one
        self.window.show_page("replay")
        self._opening = False
        self.replay.show_loading()

        def work(_: Job) -> tuple[ReplayModel, Any]:
            info = compose.session_of(study, session_id)
            return ReplayModel.load(study.source(info.session_id)), compose_labels.label_history(
                study, "annotator"
            )

        def done(result: tuple[ReplayModel, Any]) -> None:
            model, history = result
            self.replay.set_history(history)
            self.replay.show_model(model, t_ns=t_ns)

        self.background.run(work, done, lambda error: self.replay.show_error(sentence(error)))

    def _page_shown(self, key: str) -> None:
        if self._study is None:
            return
        if key == "replay" and self.replay.model is None and not self._opening:
            self.open_replay(None)
        elif key == "audit":
            self.audit_desk.show(self._study)
        elif key == "rewards":
            self.rewards_desk.show()
        elif key == "export":
            self.export_desk.show()
        elif key == "home":
            self.refresh()

    def open_audit(self, session_id: str | None) -> None:
        """Show the audit of the study, with a session chosen where one is named."""
        if self._study is not None:
            self.window.show_page("audit")
            self.audit_desk.show(self._study, session_id)

    # ---- state of the program ----------------------------------------------------------------

    def say(self, text: str) -> None:
        """One line in the status bar."""
        self._said = text
        self._update_health()

    def failed(self, error: BaseException) -> None:
        """Say on Home what went wrong."""
        self.home.set_notice(sentence(error, path=str(logs.log_path())))

    def _update_health(self) -> None:
        simulated = self._camera == compose.SIMULATED
        camera = self.tr("Simulated participant") if simulated else camera_words(self._camera, self._facts)
        free_gb = compose.free_bytes(self._study.path if self._study is not None else Path.home()) / 1e9
        low = free_gb < LOW_DISK_GB
        disk = self.tr("{n} GB free").format(n=f"{free_gb:.0f}")
        said = getattr(self, "_said", "")
        self.window.set_status(camera=camera, camera_state="unknown", disk=disk, work=said)
        note = self.tr("no camera is used; the eyes are computed") if simulated else lens_words(self._facts)
        advice = self.tr("free some space before recording") if low else self.tr("enough to record")
        self.home.set_health(
            [
                HealthRow("camera", self.tr("Gaze source"), camera, note, "unknown"),
                screen_row(self._facts),
                HealthRow("disk", self.tr("Disk"), disk, advice, "bad" if low else "good"),
            ],
            time.strftime(self.tr("checked %H:%M")),
        )

    def _read_devices(self) -> None:
        camera, screen = self._camera, screen_facts(self.window.screen())

        def done(facts: DeviceFacts) -> None:
            self._facts = facts
            self._update_health()

        self.background.run(lambda _: device_facts(camera, screen), done, self.failed)

    def open_devices(self) -> None:
        """The window in which camera and screen are measured; not while a session has the camera."""
        if self._live is not None:
            self.say(self.tr("The session has the camera: end it first."))
            return
        if self._devices is None:
            self._devices = CameraAndScreen(self._camera)
            self._devices.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
            self._devices.changed.connect(self._read_devices)
            self._devices.closed.connect(self._devices_closed)
        self._devices.show()
        self._devices.raise_()
        self._devices.activateWindow()

    def _devices_closed(self) -> None:
        if self._devices is not None:
            self._devices.deleteLater()
            self._devices = None
            self._read_devices()

    def _store_settings(self) -> None:
        try:
            save_settings(self._settings)
        except OSError as error:
            self.failed(error)

    def close(self) -> None:
        """End everything in order; a running session is stopped and sealed."""
        self._status.stop()
        if self._devices is not None:
            self._devices.close()
        if self._live is not None:
            self._live.detach()
        self.background.close()
        if self._live is not None:
            self._live.seal()
        if self._participant_window is not None:
            self._participant_window.close()
            self._participant_window.deleteLater()
        self.replay.show_empty()
        if self._study is not None:
            self._study.close()
