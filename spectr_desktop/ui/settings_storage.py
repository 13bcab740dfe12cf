"""A part of the settings' storage page: what is kept and where, and the ways to erase it."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QLocale, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from spectr_desktop import paths
from spectr_desktop.store.kept_sizes import Kept, kept_sizes
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.settings_row import told

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QHideEvent, QShowEvent

    from spectr_desktop.ui.tasks import TaskOwner

_GAP = 8


class StoragePart(QWidget):
    """Says how much is kept; it is measured whenever the part is seen anew.

    Args:
        tasks: holds what measures.
        client: folder of the project that is open, "" if none is.
        erase_client: asks, and erases all that is kept of that project.
        erase_old: asks for an age, and erases what is older.
        parent: where it is.
    """

    def __init__(
        self,
        tasks: TaskOwner,
        client: str,
        erase_client: Callable[[], None],
        erase_old: Callable[[], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._stop: threading.Event | None = None
        self._measuring: asyncio.Task[None] | None = None
        self._told: dict[str, QLabel] = {}
        self.setObjectName("storage")
        caption = told("label", self)
        caption.setText(self.tr("What is kept"))
        where = told("said", self, "storageFolder")
        where.setText(visible(str(paths.data())))
        where.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        where.setAccessibleName(self.tr("Folder of what is kept"))
        opens = self._button("openStorage", self.tr("Open the folder"), self._on_open)
        client_button = self._button("eraseClient", self.tr("Erase this client…"), erase_client)
        client_button.setEnabled(bool(client))
        old_button = self._button("eraseOld", self.tr("Erase what is old…"), erase_old)
        hint = told("help", self, "storageHint")
        hint.setText(
            self.tr("“This client” is {folder}. You are asked before anything is erased.").format(
                folder=visible(client)
            )
            if client
            else self.tr("To erase a client, open a file of theirs first.")
        )
        client_button.setAccessibleDescription(hint.text())
        buttons = QHBoxLayout()
        buttons.setSpacing(_GAP)
        for button in (opens, client_button, old_button):
            buttons.addWidget(button)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, _GAP, 0, 0)
        layout.setSpacing(_GAP)
        layout.addWidget(caption)
        layout.addLayout(self._table())
        layout.addWidget(where)
        layout.addLayout(buttons)
        layout.addWidget(hint)

    def showEvent(self, event: QShowEvent) -> None:
        """Measure (called by Qt)."""
        super().showEvent(event)
        self.measure()

    def hideEvent(self, event: QHideEvent) -> None:
        """What is being measured is wanted no longer (called by Qt)."""
        super().hideEvent(event)
        self._end()

    def changeEvent(self, event: QEvent) -> None:
        """Measure again after a question about erasing, which took the focus (called by Qt)."""
        super().changeEvent(event)
        seen = self.isVisible() and self.isActiveWindow()
        if event.type() == QEvent.Type.ActivationChange and seen:
            self.measure()

    def measure(self) -> None:
        """Look again how much is kept."""
        self._end()
        self._stop = threading.Event()
        self._measuring = self._tasks.start(self._measure(self._stop), "measure")

    def _end(self) -> None:
        if self._stop is not None and self._measuring is not None:
            self._stop.set()
            self._measuring.cancel()
            self._stop = self._measuring = None

    async def _measure(self, stop: threading.Event) -> None:
        found = await asyncio.to_thread(kept_sizes, stop.is_set)
        for kind, label in self._told.items():
            label.setText(self._words(found[kind]))

    def _words(self, kept: Kept) -> str:
        if not kept.count and not kept.size:
            return self.tr("none")
        size = QLocale().formattedDataSize(kept.size)
        return self.tr("{count} · {size}").format(count=f"{kept.count:,}", size=size)

    def _table(self) -> QGridLayout:
        titles = {
            "runs": self.tr("Runs"),
            "projects": self.tr("Projects: decisions, notes, briefs"),
            "index": self.tr("Index of the history"),
            "drafts": self.tr("Drafts of unsaved edits"),
            "logs": self.tr("Logs"),
            "deleted": self.tr("Deleted, until the program ends"),
        }
        grid = QGridLayout()
        grid.setHorizontalSpacing(3 * _GAP)
        grid.setVerticalSpacing(_GAP // 2)
        grid.setColumnStretch(1, 1)
        for row, (kind, title) in enumerate(titles.items()):
            name = told("said", self)
            name.setText(title)
            name.setWordWrap(False)
            size = told("said", self, f"{kind}Size")
            size.setText("…")
            size.setAccessibleName(title)
            grid.addWidget(name, row, 0)
            grid.addWidget(size, row, 1)
            self._told[kind] = size
        return grid

    def _button(self, name: str, text: str, on_clicked: Callable[[], None]) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _checked: on_clicked())
        return button

    def _on_open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(paths.data())))
