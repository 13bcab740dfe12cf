"""Lines of styled text into a QTextDocument, editing only what differs from what is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import (
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextTable,
    QTextTableCellFormat,
)

from spectr_desktop.ui.markdown_lines import Kind, Line, Run, Style, Table

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
        table: the document's table that it is.
    """

    content: Line | Table
    start: int
    position: int
    table: QTextTable | None = None


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
            self._reset_block()

    def _reset_block(self) -> None:
        self._cursor.setBlockFormat(QTextBlockFormat())
        self._cursor.setBlockCharFormat(QTextCharFormat())
        self._cursor.setCharFormat(QTextCharFormat())
        self._cursor.block().setUserState(-1)

    def _append(self, content: Line | Table) -> None:
        before = self._last()
        end = self._end()
        written = _Written(content, end, end + 1 if isinstance(before, Line) else end)
        self._cursor.movePosition(QTextCursor.MoveOperation.End)
        if isinstance(content, Line):
            self._append_line(content, before)
        else:
            written.table = self._append_table(content)
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
        self._cursor.block().setUserState(_state(line))
        self._insert(self._cursor, line.kind, line.runs)

    def _append_table(self, table: Table) -> QTextTable:
        columns = len(table.aligns)
        made = self._cursor.insertTable(len(table.rows), columns, self._formats.table(table))
        self._fill_rows(made, table, 0)
        self._cursor.movePosition(QTextCursor.MoveOperation.End)
        self._reset_block()
        return made

    def _fill_rows(self, made: QTextTable, table: Table, first: int) -> None:
        formats = self._formats
        for number in range(first, len(table.rows)):
            fill = formats.cell_background(number)
            for column, (runs, align) in enumerate(
                zip(table.rows[number], table.aligns, strict=True)
            ):
                cell = made.cellAt(number, column)
                if fill is not None:
                    cell_format = QTextTableCellFormat()
                    cell_format.setBackground(fill)
                    cell.setFormat(cell_format)
                cursor = cell.firstCursorPosition()
                cursor.setBlockFormat(formats.cell_block(align))
                style = Style.PLAIN if number else Style.BOLD
                cursor.setBlockCharFormat(formats.char(Kind.TEXT, style))
                bold = tuple(Run(r.text, r.style | style, r.href) for r in runs)
                self._insert(cursor, Kind.TEXT, bold)

    def _alter(self, content: Line | Table) -> bool:
        """Edit the last line or table in place; False when it has to be written anew."""
        written = self._tail[-1]
        old = written.content
        if isinstance(content, Line) and isinstance(old, Line):
            done = self._alter_line(old, content)
        elif isinstance(content, Table) and isinstance(old, Table):
            done = self._add_rows(written.table, old, content)
        else:
            done = False
        if done:
            written.content = content
        return done

    def _alter_line(self, old: Line, new: Line) -> bool:
        if old._replace(runs=()) != new._replace(runs=()):
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
        self._insert(cursor, new.kind, now)
        return True

    def _add_rows(self, made: QTextTable | None, old: Table, new: Table) -> bool:
        count = len(old.rows)
        same = old._replace(rows=()) == new._replace(rows=()) and old.rows == new.rows[:count]
        if made is None or not same:
            return False
        made.appendRows(len(new.rows) - count)
        self._fill_rows(made, new, count)
        return True

    def _insert(self, cursor: QTextCursor, kind: Kind, runs: Sequence[Run]) -> None:
        for run in runs:
            if run.text:
                cursor.insertText(run.text, self._formats.char_of(kind, run))


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
