"""The page of scores and a study: pairs are read, models trained and pairs scored in the background."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject

from ifllm_desktop import compose, compose_rewards, logs
from ifllm_desktop.features.pairs import pair_measures
from ifllm_desktop.store.study import StudyFolder
from ifllm_desktop.ui.bridge import Background, Job
from ifllm_desktop.ui.rewards_page import RewardsPage
from ifllm_desktop.wording import sentence


class RewardsDesk(QObject):
    """Joins page, study and background; nothing here reads or writes on the thread of the window.

    Parameters
    ----------
    seed : int
        Of the training.
    """

    def __init__(self, page: RewardsPage, background: Background, seed: int) -> None:
        super().__init__(page)
        self._page, self._background, self._seed = page, background, seed
        self._study: StudyFolder | None = None
        self._job: Job | None = None
        page.train_requested.connect(self._score)
        page.score_requested.connect(self._score)
        page.cancel_requested.connect(self._cancel)

    def set_study(self, study: StudyFolder) -> None:
        """The study that is open now; what is shown stays until :meth:`show`."""
        self._study = study

    def show(self) -> None:
        """Show the pairs of the study with their scores as they are now."""
        if self._study is not None:
            self._show_pairs(self._study)

    def _show_pairs(self, study: StudyFolder) -> None:
        def work(_: Job) -> Any:
            return pair_measures(compose.sources(study)), study.catalogue().scores()

        self._background.run(work, lambda r: self._page.set_pairs(study.path.name, *r), self._failed)

    def _score(self) -> None:
        study = self._study
        if study is None:
            return
        self._page.set_busy(self.tr("Training and scoring, one fold of people after another …"), 0.2)

        def done(_: Any) -> None:
            self._page.set_busy("")
            self._show_pairs(study)

        self._job = self._background.run(
            lambda _: compose_rewards.train_and_score(study, self._seed), done, self._failed
        )

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel.set()

    def _failed(self, error: BaseException) -> None:
        self._page.set_error(sentence(error, path=str(logs.log_path())))
