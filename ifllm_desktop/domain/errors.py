"""One root of errors. The core raises a code and its parameters; ``wording`` turns them into sentences."""

from __future__ import annotations


class IfllmError(Exception):
    """Root of every error that this program raises on purpose.

    Parameters
    ----------
    code : str
        Stable key of the sentence that a user sees (``wording.sentence``).
    **params
        What the sentence needs: paths, names, numbers. Never answers, prompts or gaze.
    """

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params

    def __reduce__(self) -> tuple[object, ...]:
        # errors cross process borders in the demo; keyword parameters would be lost by the default
        return _rebuilt, (type(self), self.code, self.params)

    def __str__(self) -> str:
        inside = ", ".join(f"{key}={value!r}" for key, value in self.params.items())
        return f"{self.code}({inside})"


class WorldError(IfllmError):
    """Something outside is not as it must be: camera, disk, network, display."""


class DataError(IfllmError):
    """Data cannot be used: damaged, too new, against the schema."""


class UsageError(IfllmError):
    """The command line asks for something that does not exist (exit code 2)."""


class BugError(IfllmError):
    """A state that the program's own rules exclude."""


def _rebuilt(kind: type[IfllmError], code: str, params: dict[str, object]) -> IfllmError:
    return kind(code, **params)
