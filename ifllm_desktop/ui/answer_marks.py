"""What participants mark themselves in the answers: the text that is selected, the keys, the painted marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

from ifllm_desktop.reading.sentences import sentences
from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.ui.ballot_extras import mark_color
from ifllm_desktop.ui.response_view import ResponseView

if TYPE_CHECKING:
    from ifllm_desktop.ui.task_page import TaskPage


class AnswerMarks(QObject):
    """Turns a selection and a label into a mark, and further ratings and reasons into commands of the page."""

    def __init__(self, page: TaskPage) -> None:
        super().__init__(page)
        self._page = page
        self._snapshot: FlowSnapshot | None = None
        self._selected: tuple[str, int, int] | None = None
        extras = page.rating.extras
        extras.rated.connect(self._rate)
        extras.reasoned.connect(lambda values, text: page.command.emit("give_reasons", (values, text)))
        extras.marked.connect(self._mark)
        extras.unmarked.connect(lambda one: page.command.emit("remove_highlight", (one,)))

    @property
    def has_selection(self) -> bool:
        """Whether text of a present answer is selected."""
        return self._selected is not None and self._selected[0] in self._page.response_views()

    def watch(self, view: ResponseView) -> None:
        """Follow what is selected in a new answer."""
        view.selected.connect(lambda start, end, v=view: self._select(v, start, end))

    def _select(self, view: ResponseView, start: int, end: int) -> None:
        had = self.has_selection
        if end > start:
            self._selected = (view.response_id, start, end)
        elif self._selected is not None and self._selected[0] == view.response_id:
            self._selected = None
        if had != self.has_selection and self._snapshot is not None:
            self._page.show_snapshot(self._snapshot)

    def paint(self, snapshot: FlowSnapshot) -> None:
        """Draw the marks that stand."""
        changed = self._snapshot is None or self._snapshot.highlights != snapshot.highlights
        self._snapshot = snapshot
        plan = snapshot.study.highlights
        if plan is None or not changed:
            return
        colors = {option.value: mark_color(index) for index, option in enumerate(plan.labels)}
        for response_id, view in self._page.response_views().items():
            view.set_marks(
                [
                    (h.start, h.end, colors[h.label])
                    for h in snapshot.highlights
                    if h.response_id == response_id
                ]
            )

    def _rate(self, side: str, value: int, name: str) -> None:
        answer = self._snapshot.answer(side) if self._snapshot is not None else None
        if answer is not None:
            self._page.command.emit("rate", (answer.response_id, value, name))

    def _mark(self, label: str) -> None:
        if self._selected is not None and self.has_selection:
            response_id, start, end = self._selected
            self._page.command.emit("highlight", (response_id, label, start, end))

    # ---- keys
    def handle_key(self, key: int, *, control: bool) -> bool:
        """Keys of the second half of the rating bar."""
        extras = self._page.rating.extras
        if control:
            if key == Qt.Key.Key_Z:
                extras.take_back()
            elif key == Qt.Key.Key_Backspace:
                self._page.rating.back.click()
            else:
                return False
            return True
        label = extras.label_of_key(key)
        if label:
            self._mark(label)
            return True
        if key in (Qt.Key.Key_Period, Qt.Key.Key_Comma) and extras.labels:  # arrows belong to the buttons
            self._next_sentence(1 if key == Qt.Key.Key_Period else -1)
            return True
        return False

    def _next_sentence(self, step: int) -> None:
        """Select the next or the previous sentence, from one answer into the other."""
        if self._snapshot is None:
            return
        places = [
            (answer.response_id, start, end)
            for answer in self._snapshot.answers
            for start, end in sentences(answer.text)
        ]
        if not places:
            return
        at = (
            places.index(self._selected) + step
            if self._selected in places
            else 0
            if step > 0
            else len(places) - 1
        )
        response_id, start, end = places[at % len(places)]
        for one, view in self._page.response_views().items():
            if one != response_id:
                view.select_source(0, 0)
        self._page.response_views()[response_id].select_source(start, end)

    def keys(self) -> list[tuple[str, str]]:
        """For the help of the page."""
        plan = self._snapshot.study.highlights if self._snapshot is not None else None
        if plan is None:
            return []
        return [
            (". ,", self.tr("after rating: choose a sentence to mark")),
            ("A S D …", self.tr("mark what is selected")),
            (self.tr("Ctrl+Z"), self.tr("take the last mark back")),
        ]
