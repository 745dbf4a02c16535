"""One folder with the chosen sets, a README that data-set tools read, the schema and checksums."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ifllm_desktop.domain.errors import UsageError, WorldError
from ifllm_desktop.domain.labels import LabelOperation
from ifllm_desktop.export.annotations import annotation_set
from ifllm_desktop.export.answers import answer_set
from ifllm_desktop.export.card import readme
from ifllm_desktop.export.files import FileReport, Progress, sha256_of, world_error, write_set, write_text
from ifllm_desktop.export.manifest import MANIFEST, HeldFile, HeldFormat, HeldSession, Manifest
from ifllm_desktop.export.material import Content, Material, gather
from ifllm_desktop.export.pairs import preference_set, response_score_set, reward_score_set
from ifllm_desktop.export.samples import sample_set
from ifllm_desktop.export.schemas import FORMATS, schema_json
from ifllm_desktop.ports import Catalogue, RecordingSource

MAKERS: dict[str, tuple[Callable[[Material], Content], ...]] = {
    "preference": (preference_set,),
    "samples": (sample_set,),
    "annotations": (annotation_set,),
    "answers": (answer_set,),
    "reward_scores": (reward_score_set, response_score_set),
}
"""Sets of each format. To add one: its columns in ``schemas``, a function here."""
ALL_KINDS = ("parquet", "jsonl", "csv")
PARQUET_ONLY = frozenset({"samples"})
"""Long tables: other kinds only when they are asked for."""
CHECKSUMS = "CHECKSUMS.sha256"


@dataclass(frozen=True, slots=True)
class FormatReport:
    """What became of one format.

    Attributes
    ----------
    excluded : dict
        Reason to number of rows left out (``people_…`` counts people; of ``samples``: sessions).
    reason : str
        Why nothing was written, when there are 0 rows; else empty.
    """

    format: str
    out: str
    files: tuple[FileReport, ...]
    excluded: dict[str, int]
    reason: str = ""

    @property
    def n_rows(self) -> int:
        """Rows of the set itself."""
        return self.files[0].rows if self.files else 0

    def to_json(self) -> dict[str, object]:
        """Keys as the command line prints them."""
        return {
            "format": self.format,
            "out": self.out,
            "files": [file.to_json() for file in self.files],
            "excluded": self.excluded,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote.

    Attributes
    ----------
    sha256 : str
        Of the file of checksums, and thereby of all data files.
    """

    out: str
    formats: tuple[FormatReport, ...]
    sha256: str

    def to_json(self) -> dict[str, object]:
        """All formats under one key."""
        return {"out": self.out, "sha256": self.sha256, "formats": [f.to_json() for f in self.formats]}


def write_exports(
    catalogue: Catalogue,
    sources: Iterable[RecordingSource],
    label_operations: Sequence[LabelOperation],
    formats: Sequence[str],
    out: Path,
    *,
    code_version: str,
    kinds: tuple[str, ...] | None = None,
    wall_ns: int | None = None,
    progress: Progress = lambda _name, _n_rows: None,
    cancel: threading.Event | None = None,
) -> ExportReport:
    """Write the chosen formats into a new folder.

    The bytes depend on recordings, votes, labels, scores and consents alone, not on the time of writing.

    Parameters
    ----------
    formats : sequence of str
        Out of :data:`~ifllm_desktop.export.schemas.FORMATS`; ``("all",)`` stands for all of them.
    out : Path
        A folder that does not exist yet, or an empty one.
    kinds : tuple of str, optional
        ``parquet``, ``jsonl``, ``csv``. By default all three, for samples Parquet alone. Parquet is
        always written: the README points at it.
    wall_ns : int, optional
        When given, each format is entered in the catalogue's export log with this time.
    progress, cancel
        Called with (set, rows so far); set it to stop after the present table.

    Raises
    ------
    UsageError
        ``export_format`` for a format that does not exist.
    WorldError
        ``export_exists``, ``disk_full``, ``folder_read_only``, ``path_unusable``, ``export_cancelled``. Files
        that were finished stay.
    """
    chosen = _chosen(formats)
    _claim(out)
    material = gather(catalogue, sources, label_operations)
    stop = cancel or threading.Event()
    reports: list[FormatReport] = []
    for name in chosen:
        picked = _kinds(name, kinds)
        reports.append(_write_format(material, name, out, picked, progress, stop))
    parquet = [file.path for report in reports for file in report.files if file.path.endswith(".parquet")]
    sets = [Path(path).stem for path in parquet]
    write_text(out / "schema.json", json.dumps(schema_json(sets), indent=1, ensure_ascii=False) + "\n")
    manifest = _manifest(material, reports, code_version)
    write_text(out / MANIFEST, manifest.to_text())
    write_text(out / "README.md", readme(manifest))
    digest = write_checksums(out, [file.path for report in reports for file in report.files])
    if wall_ns is not None:
        where = str(out.absolute())  # it has to be found again from any other folder
        for report in reports:
            catalogue.log_export(report.format, where, digest, report.n_rows, wall_ns)
    return ExportReport(str(out), tuple(reports), digest)


