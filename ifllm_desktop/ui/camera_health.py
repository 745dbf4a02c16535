"""What the camera check shows, and what is said about it: values in, verdicts out, no widgets."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

MIN_RATE_HZ = 20.0
DISTANCE_CM = (50.0, 70.0)
MAX_ROLL_DEG = 12.0
MAX_YAW_DEG = 15.0
BRIGHTNESS = (60.0, 210.0)
"""Mean grey of the face, 0–255, between which light is called good."""
MAX_SIDE_IMBALANCE = 0.25
"""Difference of the cheeks' brightness over their sum; 0.25 is 1.7 : 1."""
MAX_GLARE = 0.02
"""Share of saturated pixels around an eye. The bright point that every eye has stays below a quarter of that."""
MIN_SHARPNESS = 0.10
"""Faces in focus have 0.20 to 0.46, blurred by 2 % of the distance between the eyes 0.12 to 0.15."""
MIN_IRIS_PX = 8.0
GLASSES_LIKELY, GLASSES_UNLIKELY = 0.8, 0.2
HELD_AFTER_S = 1.0
FRAME_CENTRE = (0.5, 0.48)
"""Where a face should be, in units of the picture's width and height."""
FRAME_HEIGHT = 0.72
PLACE_TOLERANCE = (0.16, 0.17)


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """What the camera check shows.

    Attributes
    ----------
    state : str
        ``off``, ``starting``, ``opened``, ``lost`` or ``failed``.
    face_box : tuple of float or None
        (x, y, w, h) in units of the unmirrored picture's width and height.
    distance_cm, rate_hz, brightness, roll_deg, yaw_deg, glare, side_imbalance, sharpness, iris_px, p_glasses : float
        NaN where not known. ``brightness`` is 0–255; the rest as in ``gaze.image_quality``.
    source_label : str
        Where the picture comes from, in words; shown as it is.
    simulated : bool
        No person is in front of a camera: said plainly on the page.
    problem : str
        One sentence about what is wrong and what to do; empty when nothing is.
    problem_code : str
        Its code.
    size_px, wanted_px : tuple of int
        Of the picture, and what the camera was asked for; zeros where not known.
    face_age_s : float
        Since the newest frame with a face; values of an older one are held and greyed.
    """

    state: str
    face_found: bool = False
    face_box: tuple[float, float, float, float] | None = None
    distance_cm: float = math.nan
    rate_hz: float = math.nan
    brightness: float = math.nan
    roll_deg: float = math.nan
    source_label: str = ""
    simulated: bool = False
    problem: str = ""
    problem_code: str = ""
    yaw_deg: float = math.nan
    glare: float = math.nan
    side_imbalance: float = math.nan
    sharpness: float = math.nan
    iris_px: float = math.nan
    p_glasses: float = math.nan
    size_px: tuple[int, int] = (0, 0)
    wanted_px: tuple[int, int] = (0, 0)
    face_age_s: float = math.nan

    @property
    def held(self) -> bool:
        """Whether the values are those of a face that was seen a while ago."""
        return not self.face_found and self.face_age_s > HELD_AFTER_S

    @property
    def running(self) -> bool:
        """Whether pictures come."""
        return self.state == "opened"


@dataclass(frozen=True, slots=True)
class Verdict:
    """State (``good``, ``note``, ``warning``, ``bad`` or ``unknown``), value with its unit, what to do."""

    state: str
    value: str
    hint: str


def verdicts(health: CameraHealth) -> dict[str, Verdict]:
    """Every check, in the order in which things are mended."""
    found = {
        "face": _face(health), "distance": _distance(health.distance_cm), "light": _light(health),
        "rate": _rate(health), "head": _head(health), "glasses": _glasses(health), "eyes": _eyes(health),
    }  # fmt: skip
    if health.simulated:
        for name in _NEED_A_PICTURE:
            found[name] = Verdict("unknown", "–", _tr("Needs a picture; a simulated participant has none."))
    return found


_NEED_A_PICTURE = ("light", "glasses", "eyes")


def place_of(box: tuple[float, float, float, float]) -> tuple[int, int]:
    """Where a face has to move: (−1 left, 1 right; −1 up, 1 down) as seen in the mirror; zeros where it is right.

    The forehead is not part of the landmarks' box, so its middle lies a little below that of the face.
    """
    x, y, w, h = box
    mirrored = 1.0 - x - w / 2 - FRAME_CENTRE[0]
    down = y + h / 2 - FRAME_CENTRE[1]
    return (
        0 if abs(mirrored) <= PLACE_TOLERANCE[0] else -1 if mirrored > 0 else 1,
        0 if abs(down) <= PLACE_TOLERANCE[1] else -1 if down > 0 else 1,
    )


def _face(health: CameraHealth) -> Verdict:
    if health.face_found:
        box = health.face_box
        place = place_of(box) if box is not None and all(math.isfinite(v) for v in box) else (0, 0)
        if place == (0, 0):
            return Verdict("good", _tr("centred"), _tr("Move little from now on."))
        value, hint = _MOVES[place]
        return Verdict("warning", _tr(value), _tr(hint))
    if health.running:
        return Verdict("bad", _tr("not found"), _tr("Sit in front of the camera, with light on your face."))
    return Verdict("unknown", "–", _tr("Waiting for the camera."))


