"""What keeps this computer from recording well, and what to do about it. Looks only; nothing is opened or changed.

Where the self test tries the program's own parts, this looks at what they stand on: packages, camera, display, disk,
power, clock, settings, and a study's folder.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as OutOfTime
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ifllm_desktop.adapters.camera_devices import list_cameras
from ifllm_desktop.compose_landmarker import chosen_model
from ifllm_desktop.domain.errors import DataError, IfllmError
from ifllm_desktop.protocol import load_protocol
from ifllm_desktop.settings import Settings, load_settings, settings_path
from ifllm_desktop.store.study import StudyFolder
from ifllm_desktop.wording import sentence

State = Literal["ok", "warning", "problem"]

PYTHONS = ((3, 11), (3, 12), (3, 13))
CHECK_LIMIT_S = 10.0
"""A check that takes longer is given up: a broken camera driver may hang for good."""
WARN_FREE_GB, LEAST_FREE_GB = 2.0, 0.5
HOUR_GB = 0.06
"""An hour of recording with eye patches at 30 Hz: 3.5 MB in 219 s of a simulated session."""
WARN_SYNC_MS = 100.0
"""A commit waits for the disk this long at most before ratings feel late."""
WARN_MEMORY_GB, WARN_CORES = 2.0, 2
_REPORTING_MEDIAPIPE = (0, 10, 35)
_POWER = Path("/sys/class/power_supply")
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
_MEMORY = Path("/proc/meminfo")
_PACKAGES = ("PySide6-Essentials", "mediapipe", "opencv-contrib-python", "numpy", "torch", "pyarrow")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; ``remedy`` is empty where all is well."""

    name: str
    state: State
    detail: str
    remedy: str = ""


def run(study: Path | None = None) -> dict[str, Any]:
    """Every check in order.

    Returns
    -------
    dict
        ``ok`` (no problem; warnings do not count), ``checks: [{name, state, detail, remedy}]``.
    """
    checks: list[tuple[str, Callable[[], Finding]]] = [
        ("Python", python_version), ("packages", packages), ("OpenCV", one_opencv), ("face model", face_model),
        ("cameras", cameras), ("display", display), ("fonts", fonts), ("disk", lambda: disk(study or Path.home())),
        ("disk speed", lambda: disk_speed(study)), ("memory", memory), ("power", power), ("clock", clock),
        ("settings", settings_file),
    ]  # fmt: skip
    if study is not None:
        checks.append(("study", lambda: study_folder(study)))
    findings = [_in_time(name, check) for name, check in checks]
    ok = all(finding.state != "problem" for finding in findings)
    return {"ok": ok, "checks": [asdict(finding) for finding in findings]}


def _in_time(name: str, check: Callable[[], Finding]) -> Finding:
    """A check's finding, also when it hangs or fails."""
    pool = ThreadPoolExecutor(1, thread_name_prefix=f"doctor {name}")
    try:
        return pool.submit(check).result(CHECK_LIMIT_S)
    except OutOfTime:
        return Finding(name, "warning", f"no answer within {CHECK_LIMIT_S:.0f} s", "Start the computer anew.")
    except Exception as error:  # noqa: BLE001 - whatever stops a check is what it has to report
        return Finding(name, "warning", sentence(error), "Look at it by hand.")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


# ---- the program's own ground -------------------------------------------------------------------
def python_version() -> Finding:
    """Whether this Python is one that the program is made for."""
    version = platform.python_version()
    if sys.version_info[:2] in PYTHONS:
        return Finding("Python", "ok", version)
    known = ", ".join(f"{major}.{minor}" for major, minor in PYTHONS)
    return Finding("Python", "problem", version, f"Install Python {known} and set the program up anew.")


