"""Decisions of the set-up script, each with the machine that it is taken on put in by hand."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
SCRIPT = CHECKOUT / "packaging" / "bootstrap.py"


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module of its own for each test."""
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # No test starts the set-up itself or hands it on to a Python of this machine: that would replace .venv.
    monkeypatch.setattr(module, "call", lambda command, **_: pytest.fail(f"started {command}"))
    if sys.version_info[:2] not in module.WANTED[: module.N_WITH_FACE_MODEL]:
        monkeypatch.setattr(module, "WANTED", (sys.version_info[:2], *module.WANTED))
    return module


@pytest.fixture
def installed(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Arguments of every `pip install`, none of which is carried out."""
    calls: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "pip_install", lambda python, arguments, **_: calls.append(arguments))
    monkeypatch.setattr(bootstrap, "installed_version", lambda python, name: "")
    monkeypatch.setattr(bootstrap.sys, "platform", "linux")
    monkeypatch.delenv("IFLLM_TORCH_INDEX", raising=False)
    return calls


def pinned_torch() -> str:
    """Requirement of PyTorch as the constraints pin it."""
    (line,) = re.findall(
        r"^torch==\S+", (CHECKOUT / "packaging" / "constraints.txt").read_text(), re.MULTILINE
    )
    return str(line)


# ---- what any Python has to understand ---------------------------------------------------------------------
def test_that_an_old_python_3_can_read_the_script() -> None:
    ast.parse(SCRIPT.read_text("utf-8"), feature_version=(3, 6))


def test_that_only_the_standard_library_is_imported() -> None:
    tree = ast.parse(SCRIPT.read_text("utf-8"))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert names <= sys.stdlib_module_names


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["fly"], 2), (["--help"], 0)])
def test_that_a_wrong_call_prints_the_usage(
    arguments: list[str], code: int, bootstrap: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bootstrap.main(arguments) == code
    assert "run|test" in capsys.readouterr().err


# ---- the pins ----------------------------------------------------------------------------------------------
def test_that_constraints_are_pins_and_nothing_else() -> None:
    lines = (CHECKOUT / "packaging" / "constraints.txt").read_text("utf-8").splitlines()
    pin = re.compile(r"[A-Za-z0-9_.\-]+==[0-9][0-9A-Za-z.]*( ; \S.*)?")
    assert [line for line in lines if not line.startswith("#") and not pin.fullmatch(line)] == []


def test_that_everything_the_project_asks_for_is_pinned(bootstrap: ModuleType) -> None:
    text = (CHECKOUT / "pyproject.toml").read_text("utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    assert set(bootstrap.TEST_EXTRAS) <= set(extras)
    for requirement in bootstrap.requirements_of(text, extras):
        match = re.match(r"[A-Za-z0-9_.\-]+", requirement)
        assert match is not None
        assert bootstrap.pinned_version(match[0])


def test_that_a_missing_pin_is_said_in_a_sentence(bootstrap: ModuleType) -> None:
    with pytest.raises(bootstrap.SetUpError, match="does not pin no-such-package"):
        bootstrap.pinned_version("no-such-package")


# ---- PyTorch -----------------------------------------------------------------------------------------------
def test_that_torch_that_is_there_is_left_alone(
    bootstrap: ModuleType, installed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = pinned_torch().split("==")[1] + "+cpu"
    monkeypatch.setattr(bootstrap, "installed_version", lambda python, name: version)
    bootstrap.install_torch("python")
    assert installed == []


def test_that_the_named_index_is_used_for_torch_alone(
    bootstrap: ModuleType, installed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IFLLM_TORCH_INDEX", "a place")
    bootstrap.install_torch("python")
    assert installed == [["--index-url", "a place", pinned_torch()]]


def test_that_a_gpu_gets_what_pip_finds(
    bootstrap: ModuleType, installed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "has_gpu", lambda: True)
    bootstrap.install_torch("python")
    assert installed == [[pinned_torch()]]


@pytest.mark.parametrize(
    ("uv_succeeds", "expected"),
    [(True, []), (False, [[pinned_torch()]])],
    ids=["uv finds one", "uv finds none"],
)
def test_that_a_cuda_build_is_the_last_resort_without_a_gpu(
    uv_succeeds: bool,
    expected: list[list[str]],
    bootstrap: ModuleType,
    installed: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bootstrap, "has_gpu", lambda: False)
    monkeypatch.setattr(bootstrap, "brings_cuda", lambda *_: True)
    monkeypatch.setattr(bootstrap, "install_cpu_torch_with_uv", lambda *_: uv_succeeds)
    monkeypatch.setattr(bootstrap, "free_gb", lambda: 100.0)
    bootstrap.install_torch("python")
    assert installed == expected
    assert ("CUDA build" in capsys.readouterr().err) is not uv_succeeds


def test_that_a_cuda_build_that_does_not_fit_is_not_begun(
    bootstrap: ModuleType, installed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "has_gpu", lambda: False)
    monkeypatch.setattr(bootstrap, "brings_cuda", lambda *_: True)
    monkeypatch.setattr(bootstrap, "install_cpu_torch_with_uv", lambda *_: False)
    monkeypatch.setattr(bootstrap, "free_gb", lambda: 5.0)
    with pytest.raises(bootstrap.SetUpError, match="IFLLM_TORCH_INDEX"):
        bootstrap.install_torch("python")
    assert installed == []


@pytest.mark.parametrize(
    ("names", "expected"), [(["torch", "nvidia-cudnn-cu13"], True), (["torch", "sympy"], False)]
)
def test_that_the_plan_of_pip_tells_a_cuda_build(
    names: list[str], expected: bool, bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plan(python: str, arguments: list[str]) -> None:
        report = Path(arguments[arguments.index("--report") + 1])
        report.write_text(json.dumps({"install": [{"metadata": {"name": name}} for name in names]}))

    monkeypatch.setattr(bootstrap, "pip_install", plan)
    assert bootstrap.brings_cuda("python", "torch==1") is expected


# ---- failures ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("output", "said"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "disk is full",
        ),
        ("OSError: [Errno 30] Read-only file system: '.venv'", "read-only"),
        ("PermissionError: [Errno 13] Permission denied: '.venv'", "may not be written"),
        (
            "<pip.NewConnectionError>: Failed: [Errno -3] Temporary failure in name resolution",
            "cannot be reached",
        ),
        (
            "ProxyError('Cannot connect to proxy.')\nNo matching distribution found for torch",
            "cannot be reached",
        ),
        ("SSLError(SSLCertVerificationError(1, 'CERTIFICATE_VERIFY_FAILED'))", "certificate"),
        (
            "ERROR: No matching distribution found for mediapipe==0.10.21",
            "no ready-made build of mediapipe==0.10.21 ",
        ),
        ("ERROR: ResolutionImpossible: for help visit", "contradict"),
        ("ERROR: something odd.\nnote: see above", "something odd (all of it is in"),
        ("", "no word of why"),
    ],
)
def test_that_each_failure_is_one_sentence(output: str, said: str, bootstrap: ModuleType) -> None:
    sentence = bootstrap.failure_sentence(output)
    assert said in sentence
    assert "\n" not in sentence
    assert "{" not in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (OSError(28, "No space left on device"), 1, "disk is full"),
        (PermissionError(13, "Permission denied"), 1, "may not be written"),
        (KeyboardInterrupt(), 130, "goes on where"),
    ],
)
def test_that_no_traceback_reaches_the_user(
    raised: BaseException,
    code: int,
    said: str,
    bootstrap: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(task: str) -> None:
        raise raised

    monkeypatch.setattr(bootstrap, "set_up_system", fail)
    assert bootstrap.main(["run"]) == code
    assert said in capsys.readouterr().err


# ---- the system --------------------------------------------------------------------------------------------
def test_that_what_is_missing_is_named_by_package(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "loads", lambda name: name != "libEGL.so.1")
    monkeypatch.setattr(bootstrap, "has_font", lambda: False)
    monkeypatch.setattr(bootstrap, "has_module", lambda name: True)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    assert bootstrap.missing_packages("run") == ["libegl1", "fonts-dejavu-core"]
    assert bootstrap.missing_packages("test") == [
        "libegl1",
        "fonts-dejavu-core",
        "xvfb",
        "xdotool",
        "openbox",
    ]


@pytest.mark.parametrize(("user", "expected"), [(0, ["update", "install"]), (1000, [])])
def test_that_system_packages_are_installed_by_root_only(
    user: int,
    expected: list[str],
    bootstrap: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(bootstrap.sys, "platform", "linux")
    monkeypatch.setattr(bootstrap, "missing_packages", lambda task: ["libegl1"])
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: name)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: user, raising=False)

    def note(command: list[str], *_: object) -> str:
        calls.append(command[1])
        return ""

    monkeypatch.setattr(bootstrap, "quiet", note)
    bootstrap.set_up_system("run")
    assert calls == expected
    assert ("sudo apt-get update && sudo apt-get install" in capsys.readouterr().err) is bool(user)


# ---- the display -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("display", "given", "expected"),
    [
        (True, [], ["demo"]),
        (False, [], ["demo", "--headless", "--seed", "1"]),
        (False, ["--seed", "4"], ["demo", "--headless", "--seed", "4"]),
        (False, ["--headless"], ["demo", "--headless"]),
    ],
)
def test_that_the_demo_opens_a_window_where_it_can(
    display: bool,
    given: list[str],
    expected: list[str],
    bootstrap: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "has_display", lambda: display)
    monkeypatch.setattr(bootstrap, "call", lambda command, **_: called.append(command))
    bootstrap.run(given)
    assert called[0][1:] == ["-m", "ifllm_desktop", *expected]


def test_that_a_run_without_tests_fails(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "call", lambda command, **_: 5)
    assert bootstrap.test([]) == 5
    assert "No test ran" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "n_processors", "expected"),
    [
        ([], 2, ["-n", "2", "--dist", "loadfile"]),
        ([], 64, ["-n", "4", "--dist", "loadfile"]),
        ([], 1, []),
        (["tests/unit", "-x"], 2, ["tests/unit", "-x"]),
    ],
)
def test_that_the_whole_suite_is_shared_out_and_a_part_of_it_is_not(
    given: list[str],
    n_processors: int,
    expected: list[str],
    bootstrap: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(os, "cpu_count", lambda: n_processors)
    monkeypatch.setattr(bootstrap, "call", lambda command, **_: called.append(command) or 0)
    assert bootstrap.test(given) == 0
    assert called[0][1:] == ["-m", "pytest", *expected]


# ---- the stamp ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("stamp", "task", "is_ready"),
    [
        ({"key": "now", "extras": []}, "run", True),
        ({"key": "now", "extras": []}, "test", False),
        ({"key": "now", "extras": ["test", "thirdparty"]}, "run", True),
        ({"key": "now", "extras": ["test", "thirdparty"]}, "test", True),
        ({"key": "before", "extras": ["test", "thirdparty"]}, "run", False),
        ({}, "run", False),
    ],
)
def test_that_a_stamp_saves_the_second_set_up(
    stamp: dict[str, Any],
    task: str,
    is_ready: bool,
    bootstrap: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installs: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path))
    monkeypatch.setattr(bootstrap, "STAMP", str(tmp_path / "stamp"))
    monkeypatch.setattr(bootstrap, "stamp_key", lambda: "now")
    monkeypatch.setattr(bootstrap, "venv_python", lambda: sys.executable)
    monkeypatch.setattr(bootstrap, "venv_works", lambda python: True)
    monkeypatch.setattr(bootstrap, "free_gb", lambda: 100.0)
    monkeypatch.setattr(bootstrap, "install_torch", lambda python: None)
    monkeypatch.setattr(bootstrap, "pip_install", lambda python, arguments, **_: installs.append(arguments))
    if stamp:
        (tmp_path / "stamp").write_text(json.dumps(stamp))
    bootstrap.set_up_venv(task)
    assert (installs == []) is is_ready
    installs.clear()
    bootstrap.set_up_venv(task)
    assert installs == []


def test_that_a_foreign_folder_named_venv_is_left_alone(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path))
    with pytest.raises(bootstrap.SetUpError, match="move it away"):
        bootstrap.make_venv()
    assert (tmp_path / "notes.txt").read_text() == "mine"


# ---- finding a Python --------------------------------------------------------------------------------------
def test_that_managed_pythons_are_found_newest_first(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("3.12.1", "3.12.11", "3.11.7", "3.1.2"):
        (tmp_path / "pyenv" / "versions" / name).mkdir(parents=True)
    (tmp_path / "uv" / "cpython-3.12.4-linux-x86_64-gnu").mkdir(parents=True)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    found = [Path(path).relative_to(tmp_path).as_posix() for path in bootstrap.managed_pythons("3.12")]
    tail = "python.exe" if os.name == "nt" else "bin/python3"
    assert found == [
        f"pyenv/versions/3.12.11/{tail}",
        f"pyenv/versions/3.12.1/{tail}",
        f"uv/cpython-3.12.4-linux-x86_64-gnu/{tail}",
    ]


def test_that_a_candidate_is_asked_for_its_version(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"old": "3 9 True", "narrow": "3 12 False", "broken": None, "good": "3 11 True"}
    for name in answers:
        (tmp_path / name).touch()
    monkeypatch.setattr(bootstrap, "quiet", lambda command: answers[Path(command[0]).name])
    candidates = [None, str(tmp_path / "absent"), *(str(tmp_path / name) for name in answers)]
    assert bootstrap.first_usable(candidates) == str(tmp_path / "good")
    assert bootstrap.first_usable(candidates[:-1]) is None


@pytest.mark.parametrize(("version", "others", "expected"), [
    ((3, 13), ["3.12"], "python3.12"), ((3, 13), [], None), ((3, 14), ["3.13"], "python3.13"),
    ((3, 14), ["3.13", "3.11"], "python3.11"), ((3, 9), ["3.12", "3.13"], "python3.12"),
])  # fmt: skip
def test_that_a_python_whose_mediapipe_brings_its_model_is_preferred(
    version: tuple[int, int], others: list[str], expected: str | None, bootstrap: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def usable(candidates: Any) -> str | None:
        there = [f"python{v}" for v in others]
        return next((c for c in candidates if c in there), None)

    monkeypatch.setattr(bootstrap, "WANTED", ((3, 12), (3, 11), (3, 13)))
    monkeypatch.setattr(bootstrap.sys, "version_info", (*version, 0, "final", 0))
    monkeypatch.setattr(bootstrap, "first_usable", usable)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: name if name != "uv" else None)
    monkeypatch.setattr(bootstrap, "quiet", lambda *_: None)
    assert bootstrap.find_python() == expected


def test_that_a_new_python_without_a_better_one_does_the_work_itself(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(bootstrap, "WANTED", ((3, 12), (3, 11), (3, 13)))
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 13, 0, "final", 0))
    monkeypatch.setattr(bootstrap, "first_usable", lambda candidates: None)
    monkeypatch.setattr(bootstrap, "call", lambda *_, **__: pytest.fail("handed on"))
    monkeypatch.setattr(bootstrap, "set_up_system", done.append)
    monkeypatch.setattr(bootstrap, "set_up_venv", done.append)
    monkeypatch.setattr(bootstrap, "test", lambda arguments: 0)
    assert bootstrap.main(["test"]) == 0 and done == ["test", "test"]


def test_that_without_a_python_one_command_is_said(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "WANTED", ((4, 1),))
    monkeypatch.setattr(bootstrap, "first_usable", lambda candidates: None)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    assert bootstrap.main(["run"]) == 1
    said = capsys.readouterr().err
    assert bootstrap.python_command() in said
    assert said.count("\n") == 1
