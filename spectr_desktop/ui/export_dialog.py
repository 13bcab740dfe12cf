"""The export dialog: what is written, how it looks, where to; not modal, and never executed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QWidget

from spectr_desktop.records.report import ReportKind
from spectr_desktop.report.export.file_names import file_name, unknown_placeholders
from spectr_desktop.ui import dialogs
from spectr_desktop.ui.announcing import announce
from spectr_desktop.ui.export_makers import Makers
from spectr_desktop.ui.export_parts import Parts
from spectr_desktop.ui.export_sheet import sheet
from spectr_desktop.ui.export_state import ExportState
from spectr_desktop.ui.export_subject import (
    Wanted,
    dressed,
    first_page_words,
    left_out,
    outline_of,
    report_for,
    usual_kind,
)
from spectr_desktop.ui.export_writing import beside, write_all
from spectr_desktop.ui.finding_words import one_line
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.when import moment

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent

    from spectr_desktop.records.house_style import HouseStyle
    from spectr_desktop.records.report import Report
    from spectr_desktop.records.run import Header
    from spectr_desktop.store.house_styles import HouseStyles
    from spectr_desktop.ui.export_subject import Subject
    from spectr_desktop.ui.tasks import TaskOwner
    from spectr_desktop.ui.theme import Theme

_PAGES = 3


class ExportDialog(QDialog):
    """Exports the run that it is told of. Closed, it keeps what was chosen.

    Args:
        theme: whose colours it has.
        tasks: hold what it makes and asks.
        styles: where house styles are kept.
        state: what was chosen when it was used last.
        makers: make pictures and files.
        parent: the window.

    Signals:
        exported: (str) path of a file that is written.
        failed: (SpectrError) a file is not written.
        state_changed: (ExportState) to be remembered.

    Attributes:
        parts: its widgets.
    """

    exported = Signal(str)
    failed = Signal(object)
    state_changed = Signal(object)

    def __init__(
        self,
        theme: Theme,
        tasks: TaskOwner,
        styles: HouseStyles,
        state: ExportState,
        *,
        makers: Makers | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme, self._tasks, self._state = theme, tasks, state
        self._makers = makers or Makers()
        self._subject: Subject | None = None
        self._reason = ""
        self._outline: Report | None = None
        self._begun: Header | None = None
        self._another = False
        self._writing: asyncio.Task[None] | None = None
        self._quiet = False
        self.setObjectName("exportDialog")
        self.setWindowTitle(self.tr("Export the report"))
        self.setAccessibleName(self.windowTitle())
        self._dress()
        self.parts = Parts(self, styles, tasks)
        self.parts.profiles.shown = self._style
        self._wire()
        theme.changed.connect(self._on_theme_changed)
        self.parts.report.show_formats(state.formats)
        self.parts.toggle.setChecked(state.preview)
        self.parts.preview.setVisible(state.preview)
        self.parts.profiles.start()
        self.show_subject(None, "")

    # -- what is exported -------------------------------------------------------------------

    def show_subject(
        self, subject: Subject | None, reason: str, folder: Path | None = None
    ) -> None:
        """Another run, or other findings of the same one.

        Args:
            subject: what can be exported; None if nothing can.
            reason: why nothing can.
            folder: where files go if nothing was chosen before.
        """
        self._subject, self._reason = subject, reason
        if folder is not None and not self.parts.folder.text():
            known = self._state.folder
            self.parts.folder.setText(known if known and Path(known).is_dir() else str(folder))
        if subject is not None:
            if subject.header is not self._begun:
                self._begin(subject)
            self.parts.findings.show_findings(subject.standing, self.wanted())
        self._show_all()

    def wanted(self) -> Wanted:
        """What the user wants, as it stands in the dialog."""
        return Wanted(self.parts.report.kind, self._style(), self.parts.findings.unchosen)

    @property
    def writing(self) -> bool:
        """Files are being written."""
        return self._writing is not None

    def _begin(self, subject: Subject) -> None:
        """A run that was not shown before."""
        self._another = self._begun is not None and self.isVisible()
        self._begun = subject.header
        self._outline = outline_of(subject)
        kind = usual_kind(subject.findings, self._style().states)
        if kind is ReportKind.CLIENT and self._state.kind == ReportKind.WORKING.value:
            kind = ReportKind.WORKING
        self.parts.report.show_kind(kind)
        self.parts.findings.unchosen = frozenset()

    def _style(self) -> HouseStyle:
        sections = self.parts.sections
        return self.parts.style.style_with(
            self.parts.profiles.name, sections.before, sections.after
        )

    # -- building ---------------------------------------------------------------------------

    def _wire(self) -> None:
        parts = self.parts
        parts.report.kind_changed.connect(self._on_choice_changed)
        parts.report.formats_changed.connect(self._on_formats_changed)
        parts.findings.chosen.connect(self._show_all)
        parts.style.edited.connect(self._on_style_edited)
        parts.sections.edited.connect(self._on_style_edited)
        parts.profiles.picked.connect(self._on_picked)
        parts.folder.textChanged.connect(self._show_names)
        parts.choose.clicked.connect(lambda: self._tasks.start(self._ask_folder(), "folder"))
        parts.toggle.toggled.connect(self._on_toggled)
        parts.write.clicked.connect(self._on_write)
        parts.cancel.clicked.connect(self._on_cancel)
        parts.close.clicked.connect(self.reject)

    def _dress(self) -> None:
        self.setStyleSheet(sheet(self._theme.colors))

    def _on_theme_changed(self) -> None:
        self._dress()
        if self._subject is not None:
            self.parts.findings.show_wanted(self.wanted())

    # -- what the user does -----------------------------------------------------------------

    def _on_choice_changed(self) -> None:
        self._keep()
        self._show_findings()

    def _on_formats_changed(self) -> None:
        self._keep()
        self._show_names()

    def _on_style_edited(self) -> None:
        if not self._quiet:
            self.parts.profiles.take_edit()
            self._show_findings()

    def _on_picked(self, style: HouseStyle) -> None:
        self._quiet = True  # a field after the other; it is one change
        self.parts.style.show_style(style)
        self.parts.sections.show_style(style)
        self._quiet = False
        self._show_findings()

    def _on_toggled(self, shown: bool) -> None:
        self.parts.preview.setVisible(shown)
        self._keep()
        self._show_preview()

    def _keep(self) -> None:
        self._state = ExportState(
            folder=self._state.folder,
            formats=self.parts.report.formats,
            kind=self.parts.report.kind.value if self._subject else self._state.kind,
            preview=self.parts.toggle.isChecked(),
        )
        self.state_changed.emit(self._state)

    async def _ask_folder(self) -> None:
        from PySide6.QtWidgets import QFileDialog  # noqa: PLC0415  # rarely

        dialog = QFileDialog(self, self.tr("Export into"), self.parts.folder.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        accepted = await dialogs.finished(dialog) == dialog.DialogCode.Accepted
        names = dialog.selectedFiles()
        if accepted and names:
            self.parts.folder.setText(str(Path(names[0])))

    def showEvent(self, event: QShowEvent) -> None:
        """Look what other programs did to the styles, and show the preview (called by Qt)."""
        super().showEvent(event)
        self.parts.profiles.reload()
        self._show_preview()

    def done(self, result: int) -> None:
        """Close; what was chosen stays, what is written goes on (called by Qt)."""
        self.parts.preview.pause()
        super().done(result)

    # -- showing ----------------------------------------------------------------------------

    def _show_findings(self) -> None:
        if self._subject is not None:
            self.parts.findings.show_wanted(self.wanted())
        self._show_all()

    def _show_all(self) -> None:
        parts, subject = self.parts, self._subject
        if subject is None:
            parts.subject.setText(visible(self._reason))
            parts.report.show_left_out("")
            parts.show_notice("")
        else:
            title = one_line(subject.header.title)
            when = moment(subject.header.created_at)
            text = (
                self.tr("Another run is shown now: {title}, run of {when}")
                if self._another
                else self.tr("{title}, run of {when}")
            )
            parts.subject.setText(text.format(title=title, when=when))
            parts.report.show_left_out(left_out(subject, self.wanted()))
            words = first_page_words(subject, parts.report.kind)
            said = self.tr("The report says on its first page: {words}").format(words=words)
            parts.show_notice(said if words else "")
            parts.style.set_title_hint(title)
        self._show_names()
        self._show_preview()

    def _show_preview(self) -> None:
        preview, subject = self.parts.preview, self._subject
        if not self.isVisible() or not self.parts.toggle.isChecked():
            preview.pause()
        elif subject is None:
            preview.show_nothing(self._reason)
        else:
            wanted, makers = self.wanted(), self._makers

            async def pictures(width: int) -> list[bytes]:
                report = await asyncio.to_thread(report_for, subject, wanted)
                return await makers.first_pages(
                    report, wanted.style.look, pages=_PAGES, width=width
                )

            preview.show_soon(pictures)

    def _show_names(self) -> None:
        pattern = self._style().file_name
        paths = self._paths()
        unknown = unknown_placeholders(pattern)
        example = ""
        if self._outline is not None:
            suffixes = self.parts.report.formats or (".md",)
            name = file_name(pattern, dressed(self._outline, self.wanted()), suffixes[0])
            example = self.tr("The file is called {name}").format(name=name)
        if unknown:
            words = self.tr("{names} means nothing here and stays as it is.")
            example = f"{example}\n{words.format(names=', '.join(unknown))}".strip()
        self.parts.style.show_example(example)
        self.parts.names.setText(visible(", ".join(path.name for path in paths)))
        self._show_buttons()

    def _show_buttons(self) -> None:
        parts, why = self.parts, self._why_not()
        parts.write.setEnabled(not why)
        parts.why.setText(visible(why))
        parts.why.setVisible(bool(why) and not self.writing)
        parts.names.setVisible(not parts.why.isVisibleTo(self))
        parts.write.setVisible(not self.writing)
        parts.cancel.setVisible(self.writing)

    def _why_not(self) -> str:
        """Why nothing can be exported now, "" if it can."""
        if self._subject is None:
            return self._reason
        if self.writing:
            return self.tr("Files are being written.")
        if not self.parts.report.formats:
            return self.tr("Choose a format first.")
        if not self.parts.folder.text().strip():
            return self.tr("Choose a folder first.")
        return self.parts.style.fault

    def _paths(self) -> list[Path]:
        if self._outline is None or self._subject is None:
            return []
        wanted = self.wanted()
        folder = Path(self.parts.folder.text().strip()).expanduser()
        outline = dressed(self._outline, wanted)
        return [
            folder / file_name(wanted.style.file_name, outline, suffix)
            for suffix in self.parts.report.formats
        ]

    # -- writing ----------------------------------------------------------------------------

    def _on_write(self) -> None:
        subject = self._subject
        if subject is not None and not self._why_not():
            # All of it as it is now: what changes while a question is open is not exported.
            self._writing = self._tasks.start(
                self._write(subject, self.wanted(), self._paths()), "export files"
            )
            self._show_buttons()

    def _on_cancel(self) -> None:
        if self._writing is not None:
            self.parts.cancel.setEnabled(False)
            self._writing.cancel()

    async def _write(self, subject: Subject, wanted: Wanted, paths: list[Path]) -> None:
        parts = self.parts
        try:
            target = await self._target(paths)
            if target is None:
                return
            self._state = ExportState(
                str(target[0].parent), parts.report.formats, wanted.kind.value, self._state.preview
            )
            self.state_changed.emit(self._state)
            names = [parts.report.format_name(path.suffix) for path in target]
            lines = parts.results.begin(list(zip(names, target, strict=True)))
            parts.show_results()
            parts.cancel.setFocus()
            report = await asyncio.to_thread(report_for, subject, wanted)
            await write_all(
                self._makers,
                report,
                wanted.style.look,
                subject.runs,
                list(zip(target, lines, strict=True)),
                lambda path: self.exported.emit(str(path)),
                self.failed.emit,
            )
            announce(self, self.tr("The export is over"))
        finally:
            self._writing = None
            parts.cancel.setEnabled(True)
            self._show_buttons()
            if parts.cancel.hasFocus() or self.focusWidget() is parts.cancel:
                parts.close.setFocus()

    async def _target(self, paths: list[Path]) -> list[Path] | None:
        """Where to write, after a question where files are there; None if the user goes back."""
        there = await asyncio.to_thread(lambda: [path for path in paths if path.exists()])
        if not there:
            return paths
        names = "\n".join(visible(path.name) for path in there)
        question = (
            self.tr("Replace this file?")
            if len(there) == 1
            else self.tr("Replace these {n} files?").format(n=len(there))
        )
        detail = self.tr("In {folder} there is already:").format(
            folder=visible(str(paths[0].parent))
        )
        answer = await dialogs.ask(
            self,
            question,
            f"{detail}\n{names}",
            {
                "replace": self.tr("Replace"),
                "both": self.tr("Keep both"),
                "cancel": self.tr("Cancel"),
            },
            default="both",
        )
        if answer == "both":
            return await asyncio.to_thread(beside, paths)
        return paths if answer == "replace" else None
