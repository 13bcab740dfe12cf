"""Decisions are brought to the disk in a thread, and tried again where that failed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger

if TYPE_CHECKING:
    from spectr_desktop.audit.findings_book import FindingsBook
    from spectr_desktop.ui.tasks import TaskOwner

_log = logger(__name__)
_INTERVAL_MS = 2000


class Settling(QObject):
    """Knows the books of findings that are not safe yet, also of projects that were closed.

    Attributes:
        timer: when it fires, all of them are tried.

    Signals:
        settled: what had failed is on the disk now.
        tried: a round is over.
    """

    settled = Signal()
    tried = Signal()

    def __init__(self, tasks: TaskOwner, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._books: list[FindingsBook] = []
        self._failing = False
        self.timer = QTimer(self, singleShot=True, interval=_INTERVAL_MS)
        self.timer.timeout.connect(lambda: self._tasks.start(self.settle(), "settle decisions"))

    def watch(self, book: FindingsBook) -> None:
        """Something was written to this book, or could not be."""
        if book.unsettled:
            if book not in self._books:
                self._books.append(book)
            if not self.timer.isActive():
                self.timer.start()

    async def settle(self) -> None:
        """Try all of them now."""
        self.timer.stop()
        failed = False
        for book in list(self._books):
            try:
                await asyncio.to_thread(book.settle)
            except SpectrError as error:
                # Whoever decided was told; every two seconds would be too much.
                _log.info("decisions are not saved yet: %s", error.detail)
                failed = True
        self._books = [book for book in self._books if book.unsettled]
        if self._failing and not failed:
            self.settled.emit()
        self._failing = failed
        if self._books:
            self.timer.start()
        self.tried.emit()
