"""Entry point: configure logging, run a verb, turn every error into one sentence."""

from __future__ import annotations

import logging
import os
import sys


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code (0 done, 1 world or data is wrong, 2 wrong usage)."""
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        print("Stopped; everything recorded until now is kept.", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # the reader of our output went away (`| head`): nothing is wrong
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(arguments: list[str]) -> int:
    from ifllm_desktop import cli, logs, wording
    from ifllm_desktop.domain.errors import BugError, IfllmError, UsageError

    logs.configure(verbose=bool(os.environ.get("IFLLM_VERBOSE")))
    try:
        code = cli.main(arguments)
        sys.stdout.flush()  # here, where a reader that went away is not yet an error at exit
        return code
    except SystemExit:  # --help and wrong usage
        sys.stdout.flush()
        raise
    except BrokenPipeError:
        raise
    except Exception as error:
        if not isinstance(error, (IfllmError, OSError)) or isinstance(error, BugError):
            logging.getLogger("ifllm_desktop").info("unexpected error", exc_info=error)  # to the file only
        print(wording.sentence(error, path=str(logs.log_path())), file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1


if __name__ == "__main__":
    sys.exit(main())
