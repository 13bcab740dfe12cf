"""A source editor with its file, its bar and its tasks, and timers that go when they are told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from spectr_desktop.ui.change_bar import ChangeBar
from spectr_desktop.ui.file_control import FileControl
from spectr_desktop.ui.source_editor import SourceEditor
from spectr_desktop.ui.tasks import TaskOwner
from tests.ui.driving import child, press

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from spectr_desktop.errors import SpectrError
    from spectr_desktop.ui.theme import Theme


class HandTimer(QTimer):
    """Runs out when a test says so."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.running = False

    def start(self, *_interval: Any) -> None:  # noqa: ANN401  # Qt's overloads
        self.running = True

    def stop(self) -> None:
        self.running = False

    def isActive(self) -> bool:
        return self.running

    def run_out(self) -> None:
        assert self.running
        self.running = False
        self.timeout.emit()


class EditedFile(QWidget):
    """What a window has of these, and the errors that were told."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.errors: list[SpectrError] = []
        self.tasks = TaskOwner(self._on_error)
        self.theme = theme
        self.bar = ChangeBar(theme, self)
        self.editor = SourceEditor(theme, self)
        self.file = FileControl(self.editor, self)
        self.file.failed.connect(self.errors.append)
        layout = QVBoxLayout(self)
        layout.addWidget(self.bar)
        layout.addWidget(self.editor, 1)
        self.resize(600, 400)
        self.crashed: list[BaseException] = []

    def _on_error(self, error: BaseException) -> None:
        self.crashed.append(error)

    async def settled(self) -> None:
        """Return once no task is left."""
        while self.tasks._tasks:
            await asyncio.wait(set(self.tasks._tasks))
        if self.crashed:
            raise self.crashed[0]

    def answers(self) -> list[str]:
        """The keys that the bar offers now."""
        if self.bar.isHidden():
            return []
        buttons = self.bar.findChildren(QPushButton)
        return [b.objectName().removeprefix("change_") for b in buttons if not b.isHidden()]

    def answer(self, key: str) -> None:
        """Press a button of the bar."""
        assert key in self.answers()
        press(child(self.bar, QPushButton, f"change_{key}"))
