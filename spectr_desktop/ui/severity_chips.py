"""A severity in a heading as a chip: its colour, its word, and round it a box with its shape.

The text of the document stays what the model wrote: brackets give the chip its room, unseen.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPen,
    QTextBlock,
    QTextBlockFormat,
    QTextFormat,
    QTextLine,
    QTextOption,
)

from spectr_desktop.records.grades import Severity
from spectr_desktop.ui import severities
from spectr_desktop.ui.markdown_lines import HEADINGS, SEVERITIES, Line, Style
from spectr_desktop.ui.reading_place import block_at, block_rect

if TYPE_CHECKING:
    from PySide6.QtGui import QTextCharFormat, QTextDocument

    from spectr_desktop.ui.theme import Colors

_WORD_SCALE = 0.8  # of the text round it
_ROOM_BEFORE, _ROOM_AFTER = 1.15, 0.1
# A shape in shares of the line's ascent; in shares of the shape, what is left of a word, with the
# shape and a gap on both sides of it, and the first gap.
_SHAPE = 0.55
_BEFORE_WORD, _BEFORE_SHAPE = 2.1, 0.6
_PAINTED = QTextFormat.Property.UserProperty.value + 1
_ROOM = QTextFormat.Property.UserProperty.value + 2
_FAINT = 1 << 8
_SEVERITIES = list(Severity)


class Chip(NamedTuple):
    """A severity's word in a block: characters from start to end, with what stands round it."""

    severity: Severity
    start: int
    end: int
    word_start: int
    word_end: int


def style_severity(out: QTextCharFormat, style: int, colors: Colors, pixels: float) -> None:
    """Give a character format the look of a severity's word, or of the brackets round it.

    Args:
        out: the format of the heading that it stands in.
        style: has the bit of a severity.
        colors: of the theme.
        pixels: the size of the heading's text.
    """
    severity = next(s for s in _SEVERITIES if style & Style[s.name])
    before, after = bool(style & Style.BEFORE_MARK), bool(style & Style.AFTER_MARK)
    faint = before or after
    points = out.fontPointSize()
    if points > 0:
        out.setFontPointSize(points * _WORD_SCALE)
    out.setFontWeight(QFont.Weight.Bold)
    out.setForeground(QColor(severities.color(severity, colors)))
    out.setProperty(_PAINTED, _SEVERITIES.index(severity) | (_FAINT if faint else 0))
    if faint:
        out.setForeground(QColor(0, 0, 0, 0))
        # So wide that the shape, or the edge of the box, has its place.
        out.setFontLetterSpacingType(QFont.SpacingType.AbsoluteSpacing)
        out.setFontLetterSpacing(pixels * (_ROOM_BEFORE if before else _ROOM_AFTER))
    else:
        out.setFontCapitalization(QFont.Capitalization.AllUppercase)


def room_before(line: Line, font: QFont) -> int:
    """The room, in pixels, that a line needs left of its first word for the edge of a chip.

    Args:
        line: has none of its own if its first word is a severity without a bracket before it.
        font: of the line.
    """
    if line.kind not in HEADINGS or len(line.runs) <= line.hang:
        return 0
    style = line.runs[line.hang].style
    if not style & SEVERITIES or style & Style.BEFORE_MARK:
        return 0
    return math.ceil(QFontMetricsF(font).ascent() * _SHAPE * _BEFORE_WORD)


def give_room(out: QTextBlockFormat, room: int) -> None:
    """Have the first line of a block, or what is behind its list marker, begin further right."""
    tabs: list[Any] = out.tabPositions()
    if tabs:
        kind = QTextOption.TabType.LeftTab
        out.setTabPositions([QTextOption.Tab(tab.position + room, kind) for tab in tabs])
    else:
        out.setTextIndent(out.textIndent() + room)
    out.setProperty(_ROOM, room)


def chips(block: QTextBlock) -> list[Chip]:
    """The chips of a block, from its formats."""
    out: list[Chip] = []
    for span in block.textFormats():
        value = span.format.property(_PAINTED)
        if value is None:
            continue
        start, end = span.start, span.start + span.length
        severity, faint = _SEVERITIES[value & ~_FAINT], bool(value & _FAINT)
        if not out or out[-1].end != start:
            out.append(Chip(severity, start, end, end, end))
        chip = out[-1]._replace(end=end)
        if not faint:
            chip = chip._replace(word_start=min(chip.word_start, start), word_end=end)
        out[-1] = chip
    return out


def paint_chips(
    painter: QPainter, document: QTextDocument, top: float, bottom: float, colors: Colors
) -> None:
    """Paint behind the headings between two heights, in the document's coordinates."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    block = block_at(document, top)
    while block.isValid() and block_rect(block).top() <= bottom:
        if block.blockFormat().headingLevel():
            for chip in chips(block):
                _paint(painter, block, chip, colors)
        block = block.next()


def _paint(painter: QPainter, block: QTextBlock, chip: Chip, colors: Colors) -> None:
    line = block.layout().lineForTextPosition(chip.word_start)
    if not line.isValid():
        return
    origin = block_rect(block).topLeft()
    word_left, word_right = _x(line, chip.word_start), _x(line, chip.word_end)
    cap = line.ascent() * 0.5
    middle = origin.y() + line.y() + line.ascent() - cap * 0.66
    size = line.ascent() * _SHAPE
    left = word_left - size * _BEFORE_WORD
    if chip.start == line.textStart():
        left = _x(line, chip.start) - block.blockFormat().intProperty(_ROOM)
    right = max(_x(line, chip.end), word_right + size * 0.6)
    room = word_left - left - size
    shape_left = origin.x() + left + room * _BEFORE_SHAPE / (_BEFORE_WORD - 1)
    box = QRectF(origin.x() + left, middle - cap * 1.3, 0, cap * 2.6)
    box.setRight(origin.x() + right)
    color = QColor(severities.color(chip.severity, colors))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(color, 1))
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    shape = QRectF(shape_left, middle - size / 2, size, size)
    severities.paint_shape(painter, chip.severity, shape)


def _x(line: QTextLine, position: int) -> float:
    found: Any = line.cursorToX(position)
    return float(found[0] if isinstance(found, tuple) else found)
