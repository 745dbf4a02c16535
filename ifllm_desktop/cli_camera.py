"""The verbs of ``ifllm-desktop camera``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ifllm_desktop.cli_terminal import Terminal

BOARDS = ("charuco", "chessboard")


def add_camera(verbs: Any, terminal: Terminal) -> None:
    """The verb ``camera`` with everything below it."""
    camera = verbs.add_parser(
        "camera",
        help="Cameras by name, and their geometry.",
        description="Cameras by name, and their geometry.",
        epilog="example: ifllm-desktop camera list",
    )
    camera_verbs = camera.add_subparsers(title="commands", metavar="COMMAND", required=True)
    terminal.verb(
        camera_verbs, "list", "List the cameras of this computer and what was measured of each; opens none.",
        "camera list --json", lambda options: _list(options, terminal),
    )  # fmt: skip
    board = terminal.verb(
        camera_verbs, "board", "Draw the board that a camera is calibrated with: PNG for a phone, PDF for printing.",
        "camera board --out board.png", lambda options: _board(options, terminal),
    )  # fmt: skip
    board.add_argument("--out", type=Path, metavar="FILE", required=True, help="ends in .png or .pdf")
    calibrate = terminal.verb(
        camera_verbs, "calibrate",
        "Measure the geometry of a camera: in a window, or from pictures of the board that it took.",
        "camera calibrate --from pictures --json", lambda options: _calibrate(options, terminal),
    )  # fmt: skip
    calibrate.add_argument(
        "--from", dest="pictures", type=Path, metavar="DIR", help="no window: use these pictures"
    )
    calibrate.add_argument(
        "--camera", metavar="N", help="with --from: keep the result for this camera; else: the camera to open"
    )
    for parser in (board, calibrate):
        parser.add_argument("--board", choices=BOARDS, default="charuco", help="default: charuco")


def _list(options: argparse.Namespace, terminal: Terminal) -> int:
    from ifllm_desktop import compose_devices

    report = compose_devices.cameras_report()
    lines = []
    for row in report["cameras"]:
        field = row["horizontal_field_deg"]
        known = "60° wide (assumed)" if field is None else f"{field:.0f}° wide (measured)"
        lines.append(f"{row['index']}: {row['name']}, {known}")
    terminal.emit(options, report, "\n".join(lines) or "No camera was found.")
    return 0


def _board(options: argparse.Namespace, terminal: Terminal) -> int:
    from ifllm_desktop import compose_devices

    report = compose_devices.write_board(options.out, options.board)
    if options.out.suffix.lower() == ".pdf":
        words = "Print it at 100 % and glue it to something flat."
    else:
        words = "Show it full-screen on a phone or tablet; how large it is does not matter."
    terminal.emit(options, report, f"Wrote {report['out']}. {words}")
    return 0


def _calibrate(options: argparse.Namespace, terminal: Terminal) -> int:
    from ifllm_desktop import compose_devices

    if options.camera is not None:
        compose_devices.checked_device(options.camera)
    if options.pictures is None:
        from ifllm_desktop import app

        return app.open_camera_calibration(options.camera or "0", options.board)
    result, report = compose_devices.calibrate_from_pictures(options.pictures, options.board, terminal.say)
    if options.camera is not None:
        compose_devices.change_profile(options.camera, intrinsics=result.intrinsics.to_json())
        report["kept_for"] = options.camera
    found = result.intrinsics
    terminal.emit(
        options, report,
        f"The camera is {found.horizontal_field_deg:.1f}° wide (fx {found.fx_px:.1f}, fy {found.fy_px:.1f}, "
        f"cx {found.cx_px:.1f}, cy {found.cy_px:.1f} px at {found.size_px[0]}×{found.size_px[1]}), "
        f"rms {found.rms_px:.2f} px over {found.n_views} views.",
    )  # fmt: skip
    return 0
