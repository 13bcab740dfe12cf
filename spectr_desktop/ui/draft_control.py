"""Unsaved edits: kept while they are typed, offered again after a program that was killed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger
from spectr_desktop.project.document import Document, read_document
from spectr_desktop.ui import dialogs
from spectr_desktop.ui.when import moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from spectr_desktop.store.drafts import Draft, Drafts
    from spectr_desktop.ui.change_bar import ChangeBar
    from spectr_desktop.ui.file_control import FileControl
    from spectr_desktop.ui.source_editor import SourceEditor
    from spectr_desktop.ui.tasks import TaskOwner
    from spectr_desktop.ui.theme import Theme

_log = logger(__name__)

_QUIET_MS = 700  # after the last key; with the writing itself under a second
_LONGEST_MS = 4000  # while somebody types on and on
_OTHER_BASE = "draft_base"


class DraftControl(QObject):
    """Keeps one draft: that of the file in the editor.

    Signals:
        kept: the changes are on the disk as a draft.
        dropped: there is nothing to keep any more; the draft is gone.
        failed: (SpectrError) told once, until it works again.
    """

    kept = Signal()
    dropped = Signal()
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
        store: Drafts | None = None,
    ) -> None:
        super().__init__(window)
        self._editor, self._file, self._bar = editor, file, bar
        self._tasks, self._theme, self._window = tasks, theme, window
        self._store = store
        self._current: Draft | None = None  # what is on the disk now, without its text
        self._writer: asyncio.Task[None] | None = None
        self._due = self._told = self._discarded = self._closed = False
        self._quiet, self._longest = timer(self), timer(self)
        for clock, interval in ((self._quiet, _QUIET_MS), (self._longest, _LONGEST_MS)):
            clock.setSingleShot(True)
            clock.setInterval(interval)
            clock.timeout.connect(self._keep_soon)
        editor.textChanged.connect(self._on_text_changed)
        editor.modified_changed.connect(self._on_modified_changed)
        file.document_changed.connect(self._on_document_changed)
        file.discarded.connect(self._on_discarded)

    @property
    def _drafts(self) -> Drafts:
        """Where drafts are kept; loaded with the first of them, not with the window."""
        if self._store is None:
            from spectr_desktop.store.drafts import Drafts  # noqa: PLC0415  # json, datetime

            self._store = Drafts()
        return self._store

    # -- while somebody types ---------------------------------------------------------------

    def _on_text_changed(self) -> None:
        self._discarded = False
        if self._closed or not self._file.modified:
            return
        self._quiet.start()
        if not self._longest.isActive():
            self._longest.start()

    def _on_modified_changed(self, modified: bool) -> None:
        if modified:
            self._on_text_changed()
        else:
            self._keep_soon()

    def _on_document_changed(self) -> None:
        self._discarded = False
        self._bar.withdraw(_OTHER_BASE)
        self._keep_soon()

    def _on_discarded(self) -> None:
        self._discarded = True

    def _keep_soon(self) -> None:
        """Bring the disk up to date, after what is being written now."""
        self._quiet.stop()
        self._longest.stop()
        nothing_kept = self._current is None and self._writer is None
        if self._closed or (nothing_kept and not self._file.modified):
            return
        self._due = True
        if self._writer is None:
            self._writer = self._tasks.start(self._write_due(), "draft")

    async def _write_due(self) -> None:
        try:
            while self._due:
                self._due = False
                await self._bring_up_to_date()
        finally:
            self._writer = None

    async def _bring_up_to_date(self) -> None:
        document = self._file.document
        wanted = None
        if self._file.modified and not self._discarded:
            wanted = self._made(document, self._editor.text())
        base = None if self._file.gone or document is None else document.text
        held = self._current.id if self._current else ""
        try:
            kept = await asyncio.to_thread(self._written, wanted, base, held)
        except SpectrError as error:
            self._on_failed(error)
            return
        self._told = False
        self._current = kept
        if kept is not None:
            self.kept.emit()
        elif held:
            self.dropped.emit()

    def _made(self, document: Document | None, text: str) -> Draft:
        from spectr_desktop.store import drafts  # noqa: PLC0415  # as `_drafts`

        return drafts.Draft(
            path=str(document.path.absolute()) if document else "",
            root=str(self._file.folder) if document else "",
            encoding=document.encoding if document else "utf-8",
            newline=document.newline if document else "\n",
            based_on="",
            saved_at=drafts.now(),
            text=text,
        )

    def _written(self, wanted: Draft | None, base: str | None, held: str) -> Draft | None:
        """In a thread: the draft as it is on the disk now, without its text; None for none."""
        if wanted is None or wanted.text == base:
            if held:
                self._drafts.delete(held)
            return None
        from spectr_desktop.store.drafts import digest  # noqa: PLC0415  # as `_drafts`

        based_on = digest(base) if base is not None else ""
        kept = self._drafts.write(replace(wanted, id=held, based_on=based_on))
        return replace(kept, text="")

    def _on_failed(self, error: SpectrError) -> None:
        _log.warning("draft not kept: %s", error.detail)
        if not self._told:
            self._told = True
            self.failed.emit(error)
        if not self._closed:
            self._longest.start()

    async def flush(self) -> None:
        """Before the program ends: what is not saved stays as a draft, what was let go goes.

        To be awaited before the tasks of the window are cancelled.
        """
        if self._closed:
            return
        self._keep_soon()
        self._closed = True
        while self._writer is not None:
            await asyncio.wait([self._writer])
        if self._store is not None:
            self._store.close()

    # -- after a program that was killed ----------------------------------------------------

    async def found(self) -> list[Draft]:
        """The drafts that dead programs left, the newest first; unreadable ones are told of."""
        found = await asyncio.to_thread(self._drafts.found)
        for problem in found.problems:
            self.failed.emit(problem)
        return list(found.drafts)

    async def offer_found(self) -> None:
        """Offer each of them in the bar."""
        for draft in await self.found():
            self._offer(draft)

    def _offer(self, draft: Draft) -> None:
        sentence = self.tr("Unsaved changes to {name} from {time} were found.").format(
            name=_name(draft) or self.tr("a new file"), time=moment(draft.saved_at)
        )
        if draft.damaged:
            sentence += " " + self.tr("The end of them may be lost.")
        answers = {
            "open": self.tr("Open"),
            "difference": self.tr("Show the difference"),
            "delete": self.tr("Delete"),
        }

        def on_answer(key: str) -> None:
            actions = {
                "open": self.restore,
                "difference": self.show_difference,
                "delete": self._ask_and_delete,
            }
            if key in actions:
                self._tasks.start(actions[key](draft), f"draft {key}")

        self._bar.show_offer(_topic(draft), sentence, answers, on_answer, stays=frozenset(answers))

    async def restore(self, draft: Draft) -> bool:
        """Open the file and put the draft's text into the editor, as an edit that can be undone.

        Returns:
            Whether that was done; the draft stays until the source is saved or let go.
        """
        document, there = await asyncio.to_thread(_on_disk, draft)
        base = await asyncio.to_thread(_digest, document)
        if not await self._file.open_with(document, draft.text):
            return False
        while self._writer is not None:  # it removes the draft of the file that was open
            await asyncio.wait([self._writer])
        if self._current is not None and self._current.id != draft.id:
            await asyncio.to_thread(self._drafts.delete, self._current.id)
        self._current = replace(draft, text="")
        self._bar.withdraw(_topic(draft))
        if document is not None and not there:
            self._file.lose()
        elif document is not None and base != draft.based_on:
            self._warn_of_other_base(draft)
        self._keep_soon()
        return True

    def _warn_of_other_base(self, draft: Draft) -> None:
        sentence = self.tr(
            "{name} was changed by another program after these edits were made; saving replaces "
            "what it wrote."
        ).format(name=_name(draft))
        answers = {"difference": self.tr("Show the difference")}

        def on_answer(key: str) -> None:
            if key == "difference":
                self._tasks.start(self.show_difference(draft), "draft difference")

        self._bar.show_offer(_OTHER_BASE, sentence, answers, on_answer, stays=frozenset(answers))

    async def show_difference(self, draft: Draft) -> None:
        """Show how the draft differs from the file on the disk."""
        from spectr_desktop.ui.diff_dialog import DiffDialog  # noqa: PLC0415  # rarely wanted

        document, _ = await asyncio.to_thread(_on_disk, draft)
        title = self.tr("{name}: on the disk, and with the unsaved changes").format(
            name=_name(draft) or self.tr("New file")
        )
        dialog = DiffDialog(self._theme, title, self._window)
        await dialog.show_texts(document.text if document else "", draft.text)

    async def delete(self, draft: Draft) -> None:
        """Remove a draft for good."""
        try:
            await asyncio.to_thread(self._drafts.delete, draft.id)
        except SpectrError as error:
            self.failed.emit(error)
            return
        self._bar.withdraw(_topic(draft))

    async def _ask_and_delete(self, draft: Draft) -> None:
        answer = await dialogs.ask(
            self._window,
            self.tr("Delete the unsaved changes to {name}?").format(
                name=_name(draft) or self.tr("a new file")
            ),
            self.tr("They are lost then; the file on the disk stays as it is."),
            {"delete": self.tr("Delete"), "cancel": self.tr("Cancel")},
            default="cancel",
        )
        if answer == "delete":
            await self.delete(draft)


def _on_disk(draft: Draft) -> tuple[Document | None, bool]:
    """In a thread: the file of a draft, None if it never had one; and whether it is there.

    One that is gone, or cannot be read, is as good as empty: the draft has all of its text.
    """
    if not draft.path:
        return None, False
    path = Path(draft.path)
    try:
        return read_document(path), True
    except SpectrError:
        return Document(path, "", draft.encoding, draft.newline), False


def _digest(document: Document | None) -> str:
    from spectr_desktop.store.drafts import digest  # noqa: PLC0415  # as `_drafts`

    return digest(document.text) if document else ""


def _topic(draft: Draft) -> str:
    return f"draft:{draft.id}"


def _name(draft: Draft) -> str:
    return Path(draft.path).name if draft.path else ""
