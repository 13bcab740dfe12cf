"""Export of the report that is shown: its dialog, and what follows from it for the window."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from PySide6.QtWidgets import QWidget

    from spectr_desktop.errors import SpectrError
    from spectr_desktop.records.findings import Finding
    from spectr_desktop.ui.export_dialog import ExportDialog
    from spectr_desktop.ui.export_makers import Makers
    from spectr_desktop.ui.export_subject import Subject
    from spectr_desktop.ui.run_control import RunControl
    from spectr_desktop.ui.tasks import TaskOwner
    from spectr_desktop.ui.theme import Theme


class ExportControl(QObject):
    """Exports what `RunControl` keeps.

    Signals:
        exported: the path of a file.
        failed: a SpectrError of a file that is not written, while the dialog is not there to tell.

    Attributes:
        makers: make pictures and files; None for the program's own.
    """

    exported = Signal(str)
    failed = Signal(object)

    def __init__(
        self,
        runs: RunControl,
        findings_of: Callable[[Sequence[str]], list[Finding]],
        theme: Theme,
        tasks: TaskOwner,
        window: QWidget,
    ) -> None:
        """An export of the newest run, with the findings that the project has of its runs."""
        super().__init__(window)
        self._findings_of = findings_of
        self._runs, self._theme, self._tasks, self._window = runs, theme, tasks, window
        self._dialog: ExportDialog | None = None
        self.makers: Makers | None = None

    @property
    def ready(self) -> bool:
        """There is a report, and nothing is added to it any more."""
        whole = self._runs.result is not None and self._runs.header is not None
        return whole and not self._runs.running

    def export(self, folder: Path) -> None:
        """Show the dialog, or bring it to the front.

        Args:
            folder: where files go if none was chosen before.
        """
        if self._dialog is None:
            self._dialog = self._made()
        self._show_subject(self._dialog, folder)
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    def refresh(self) -> None:
        """A run began or ended, another one is shown, or its findings are others now."""
        if self._dialog is not None and self._dialog.isVisible():
            self._show_subject(self._dialog)

    def forget_folder(self) -> None:
        """The folder may name a client whose traces are erased."""
        from spectr_desktop.ui import export_state  # noqa: PLC0415  # rarely

        state = export_state.load()
        if state.folder:
            export_state.save(replace(state, folder=""))

    def close(self) -> None:
        """Close the dialog; what it makes belongs to the window's tasks."""
        if self._dialog is not None:
            self._dialog.reject()

    def _show_subject(self, dialog: ExportDialog, folder: Path | None = None) -> None:
        subject = self._subject()
        dialog.show_subject(subject, self._why_not() if subject is None else "", folder)

    def _subject(self) -> Subject | None:
        from spectr_desktop.ui.export_subject import Subject  # noqa: PLC0415  # rarely

        result, header = self._runs.result, self._runs.header
        if not self.ready or result is None or header is None:
            return None
        findings = tuple(self._findings_of(self._runs.ids))
        return Subject(header, result, findings, self._runs.ids)

    def _why_not(self) -> str:
        if self._runs.running:
            return self.tr("An audit is running. Its report can be exported when it has ended.")
        if self._runs.result is not None:
            return self.tr(
                "The beginning of this run's file is damaged: its report can be copied, not "
                "exported."
            )
        return self.tr("There is no report yet. Run an audit, or open a run from the history.")

    def _made(self) -> ExportDialog:
        from spectr_desktop.store.house_styles import HouseStyles  # noqa: PLC0415  # rarely
        from spectr_desktop.ui import export_state  # noqa: PLC0415  # rarely
        from spectr_desktop.ui.export_dialog import ExportDialog  # noqa: PLC0415  # rarely

        dialog = ExportDialog(
            self._theme,
            self._tasks,
            HouseStyles(),
            export_state.load(),
            makers=self.makers,
            parent=self._window,
        )
        dialog.exported.connect(self.exported)
        dialog.failed.connect(self._on_failed)
        dialog.state_changed.connect(export_state.save)
        return dialog

    def _on_failed(self, error: SpectrError) -> None:
        if self._dialog is None or not self._dialog.isVisible():
            self.failed.emit(error)
