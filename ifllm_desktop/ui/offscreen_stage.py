"""The task page's geometry without a window: the real response views, laid out offscreen.

Used by the headless run. Answers are laid out by the same :class:`ResponseView` as in the window; the other areas
(prompt, ratings, buttons) are rectangles at the places where the task page has them.
"""

from __future__ import annotations

from collections.abc import Callable

from ifllm_desktop.domain.chat import Finish
from ifllm_desktop.domain.layout import LayoutDelta
from ifllm_desktop.domain.samples import Row
from ifllm_desktop.domain.scene import Aoi, Scene, ShownResponse
from ifllm_desktop.domain.session import TEXT_CHECK
from ifllm_desktop.domain.space import Rect, Screen
from ifllm_desktop.session.snapshot import AnswerSnapshot, FlowSnapshot
from ifllm_desktop.ui.reading_text import fitted_text
from ifllm_desktop.ui.response_view import ResponseView

MARGIN_PX = 24.0
TEXT_SIZE_PX = 16.0
HEADER_PX = 48.0
ANSWERS_TOP_PX = 236.0
RATING_BAR_PX = 144.0
GUTTER_PX = 16.0
WIDEST_PX = 648.0
"""Widest answer card: 600 px of text (60–75 characters a line) and the view's own margins."""


