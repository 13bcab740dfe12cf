"""Code on a page: numbered lines that wrap, in a box, with the colours of the editor."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFontMetricsF, QPen, QTextCharFormat, QTextLayout

from spectr_desktop.ui import highlighter
from spectr_desktop.ui.hostile_text import longest
from spectr_desktop.ui.markdown_lines import Kind, Run
from spectr_desktop.ui.pdf_fonts import font
from spectr_desktop.ui.pdf_paper import TINY
from spectr_desktop.ui.pdf_strips import RIGHT, Strip, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPainter

    from spectr_desktop.ui.pdf_paper import Paper
    from spectr_desktop.ui.pdf_strips import Paint

_PADDING, _SIDE, _GAP = 55, 60, 70
_SOURCE = {"solidity": "solidity", "sol": "solidity", "vyper": "vyper", "vy": "vyper"}
# Markdown calls Vyper Python, for which there are colours everywhere.
_SOURCE["python"] = "vyper"
# More lines would keep a page half empty.
_KEPT_LINES = 12
_SCALE = 0.97


def code_strips(
    paper: Paper,
    lines: Sequence[str],
    x: float,
    *,
    info: str = "",
    first: int | None = 1,
    behind: Paint | None = None,
) -> list[Strip]:
    """A block of code.

    Args:
        paper: how it looks.
        lines: of the code.
        x: left edge of the box.
        info: its language.
        first: the number of its first line; None to give none.
        behind: is painted first in every strip.
    """
    colours = _Colours(paper, info)
    gutter = _gutter(first, len(lines))
    inner = x + _SIDE + gutter
    width = RIGHT - _SIDE - inner
    advance = QFontMetricsF(paper.font_of(Kind.CODE)).horizontalAdvance("0")
    out: list[Strip] = []
    for number, line in enumerate(lines):
        spans = colours.spans(line)
        start = 0
        # Qt lays a very long line out by the square of its length.
        for piece in _pieces(line, int(width / advance)):
            text = Text(
                paper, [Run(piece)], width, paper.font_of(Kind.CODE), kind=Kind.CODE, anywhere=True
            )
            text.add_formats(_within(spans, start, len(piece), line), width)
            label = str(first + number) if first is not None and not start else ""
            out += _line_strips(paper, text, (x, inner), label, behind)
            start += len(piece)
    return _boxed(out, paper, x, behind)


def _pieces(line: str, letters: int) -> list[str]:
    """A line in pieces that the layout can bear, which end where a line of so many letters does."""
    most = max(1, longest(line) // letters) * letters
    return [line[at : at + most] for at in range(0, len(line) or 1, most)]


def _gutter(first: int | None, count: int) -> float:
    """Room for the numbers."""
    if first is None:
        return 0.0
    return QFontMetricsF(_number_font()).horizontalAdvance(str(first + count - 1)) + 1.6 * _SIDE


def _number_font():  # noqa: ANN202
    return font(TINY, mono=True)


def _line_strips(
    paper: Paper, text: Text, edges: tuple[float, float], label: str, behind: Paint | None
) -> list[Strip]:
    x, inner = edges
    metrics = QFontMetricsF(_number_font())
    out: list[Strip] = []
    for number in range(len(text.lines)):
        height = text.line_height(number) * _SCALE

        def paint(
            painter: QPainter, y: float, gap: float, number: int = number, height: float = height
        ) -> None:
            if behind is not None:
                behind(painter, y, gap)
            _fill(painter, paper, x, y, height)
            if label and not number:
                painter.setFont(_number_font())
                painter.setPen(QPen(QColor(paper.colors.dim)))
                left = inner - _SIDE * 1.3 - metrics.horizontalAdvance(label)
                painter.drawText(QPointF(left, y + height * 0.76), label)
            text.paint(painter, number, inner, y)

        out.append(Strip(height, paint))
    return out


def _fill(painter: QPainter, paper: Paper, x: float, y: float, height: float) -> None:
    painter.fillRect(QRectF(x, y - 1, RIGHT - x, height + 2), QColor(paper.colors.code))
    painter.fillRect(QRectF(x, y - 1, 12, height + 2), QColor(paper.colors.line))


def _boxed(lines: list[Strip], paper: Paper, x: float, behind: Paint | None) -> list[Strip]:
    """The lines between two strips of the box's ground."""

    def edge(painter: QPainter, y: float, gap: float) -> None:
        if behind is not None:
            behind(painter, y, gap)
        _fill(painter, paper, x, y, _PADDING)

    last = len(lines) - 1
    few = last < _KEPT_LINES
    tied = [
        replace(line, keep=few or number in (0, last, last - 1))
        for number, line in enumerate(lines)
    ]
    top = Strip(_PADDING, edge, above=_GAP, keep=True)
    return [top, *tied, Strip(_PADDING, edge)]


def _within(
    spans: Sequence[tuple[int, int, QTextCharFormat]], start: int, length: int, line: str
) -> list[QTextLayout.FormatRange]:
    """The spans of a line that lie in a piece of it, in the layout's UTF-16 units."""
    out: list[QTextLayout.FormatRange] = []
    piece = line[start : start + length]
    units = (
        range(length + 1)
        if piece.isascii()
        else [0, *itertools.accumulate(1 + (sign > "\uffff") for sign in piece)]
    )
    for left, right, look in spans:
        begin, end = max(0, left - start), min(length, right - start)
        if begin < end:
            span = QTextLayout.FormatRange()
            span.start, span.length, span.format = units[begin], units[end] - units[begin], look
            out.append(span)
    return out


class _Colours:
    """The colours of one block, line after line."""

    def __init__(self, paper: Paper, info: str) -> None:
        self._looks = highlighter.formats(paper.colors)
        self._language = _SOURCE.get(info, "")
        self._changed: dict[str, QTextCharFormat] = {}
        if info == "diff":
            for sign, color in (("+", paper.colors.low), ("-", paper.colors.critical)):
                self._changed[sign] = QTextCharFormat()
                self._changed[sign].setForeground(QColor(color))
        self._state = -1

    def spans(self, line: str) -> list[tuple[int, int, QTextCharFormat]]:
        """What is coloured in the next line, by its characters."""
        look = self._changed.get(line[:1])
        if look is not None:
            return [(0, len(line), look)]
        tokens, self._state = highlighter.tokenize(line, self._state, self._language)
        return [(start, end, self._looks[kind]) for start, end, kind in tokens]
