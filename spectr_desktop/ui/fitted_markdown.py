"""A Markdown view that is as high as its text, for a pane that scrolls as a whole."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy

from spectr_desktop.ui.markdown_view import MarkdownView

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent, QWheelEvent
    from PySide6.QtWidgets import QWidget

    from spectr_desktop.report.blocks import BlockSplitter
    from spectr_desktop.ui.theme import Theme

_ABOVE = 9
_HIGHEST = 6000
"""Pixels; what is longer scrolls by itself."""


class FittedMarkdown(MarkdownView):
    """Shows the words of a model among other widgets."""

    def __init__(self, name: str, spoken: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setTabChangesFocus(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def show_text(self, text: str) -> None:
        """Show a whole text; nothing is written anew if it is there already."""
        if text != self.text():
            self.set_markdown(text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Be as high as the text is at this width (called by Qt)."""
        super().resizeEvent(event)
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the pane, unless it zooms or the text is too long for it."""
        zooms = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if zooms or self.verticalScrollBar().maximum() > 0:
            super().wheelEvent(event)
        else:
            event.ignore()

    def _restart_document(self, splitter: BlockSplitter | None = None) -> None:
        super()._restart_document(splitter)
        # The pane has room of its own between its parts.
        frame = self.document().rootFrame()
        look = frame.frameFormat()
        look.setTopMargin(_ABOVE)
        look.setBottomMargin(_ABOVE)
        frame.setFrameFormat(look)

    def _fit(self) -> None:
        height = ceil(self.document().size().height())
        if height > _HIGHEST:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        height = min(height, _HIGHEST)
        if height != self.minimumHeight():
            self.setFixedHeight(height)
