"""``gaze bench``: a file of landmarks, patches and targets in, figures out; with ``--out`` every prediction."""

from __future__ import annotations

import csv
import math
import time
import zipfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError, WorldError
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.gaze.bench import (
    BenchResult,
    Prediction,
    bench_report,
    bench_rows,
    profiles_of_others,
    run_bench,
)

Report = dict[str, Any]


def run(
    path: Path,
    n_points: int,
    features: str,
    n_draws: int,
    seed: int,
    out: Path | None,
    say: Callable[[str], None],
    prior: str = "shipped",
) -> Report:
    """The report of ``gaze bench``.

    Parameters
    ----------
    prior : str
        ``shipped``: the program's own profiles of eyes; ``others``: for each participant those that all other
        participants of the file give, so that nobody's own data had a part in them.

    Raises
    ------
    WorldError
        ``bench_missing``, ``out_folder_missing``.
    DataError
        ``bench_unreadable``, ``bench_array``, ``bench_empty``; ``bench_too_few`` when no session has more than
        ``n_points`` usable targets, ``prior_no_sessions`` when there is nobody else to learn from.
    """
    started_ns = time.perf_counter_ns()
    if out is not None and not out.parent.is_dir():
        raise WorldError("out_folder_missing", path=str(out), folder=str(out.parent))
    rows = bench_rows(_arrays(path), features)
    said = [0]

    def progress(done: int, of: int) -> None:
        if of and done * 10 // of > said[0]:
            said[0] = done * 10 // of
            say(f"sessions={done}/{of}")

    profiles = profiles_of_others(rows) if prior == "others" else None
    result = run_bench(rows, n_points, n_draws, seed, progress, profiles)
    if not result.predictions:
        raise DataError("bench_too_few", path=str(path), n=n_points)
    if out is not None:
        _write(out, result)
    report = bench_report(result)
    return {
        "file": str(path), "n_points": n_points, "features": features, "prior": prior, "draws": n_draws,
        "seed": seed, **_finite(report), "n_sessions": len(report["by_session"]),
        "elapsed_s": round((time.perf_counter_ns() - started_ns) / NS_PER_S, 3),
    }  # fmt: skip


def words(report: Report) -> str:
    """The report as a table for a person."""
    many = f"{report['n_sessions']} sessions × {report['draws']} draws, {report['n']} tested targets"
    errors = [
        f"{name} {_px(report[key])}"
        for name, key in (
            ("median", "median_px"),
            ("p90", "p90_px"),
            ("x", "median_x_px"),
            ("y", "median_y_px"),
        )
    ]
    how = f"{report['features']}, {report['prior']} prior"
    one, two = report["share_within_1_sd"], report["share_within_2_sd"]
    lines = [
        f"{report['n_points']} targets calibrate, the others test; {how}; {many}.",
        f"{'   '.join(errors)} (x and y: median of the absolute error)",
        f"within the model's own standard deviation: {one:.0%} (nominal 68 %), within two: {two:.0%} (95 %)",
    ]
    if set(report["profiles"]) != {report["features"]}:  # without all patches the landmarks alone calibrate
        kinds = ", ".join(f"{name} in {n}" for name, n in sorted(report["profiles"].items()))
        lines.append(f"features used: {kinds} draws, because patches are missing")
    lines.append("")
    for title, key in (("person", "by_person"), ("session", "by_session")):
        width = max(len(title), *(len(name) for name in report[key]))
        lines.append(f"{title:<{width}}  median px   p90 px      n")
        for name, figures in report[key].items():
            median, p90 = _figure(figures["median_px"]), _figure(figures["p90_px"])
            lines.append(f"{name:<{width}}  {median:>9}  {p90:>7}  {figures['n']:>5}")
        lines.append("")
    lines += [f"left out: {name}: {reason}" for name, reason in report["left_out"].items()]
    return "\n".join(lines).rstrip()


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        raise WorldError("bench_missing", path=str(path))
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (ValueError, OSError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise DataError("bench_unreadable", path=str(path), reason=type(error).__name__) from error


def _write(out: Path, result: BenchResult) -> None:
    names = [field.name for field in fields(Prediction)]
    unfinished = out.with_name(f".{out.name}.part")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            writer.writerows([[getattr(row, name) for name in names] for row in result.predictions])
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def _finite(value: Any) -> Any:
    """JSON knows no infinity: an error that could not be measured is null."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _px(value: float | None) -> str:
    return f"{_figure(value)} px"
