"""The verbs of ``ifllm-desktop gaze``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ifllm_desktop.cli_terminal import Report, Terminal


def add_gaze(verbs: Any, terminal: Terminal) -> None:
    """The verb ``gaze`` with everything below it."""
    gaze = verbs.add_parser(
        "gaze",
        help="Tools of the gaze pipeline.",
        description="Tools of the gaze pipeline.",
        epilog="example: ifllm-desktop gaze bench bench.npz --points 9",
    )
    gaze_verbs = gaze.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_bench(gaze_verbs, terminal)
    _add_extract(gaze_verbs, terminal)
    _add_rederive(gaze_verbs, terminal)
    _add_fixations(gaze_verbs, terminal)
    _add_fetch_model(gaze_verbs, terminal)


def _add_fetch_model(gaze_verbs: Any, terminal: Terminal) -> None:
    def fetch_model(options: argparse.Namespace) -> int:
        from ifllm_desktop import compose_landmarker

        report = compose_landmarker.fetch_face_model(options.source, terminal.say)
        if report["fetched"]:
            words = f"Fetched the face model from {report['source']} and checked it: {report['path']}"
        else:
            words = f"The face model is there already and as it should be: {report['path']}"
        terminal.emit(options, report, words)
        return 0

    fetch = terminal.verb(
        gaze_verbs, "fetch-model",
        "Fetch the face model that newer versions of MediaPipe come without (3.8 MB, checked by its SHA-256).",
        "gaze fetch-model", fetch_model,
    )  # fmt: skip
    fetch.add_argument(
        "--from",
        dest="source",
        metavar="URL|FILE",
        help="another place to take it from (default: its publisher)",
    )


# ---- bench -----------------------------------------------------------------------------------


def _add_bench(verbs: Any, terminal: Terminal) -> None:
    def bench(options: argparse.Namespace) -> int:
        from ifllm_desktop import gaze_bench

        report = gaze_bench.run(
            options.file,
            options.points,
            options.features,
            options.draws,
            options.seed,
            options.out,
            terminal.say,
            options.prior,
        )
        terminal.emit(options, report, gaze_bench.words(report))
        return 0

    parser = terminal.verb(
        verbs, "bench", "Measure how far gaze is off on a file of real pictures, on targets that did not calibrate.",
        "gaze bench pictures.npz --points 9 --features patch", bench,
    )  # fmt: skip
    parser.add_argument("file", type=Path, metavar="FILE.npz", help="what `gaze extract` wrote")
    parser.add_argument(
        "--points", type=_whole(3, 1000), default=9, metavar="N", help="targets that calibrate (default: 9)"
    )
    parser.add_argument(
        "--features", choices=("patch", "iris"), default="patch",
        help="patch: landmarks and eye patches; iris: landmarks alone (default: patch)",
    )  # fmt: skip
    parser.add_argument(
        "--prior", choices=("shipped", "others"), default="shipped",
        help="what is believed of eyes beforehand: what ships with the program, or what the other participants of "
        "the file give (default: shipped)",
    )  # fmt: skip
    parser.add_argument(
        "--draws", type=_whole(1, 100_000), default=20, metavar="N",
        help="choices of calibration targets per session; all of them where there are no more (default: 20)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=_whole(0, 2**31 - 1), default=0, metavar="N", help="of the choices (default: 0)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="write every prediction")


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text) if text.isdecimal() and len(text) < 12 else low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return value

    return read


# ---- extract ---------------------------------------------------------------------------------


def _add_extract(verbs: Any, terminal: Terminal) -> None:
    def extract(options: argparse.Namespace) -> int:
        from ifllm_desktop import compose_gaze

        report = compose_gaze.extract(
            options.dir, options.targets, options.out, terminal.say, patches=not options.iris_only,
            n_crops=options.crops,
        )  # fmt: skip
        n_rows, n_pictures = report["n_rows"], report["n_pictures"]
        words = (
            f"Extracted {n_rows} of {n_pictures} pictures to {report['out']} in {report['elapsed_s']:.0f} s."
        )
        if n_rows < n_pictures:
            words += f" Left out: {n_pictures - n_rows}, of which {report['n_without_face']} show no face."
        terminal.emit(options, report, words)
        return 0

    parser = terminal.verb(
        verbs, "extract", "Turn pictures of faces with known targets into the arrays of the gaze bench.",
        "gaze extract pictures --targets targets.csv --out bench.npz", extract,
    )  # fmt: skip
    parser.add_argument("dir", type=Path, metavar="DIR", help="folder of the pictures")
    parser.add_argument(
        "--targets", type=Path, required=True, metavar="CSV",
        help="columns file, participant, session, target_x_px, target_y_px, screen_w_px, screen_h_px",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE.npz", help="is replaced when it exists"
    )
    parser.add_argument("--iris-only", action="store_true", help="cut no eye patches (they are image data)")
    parser.add_argument(
        "--crops", type=_whole(1, 200), default=12, metavar="N",
        help="looks per picture that are averaged (default: 12)",
    )  # fmt: skip


# ---- rederive --------------------------------------------------------------------------------


def _add_rederive(verbs: Any, terminal: Terminal) -> None:
    def rederive(options: argparse.Namespace) -> int:
        from ifllm_desktop import compose_gaze

        report = compose_gaze.rederive(options.study, options.model, options.session, terminal.say)
        return _emit_sessions(options, report, _session_words, terminal)

    parser = terminal.verb(
        verbs, "rederive", "Compute gaze and hits again from the stored eye features, beside the live ones.",
        "gaze rederive my-study --model iris", rederive,
    )  # fmt: skip
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument(
        "--model", default="live", metavar="NAME",
        help="live (as in the session), iris (landmarks alone), patch (with eye patches), clicks (live, with a "
        "correction from earlier clicks); default: live",
    )  # fmt: skip
    parser.add_argument("--session", metavar="ID", help="one session (default: all)")


def _emit_sessions(
    options: argparse.Namespace, report: Report, words: Callable[[Report], str], terminal: Terminal
) -> int:
    """A line for each session, then why others were left out."""
    lines = [words(entry) for entry in report["sessions"]]
    lines += [entry["reason"] for entry in report["left_out"]]
    terminal.emit(options, report, "\n".join(lines))
    return 0


def _session_words(entry: Report) -> str:
    words = f"{entry['session_id']}: {entry['n_rows']} rows in {entry['file']}"
    words += (
        f"; {_px(entry['median_to_live_px'])} from live gaze (median; 90 %: {_px(entry['p90_to_live_px'])})"
    )
    for found in entry["validation"]:
        words += f"; at {found['n_targets']} validation targets {_px(found['accuracy_px'])}"
        words += f" (live {_px(found['live_accuracy_px'])})"
    if "clicks" in entry:
        found = entry["clicks"]
        low, high = found["gain_interval_px"]
        words += (
            f"; at {found['n_held_out']} later clicks {_px(found['error_with_px'])} with the correction and "
            f"{_px(found['error_without_px'])} without, mean gain {found['gain_px']:.1f} px ({low:.1f} to {high:.1f})"
        )
    return words + "."


def _px(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} px"


# ---- fixations -------------------------------------------------------------------------------


def _add_fixations(verbs: Any, terminal: Terminal) -> None:
    def find(options: argparse.Namespace) -> int:
        from ifllm_desktop import compose_gaze

        report = compose_gaze.find_fixations(
            options.study, options.method, options.gaze, options.session, terminal.say
        )
        return _emit_sessions(options, report, _fixation_words, terminal)

    parser = terminal.verb(
        verbs, "fixations", "Find fixations, what each was on with its probability, and dwell on words and lines.",
        "gaze fixations my-study", find,
    )  # fmt: skip
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument(
        "--method", choices=("idt", "ivt"), default="idt", help="by dispersion or by velocity (default: idt)"
    )
    parser.add_argument(
        "--gaze", default="live", metavar="NAME", help="a derived stream of `gaze rederive` (default: live)"
    )
    parser.add_argument("--session", metavar="ID", help="one session (default: all)")


def _fixation_words(entry: Report) -> str:
    n, file = entry["n_fixations"], entry["file"]
    return f"{entry['session_id']}: {n} fixations in {file}; supports {_supports(entry)}."


def _supports(entry: Report) -> str:
    """What is not refused, with its chance."""
    kept = [f"{name} {s['p']:.2f}" for name, s in entry["support"].items() if s["state"] != "refused"]
    return ", ".join(kept) or "nothing"
