"""What Qt's text formats cannot paint: padded code boxes, quote bars and thin rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QTextBlock, QTextDocument

from spectr_desktop.ui.markdown_formats import steps
from spectr_desktop.ui.markdown_writer import is_code, is_code_start, is_rule, quote_depth

if TYPE_CHECKING:
    from spectr_desktop.ui.theme import Colors

_RADIUS = 6
_NEAR = 255


def paint_boxes(
    painter: QPainter, document: QTextDocument, top: float, bottom: float, colors: Colors
) -> None:
    """Paint behind the blocks between two heights, in the document's coordinates."""
    painter.setPen(Qt.PenStyle.NoPen)
    padding = steps(document.defaultFont()).code
    # The box of a code block reaches above its first line and below its last one.
    first = _first_below(document, top - padding, 0, document.blockCount() - 1)
    block = document.findBlockByNumber(first)
    # In a window there are seldom more blocks than this, and the search is the shorter.
    near = min(first + _NEAR, document.blockCount() - 1)
    last = _first_below(document, bottom + padding, first, near)
    if last == near:
        last = _first_below(document, bottom + padding, near, document.blockCount() - 1)
    end = document.findBlockByNumber(last).position()
    while is_code(block.userState()) and not is_code_start(block.userState()):
        block = block.previous()
    while block.isValid() and block.position() <= end:
        state = block.userState()
        if is_code(state):
            block = _paint_code(painter, block, end, colors)
            continue
        if state > 0:
            _paint_line(painter, block, state, colors)
        block = block.next()


def _first_below(document: QTextDocument, height: float, low: int, high: int) -> int:
    """The number of the first of some blocks that ends below a height; the last, if none does.

    Qt's own search for a position goes through the document from its beginning.
    """
    find, rect_of = document.findBlockByNumber, document.documentLayout().blockBoundingRect
    while low < high:
        middle = (low + high) // 2
        if rect_of(find(middle)).bottom() < height:
            low = middle + 1
        else:
            high = middle
    return low


def _rect(block: QTextBlock) -> QRectF:
    return block.document().documentLayout().blockBoundingRect(block)


def _paint_code(painter: QPainter, first: QTextBlock, end: int, colors: Colors) -> QTextBlock:
    """Paint the box of a code block, or as much as is seen; return the block behind it."""
    last, following = first, first.next()
    while following.isValid() and _continues(following.userState()):
        last, following = following, following.next()
        if last.position() > end:
            break
    document = first.document()
    margin = document.documentMargin()
    room = steps(document.defaultFont())
    top = _rect(first).top() - room.code + 2
    left = margin + first.blockFormat().leftMargin() - room.code_side
    width = document.textWidth() - margin - left
    painter.setBrush(QColor(colors.code))
    height = _rect(last).bottom() + room.code - top
    _fill_rounded(painter, QRectF(left, top, width, height).toRect())
    _paint_quote_bars(painter, first, QRectF(0, top, 0, height), colors)
    return following


def _fill_rounded(painter: QPainter, rect: QRect) -> None:
    """Fill a box with round corners; smooth edges are only paid for where the corners are."""
    cap = min(2 * _RADIUS, rect.height())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for top in (rect.top(), rect.bottom() + 1 - cap):
        painter.drawRoundedRect(rect.left(), top, rect.width(), cap, _RADIUS, _RADIUS)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
    painter.fillRect(rect.adjusted(0, cap // 2, 0, -(cap // 2)), painter.brush())


def _continues(state: int) -> bool:
    return is_code(state) and not is_code_start(state)


def _paint_line(painter: QPainter, block: QTextBlock, state: int, colors: Colors) -> None:
    document = block.document()
    rect = _rect(block)
    if is_rule(state):
        margin = document.documentMargin() + block.blockFormat().leftMargin()
        width = document.textWidth() - document.documentMargin() - margin
        painter.setBrush(QColor(colors.line))
        painter.drawRect(QRectF(margin, round(rect.center().y()), width, 1))
    _paint_quote_bars(painter, block, rect, colors)


def _paint_quote_bars(painter: QPainter, block: QTextBlock, rect: QRectF, colors: Colors) -> None:
    margin = block.document().documentMargin()
    step = steps(block.document().defaultFont()).quote
    before = block.previous()
    above = quote_depth(before.userState()) if before.isValid() else 0
    painter.setBrush(QColor(colors.line))
    for depth in range(quote_depth(block.userState())):
        # One bar from paragraph to paragraph of a quote.
        top = _rect(before).bottom() if depth < above else rect.top()
        left = margin + depth * step
        painter.drawRect(QRectF(left, top, 3, rect.bottom() - top))
