"""Some lines of a source file with their numbers and colours, read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QTextCursor, QTextFormat
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QTextEdit, QWidget

from spectr_desktop.records.source import source_file
from spectr_desktop.ui.highlighter import SolidityHighlighter, tokenize
from spectr_desktop.ui.hostile_text import visible

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QTextDocument, QWheelEvent

    from spectr_desktop.ui.theme import Theme

CONTEXT = 3
"""Lines above and below a place."""
_MOST_LINES = 60
_LONGEST_LINE = 500
_LOOKED_BACK = 600  # lines, for a comment that began above
_GUTTER_PADDING = 10
_PADDING = 8


class Excerpt(NamedTuple):
    """Lines to show.

    Attributes:
        lines: as they are shown.
        first: the number of the first one, 0 for lines without numbers.
        marked: the numbers of the first and the last line of the place.
        state: what the highlighter needs to know of the lines above.
        language: of the highlighter.
        left_out: how many lines of the place are not shown.
    """

    lines: tuple[str, ...]
    first: int = 0
    marked: tuple[int, int] = (0, -1)
    state: int = -1
    language: str = "solidity"
    left_out: int = 0


def excerpt(source: str, path: str, start: int, end: int) -> Excerpt | None:
    """The lines of a place with some round them; None if the source has no such lines."""
    lines = source.split("\n")
    if not 1 <= start <= len(lines):
        return None
    end = min(max(end, start), len(lines))
    last_shown = min(end, start + _MOST_LINES - 1)
    first = max(1, start - CONTEXT)
    last = min(len(lines), last_shown + (CONTEXT if last_shown == end else 0))
    language = source_file(path.rpartition("/")[2], "").language
    state = -1
    for line in lines[max(0, first - 1 - _LOOKED_BACK) : first - 1]:
        _, state = tokenize(line, state, language)
    shown = tuple(_shown(line) for line in lines[first - 1 : last])
    return Excerpt(shown, first, (start, last_shown), state, language, end - last_shown)


def quoted(text: str, language: str = "solidity") -> Excerpt:
    """Code as a model gave it, without numbers."""
    lines = text[: _MOST_LINES * _LONGEST_LINE].split("\n")
    shown = tuple(_shown(line) for line in lines[:_MOST_LINES])
    return Excerpt(shown, language=language, left_out=max(0, len(lines) - _MOST_LINES))


def _shown(line: str) -> str:
    cut = line[:_LONGEST_LINE] + ("…" if len(line) > _LONGEST_LINE else "")
    # U+2028 would begin a line that has no number.
    return visible(cut.removesuffix("\r")).replace("\u2028", "⟦U+2028⟧")


class _Colors(SolidityHighlighter):
    """Knows in which state the lines above the excerpt end."""

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document, theme)
        self.first_state = -1

    def previousBlockState(self) -> int:
        first = self.currentBlock().blockNumber() == 0
        return self.first_state if first else super().previousBlockState()


class CodeExcerpt(QPlainTextEdit):
    """As high as its lines; a long line scrolls."""

    def __init__(self, name: str, spoken: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown = Excerpt(())
        self._theme = theme
        self._gutter = _Gutter(self)
        self._colors = _Colors(self.document(), theme)
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.document().setDocumentMargin(_PADDING)
        self._take_font()
        self.updateRequest.connect(lambda _area, _scrolled: self._gutter.update())
        theme.changed.connect(self._mark)
        theme.fonts_changed.connect(self._take_font)

    def show_excerpt(self, shown: Excerpt) -> None:
        """Show other lines; nothing happens if they are the same."""
        if shown == self.shown:
            return
        self.shown = shown
        self._colors.first_state = shown.state
        self._colors.language = shown.language
        self.setPlainText("\n".join(shown.lines))
        self._fit()
        self._mark()

    def _take_font(self) -> None:
        self.setFont(self._theme.code_font())
        self.setTabStopDistance(4 * QFontMetricsF(self.font()).horizontalAdvance(" "))
        if self.shown.lines:
            self._fit()

    def _fit(self) -> None:
        """Be as high as the lines are, with room for their numbers."""
        line = QFontMetricsF(self.font()).lineSpacing()
        bar = self.horizontalScrollBar().sizeHint().height()
        self.setFixedHeight(round(line * len(self.shown.lines)) + 2 * _PADDING + bar)
        self.setViewportMargins(self.gutter_width(), 0, 0, 0)
        self._place_gutter()

    def gutter_width(self) -> int:
        """Pixels that the numbers need; none without numbers."""
        if not self.shown.first:
            return 0
        digits = max(2, len(str(self.shown.first + len(self.shown.lines))))
        advance = QFontMetricsF(self.font()).horizontalAdvance("0")
        return round(digits * advance) + 2 * _GUTTER_PADDING

    def paint_gutter(self, gutter: QWidget) -> None:
        """Paint the numbers, and a bar beside the place (called by the gutter)."""
        colors = self._theme.colors
        painter = QPainter(gutter)
        painter.setFont(self.font())
        painter.fillRect(gutter.rect(), QColor(colors.code))
        metrics = QFontMetricsF(self.font())
        block, number = self.document().firstBlock(), self.shown.first
        start, end = self.shown.marked
        while block.isValid():
            box = self.blockBoundingGeometry(block).translated(self.contentOffset())
            # Qt counts the margin below the text to its last line.
            box.setHeight(metrics.lineSpacing())
            marked = start <= number <= end
            if marked:
                area = QRectF(0, box.top(), gutter.width(), box.height())
                painter.fillRect(area, QColor(colors.mark))
                painter.fillRect(QRectF(0, box.top(), 3, box.height()), QColor(colors.accent))
            text = str(number)
            left = gutter.width() - _GUTTER_PADDING - metrics.horizontalAdvance(text)
            painter.setPen(QColor(colors.text if marked else colors.dim))
            painter.drawText(QPointF(left, box.top() + metrics.ascent()), text)
            block, number = block.next(), number + 1
        painter.end()

    def resizeEvent(self, event: object) -> None:
        """Keep the gutter as high as the lines (called by Qt)."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._place_gutter()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Up and down is for the pane (called by Qt)."""
        if abs(event.angleDelta().x()) > abs(event.angleDelta().y()):
            super().wheelEvent(event)
        else:
            event.ignore()

    def _place_gutter(self) -> None:
        inside = self.contentsRect()
        self._gutter.setGeometry(inside.left(), inside.top(), self.gutter_width(), inside.height())
        self._gutter.setVisible(bool(self.shown.first))

    def _mark(self) -> None:
        colors, out = self._theme.colors, []
        self.setStyleSheet(
            f"QPlainTextEdit {{ background: {colors.code}; color: {colors.text};"
            " border: none; border-radius: 6px; }"
        )
        start, end = self.shown.marked
        for number in range(start, end + 1):
            line = QTextEdit.ExtraSelection()
            line.format.setBackground(QColor(colors.mark))
            line.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
            line.cursor = QTextCursor(self.document().findBlockByNumber(number - self.shown.first))
            out.append(line)
        self.setExtraSelections(out)
        self._gutter.update()


class _Gutter(QWidget):
    """The line numbers; the excerpt, which knows the lines, paints them."""

    def __init__(self, owner: CodeExcerpt) -> None:
        super().__init__(owner)
        self._owner = owner

    def paintEvent(self, _event: QPaintEvent) -> None:
        self._owner.paint_gutter(self)
