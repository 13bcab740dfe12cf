"""The file in the editor: opened, saved, and never replaced while it has unsaved changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from spectr_desktop.errors import SpectrError
from spectr_desktop.project.document import (
    Document,
    changed_on_disk,
    read_document,
    write_document,
)
from spectr_desktop.records.source import source_file
from spectr_desktop.ui import dialogs

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from spectr_desktop.records.source import SourceFile
    from spectr_desktop.ui.source_editor import SourceEditor

_UNTITLED = "Untitled.sol"


class FileControl(QObject):
    """Keeps the document that the editor shows.

    Signals:
        document_changed: another file is open, or it has another name.
        saved: a file was written; its name.
        failed: the SpectrError that says why something did not work.
    """

    document_changed = Signal()
    saved = Signal(str)
    failed = Signal(object)

    def __init__(self, editor: SourceEditor, window: QWidget) -> None:
        super().__init__(window)
        self._editor = editor
        self._window = window
        self.document: Document | None = None

    @property
    def name(self) -> str:
        """The file's name; that of a new file if something was typed; "" if there is nothing."""
        if self.document is not None:
            return self.document.path.name
        return _UNTITLED if self._editor.text() else ""

    @property
    def folder(self) -> Path:
        """Where dialogs begin."""
        return self.document.path.absolute().parent if self.document else Path.home()

    @property
    def modified(self) -> bool:
        """The editor has what the file has not; an empty new file has nothing to lose."""
        return self._editor.document().isModified() and bool(self.name)

    def source(self) -> SourceFile | None:
        """What the editor holds now, under the file's name; None if there is nothing."""
        return source_file(self.name, self._editor.text()) if self.name else None

    async def ask_and_open(self) -> None:
        """Let the user choose a file, and open it."""
        path = await dialogs.open_file_name(
            self._window, self.tr("Open a contract"), self._filters(), str(self.folder)
        )
        if path is not None:
            await self.open(path)

    async def open(self, path: Path) -> None:
        """Open a file; what was open stays if that fails or its changes are wanted."""
        try:
            document = read_document(path)
            if await self.may_discard():
                self._editor.load(document)
                self.document = document
                self.document_changed.emit()
        except SpectrError as error:
            self.failed.emit(error)

    async def may_discard(self) -> bool:
        """The changes are saved, or the user lets them go."""
        if not self.modified:
            return True
        answer = await dialogs.ask(
            self._window,
            self.tr("Save the changes to {name}?").format(name=self.name or _UNTITLED),
            self.tr("Without saving, they are lost."),
            {"save": self.tr("Save"), "discard": self.tr("Discard"), "cancel": self.tr("Cancel")},
        )
        return answer == "discard" or (answer == "save" and await self.save())

    async def save(self) -> bool:
        """Write the file; asks where to if it is new, and before another program's work goes."""
        document = self.document
        if document is None:
            return await self.save_as()
        if changed_on_disk(document) and document.path.exists():
            answer = await dialogs.ask(
                self._window,
                self.tr("{name} was changed by another program. Replace it?").format(
                    name=document.path.name
                ),
                self.tr("What the other program wrote is lost then."),
                {"replace": self.tr("Replace"), "cancel": self.tr("Cancel")},
                default="cancel",
            )
            if answer != "replace":
                return False
        return self._write(document.path, document)

    async def save_as(self) -> bool:
        """Write the source to a file that the user names."""
        document = self.document or Document(Path.home() / _UNTITLED, "")
        suffix = document.path.suffix.lstrip(".") or "sol"
        path = await dialogs.save_file_name(
            self._window, self.tr("Save the source as"), document.path, self._filters(), suffix
        )
        return path is not None and self._write(path, document)

    def _write(self, path: Path, document: Document) -> bool:
        try:
            self.document = write_document(path, document, self._editor.text())
        except SpectrError as error:
            self.failed.emit(error)
            return False
        self._editor.mark_saved(self.document)
        self.document_changed.emit()
        self.saved.emit(path.name)
        return True

    def _filters(self) -> str:
        return self.tr("Contracts (*.sol *.vy);;All files (*)")
