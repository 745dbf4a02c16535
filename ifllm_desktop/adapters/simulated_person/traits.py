"""What makes one simulated person differ from another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Traits:
    """Constant over a person's sessions.

    Attributes
    ----------
    fixation_ms : float
        Mean duration of a fixation while reading (200–260 ms; Rayner 1998, doi 10.1037/0033-2909.124.3.372).
    chars_per_fixation : float
        Mean length of a forward saccade while reading, 7–9 characters (same source).
    p_skim : float
        Probability that the rest of a line is skipped.
    thoroughness : float
        Share of an answer that is read before the person may give up on it.
    p_pointer_follows : float
        Probability that the pointer is moved along with a fixation.
    gaze_shows_preference : float
        How much more late looking the preferred answer gets; 0 = none, 1 = strongly.
    leniency : float
        Added to every rating.
    distance_mm : float
        From the eyes to the screen.
    head_mm, head_deg : float
        Amplitude of slow head motion.
    head_follows : float
        Share of a gaze shift that the head makes.
    noise_px : float
        Standard deviation of landmark noise from frame to frame, picture px.
    drift_px : float
        Amplitude of landmark error that changes over seconds to minutes, picture px; this is what limits a calibration.
    face_scale : tuple of float
        Width, height and depth of the face relative to the average.
    """

    fixation_ms: float
    chars_per_fixation: float
    p_skim: float
    thoroughness: float
    p_pointer_follows: float
    gaze_shows_preference: float
    leniency: float
    distance_mm: float
    head_mm: float
    head_deg: float
    head_follows: float
    noise_px: float
    drift_px: float
    face_scale: tuple[float, float, float]

    @staticmethod
    def drawn(seed: int) -> Traits:
        """The traits of the person with this seed."""
        rng = np.random.default_rng([seed, 1])
        return Traits(
            fixation_ms=rng.uniform(200, 260),
            chars_per_fixation=rng.uniform(7, 9),
            p_skim=float(rng.beta(2.0, 2.5)),
            thoroughness=rng.uniform(0.6, 1.0),
            p_pointer_follows=float(rng.beta(1.2, 4.0)),
            gaze_shows_preference=rng.uniform(0.2, 0.9),
            leniency=rng.normal(0, 0.5),
            distance_mm=rng.uniform(560, 660),
            head_mm=rng.uniform(2, 6),
            head_deg=rng.uniform(0.5, 1.6),
            head_follows=rng.uniform(0.05, 0.25),
            noise_px=rng.uniform(0.25, 0.45),
            drift_px=rng.uniform(0.25, 0.5),
            face_scale=(rng.uniform(0.96, 1.04), rng.uniform(0.96, 1.04), rng.uniform(0.94, 1.06)),
        )
