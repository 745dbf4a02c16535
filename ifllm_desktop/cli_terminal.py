"""How a verb is declared and how it prints; handed to the modules of the verbs, because ``cli`` stands above them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Terminal:
    """What ``cli`` gives to each group of verbs.

    Attributes
    ----------
    verb : callable
        ``(verbs, name, help, example, function) -> parser``: adds a verb.
    emit : callable
        ``(options, report, sentence)``: prints the report, as JSON or in words.
    say : callable
        One line on stderr.
    """

    verb: Callable[..., Any]
    emit: Callable[[argparse.Namespace, Report, str], None]
    say: Callable[[str], None]
