"""A tab's page whose content is made when it is first seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent


class LazyPage(QWidget):
    """A tab's page whose content comes later.

    Signals:
        wanted: it is on the screen, and its content is to be made.
    """

    wanted = Signal()

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)

    def fill(self, content: QWidget) -> None:
        """Put the content in; the page hands the focus to it."""
        layout = self.layout()
        assert layout is not None  # noqa: S101  # it was set above
        layout.addWidget(content)
        self.setFocusProxy(content)

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for the content."""
        super().showEvent(event)
        self.wanted.emit()
