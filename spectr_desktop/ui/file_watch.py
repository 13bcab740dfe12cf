"""The open file as others change it: noticed, compared, and offered; never taken unasked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import QFileSystemWatcher, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication

from spectr_desktop.errors import SpectrError
from spectr_desktop.project.document import changed_on_disk, read_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from spectr_desktop.project.document import Document
    from spectr_desktop.ui.change_bar import ChangeBar
    from spectr_desktop.ui.file_control import FileControl
    from spectr_desktop.ui.source_editor import SourceEditor
    from spectr_desktop.ui.tasks import TaskOwner
    from spectr_desktop.ui.theme import Theme

_DEBOUNCE_MS = 300  # an editor that replaces a file removes it for a moment
TOPIC = "changed_on_disk"
"""Of what is offered in the bar."""


class FileWatch(QObject):
    """Watches the file in the editor and its folder.

    Networks tell nothing of what happens on other machines: it looks also when the program
    becomes active again.

    Signals:
        checked: the disk was looked at; whatever was to be offered is in the bar.
        failed: (SpectrError) the file is there and cannot be read any more.
    """

    checked = Signal()
    failed = Signal(object)

    def __init__(
        self,
        editor: SourceEditor,
        file: FileControl,
        bar: ChangeBar,
        tasks: TaskOwner,
        theme: Theme,
        window: QWidget,
        *,
        timer: Callable[[QObject], QTimer] = QTimer,
    ) -> None:
        super().__init__(window)
        self._editor, self._file, self._bar = editor, file, bar
        self._tasks, self._theme, self._window = tasks, theme, window
        self._theirs: Document | None = None  # what is offered
        self._refused = ""  # the code of what was told in `failed`
        self._checking: asyncio.Task[None] | None = None
        self._again = self._closed = False
        self._watcher = QFileSystemWatcher(self)
        self._watcher.fileChanged.connect(self.look_soon)
        self._watcher.directoryChanged.connect(self.look_soon)
        self._debounce = timer(self)
        self._debounce.setSingleShot(True)
        self._debounce.setInterval(_DEBOUNCE_MS)
        self._debounce.timeout.connect(self._look)
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.applicationStateChanged.connect(self._on_state_changed)
        file.document_changed.connect(self._on_document_changed)
        editor.modified_changed.connect(self._on_modified_changed)

    def close(self) -> None:
        """Before the program ends: what happens from now on is of no interest."""
        self._closed = True
        self._debounce.stop()
        watched = [*self._watcher.files(), *self._watcher.directories()]
        if watched:
            self._watcher.removePaths(watched)

    def look_soon(self) -> None:
        """Something may have happened to the file."""
        if self._closed:
            return
        self._watch()  # the watcher lets a file go that was replaced
        if self._file.document is not None:
            self._debounce.start()

    def _on_state_changed(self, state: Qt.ApplicationState) -> None:
        if state is Qt.ApplicationState.ApplicationActive:
            self.look_soon()

    def _on_document_changed(self) -> None:
        self._withdraw()
        self._refused = ""
        self._watch()

    def _on_modified_changed(self, _modified: bool) -> None:
        if self._theirs is not None:
            self._offer_change(self._theirs)

    def _watch(self) -> None:
        """Watch the file that is open now, as far as it is there, and its folder."""
        if self._closed:
            return
        document = self._file.document
        path = document.path.absolute() if document else None
        wanted = {str(path), str(path.parent)} if path else set[str]()
        watched = {*self._watcher.files(), *self._watcher.directories()}
        if watched - wanted:
            self._watcher.removePaths(sorted(watched - wanted))
        if wanted - watched:
            # What is not there cannot be watched: the folder tells when it comes back.
            self._watcher.addPaths(sorted(wanted - watched))

    def _look(self) -> None:
        self._again = True
        if self._checking is None:
            self._checking = self._tasks.start(self._check_while_due(), "file on disk")

    async def _check_while_due(self) -> None:
        try:
            while self._again:
                self._again = False
                await self._check()
        finally:
            self._checking = None
        self.checked.emit()

    async def _check(self) -> None:
        document = self._file.document
        if document is None:
            return
        try:
            theirs = await asyncio.to_thread(_read_if_changed, document)
        except SpectrError as error:
            if document is self._file.document:
                self._on_unreadable(error)
            return
        self._watch()
        if document is not self._file.document:
            self._again = True  # saved or replaced meanwhile
            return
        self._refused = ""
        if theirs is None:
            if self._file.gone:  # it came back as it was
                self._settle(document)
            self._withdraw()
        elif theirs.text == self._editor.text():
            self._settle(theirs)
        elif theirs.text == document.text:
            # The same text again, perhaps with other line ends: what is edited stays edited.
            self._file.document = self._editor.opened = theirs
            self._file.gone = False
            self._withdraw()
        else:
            self._offer_change(theirs)

    def _settle(self, theirs: Document) -> None:
        """The disk has what the editor has."""
        if theirs.text == self._editor.text():
            self._file.adopt(theirs)
        else:
            self._file.gone = False
        self._withdraw()

    def _on_unreadable(self, error: SpectrError) -> None:
        if error.code == "file_missing":
            if not self._file.gone:  # who has closed the offer is not asked again
                self._file.lose()
                self._offer_saving()
        elif error.code != self._refused:
            self._refused = error.code
            self.failed.emit(error)

    def _withdraw(self) -> None:
        self._theirs = None
        self._bar.withdraw(TOPIC)

    # -- what is offered --------------------------------------------------------------------

    def _offer_change(self, theirs: Document) -> None:
        self._theirs = theirs
        name, modified = theirs.path.name, self._file.modified
        difference = self.tr("Show the difference")
        if modified:
            text = self.tr("{name} was changed by another program, and you have unsaved changes.")
            answers = {
                "difference": difference,
                "reload": self.tr("Take theirs"),
                "keep": self.tr("Keep mine"),
            }
        else:
            text = self.tr("{name} was changed by another program.")
            answers = {
                "reload": self.tr("Reload"),
                "difference": difference,
                "keep": self.tr("Keep"),
            }
        self._bar.show_offer(
            TOPIC, text.format(name=name), answers, self._on_answer, stays=("difference",)
        )

    def _offer_saving(self) -> None:
        self._theirs = None
        document = self._file.document
        name = document.path.name if document else ""
        self._bar.show_offer(
            TOPIC,
            self.tr("{name} is gone from the disk; its text is only here.").format(name=name),
            {"save": self.tr("Save it again")},
            self._on_saving_answer,
        )

    def _on_saving_answer(self, key: str) -> None:
        if key == "save":
            self._tasks.start(self._file.save(), "save again")

    def _on_answer(self, key: str) -> None:
        theirs = self._theirs
        if theirs is None:
            return
        if key == "difference":
            self._tasks.start(self._show_difference(theirs), "difference on disk")
            return
        self._theirs = None
        if key == "reload":
            self._tasks.start(self._file.reload(theirs), "reload")
        else:  # also whoever closes the offer keeps what they have
            self._file.keep_mine(theirs)

    async def _show_difference(self, theirs: Document) -> None:
        from spectr_desktop.ui.diff_dialog import DiffDialog  # noqa: PLC0415  # rarely wanted

        title = self.tr("{name}: in the editor, and on the disk").format(name=theirs.path.name)
        dialog = DiffDialog(self._theme, title, self._window)
        await dialog.show_texts(self._editor.text(), theirs.text)


def _read_if_changed(document: Document) -> Document | None:
    """In a thread: the file as it is now, None if it is as we know it.

    Raises:
        SpectrError: as `read_document`.
    """
    return read_document(document.path) if changed_on_disk(document) else None
