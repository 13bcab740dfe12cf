"""What a page is made of: strips from margin to margin, none of which is ever divided.

Lengths are tenths of a point, from the left and upper edge of the page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPen, QTextLayout, QTextLine, QTextOption

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from PySide6.QtGui import QFont, QPainter

    from spectr_desktop.ui.markdown_lines import Run
    from spectr_desktop.ui.pdf_paper import Paper

    # Paints at this height; the second figure is the room that is left above.
    Paint: TypeAlias = Callable[[QPainter, float, float], None]

PAGE_WIDTH, PAGE_HEIGHT = 5950, 8420
LEFT, RIGHT = 620, PAGE_WIDTH - 620
WIDTH = RIGHT - LEFT

_CHIP_RADIUS = 22


class Link(NamedTuple):
    """A place that can be clicked.

    Attributes:
        box: on its strip, seen from the strip's upper edge.
        target: an address on the web, or "#" and the label of a finding, or "#" and the number of
            a heading.
    """

    box: QRectF
    target: str


@dataclass(frozen=True, slots=True)
class Strip:
    """A line of text or of a table, from margin to margin.

    Attributes:
        height: without the room above.
        paint: paints it.
        above: room above it, unless a page begins with it.
        keep: the next one is on the same page.
        heads: are painted once more where a page begins with it.
        heading: the number of the heading that begins here, -1 for none.
        links: what can be clicked.
        needs: room that there must be on a page that is begun, or it begins the next one.
    """

    height: float
    paint: Paint
    above: float = 0
    keep: bool = False
    heads: tuple[Strip, ...] = ()
    heading: int = -1
    links: tuple[Link, ...] = ()
    needs: float = 0


class Text:
    """Styled text in lines of a width.

    Attributes:
        lines: where to break it.
        height: of each line.
    """

    def __init__(
        self,
        paper: Paper,
        runs: Sequence[Run],
        width: float,
        font: QFont,
        *,
        kind: int = 0,
        align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
        anywhere: bool = False,
        hang: float = 0,
        small: bool = False,
    ) -> None:
        """Lay it out.

        Args:
            paper: how runs look.
            runs: the text.
            width: of its lines.
            font: of what has no other.
            kind: of the line that it is, as in `markdown_lines`.
            align: its lines.
            anywhere: it may be broken between any two characters: code.
            hang: all lines but the first begin so much further right.
            small: it is part of a table.
        """
        self._runs = runs
        self._paper = paper
        self._layout = QTextLayout("".join(run.text for run in runs), font)
        option = QTextOption(align)
        wrap = QTextOption.WrapMode
        option.setWrapMode(wrap.WrapAnywhere if anywhere else wrap.WrapAtWordBoundaryOrAnywhere)
        option.setTabStopDistance(hang or paper.tab)
        self._layout.setTextOption(option)
        self._layout.setCacheEnabled(True)
        self._chips: list[tuple[int, int, QColor]] = []
        self._hrefs: list[tuple[int, int, str]] = []
        self._layout.setFormats(self._ranges(kind, small=small))
        self.lines: list[QTextLine] = []
        self._break(width, hang)

    @property
    def height(self) -> float:
        """Of all lines."""
        return sum(line.height() * self._paper.leading for line in self.lines)

    @property
    def widest(self) -> float:
        """How wide its widest line is."""
        return max((line.naturalTextWidth() for line in self.lines), default=0.0)

    def line_height(self, number: int) -> float:
        """Of one line, with its leading."""
        return self.lines[number].height() * self._paper.leading

    def paint(self, painter: QPainter, number: int, x: float, y: float) -> None:
        """Paint one line with its left upper corner here."""
        line = self.lines[number]
        top = y + line.height() * (self._paper.leading - 1) / 2
        for start, end, color in self._chips:
            for box in self._boxes(line, start, end):
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(color)
                chip = box.translated(x, top).adjusted(0, 8, 0, -4)
                painter.drawRoundedRect(chip, _CHIP_RADIUS, _CHIP_RADIUS)
        painter.setPen(QPen(QColor(self._paper.colors.text)))
        line.draw(painter, QPointF(x, top - line.y()))

    def links(self, number: int, x: float) -> list[Link]:
        """What can be clicked in one line whose left edge is here."""
        line = self.lines[number]
        return [
            Link(box.translated(x, 0), href)
            for start, end, href in self._hrefs
            for box in self._boxes(line, start, end)
        ]

    def _boxes(self, line: QTextLine, start: int, end: int) -> list[QRectF]:
        """Where characters from `start` to `end` stand in a line, if any do."""
        first = max(start, line.textStart())
        last = min(end, line.textStart() + line.textLength())
        if first >= last:
            return []
        left, right = _x(line, first), _x(line, last)
        return [QRectF(min(left, right), 0, abs(right - left), line.height())]

    def _ranges(self, kind: int, *, small: bool) -> list[QTextLayout.FormatRange]:
        out: list[QTextLayout.FormatRange] = []
        at = 0
        for run in self._runs:
            length = _units(run.text)
            span = QTextLayout.FormatRange()
            span.start, span.length = at, length
            span.format = self._paper.char(kind, run.style, bool(run.href), small)
            out.append(span)
            color = self._paper.chip(run.style)
            if color is not None:
                self._chips.append((at, at + length, color))
            if run.href:
                self._hrefs.append((at, at + length, run.href))
            at += length
        return out

    def add_formats(self, spans: list[QTextLayout.FormatRange], width: float) -> None:
        """Colour it by further formats, over those that its runs have."""
        if spans:
            self._layout.setFormats([*self._layout.formats(), *spans])
            self.lines = []
            self._break(width, 0)

    def _break(self, width: float, hang: float) -> None:
        self._layout.beginLayout()
        while (line := self._layout.createLine()).isValid():
            indent = hang if self.lines else 0.0
            line.setLineWidth(max(1.0, width - indent))
            line.setPosition(QPointF(indent, 0))
            self.lines.append(line)
        self._layout.endLayout()


def text_strips(
    text: Text, x: float, *, above: float = 0, keep: bool = False, behind: Paint | None = None
) -> list[Strip]:
    """A strip a line. The first two stay together, and so do the last two.

    Args:
        text: laid out.
        x: its left edge.
        above: room above the first line.
        keep: the last line stays with what follows.
        behind: is painted first in every strip.
    """
    last = len(text.lines) - 1
    out: list[Strip] = []
    for number in range(last + 1):

        def paint(painter: QPainter, y: float, gap: float, number: int = number) -> None:
            if behind is not None:
                behind(painter, y, gap)
            text.paint(painter, number, x, y)

        tied = number == 0 < last or number == last - 1
        out.append(
            Strip(
                text.line_height(number),
                paint,
                above=above if number == 0 else 0,
                keep=keep if number == last else tied,
                links=tuple(text.links(number, x)),
            )
        )
    return out


def kept_together(strips: Sequence[Strip]) -> list[Strip]:
    """Strips that stay on one page if they can; the last one is free."""
    return [replace(one, keep=True) for one in strips[:-1]] + list(strips[-1:])


def room(height: float) -> Strip:
    """Nothing, of this height."""
    return Strip(height, lambda _painter, _y, _gap: None)


def _x(line: QTextLine, position: int) -> float:
    # The binding gives the position too, and says otherwise.
    found: Any = line.cursorToX(position)
    return float(found[0] if isinstance(found, tuple) else found)


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