def _distance(cm: float) -> Verdict:
    value = _tr("{value:.0f} cm")
    if not math.isfinite(cm):
        return _unknown()
    if cm < DISTANCE_CM[0]:
        return Verdict("warning", value.format(value=cm), _tr("Move back a little."))
    if cm > DISTANCE_CM[1]:
        return Verdict("warning", value.format(value=cm), _tr("Come a little closer."))
    return Verdict("good", value.format(value=cm), _tr("Between 50 and 70 cm is good."))


def _light(health: CameraHealth) -> Verdict:
    grey = health.brightness
    if not math.isfinite(grey):
        return _unknown()
    measured = _tr("Brightness {value:.0f} of 255.").format(value=grey)
    if grey < BRIGHTNESS[0]:
        return Verdict("warning", _tr("too dark"), _tr("Turn on a light in front of you."))
    if grey > BRIGHTNESS[1]:
        return Verdict("warning", _tr("too bright"), _tr("Turn away from the bright light."))
    if abs(health.side_imbalance) > MAX_SIDE_IMBALANCE:
        # in the mirror the side on the picture's right is on the left
        left = health.side_imbalance > 0
        hint = (
            _tr("The light comes from the left: turn towards it, or add one on the right.")
            if left
            else _tr("The light comes from the right: turn towards it, or add one on the left.")
        )
        return Verdict("warning", _tr("one-sided"), hint)
    return Verdict("good", _tr("even"), measured)


def _rate(health: CameraHealth) -> Verdict:
    needed = _tr("At least {n:.0f} are needed.").format(n=MIN_RATE_HZ)
    width, height = health.size_px
    if not math.isfinite(health.rate_hz):
        return Verdict("unknown", "–", needed)
    value = (
        _tr("{rate:.1f} fps · {width} × {height}").format(rate=health.rate_hz, width=width, height=height)
        if width
        else _tr("{rate:.1f} fps").format(rate=health.rate_hz)
    )
    if health.rate_hz < MIN_RATE_HZ:
        return Verdict(
            "bad", value, _tr("More light makes most cameras faster; close other programs that use it.")
        )
    if width and health.wanted_px[0] and (width < health.wanted_px[0] or height < health.wanted_px[1]):
        hint = _tr("Asked for {width} × {height}; this camera gives less, so the eyes are small in it.")
        return Verdict("warning", value, hint.format(width=health.wanted_px[0], height=health.wanted_px[1]))
    return Verdict("good", value, needed)


def _head(health: CameraHealth) -> Verdict:
    roll, yaw = abs(health.roll_deg), abs(health.yaw_deg)
    if not math.isfinite(roll):
        return _unknown()
    value = (
        _tr("{roll:.0f}° tilt · {yaw:.0f}° turn").format(roll=roll, yaw=yaw)
        if math.isfinite(yaw)
        else _tr("{roll:.0f}° tilt").format(roll=roll)
    )
    if roll > MAX_ROLL_DEG:
        return Verdict("warning", value, _tr("Hold your head upright."))
    if yaw > MAX_YAW_DEG:
        return Verdict("warning", value, _tr("Face the screen; put the camera in its middle."))
    return Verdict("good", value, _tr("Upright and facing the camera."))


def _glasses(health: CameraHealth) -> Verdict:
    p, glare = health.p_glasses, health.glare
    if glare > MAX_GLARE:
        hint = _tr("Bright spot over {share:.0f} % of an eye: tilt the screen or move the lamp to the side.")
        return Verdict("warning", _tr("reflection"), hint.format(share=100 * glare))
    if not math.isfinite(p):
        return _unknown()
    if p >= GLASSES_LIKELY:
        return Verdict(
            "note",
            _tr("likely ({p:.0f} %)").format(p=100 * p),
            _tr("Glasses: tilt them a little, or take them off if you can read without."),
        )
    if p <= GLASSES_UNLIKELY:
        return Verdict("good", _tr("none seen"), _tr("No reflection at the eyes."))
    hint = _tr("With glasses: tilt them a little, or take them off if you can read without.")
    return Verdict("note", _tr("not sure ({p:.0f} %)").format(p=100 * p), hint)


def _eyes(health: CameraHealth) -> Verdict:
    if not math.isfinite(health.iris_px):
        return _unknown()
    value = _tr("iris {value:.0f} px").format(value=health.iris_px)
    if health.sharpness < MIN_SHARPNESS:
        return Verdict("warning", _tr("blurred"), _tr("Clean the lens, or wait until it has focused."))
    if health.iris_px < MIN_IRIS_PX:
        return Verdict("warning", value, _tr("The eyes are small in the picture: come closer."))
    return Verdict("good", value, _tr("Sharp enough."))


def _unknown() -> Verdict:
    return Verdict("unknown", "–", _tr("Not known yet."))


def _tr(text: str) -> str:
    return QCoreApplication.translate("CameraHealth", text)


_MOVES: dict[tuple[int, int], tuple[str, str]] = {
    (-1, 0): ("move left", "Move to the left, until your face is in the dashed frame."),
    (1, 0): ("move right", "Move to the right, until your face is in the dashed frame."),
    (0, -1): ("move up", "Sit higher, or tilt the camera down a little."),
    (0, 1): ("move down", "Sit lower, or tilt the camera up a little."),
    (-1, -1): ("move left and up", "Move to the left and sit higher, or turn the camera towards you."),
    (1, -1): ("move right and up", "Move to the right and sit higher, or turn the camera towards you."),
    (-1, 1): ("move left and down", "Move to the left and sit lower, or turn the camera towards you."),
    (1, 1): ("move right and down", "Move to the right and sit lower, or turn the camera towards you."),
}