class OffscreenStage:
    """Implements ``session.headless.Stage``.

    Parameters
    ----------
    screen : Screen
        The simulated participant's screen; the window fills it.
    record : callable
        Takes ``(stream, row)`` in session time.
    """

    def __init__(self, screen: Screen, record: Callable[[str, Row], int]) -> None:
        self._screen = screen
        self._record = record
        self._views: dict[str, ResponseView] = {}
        self._sides: dict[str, str] = {}
        self._shown: dict[str, int] = {}
        self._complete: dict[str, bool] = {}
        self._aois: tuple[Aoi, ...] = ()
        self._stored_aois: dict[str, Aoi] = {}
        self._page = ""
        self._t_ns = 0
        self._window_recorded = False
        self._scene: Scene | None = None
        self._scene_dirty = True

    def show(self, snapshot: FlowSnapshot, t_ns: int) -> None:
        """Bring the screen up to date; records window, AOI, layout, scroll and reveal rows."""
        self._t_ns = t_ns
        if not self._window_recorded:
            s = self._screen
            row = (t_ns, 0.0, 0.0, s.w_px, s.h_px, s.device_pixel_ratio, s.w_px, s.h_px)
            self._window_recorded = self._record("window", row) != 0  # nothing is stored before the consent
        self._page = snapshot.page
        text = self._text(snapshot)
        wanted = {answer.response_id for answer in (*snapshot.answers, *text)}
        for response_id in [r for r in self._views if r not in wanted]:
            self._drop(response_id)
        for answer in snapshot.answers:
            self._show_answer(answer, len(snapshot.answers))
        for answer in text:
            self._show_answer(answer, 1)
        self._show_aois(self._areas(snapshot))

    def shown(self) -> dict[str, int]:
        """Code points of source text shown per answer."""
        return {name: n for name, n in self._shown.items() if not name.startswith(TEXT_CHECK)}

    def scroll(self, response_id: str, offset_px: float, t_ns: int) -> None:
        """Scroll an answer, as its wheel would."""
        self._t_ns = t_ns
        view = self._views.get(response_id)
        if view is not None:
            view.set_scroll_px(offset_px)
            self._scene_dirty = True

    def scene(self, target_px: tuple[float, float] | None) -> Scene:
        """What is on the screen now."""
        if self._scene is None or self._scene_dirty or self._scene.target_px != target_px:
            responses = tuple(
                ShownResponse(
                    response_id, self._sides[response_id], view.layout_snapshot(), view.scroll_px,
                    self._complete[response_id],
                )
                for response_id, view in self._views.items()
            )  # fmt: skip
            self._scene = Scene(self._page, target_px, responses, self._aois)
            self._scene_dirty = False
        return self._scene

    def close(self) -> None:
        """Free the widgets."""
        for response_id in list(self._views):
            self._drop(response_id)

    def _show_answer(self, answer: AnswerSnapshot, n_answers: int) -> None:
        view = self._views.get(answer.response_id)
        if view is None:
            view = self._make_view(answer, n_answers)
        n_source = len(answer.text)
        if (
            self._shown[answer.response_id] == n_source
            and self._complete[answer.response_id] == answer.complete
        ):
            return
        view.set_source(answer.text, answer.complete)
        epoch = view.layout_snapshot().head.epoch
        self._shown[answer.response_id] = n_source
        self._complete[answer.response_id] = answer.complete
        self._scene_dirty = True
        self._record("reveal", (self._t_ns, answer.response_id, epoch, n_source))

    def _text(self, snapshot: FlowSnapshot) -> tuple[AnswerSnapshot, ...]:
        """The text of the text check as an answer of its own; empty on other pages."""
        run = snapshot.run
        if snapshot.page != "text_check" or run is None:
            return ()
        name = f"{TEXT_CHECK}{run.number}"
        if name in self._views:
            source = self._views[name].source
        else:
            place = self._viewport("left", 1)
            source = fitted_text(snapshot.study.language, place.w_px, place.h_px, TEXT_SIZE_PX)
        return (AnswerSnapshot(name, "left", "A", source, Finish.STOP),)

    def _make_view(self, answer: AnswerSnapshot, n_answers: int) -> ResponseView:
        response_id = answer.response_id
        view = ResponseView(response_id, text_size_px=TEXT_SIZE_PX)
        view.laid_out.connect(self._record_layout)
        view.scrolled.connect(
            lambda offset, most, r=response_id: self._record("scroll", (self._t_ns, r, offset, most))
        )
        view.set_screen_rect(self._viewport(answer.side, n_answers))
        self._views[response_id] = view
        self._sides[response_id] = answer.side
        self._shown[response_id] = -1
        self._complete[response_id] = False
        return view

    def _drop(self, response_id: str) -> None:
        view = self._views.pop(response_id)
        view.close()
        view.deleteLater()
        for known in (self._sides, self._shown, self._complete):
            known.pop(response_id, None)
        self._scene_dirty = True

    def _record_layout(self, delta: LayoutDelta) -> None:
        head = delta.head
        self._record("layout_epoch", (self._t_ns, head.response_id, head.epoch, head.to_json()))
        for block in delta.changed:
            self._record(
                "layout_block", (self._t_ns, head.response_id, head.epoch, block.index, block.to_json())
            )
        self._scene_dirty = True

    def _viewport(self, side: str, n_answers: int) -> Rect:
        s = self._screen
        height = s.h_px - ANSWERS_TOP_PX - RATING_BAR_PX - GUTTER_PX
        if n_answers == 1:
            width = min(WIDEST_PX, s.w_px - 2 * MARGIN_PX)
            return Rect((s.w_px - width) / 2, ANSWERS_TOP_PX, width, height)
        column = (s.w_px - 2 * MARGIN_PX - GUTTER_PX) / 2
        x = MARGIN_PX if side == "left" else MARGIN_PX + column + GUTTER_PX
        return Rect(x, ANSWERS_TOP_PX, min(WIDEST_PX, column), height)

    def _areas(self, snapshot: FlowSnapshot) -> tuple[Aoi, ...]:
        s = self._screen
        bar_y = s.h_px - RATING_BAR_PX
        next_button = Aoi("continue", Rect(s.w_px - MARGIN_PX - 164, s.h_px - 44, 164, 32))
        if snapshot.page != "task":
            return (next_button,)
        if not snapshot.answers:
            return (
                Aoi("send", Rect(s.w_px - MARGIN_PX - 120, bar_y + 16, 120, 44)),
                Aoi("composer", Rect(MARGIN_PX, bar_y + 8, s.w_px - 2 * MARGIN_PX - 136, 96)),
            )
        areas = [next_button]
        for answer in snapshot.answers:
            areas += self._rating_areas(answer.side, bar_y, snapshot.study.rating.scale)
        if len(snapshot.answers) == 2:
            areas += self._preference_areas(bar_y)
        areas.append(Aoi("prompt", Rect(s.w_px / 2 - 434, 140, 868, 40)))
        return tuple(areas)

    def _rating_areas(self, side: str, bar_y: float, scale: int) -> list[Aoi]:
        half = (self._screen.w_px - 2 * MARGIN_PX) / 2
        x0 = MARGIN_PX + (half if side == "right" else 0.0)
        buttons = [
            Aoi(f"rate_{side}_{value}", Rect(x0 + half - 340 + 40 * value, bar_y + 12, 36, 32))
            for value in range(1, scale + 1)
        ]
        return [*buttons, Aoi(f"rating_{side}", Rect(x0, bar_y + 8, half, 40))]

    def _preference_areas(self, bar_y: float) -> list[Aoi]:
        names = ("left_clearly", "left_slightly", "tie", "right_slightly", "right_clearly", "both_bad")
        x0 = self._screen.w_px / 2 - 3 * 150
        buttons = [
            Aoi(f"prefer_{name}", Rect(x0 + 150 * i, bar_y + 54, 142, 36)) for i, name in enumerate(names)
        ]
        return [*buttons, Aoi("preference", Rect(x0 - 160, bar_y + 50, 1060, 44))]

    def _show_aois(self, areas: tuple[Aoi, ...]) -> None:
        if areas != self._aois:
            self._aois = areas
            self._scene_dirty = True
        # compared with what was stored and not with what was shown: before the consent nothing is stored
        stored = self._stored_aois
        new = {a.name: a for a in areas}
        for name, area in new.items():
            if stored.get(name) != area and self._record("aoi", (self._t_ns, name, *area.rect.as_list(), 1)):
                stored[name] = area
        for name in sorted(stored.keys() - new.keys()):
            if self._record("aoi", (self._t_ns, name, *stored[name].rect.as_list(), 0)):
                del stored[name]
