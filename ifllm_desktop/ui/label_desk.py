"""What a key does to labels: joins stage, timeline, panel and the annotator's history."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from ifllm_desktop.annotate.history import LabelHistory
from ifllm_desktop.annotate.scheme import Label, LabelScheme
from ifllm_desktop.domain.errors import IfllmError
from ifllm_desktop.domain.labels import Annotation, LabelOperation, OpChange
from ifllm_desktop.domain.time import NS_PER_MS
from ifllm_desktop.replay.timeline import Timeline
from ifllm_desktop.ui.label_panel import LabelItem, LabelPanel
from ifllm_desktop.ui.stage_view import StageView
from ifllm_desktop.ui.timeline_rows import clock_text
from ifllm_desktop.ui.timeline_view import TimelineView
from ifllm_desktop.wording import sentence


class LabelDesk(QObject):
    """Gives, changes, removes and takes back labels of one session.

    Attributes
    ----------
    changed : Signal(object)
        :class:`~ifllm_desktop.domain.labels.OpChange` after each step that was saved.
    seek_wanted : Signal(object)
        Session time, ns, where a picked label can be seen.
    """

    changed = Signal(object)
    seek_wanted = Signal(object)

    def __init__(
        self,
        history: LabelHistory,
        scheme: LabelScheme,
        panel: LabelPanel,
        stage: StageView,
        timeline_view: TimelineView,
    ) -> None:
        super().__init__(panel)
        self._history = history
        self._scheme = scheme
        self._panel = panel
        self._stage = stage
        self._timeline_view = timeline_view
        self._timeline: Timeline | None = None
        self._items: dict[str, Annotation] = {}
        self.selected = ""
        panel.chosen.connect(self.give)
        panel.picked.connect(self.pick)
        panel.undo_wanted.connect(self.undo)
        panel.redo_wanted.connect(self.redo)
        panel.remove_wanted.connect(self.remove)
        stage.label_clicked.connect(self.select)
        timeline_view.label_clicked.connect(self.pick)
        stage.range_changed.connect(self._say_ready)
        timeline_view.selection_changed.connect(self._say_ready)

    @property
    def digits_label(self) -> bool:
        """Whether a digit now gives a label (words or a span are chosen) instead of switching a layer."""
        chosen = self._items.get(self.selected)
        return self._stage.range is not None or (chosen is not None and chosen.tier == "span")

    def set_timeline(self, timeline: Timeline | None) -> None:
        """Work on another session."""
        self._timeline = timeline
        self.selected = ""
        self.refresh()

    def refresh(self) -> None:
        """Read the history again and show it everywhere."""
        if self._timeline is None:
            self._items = {}
            self._panel.show_items([], "", "", "")
            self._stage.set_labels(())
            self._timeline_view.set_labels(())
            return
        session_id = self._timeline.info.session_id
        found = sorted(self._history.annotations(session_id), key=_order)
        self._items = {a.annotation_id: a for a in found}
        if self.selected not in self._items:
            self.selected = ""
        undo, redo = self._history.can_undo(session_id), self._history.can_redo(session_id)
        self._panel.show_items(
            [self._item(a) for a in found],
            self.selected,
            self.step_text(undo) if undo else "",
            self.step_text(redo, inverse=True) if redo else "",
        )
        self._show_selected()

    def key(self, text: str) -> bool:
        """Give the label that has this key, if there is one; whether there was."""
        found = next(
            (item for item in (*self._scheme.spans, *self._scheme.episodes) if item.key == text), None
        )
        if found is None:
            return False
        self.give(found.name)
        return True

    def give(self, name: str) -> None:
        """Label the chosen words or stretch; without any, give the chosen label this name instead."""
        label, timeline = self._scheme.label(name), self._timeline
        if label is None or timeline is None:
            return
        chosen = self._items.get(self.selected)
        is_span = label in self._scheme.spans
        words, stretch = self._stage.range, self._timeline_view.selection
        session_id = timeline.info.session_id
        if is_span and words is not None:
            turn_id = self._turn_of(timeline, words.response_id)
            text = timeline.source_text(words.response_id)
            self._do(
                lambda: self._history.add_span(
                    session_id, turn_id, words.response_id, name, text, words.start, words.end
                )
            )
            self._stage.set_range(None)
        elif not is_span and stretch is not None:
            turn = timeline.turn_at(stretch[0])
            turn_id = turn.turn_id if turn else ""
            self._do(lambda: self._history.add_episode(session_id, turn_id, name, *stretch))
            self._timeline_view.set_selection(None)
        elif chosen is not None and (chosen.tier == "span") == is_span:
            self._do(lambda: self._history.relabel(session_id, chosen.annotation_id, name))
        else:
            self._panel.say(self._what_is_missing(label, is_span=is_span))

    def remove(self) -> None:
        """Remove the chosen label."""
        timeline, chosen = self._timeline, self.selected
        if timeline is not None and chosen:
            self._do(lambda: self._history.remove(timeline.info.session_id, chosen))

    def undo(self) -> None:
        """Take back the newest step."""
        timeline = self._timeline
        if timeline is not None:
            self._do(lambda: self._history.undo(timeline.info.session_id))

    def redo(self) -> None:
        """Take back the newest undo."""
        timeline = self._timeline
        if timeline is not None:
            self._do(lambda: self._history.redo(timeline.info.session_id))

    def select(self, annotation_id: str) -> None:
        """Choose a label without moving the playhead; empty for none."""
        self.selected = annotation_id if annotation_id in self._items else ""
        self.refresh()

    def pick(self, annotation_id: str) -> None:
        """Choose a label and go where it can be seen."""
        self.select(annotation_id)
        found, timeline = self._items.get(annotation_id), self._timeline
        if found is None or timeline is None:
            return
        if found.tier == "episode":
            self.seek_wanted.emit(found.t_start_ms * NS_PER_MS)
        else:
            t_ns = timeline.revealed_ns(found.response_id, found.end)
            if t_ns is not None:
                self.seek_wanted.emit(t_ns)

    def step_text(self, operation: LabelOperation, *, inverse: bool = False) -> str:
        """What an operation (or its inverse) does, as undo and redo name it."""
        before, after = operation.before, operation.after
        if inverse:
            before, after = after, before
        if after is None:
            title = self._scheme.title(before.label) if before else ""
            return self.tr("removing “{title}”").format(title=title)
        title = self._scheme.title(after.label)
        if before is None:
            return self.tr("“{title}”").format(title=title)
        if before.label != after.label:
            return self.tr("change to “{title}”").format(title=title)
        return self.tr("note on “{title}”").format(title=title)

    # ---- inside
    def _do(self, step: object) -> None:
        assert callable(step)
        try:
            change: OpChange | None = step()
        except (IfllmError, OSError) as error:
            self.refresh()
            self._panel.say(sentence(error), danger=True)
            return
        if change is None:
            return
        self._panel.say("")
        if change.operation.after is not None:
            self.selected = change.operation.after.annotation_id
        self.refresh()
        self.changed.emit(change)

    def _show_selected(self) -> None:
        items = tuple(self._items.values())
        self._stage.set_labels(items, self.selected)
        self._timeline_view.set_labels(items, self.selected)
        self._say_ready()

    def _say_ready(self, _: object = None) -> None:
        chosen = self._items.get(self.selected)
        tier = chosen.tier if chosen is not None else ""
        self._panel.set_ready(
            span=self._stage.range is not None or tier == "span",
            episode=self._timeline_view.selection is not None or tier == "episode",
        )

    def _what_is_missing(self, label: Label, *, is_span: bool) -> str:
        if is_span:
            return self.tr("Drag over the words first, then press {key}.").format(key=label.key)
        return self.tr("Mark a stretch with [ and ] first, then press {key}.").format(key=label.key)

    def _turn_of(self, timeline: Timeline, response_id: str) -> str:
        found = timeline.response(response_id)
        return found[0].turn_id if found else ""

    def _item(self, annotation: Annotation) -> LabelItem:
        label = self._scheme.label(annotation.label)
        if annotation.tier == "episode":
            title = self._scheme.title(annotation.label)
            text = title
            where = f"{clock_text(annotation.t_start_ms * NS_PER_MS)}–{clock_text(annotation.t_end_ms * NS_PER_MS)}"
        else:
            title, text = self._scheme.title(annotation.label), annotation.quote.replace("\n", " ")
            found = self._timeline.response(annotation.response_id) if self._timeline else None
            letter = "" if found is None else "A " if found[1].side == "left" else "B "
            where = f"{letter}{annotation.start}–{annotation.end}"
        return LabelItem(
            annotation, title, label.key if label else "?", label.color if label else -1, text, where
        )


def _order(annotation: Annotation) -> tuple[int, str, int, int]:
    episode = annotation.tier == "episode"
    return int(episode), annotation.response_id, annotation.start, annotation.t_start_ms
