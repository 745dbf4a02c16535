"""The simulated participant: the same for a seed however often it is asked, and much like a person."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.adapters.simulated_camera import SimulatedCamera, SimulatedLandmarker
from ifllm_desktop.adapters.simulated_person import Decision, SimulatedPerson
from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.domain.layout import TextLayout
from ifllm_desktop.domain.scene import Scene, ShownResponse
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.gaze.calibration import GazeModel
from ifllm_desktop.gaze.eye_features import eye_features
from ifllm_desktop.gaze.quality import ValidationSummary, validate
from ifllm_desktop.ports import FaceLandmarks
from tests.reading_scenes import LEFT, RATE_LEFT, RIGHT, layout, pair_scene, text

S = 1_000_000_000
MS = 1_000_000
SIZE_PX = (1280, 720)
SCREEN = Screen(1440, 900, w_mm=344, h_mm=215, distance_mm=600)
NINE = [(1440 * x, 900 * y) for y in (0.1, 0.5, 0.9) for x in (0.1, 0.5, 0.9)]
FIVE = [(1440 * x, 900 * y) for x, y in ((0.3, 0.3), (0.7, 0.3), (0.5, 0.5), (0.3, 0.7), (0.7, 0.7))]


@dataclass
class Collected:
    features: NDArray[np.float64]
    target_px: NDArray[np.float64]
    index: NDArray[np.int64]
    t_ns: NDArray[np.int64]
    n_total: int
    truth_px: NDArray[np.float64]


def collected(person: SimulatedPerson, targets: Sequence[tuple[float, float]], t_ns: int) -> Collected:
    """30 frames per target, from 500 ms after it was shown."""
    features, target_px, index, times, truth, n_total = [], [], [], [], [], 0
    for number, target in enumerate(targets):
        person.observe(Scene("calibration", target_px=target), t_ns)
        start_ns, n_left = t_ns + 500 * MS, 30
        while n_left:
            t_ns += S // 30
            face = person.landmarks_at(t_ns, SIZE_PX)
            if t_ns < start_ns:
                continue
            n_total += 1
            if face is not None:
                features.append(eye_features(face))
                target_px.append(target)
                index.append(number)
                times.append(t_ns)
                truth.append(person.gaze_at(t_ns))
                n_left -= 1
    return Collected(
        np.array(features), np.array(target_px), np.array(index), np.array(times), n_total, np.array(truth)
    )


def calibrated(seed: int) -> ValidationSummary:
    person = SimulatedPerson(seed, SCREEN)
    learn = collected(person, NINE, 0)
    model = GazeModel().fit(learn.features, learn.target_px, learn.index)
    test = collected(person, FIVE, int(learn.t_ns[-1]) + S)
    gaze, _ = model.predict(test.features)
    return validate(gaze, test.target_px, test.index, test.t_ns, test.n_total, SCREEN)


N_WORDS = {"r0": 30, "r1": 28}


def layout_of(name: str, n_paragraphs: int = 4) -> TextLayout:
    """Geometry of a whole answer of :func:`read_pair`."""
    return layout(text(n_paragraphs, N_WORDS[name]), LEFT if name == "r0" else RIGHT, name)


@dataclass
class Read:
    person: SimulatedPerson
    t_ns: int
    decision: Decision
    gaze_px: NDArray[np.float64]
    t_gaze_ns: NDArray[np.int64]
    n_scrolls: int


def read_pair(seed: int, *, better: str = "r0", extra_questions: int = 0, n_paragraphs: int = 4) -> Read:
    """A pair of streaming answers, read until the person is ready to rate. Asked about every 48 ms."""
    person = SimulatedPerson(seed, SCREEN)
    views = {"r0": LEFT, "r1": RIGHT}
    sources = {name: text(n_paragraphs, N_WORDS[name]) for name in views}
    whole = {name: layout_of(name, n_paragraphs) for name in views}
    scroll_px = dict.fromkeys(sources, 0.0)
    gaze, times, decision, ready_ns, n_scrolls, t_ns = [], [], None, 0, 0, 0
    while decision is None or t_ns < ready_ns:
        t_ns += 48 * MS
        share = min(1.0, t_ns / (4 * S))
        shown = whole
        if share < 1:
            shown = {n: layout(s[: int(share * len(s)) + 1], views[n], n) for n, s in sources.items()}
        scene = pair_scene(
            shown["r0"], shown["r1"], scroll_px=(scroll_px["r0"], scroll_px["r1"]), complete=share >= 1
        )
        person.observe(scene, t_ns)
        for k in range(extra_questions):
            person.gaze_at(t_ns + k * 7 * MS)
            person.landmarks_at(t_ns - k * 5 * MS, SIZE_PX)
            person.pointer_at(t_ns + k * 3 * MS)
        wanted = person.scroll_request(t_ns)
        if wanted is not None:
            n_scrolls += 1
            scroll_px[wanted[0]] = wanted[1]
        gaze.append(person.gaze_at(t_ns))
        times.append(t_ns)
        if share >= 1 and decision is None:
            hints = {name: "better" if name == better else "worse" for name in sources}
            decision = person.decide(
                [(name, side, sources[name], hints[name]) for name, side in (("r0", "left"), ("r1", "right"))]
            )
            ready_ns = t_ns + decision.t_read_ns
    return Read(person, t_ns, decision, np.array(gaze), np.array(times), n_scrolls)


def test_that_a_seed_gives_the_same_person_however_often_it_is_asked() -> None:
    plain, pestered = read_pair(3), read_pair(3, extra_questions=4)
    np.testing.assert_array_equal(plain.gaze_px, pestered.gaze_px)
    assert plain.decision == pestered.decision
    for t_ns in range(plain.t_ns - S, plain.t_ns, 77 * MS):
        one, other = (read.person.landmarks_at(t_ns, SIZE_PX) for read in (plain, pestered))
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            np.testing.assert_array_equal(one.points_px, other.points_px)
        assert plain.person.pointer_at(t_ns) == pestered.person.pointer_at(t_ns)


def test_that_another_seed_is_another_person() -> None:
    assert SimulatedPerson(1).traits != SimulatedPerson(2).traits
    assert not np.array_equal(read_pair(1).gaze_px[:50], read_pair(2).gaze_px[:50])


def test_that_a_calibration_is_as_good_as_one_with_a_webcam() -> None:
    errors_px = [calibrated(seed).accuracy_px for seed in range(6)]
    assert min(errors_px) > 30 and max(errors_px) < 130
    assert 40 < np.median(errors_px) < 110


def test_that_eyes_go_to_a_target_after_a_latency_and_stay_there() -> None:
    person = SimulatedPerson(4, SCREEN)
    person.observe(Scene("calibration", target_px=(200.0, 200.0)), S)
    person.gaze_at(2 * S)
    person.observe(Scene("calibration", target_px=(1300.0, 800.0)), 3 * S)
    assert math.dist(person.gaze_at(3 * S + 150 * MS), (200, 200)) < 40
    later = [person.gaze_at(3 * S + ms * MS) for ms in range(330, 2000, 50)]
    assert max(math.dist(point, (1300, 800)) for point in later) < 40


def trait_extremes(name: str) -> tuple[int, int]:
    """Of thirty seeds those of the least and the most of a trait."""
    seeds = sorted(range(30), key=lambda seed: getattr(SimulatedPerson(seed).traits, name))
    return seeds[0], seeds[-1]


def test_that_a_thorough_reader_looks_at_nearly_every_line_of_both_answers() -> None:
    read = read_pair(trait_extremes("thoroughness")[1])
    for name, view in (("r0", LEFT), ("r1", RIGHT)):
        lines = {word.line: word.rect.center_px[1] + view.y_px for word in layout_of(name).words}
        heights = np.array(list(lines.values()))
        seen = {int(np.abs(heights - y).argmin()) for x, y in read.gaze_px if view.contains(x, y)}
        assert len(seen) / len(lines) > 0.85


def test_that_skimming_takes_less_time_than_reading() -> None:
    reader, skimmer = trait_extremes("p_skim")
    assert read_pair(skimmer, n_paragraphs=8).t_ns < 0.8 * read_pair(reader, n_paragraphs=8).t_ns


def test_that_most_jumps_while_reading_go_a_few_characters_forward() -> None:
    read = read_pair(8)
    jumps = np.diff(read.gaze_px[(read.t_gaze_ns > 5 * S) & (read.t_gaze_ns < 15 * S)], axis=0)
    moved = jumps[np.hypot(jumps[:, 0], jumps[:, 1]) > 15]
    assert np.mean(moved[:, 0] > 0) > 0.6
    forward = moved[(moved[:, 0] > 0) & (np.abs(moved[:, 1]) < 24)]
    assert 20 < np.median(forward[:, 0]) < 150


def test_that_nobody_reads_words_that_have_not_come_yet() -> None:
    person = SimulatedPerson(6, SCREEN)
    first = layout(text(1, 20), LEFT, "r0")
    scene = Scene("task", None, (ShownResponse("r0", "left", first, 0.0, False),))
    bottom_px = LEFT.y_px + first.words[-1].rect.bottom_px
    for t_ns in range(0, 20 * S, 48 * MS):
        person.observe(scene, t_ns)
    points = [person.gaze_at(t_ns) for t_ns in range(10 * S, 20 * S, 48 * MS)]
    assert max(y for _, y in points) < bottom_px + 45


def test_that_long_answers_are_scrolled_to_their_end() -> None:
    read = read_pair(7, n_paragraphs=14)
    assert read.n_scrolls >= 2
    assert read.person.scroll_request(read.t_ns) is None or read.n_scrolls > 0


def test_that_late_looking_tells_something_about_the_preference_but_not_everything() -> None:
    agree = []
    for seed in range(24):
        read = read_pair(seed, better="r0" if seed % 2 else "r1", n_paragraphs=2)
        if not read.decision.preferred_id:
            continue
        late = read.gaze_px[read.t_gaze_ns > read.t_ns - 4 * S]
        left = sum(LEFT.contains(*point) for point in late)
        right = sum(RIGHT.contains(*point) for point in late)
        liked_left = read.decision.preferred_id == "r0"
        agree.append((left > right) == liked_left)
    assert 0.55 < np.mean(agree) < 0.98


def test_that_the_better_answer_is_mostly_but_not_always_preferred() -> None:
    choices: Counter[str] = Counter()
    consistent = []
    for seed in range(400):
        person = SimulatedPerson(seed)
        decision = person.decide([(f"a{seed}", "left", "", "better"), (f"b{seed}", "right", "", "worse")])
        choices[decision.choice] += 1
        assert set(decision.ratings) == {f"a{seed}", f"b{seed}"}
        assert all(1 <= value <= 7 for value in decision.ratings.values())
        assert (decision.strength is None) == (decision.choice in ("tie", "both_bad"))
        if decision.choice in ("left", "right"):
            difference = decision.ratings[f"a{seed}"] - decision.ratings[f"b{seed}"]
            consistent.append(difference * (1 if decision.choice == "left" else -1))
    share = choices["left"] / (choices["left"] + choices["right"])
    assert 0.78 < share < 0.9
    assert choices["tie"] + choices["both_bad"] > 10
    assert np.mean(np.array(consistent) >= 0) > 0.95


def test_that_sides_do_not_matter_to_a_decision() -> None:
    for seed in range(30):
        one = SimulatedPerson(seed).decide([("a", "left", "", "better"), ("b", "right", "", "worse")])
        other = SimulatedPerson(seed).decide([("b", "left", "", "worse"), ("a", "right", "", "better")])
        assert one.preferred_id == other.preferred_id


def test_that_a_single_answer_gets_a_rating_and_no_choice() -> None:
    decision = SimulatedPerson(1, scale=5).decide([("a", "left", "some text", "")])
    assert (decision.choice, decision.strength, decision.preferred_id) == ("", None, "")
    assert 1 <= decision.ratings["a"] <= 5 and decision.t_read_ns > 0


def test_that_the_hand_arrives_where_it_was_sent_with_the_eyes_ahead() -> None:
    read = read_pair(9)
    person, goal = read.person, RATE_LEFT.rect.center_px
    press_ns = person.pointer_to(*goal, read.t_ns)
    assert 250 * MS < press_ns - read.t_ns < 3 * S
    assert RATE_LEFT.rect.contains(*person.pointer_at(press_ns))
    halfway = (read.t_ns + press_ns) // 2
    assert math.dist(person.gaze_at(halfway), goal) < math.dist(person.pointer_at(halfway), goal)
    path = [person.pointer_at(t) for t in range(read.t_ns, press_ns, 8 * MS)]
    steps = [math.dist(a, b) for a, b in itertools.pairwise(path)]
    assert max(steps) < 80 and steps.index(max(steps)) not in (0, len(steps) - 1)


def test_that_faces_are_lost_in_blinks_and_now_and_then_for_longer() -> None:
    person = SimulatedPerson(0, SCREEN)
    person.observe(Scene("calibration", target_px=(700.0, 400.0)), 0)
    lost = np.array([person.landmarks_at(t, SIZE_PX) is None for t in range(0, 120 * S, S // 30)])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lost.astype(int), [0]])))
    lengths = edges[1::2] - edges[::2]
    assert 0.01 < lost.mean() < 0.12
    assert 10 < len(lengths) < 50  # some 15 blinks a minute, the shortest fall between two frames
    assert lengths.max() >= 8 and np.median(lengths) <= 6


def test_that_looking_down_lowers_irises_and_lids() -> None:
    person = SimulatedPerson(2, SCREEN)
    top, bottom = (collected(person, [(720.0, y)], t) for y, t in ((60.0, 0), (840.0, 20 * S)))
    rise = bottom.features.mean(axis=0) - top.features.mean(axis=0)
    assert rise[1] > 0.05 and rise[6] > 0.05  # iris_y
    assert rise[2] > 0.02 and rise[7] > 0.02  # upper lids


class Stillness:
    """A person whose landmarks tell the time they were asked for."""

    def landmarks_at(self, t_ns: int, size_px: tuple[int, int]) -> FaceLandmarks:
        return FaceLandmarks(np.full((478, 3), float(t_ns)), size_px)


def test_that_the_simulated_camera_gives_exactly_its_rate_without_pictures() -> None:
    from ifllm_desktop.adapters.clock import SimulatedClock

    clock, person = SimulatedClock(), Stillness()
    camera = SimulatedCamera(person, clock, rate_hz=30)
    with pytest.raises(WorldError, match="camera_lost"):
        camera.read()
    clock.advance_to(5 * S)
    camera.open()
    frames = [camera.read() for _ in range(91)]
    assert [frame.index for frame in frames if frame] == list(range(91))
    assert frames[0] is not None and frames[-1] is not None
    assert frames[-1].t_ns - frames[0].t_ns == 3 * S == clock.now_ns() - 5 * S
    assert frames[0].image_bgr is None and frames[0].size_px == (1280, 720)
    face = SimulatedLandmarker(person, lambda t_ns: t_ns - 5 * S).detect(frames[30])  # type: ignore[arg-type]
    assert face is not None and face.points_px[0, 0] == S
    camera.close()
    assert camera.describe()["rate_hz"] == 30 and camera.devices == "simulated"


def test_that_a_late_reader_still_gets_frames_at_the_times_they_were_due() -> None:
    from ifllm_desktop.adapters.clock import SimulatedClock

    clock = SimulatedClock()
    camera = SimulatedCamera(Stillness(), clock, rate_hz=30)
    camera.open()
    times: list[int] = []
    while len(times) < 60:
        clock.advance_to(clock.now_ns() + 8 * MS)
        frame = camera.read()
        assert frame is not None
        times.append(frame.t_ns)
    assert np.abs(np.diff(times) - S / 30).max() <= 1
