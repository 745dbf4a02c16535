"""The simulated person: eyes, hand and mind on one time axis."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Sequence

import numpy as np

from ifllm_desktop.adapters.simulated_person.decision import Decision, judged
from ifllm_desktop.adapters.simulated_person.face import DEFAULT_SCREEN, Face
from ifllm_desktop.adapters.simulated_person.line_reading import LineReading
from ifllm_desktop.adapters.simulated_person.movements import Point, Track, saccade_ns
from ifllm_desktop.adapters.simulated_person.pursuit import Pursuit
from ifllm_desktop.adapters.simulated_person.reading_plan import ReadingPlan, Step
from ifllm_desktop.adapters.simulated_person.traits import Traits
from ifllm_desktop.adapters.simulated_person.waves import Spells
from ifllm_desktop.domain.scene import EMPTY_SCENE, Scene
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S
from ifllm_desktop.ports import FaceLandmarks

_HEAD_LAG_S = 1.5
_CLOSED = 0.4
"""Below this share of opening no landmarks come: a closed eye has no iris to find."""


class SimulatedPerson:
    """A participant who looks, reads, points and decides.

    Parameters
    ----------
    seed : int
        Traits and all noise follow from it.
    screen : Screen or None
        The screen that the person sits at; missing physical sizes are those of a 16" laptop.
    scale : int
        Points of the rating scale.

    Notes
    -----
    Fixations are planned one at a time, each at the moment when the one before ends, from the scene that was last
    observed by then. Times asked for must not lie before the last observation by more than some seconds. Safe
    across threads.
    """

    def __init__(self, seed: int, screen: Screen | None = None, scale: int = 7) -> None:
        self.seed = seed
        self.traits = Traits.drawn(seed)
        self._screen = _complete(screen)
        self._scale = scale
        self._face = Face(seed, self.traits, self._screen)
        self._rng = np.random.default_rng([seed, 6])
        self._hand_rng = np.random.default_rng([seed, 7])
        self._blinks = Spells(np.random.default_rng([seed, 8]), 4.0, 0.10, 0.25, 0.8)
        self._losses = Spells(np.random.default_rng([seed, 9]), 60.0, 0.3, 1.5, 5.0)
        self._plan = ReadingPlan(self.traits, self._rng)
        middle = (self._screen.w_px / 2, self._screen.h_px / 2)
        self._eyes, self._lately, self._pointer = Track(middle), Track(middle), Track(middle)
        self._average = middle
        self._scene: Scene = EMPTY_SCENE
        self._next_ns = 0
        self._line = LineReading(self.traits, np.random.default_rng([seed, 11]))
        self._pursuit = Pursuit(np.random.default_rng([seed, 10]).uniform(90, 150))
        self._aim: tuple[Point, int] | None = None
        self._scroll: tuple[int, str, float] | None = None
        self._lock = threading.RLock()

    def observe(self, scene: Scene, t_ns: int) -> None:
        """Tell what is on the screen from ``t_ns`` on."""
        with self._lock:
            self._advance(t_ns)
            before, self._scene = self._scene, scene
            if self._pursuit.observe(scene.target_px, t_ns):
                self._follow(t_ns)
                return
            new_line = self._line.observe(scene.marked_line)
            new_target = scene.target_px is not None and scene.target_px != before.target_px
            new_answers = {r.response_id for r in scene.responses} != {
                r.response_id for r in before.responses
            }
            if new_target or new_line or new_answers or scene.page != before.page:
                latency_ms = 190 + 15 * abs(math.sin(t_ns / 7e8 + self.seed))
                self._next_ns = min(self._next_ns, t_ns + int(latency_ms * NS_PER_MS))
                self._next_ns = max(self._next_ns, t_ns)

    def _follow(self, t_ns: int) -> None:
        """Smooth pursuit: the eyes stay behind a target that keeps moving, and no saccade comes in between."""
        until_ns, (x_px, y_px) = self._pursuit.next_place(t_ns)
        error_px = self._rng.normal(0, 4, 2)
        self._eyes.move(t_ns, until_ns - t_ns, (x_px + float(error_px[0]), y_px + float(error_px[1])))
        self._next_ns = t_ns + 300 * NS_PER_MS
        follow = 1 - math.exp(-(until_ns - t_ns) / NS_PER_S / _HEAD_LAG_S)
        ax, ay = self._average
        self._average = (ax + follow * (x_px - ax), ay + follow * (y_px - ay))
        self._lately.move(t_ns, until_ns - t_ns, self._average)

    def gaze_at(self, t_ns: int) -> Point:
        """Where both eyes look, screen px. The truth: for tests only."""
        with self._lock:
            self._advance(t_ns)
            return self._eyes.at(t_ns)

    def landmarks_at(self, t_ns: int, size_px: tuple[int, int]) -> FaceLandmarks | None:
        """The face as a landmarker would find it in a picture of that size; None in blinks and losses."""
        with self._lock:
            self._advance(t_ns)
            t_s = t_ns / NS_PER_S
            closing = self._blinks.inside(t_s)
            openness = abs(2 * closing - 1) if closing >= 0 else 1.0
            if openness < _CLOSED or self._losses.inside(t_s) >= 0:
                return None
            gaze, toward = self._eyes.at(t_ns), self._lately.at(t_ns)
            points = self._face.landmarks_px(gaze, toward, openness, t_ns, size_px)
            return FaceLandmarks(points, size_px)

    def pointer_at(self, t_ns: int) -> Point:
        """Position of the pointer, screen px."""
        with self._lock:
            self._advance(t_ns)
            return self._pointer.at(t_ns)

    def pointer_to(self, x_px: float, y_px: float, t_ns: int) -> int:
        """Go and click there; returns when the button is pressed. Eyes lead the hand.

        Movement time by Fitts' law, 150 ms + 130 ms · log2(D / 24 px + 1), with a minimum-jerk profile.
        """
        with self._lock:
            self._advance(t_ns)
            rng = self._hand_rng
            start = self._pointer.at(t_ns)
            distance_px = math.dist(start, (x_px, y_px))
            move_ms = (150 + 130 * math.log2(distance_px / 24 + 1)) * rng.uniform(0.85, 1.25)
            begin_ns = t_ns + int(rng.uniform(120, 240) * NS_PER_MS)
            wobble = np.clip(rng.normal(0, 2.5, 2), -5, 5)
            self._pointer.move(begin_ns, int(move_ms * NS_PER_MS), (x_px + wobble[0], y_px + wobble[1]))
            press_ns = begin_ns + int((move_ms + rng.uniform(60, 140)) * NS_PER_MS)
            self._aim = ((x_px, y_px), press_ns)
            self._next_ns = max(t_ns, min(self._next_ns, t_ns + 80 * NS_PER_MS))
            return press_ns

    def scroll_request(self, t_ns: int) -> tuple[str, float] | None:
        """The response and offset (px) that the person wants to scroll to by now, once per wish."""
        with self._lock:
            self._advance(t_ns)
            wish = self._scroll
            if wish is None or wish[0] > t_ns:
                return None
            self._scroll = None
            return wish[1], wish[2]

    def line_read(self, t_ns: int) -> bool:
        """Whether the person has read the line that is marked, and wants to say so."""
        with self._lock:
            self._advance(t_ns)
            return self._line.read(t_ns)

    def decide(self, answers: Sequence[tuple[str, str, str, str]]) -> Decision:
        """Judge ``(response_id, side, text, quality_hint)``; asked once, when all answers are complete.

        From then on the eyes go back to the answers, more often to the one that is liked better.
        """
        with self._lock:
            preferred = judged(answers, self.seed, self.traits, self._scale).preferred_id
            if preferred:
                # people differ, and the same person does not look the same way every time
                pull = 0.5 + 0.4 * self.traits.gaze_shows_preference + self._rng.normal(0, 0.15)
                share = float(np.clip(pull, 0.1, 0.92))
                self._plan.favour({a[0]: share if a[0] == preferred else 1 - share for a in answers})
            weighing_ms = self._rng.uniform(4000, 9000) if len(answers) > 1 else self._rng.uniform(1000, 2500)
            rest_ms = self._plan.remaining_ms(self._scene) + weighing_ms
            return judged(answers, self.seed, self.traits, self._scale, int(rest_ms * NS_PER_MS))

    def pick(self, key: str, n: int) -> int:
        """One of 0 … n − 1, always the same for the same key."""
        return random.Random(f"{self.seed}/{key}").randrange(n)

    def _advance(self, t_ns: int) -> None:
        while self._next_ns <= t_ns:
            self._fixate(self._next_step(self._next_ns), self._next_ns)

    def _next_step(self, t_ns: int) -> Step:
        scene = self._scene
        if self._aim is not None and t_ns < self._aim[1]:
            return Step(*self._aim[0], 220, "")
        if scene.target_px is not None:
            return Step(*scene.target_px, self._rng.uniform(280, 450), "")
        if scene.marked_line is not None:
            return self._line.next_step(t_ns)
        step = self._plan.next_step(scene)
        return step if step is not None else self._look_around()

    def _look_around(self) -> Step:
        areas = [area.rect for area in self._scene.aois]
        areas += [response.layout.head.viewport for response in self._scene.responses]
        duration_ms = self._rng.uniform(250, 600)
        if areas and self._rng.random() < 0.7:
            return Step(*areas[int(self._rng.integers(len(areas)))].center_px, duration_ms, "")
        x_px = self._screen.w_px * float(np.clip(self._rng.normal(0.5, 0.12), 0.05, 0.95))
        y_px = self._screen.h_px * float(np.clip(self._rng.normal(0.45, 0.15), 0.05, 0.95))
        return Step(x_px, y_px, duration_ms, "")

    def _fixate(self, step: Step, t_ns: int) -> None:
        aimed = self._aim is not None or self._scene.target_px is not None
        error_px = self._rng.normal(0, 6 if aimed else 10, 2)
        point = (step.x_px + float(error_px[0]), step.y_px + float(error_px[1]))
        jump_ns = saccade_ns(math.dist(self._eyes.at(t_ns), point))
        duration_ns = int(step.duration_ms * NS_PER_MS)
        self._eyes.move(t_ns, jump_ns, point)
        self._next_ns = t_ns + jump_ns + duration_ns
        follow = 1 - math.exp(-duration_ns / NS_PER_S / _HEAD_LAG_S)
        ax, ay = self._average
        self._average = (ax + follow * (point[0] - ax), ay + follow * (point[1] - ay))
        self._lately.move(t_ns, jump_ns + duration_ns, self._average)
        if step.scroll is not None:
            self._scroll = (t_ns + 120 * NS_PER_MS, *step.scroll)
        if self._aim is not None and t_ns >= self._aim[1]:
            self._aim = None
        self._maybe_point(step, point, t_ns)

    def _maybe_point(self, step: Step, point: Point, t_ns: int) -> None:
        """Move the pointer along with the eyes, or over the answer that is to be scrolled."""
        if not step.response_id or self._aim is not None:
            return
        draw = self._rng.random()
        view = next(
            r.layout.head.viewport for r in self._scene.responses if r.response_id == step.response_id
        )
        outside = not view.contains(*self._pointer.at(t_ns))
        if draw < 0.35 * self.traits.p_pointer_follows or (
            outside and (step.scroll is not None or draw < 0.02)
        ):
            x_px = min(max(point[0] + 15, view.x_px + 4), view.right_px - 4)
            y_px = min(max(point[1] + 22, view.y_px + 4), view.bottom_px - 4)
            self._pointer.move(t_ns + 60 * NS_PER_MS, 350 * NS_PER_MS, (x_px, y_px))


def _complete(screen: Screen | None) -> Screen:
    if screen is None:
        return DEFAULT_SCREEN
    default = DEFAULT_SCREEN
    w_mm = screen.w_mm if math.isfinite(screen.w_mm) else default.w_mm
    h_mm = screen.h_mm if math.isfinite(screen.h_mm) else w_mm * screen.h_px / screen.w_px
    distance_mm = screen.distance_mm if math.isfinite(screen.distance_mm) else default.distance_mm
    return Screen(screen.w_px, screen.h_px, screen.device_pixel_ratio, w_mm, h_mm, distance_mm)
