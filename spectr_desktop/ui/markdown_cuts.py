"""Cut blocks that the reader wants to see whole: their rest is written where the note stands."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCursor, QTextDocument

from spectr_desktop.ui.hostile_text import rest_of_cut
from spectr_desktop.ui.markdown_feed import source_of
from spectr_desktop.ui.markdown_lines import Line, Table, cut_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spectr_desktop.ui.markdown_feed import Cut

# What one turn of the event loop writes.
_LINES = 1000
_CHARACTERS = 64 * 1024
# A line costs Qt some hundred bytes: more than this waits for the next press.
_LINES_A_PRESS = 200_000


@dataclass(slots=True)
class _Rest:
    """What is still to be written of a cut block.

    Attributes:
        lines: all lines that were not shown at first.
        done: how many of them are written.
        until: how many of them were asked for.
    """

    lines: list[str]
    done: int = 0
    until: int = 0


class CutBlocks:
    """Knows the notes of a document and writes the rest of a block, a portion at each step."""

    def __init__(self, document: QTextDocument) -> None:
        self._document = document
        self._notes: dict[int, QTextCursor] = {}
        self._rests: dict[int, _Rest] = {}
        self._open: deque[int] = deque()

    @property
    def waiting(self) -> bool:
        """Whether a step has something to do."""
        return any(number in self._notes for number in self._open)

    def clear(self) -> None:
        """Forget all; another text is shown."""
        self._rests.clear()
        self.restart()

    def restart(self) -> None:
        """The document is written anew: what was shown whole is to be shown whole again."""
        self._notes.clear()
        self._open.clear()
        for number, rest in self._rests.items():
            rest.done = 0
            self._open.append(number)

    def add(self, settled: Iterable[tuple[int, Line | Table]]) -> None:
        """Remember the notes among settled lines, given with their positions."""
        for position, content in settled:
            number = cut_number(content)
            if number >= 0:
                note = QTextCursor(self._document)
                note.setPosition(position)
                self._notes[number] = note

    def ask_for(self, number: int, cuts: Sequence[Cut], text: str) -> None:
        """The reader wants the whole of a block; `text` is the whole report."""
        if number not in self._notes or number >= len(cuts) or number in self._open:
            return
        if number not in self._rests:
            cut = cuts[number]
            self._rests[number] = _Rest(rest_of_cut(source_of(text, cut), fence=cut.fence))
        rest = self._rests[number]
        rest.until = min(len(rest.lines), rest.done + _LINES_A_PRESS)
        self._open.append(number)

    def step(self) -> tuple[int, int]:
        """Write the next lines; the tail behind the settled text has been taken away.

        Returns:
            The position at which the document has changed, and by how much it has grown.
        """
        number = next((n for n in self._open if n in self._notes), None)
        if number is None:
            return 0, 0
        note, rest = self._notes[number], self._rests[number]
        before = self._document.characterCount()
        cursor = QTextCursor(note.block().previous())
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock)
        at = cursor.position()
        self._write(cursor, rest)
        if rest.done >= rest.until:
            self._open.remove(number)
        if rest.done >= len(rest.lines):
            self._remove_note(cursor, note)
            del self._notes[number]
        return at, self._document.characterCount() - before

    def _write(self, cursor: QTextCursor, rest: _Rest) -> None:
        block = cursor.block()
        look, char, state = block.blockFormat(), block.charFormat(), block.userState()
        room = _CHARACTERS
        end = min(rest.until, rest.done + _LINES)
        while rest.done < end and room > 0:
            line = rest.lines[rest.done]
            cursor.insertBlock(look, char)
            cursor.insertText(line, char)
            cursor.block().setUserState(state)
            rest.done += 1
            room -= len(line) * (1 if line.isascii() else 4)

    def _remove_note(self, cursor: QTextCursor, note: QTextCursor) -> None:
        block = cursor.block()
        look, char, state = block.blockFormat(), block.charFormat(), block.userState()
        cursor.setPosition(
            note.block().position() + note.block().length() - 1, QTextCursor.MoveMode.KeepAnchor
        )
        cursor.removeSelectedText()
        # Qt gives an empty block the format of the one removed behind it.
        cursor.setBlockFormat(look)
        cursor.setBlockCharFormat(char)
        cursor.block().setUserState(state)
