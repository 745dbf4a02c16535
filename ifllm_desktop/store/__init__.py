"""What is kept on disk: the study folder with its catalogue, and the recording files of its sessions.

Recording files are appended to by one thread and never edited once they are sealed; the catalogue says what
is known about them. Everything else is handed ports. Only this package may import SQLite, and
:func:`connect` is the only place that opens a database file.
"""

from ifllm_desktop.store.connection import connect

__all__ = ["connect"]
