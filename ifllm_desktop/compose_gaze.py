"""What the ``gaze`` verbs do: pictures to the arrays of the bench, and gaze recomputed from what was stored."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ifllm_desktop import __version__
from ifllm_desktop.adapters.still_pictures import read_picture
from ifllm_desktop.compose import open_study, session_of
from ifllm_desktop.compose_landmarker import landmarker_facts, open_landmarker
from ifllm_desktop.derive.derivers import deriver
from ifllm_desktop.derive.reading import NAME as READING
from ifllm_desktop.derive.reading import VERSION as READING_VERSION
from ifllm_desktop.derive.reading import ReadingRule, derive_reading
from ifllm_desktop.derive.stream import DerivedStream, derive
from ifllm_desktop.domain.errors import DataError, WorldError
from ifllm_desktop.gaze.extracted_rows import ExtractedRows
from ifllm_desktop.gaze.still_picture import N_CROPS, StillLandmarker
from ifllm_desktop.gaze.target_list import PictureRow, read_targets
from ifllm_desktop.ports import Frame, Landmarker, RecordingSource
from ifllm_desktop.reading.fixations import FixationRule
from ifllm_desktop.store.derived import write_derived
from ifllm_desktop.store.study import StudyFolder
from ifllm_desktop.wording import sentence

Report = dict[str, Any]
Say = Callable[[str], None]

_PROGRESS_S = 2.0


# ---- pictures to arrays ----------------------------------------------------------------------


def extract(
    folder: Path, targets: Path, out: Path, say: Say, *, patches: bool = True, n_crops: int = N_CROPS,
) -> Report:  # fmt: skip
    """The report of ``gaze extract``.

    Parameters
    ----------
    folder : Path
        Folder of the pictures.
    targets : Path
        CSV file with the columns of ``gaze.target_list.COLUMNS``.
    out : Path
        The ``.npz`` file; replaced when it is there, and only by a complete one.
    patches : bool
        Whether eye patches are cut; without them the arrays hold NaN.

    Raises
    ------
    DataError
        ``targets_*`` for the list, ``pictures_none`` when no picture shows a face.
    WorldError
        ``folder_missing``, ``targets_missing``, ``out_folder_missing``, ``path_unusable``, ``folder_read_only``, and as
        ``compose_landmarker.open_landmarker``.
    """
    started_s = time.monotonic()
    rows = _read_list(folder, targets)
    left_out: list[dict[str, str]] = []
    with _new_file(out) as unfinished:
        landmarker = StillLandmarker(open_landmarker(still=True), n_crops)
        try:
            kept = _look_at_all(rows, folder, landmarker, patches, left_out, say)
        finally:
            landmarker.close()
        if not len(kept):
            raise DataError("pictures_none", n=len(rows), path=str(folder))
        with unfinished.open("wb") as file:
            np.savez_compressed(file, **kept.arrays())
    reasons = Counter(entry["reason"] for entry in left_out)
    return {
        "out": str(out), "n_pictures": len(rows), "n_rows": len(kept), "n_without_face": reasons["no_face"],
        "left_out": left_out, "elapsed_s": round(time.monotonic() - started_s, 3), "n_crops": n_crops,
        "patches": patches, "landmarker": _landmarker(),
    }  # fmt: skip


def _read_list(folder: Path, targets: Path) -> list[PictureRow]:
    if not folder.is_dir():
        raise WorldError("folder_missing", path=str(folder))
    try:
        text = targets.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise WorldError("targets_missing", path=str(targets)) from error
    except UnicodeDecodeError as error:
        raise DataError("targets_encoding", path=str(targets)) from error
    return read_targets(text, str(targets))


def _look_at_all(
    rows: list[PictureRow], folder: Path, landmarker: Landmarker, patches: bool, left_out: list[dict[str, str]],
    say: Say,
) -> ExtractedRows:  # fmt: skip
    """One picture at a time, so that the memory does not grow with them."""
    kept = ExtractedRows()
    said_s = time.monotonic()
    for number, row in enumerate(rows):
        problem = _look_at(row, number, folder, landmarker, patches, kept)
        if problem is not None:
            reason, words = problem
            left_out.append({"file": row.file, "reason": reason})
            say(words)
        if time.monotonic() - said_s >= _PROGRESS_S or number + 1 == len(rows):
            said_s = time.monotonic()
            say(f"extracted={number + 1}/{len(rows)}")
    return kept


def _look_at(
    row: PictureRow, number: int, folder: Path, landmarker: Landmarker, patches: bool, kept: ExtractedRows
) -> tuple[str, str] | None:
    """Take one picture in; a reason and a sentence where that cannot be."""
    path = folder / row.file
    try:
        if not path.resolve().is_relative_to(folder.resolve()):  # a link that leads out of the folder
            raise DataError("picture_missing", path=str(path))
        image_bgr = read_picture(path)
    except DataError as error:
        return error.code.removeprefix("picture_"), sentence(error)
    height, width = image_bgr.shape[:2]
    face = landmarker.detect(Frame(number, number, image_bgr, (width, height)))
    if face is None:
        return "no_face", sentence(DataError("picture_no_face", path=str(path)))
    kept.add(row, face, image_bgr if patches else None)
    return None


@contextlib.contextmanager
def _new_file(out: Path) -> Iterator[Path]:
    """A name to write to that becomes ``out`` when all went well and is gone otherwise, Ctrl-C included."""
    if not out.parent.is_dir():
        raise WorldError("out_folder_missing", path=str(out), folder=str(out.parent))
    if out.is_dir():
        raise WorldError("path_unusable", path=str(out), reason="it is a folder")
    unfinished = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        unfinished.touch()  # before the work of minutes, not after it
        yield unfinished
        unfinished.replace(out)
    except OSError as error:
        raise error if error.filename else OSError(error.errno, error.strerror, str(out)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _landmarker() -> dict[str, str]:
    facts = landmarker_facts()
    return {"name": facts["name"], "version": facts["mediapipe"]}


# ---- gaze again ------------------------------------------------------------------------------


def rederive(path: Path, model: str, session: str | None, say: Say) -> Report:
    """The report of ``gaze rederive``.

    Raises
    ------
    UsageError
        ``unknown_name`` for the model.
    DataError
        ``session_missing``, ``no_sessions``; ``derive_nothing`` when no session could be derived.
    WorldError
        ``study_missing``, ``disk_full``, ``folder_read_only``.
    """
    started_s = time.monotonic()
    way = deriver(model)

    def compute(study: StudyFolder, session_id: str) -> Report:
        source = study.source(session_id)
        return _stored(study, source, derive(source, way))

    done, left_out = _each_session(path, session, compute, "rederived", say)
    return {
        "study": str(path), "model": way.name, "version": way.version, "sessions": done, "left_out": left_out,
        "n_rows": sum(entry["n_rows"] for entry in done), "elapsed_s": round(time.monotonic() - started_s, 3),
    }  # fmt: skip


def _each_session(
    path: Path, session: str | None, compute: Callable[[StudyFolder, str], Report], said: str, say: Say
) -> tuple[list[Report], list[dict[str, str]]]:
    """Reports of one session or of all, and of those that cannot be computed the reason."""
    done: list[Report] = []
    left_out: list[dict[str, str]] = []
    with open_study(path) as study:
        chosen = [session_of(study, session)] if session else study.catalogue().sessions()
        if not chosen:
            raise DataError("no_sessions", path=str(path))
        for number, info in enumerate(chosen):
            try:
                done.append(compute(study, info.session_id))
            except (
                DataError,
                WorldError,
            ) as error:  # a file that is not there, too: the others can be computed
                if len(chosen) == 1:
                    raise
                reason = sentence(error)
                left_out.append({"session_id": info.session_id, "code": error.code, "reason": reason})
                say(reason)
            say(f"{said}={number + 1}/{len(chosen)}")
        if not done:
            raise DataError("derive_nothing", n=len(chosen), path=str(path))
    return done, left_out


def _stored(study: StudyFolder, source: RecordingSource, made: DerivedStream) -> Report:
    header = {
        "deriver": made.deriver, "version": made.version, "parameters": made.parameters,
        "calibration_ids": list(made.calibration_ids), "app_version": __version__,
    }  # fmt: skip
    written = write_derived(study.derived, source, made.name, header, {"gaze": made.gaze, "hit": made.hit})
    # read back through the door that everything else uses: what cannot be read was not made
    n_rows = len(study.derived_source(made.session_id, written.name).read("gaze"))
    return {
        "session_id": made.session_id, "stream": written.name, "file": written.path.relative_to(study.path).as_posix(),
        "calibration_ids": list(made.calibration_ids), **made.report, "n_rows": n_rows,
    }  # fmt: skip


# ---- reading ---------------------------------------------------------------------------------


def find_fixations(path: Path, method: str, gaze: str, session: str | None, say: Say) -> Report:
    """The report of ``gaze fixations``: fixations and dwell of sessions as derived streams.

    Parameters
    ----------
    gaze : str
        ``live``, or the name of a derived stream that holds gaze computed again.

    Raises
    ------
    DataError
        ``session_missing``, ``no_sessions``; ``derive_nothing`` when no session could be derived.
    """
    started_s = time.monotonic()
    rule = ReadingRule(fixation=FixationRule(method=method), gaze=gaze)
    done, left_out = _each_session(
        path, session, lambda study, session_id: _reading_of(study, session_id, rule), "derived", say
    )
    return {
        "study": str(path), "sessions": done, "left_out": left_out,
        "n_fixations": sum(entry["n_fixations"] for entry in done),
        "elapsed_s": round(time.monotonic() - started_s, 3),
    }  # fmt: skip


def _reading_of(study: StudyFolder, session_id: str, rule: ReadingRule) -> Report:
    source: RecordingSource = study.source(session_id)
    if rule.gaze != "live":
        source = study.derived_source(session_id, rule.gaze)
    made = derive_reading(source, rule)
    header = {
        "deriver": READING, "version": READING_VERSION, "parameters": made.parameters,
        "calibration_ids": list(made.calibration_ids), "app_version": __version__,
    }  # fmt: skip
    written = write_derived(study.derived, source, made.name, header, made.tables)
    n_rows = len(study.derived_source(session_id, written.name).read("fixation"))
    return {
        "session_id": session_id, "stream": written.name, "file": written.path.relative_to(study.path).as_posix(),
        "calibration_ids": list(made.calibration_ids), **made.report, "n_fixations": n_rows,
    }  # fmt: skip
