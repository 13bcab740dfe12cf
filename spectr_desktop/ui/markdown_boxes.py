"""What Qt's text formats cannot paint: padded code boxes, quote bars and thin rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QTextBlock

from spectr_desktop.ui.markdown_formats import CODE_PADDING, QUOTE_STEP
from spectr_desktop.ui.markdown_writer import is_code, is_code_start, is_rule, quote_depth

if TYPE_CHECKING:
    from spectr_desktop.ui.theme import Colors


def paint_boxes(painter: QPainter, first: QTextBlock, bottom: float, colors: Colors) -> None:
    """Paint behind the blocks from `first` down to `bottom`, in the document's coordinates."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    block = first
    while is_code(block.userState()) and not is_code_start(block.userState()):
        block = block.previous()
    while block.isValid():
        state = block.userState()
        if state <= 0:
            block = block.next()
            continue
        if _rect(block).top() > bottom:
            return
        if is_code(state):
            block = _paint_code(painter, block, bottom, colors)
            continue
        _paint_line(painter, block, state, colors)
        block = block.next()


def _rect(block: QTextBlock) -> QRectF:
    return block.document().documentLayout().blockBoundingRect(block)


def _paint_code(painter: QPainter, first: QTextBlock, bottom: float, colors: Colors) -> QTextBlock:
    """Paint the box of a code block, or as much as is seen; return the block behind it."""
    last, following = first, first.next()
    while following.isValid() and _continues(following.userState()):
        last, following = following, following.next()
        if _rect(last).top() > bottom:
            break
    document = first.document()
    margin = document.documentMargin()
    block_format = first.blockFormat()
    top = _rect(first).top() - CODE_PADDING + 2
    left = margin + block_format.leftMargin() - CODE_PADDING - 2
    width = document.textWidth() - margin - left
    painter.setBrush(QColor(colors.code))
    height = _rect(last).bottom() + CODE_PADDING - top
    painter.drawRoundedRect(QRectF(left, top, width, height), 6, 6)
    _paint_quote_bars(painter, first, QRectF(0, top, 0, height), colors)
    return following


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
    above = quote_depth(block.previous().userState())
    gap = block.blockFormat().topMargin()
    painter.setBrush(QColor(colors.line))
    for depth in range(quote_depth(block.userState())):
        # One bar from paragraph to paragraph of a quote.
        top = rect.top() - (gap if depth < above else 0)
        left = margin + depth * QUOTE_STEP
        painter.drawRect(QRectF(left, top, 3, rect.bottom() - top))