def packages() -> Finding:
    """Versions of the heavy packages; a MediaPipe that reports over the network is a problem."""
    found, missing = {}, []
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    detail = ", ".join(f"{name} {version}" for name, version in found.items())
    set_up = "Set the program up anew with `python3 packaging/bootstrap.py run`."
    if missing:
        return Finding("packages", "problem", f"{detail}; without {', '.join(missing)}", set_up)
    numbers = tuple(int(part) for part in found["mediapipe"].split(".")[:3] if part.isdigit())
    if numbers >= _REPORTING_MEDIAPIPE:
        remedy = f"This MediaPipe reports its use over the network, and the program refuses it. {set_up}"
        return Finding("packages", "problem", detail, remedy)
    return Finding("packages", "ok", detail)


def one_opencv() -> Finding:
    """Two packages that own ``cv2`` break each other."""
    owners = sorted(set(importlib.metadata.packages_distributions().get("cv2", [])))
    if len(owners) == 1:
        return Finding("OpenCV", "ok", owners[0])
    remedy = "Uninstall all of them, then install opencv-contrib-python alone."
    return Finding("OpenCV", "problem", ", ".join(owners) or "none installed", remedy)


def face_model() -> Finding:
    """Whether the landmarker that the settings choose can be had."""
    try:
        model = chosen_model(load_settings())
    except IfllmError as error:
        return Finding("face model", "problem", sentence(error), "Run `ifllm-desktop gaze fetch-model`.")
    return Finding("face model", "ok", "Face Mesh, comes with MediaPipe" if model is None else str(model))


# ---- devices ------------------------------------------------------------------------------------
def cameras() -> Finding:
    """Cameras by name; without one only the pointer is recorded."""
    found = list_cameras()
    if not found:
        remedy = (
            "Connect one, or allow this program to use it; without a camera only the pointer is recorded."
        )
        return Finding("cameras", "warning", "none found", remedy)
    denied = [f"/dev/video{c.index}" for c in found if _denied(Path(f"/dev/video{c.index}"))]
    names = ", ".join(f"{camera.index}: {camera.name}" for camera in found)
    if denied:
        remedy = "Join the group video (`sudo usermod -aG video $USER`), then log in anew."
        return Finding("cameras", "problem", f"{names}; no permission for {', '.join(denied)}", remedy)
    return Finding("cameras", "ok", names)


def _denied(device: Path) -> bool:
    return device.exists() and not os.access(device, os.R_OK | os.W_OK)


def display() -> Finding:
    """Whether a window can be opened."""
    shown = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    if shown or not sys.platform.startswith("linux"):
        return Finding("display", "ok", shown or platform.system())
    remedy = "Log in at the screen to record people; `--headless` forms work without one."
    return Finding("display", "warning", "none", remedy)


def fonts() -> Finding:
    """Answers are set in DejaVu, which comes with matplotlib."""
    spec = importlib.util.find_spec("matplotlib")
    folder = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" if spec and spec.origin else None
    missing = [
        name
        for name in ("DejaVuSans.ttf", "DejaVuSansMono.ttf")
        if folder is None or not (folder / name).is_file()
    ]
    if missing:
        remedy = "Set the program up anew with `python3 packaging/bootstrap.py run`."
        return Finding("fonts", "problem", f"without {', '.join(missing)}", remedy)
    return Finding("fonts", "ok", "DejaVu Sans and Mono")


