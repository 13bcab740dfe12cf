"""What outlives the program: unsaved edits, interrupted runs, the history of runs; brought back."""

from __future__ import annotations

import asyncio
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from spectr_desktop import paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.ui.lazy_page import LazyPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from spectr_desktop.audit.run_history import OpenedRun
    from spectr_desktop.records.findings import Finding
    from spectr_desktop.records.stored_run import StoredRun
    from spectr_desktop.ui.change_bar import ChangeBar
    from spectr_desktop.ui.draft_control import DraftControl
    from spectr_desktop.ui.file_watch import FileWatch
    from spectr_desktop.ui.history_control import HistoryControl
    from spectr_desktop.ui.history_view import HistoryView
    from spectr_desktop.ui.model_control import ModelControl
    from spectr_desktop.ui.recovery_control import RecoveryControl
    from spectr_desktop.ui.run_opener import Panes, RunOpener
    from spectr_desktop.ui.source_editor import SourceEditor
    from spectr_desktop.ui.theme import Theme


class Keeping(QObject):
    """Makes what is needed for that after the window is shown, and the history when it is seen.

    Args:
        theme: of all that is made.
        editor: whose edits are kept.
        panes: where a run of long ago is shown.
        report_bar: above the report, offers interrupted runs.
        models: asks whether the source may leave the machine.
        window: what all this belongs to.

    Attributes:
        history_page: to be put into the window's tabs.

    Signals:
        failed: (SpectrError) something could not be kept or brought back.
        told: (str) a sentence for the status line.
        run_opened: a run of long ago is on the screen.
        history_wanted: the history is to be seen.
        erased: all that was kept of a client was.
    """

    failed = Signal(object)
    told = Signal(str)
    run_opened = Signal()
    history_wanted = Signal()
    erased = Signal()

    def __init__(
        self,
        theme: Theme,
        editor: SourceEditor,
        panes: Panes,
        report_bar: ChangeBar,
        models: ModelControl,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._theme, self._editor, self._panes = theme, editor, panes
        self._report_bar, self._models, self._window = report_bar, models, window
        self._started = False
        self._erased: set[Path] = set()
        self.history_page = LazyPage("historyPage", window)
        self.history_page.wanted.connect(lambda: self.history)

    async def start(self) -> None:
        """After the window is shown: keep edits from now on, and offer what was left behind."""
        self._started = True
        _ = self._watch
        await self._drafts.offer_found()
        await self._recovery.offer_interrupted()

    async def close(self) -> None:
        """Before the program ends: what is not saved stays as a draft."""
        if self._started:
            self._watch.close()
            await self._drafts.flush()
        if "history" in self.__dict__:
            await self.history.close()

    # Made when they are needed

    @cached_property
    def _drafts(self) -> DraftControl:
        from spectr_desktop.ui.draft_control import DraftControl  # noqa: PLC0415

        _, file, _, _, bar, tasks = self._panes
        drafts = DraftControl(self._editor, file, bar, tasks, self._theme, self._window)
        drafts.failed.connect(self.failed)
        return drafts

    @cached_property
    def _watch(self) -> FileWatch:
        from spectr_desktop.ui.file_watch import FileWatch  # noqa: PLC0415

        _, file, _, _, bar, tasks = self._panes
        watch = FileWatch(self._editor, file, bar, tasks, self._theme, self._window)
        watch.failed.connect(self.failed)
        return watch

    @cached_property
    def _opener(self) -> RunOpener:
        from spectr_desktop.ui.run_opener import RunOpener  # noqa: PLC0415

        opener = RunOpener(self._panes, self._theme, self._window)
        opener.failed.connect(self.failed)
        opener.opened.connect(self.run_opened)
        return opener

    @cached_property
    def _recovery(self) -> RecoveryControl:
        from spectr_desktop.ui.recovery_control import RecoveryControl  # noqa: PLC0415

        recovery = RecoveryControl(
            self._report_bar,
            self.open_run,
            self.run_again,
            self._delete_run,
            self._panes.tasks,
            self._window,
        )
        recovery.failed.connect(self.failed)
        self._panes.runs.started.connect(recovery.withdraw_missing)
        return recovery

    @cached_property
    def history_view(self) -> HistoryView:
        """The list of runs."""
        from spectr_desktop.ui.history_view import HistoryView  # noqa: PLC0415

        view = HistoryView(self._theme, self.history_page)
        self.history_page.fill(view)
        return view

    @cached_property
    def history(self) -> HistoryControl:
        """Does what the history asks for."""
        from spectr_desktop.ui.history_control import HistoryControl  # noqa: PLC0415

        control = HistoryControl(self.history_view, self._panes.tasks, self)
        control.open_requested.connect(
            lambda opened: self._panes.tasks.start(self._show(opened), "open run")
        )
        control.told.connect(self.told)
        control.failed.connect(self.failed)
        control.erase_requested.connect(self.erase_client)
        control.erased.connect(self._on_erased)
        return control

    # Runs of long ago

    async def open_run(self, run: str) -> bool:
        """Show a run; whether that was done."""
        try:
            opened = await self.history.opened(run)
        except SpectrError as error:
            self.failed.emit(error)
            return False
        return await self._show(opened)

    async def _show(self, opened: OpenedRun) -> bool:
        from spectr_desktop.audit import recovery  # noqa: PLC0415  # rarely

        runs = await asyncio.to_thread(recovery.chain, opened.stored)
        shown = await self._opener.open(runs, self._findings_of)
        if shown:
            self._recovery.offer_missing(opened.stored)
        return shown

    async def _findings_of(self, runs: Sequence[StoredRun]) -> list[Finding]:
        """What a chain of runs has found, at the places in what was sent."""
        from spectr_desktop.audit.past_findings import joined_findings  # noqa: PLC0415  # rarely

        return joined_findings([(await self.history.opened(run.id)).findings for run in runs])

    async def run_again(self, stored: StoredRun) -> bool:
        """Ask again for what an interrupted run, which is shown, has left open.

        Returns:
            Whether it began; if not, it was said why, or the user did not want it.
        """
        from spectr_desktop.audit import recovery  # noqa: PLC0415  # rarely
        from spectr_desktop.ui.model_picker import Choice  # noqa: PLC0415  # as above

        header, panes = stored.header, self._panes
        if header is None or panes.runs.running:
            return False
        try:
            config = recovery.server_of(header, self._models.configs())
            locality = panes.runs.provider(config).locality(header.model)
        except SpectrError as error:
            self.failed.emit(error)
            return False
        choice = Choice(config, header.model, config.name or config.provider, locality)
        if not await self._models.may_send(choice):
            return False
        past = panes.file.past is not None
        if not past:
            panes.findings.control.begin_run(header.files)
        begun = await panes.runs.run_again(stored, config)
        if past and begun and panes.runs.saved:
            await self.open_run(panes.runs.ids[-1])
        return begun

    def _delete_run(self, run: str) -> None:
        self.history.delete([run])
        self.history_wanted.emit()

    # Erasing

    def erase_client(self, root: str) -> None:
        """Ask, and erase all that is kept of a project."""
        self._panes.tasks.start(self._erase(root), "erase a client")

    def erase_older(self) -> None:
        """Ask for an age, and erase what is older."""
        self._panes.tasks.start(self.history.erase_older(self._window), "erase what is old")

    def is_erased(self, folder: Path | None) -> bool:
        """Whether all that was kept of this folder was erased while the window was open."""
        return folder is not None and any(_is_in(folder, root) for root in self._erased)

    async def _erase(self, root: str) -> None:
        file, runs, goal = self._panes.file, self._panes.runs, Path(root)
        waiting = runs.unsaved.runs()
        if waiting:  # it would come back with its disk
            sentence = self.tr(
                "The report on {name} waits for its disk and would be written after the erasing. "
                "Quit the program first, and erase then."
            ).format(name=waiting[-1].title)
            self.failed.emit(SpectrError("unsaved_runs", sentence, detail=waiting[-1].reason))
            return
        if not await self.history.erase_client(root, self._window):
            return
        self._erased.add(goal)
        self._models.forget(goal)
        if file.root is not None and _is_in(file.root, goal):
            # Its text stays in the editor, and is kept again when somebody goes on typing.
            file.discarded.emit()
        self.erased.emit()

    def _on_erased(self) -> None:
        """What was erased is neither shown nor offered any more, and nothing writes it again."""
        file, runs = self._panes.file, self._panes.runs
        gone = runs.saved and not runs.running and not _is_kept(runs.ids[-1:])
        if file.root is not None and (gone or file.past is None):
            self._panes.findings.control.open_project(file.root, file.name, again=True)
        if gone:
            runs.forget()
            self._recovery.withdraw_missing()
            self._panes.report.set_markdown("")
            self.run_opened.emit()
        self._panes.tasks.start(self._offer_again(), "offers")

    async def _offer_again(self) -> None:
        if self._started:
            self._panes.bar.withdraw_all("draft:")
            await self._drafts.offer_found()
            await self._recovery.offer_interrupted()


def _is_kept(ids: Sequence[str]) -> bool:
    return any((paths.runs() / run).exists() for run in ids)


def _is_in(folder: Path, root: Path) -> bool:
    return folder.resolve().is_relative_to(root)
