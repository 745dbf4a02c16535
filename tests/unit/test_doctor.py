"""The doctor names what keeps a computer from recording well, each with a remedy."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ifllm_desktop import compose, doctor
from ifllm_desktop.adapters.camera_devices import CameraDevice
from ifllm_desktop.doctor import Finding
from ifllm_desktop.domain.errors import WorldError


def told(finding: Finding, state: str, *words: str) -> None:
    """The finding has this state; what is not well has a remedy that is a sentence."""
    assert finding.state == state, finding
    assert bool(finding.remedy) is (state != "ok"), finding
    assert finding.remedy.endswith(".") or state == "ok"
    for word in words:
        assert word in finding.detail + finding.remedy, finding


def test_that_this_computer_is_told_about_whole(tmp_path: Path) -> None:
    study = compose.new_study(tmp_path / "study", "demo")
    report = doctor.run(study)
    assert [check["name"] for check in report["checks"]] == [
        "Python", "packages", "OpenCV", "face model", "cameras", "display", "fonts", "disk", "disk speed", "memory",
        "power", "clock", "settings", "study",
    ]  # fmt: skip
    assert report["ok"] is all(check["state"] != "problem" for check in report["checks"])
    assert all(bool(check["remedy"]) is (check["state"] != "ok") for check in report["checks"])


def test_that_a_check_that_hangs_or_fails_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECK_LIMIT_S", 0.2)
    release = threading.Event()
    monkeypatch.setattr(doctor, "list_cameras", lambda: release.wait(10))

    def broken() -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(doctor, "clock", broken)
    checks = {check["name"]: check for check in doctor.run()["checks"]}
    release.set()
    assert (
        checks["cameras"]["detail"].startswith("no answer within") and checks["clock"]["state"] == "warning"
    )
    assert checks["settings"]["state"] == "ok"


def test_that_an_unknown_python_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    told(doctor.python_version(), "ok")
    monkeypatch.setattr(doctor.sys, "version_info", (3, 9, 1))
    told(doctor.python_version(), "problem", "3.11, 3.12, 3.13")


@pytest.mark.parametrize(
    ("changes", "state", "word"),
    [
        ({}, "ok", ""),
        ({"mediapipe": "0.10.35"}, "problem", "reports"),
        ({"torch": None}, "problem", "without torch"),
    ],
)
def test_that_packages_are_looked_at(
    changes: dict[str, str | None], state: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        found = changes.get(name, "0.10.21")
        if found is None:
            raise doctor.importlib.metadata.PackageNotFoundError(name)
        return found

    monkeypatch.setattr(doctor.importlib.metadata, "version", version)
    told(doctor.packages(), state, word)


@pytest.mark.parametrize(
    ("owners", "state"),
    [
        (["opencv-contrib-python"], "ok"),
        (["opencv-contrib-python", "opencv-python"], "problem"),
        ([], "problem"),
    ],
)
def test_that_opencv_has_one_owner(owners: list[str], state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.importlib.metadata, "packages_distributions", lambda: {"cv2": owners})
    told(doctor.one_opencv(), state)


def test_that_a_missing_face_model_says_how_to_fetch_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: object) -> None:
        raise WorldError("landmarker_none")

    monkeypatch.setattr(doctor, "chosen_model", none)
    told(doctor.face_model(), "problem", "gaze fetch-model")


@pytest.mark.parametrize(
    ("found", "denied", "state"), [(0, False, "warning"), (1, False, "ok"), (1, True, "problem")]
)
def test_that_cameras_are_named(
    found: int, denied: bool, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = tuple(CameraDevice(n, f"Webcam {n}", f"id-{n}", "", "") for n in range(found))
    monkeypatch.setattr(doctor, "list_cameras", lambda: devices)
    monkeypatch.setattr(doctor, "_denied", lambda _: denied)
    told(doctor.cameras(), state, *(["Webcam 0"] if found else []))


@pytest.mark.parametrize(("free_gb", "state"), [(50.0, "ok"), (1.5, "warning"), (0.2, "problem")])
def test_that_a_full_disk_is_noticed_before_anybody_is_recorded(
    free_gb: float, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=free_gb * 1e9))
    told(doctor.disk(tmp_path / "not" / "yet"), state, f"{free_gb:.1f} GB free", str(tmp_path))


def test_that_a_slow_disk_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told(doctor.disk_speed(tmp_path), "ok")
    monkeypatch.setattr(doctor, "WARN_SYNC_MS", -1.0)
    told(doctor.disk_speed(tmp_path), "warning")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("available_kb", "cores", "state"),
    [(8_000_000, 4, "ok"), (900_000, 4, "warning"), (8_000_000, 1, "warning"), (None, 4, "ok")],
)
def test_that_memory_and_processors_are_looked_at(
    available_kb: int | None, cores: int, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "meminfo"
    if available_kb is not None:
        path.write_text(f"MemTotal: 16000000 kB\nMemAvailable: {available_kb} kB\n", "ascii")
    monkeypatch.setattr(doctor, "_MEMORY", path)
    monkeypatch.setattr(doctor.os, "cpu_count", lambda: cores)
    told(doctor.memory(), state)


@pytest.mark.parametrize(
    ("files", "governor", "state"),
    [
        ({}, "", "ok"),
        ({"AC": {"type": "Mains", "online": "1"}, "BAT0": {"type": "Battery"}}, "", "ok"),
        ({"AC": {"type": "Mains", "online": "0"}, "BAT0": {"type": "Battery"}}, "", "warning"),
        ({"mouse": {"type": "Battery", "scope": "Device"}}, "", "ok"),
        ({}, "powersave", "warning"),
        ({}, "performance", "ok"),
    ],
)
def test_that_battery_and_saving_of_power_are_noticed(
    files: dict[str, dict[str, str]],
    governor: str,
    state: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, values in files.items():
        (tmp_path / "power" / name).mkdir(parents=True)
        for key, value in values.items():
            (tmp_path / "power" / name / key).write_text(value + "\n")
    if governor:
        (tmp_path / "governor").write_text(governor + "\n")
    monkeypatch.setattr(doctor, "_POWER", tmp_path / "power")
    monkeypatch.setattr(doctor, "_GOVERNOR", tmp_path / "governor")
    told(doctor.power(), state)


def test_that_a_coarse_clock_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    coarse = SimpleNamespace(implementation="x", resolution=0.015, monotonic=True)
    monkeypatch.setattr(doctor.time, "get_clock_info", lambda _: coarse)
    told(doctor.clock(), "problem")


@pytest.mark.parametrize(
    ("content", "state"),
    [(None, "ok"), (json.dumps({"theme": "dark"}), "ok"), ("{", "warning"), ('{"theme": 7}', "warning")],
)  # fmt: skip
def test_that_settings_that_cannot_be_read_are_told(
    content: str | None, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IFLLM_CONFIG_DIR", str(tmp_path))
    if content is not None:
        (tmp_path / "settings.json").write_text(content)
    told(doctor.settings_file(), state)


def test_that_a_study_that_cannot_be_used_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = compose.new_study(tmp_path / "study", "demo")
    told(doctor.study_folder(study), "ok", "2 tasks")
    told(doctor.study_folder(tmp_path / "none"), "problem")
    real: Any = doctor.os.access
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: path != study and real(path, mode))
    told(doctor.study_folder(study), "problem", "cannot be written to")
    (study / "study.yaml").write_text("id: [")
    told(doctor.study_folder(study), "problem", "line 1")
