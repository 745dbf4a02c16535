"""Where a reader looks next: line by line, skimming, waiting for text, changing sides, comparing."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np

from ifllm_desktop.adapters.simulated_person.traits import Traits
from ifllm_desktop.adapters.simulated_person.words import Words
from ifllm_desktop.domain.scene import Scene, ShownResponse

_PATIENCE = 3
"""Fixations at the end of a growing text before the reader turns to the other answer."""
_MAX_SCROLL_TRIES = 4
_MAX_REHEARSED = 4000
_MEAN_SACCADE_MS = 30.0


@dataclass(frozen=True, slots=True)
class Step:
    """One fixation to come.

    Attributes
    ----------
    x_px, y_px : float
        Screen px.
    duration_ms : float
    scroll : tuple of (str, float) or None
        Response and offset that the reader wants to be scrolled to during this fixation.
    """

    x_px: float
    y_px: float
    duration_ms: float
    response_id: str
    scroll: tuple[str, float] | None = None


@dataclass(slots=True)
class _Progress:
    patience: float
    offset: int = 0
    gave_up: bool = False
    n_waited: int = 0
    n_scroll_tries: int = 0


@dataclass(slots=True)
class _Visit:
    """A look back at a part of an answer while comparing."""

    response_id: str
    offset: int
    n_left: int


class ReadingPlan:
    """Decides fixation by fixation, from what is on the screen and what has been read."""

    def __init__(self, traits: Traits, rng: np.random.Generator) -> None:
        self._traits = traits
        self._rng = rng
        self._progress: dict[str, _Progress] = {}
        self._words: dict[str, Words] = {}
        self._current = ""
        self._visit: _Visit | None = None
        self._favours: dict[str, float] = {}

    def favour(self, weights: dict[str, float]) -> None:
        """Weights by which answers are looked at again from now on."""
        self._favours = dict(weights)

    def next_step(self, scene: Scene) -> Step | None:
        """The next fixation; None when no answer has a word yet."""
        shown = [r for r in scene.responses if len(self._words_of(r))]
        if not shown:
            return None
        current = next((r for r in shown if r.response_id == self._current), None)
        if current is None:
            # most people begin on the left
            current = shown[0] if self._rng.random() < 0.75 else shown[-1]
            self._turn_to(current)
        if self._has_unread(current):
            return self._read(current)
        progress = self._of(current)
        other = next((r for r in shown if r is not current and self._has_unread(r)), None)
        if other is not None and (current.complete or progress.n_waited >= _PATIENCE):
            self._turn_to(other)
            return self._read(other)
        if not current.complete and not progress.gave_up:
            progress.n_waited += 1
            return self._fixation(current, len(self._words_of(current)) - 1, self._duration_ms() * 1.3)
        return self._compare(shown)

    def remaining_ms(self, scene: Scene) -> float:
        """About how long it takes to read what is left of the shown answers: a rehearsal on a copy of the plan."""
        rehearsal = ReadingPlan(self._traits, copy.deepcopy(self._rng))
        rehearsal._words = dict(self._words)
        rehearsal._progress = {key: copy.copy(value) for key, value in self._progress.items()}
        rehearsal._favours, rehearsal._current = self._favours, self._current
        # the scene may be some moments old, and what is not complete would be waited for without end
        scene = replace(scene, responses=tuple(replace(r, complete=True) for r in scene.responses))
        total_ms = 0.0
        for _ in range(_MAX_REHEARSED):
            step = rehearsal.next_step(scene)
            if step is None or rehearsal._visit is not None:  # it has come to comparing
                break
            total_ms += step.duration_ms + _MEAN_SACCADE_MS
            if step.scroll is not None:
                scene = _scrolled(scene, *step.scroll)
        return total_ms

    def _turn_to(self, response: ShownResponse) -> None:
        self._current = response.response_id
        self._of(response).n_waited = 0

    def _of(self, response: ShownResponse) -> _Progress:
        progress = self._progress.get(response.response_id)
        if progress is None:
            progress = self._progress[response.response_id] = _Progress(float(self._rng.random()))
        return progress

    def _words_of(self, response: ShownResponse) -> Words:
        words = self._words.get(response.response_id)
        if words is None or words.layout is not response.layout:
            words = self._words[response.response_id] = Words.of(response.layout)
        return words

    def _has_unread(self, response: ShownResponse) -> bool:
        progress = self._of(response)
        words = self._words_of(response)
        return not progress.gave_up and len(words) > 0 and words.starts[-1] >= progress.offset

    def _read(self, response: ShownResponse) -> Step:
        words, progress = self._words_of(response), self._of(response)
        index = words.from_offset(progress.offset)
        scrolled = self._scrolled_to(response, index)
        if scrolled is not None:
            return scrolled
        progress.n_waited = 0
        if index > 4 and self._rng.random() < 0.08:  # regressions are about a tenth of all saccades
            return self._fixation(response, index - int(self._rng.integers(1, 5)), self._duration_ms())
        step = self._fixation(response, index, self._duration_ms())
        after = words.after(index, self._traits.chars_per_fixation * self._rng.normal(1, 0.25))
        first_of_line = index == 0 or words.lines[index - 1] != words.lines[index]
        if not first_of_line and self._rng.random() < 0.5 * self._traits.p_skim:
            after = words.next_line(index)
        progress.offset = words.starts[after] if after < len(words) else words.ends[-1]
        if after < len(words) and words.lines[after] != words.lines[index]:
            self._maybe_give_up(response, words.ends[index] / words.ends[-1])
        return step

    def _maybe_give_up(self, response: ShownResponse, share_read: float) -> None:
        progress = self._of(response)
        weight = self._favours.get(response.response_id, 0.5)
        least = self._traits.thoroughness
        if response.complete and share_read >= least + (1 - least) * 2 * weight * progress.patience:
            progress.gave_up = True

    def _compare(self, shown: list[ShownResponse]) -> Step:
        visit = self._visit
        response = next((r for r in shown if visit is not None and r.response_id == visit.response_id), None)
        if visit is None or response is None or visit.n_left <= 0:
            response = self._pick(shown)
            words = self._words_of(response)
            visit = self._visit = _Visit(
                response.response_id,
                words.starts[int(self._rng.integers(len(words)))],
                int(self._rng.integers(3, 10)),
            )
            self._current = response.response_id
        words = self._words_of(response)
        index = min(words.from_offset(visit.offset), len(words) - 1)
        visit.n_left -= 1
        scrolled = self._scrolled_to(response, index)
        if scrolled is not None:
            return scrolled
        after = words.after(index, 1.3 * self._traits.chars_per_fixation)
        if after >= len(words):
            visit.n_left = 0
        else:
            visit.offset = words.starts[after]
        return self._fixation(response, index, 0.9 * self._duration_ms())

    def _pick(self, shown: list[ShownResponse]) -> ShownResponse:
        weights = np.array([self._favours.get(r.response_id, 0.5) for r in shown])
        return shown[int(self._rng.choice(len(shown), p=weights / weights.sum()))]

    def _scrolled_to(self, response: ShownResponse, index: int) -> Step | None:
        """A step that asks for a scroll when the word is not visible; None when it is, or when nothing helps."""
        words, progress = self._words_of(response), self._of(response)
        view = response.layout.head.viewport
        _, y_px, _, h_px = words.boxes[index]
        visible = response.scroll_px - 1 <= y_px and y_px + h_px <= response.scroll_px + view.h_px + 1
        most_px = max(0.0, response.layout.head.height_px - view.h_px)
        offset_px = float(min(max(0.0, y_px - 0.2 * view.h_px), most_px))
        if visible or abs(offset_px - response.scroll_px) < 1 or progress.n_scroll_tries >= _MAX_SCROLL_TRIES:
            progress.n_scroll_tries = 0
            return None
        progress.n_scroll_tries += 1
        x_px = view.x_px + view.w_px * 0.4
        wanted = (response.response_id, round(offset_px, 1))
        return Step(x_px, view.y_px + view.h_px * 0.5, 260, response.response_id, wanted)

    def _fixation(self, response: ShownResponse, index: int, duration_ms: float) -> Step:
        x_px, y_px, w_px, h_px = self._words_of(response).boxes[index]
        # preferred landing position: a little left of a word's middle
        point = response.layout.to_screen_px(x_px + 0.42 * w_px, y_px + h_px / 2, response.scroll_px)
        return Step(*point, duration_ms, response.response_id)

    def _duration_ms(self) -> float:
        return float(self._traits.fixation_ms * np.exp(self._rng.normal(-0.04, 0.28)))


def _scrolled(scene: Scene, response_id: str, offset_px: float) -> Scene:
    responses = tuple(
        replace(r, scroll_px=offset_px) if r.response_id == response_id else r for r in scene.responses
    )
    return replace(scene, responses=responses)
