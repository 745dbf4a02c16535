"""The command line: parses, hands on, prints. Everything heavy is imported inside the verb that needs it.

Every command: ``--json`` prints one JSON object on stdout and nothing else; messages and progress go to stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ifllm_desktop import __version__
from ifllm_desktop.cli_audit import add_audit
from ifllm_desktop.cli_camera import add_camera
from ifllm_desktop.cli_gaze import add_gaze
from ifllm_desktop.cli_people import add_people
from ifllm_desktop.cli_terminal import Report, Terminal


def main(arguments: list[str]) -> int:
    """Run one command; returns its exit code. Raises the program's own errors for ``__main__`` to word."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    verb: Callable[[argparse.Namespace], int] = options.verb
    return verb(options)


def build_parser() -> argparse.ArgumentParser:
    """Every verb with its options and an example."""
    parser = _parser(
        argparse.ArgumentParser,
        prog="ifllm-desktop",
        description="A desktop lab for implicit feedback on the answers of language models.",
        epilog="Without a command the window opens.\nexample: ifllm-desktop demo --headless --seed 1",
    )
    parser.add_argument("--version", action="version", version=f"ifllm-desktop {__version__}")
    parser.set_defaults(verb=_window)
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_running(verbs)
    _add_reading(verbs)
    _add_output(verbs)
    terminal = Terminal(_verb, _emit, _say)
    for add in (add_people, add_audit, add_gaze, add_camera):
        add(verbs, terminal)
    _add_checks(verbs)
    return parser


def _parser(
    make: Callable[..., argparse.ArgumentParser], *args: str, **kwargs: Any
) -> argparse.ArgumentParser:
    return make(*args, formatter_class=argparse.RawDescriptionHelpFormatter, **kwargs)


def _verb(
    verbs: Any, name: str, help_text: str, example: str, verb: Callable[[argparse.Namespace], int]
) -> Any:
    parser = _parser(
        verbs.add_parser,
        name,
        help=help_text,
        description=help_text,
        epilog=f"example: ifllm-desktop {example}",
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object on stdout and nothing else"
    )
    parser.set_defaults(verb=verb)
    return parser


def _add_running(verbs: Any) -> None:
    demo = _verb(
        verbs, "demo", "Run the built-in demo study: record, replay, label, score, export.",
        "demo --headless --seed 1", _demo,
    )  # fmt: skip
    demo.add_argument("--study", type=Path, metavar="DIR", help="folder of the study (default: a new one)")
    demo.add_argument(
        "--headless", action="store_true", help="no window: simulated participants, simulated clock"
    )
    demo.add_argument("--camera", metavar="N|FILE", help="camera number or video file (default: simulated)")
    demo.add_argument(
        "--seed", type=_seed, default=1, metavar="N", help="seeds every random choice (default: 1)"
    )
    new = _verb(
        verbs, "new", "Make a study folder with a commented study.yaml.", "new my-study --template paper", _new
    )  # fmt: skip
    new.add_argument("study", type=Path, metavar="STUDY")
    new.add_argument(
        "--template",
        default="demo",
        metavar="NAME",
        help="demo, paper (the flow of the paper's study) or stimuli (prepared pairs only); default: demo",
    )
    run = _verb(verbs, "run", "Take one participant through a study.", "run my-study --camera 0", _run)
    run.add_argument("study", type=Path, metavar="STUDY")
    run.add_argument("--participant", metavar="ID", help="id of the participant (default: the next free one)")
    run.add_argument(
        "--camera",
        metavar="N|FILE|simulated",
        default=None,
        help="gaze source (default: the camera used last, at first 0)",
    )
    run.add_argument("--headless", action="store_true", help="no window; a simulated participant acts")
    run.add_argument(
        "--realtime", action="store_true", help="with --headless: real clock instead of a simulated one"
    )
    run.add_argument("--seed", type=_seed, default=1, metavar="N")


