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

# Widths follow the first rows, and are looked at again only at these lengths.
_LOOKED_AT = (1, 2, 4, 8, 16)
_GROWTH = 1.08
_CELL_EXTRA = 14
_SMALL, _NARROW, _WIDE = 0.5, 0.62, 0.9
_WIDEST_COLUMN = 0.5


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
        self._floors = [0.0] * len(table.aligns)
        self._naturals = [0.0] * len(table.aligns)
        self._widths = Widths(percent=False, columns=())
        self.add(cursor, table)

    def add(self, cursor: QTextCursor, table: Table) -> bool:
        """Write the rows that are new; False if the others are not what is shown."""
        old = self._content
        count = len(old.rows)
        if old._replace(rows=()) != table._replace(rows=()) or old.rows != table.rows[:count]:
            return False
        self._content = table
        self._measure(table.rows, count)
        widths = self._chosen()
        if widths != self._widths:
            self._widths = widths
            for number, chunk in enumerate(self._chunks):
                chunk.setFormat(self._formats.table(table, widths, first=number == 0))
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
        fill = formats.cell(number)
        style = Style.PLAIN if number else Style.BOLD
        char = formats.char(Kind.TEXT, style)
        for column, runs in enumerate(table.rows[number]):
            cell = chunk.cellAt(number % CHUNK_ROWS, column)
            cell.setFormat(fill)
            cursor = cell.firstCursorPosition()
            cursor.setBlockFormat(formats.cell_block(table.aligns[column]))
            cursor.setBlockCharFormat(char)
            cursor.block().layout().setCacheEnabled(True)
            if not number:
                runs = tuple(Run(r.text, r.style | style, r.href) for r in runs)  # noqa: PLW2901
            insert_runs(cursor, formats, Kind.TEXT, runs)

    def _measure(self, rows: Sequence[Sequence[Runs]], first: int) -> None:
        """Note the widest words of all rows, and of the first ones how wide the cells would be."""
        looked_at = max(n for n in _LOOKED_AT if n <= len(rows))
        for number in range(first, len(rows)):
            for column, runs in enumerate(rows[number]):
                word = _widest_word(runs, self._formats.advance, bold=not number)
                if word > self._floors[column]:
                    self._floors[column] = _stepped(word)
        if first and looked_at == max(n for n in _LOOKED_AT if n <= first):
            return
        for number in range(looked_at):
            for column, runs in enumerate(rows[number]):
                width = sum(self._formats.advance(run.text, run.style) for run in runs)
                self._naturals[column] = max(self._naturals[column], width)

    def _chosen(self) -> Widths:
        """Widths that hold every word, so that no chunk is laid out unlike the others."""
        measure = self._formats.measure
        floors = [floor + _CELL_EXTRA for floor in self._floors]
        wanted = [
            max(floor, min(natural * 1.05, measure * _WIDEST_COLUMN) + _CELL_EXTRA)
            for floor, natural in zip(floors, self._naturals, strict=True)
        ]
        least = sum(floors)
        if sum(wanted) <= measure * _SMALL:
            return Widths(percent=False, columns=tuple(map(math.ceil, wanted)))
        if least > measure * _WIDE and len(self._content.rows) > CHUNK_ROWS:
            return Widths(percent=False, columns=tuple(map(math.ceil, floors)))
        # Every word fits as soon as the text is this wide.
        whole = max(least, measure * _NARROW)
        spare = (whole - least) / max(1.0, sum(wanted) - least)
        columns = [f + (w - f) * spare for f, w in zip(floors, wanted, strict=True)]
        total = sum(columns)
        return Widths(percent=True, columns=tuple(round(100 * c / total, 2) for c in columns))


def insert_runs(cursor: QTextCursor, formats: Formats, kind: Kind, runs: Sequence[Run]) -> None:
    """Insert runs of text, each in its format."""
    for run in runs:
        if run.text:
            cursor.insertText(run.text, formats.char_of(kind, run))


def _widest_word(runs: Runs, advance: Callable[[str, int], float], *, bold: bool) -> float:
    """The width of a cell's longest word; one of several runs counts in the widest style."""
    words = max("".join(run.text for run in runs).split(), key=len, default="")
    widest = 0.0
    for run in runs:
        word = words if words not in run.text and len(runs) > 1 else ""
        word = max([word, *run.text.split()], key=len)
        widest = max(widest, advance(word, run.style | (Style.BOLD if bold else 0)))
    return widest


def _stepped(width: float) -> float:
    """A width rounded up in steps, so that a longer word seldom moves all columns."""
    return float(math.ceil(_GROWTH ** math.ceil(math.log(max(width, 20.0), _GROWTH))))
