"""Tables of a report: written as short tables without a gap, which look like one.

Qt lays a whole table out at every edit of it, so the cost of a frame would grow with the table.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtGui import QTextCursor, QTextTable

from spectr_desktop.ui.markdown_lines import Kind, Run, Style

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spectr_desktop.ui.markdown_formats import Formats
    from spectr_desktop.ui.markdown_lines import Runs, Table

CHUNK_ROWS = 12
"""Rows of one of the document's tables; at most 25 keep a frame within its bounds."""

# Widths follow the first rows, and change only when a table has one of these lengths.
_LOOKED_AT = (1, 2, 4, 8, 16)
_CELL_EXTRA = 16
# Shares of the measure: a table up to the first is as wide as its cells; every word of another
# fits when the text is as wide as the second, if it can; no cell wants more than the third.
_SMALL, _NARROW, _WIDEST_CELL = 0.5, 0.95, 0.5


class Widths(NamedTuple):
    """Widths of a table's columns: pixels, or hundredths of the text's width."""

    percent: bool
    columns: tuple[float, ...]


class ChunkedTable:
    """A table of the report and the document's tables that show it.

    The widths of the columns are a function of the rows alone, so that a table which grew looks
    like one that was written at once.
    """

    def __init__(self, cursor: QTextCursor, formats: Formats, table: Table) -> None:
        self._formats = formats
        self._chunks: list[QTextTable] = []
        self._content = table._replace(rows=())
        self._looked_at = 0
        self._widths = Widths(percent=False, columns=())
        self.add(cursor, table)

    def add(self, cursor: QTextCursor, table: Table) -> bool:
        """Write the rows that are new; False if the others are not what is shown."""
        old = self._content
        count = len(old.rows)
        if old._replace(rows=()) != table._replace(rows=()) or old.rows != table.rows[:count]:
            return False
        self._content = table
        self._choose_widths(table)
        while count < len(table.rows):
            count = self._add_rows(cursor, table, count)
        return True

    def _add_rows(self, cursor: QTextCursor, table: Table, first: int) -> int:
        """Write rows into the last chunk, or into a new one if that is full."""
        number, row = divmod(first, CHUNK_ROWS)
        end = min(len(table.rows), (number + 1) * CHUNK_ROWS)
        if row:
            chunk = self._chunks[-1]
            chunk.appendRows(end - first)
        else:
            chunk_format = self._formats.table(table, self._widths, first=number == 0)
            cursor.movePosition(QTextCursor.MoveOperation.End)
            chunk = cursor.insertTable(end - first, len(table.aligns), chunk_format)
            self._chunks.append(chunk)
            cursor.movePosition(QTextCursor.MoveOperation.End)
            self._formats.reset_block(cursor)
        for at in range(first, end):
            self._fill_row(chunk, at, table)
        return end

    def _fill_row(self, chunk: QTextTable, number: int, table: Table) -> None:
        formats = self._formats
        look = formats.cell(number)
        for column, runs in enumerate(table.rows[number]):
            cell = chunk.cellAt(number % CHUNK_ROWS, column)
            cell.setFormat(look)
            cursor = cell.firstCursorPosition()
            cursor.setBlockFormat(formats.cell_block(table.aligns[column]))
            cursor.block().layout().setCacheEnabled(True)
            if not number:
                runs = tuple(Run(r.text, r.style | Style.BOLD, r.href) for r in runs)  # noqa: PLW2901
            insert_runs(cursor, formats, Kind.TEXT, runs)

    def _choose_widths(self, table: Table) -> None:
        looked_at = max(n for n in _LOOKED_AT if n <= len(table.rows))
        if looked_at == self._looked_at:
            return
        self._looked_at = looked_at
        widths = _widths(table.rows[:looked_at], self._formats)
        if widths != self._widths:
            self._widths = widths
            for number, chunk in enumerate(self._chunks):
                chunk.setFormat(self._formats.table(table, widths, first=number == 0))


def _widths(rows: Sequence[Sequence[Runs]], formats: Formats) -> Widths:
    """Widths for cells like these, each column at least as wide as its longest word if may be."""
    measure, advance = formats.measure, formats.advance
    floors = [0.0] * len(rows[0])
    wanted = [0.0] * len(rows[0])
    for number, row in enumerate(rows):
        for column, runs in enumerate(row):
            bold = Style.PLAIN if number else Style.BOLD
            word = _widest_word(runs, advance, bold)
            whole = sum(advance(run.text, run.style | bold) for run in runs)
            floors[column] = max(floors[column], word + _CELL_EXTRA)
            wish = max(word, min(whole * 1.05, measure * _WIDEST_CELL))
            wanted[column] = max(wanted[column], wish + _CELL_EXTRA)
    if sum(wanted) <= measure * _SMALL:
        return Widths(percent=False, columns=tuple(map(math.ceil, wanted)))
    needed = sum(floors)
    spare = max(0.0, measure * _NARROW - needed) / max(1.0, sum(wanted) - needed)
    columns = [f + (w - f) * spare for f, w in zip(floors, wanted, strict=True)]
    total = sum(columns)
    return Widths(percent=True, columns=tuple(round(100 * c / total, 2) for c in columns))


def insert_runs(cursor: QTextCursor, formats: Formats, kind: Kind, runs: Sequence[Run]) -> None:
    """Insert runs of text, each in its format."""
    for run in runs:
        if run.text:
            cursor.insertText(run.text, formats.char_of(kind, run))


def _widest_word(runs: Runs, advance: Callable[[str, int], float], bold: int) -> float:
    """The width of the longest word in each run of a cell."""
    words = ((max(run.text.split(), key=len, default=""), run.style | bold) for run in runs)
    return max((advance(word, style) for word, style in words), default=0.0)
