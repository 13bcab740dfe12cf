"""A read-only text that may be megabytes long and is put in piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from spectr_desktop.ui.hostile_text import pieces, visible
from spectr_desktop.ui.theme import code_font

if TYPE_CHECKING:
    from collections.abc import Sequence

# About 10 ms for lines of source; what is on the screen is there at once.
_PIECE_LINES = 1500
_PIECE_CHARACTERS = 100_000


def _parts(line: str) -> list[str]:
    """A line, or what it is put in as if it is longer than a piece."""
    most = _PIECE_CHARACTERS
    if len(line) <= most:
        return [line]
    return [line[at : at + most] for at in range(0, len(line), most)]


class GrowingText(QPlainTextEdit):
    """Shows lines in a fixed-pitch font, hidden characters spelled out, and never wraps them.

    Signals:
        filled: all lines are there.
    """

    filled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setUndoRedoEnabled(False)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(True)
        self.setFont(code_font())
        self._lines: Sequence[str] = ()
        self._at = 0
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._on_timeout)

    def show_lines(self, lines: Sequence[str]) -> None:
        """Show these lines instead of what is there; the first ones at once."""
        self._lines = [part for line in lines for part in _parts(line)]
        self._at = 0
        self.clear()
        self._timer.start()
        self._on_timeout()

    def forget(self) -> None:
        """Show nothing."""
        self._timer.stop()
        self._lines = ()
        self.clear()

    def _on_timeout(self) -> None:
        start, size = self._at, 0
        while self._at < len(self._lines) and self._at - start < _PIECE_LINES:
            size += len(self._lines[self._at]) + 1
            if size > _PIECE_CHARACTERS and self._at > start:
                break
            self._at += 1
        text = visible("\n".join(self._lines[start : self._at]))
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(("\n" if start else "") + "\n".join(pieces(text)))
        if not start:
            self.moveCursor(QTextCursor.MoveOperation.Start)
        if self._at >= len(self._lines):
            self._timer.stop()
            self._lines = ()
            self.filled.emit()
