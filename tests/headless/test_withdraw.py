"""Whoever withdraws is in no byte, table or export any more, whenever the program was killed; the others stay."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ifllm_desktop import compose
from ifllm_desktop.export.files import sha256_of
from ifllm_desktop.export.manifest import read_manifest
from ifllm_desktop.reward.checkpoint import WITHDRAWN_NOTE, load
from ifllm_desktop.store.file_lock import FileLock
from ifllm_desktop.store.study import StudyFolder
from tests import withdrawal_study as made
from tests.command_line import Ran, assert_one_sentence, command, environment, run
from tests.withdrawal_study import LEAVES, PEOPLE, found_in, ids_of

pytestmark = pytest.mark.slow

OTHERS = tuple(person for person in PEOPLE if person != LEAVES)
STATE_TABLES = ("erasures", "tombstones", "export_log")


@dataclass(frozen=True)
class Before:
    """A study before anybody withdrew."""

    home: Path
    folder: Path
    pristine: Path
    ids: dict[str, set[str]]
    words: set[str]
    sessions: dict[str, str]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Before:
    home = tmp_path_factory.mktemp("withdraw")
    folder = made.recorded_study(home)
    ids = ids_of(folder, LEAVES)
    with StudyFolder.open(folder) as study:
        sessions = {person: made.session_of(study, person) for person in PEOPLE}
    pristine = copied(folder, home / "pristine")
    return Before(home, folder, pristine, ids, set().union(*ids.values()), sessions)


def copied(folder: Path, home: Path) -> Path:
    """A study elsewhere: its log knows of no export beside it, which another test would find changed."""
    copy = home / "study"
    shutil.copytree(folder, copy)
    with contextlib.closing(sqlite3.connect(copy / "study.sqlite")) as connection, connection:
        connection.execute("DELETE FROM export_log WHERE out NOT LIKE ?", (f"{folder}%",))
        connection.execute("UPDATE export_log SET out = replace(out, ?, ?)", (str(folder), str(copy)))
    return copy


def contents(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def rows_of(file: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(file).to_pylist()
    return rows


def of_others(rows: list[dict[str, Any]], words: set[str]) -> list[dict[str, Any]]:
    return [row for row in rows if not words & {v for v in row.values() if isinstance(v, str)}]


# ---- nowhere ------------------------------------------------------------------------------------------------
def test_that_the_search_finds_each_id_in_each_kind_of_file_before(before: Before) -> None:
    found = found_in(before.folder, before.words)
    assert found.keys() == before.words  # the search is not blind
    hits = {hit for word in before.words for hit in found[word]}
    session = before.sessions[LEAVES]
    for hit in (
        f"recordings/{session}-1.sqlite header", f"recordings/{session}-1.sqlite event",
        f"recordings/{session}-1.sqlite name",
        "study.sqlite participants", "study.sqlite consents", "study.sqlite sessions", "study.sqlite segments",
        "study.sqlite label_operations", "study.sqlite scores", "study.sqlite session_quality",
        "study.sqlite exclusion_operations", "study.sqlite assignments", "study.sqlite bytes",
        "exports/001/samples/samples.parquet session_id", "exports/001/preference/preference.parquet participant_id",
        "exports/001/annotations/annotations.parquet annotation_id", "exports/001/preference/preference.jsonl bytes",
        "exports/001/reward_scores/reward_scores.csv bytes", "exports/001/reward_scores/reward_scores.parquet pair_id",
        "exports/scores only/export.json json", "models/study-pairs/card.json json", "audit.html bytes",
    ):  # fmt: skip
        assert hit in hits, hit
    assert any(hit.startswith(f"derived/{session}/reading") and hit.endswith("header") for hit in hits)
    assert any(hit.startswith(f"derived/{session}/iris") and hit.endswith("gaze") for hit in hits)


def test_that_a_withdrawn_person_is_in_no_byte_of_the_study_and_the_others_are_as_they_were(
    before: Before,
) -> None:
    old = contents(before.folder)
    old_rows = made.database_rows(before.folder / "study.sqlite")
    exports = [
        before.folder / "exports" / "001",
        before.folder / "exports" / "scores only",
        before.home / "outside",
    ]
    old_exports = {file: rows_of(file) for out in exports for file in out.rglob("*.parquet")}
    ran = run(before.home, ["withdraw", before.folder, LEAVES, "--yes", "--json"])
    assert ran.code == 0, ran.err
    assert found_in(before.folder, before.words) == {}
    assert found_in(before.home / "outside", before.words) == {}

    new = contents(before.folder)
    session = before.sessions[LEAVES]
    gone = {name for name in old if name not in new}
    assert gone == {name for name in old if session in name} | {"audit.html"}
    assert new.keys() <= old.keys()
    changed = {name for name in new if new[name] != old[name]}
    assert {name for name in changed if not name.startswith("exports/")} == {
        "study.sqlite", "models/study-pairs/card.json",
    }  # fmt: skip
    new_rows = made.database_rows(before.folder / "study.sqlite")
    for table in old_rows.keys() - set(STATE_TABLES):
        kept = [row for row in old_rows[table] if not any(w in str(row) for w in before.words)]
        assert [row[1:] if table == "exclusion_operations" else row for row in new_rows[table]] == [
            row[1:] if table == "exclusion_operations" else row for row in kept
        ], table
        assert len(kept) < len(old_rows[table]) or not old_rows[table] or table not in REACHED, table
    for file, rows in old_exports.items():
        assert rows_of(file) == of_others(rows, before.words), file
    check_report(before, ran.report)
    check_exports(before.folder, ran.report)
    check_tombstone(new_rows, before.words)
    assert run(before.home, ["verify", before.folder]).code == 0
    again = run(before.home, ["withdraw", before.folder, LEAVES, "--yes"])
    assert_one_sentence(again, 1, LEAVES)


REACHED = {
    "participants", "consents", "sessions", "segments", "label_operations", "scores", "session_quality",
    "exclusion_operations", "assignments",
}  # fmt: skip


def check_report(before: Before, report: dict[str, Any]) -> None:
    assert report["sessions"] == [before.sessions[LEAVES]] and report["recordings"] == 1
    assert report["derived"] == 2 and set(report["rows"]) == REACHED
    assert {(e["out"], e["action"]) for e in report["exports"]} == {
        ("exports/001", "rewritten"), ("exports/scores only", "rewritten"), (str(before.home / "outside"), "rewritten"),
        (str(before.home / "gone"), "rewritten"),
    }  # fmt: skip
    assert {(e["out"], e["why"]) for e in report["exports_elsewhere"]} == {
        (str(before.home / "outside"), "rewritten"), (str(before.home / "gone"), "rewritten"),
    }  # fmt: skip
    assert all(len(e["sha256"]) == 64 for e in report["exports_elsewhere"])
    assert report["models"] == ["models/study-pairs"] and report["reports"] == ["audit.html"]
    assert report["files_left"] == []
    assert load(before.folder / "models" / "study-pairs").card.note == WITHDRAWN_NOTE


def check_exports(folder: Path, report: dict[str, Any]) -> None:
    """Counts, checksums, card and log of rewritten exports are those of what is left."""
    with StudyFolder.open(folder) as study:
        logged = {(e["out"], e["format"]): e for e in study.catalogue().logged_exports()}
    for export in report["exports"]:
        out = folder / export["out"]
        for line in (out / "CHECKSUMS.sha256").read_text("utf-8").splitlines():
            digest, _, name = line.partition("  ")
            assert sha256_of(out / name) == digest, name
        assert sha256_of(out / "CHECKSUMS.sha256") == export["sha256"] != export["sha256_before"]
        manifest = read_manifest(out)
        assert manifest is not None and manifest.n_withdrawn == 1
        assert {s.participant_id for s in manifest.sessions} == set(OTHERS)
        text = (out / "README.md").read_text("utf-8")
        assert "2 sessions of 2 people" in text and "The rows of 1 person who withdrew" in text
        for held in manifest.formats:
            entry = logged[str(out), held.format]
            assert (entry["sha256"], entry["n_rows"]) == (export["sha256"], held.files[0].rows)
            for file in held.files:
                if file.path.endswith(".parquet"):
                    assert pq.read_metadata(out / file.path).num_rows == file.rows
                    assert f"| `{file.set_name}` | {file.rows} |" in text
                if file.path.endswith(".jsonl"):
                    assert len((out / file.path).read_bytes().splitlines()) == file.rows


def check_tombstone(rows: dict[str, list[tuple[Any, ...]]], words: set[str]) -> None:
    assert rows["erasures"] == []
    ((token, wall_ns, what, _),) = rows["tombstones"]
    assert len(token) == 32 and wall_ns > 0 and what == "participant" and token not in words


# ---- killed -------------------------------------------------------------------------------------------------
# Counts the steps that the program names and every renaming and deletion of a file, and kills itself at one of them.
CHILD = """
import os, signal, sys
from pathlib import Path
from ifllm_desktop import compose_withdraw

