"""Where in a document a height is, and the way back: what a reader sees at the upper edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QTextBlock, QTextDocument


def block_at(document: QTextDocument, height: float) -> QTextBlock:
    """The first block that ends below a height; the last one if none does.

    Qt's own search takes a cell of the wrong row when the height is inside a table.
    """
    low, high = 0, document.blockCount() - 1
    while low < high:
        middle = (low + high) // 2
        if block_rect(document.findBlockByNumber(middle)).bottom() < height:
            low = middle + 1
        else:
            high = middle
    return document.findBlockByNumber(low)


def line_at(document: QTextDocument, height: float) -> int:
    """The position at which the line begins that is at a height."""
    block = block_at(document, height)
    layout, top = block.layout(), block_rect(block).top()
    for number in range(layout.lineCount()):
        line = layout.lineAt(number)
        if top + line.y() + line.height() > height:
            return block.position() + line.textStart()
    return block.position()


def top_of(document: QTextDocument, position: int) -> float:
    """The height at which the line of a position begins."""
    block = document.findBlock(min(position, document.characterCount() - 1))
    line = block.layout().lineForTextPosition(position - block.position())
    return block_rect(block).top() + (line.y() if line.isValid() else 0)


def block_rect(block: QTextBlock) -> QRectF:
    """The place of a block in its document."""
    return block.document().documentLayout().blockBoundingRect(block)
