"""A run of long ago in the window: its report, the source as it was, its findings."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal

from spectr_desktop.errors import SpectrError
from spectr_desktop.ui.file_control import PastSource
from spectr_desktop.ui.when import moment

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from PySide6.QtWidgets import QWidget

    from spectr_desktop.records.findings import Finding
    from spectr_desktop.records.run import Header
    from spectr_desktop.records.source import SourceFile
    from spectr_desktop.records.stored_run import StoredRun
    from spectr_desktop.ui.change_bar import ChangeBar
    from spectr_desktop.ui.file_control import FileControl
    from spectr_desktop.ui.findings_desk import FindingsDesk
    from spectr_desktop.ui.report_pane import ReportPane
    from spectr_desktop.ui.run_control import RunControl
    from spectr_desktop.ui.tasks import TaskOwner
    from spectr_desktop.ui.theme import Theme

    FindingsOf = Callable[[Sequence[StoredRun]], Awaitable[Sequence[Finding]]]

_TOPIC = "past_source"


class Panes(NamedTuple):
    """Where a run is shown.

    Attributes:
        runs: keeps its report for export.
        file: shows its source.
        findings: shows its findings.
        report: shows its report.
        bar: above the source, says that it is an old one.
        tasks: owns what a button in the bar begins.
    """

    runs: RunControl
    file: FileControl
    findings: FindingsDesk
    report: ReportPane
    bar: ChangeBar
    tasks: TaskOwner


class RunOpener(QObject):
    """Shows one run in place of the file and the report that are there.

    Signals:
        opened: it is shown.
        failed: (SpectrError) it is not, or not all of it.
    """

    opened = Signal()
    failed = Signal(object)

    def __init__(self, panes: Panes, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._panes, self._theme, self._window = panes, theme, window
        panes.file.document_changed.connect(self._on_document_changed)

    async def open(self, runs: Sequence[StoredRun], findings_of: FindingsOf) -> bool:
        """Show a run.

        Args:
            runs: those that it goes on with, the first one first, and itself last.
            findings_of: gives what all of them found, at the places in what was sent; asked when
                the project knows of them.

        Returns:
            Whether it is shown; unsaved changes may be wanted.
        """
        if self._panes.runs.running:
            self.failed.emit(
                SpectrError("run_goes_on", self.tr("A run goes on: stop it before another opens."))
            )
            return False
        stored = runs[-1]
        if stored.header is not None and not await self._show_source(stored.header):
            return False
        if stored.header is not None:
            await self._show_findings(stored.header, runs, findings_of)
        else:
            self._panes.findings.control.show_run()
        self._panes.runs.adopt(stored.title, runs)
        self._panes.report.set_markdown(self._panes.runs.text)
        self.opened.emit()
        return True

    async def _show_source(self, header: Header) -> bool:
        from spectr_desktop.audit import recovery  # noqa: PLC0415  # rarely

        file = self._panes.file
        path = await asyncio.to_thread(recovery.source_now, header)
        if path is not None:
            if file.document is None or file.document.path != path or file.modified:
                await file.open(path)
            if file.document is None or file.document.path != path or file.modified:
                return False
            if file.document.text == header.files[0].text:
                return True
            # The user has just saved other changes to this very file.
        source = header.files[0]
        root = Path(header.root) if header.root else None
        shown = await file.show_past(PastSource(root, source.path), source.text)
        if shown:
            self._say_past(header, root)
        return shown

    async def _show_findings(
        self,
        header: Header,
        runs: Sequence[StoredRun],
        findings_of: FindingsOf,
    ) -> None:
        from spectr_desktop.audit import recovery  # noqa: PLC0415  # rarely

        control, path = self._panes.findings.control, header.files[0].path
        new = 0
        try:
            for run in runs:
                new += await asyncio.to_thread(recovery.record, run)
        except SpectrError as error:
            self.failed.emit(error)
        if self._panes.file.past is not None or not header.root:
            try:
                found = await findings_of(runs)
            except SpectrError as error:
                self.failed.emit(error)
                found = []
            control.show_past(path, found)
            return
        if new:
            control.open_project(Path(header.root), path, again=True)
        control.show_run()

    def _say_past(self, header: Header, root: Path | None) -> None:
        source = header.files[0]
        sentences = [
            self.tr("{name} as it was sent at {time}, to be read only.").format(
                name=source.path, time=moment(header.created_at)
            )
        ]
        answers: dict[str, str] = {}
        if root is None:
            sentences.append(self.tr("Where its file is, is not known."))
        elif (root / source.path).is_file():
            sentences.append(self.tr("The file has changed since."))
            answers["difference"] = self.tr("Show the difference")
            answers["open"] = self.tr("Open the file")
        else:
            sentences.append(self.tr("The file is not in {folder} any more.").format(folder=root))
        answers["save"] = self.tr("Save as…")

        def on_answer(key: str) -> None:
            if key == "difference" and root is not None:
                self._panes.tasks.start(self._show_difference(source, root), "difference")
            elif key == "open" and root is not None:
                self._panes.tasks.start(self._panes.file.open(root / source.path), "open")
            elif key == "save":
                self._panes.tasks.start(self._panes.file.save_as(), "save as")

        # It stays until another source is there: an opening that failed changes nothing.
        self._panes.bar.show_offer(
            _TOPIC,
            " ".join(sentences),
            answers,
            on_answer,
            kind="info",
            stays=frozenset(answers),
            urgent=True,  # it says what is on the screen; what else was found can wait
        )

    async def _show_difference(self, source: SourceFile, root: Path) -> None:
        from spectr_desktop.project.document import read_document  # noqa: PLC0415  # rarely
        from spectr_desktop.ui.diff_dialog import DiffDialog  # noqa: PLC0415  # rarely

        try:
            now = await asyncio.to_thread(read_document, root / source.path)
        except SpectrError as error:
            self.failed.emit(error)
            return
        title = self.tr("{name}: as it was sent, and on the disk").format(name=source.path)
        dialog = DiffDialog(self._theme, title, self._window)
        await dialog.show_texts(source.text, now.text)

    def _on_document_changed(self) -> None:
        if self._panes.file.past is None:
            self._panes.bar.withdraw(_TOPIC)
