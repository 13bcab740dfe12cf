"""The file in the editor: opened, saved, and never replaced while it has unsaved changes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

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
from spectr_desktop.ui.line_edits import replace_lines

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from spectr_desktop.records.source import SourceFile
    from spectr_desktop.report.line_diff import Edit
    from spectr_desktop.ui.source_editor import SourceEditor

_UNTITLED = "Untitled.sol"


class PastSource(NamedTuple):
    """What is shown in place of a file: its text as a run sent it.

    Attributes:
        root: the project's folder, None if the run had none.
        path: of the file, relative to it.
    """

    root: Path | None
    path: str


class FileControl(QObject):
    """Keeps the document that the editor shows.

    Signals:
        document_changed: another file is open, or it has another name.
        saved: a file was written; its name.
        reloaded: what another program wrote is in the editor now; the file's name.
        discarded: before the program ends, the user let the changes go.
        failed: the SpectrError that says why something did not work.

    Attributes:
        document: the file that is open, None if there is none.
        past: what is shown in its place, None for nothing.
    """

    document_changed = Signal()
    saved = Signal(str)
    reloaded = Signal(str)
    discarded = Signal()
    failed = Signal(object)

    def __init__(self, editor: SourceEditor, window: QWidget) -> None:
        super().__init__(window)
        self._editor = editor
        self._window = window
        self.document: Document | None = None
        self.gone = False  # the file is no longer on the disk
        self.past: PastSource | None = None

    @property
    def name(self) -> str:
        """The file's name; that of a new file if something was typed; "" if there is nothing."""
        if self.document is not None:
            return self.document.path.name
        if self.past is not None:
            return self.past.path
        return _UNTITLED if self._editor.text() else ""

    @property
    def root(self) -> Path | None:
        """The folder of the project; None for a text that no file has."""
        if self.document is not None:
            return self.document.path.absolute().parent
        return self.past.root if self.past is not None else None

    @property
    def folder(self) -> Path:
        """Where dialogs begin."""
        return self.root or Path.home()

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
            if await self._asked() != "cancel":
                self._show(document)
        except SpectrError as error:
            self.failed.emit(error)

    async def open_with(self, document: Document | None, text: str) -> bool:
        """Open a file with another text in place of its own, as an edit that can be undone.

        Args:
            document: the file, as it is on the disk; None for a text that has none yet.
            text: what the editor shows then.

        Returns:
            Whether that was done; what was open stays otherwise.
        """
        edits = await asyncio.to_thread(_edits, document.text if document else "", text)
        if await self._asked() == "cancel":
            return False
        try:
            self._show(document)
            replace_lines(self._editor, edits)
        except SpectrError as error:
            self.failed.emit(error)
            return False
        return True

    async def may_discard(self) -> bool:
        """Before the program ends: the changes are saved, or the user lets them go."""
        answer = await self._asked()
        if answer == "discard":
            self.discarded.emit()
        return answer != "cancel"

    async def _asked(self) -> str:
        """What becomes of the changes: "saved" (also if there are none), "discard", "cancel"."""
        if not self.modified:
            return "saved"
        answer = await dialogs.ask(
            self._window,
            self.tr("Save the changes to {name}?").format(name=self.name or _UNTITLED),
            self.tr("Without saving, they are lost."),
            {"save": self.tr("Save"), "discard": self.tr("Discard"), "cancel": self.tr("Cancel")},
        )
        if answer == "save":
            return "saved" if await self.save() else "cancel"
        return answer

    def _show(self, document: Document | None) -> None:
        self._editor.load(document or Document(Path(_UNTITLED), ""))
        if document is None:
            self._editor.opened = None
        self.document, self.past = document, None
        self.gone = False
        self._editor.setReadOnly(False)
        self.document_changed.emit()

    async def show_past(self, past: PastSource, text: str) -> bool:
        """Show a source as a run sent it; it can be read and saved under another name.

        Returns:
            Whether that was done; what was open stays otherwise.
        """
        if await self._asked() == "cancel":
            return False
        try:
            self._editor.load(Document(Path(past.path), text))
        except SpectrError as error:
            self.failed.emit(error)
            return False
        self._editor.opened = None
        self._editor.setReadOnly(True)
        self.document, self.past = None, past
        self.gone = False
        self.document_changed.emit()
        return True

    # What another program did to the file

    async def reload(self, theirs: Document) -> bool:
        """Take what is on the disk, as an edit that can be undone; caret and scroll stay.

        Returns:
            Whether that was done; the editor keeps its text otherwise.
        """
        mine = self._editor.text()
        edits = await asyncio.to_thread(_edits, mine, theirs.text)
        if self._editor.text() != mine:  # typed while a large file was compared
            edits = _edits(self._editor.text(), theirs.text)
        try:
            replace_lines(self._editor, edits)
        except SpectrError as error:
            self.failed.emit(error)
            return False
        self.adopt(theirs)
        self.reloaded.emit(theirs.path.name)
        return True

    def adopt(self, theirs: Document) -> None:
        """The text in the editor is the one on the disk, whoever wrote it."""
        self.document, self.gone = theirs, False
        self._editor.mark_saved(theirs)

    def keep_mine(self, theirs: Document) -> None:
        """The editor keeps its text, which is now a change of what is on the disk."""
        self.document = self._editor.opened = theirs
        self.gone = False
        self._editor.document().setModified(True)

    def lose(self) -> None:
        """The file is gone: what the editor has is nowhere else."""
        self.gone = True
        self._editor.document().setModified(True)

    # Saving

    async def save(self) -> bool:
        """Write the file; asks where to if it is new, and before another program's work goes."""
        document = self.document
        if document is None:
            return await self.save_as()
        if await asyncio.to_thread(_holds_something_else, document):
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
        document = self.document or Document(self.folder / (self.name or _UNTITLED), "")
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
        self.gone, self.past = False, None
        self._editor.setReadOnly(False)
        self._editor.mark_saved(self.document)
        self.document_changed.emit()
        self.saved.emit(path.name)
        return True

    def _filters(self) -> str:
        return self.tr("Contracts (*.sol *.vy);;All files (*)")


def _edits(old: str, new: str) -> list[Edit]:
    """What turns one text into the other; half a second for 5 MB."""
    from spectr_desktop.report import line_diff  # noqa: PLC0415  # the start needs none

    return line_diff.edits(old, new)


def _holds_something_else(document: Document) -> bool:
    """Another program wrote something into the file, and not only the same again."""
    if not changed_on_disk(document) or not document.path.exists():
        return False
    try:
        return not same_content(read_document(document.path), document)
    except SpectrError:  # whatever it is, it is not what we read
        return True


def same_content(one: Document, other: Document) -> bool:
    """Both files have the same bytes: the same text, encoding and line ends."""
    facts = {"path": other.path, "mtime_ns": other.mtime_ns, "size": other.size}
    return replace(one, **facts) == other