count, at = 0, int(sys.argv[3])

def reached(_what):
    global count
    count += 1
    if count == at:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(lambda event, _: reached(event) if event in ("os.rename", "os.remove", "os.rmdir") else None)
compose_withdraw.withdraw(Path(sys.argv[1]), sys.argv[2], reached)
print(count)
"""


def killed(home: Path, folder: Path, at: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), LEAVES, str(at)],
        env=environment(home), capture_output=True, text=True, check=False,
    )  # fmt: skip


def end_state(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = {k: v for k, v in contents(folder).items() if not k.startswith("study.sqlite")}
    rows = made.database_rows(folder / "study.sqlite")
    stones = rows.pop("tombstones")
    # where the copy of the study lies is no difference
    return state | {"rows": str(rows).replace(str(folder), ""), "stones": [stone[2:] for stone in stones]}


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is of POSIX")
def test_that_a_withdrawal_that_is_killed_anywhere_is_finished_by_the_next_command(
    tmp_path: Path, before: Before
) -> None:
    whole = copied(before.pristine, tmp_path / "whole")
    ran = killed(tmp_path, whole, -1)
    assert ran.returncode == 0, ran.stderr
    n_steps, expected = int(ran.stdout), end_state(whole)
    assert n_steps > 40
    finishers = (["verify"], ["withdraw", LEAVES, "--yes"], ["withdraw", LEAVES])
    moments = sorted({*range(1, n_steps, 4), *range(n_steps - 4, n_steps + 1)})

    def kill_and_finish(number: int) -> None:
        at = moments[number]
        folder = copied(before.pristine, tmp_path / f"at {at}")
        assert killed(tmp_path, folder, at).returncode == -signal.SIGKILL
        verb, *rest = finishers[number % 3]
        ran = run(tmp_path, [verb, folder, *rest, "--json"])
        assert ran.code == 0 or (at >= n_steps - 1 and "no participant" in ran.err), (at, verb, ran.err)
        assert found_in(folder, before.words) == {}, (at, verb)
        assert end_state(folder) == expected, (at, verb)
        shutil.rmtree(folder.parent)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(kill_and_finish, range(len(moments))))


# ---- refused, and other ways out ------------------------------------------------------------------------------
def test_that_somebody_unknown_is_refused_in_one_sentence(tmp_path: Path, before: Before) -> None:
    for rest in ([], ["--yes"], ["--yes", "--json"]):
        assert_one_sentence(run(tmp_path, ["withdraw", before.pristine, "Nobody-1", *rest]), 1, "Nobody-1")
    assert_one_sentence(run(tmp_path, ["withdraw", tmp_path / "none", "Nobody-1", "--yes"]), 1, "none")


def test_that_without_a_terminal_a_yes_is_needed(tmp_path: Path, before: Before) -> None:
    assert_one_sentence(run(tmp_path, ["withdraw", before.pristine, LEAVES]), 2, "--yes")
    assert found_in(before.pristine / "recordings", {LEAVES})


@pytest.mark.skipif(os.name == "nt", reason="a terminal as on POSIX")
@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("", 1), ("y", 0)])
def test_that_on_a_terminal_it_is_asked_once(tmp_path: Path, before: Before, answer: str, code: int) -> None:
    import pty

    folder = copied(before.pristine, tmp_path)
    mine, theirs = pty.openpty()
    os.write(mine, f"{answer}\n".encode())
    done = subprocess.run(
        command("withdraw", folder, LEAVES), stdin=theirs, env=environment(tmp_path), capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    os.close(mine)
    os.close(theirs)
    assert done.returncode == code, done.stderr
    assert done.stderr.count("[y/N]") == 1
    assert bool(found_in(folder, {LEAVES})) is (code != 0)


def test_that_a_person_who_is_being_recorded_stays_and_nothing_is_kept_for_later(
    tmp_path: Path, before: Before
) -> None:
    folder = copied(before.pristine, tmp_path)
    with StudyFolder.open(folder) as study:
        lock = FileLock(study.lock_path(before.sessions[LEAVES]))
        try:
            old = contents(folder)
            refused = run(tmp_path, ["withdraw", folder, LEAVES, "--yes"])
        finally:
            lock.release()
        assert_one_sentence(
            Ran(refused.code, refused.out, refused.err.replace("erasing=plan\n", "")), 1, "being recorded"
        )
        assert study.catalogue().erasures() == []
    assert {k: v for k, v in contents(folder).items() if "study.sqlite" not in k} == {
        k: v for k, v in old.items() if "study.sqlite" not in k and not k.endswith(".lock")
    }
    assert run(tmp_path, ["verify", folder]).code == 0
    assert found_in(folder / "recordings", {LEAVES})


def test_that_whoever_comes_again_is_somebody_new(tmp_path: Path, before: Before) -> None:
    folder = copied(before.pristine, tmp_path)
    assert run(tmp_path, ["withdraw", folder, LEAVES, "--yes"]).code == 0
    seed = str(PEOPLE.index(LEAVES))
    made.done(tmp_path, "run", folder, "--headless", "--seed", seed, "--participant", LEAVES)
    assert before.words & found_in(folder, before.words).keys() == {
        LEAVES
    }  # none of the old ids but the name
    with StudyFolder.open(folder) as study:
        assert [i.number for i in study.catalogue().sessions() if i.participant_id == LEAVES] == [1]
        assert len(study.catalogue().tombstones()) == 1
    assert run(tmp_path, ["verify", folder]).code == 0


def test_that_the_id_of_somebody_who_left_is_not_given_to_the_next_one(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    made.done(tmp_path, "new", folder)
    with StudyFolder.open(folder) as study:
        assert compose.new_participants(study, 3, "simulated") == ["P001", "P002", "P003"]
    for gone, following in (("P003", "P004"), ("P001", "P004")):
        made.done(tmp_path, "withdraw", folder, gone, "--yes")
        with StudyFolder.open(folder) as study:
            assert compose.next_participant(study) == following


def test_that_what_cannot_be_filtered_is_deleted_and_what_is_not_ours_is_named(
    tmp_path: Path, before: Before
) -> None:
    folder = copied(before.pristine, tmp_path)
    (folder / "exports" / "001" / "export.json").unlink()  # as older versions wrote it
    cut_off = folder / "exports" / "cut off"
    cut_off.mkdir()
    (cut_off / ".samples.parquet.partial").write_bytes(LEAVES.encode())
    (folder / "notes.txt").write_text(f"{LEAVES} was late. {LEAVES}x was not.", "utf-8")
    (folder / "other.txt").write_text(f"x{LEAVES} {PEOPLE[0]}", "utf-8")
    ran = run(tmp_path, ["withdraw", folder, LEAVES, "--yes", "--json"])
    assert ran.code == 0, ran.err
    assert {e["out"]: e["action"] for e in ran.report["exports"]} == {
        "exports/001": "deleted", "exports/scores only": "rewritten",
    }  # fmt: skip
    assert not (folder / "exports" / "001").exists()
    assert ran.report["files_left"] == ["notes.txt"]
    assert {hit.partition(" ")[0] for hit in found_in(folder, before.words)[LEAVES]} == {"notes.txt"}
    with StudyFolder.open(folder) as study:
        assert {Path(e["out"]).name for e in study.catalogue().logged_exports()} == {"scores only"}


def test_that_exports_beside_the_study_that_cannot_be_reached_are_named_with_their_hash(
    tmp_path: Path, before: Before
) -> None:
    folder = copied(before.pristine, tmp_path)
    for name in ("changed", "moved", "whole"):
        made.done(tmp_path, "export", folder, "--format", "preference", "--out", tmp_path / name)
    with (tmp_path / "changed" / "CHECKSUMS.sha256").open("a") as file:
        file.write("\n")
    (tmp_path / "moved").rename(tmp_path / "elsewhere")
    with StudyFolder.open(folder) as study:
        hashes = {Path(e["out"]).name: e["sha256"] for e in study.catalogue().logged_exports()}
    ran = run(tmp_path, ["withdraw", folder, LEAVES, "--yes", "--json"])
    assert {(Path(e["out"]).name, e["why"], e["sha256"]) for e in ran.report["exports_elsewhere"]} == {
        ("changed", "changed", hashes["changed"]), ("moved", "missing", hashes["moved"]),
        ("whole", "rewritten", hashes["whole"]),
    }  # fmt: skip
    assert found_in(tmp_path / "whole", before.words) == {} != found_in(tmp_path / "elsewhere", before.words)
    with StudyFolder.open(folder) as study:
        (stone,) = study.catalogue().tombstones()
        assert {Path(e["out"]).name for e in stone.exports} == {"changed", "moved", "whole"}
