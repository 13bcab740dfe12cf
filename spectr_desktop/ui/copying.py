"""Copying from the report: as text, as rich text, as its Markdown, and code by itself."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QTextCursor

from spectr_desktop.ui.markdown_lines import Kind, Line, Table
from spectr_desktop.ui.theme import LIGHT, Colors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from spectr_desktop.report.blocks import Block

_TAG = re.compile(r"<[^>]*>")
_LINE_ENDS = str.maketrans(dict.fromkeys("\u2028\u2029\ufdd0\ufdd1", "\n"))
_FRAME_START = "\ufdd0"
# Qt escapes what the model wrote: tags are its own.
_TABLE_GOES_ON = re.compile(r"</table>\s*<table\b[^>]*\bmargin-top:-[^>]*>")
_ABOVE_TABLE = re.compile(r"(<table\b[^>]*\bmargin-top:)-\d+")
_RULE = re.compile("^\u00a0$", re.MULTILINE)


class _Piece(NamedTuple):
    """A block of the report: where it begins, its Markdown, and where which code begins.

    `line` is the line of the report's Markdown at which the block begins, from 0.
    """

    start: int
    line: int
    source: str
    codes: tuple[tuple[int, str], ...]


class Sources:
    """Which Markdown stands behind which place of the document."""

    def __init__(self) -> None:
        self._settled: list[_Piece] = []
        self._lines = 0
        self._open: Callable[[], list[_Piece]] = list

    def clear(self) -> None:
        """Forget everything: the document is empty."""
        self._settled.clear()
        self._lines = 0
        self._open = list

    def settle(
        self,
        blocks: Sequence[Block],
        lines: Sequence[Sequence[Line | Table]],
        written: Sequence[tuple[int, Line | Table]],
    ) -> None:
        """Take blocks that are final.

        Args:
            blocks: the blocks.
            lines: the lines of each.
            written: all their lines again, each with its place in the document.
        """
        self._settled += _pieces(blocks, lines, written, self._lines)
        self._lines += sum(block.source.count("\n") for block in blocks)

    def show_open(
        self,
        blocks: Sequence[Block],
        lines: Sequence[Sequence[Line | Table]],
        written: Callable[[], Sequence[tuple[int, Line | Table]]],
    ) -> None:
        """Take the blocks that may still change, in the place of those taken last.

        Args:
            blocks: the blocks.
            lines: the lines of each.
            written: asked only when something is copied, since this is called at each frame.
        """
        at = self._lines
        self._open = lambda: [*_pieces(blocks, lines, written(), at)]

    def markdown(self, start: int, end: int) -> str:
        """The Markdown of all blocks that a range of the document touches."""
        pieces = [*self._settled, *self._open()]
        starts = [piece.start for piece in pieces]
        first = max(bisect_right(starts, start) - 1, 0)
        last = max(bisect_left(starts, end), first + 1)
        return "".join(piece.source for piece in pieces[first:last]).strip("\n") + "\n"

    def place_of(self, line: int) -> int:
        """The position of the block in which a line of the Markdown stands, lines from 0."""
        pieces = [*self._settled, *self._open()]
        index = bisect_right(pieces, line, key=lambda piece: piece.line) - 1
        return pieces[index].start if index >= 0 else 0

    def line_at(self, position: int) -> int:
        """The line of the Markdown, from 0, at which the block of a position begins."""
        pieces = [*self._settled, *self._open()]
        index = bisect_right(pieces, position, key=lambda piece: piece.start) - 1
        return pieces[index].line if index >= 0 else 0

    def code(self, start: int) -> str | None:
        """The code block that begins at this place, verbatim; None if none is known."""
        for pieces in (self._settled, self._open()):
            index = bisect_right(pieces, start, key=lambda piece: piece.start) - 1
            if index >= 0:
                for at, text in pieces[index].codes:
                    if at == start:
                        return text
        return None


def _pieces(
    blocks: Sequence[Block],
    lines: Sequence[Sequence[Line | Table]],
    written: Sequence[tuple[int, Line | Table]],
    line: int,
) -> Iterable[_Piece]:
    at = 0
    for block, own in zip(blocks, lines, strict=True):
        places = written[at : at + len(own)]
        at += len(own)
        first, line = line, line + block.source.count("\n")
        if not places:
            continue
        # Blank lines and definitions before a block belong to it.
        blank = len(block.source) - len(block.source.lstrip("\n"))
        starts = [start for start, line in places if _begins_code(line)]
        texts = [t.content for t in block.tokens if t.type in ("fence", "code_block")]
        codes = tuple(zip(starts, texts, strict=True)) if len(starts) == len(texts) else ()
        yield _Piece(places[0][0], first + blank, block.source, codes)


def _begins_code(line: Line | Table) -> bool:
    return isinstance(line, Line) and line.kind is Kind.CODE and line.first


def selected_text(cursor: QTextCursor) -> str:
    """What is selected as plain text; other than Qt's own, it keeps blanks that must not break."""
    in_table = cursor.hasComplexSelection()
    text = "\n".join(_cells(cursor)) if in_table else _with_whole_tables(cursor)
    return _RULE.sub("", text.translate(_LINE_ENDS))


def _cells(cursor: QTextCursor) -> Iterable[str]:
    """The texts of the cells that are selected in a table, which Qt gives without a gap."""
    table = cursor.currentTable()
    found: Any = cursor.selectedTableCells()
    top, rows, left, columns = found
    for row in range(top, top + rows):
        for column in range(left, left + columns):
            cell = table.cellAt(row, column)
            inside = cell.firstCursorPosition()
            inside.setPosition(cell.lastPosition(), QTextCursor.MoveMode.KeepAnchor)
            yield inside.selectedText()


def _with_whole_tables(cursor: QTextCursor) -> str:
    """What is selected, without the mark at the start of a table that only goes on."""
    text, start = cursor.selectedText(), cursor.selectionStart()
    if _FRAME_START not in text:
        return text
    units = bytearray(text.encode("utf-16-le", "surrogatepass"))
    for frame in reversed(cursor.document().rootFrame().childFrames()):
        at = frame.firstPosition() - 1
        if start <= at < cursor.selectionEnd() and frame.frameFormat().topMargin() < 0:
            del units[2 * (at - start) : 2 * (at - start) + 2]
    return units.decode("utf-16-le", "surrogatepass")


def selection_data(cursor: QTextCursor, colors: Colors) -> QMimeData:
    """What is selected as plain and as rich text, the latter for white paper in both themes."""
    out = QMimeData()
    out.setText(selected_text(cursor))
    out.setHtml(on_paper(whole_tables(cursor.selection().toHtml()), colors))
    return out


def whole_tables(html: str) -> str:
    """HTML in which a table that is shown in parts is one again.

    A part that goes on is the only table that is drawn up to what stands above it.
    """
    return _ABOVE_TABLE.sub(r"\g<1>0", _TABLE_GOES_ON.sub("", html))


def on_paper(html: str, colors: Colors) -> str:
    """HTML with a theme's colours replaced by those of the light one; its text is not touched."""
    if colors == LIGHT:
        return html
    pairs = {getattr(colors, name): getattr(LIGHT, name) for name in Colors.__slots__}
    pattern = re.compile("|".join(map(re.escape, pairs)))
    return _TAG.sub(lambda tag: pattern.sub(lambda found: pairs[found[0]], tag[0]), html)
