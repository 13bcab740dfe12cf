"""The auditor's note on a finding: saved by itself, and never given to another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QPlainTextEdit

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QHideEvent
    from PySide6.QtWidgets import QWidget

_PAUSE_MS = 800
_HEIGHT = 84


class FindingNote(QPlainTextEdit):
    """A note that is told after a pause, when the focus goes, and before another one is shown.

    Signals:
        note_changed: (str key, str text) of the finding that it was written for.
    """

    note_changed = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key = ""
        self._told = ""
        self.setObjectName("findingNote")
        self.setAccessibleName(self.tr("Note"))
        self.setPlaceholderText(self.tr("Your note"))
        self.setTabChangesFocus(True)
        self.setFixedHeight(_HEIGHT)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self.flush)
        self.textChanged.connect(self._on_text_changed)

    def show_note(self, key: str, text: str) -> None:
        """Show the note of a finding; what the reader is just writing stays."""
        if key != self._key:
            self.flush()
            self._key = key
        elif self.toPlainText() != self._told or self.hasFocus() or text == self._told:
            return
        self._pause.stop()
        self._told = text
        self.setPlainText(text)
        self._told = self.toPlainText()  # as Qt gives it back
        self._pause.stop()

    def flush(self) -> None:
        """Tell at once what has been written."""
        self._pause.stop()
        text = self.toPlainText()
        if self._key and text != self._told:
            self._told = text
            self.note_changed.emit(self._key, text)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell what has been written (called by Qt)."""
        super().focusOutEvent(event)
        self.flush()

    def hideEvent(self, event: QHideEvent) -> None:
        """Tell what has been written (called by Qt)."""
        super().hideEvent(event)
        self.flush()

    def _on_text_changed(self) -> None:
        self._pause.start()
