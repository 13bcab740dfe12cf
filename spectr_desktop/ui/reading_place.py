"""Where in a document a height is, and the way back: what a reader sees at the upper edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QTextBlock, QTextDocument
    from PySide6.QtWidgets import QTextEdit


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


@dataclass(frozen=True, slots=True)
class Place:
    """What a reader sees and has selected while the document is written anew.

    Attributes:
        position: where the line begins that is at the upper edge.
        above: how many pixels of it are hidden above the edge.
        at_end: he follows the end.
        left_behind: text has come below what he sees.
        anchor: where his selection begins.
        caret: where it ends.
    """

    position: int = 0
    above: float = 0
    at_end: bool = False
    left_behind: bool = False
    anchor: int = 0
    caret: int = 0

    @classmethod
    def of(cls, view: QTextEdit, *, at_end: bool, left_behind: bool) -> Place:
        """The place of a view's reader."""
        document, cursor = view.document(), view.textCursor()
        top = view.verticalScrollBar().value()
        position = line_at(document, top) if top else 0
        above = top - top_of(document, position) if top else 0
        return cls(position, above, at_end, left_behind, cursor.anchor(), cursor.position())

    def is_written(self, view: QTextEdit) -> bool:
        """Whether so much of the document is there that its place fills the view."""
        document = view.document()
        if self.at_end or document.characterCount() <= self.position + 1:
            return False
        below = document.size().height() - top_of(document, self.position)
        return below > 2 * view.viewport().height()

    def show(self, view: QTextEdit) -> None:
        """Scroll a view to it."""
        bar = view.verticalScrollBar()
        view.document().size()
        if self.at_end:
            bar.setValue(bar.maximum())
        elif not self.position and not self.above:
            bar.setValue(0)
        else:
            bar.setValue(round(top_of(view.document(), self.position) + self.above))
