"""Export of the newest report: asks for a place, writes the file, says how it went."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from spectr_desktop.errors import SpectrError
from spectr_desktop.ui import dialogs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtWidgets import QWidget

    from spectr_desktop.records.findings import Finding
    from spectr_desktop.ui.run_control import RunControl


class ExportControl(QObject):
    """Writes what `RunControl` keeps.

    Signals:
        exported: the path of the file.
        failed: a SpectrError.
    """

    exported = Signal(str)
    failed = Signal(object)

    def __init__(
        self,
        runs: RunControl,
        findings_of: Callable[[Sequence[str]], list[Finding]],
        window: QWidget,
    ) -> None:
        """An export of the newest run, with the findings that the project has of its runs."""
        super().__init__(window)
        self._findings_of = findings_of
        self._runs = runs
        self._window = window

    @property
    def ready(self) -> bool:
        """There is a report, and nothing is added to it any more."""
        whole = self._runs.result is not None and self._runs.header is not None
        return whole and not self._runs.running

    async def export(self, folder: Path) -> None:
        """Ask where, beginning with a folder, and write."""
        from spectr_desktop.paths import write_atomically  # noqa: PLC0415  # rarely
        from spectr_desktop.project.scope import nsloc  # noqa: PLC0415
        from spectr_desktop.records.report import ReportKind  # noqa: PLC0415
        from spectr_desktop.report.export import assembly, formats  # noqa: PLC0415

        result, header = self._runs.result, self._runs.header
        if result is None or header is None:
            return
        suggestion = folder / f"{Path(header.title).stem}-report.md"
        path = await dialogs.save_file_name(
            self._window,
            self.tr("Export the report"),
            suggestion,
            self.tr("Markdown (*.md);;JSON (*.json);;SARIF (*.sarif);;CSV (*.csv)"),
            "md",
        )
        if path is None:
            return
        findings = self._findings_of(self._runs.ids)
        report = assembly.report_of(header, result, findings, kind=ReportKind.WORKING, nsloc=nsloc)
        try:
            formats.check_suffix(path.name, path.suffix)
            raw = await asyncio.to_thread(formats.exported, report, path.suffix)
            await asyncio.to_thread(write_atomically, path, raw)
        except SpectrError as error:
            self.failed.emit(error)
            return
        except OSError as error:
            reason = error.strerror or str(error)
            sentence = self.tr("{path} cannot be written ({reason}). Choose another place.")
            self.failed.emit(SpectrError("not_written", sentence.format(path=path, reason=reason)))
            return
        self.exported.emit(str(path))
