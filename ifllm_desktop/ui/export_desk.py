"""The export page and a study: what an export would hold is counted, and data sets are written, in the background."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from ifllm_desktop import compose, compose_exports, logs
from ifllm_desktop.export.preview import preview
from ifllm_desktop.store.study import StudyFolder
from ifllm_desktop.ui.bridge import Background, Job
from ifllm_desktop.ui.export_page import ExportPage
from ifllm_desktop.wording import sentence


class ExportDesk(QObject):
    """Joins page, study and background; nothing here reads or writes on the thread of the window."""

    def __init__(self, page: ExportPage, background: Background) -> None:
        super().__init__(page)
        self._page, self._background = page, background
        self._study: StudyFolder | None = None
        self._job: Job | None = None
        page.write_requested.connect(self._write)
        page.cancel_requested.connect(self._cancel)

    def set_study(self, study: StudyFolder) -> None:
        """The study that is open now; what is shown stays until :meth:`show`."""
        self._study = study

    def show(self) -> None:
        """Show what an export of the study would hold, and propose a new folder."""
        study = self._study
        if study is None:
            return
        self._page.set_preview(study.path.name, None, "")

        def work(_: Job) -> Any:
            catalogue = study.catalogue()
            return preview(
                catalogue, compose.sources(study), catalogue.operations()
            ), compose_exports.next_export_folder(study)

        self._background.run(
            work, lambda r: self._page.set_preview(study.path.name, r[0], str(r[1])), self._failed
        )

    def _write(self, formats: list[str], folder: str) -> None:
        study = self._study
        if study is None:
            return
        self._page.show_progress(formats[0], 0, 0.0)

        def work(job: Job) -> Any:
            return compose_exports.write_formats(study, tuple(formats), Path(folder), cancel=job.cancel)

        self._job = self._background.run(work, self._page.show_done, self._failed)

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel.set()

    def _failed(self, error: BaseException) -> None:
        self._page.show_error(sentence(error, path=str(logs.log_path())))
