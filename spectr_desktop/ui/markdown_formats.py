"""The look of a report: block, character and table formats from the theme's colours and a font."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontInfo,
    QFontMetricsF,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextLength,
    QTextOption,
    QTextTableCellFormat,
    QTextTableFormat,
)

from spectr_desktop.ui.markdown_lines import HEADINGS, SEVERITIES, Kind, Line, Run, Style, Table
from spectr_desktop.ui.severity_chips import give_room, room_before, style_severity
from spectr_desktop.ui.theme import Colors, code_font

if TYPE_CHECKING:
    from spectr_desktop.ui.markdown_tables import Widths

BODY_SCALE = 14 / 13

MEASURE = 80
"""Letters of a line that is easy to read."""

# In shares of the text size; a list's markers have room for two digits.
_LIST_STEP, _QUOTE_STEP = 1.75, 1.2
_CODE_PADDING, _CODE_INSET, _BELOW_CODE = 0.7, 0.85, 0.3
_GRID = 1
_BELOW_TABLE = 120
_LINE_HEIGHT = 128
_CODE_LINE_HEIGHT = 124
_CODE_SCALE = 0.91
_HEADING_SCALES = {1: 1.5, 2: 1.2, 3: 1.1, 4: 1.0, 5: 1.0, 6: 1.0}
_HEADING_GAPS = {1: 110, 2: 120, 3: 105, 4: 90, 5: 80, 6: 80}


class Steps(NamedTuple):
    """Distances, in pixels, that grow with the text.

    Attributes:
        bullet: from a list's marker to its text, and from list to list.
        quote: from quote bar to quote bar, or to the text.
        code: from the edge of a code box to its first and last line.
        code_side: from the edge of a code box to the left and right of its lines.
        below_code: more room below a code box.
    """

    bullet: int
    quote: int
    code: int
    code_side: int
    below_code: int


def steps(font: QFont) -> Steps:
    """The distances for a report's font."""
    return _steps(QFontInfo(font).pixelSize())


@cache
def _steps(pixels: int) -> Steps:
    shares = (_LIST_STEP, _QUOTE_STEP, _CODE_PADDING, _CODE_INSET, _BELOW_CODE)
    return Steps(*(round(share * pixels) for share in shares))


