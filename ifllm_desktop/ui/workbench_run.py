"""The program with a window: Qt made ready, the workbench opened, and kept until it is closed."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from ifllm_desktop import compose, logs
from ifllm_desktop.ui.application import themed_application
from ifllm_desktop.ui.workbench import Workbench
from ifllm_desktop.wording import sentence

_log = logging.getLogger(__name__)
SWITCH_INTERVAL_S = 0.001


def run_workbench(
    *,
    study: Path | None = None,
    camera: str = compose.SIMULATED,
    seed: int = 1,
    run_at_once: bool = False,
    participant: str | None = None,
    session: str | None = None,
    page: str = "home",
) -> int:
    """Open the window and stay until it is closed; returns the exit code."""
    # the vision thread holds the interpreter for up to 5 ms at a time by default: too long for a 33 ms tick
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    application = themed_application()
    workbench = Workbench(camera=camera, seed=seed)
    sys.excepthook = _reporter(workbench)
    workbench.window.show_fitting()
    if study is not None:
        workbench.choose(study)
        if run_at_once:
            workbench.run(study, participant)
        elif page in ("replay", "annotate", "audit"):
            opens: Callable[[str | None], None]
            opens = workbench.open_audit if page == "audit" else workbench.open_replay
            # in order behind the choosing: both run on the one background thread
            workbench.background.run(lambda _: None, lambda _: opens(session), workbench.failed)
    code = application.exec()
    workbench.close()
    return code


def _reporter(
    workbench: Workbench,
) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _log.info("unexpected error", exc_info=(kind, error, trace))
        workbench.say(sentence(error, path=str(logs.log_path())))

    return report
