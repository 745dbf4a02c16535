"""What can be wrong outside the program: each time one sentence, the right exit code, and nothing lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ifllm_desktop import compose
from tests.command_line import Ran, assert_one_sentence, command, environment, run

Tool = Callable[..., Ran]


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    """Run the program with arguments, at home in the test's folder."""
    return lambda *arguments, before=None: run(tmp_path, arguments, before)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return compose.new_study(tmp_path / "study", "demo")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with one session; tests change copies of it."""
    home = tmp_path_factory.mktemp("recorded")
    folder = compose.new_study(home / "study", "demo")
    ran = run(home, ["run", folder, "--headless", "--json"])
    assert ran.code == 0, ran.err
    return folder


@pytest.fixture
def copy(recorded: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    shutil.copytree(recorded, folder)
    return folder


def recording_of(folder: Path) -> Path:
    (path,) = (folder / "recordings").glob("*.sqlite")
    path.chmod(0o644)
    return path


# ---- camera and video --------------------------------------------------------------------------------------
@pytest.mark.parametrize("how", [["--headless"], ["--headless", "--realtime"]])
def test_that_a_missing_camera_is_said_before_anything_is_recorded(
    tool: Tool, study: Path, how: list[str]
) -> None:
    assert_one_sentence(tool("run", study, "--camera", "93", *how), 1, "Camera 93")
    assert not list(study.glob("recordings/*"))


def test_that_a_demo_without_its_camera_makes_no_study(tool: Tool, tmp_path: Path) -> None:
    for camera, word in (("93", "Camera 93"), (tmp_path / "no.mp4", "no.mp4")):
        ran = tool("demo", "--headless", "--study", tmp_path / "new", "--camera", camera, "--json")
        assert_one_sentence(ran, 1, word)
        assert not (tmp_path / "new").exists()


def test_that_a_text_file_is_not_taken_for_a_video(tool: Tool, study: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.mp4"
    notes.write_text("this is no video\n" * 100)
    assert_one_sentence(tool("run", study, "--headless", "--camera", notes), 1, "notes.mp4", "MP4")


# ---- study.yaml --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("\ntitle:", "\ncolour: blue\ntitle:", ("colour", "known")),
        ("seed: ", "seed: a", ("seed",)),
        ("schema_version: 1", "schema_version: 99", ("99", "update")),
        ("schema_version: 1", "schema_version: [", ("line",)),
        ("topics: answers", "topics: elsewhere", ("elsewhere",)),
    ],
)
def test_that_a_wrong_study_file_is_named_with_its_line(
    tool: Tool, study: Path, old: str, new: str, words: tuple[str, ...]
) -> None:
    path = study / "study.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert_one_sentence(tool("run", study, "--headless"), 1, "study.yaml", *words)
    assert not list(study.glob("recordings/*"))


def test_that_a_folder_without_a_study_is_said_for_every_command(tool: Tool, tmp_path: Path) -> None:
    for verb in (
        ["run", "--headless"], ["verify"], ["replay"], ["annotate"], ["reward", "train"], ["reward", "score"],
        ["export", "--out", str(tmp_path / "out")],
    ):  # fmt: skip
        ran = (
            tool(*verb[:2], tmp_path / "none", *verb[2:])
            if verb[0] == "reward"
            else tool(verb[0], tmp_path / "none", *verb[1:])
        )
        assert_one_sentence(ran, 1, "There is no study", "ifllm-desktop new")
    assert not (tmp_path / "none").exists()


def test_that_a_study_is_never_made_over_files(tool: Tool, study: Path) -> None:
    before = (study / "study.yaml").read_bytes()
    assert_one_sentence(tool("new", study), 1, "not empty")
    assert (study / "study.yaml").read_bytes() == before


# ---- recordings --------------------------------------------------------------------------------------------
def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 3)


def scramble(path: Path) -> None:
    path.write_bytes(b"\x17garbage\x00" * 20_000)


def make_newer(path: Path) -> None:
    with path.open("r+b") as file:  # user_version: bytes 60 to 63 of the header of an SQLite file
        file.seek(60)
        file.write((99).to_bytes(4, "big"))


@pytest.mark.parametrize(
    ("harm", "word"), [(cut, "damaged"), (scramble, "damaged"), (make_newer, "newer version (99)")]
)
def test_that_a_recording_that_cannot_be_read_is_named_and_left_as_it_is(
    tool: Tool, copy: Path, tmp_path: Path, harm: Callable[[Path], None], word: str
) -> None:
    path = recording_of(copy)
    harm(path)
    content = path.read_bytes()
    ran = tool("verify", copy, "--json")
    assert ran.code == 1 and ran.said == []
    (report,) = ran.report["recordings"]
    assert ran.report["ok"] is False and [p for p in report["problems"] if word in p], report
    exported = tool(
        "export", copy, "--out", tmp_path / "out", "--json"
    )  # it must not stop work on the others
    assert exported.code == 0 and exported.report["excluded"]["recording_unreadable"] == 1
    assert [line for line in exported.said if path.name in line and word in line]
    assert path.read_bytes() == content
    spoken = tool("verify", copy)
    assert spoken.code == 1 and word in spoken.out and "Traceback" not in spoken.out + spoken.err


def test_that_a_damaged_catalogue_is_named_and_the_recordings_stay(
    tool: Tool, copy: Path, tmp_path: Path
) -> None:
    recording = recording_of(copy)
    content = recording.read_bytes()
    (copy / "study.sqlite").write_text("garbage")
    for verb in (["run", copy, "--headless"], ["export", copy, "--out", tmp_path / "out"]):
        assert_one_sentence(tool(*verb), 1, "study.sqlite", "damaged", "backup")
    ran = tool("verify", copy)
    assert ran.code == 1 and "study.sqlite is damaged" in ran.out
    assert recording.read_bytes() == content


# ---- exports and wrong usage -------------------------------------------------------------------------------
def test_that_an_export_never_goes_over_files(tool: Tool, copy: Path, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("keep")
    assert_one_sentence(tool("export", copy, "--out", full), 1, "already holds files", "new folder")
    assert [p.name for p in full.iterdir()] == ["mine.txt"]
    assert_one_sentence(tool("export", copy, "--out", full / "mine.txt"), 1, "mine.txt")


def test_that_unknown_names_are_wrong_usage(tool: Tool, copy: Path, tmp_path: Path) -> None:
    ran = tool("export", copy, "--format", "excel", "--out", tmp_path / "out")
    assert_one_sentence(ran, 2, "excel", "preference")
    assert not (tmp_path / "out").exists()
    assert_one_sentence(tool("new", tmp_path / "x", "--template", "none"), 2, "none", "demo")
    assert_one_sentence(tool("bench", "none"), 2, "none", "live")
    assert_one_sentence(tool("run", copy, "--headless", "--participant", "a b"), 2, "a b")


@pytest.mark.parametrize(
    "arguments",
    [
        ["fly"],
        ["verify"],
        ["demo", "--seed", "x"],
        ["demo", "--seed", "-1"],
        ["export", "s"],
        ["run", "s", "--no"],
    ],
)
def test_that_wrong_usage_ends_with_2_and_shows_the_usage(tool: Tool, arguments: list[str]) -> None:
    ran = tool(*arguments)
    assert ran.code == 2 and ran.out == ""
    assert ran.err.startswith("usage: ") and "error: " in ran.said[-1] and "_seed" not in ran.err


def test_that_a_study_without_sessions_says_so(tool: Tool, study: Path, tmp_path: Path) -> None:
    for page in ("replay", "annotate"):
        assert_one_sentence(tool(page, study), 1, "no session", "ifllm-desktop run")
    assert_one_sentence(tool("reward", "train", study), 1, "pairs")
    verified = tool("verify", study, "--json")
    assert verified.code == 0 and verified.report["recordings"] == []


def test_that_an_unknown_session_is_named(tool: Tool, copy: Path) -> None:
    assert_one_sentence(tool("replay", copy, "s-none"), 1, "s-none", "audit --table")


def test_that_a_missing_model_is_named(tool: Tool, copy: Path, tmp_path: Path) -> None:
    ran = tool("reward", "score", copy, "--model", tmp_path / "none")
    assert_one_sentence(ran, 1, "none", "model.safetensors")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_that_a_window_without_a_display_names_the_headless_form(tool: Tool, copy: Path) -> None:
    for arguments in ([], ["demo"], ["run", copy], ["replay", copy]):
        assert_one_sentence(tool(*arguments), 1, "display")


# ---- disks -------------------------------------------------------------------------------------------------
@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a small file system of the given options; skips where that is not permitted."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> Path:
        if sys.platform != "linux" or os.geteuid() != 0:
            pytest.skip("only root may mount")
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip("mounting is not permitted here")
        return folder

    yield mount
    if os.path.ismount(folder):
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_that_a_full_disk_stops_a_recording_and_keeps_what_it_took(
    tool: Tool, mounted: Callable[[str], Path]
) -> None:
    disk = mounted("size=3m")
    study = disk / "study"
    assert tool("new", study).code == 0
    assert_one_sentence(tool("run", study, "--headless"), 1, "is full", "free some space")
    assert_one_sentence(tool("new", disk / "another"), 1, "is full", "free some space")
    subprocess.run(["mount", "-o", "remount,size=30m", str(disk)], check=True)
    ran = tool("verify", study, "--json")
    assert ran.code == 0, (ran.out, ran.err)
    (report,) = ran.report["recordings"]
    assert report["recovered"] and report["duration_s"] > 20 and report["rows"]["landmarks"] > 500
    assert tool("run", study, "--headless", "--participant", "P001", "--json").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes as on POSIX")
def test_that_a_file_that_may_not_grow_stops_a_recording_and_keeps_what_it_took(
    tool: Tool, study: Path
) -> None:
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))

    ran = tool("run", study, "--headless", before=limit)
    assert_one_sentence(ran, 1, str(study))
    (report,) = tool("verify", study, "--json").report["recordings"]
    assert report["recovered"] and report["duration_s"] > 10 and report["problems"] == []


def test_that_a_read_only_disk_is_said_by_every_command_that_writes(
    tool: Tool, mounted: Callable[[str], Path], recorded: Path
) -> None:
    disk = mounted("size=60m")
    shutil.copytree(recorded, disk / "study")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for arguments in (
        ["new", disk / "new"], ["run", disk / "study", "--headless"], ["verify", disk / "study"],
        ["demo", "--headless", "--study", disk / "demo"], ["reward", "train", disk / "study"],
        ["export", disk / "study", "--out", disk / "out"],
    ):  # fmt: skip
        assert_one_sentence(tool(*arguments), 1, "cannot be written to", "permissions")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_that_a_folder_without_permission_is_said(tool: Tool, study: Path) -> None:
    study.chmod(0o555)
    try:
        assert_one_sentence(tool("run", study, "--headless"), 1, "cannot be written to", "permissions")
    finally:
        study.chmod(0o755)


# ---- pipes -------------------------------------------------------------------------------------------------
@pytest.mark.skipif(sys.platform == "win32", reason="pipes of a POSIX shell")
def test_that_a_reader_that_goes_away_is_no_error(copy: Path, tmp_path: Path) -> None:
    for arguments in (["--help"], ["verify", str(copy), "--json"]):
        process = subprocess.Popen(
            command(*arguments), env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b"" and process.wait(60) == 0
        process.stderr.close()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of a POSIX shell")
def test_that_a_recording_goes_on_when_nobody_reads_its_progress(study: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("run", study, "--headless", "--json"), env=environment(tmp_path),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    process.stderr.close()
    out = process.stdout.read()
    process.stdout.close()
    assert process.wait(120) == 0 and out.startswith('{"study"') and len(out.splitlines()) == 1