# ---- the computer -------------------------------------------------------------------------------
def disk(folder: Path) -> Finding:
    """Free space where a study is kept."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free_gb = shutil.disk_usage(there).free / 1e9
    detail = f"{free_gb:.1f} GB free at {there}, enough for {free_gb / HOUR_GB:,.0f} hours of recording"
    if free_gb < LEAST_FREE_GB:
        return Finding("disk", "problem", detail, "Free some space before anybody is recorded.")
    if free_gb < WARN_FREE_GB:
        return Finding("disk", "warning", detail, "Free some space soon.")
    return Finding("disk", "ok", detail)


def disk_speed(folder: Path | None) -> Finding:
    """How long a small write takes to be on the disk, median of nine, in a file that is deleted at once."""
    place = folder if folder is not None and folder.is_dir() and os.access(folder, os.W_OK) else None
    took_ms = []
    with tempfile.TemporaryFile(dir=place) as file:
        for _ in range(9):
            start = time.perf_counter()
            file.write(b"x" * 16_384)
            file.flush()
            os.fsync(file.fileno())
            took_ms.append(1000 * (time.perf_counter() - start))
    median_ms = sorted(took_ms)[4]
    detail = f"{median_ms:.1f} ms until 16 kB are on the disk"
    if median_ms > WARN_SYNC_MS:
        return Finding("disk speed", "warning", detail, "Keep the study on an internal disk while recording.")
    return Finding("disk speed", "ok", detail)


def memory() -> Finding:
    """Memory that is free, and processors."""
    cores = os.cpu_count() or 1
    free_gb = _free_memory_gb()
    said = f"{free_gb:.1f} GB free, " if free_gb is not None else ""
    detail = f"{said}{cores} processor{'s' if cores > 1 else ''}"
    if cores < WARN_CORES:
        return Finding(
            "memory", "warning", detail, "One processor is too few for camera and window together."
        )
    if free_gb is not None and free_gb < WARN_MEMORY_GB:
        return Finding("memory", "warning", detail, "Close other programs before recording.")
    return Finding("memory", "ok", detail)


def _free_memory_gb() -> float | None:
    try:
        lines = _MEMORY.read_text("ascii").splitlines()
    except OSError:
        return None  # not Linux
    return next((int(line.split()[1]) / 1e6 for line in lines if line.startswith("MemAvailable:")), None)


def power() -> Finding:
    """On battery, and with a processor that saves power, the camera's rate drops."""
    kinds = {path.name: _word(path / "type") for path in _POWER.iterdir()} if _POWER.is_dir() else {}
    plugged = [_word(_POWER / name / "online") == "1" for name, kind in kinds.items() if kind == "Mains"]
    battery = [
        name
        for name, kind in kinds.items()
        if kind == "Battery" and _word(_POWER / name / "scope") != "Device"
    ]
    governor = _word(_GOVERNOR)
    detail = "on battery" if battery and not any(plugged) else "on mains"
    detail += f", processor governor {governor}" if governor else ""
    if battery and not any(plugged):
        return Finding("power", "warning", detail, "Plug the computer in before recording.")
    if governor == "powersave" and not (_GOVERNOR.parent / "energy_performance_preference").exists():
        return Finding(
            "power", "warning", detail, "Choose the power profile for performance before recording."
        )
    return Finding("power", "ok", detail)


def _word(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except OSError:
        return ""


def clock() -> Finding:
    """The one clock of a recording has to be monotonic and finer than a tenth of a millisecond."""
    info = time.get_clock_info("perf_counter")
    detail = f"{info.implementation}, {1e9 * info.resolution:.0f} ns"
    if not info.monotonic or info.resolution > 1e-4:
        return Finding(
            "clock", "problem", detail, "Times would not be true on this computer: use another one."
        )
    return Finding("clock", "ok", detail)


# ---- files --------------------------------------------------------------------------------------
def settings_file() -> Finding:
    """Whether the settings can be read; where not, defaults are used."""
    path = settings_path()
    if not path.exists():
        return Finding("settings", "ok", f"defaults (no {path.name} yet)")
    try:
        Settings.model_validate(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as error:
        return Finding("settings", "warning", f"{path}: {type(error).__name__}", f"Mend or delete {path}.")
    return Finding("settings", "ok", str(path))


def study_folder(path: Path) -> Finding:
    """Whether a study can be recorded into. Recordings are checked by ``verify``."""
    try:
        protocol = load_protocol(StudyFolder.open(path).protocol_path)
    except IfllmError as error:
        remedy = "See `ifllm-desktop new --help`." if not isinstance(error, DataError) else "Mend that first."
        return Finding("study", "problem", sentence(error), remedy)
    if not os.access(path, os.W_OK):
        return Finding("study", "problem", f"{path} cannot be written to", "Change its permissions.")
    return Finding("study", "ok", f"{protocol.id}: {len(protocol.tasks)} tasks; check recordings with verify")
