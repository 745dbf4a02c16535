"""Qt's application object as every window of the program wants it."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from ifllm_desktop.settings import load_settings
from ifllm_desktop.ui.pointer_probe import prepare_qt
from ifllm_desktop.ui.theme import apply_theme, theme_for


def themed_application() -> QApplication:
    """The application, made where there is none yet, in the theme and text size of the settings."""
    prepare_qt()
    application = QApplication.instance() or QApplication(["ifllm-desktop"])
    assert isinstance(application, QApplication)
    application.setApplicationName("IFLLM Desktop")
    settings = load_settings()
    apply_theme(application, theme_for(settings.theme, settings.text_scale))
    return application