def _add_reading(verbs: Any) -> None:
    for name, help_text in (
        ("replay", "Open the replay of a session."),
        ("annotate", "Open a session for labelling."),
    ):
        page = _verb(verbs, name, help_text, f"{name} my-study", _open_page)
        page.add_argument("study", type=Path, metavar="STUDY")
        page.add_argument("session", nargs="?", metavar="SESSION", help="default: the newest")
        page.set_defaults(page=name)
    verify = _verb(
        verbs, "verify", "Check every recording and the catalogue; recover what was cut off.",
        "verify my-study --json", _verify,
    )  # fmt: skip
    verify.add_argument("study", type=Path, metavar="STUDY")


def _add_output(verbs: Any) -> None:
    reward = verbs.add_parser(
        "reward",
        help="Train the pair score, or score every pair of a study.",
        description="Train the pair score, or score every pair of a study.",
        epilog="example: ifllm-desktop reward score my-study",
    )
    reward_verbs = reward.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, help_text in (
        ("train", "Train the pair score on a study's votes and store the model."),
        ("score", "Score every pair of a study, labelled or not."),
    ):
        parser = _verb(reward_verbs, name, help_text, f"reward {name} my-study", _reward)
        parser.add_argument("study", type=Path, metavar="STUDY")
        parser.add_argument("--seed", type=_seed, default=1, metavar="N")
        parser.add_argument("--model", type=Path, metavar="DIR", help="model folder")
        parser.set_defaults(reward_verb=name)
    export = _verb(
        verbs, "export", "Write data sets that other tools read.",
        "export my-study --format preference --out data", _export,
    )  # fmt: skip
    export.add_argument("study", type=Path, metavar="STUDY")
    export.add_argument("--format", default="all", metavar="NAME",
                        help="preference, samples, annotations, answers, reward_scores or all")  # fmt: skip
    export.add_argument("--out", type=Path, metavar="DIR", required=True, help="a new folder")


def _add_checks(verbs: Any) -> None:
    _verb(verbs, "selftest", "Check this installation in under half a minute.", "selftest", _selftest)
    doctor = _verb(
        verbs, "doctor", "Look for what keeps this computer from recording well.", "doctor --study my-study", _doctor
    )  # fmt: skip
    doctor.add_argument("--study", type=Path, metavar="STUDY", help="look at this study's folder, too")
    bench = _verb(verbs, "bench", "Measure speed on this machine.", "bench live --json", _bench)
    bench.add_argument(
        "name", nargs="?", default="live", metavar="NAME", help="live, vision or derive (default: live)"
    )
    bench.add_argument("--seconds", type=float, default=20.0, metavar="S", help="length of the measurement")
    bench.add_argument("--camera", metavar="FILE", help="a 720p video (default: one made on the spot)")


def _seed(text: str) -> int:
    value = int(text) if text.isdecimal() else -1
    if not 0 <= value < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 2147483647")
    return value


def _say(text: str) -> None:
    try:
        print(text, file=sys.stderr, flush=True)
    except BrokenPipeError:
        # nobody reads our progress any more (`2>&1 | head`): no reason to end a recording
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _emit(options: argparse.Namespace, report: Report, sentence: str) -> None:
    """The report as JSON with ``--json``, else in words."""
    if options.json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        print(sentence)


def _window(_options: argparse.Namespace) -> int:
    from ifllm_desktop import app

    return app.open_window()


def _demo(options: argparse.Namespace) -> int:
    from ifllm_desktop import app

    if not options.headless:
        return app.open_demo(options.study, options.camera, options.seed)
    report = app.run_demo_headless(options.study, options.camera, options.seed, _say)
    people = len(report["participants"])
    _emit(
        options, report,
        f"Recorded {people} simulated participant{'s' if people != 1 else ''} "
        f"({report['frames']} frames: {report['landmark_rows']} with a face, {report['gap_rows']} gaps), "
        f"labelled, scored and exported them in {report['elapsed_s']:.0f} s.\n"
        f"Study:  {report['study']}\nExport: {report['export']}\n"
        f"Look at it with: ifllm-desktop replay {report['study']}",
    )  # fmt: skip
    return 0


