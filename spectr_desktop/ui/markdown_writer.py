"""Lines of styled text into a QTextDocument, editing only what differs from what is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCursor, QTextDocument

from spectr_desktop.ui.markdown_lines import HEADINGS, Kind, Line, Run, Table
from spectr_desktop.ui.markdown_tables import ChunkedTable, insert_runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.ui.markdown_formats import Formats

_CODE_STATE = 1
_RULE_STATE = 2
_CODE_FIRST = 4
_QUOTE_SHIFT = 4


def is_code(state: int) -> bool:
    """Whether a block with this user state is a line of a code block."""
    return state > 0 and bool(state & _CODE_STATE)


def is_rule(state: int) -> bool:
    """Whether a block with this user state is a horizontal rule."""
    return state > 0 and bool(state & _RULE_STATE)


def is_code_start(state: int) -> bool:
    """Whether a block with this user state is the first line of a code block."""
    return state > 0 and bool(state & _CODE_FIRST)


def quote_depth(state: int) -> int:
    """The number of quote bars left of a block with this user state."""
    return max(state, 0) >> _QUOTE_SHIFT


@dataclass(slots=True)
class _Written:
    """A line or table in the open tail.

    Attributes:
        content: what it shows.
        start: the document's end before it was written.
        position: where its block begins.
        table: its tables in the document.
    """

    content: Line | Table
    start: int
    position: int
    table: ChunkedTable | None = None


class DocumentWriter:
    """Keeps the end of a document equal to the settled lines plus the newest tail.

    All edits go through one cursor; the caller puts them into one edit block.
    """

    def __init__(self, document: QTextDocument, formats: Formats) -> None:
        self._document = document
        self._formats = formats
        self._cursor = QTextCursor(document)
        self._before: Line | Table | None = None
        self._tail: list[_Written] = []

    @property
    def tail_start(self) -> int:
        """The position up to which the document is settled."""
        return self._tail[0].start if self._tail else self._end()

    @property
    def tail(self) -> list[tuple[int, Line | Table]]:
        """The lines of the tail and the document position at which each begins."""
        return [(written.position, written.content) for written in self._tail]

    def shows(self, settled: Sequence[Line | Table], tail: Sequence[Line | Table]) -> bool:
        """Whether these lines are what the document ends with already."""
        if len(self._tail) != len(settled) + len(tail):
            return False
        pairs = zip(self._tail, [*settled, *tail], strict=True)
        return all(written.content == line for written, line in pairs)

    def write(
        self, settled: Sequence[Line | Table], tail: Sequence[Line | Table]
    ) -> list[tuple[int, Line | Table]]:
        """Replace the tail by settled lines and a new tail.

        Returns:
            The settled lines and the document position at which each begins.
        """
        wanted = [*settled, *tail]
        same = 0
        for old, new in zip(self._tail, wanted, strict=False):
            if old.content != new:
                break
            same += 1
        if same < len(self._tail):
            last = same == len(self._tail) - 1
            if last and same < len(wanted) and self._alter(wanted[same]):
                same += 1
            else:
                self._truncate(same)
        for content in wanted[same:]:
            self._append(content)
        done = self._tail[: len(settled)]
        if done:
            self._before = done[-1].content
            del self._tail[: len(settled)]
        return [(written.position, written.content) for written in done]

    def _end(self) -> int:
        return self._document.characterCount() - 1

    def _last(self) -> Line | Table | None:
        return self._tail[-1].content if self._tail else self._before

    def _truncate(self, count: int) -> None:
        """Remove the tail from its line number `count` on."""
        cursor = self._cursor
        cursor.setPosition(self._tail[count].start)
        block, char = cursor.blockFormat(), cursor.blockCharFormat()
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        del self._tail[count:]
        # Qt gives an empty block the format of the one removed behind it.
        last = self._last()
        if isinstance(last, Line):
            cursor.setBlockFormat(block)
            cursor.setBlockCharFormat(char)
            cursor.block().setUserState(_state(last))
        else:
            self._formats.reset_block(cursor)

    def _append(self, content: Line | Table) -> None:
        before = self._last()
        end = self._end()
        written = _Written(content, end, end + 1 if isinstance(before, Line) else end)
        self._cursor.movePosition(QTextCursor.MoveOperation.End)
        if isinstance(content, Line):
            self._append_line(content, before)
        else:
            written.table = ChunkedTable(self._cursor, self._formats, content)
        self._tail.append(written)

    def _append_line(self, line: Line, before: Line | Table | None) -> None:
        block = self._formats.block_of(line, before)
        char = self._formats.char(line.kind, 0)
        if isinstance(before, Line):
            self._cursor.insertBlock(block, char)
        else:
            # The first block of a document and the one behind a table are there already.
            self._cursor.setBlockFormat(block)
            self._cursor.setBlockCharFormat(char)
        made = self._cursor.block()
        made.setUserState(_state(line))
        # Else Qt shapes the text anew whenever it is painted.
        made.layout().setCacheEnabled(True)
        insert_runs(self._cursor, self._formats, line.kind, line.runs)

    def _alter(self, content: Line | Table) -> bool:
        """Edit the last line or table in place; False when it has to be written anew."""
        written = self._tail[-1]
        old = written.content
        if isinstance(content, Line) and isinstance(old, Line):
            done = self._alter_line(old, content)
        elif isinstance(content, Table) and isinstance(old, Table):
            done = written.table is not None and written.table.add(self._cursor, content)
        else:
            done = False
        if done:
            written.content = content
        return done

    def _alter_line(self, old: Line, new: Line) -> bool:
        if old._replace(runs=()) != new._replace(runs=()) or self._needs_other_room(old, new):
            return False
        same = 0
        for old_run, new_run in zip(old.runs, new.runs, strict=False):
            if old_run != new_run:
                break
            same += 1
        was, now = old.runs[same:], new.runs[same:]
        kept = 0
        if was and now and was[0][1:] == now[0][1:]:
            kept = _common_length(was[0].text, now[0].text)
            now = (Run(now[0].text[kept:], now[0].style, now[0].href), *now[1:])
        cursor = self._cursor
        cursor.movePosition(QTextCursor.MoveOperation.End)
        gone = sum(utf16_length(run.text) for run in was)
        if kept:
            gone -= utf16_length(was[0].text[:kept])
        if gone:
            end = cursor.position()
            cursor.setPosition(end - gone, QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
        insert_runs(cursor, self._formats, new.kind, now)
        return True

    def _needs_other_room(self, old: Line, new: Line) -> bool:
        """Whether a heading has got a chip at its beginning, or lost it."""
        before = self._tail[-2].content if len(self._tail) > 1 else self._before
        block_of = self._formats.block_of
        return new.kind in HEADINGS and block_of(old, before) != block_of(new, before)


def utf16_length(text: str) -> int:
    """The length of text in a document's positions: UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _common_length(old: str, new: str) -> int:
    """How many characters two texts have in common at their start."""
    if new.startswith(old):
        return len(old)
    pairs = zip(old, new, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)))


def _state(line: Line) -> int:
    state = line.quote << _QUOTE_SHIFT
    if line.kind is Kind.CODE:
        state |= _CODE_STATE
        if line.first:
            state |= _CODE_FIRST
    if line.kind is Kind.RULE:
        state |= _RULE_STATE
    return state
