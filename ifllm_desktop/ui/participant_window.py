"""The participant's window: recording light, step, help and pause above; one page below."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ifllm_desktop.domain.scene import Aoi
from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.ui import camera_notice
from ifllm_desktop.ui.calibration_page import CalibrationPage
from ifllm_desktop.ui.camera_page import CameraPage
from ifllm_desktop.ui.consent_page import ConsentPage
from ifllm_desktop.ui.cover import HelpCover, PauseCover
from ifllm_desktop.ui.finish_page import FinishPage
from ifllm_desktop.ui.gaze_help_page import GazeHelpPage
from ifllm_desktop.ui.gaze_notice import notice_sentence, notice_words
from ifllm_desktop.ui.gaze_result_page import GazeResultPage
from ifllm_desktop.ui.participant_page import ParticipantPage
from ifllm_desktop.ui.question_page import QuestionsPage
from ifllm_desktop.ui.task_page import TaskPage
from ifllm_desktop.ui.text_check_page import TextCheckPage
from ifllm_desktop.ui.text_pages import DeclinedPage, InstructionsPage, TextPage, WelcomePage
from ifllm_desktop.ui.theme import TEXT_SCALES, Theme, apply_theme, current_theme
from ifllm_desktop.ui.widgets import ElidedLabel, RecordingLight, StepBar, label, set_role
from ifllm_desktop.ui.widgets_button import Button
from ifllm_desktop.ui.widgets_focus import FocusRing

_UNRECORDED = ("welcome", "consent", "declined")
_FULL_WINDOW = ("calibration", "validation", "drift_check")
_NOTICED = ("instructions", "task")
"""Pages on which the header says that gaze is not usable; the other pages say it themselves."""


class Header(QFrame):
    """What is recorded, where one is, and the ways to pause and to ask for help."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "header")
        self.setObjectName("participant_header")
        self.gaze_simulated = False
        self._camera_runs = True
        self._camera_notice = ""
        self._snapshot: FlowSnapshot | None = None
        self.light = RecordingLight()
        self.recorded = label("", "strong", name="recording_text")
        self.check = Button(self.tr("Check gaze"), height_px=28, icon="gaze", name="gaze_check")
        self.check.setToolTip(self.tr("A quick look at one dot, before the next question"))
        self.check.hide()
        self.steps = StepBar()
        self.step = ElidedLabel("", "caption")
        self.step.setObjectName("step_text")
        self.step.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.text_size = Button("", height_px=28, icon="text_size", name="text_size")
        self.text_size.setToolTip(self.tr("Text size: 100, 125 or 150 %"))
        self.text_size.setAccessibleName(self.tr("Text size"))
        self.help = Button(self.tr("Help"), height_px=28, icon="help", key="F1", name="help")
        self.pause = Button(self.tr("Pause"), height_px=28, icon="pause", key="F9", name="pause")
        left, middle, right = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        for part, items in (
            (left, (self.light, self.recorded, self.check)), (middle, (self.steps, self.step)),
            (right, (self.text_size, self.help, self.pause)),
        ):  # fmt: skip
            part.setSpacing(8)
            for item in items:
                part.addWidget(item)
        left.addStretch(1)
        right.insertStretch(0, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(24, 9, 24, 9)
        layout.setSpacing(16)
        layout.addLayout(left, 1)
        layout.addLayout(middle)
        layout.addLayout(right, 1)
        for button in (self.text_size, self.help, self.pause, self.check):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.steps.set_room(self.width() >= 1200 * current_theme().text_scale // 100)

    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        """Light and step of a snapshot."""
        self._snapshot = snapshot
        token, words = self._recorded(snapshot)
        self.light.set_state(token)
        self.recorded.setText(words)
        set_role(self.recorded, {"": "muted", "warning": "warning"}.get(token, "strong"))
        self._show_notice(snapshot)
        task = snapshot.task if snapshot.page == "task" else None
        if task is not None:
            self.steps.set_step(task.index + 1, task.n_tasks)
            form = self.tr("Task {index} of {n} · {title}")
            self.step.setText(form.format(index=task.index + 1, n=task.n_tasks, title=task.title))
        elif snapshot.step < 1:
            self.steps.set_step(0, 0)
            self.step.setText("")
        else:
            self.steps.set_step(snapshot.step, snapshot.n_steps)
            form = self.tr("Step {step} of {n} · {page}")
            name = self._page_name(snapshot.page)
            self.step.setText(form.format(step=snapshot.step, n=snapshot.n_steps, page=name))
        self.pause.setVisible(snapshot.page not in (*_UNRECORDED, "finish"))

    def _show_notice(self, snapshot: FlowSnapshot) -> None:
        """All of the notice as a tooltip, and a way to have the gaze checked before the next question."""
        notice = snapshot.gaze_notice if self._noticed(snapshot) else ""
        words = notice_sentence(notice, snapshot.gaze_check_due)
        self.recorded.setToolTip(words)
        self.recorded.setAccessibleDescription(words)
        can_ask = bool(notice) and snapshot.page == "task" and not snapshot.gaze_check_due
        self.check.setVisible(can_ask and notice != "gaze_lost")

    def _noticed(self, snapshot: FlowSnapshot) -> bool:
        gaze = (snapshot.scopes or {}).get("gaze", False) and self._camera_runs
        return gaze and bool(snapshot.gaze_notice) and snapshot.page in _NOTICED and not snapshot.paused

    def set_camera(self, runs: bool, notice: str = "") -> None:
        """Whether pictures can be had (without them no gaze is recorded), and a ``camera_notice``."""
        if (runs, notice) != (self._camera_runs, self._camera_notice):
            self._camera_runs, self._camera_notice = runs, notice
            if self._snapshot is not None:
                self.show_snapshot(self._snapshot)

    def _recorded(self, snapshot: FlowSnapshot) -> tuple[str, str]:
        scopes = snapshot.scopes or {}
        if snapshot.page in _UNRECORDED or snapshot.scopes is None:
            return "", self.tr("Nothing is being recorded")
        if snapshot.paused:
            return "", self.tr("Paused: nothing is being recorded")
        if snapshot.page == "finish" or snapshot.ended:
            return "", self.tr("Recording has ended")
        if scopes.get("gaze", False) and self._camera_notice:
            token = "recording" if self._camera_notice == "back" else "warning"
            return token, camera_notice.notice_words(self._camera_notice)
        if self._noticed(snapshot):
            return "warning", notice_words(snapshot.gaze_notice)
        gaze, pointer = scopes.get("gaze", False) and self._camera_runs, scopes.get("pointer", False)
        if gaze and self.gaze_simulated:
            return "recording", self.tr("Recording simulated gaze") if not pointer else self.tr(
                "Recording pointer and simulated gaze"
            )
        if gaze and pointer:
            return "recording", self.tr("Recording gaze and pointer")
        if gaze:
            return "recording", self.tr("Recording gaze")
        if pointer:
            return "recording", self.tr("Recording pointer")
        return "recording", self.tr("Recording answers and ratings")

    def _page_name(self, page: str) -> str:
        return {
            "welcome": self.tr("Welcome"), "consent": self.tr("Consent"), "camera_check": self.tr("Camera check"),
            "calibration": self.tr("Calibration"), "validation": self.tr("Calibration"),
            "gaze_result": self.tr("Calibration result"), "gaze_help": self.tr("Calibration help"),
            "text_check": self.tr("Reading check"),
            "drift_check": self.tr("Gaze check"), "questions": self.tr("Questions"),
            "instructions": self.tr("Instructions"), "task": self.tr("Tasks"), "finish": self.tr("Finish"),
        }.get(page, "")  # fmt: skip


class ParticipantWindow(QWidget):
    """Shows snapshots and emits commands; it decides nothing.

    Attributes
    ----------
    command : Signal(str, tuple)
        A command of the flow with its arguments (without the time).
    text_scale_changed : Signal(int)
        The new text size in percent, applied already; to be stored.
    closed : Signal()
        The window was closed. A session that was not over has been stopped by a command before.
    """

    command = Signal(str, tuple)
    text_scale_changed = Signal(int)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("participant_window")
        self.setProperty("surface", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(self.tr("IFLLM Desktop"))
        self.setMinimumSize(960, 600)
        self._snapshot: FlowSnapshot | None = None
        self.header = Header()
        self.camera = CameraPage()
        self.calibration = CalibrationPage()
        self.gaze_result = GazeResultPage()
        self.gaze_help = GazeHelpPage()
        self.text_check = TextCheckPage()
        self.task = TaskPage()
        self.finish = FinishPage()
        self.pages: dict[str, ParticipantPage] = {
            "welcome": WelcomePage(), "consent": ConsentPage(), "camera_check": self.camera,
            "calibration": self.calibration, "validation": self.calibration, "gaze_result": self.gaze_result,
            "gaze_help": self.gaze_help, "text_check": self.text_check, "drift_check": self.calibration,
            "instructions": InstructionsPage(), "questions": QuestionsPage(), "task": self.task, "finish": self.finish,
            "declined": DeclinedPage(),
        }  # fmt: skip
        self.stack = QStackedWidget()
        for page in dict.fromkeys(self.pages.values()):
            self.stack.addWidget(page)
            page.command.connect(self.command)
            if isinstance(page, TextPage):
                page.leave.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.stack, 1)
        self.pause_cover = PauseCover(self.stack)
        self.help_cover = HelpCover(self.stack)
        self._ring = FocusRing(self)
        self.header.check.clicked.connect(lambda: self.command.emit("check_gaze", ()))
        self.header.pause.clicked.connect(self._toggle_pause)
        self.header.help.clicked.connect(self._help)
        self.header.text_size.clicked.connect(self._next_text_size)
        self.pause_cover.resumed.connect(lambda: self.command.emit("resume", ()))
        self.pause_cover.without_gaze.connect(self._leave_gaze)
        self.pause_cover.stopped.connect(lambda: self.command.emit("stop", ("participant",)))
        self.help_cover.closed.connect(lambda: self.page().focus_first())

    def set_gaze_simulated(self, simulated: bool) -> None:
        """Whether the header has to say that the gaze is not the participant's own."""
        self.header.gaze_simulated = simulated
        self.calibration.gaze_simulated = simulated
        self.gaze_result.gaze_simulated = simulated

    def page(self) -> ParticipantPage:
        """The page that is shown."""
        current = self.stack.currentWidget()
        assert isinstance(current, ParticipantPage)
        return current

    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        """Draw a snapshot; cheap when nothing changed."""
        page = self.pages[snapshot.page]
        first = self._snapshot is None or page is not self.page()
        was_paused = self._snapshot is not None and self._snapshot.paused
        self._snapshot = snapshot
        self.header.setVisible(snapshot.page not in _FULL_WINDOW or snapshot.paused)
        self.header.show_snapshot(snapshot)
        if first:
            self.help_cover.hide()
            self.stack.setCurrentWidget(page)
        page.show_snapshot(snapshot)
        if snapshot.paused and not was_paused:
            self.pause_cover.offer_without_gaze(snapshot.page in (*_FULL_WINDOW, "text_check"))
            self.pause_cover.bring()
        elif was_paused and not snapshot.paused:
            self.pause_cover.hide()
            page.focus_first()
        elif first and not snapshot.paused:
            page.focus_first()

    def scene_aois(self) -> tuple[Aoi, ...]:
        """Areas of interest of the present page; empty while it is covered."""
        covered = self.pause_cover.isVisible() or self.help_cover.isVisible()
        return self.task.scene_aois() if self.page() is self.task and not covered else ()

    # ---- actions of the header
    def _can_pause(self) -> bool:
        snapshot = self._snapshot
        return snapshot is not None and snapshot.page not in (*_UNRECORDED, "finish") and not snapshot.ended

    def _toggle_pause(self) -> None:
        if self._can_pause() and self._snapshot is not None:
            self.command.emit("resume" if self._snapshot.paused else "pause", ())

    def _leave_gaze(self) -> None:
        self.command.emit("resume", ())  # nothing else is allowed while it is paused
        self.command.emit("without_gaze", ("stopped",))

    def _help(self) -> None:
        keys = [*self.page().keys(), ("F1", self.tr("this list"))]
        self.help_cover.list_keys(keys)

    def _next_text_size(self) -> None:
        theme = current_theme()
        scale = TEXT_SCALES[(TEXT_SCALES.index(theme.text_scale) + 1) % len(TEXT_SCALES)]
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, Theme(theme.name, scale))
        self.text_scale_changed.emit(scale)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F9:
            self._toggle_pause()
        elif event.key() == Qt.Key.Key_F1:
            self._help()
        else:
            event.ignore()

    def closeEvent(self, event: QCloseEvent) -> None:
        snapshot = self._snapshot
        if snapshot is not None and not snapshot.ended:
            self.command.emit("stop", ("window_closed",))
        super().closeEvent(event)
        self.closed.emit()
