"""A calibration by a target that moves along a path: the sibling of ``session.target_run``."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import Row
from ifllm_desktop.domain.time import NS_PER_MS
from ifllm_desktop.gaze.pursuit import PursuitFrames, PursuitPath, followed
from ifllm_desktop.session.frame_gate import OPEN_GATE, FrameGate, GateLimits
from ifllm_desktop.session.gaze_outcome import CalibrationTarget
from ifllm_desktop.session.target_frames import KeptFrame, TargetSamples, samples_of
from ifllm_desktop.session.target_run import TRAVEL_MS, Record, TargetView


class PursuitRun:
    """Moves a target along a path and collects the frames in which the eyes followed it.

    ::

        travel ──400 ms──► settle ──settle_ms──► collect: once along the path ──► done

    A pause stops the target; on ``release`` it settles where it stood and goes on from there. Frames are judged in the
    end, all together: the lag of the eyes is estimated, and frames whose gaze did not go along with the target are
    dropped (``gaze.pursuit.followed``). What is left is stored with the place that the eyes looked at, the target's
    ``lag`` earlier; the piece of path stands where other runs have the target.

    Parameters
    ----------
    path : PursuitPath
    record, attempt_id, limits
        As of ``TargetRun``.
    """

    phase = "pursuit"

    def __init__(
        self,
        path: PursuitPath,
        settle_ms: float,
        record: Record,
        attempt_id: str,
        *,
        limits: GateLimits = OPEN_GATE,
        travel_ms: float = TRAVEL_MS,
    ) -> None:
        self._path = path
        self._start_ns = round(travel_ms * NS_PER_MS)
        self._settle_ns = round(settle_ms * NS_PER_MS)
        self._record = record
        self.attempt_id = attempt_id
        self._gate = FrameGate(limits)
        self._moving_ns: int | None = None
        self._gone_ns = 0
        self._t_last_ns = 0
        self._held = False
        self._begun_ns: int | None = None
        self._frames: list[tuple[int, KeptFrame]] = []
        self._rejected: Counter[str] = Counter()
        self._n_arrived = 0
        self._face_lost = False
        self._code = ""
        self._found: PursuitFrames | None = None

    @property
    def done(self) -> bool:
        """Whether the path has been gone once."""
        return self._found is not None

    @property
    def n_passed(self) -> int:
        """Frames that passed the gate, whether the eyes followed or not."""
        return len(self._frames)

    @property
    def lag_ms(self) -> float:
        """How far the eyes were behind the target; NaN before the end and where nothing was measured."""
        found = self._found
        return found.lag_ns / NS_PER_MS if found is not None and found.kept.any() else float("nan")

    def view(self, t_ns: int) -> TargetView:
        """What to draw at ``t_ns``."""
        self._advance(t_ns)
        stage, stage_progress = self._stage(t_ns)
        place_ns = self._path_ns(t_ns)
        x_px, y_px = (float(v) for v in self._path.at(place_ns))
        return TargetView(
            x_px, y_px, int(self.done), 1, stage, min(1.0, place_ns / self._path.duration_ns), self._face_lost,
            stage_progress=stage_progress, kind="pursuit", gate=self._code if stage == "collect" else "",
            phase="calibration",
        )  # fmt: skip

    def frame(self, t_ns: int, frame_index: int, features: NDArray[np.float64] | None) -> None:
        """A frame was looked at; ``features`` is None when it has no usable eyes."""
        code = self._gate.judge(t_ns, features)
        self._face_lost = code == "no_face"
        self._advance(t_ns)
        if self.done or self._held or self._stage(t_ns)[0] != "collect":
            return
        self._n_arrived += 1
        self._code = "blink" if code == "closed" else code
        if code or features is None:
            self._rejected[self._code] += 1
            while code in ("no_face", "closed") and self._frames:
                if t_ns - self._frames[-1][1].t_ns > self._gate.margin_ns:
                    break
                self._frames.pop()
                self._rejected["blink"] += 1
            return
        place_ns = self._path_ns(t_ns)
        x_px, y_px = (float(v) for v in self._path.at(place_ns))
        kept = KeptFrame(t_ns, frame_index, np.array(features, dtype=np.float64), x_px, y_px)
        self._frames.append((place_ns, kept))

    def hold(self) -> None:
        """Paused: the target stands."""
        if not self._held:
            self._gone_ns = self._path_ns(self._t_last_ns)
            self._held = True

    def release(self, t_ns: int) -> None:
        """Settle where the target stands, then go on; nothing happens unless it was held."""
        if not self._held:
            return
        self._held = False
        if self._begun_ns is not None:
            self._moving_ns = t_ns + self._settle_ns

    def samples(self) -> TargetSamples:
        """Frames in which the eyes followed, piece by piece."""
        return samples_of(self._pieces(), self._n_arrived)

    def rows(self) -> list[Row]:
        """Rows of ``target_frame``; the target's place is where it was ``lag`` before the frame."""
        return [
            (f.t_ns, self.attempt_id, self.phase, piece, f.x_px, f.y_px, f.frame_index)
            for piece, f in self._pieces()
        ]

    def targets(self) -> tuple[CalibrationTarget, ...]:
        """The pieces of the path that were followed; the frames that were not are said of the first."""
        pieces = self._pieces()
        out: list[CalibrationTarget] = []
        for piece in sorted({piece for piece, _ in pieces}):
            frames = [f for number, f in pieces if number == piece]
            x_px = float(np.mean([f.x_px for f in frames]))
            y_px = float(np.mean([f.y_px for f in frames]))
            rejected = dict(sorted(self._rejected.items())) if not out else {}
            out.append(CalibrationTarget(piece, x_px, y_px, len(frames), rejected, state="good"))
        return tuple(out)

    def _pieces(self) -> list[tuple[int, KeptFrame]]:
        found = self._found
        if found is None:
            return []
        return [
            (int(piece), KeptFrame(f.t_ns, f.frame_index, f.features, float(x_px), float(y_px)))
            for piece, (x_px, y_px), (_, f) in zip(found.piece, found.target_px, self._frames, strict=True)
            if piece >= 0
        ]

    def _path_ns(self, t_ns: int) -> int:
        """How far along the path the target is, in time."""
        if self._moving_ns is None or self._held:
            return self._gone_ns
        return min(self._path.duration_ns, self._gone_ns + max(0, t_ns - self._moving_ns))

    def _stage(self, t_ns: int) -> tuple[str, float]:
        if self.done:
            return "done", 1.0
        since_ns = t_ns - (self._begun_ns if self._begun_ns is not None else t_ns)
        if self._gone_ns == 0 and since_ns < self._start_ns:
            return "travel", max(0.0, since_ns / self._start_ns)
        if self._moving_ns is None or t_ns < self._moving_ns:
            left_ns = (self._moving_ns or t_ns) - t_ns
            return "settle", min(1.0, max(0.0, 1 - left_ns / max(1, self._settle_ns)))
        return "collect", 1.0

    def _advance(self, t_ns: int) -> None:
        self._t_last_ns = t_ns
        if self._begun_ns is None:
            self._begun_ns = t_ns
            self._moving_ns = t_ns + self._start_ns + self._settle_ns
        if self.done or self._held or self._path_ns(t_ns) < self._path.duration_ns:
            return
        places = np.array([place for place, _ in self._frames], dtype=np.int64)
        features = np.array([f.features for _, f in self._frames], dtype=np.float64)
        self._found = followed(self._path, places, features.reshape(len(places), -1))
        n_left = int((self._found.piece < 0).sum())
        if n_left:
            self._rejected["unsteady"] += n_left
        for row in self.rows():
            self._record("target_frame", row)
