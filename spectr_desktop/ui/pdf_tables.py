"""Tables on a page: as wide as the page at most, and their heads once more on every page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF

from spectr_desktop.ui.markdown_lines import Style
from spectr_desktop.ui.pdf_fonts import font
from spectr_desktop.ui.pdf_paper import SMALL, TINY
from spectr_desktop.ui.pdf_strips import RIGHT, Strip, Text, kept_together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QFont, QPainter

    from spectr_desktop.ui.markdown_lines import Runs, Table
    from spectr_desktop.ui.pdf_paper import Paper
    from spectr_desktop.ui.pdf_strips import Paint

_SIDE, _ABOVE, _PADDING = 50, 80, 28
_RULE = 5
# A row of more lines may be divided; a table of so many columns has smaller letters.
_KEPT_LINES, _MANY_COLUMNS = 14, 7
_KEPT_TABLE = 12  # lines: of more, a page would be left half empty
_MEASURED_ROWS = 200
_ALIGNED = {"center": Qt.AlignmentFlag.AlignHCenter, "right": Qt.AlignmentFlag.AlignRight}
_WIDEST_CELL, _WIDEST_WORD, _NEARLY = 0.6, 0.4, 0.5


def table_strips(
    paper: Paper, table: Table, x: float, *, behind: Paint | None = None, plain: bool = False
) -> list[Strip]:
    """A table.

    Args:
        paper: how it looks.
        table: its cells.
        x: its left edge.
        behind: is painted first in every strip.
        plain: it is a list of facts: without a head, its first column dim.
    """
    rows = table.rows[1:] if plain else table.rows
    if not rows:
        return []
    size = TINY if len(table.aligns) > _MANY_COLUMNS else SMALL
    side = _SIDE if len(table.aligns) <= _MANY_COLUMNS else _SIDE * 0.6
    widths = _widths(rows, RIGHT - x, font(size), side)
    made: list[list[Strip]] = []
    for number, row in enumerate(rows):
        head = number == 0 and not plain
        cells = [
            Text(
                paper,
                _styled(runs, head=head, dim=plain and column == 0),
                widths[column] - 2 * side,
                font(size, bold=head),
                align=_ALIGNED.get(table.aligns[column], Qt.AlignmentFlag.AlignLeft),
                small=True,
            )
            for column, runs in enumerate(row)
        ]
        fill = QColor(paper.colors.code) if head else None
        made.append(_row(paper, cells, [x, *widths], side, fill, behind))
    return _whole(made, plain=plain)


def _whole(rows: list[list[Strip]], *, plain: bool) -> list[Strip]:
    """All rows; each knows the head that stands above it."""
    if plain:
        return [strip for row in rows for strip in row]
    head, *others = rows
    heads = tuple(replace(strip, above=0) for strip in head)
    out = [replace(strip, keep=bool(others)) for strip in head]
    out[0] = replace(out[0], above=_ABOVE)
    out += [replace(strip, heads=heads) for row in others for strip in row]
    return kept_together(out) if len(out) <= _KEPT_TABLE else out


def _styled(runs: Runs, *, head: bool, dim: bool) -> Runs:
    added = (Style.BOLD if head else 0) | (Style.DIM if dim else 0)
    return tuple(run._replace(style=run.style | added) for run in runs) if added else runs


def _row(
    paper: Paper,
    cells: Sequence[Text],
    edges: Sequence[float],
    side: float,
    fill: QColor | None,
    behind: Paint | None,
) -> list[Strip]:
    """A strip for the first lines of all cells, one for the second ones, and so on."""
    count = max(1, *(len(cell.lines) for cell in cells))
    lefts = [sum(edges[: column + 1]) + side for column in range(len(cells))]
    right = sum(edges)
    out: list[Strip] = []
    for number in range(count):
        there = [(c, left) for c, left in zip(cells, lefts, strict=True) if number < len(c.lines)]
        height = max((cell.line_height(number) for cell, _ in there), default=0.0)
        top = _PADDING if number == 0 else 0
        bottom = _PADDING if number == count - 1 else 0
        box = (edges[0], right, height + top + bottom)

        def paint(
            painter: QPainter,
            y: float,
            gap: float,
            *,
            number: int = number,
            there: list[tuple[Text, float]] = there,
            top: float = top,
            box: tuple[float, float, float] = box,
        ) -> None:
            if behind is not None:
                behind(painter, y, gap)
            x, end, whole = box
            if fill is not None:
                painter.fillRect(QRectF(x, y, end - x, whole + 1), fill)
            for cell, left in there:
                cell.paint(painter, number, left, y + top)
            if number == count - 1:
                line = QRectF(x, y + whole - _RULE, end - x, _RULE)
                painter.fillRect(line, QColor(paper.colors.line))

        links = [
            link._replace(box=link.box.translated(0, top))
            for cell, left in there
            for link in cell.links(number, left)
        ]
        keep = number < count - 1 and (count <= _KEPT_LINES or number in (0, count - 2))
        out.append(Strip(box[2], paint, keep=keep, links=tuple(links)))
    return out


def _widths(rows: Sequence[Sequence[Runs]], room: float, face: QFont, side: float) -> list[float]:
    """Widths of the columns, together as wide as the page or less; no word is broken in vain."""
    metrics = {bold: QFontMetricsF(font(face.pixelSize(), bold=bold)) for bold in (False, True)}
    mono = QFontMetricsF(font(face.pixelSize(), mono=True))
    floors = [0.0] * len(rows[0])
    wanted = [0.0] * len(rows[0])
    for number, row in enumerate(rows[:_MEASURED_ROWS]):
        for column, runs in enumerate(row):
            word = whole = 0.0
            for run in runs:
                bold = number == 0 or bool(run.style & ~Style.CODE)
                measure = mono if run.style & Style.CODE else metrics[bold]
                text = run.text[:200]
                longest = max(text.split(" "), key=len)
                word = max(word, measure.horizontalAdvance(longest))
                whole += measure.horizontalAdvance(text)
            extra = 2 * side + 4
            floors[column] = max(floors[column], min(word, room * _WIDEST_WORD) + extra)
            wanted[column] = max(
                wanted[column], word + extra, min(whole, room * _WIDEST_CELL) + extra
            )
    if sum(wanted) <= room:
        # A table that is nearly as wide as the page is as wide; a small one stays small.
        spare = room - sum(wanted) if sum(wanted) > room * _NEARLY else 0.0
        return [width + spare * width / sum(wanted) for width in wanted]
    needed = sum(floors)
    if needed >= room:
        # Narrow columns stay whole as long as they can; the wide ones give.
        return _squeezed(floors, room)
    spare = (room - needed) / (sum(wanted) - needed)
    return [f + (w - f) * spare for f, w in zip(floors, wanted, strict=True)]


def _squeezed(floors: list[float], room: float) -> list[float]:
    """Widths under a common limit, so that together they are as wide as the page."""
    left, rest = room, len(floors)
    out = [0.0] * len(floors)
    for column in sorted(range(len(floors)), key=floors.__getitem__):
        out[column] = min(floors[column], left / rest)
        left -= out[column]
        rest -= 1
    return out