def _chosen(formats: Sequence[str]) -> list[str]:
    wanted = set(FORMATS if "all" in formats else formats)
    unknown = sorted(wanted - set(FORMATS))
    if unknown:
        raise UsageError("export_format", name=unknown[0], known=", ".join((*FORMATS, "all")))
    return [name for name in FORMATS if name in wanted]


def _kinds(name: str, kinds: tuple[str, ...] | None) -> tuple[str, ...]:
    if kinds is None:
        return ("parquet",) if name in PARQUET_ONLY else ALL_KINDS
    return ("parquet", *(kind for kind in ALL_KINDS if kind in kinds and kind != "parquet"))


def _claim(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        taken = any(out.iterdir())
    except OSError as error:
        raise world_error(error, out) from error
    if taken:
        raise WorldError("export_exists", path=str(out))


def _write_format(
    material: Material,
    name: str,
    out: Path,
    kinds: tuple[str, ...],
    progress: Progress,
    cancel: threading.Event,
) -> FormatReport:
    files: list[FileReport] = []
    excluded: dict[str, int] = {}
    for maker in MAKERS[name]:
        content = maker(material)
        files += write_set(content, out / name, kinds, progress, cancel)
        # what the first set leaves out is what the format leaves out; the others are forms of it
        excluded = excluded or dict(sorted(content.excluded.items()))
    reason = "" if files[0].rows else why_empty(material, name, excluded)
    return FormatReport(name, str(out), tuple(files), excluded, reason)


def why_empty(material: Material, name: str, excluded: dict[str, int]) -> str:
    """One sentence: why a set has no rows."""
    if not material.sessions and not material.withheld:
        return "The study has no recorded session."
    if not material.sessions:
        return "Nobody agreed to sharing."
    if excluded:
        left_out = ", ".join(f"{reason} {n}" for reason, n in excluded.items())
        return f"Everything was left out: {left_out}."
    missing = {
        "annotations": "label", "answers": "answer", "reward_scores": "pair", "preference": "pair",
        "samples": "sample",
    }  # fmt: skip
    return f"No {missing[name]} was recorded."


def _manifest(material: Material, reports: Sequence[FormatReport], code_version: str) -> Manifest:
    sessions = tuple(
        HeldSession(session.session_id, session.participant_id, session.source.info().devices)
        for session in material.sessions
    )
    formats = tuple(
        HeldFormat(
            report.format, tuple(HeldFile(file.path, file.rows) for file in report.files), report.excluded,
            report.reason,
        )
        for report in reports
    )  # fmt: skip
    models = tuple(sorted({(score.model_id, score.trained_on) for score in material.scores}))
    return Manifest(code_version, sessions, models, formats)


def write_checksums(out: Path, paths: Sequence[str]) -> str:
    """Write the file of checksums of an export's data files and of what explains them; returns its own SHA-256."""
    named = sorted({*paths, "README.md", "schema.json", MANIFEST})
    write_text(out / CHECKSUMS, "".join(f"{sha256_of(out / path)}  {path}\n" for path in named))
    return sha256_of(out / CHECKSUMS)
