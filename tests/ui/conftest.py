"""A participant's window on the screen, and what it asks for."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from ifllm_desktop.ui.participant_window import ParticipantWindow
from ifllm_desktop.ui.theme import Theme, apply_theme


@pytest.fixture
def window(qapp: QApplication, qtbot) -> ParticipantWindow:  # type: ignore[no-untyped-def]
    """A shown window of a small laptop's size, in the light theme at 100 %."""
    apply_theme(qapp, Theme())
    made = ParticipantWindow()
    qtbot.addWidget(made)
    made.resize(1366, 768)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def commands(window: ParticipantWindow) -> list[tuple[str, tuple[Any, ...]]]:
    """Every command that the window emits from now on."""
    seen: list[tuple[str, tuple[Any, ...]]] = []
    window.command.connect(lambda name, arguments: seen.append((name, arguments)))
    return seen