def _new(options: argparse.Namespace) -> int:
    from ifllm_desktop import compose

    study = compose.new_study(options.study, options.template)
    _emit(
        options,
        {"study": str(study)},
        f"Made the study {study}: edit study.yaml, then `ifllm-desktop run {study}`.",
    )
    return 0


def _run(options: argparse.Namespace) -> int:
    from ifllm_desktop import app

    if not options.headless:
        return app.open_run(options.study, options.participant, options.camera)
    report = app.run_headless(
        options.study, options.participant, options.camera or "simulated", options.seed,
        realtime=options.realtime, say=_say,
    )  # fmt: skip
    _emit(
        options,
        report,
        f"Recorded {report['frames']} frames of {report['participants'][0]} in {report['study']}.",
    )
    return 0


def _open_page(options: argparse.Namespace) -> int:
    from ifllm_desktop import app

    return app.open_session(options.study, options.session, options.page)


def _verify(options: argparse.Namespace) -> int:
    from ifllm_desktop import compose

    report = compose.verify_study(options.study)
    lines = [f"{len(report['recordings'])} recordings, {'all well' if report['ok'] else 'with problems'}."]
    for row in report["recordings"]:
        if row["recovered"]:
            lines.append(f"{row['id']}: was not closed; recovered {row['duration_s']:.1f} s.")
        lines += [f"{row['id']}: {problem}" for problem in row["problems"]]
    lines += [problem for row in report["derived"] for problem in row["problems"]]
    lines += report["problems"]
    if report["erased"]:
        lines.append("An erasure that had been cut off was finished.")
    _emit(options, report, "\n".join(lines))
    return 0 if report["ok"] else 1


def _reward(options: argparse.Namespace) -> int:
    from ifllm_desktop import compose_rewards

    if options.reward_verb == "train":
        report = compose_rewards.train_reward(options.study, options.seed, options.model)
        words = (
            f"Trained on {report['n_pairs']} pairs of {report['n_people']} people; model: {report['model']}"
        )
    else:
        report = compose_rewards.score_pairs(options.study, options.model)
        words = f"Scored {report['n_pairs']} pairs with a model trained on {report['trained_on']}."
    _emit(options, report, words)
    return 0


def _export(options: argparse.Namespace) -> int:
    from ifllm_desktop import compose_exports

    report = compose_exports.export_study(options.study, options.format, options.out)
    n_rows = sum(file["rows"] for file in report["files"])
    left_out = ", ".join(f"{n} {reason}" for reason, n in report["excluded"].items()) or "nothing"
    for problem in report["unreadable"]:
        _say(problem)
    _emit(
        options,
        report,
        f"Wrote {len(report['files'])} files, {n_rows} rows, to {report['out']}; left out: {left_out}.",
    )
    return 0


def _selftest(options: argparse.Namespace) -> int:
    from ifllm_desktop import app

    report = app.run_selftest()
    lines = [f"{'ok  ' if c['ok'] else 'FAIL'} {c['name']}: {c['detail']}" for c in report["checks"]]
    _emit(
        options,
        report,
        "\n".join([*lines, "All well." if report["ok"] else "Something is not well: see above."]),
    )
    return 0 if report["ok"] else 1


def _doctor(options: argparse.Namespace) -> int:
    from ifllm_desktop import doctor

    report = doctor.run(options.study)
    lines = []
    for check in report["checks"]:
        lines.append(f"{check['state']:<8} {check['name']}: {check['detail']}")
        lines += [f"{'':<8} {check['remedy']}"] if check["remedy"] else []
    _emit(
        options,
        report,
        "\n".join([*lines, "Ready." if report["ok"] else "Not ready: see the problems above."]),
    )
    return 0 if report["ok"] else 1


def _bench(options: argparse.Namespace) -> int:
    from ifllm_desktop import app

    report = app.run_bench(options.name, options.seconds, options.camera)
    # figures are JSON in both forms: they are for reading by machines and for notes
    print(json.dumps(report, ensure_ascii=False, indent=None if options.json else 2))
    return 0