class Formats:
    """Formats for one theme and one font; made again when either changes."""

    def __init__(self, colors: Colors, font: QFont, code: QFont | None = None) -> None:
        self.colors = colors
        self.font = font
        self._points = QFontInfo(font).pointSizeF()
        self._pixels = QFontInfo(font).pixelSize()
        self._steps = steps(font)
        self._code_families = (code or code_font()).families()
        self.block = cache(self._block)
        self.char = cache(self._char)
        self.link = cache(self._link)
        self.cell_block = cache(self._cell_block)
        self._filled = cache(self._cell)
        self._metrics = cache(self._metrics_of)
        self.measure = MEASURE * QFontMetricsF(font).averageCharWidth()
        self.body = QTextCharFormat()
        self.body.setForeground(QColor(colors.text))

    def block_of(self, line: Line, before: Line | Table | None) -> QTextBlockFormat:
        """The format of a line's block, from the line and what stands above it."""
        gap = self._gap(line, before)
        out = self.block(line.kind, line.indent, line.quote, line.hang, gap)
        if line.kind in HEADINGS:
            font = self.char(line.kind, Style.PLAIN).font().resolve(self.font)
            room = room_before(line, font)
            if room:
                out = QTextBlockFormat(out)
                give_room(out, room)
        return out

    def char_of(self, kind: Kind, run: Run) -> QTextCharFormat:
        """The format of a run in a line of this kind."""
        return self.link(kind, run.style, run.href) if run.href else self.char(kind, run.style)

    def table(self, table: Table, widths: Widths, *, first: bool) -> QTextTableFormat:
        """The format of a table's first part or of one that goes on without a gap.

        The grid is the background seen between the cells: painting borders takes five times as
        long, and two of them meet where a table goes on.
        """
        out = QTextTableFormat()
        out.setBorderCollapse(False)
        out.setBorder(0)
        out.setCellSpacing(_GRID)
        out.setBackground(QColor(self.colors.line))
        out.setCellPadding(6)
        out.setHeaderRowCount(1 if first else 0)
        # Qt gives the block behind a table no margin of its own.
        below = round(self._pixels * _BELOW_TABLE / 100)
        out.setTopMargin(round(self._pixels * 0.8) if first else -_GRID - below)
        out.setBottomMargin(below)
        out.setLeftMargin(self._left(table.indent, table.quote))
        kind = QTextLength.Type
        unit = kind.PercentageLength if widths.percent else kind.FixedLength
        out.setColumnWidthConstraints([QTextLength(unit, width) for width in widths.columns])
        if widths.percent:
            out.setWidth(QTextLength(kind.PercentageLength, 100))
        return out

    def advance(self, text: str, style: int) -> float:
        """The width of text in a cell, in pixels."""
        return self._metrics(style).horizontalAdvance(text)

    @staticmethod
    def reset_block(cursor: QTextCursor) -> None:
        """Give the block behind a table no format."""
        cursor.setBlockFormat(QTextBlockFormat())
        cursor.setBlockCharFormat(QTextCharFormat())
        cursor.setCharFormat(QTextCharFormat())
        cursor.block().setUserState(-1)

    def cell(self, row: int) -> QTextTableCellFormat:
        """The format of a row's cells: the header, then every second row, is filled."""
        if row == 0:
            return self._filled(self.colors.code, Style.BOLD)
        fill = self.colors.background if row % 2 == 0 else self.colors.panel
        return self._filled(fill, Style.PLAIN)

    def _cell(self, fill: str, style: int) -> QTextTableCellFormat:
        out = QTextTableCellFormat()
        # The format of a cell is that of its first, empty place, too.
        out.merge(self.char(Kind.TEXT, style))
        out.setBackground(QColor(fill))
        return out

    def _cell_block(self, align: str) -> QTextBlockFormat:
        """The format of a cell's text; `align` is "", "left", "center" or "right"."""
        out = QTextBlockFormat()
        flag = Qt.AlignmentFlag
        flags = {"center": flag.AlignHCenter, "right": flag.AlignRight}
        out.setAlignment(flags.get(align, flag.AlignLeft))
        return out

    def _link(self, kind: Kind, style: int, href: str) -> QTextCharFormat:
        out = QTextCharFormat(self.char(kind, style))
        out.setAnchor(True)
        out.setAnchorHref(href)
        out.setForeground(QColor(self.colors.accent))
        out.setFontUnderline(True)
        return out

    def _metrics_of(self, style: int) -> QFontMetricsF:
        font = self.char(Kind.TEXT, style).font().resolve(self.font)
        return QFontMetricsF(font)

    def _gap(self, line: Line, before: Line | Table | None) -> int:
        padding = self._steps.code
        if before is None:
            return padding if line.kind is Kind.CODE else 0
        percent = line.gap
        if line.kind in _HEADING_GAPS:
            percent = _HEADING_GAPS[line.kind]
        gap = round(self._pixels * percent / 100)
        code_before = isinstance(before, Line) and before.kind is Kind.CODE
        if line.kind is Kind.CODE and line.first:
            return gap + padding * (2 if code_before else 1)
        if code_before and line.kind is not Kind.CODE:
            return gap + padding + self._steps.below_code
        return gap

    def _left(self, indent: int, quote: int) -> int:
        return indent * self._steps.bullet + quote * self._steps.quote

    def _block(self, kind: Kind, indent: int, quote: int, hang: bool, gap: int) -> QTextBlockFormat:
        out = QTextBlockFormat()
        left = self._left(indent, quote)
        code = kind is Kind.CODE
        if code:
            left += self._steps.code_side
            out.setRightMargin(self._steps.code_side)
        out.setLeftMargin(left)
        out.setTopMargin(gap)
        if hang:
            step, left_tab = self._steps.bullet, QTextOption.TabType.LeftTab
            out.setTextIndent(-step)
            out.setTabPositions([QTextOption.Tab(step * n, left_tab) for n in (1, 2, 3)])
        if Kind.HEADING_1 <= kind <= Kind.HEADING_6:
            out.setHeadingLevel(int(kind))
        if kind is not Kind.RULE:
            height = _CODE_LINE_HEIGHT if code else _LINE_HEIGHT
            out.setLineHeight(height, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        return out

    def _char(self, kind: Kind, style: int) -> QTextCharFormat:
        out = QTextCharFormat(self.body)
        scale = 1.0
        if Kind.HEADING_1 <= kind <= Kind.HEADING_6:
            scale = _HEADING_SCALES[int(kind)]
            out.setFontWeight(QFont.Weight.Bold)
        code = kind is Kind.CODE or style & Style.CODE
        if code:
            scale *= _CODE_SCALE
            out.setFontFamilies(self._code_families)
            out.setFontFixedPitch(True)
        if style & Style.CODE:
            out.setBackground(QColor(self.colors.code))
        if scale != 1.0:
            out.setProperty(QTextFormat.Property.FontPointSize.value, self._points * scale)
        if style & Style.BOLD:
            out.setFontWeight(QFont.Weight.Bold)
        if style & Style.ITALIC:
            out.setFontItalic(True)
        if style & Style.STRIKE:
            out.setFontStrikeOut(True)
        if style & Style.DIM or kind is Kind.NOTE:
            out.setForeground(QColor(self.colors.dim))
        if style & SEVERITIES:
            style_severity(out, style, self.colors, self._pixels * scale)
        return out
