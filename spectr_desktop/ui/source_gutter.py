"""The strip left of the source: line numbers, and marks where findings stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPen, QTextBlock
from PySide6.QtWidgets import QToolTip, QWidget

from spectr_desktop.records.grades import Severity
from spectr_desktop.ui import severities

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtGui import QMouseEvent, QPaintEvent

    from spectr_desktop.ui.source_editor import SourceEditor
    from spectr_desktop.ui.theme import Theme

_PADDING = 12  # pixels on both sides of the numbers
_SHAPE = 0.62  # of a digit's ascent
_ORDER = {severity: rank for rank, severity in enumerate(Severity)}
_MOST_TOLD = 8


class Mark(NamedTuple):
    """A finding at its lines, from 1 and both ends included.

    Attributes:
        key: of the finding.
        severity: None for one that has none.
        title: told in the tool tip, as plain text.
    """

    key: str
    start: int
    end: int
    severity: Severity | None
    title: str


class Gutter(QWidget):
    """Paints numbers and marks for the lines that are seen.

    Signals:
        mark_activated: (list[str]) the keys of the findings at a line that was clicked.
    """

    mark_activated = Signal(list)

    def __init__(self, editor: SourceEditor, theme: Theme) -> None:
        super().__init__(editor)
        self._editor = editor
        self._theme = theme
        self._marks: dict[int, list[Mark]] = {}
        self.setObjectName("sourceGutter")
        self.setAccessibleName(self.tr("Line numbers and findings"))
        self.setMouseTracking(True)

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Show these marks in place of the ones before, the worst first on each line."""
        self._marks = {}
        for mark in marks:
            self._marks.setdefault(mark.start, []).append(mark)
        for at in self._marks.values():
            at.sort(key=lambda mark: _ORDER[mark.severity] if mark.severity else len(_ORDER))
        self.update()

    def marks_at(self, line: int) -> list[Mark]:
        """The findings that begin at a line."""
        return self._marks.get(line, [])

    def needed_width(self) -> int:
        """Pixels that the marks and the numbers of all lines need."""
        digits = max(3, len(str(self._editor.blockCount())))
        advance = QFontMetricsF(self._editor.font()).horizontalAdvance("0")
        return round(digits * advance) + 2 * _PADDING + self._mark_room()

    def sizeHint(self) -> QSize:
        """As wide as its numbers."""
        return QSize(self.needed_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint each number on its line's base line, and left of it the worst mark."""
        area, colors, editor = event.rect(), self._theme.colors, self._editor
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(editor.font())
        painter.fillRect(area, QColor(colors.panel))
        edge = self.width() - 1
        painter.fillRect(QRect(edge, area.top(), 1, area.height()), QColor(colors.line))
        metrics = QFontMetricsF(editor.font())
        current = editor.textCursor().blockNumber()
        for block, top in self._lines(area):
            layout = block.layout()
            ascent = layout.lineAt(0).ascent() if layout.lineCount() else metrics.ascent()
            number = str(block.blockNumber() + 1)
            left = edge - _PADDING - metrics.horizontalAdvance(number)
            is_current = block.blockNumber() == current
            painter.setPen(QPen(QColor(colors.text if is_current else colors.dim)))
            painter.drawText(QPointF(left, top + ascent), number)
            marks = self.marks_at(block.blockNumber() + 1)
            if marks:
                self._paint_mark(painter, marks, top + ascent)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a line with marks chooses its findings."""
        keys = [mark.key for mark in self._marks_under(event.position())]
        if event.button() is Qt.MouseButton.LeftButton and keys:
            self.mark_activated.emit(keys)
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """A hand where a click does something."""
        if self._marks_under(event.position()):
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self.unsetCursor()

    def event(self, event: QEvent) -> bool:
        """Tell the titles of the findings under the pointer."""
        if not isinstance(event, QHelpEvent) or event.type() is not QEvent.Type.ToolTip:
            return super().event(event)
        marks = self._marks_under(QPointF(event.pos()))
        # Qt takes text that begins like HTML for HTML: a title is a model's text.
        lines = [f"{mark.key}  {mark.title}" for mark in marks[:_MOST_TOLD]]
        if len(marks) > _MOST_TOLD:
            lines.append("…")
        QToolTip.showText(event.globalPos(), "\u200b" + "\n".join(lines) if lines else "", self)
        return True

    def _mark_room(self) -> int:
        return round(QFontMetricsF(self._editor.font()).ascent() * _SHAPE)

    def _paint_mark(self, painter: QPainter, marks: list[Mark], base: float) -> None:
        size = self._mark_room()
        box = QRectF(_PADDING / 2, base - size, size, size)
        severity, colors = marks[0].severity, self._theme.colors
        color = QColor(severities.color(severity, colors) if severity else colors.dim)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        severities.paint_shape(painter, severity or Severity.INFO, box)
        if len(marks) > 1:
            # A second stroke says that there is more than one.
            painter.fillRect(QRectF(box.right() + 2, box.top(), 1.5, size), color)

    def _marks_under(self, place: QPointF) -> list[Mark]:
        row = QRect(0, round(place.y()), self.width(), 1)
        line = next((block.blockNumber() + 1 for block, _ in self._lines(row)), 0)
        return self.marks_at(line)

    def _lines(self, area: QRect) -> Iterator[tuple[QTextBlock, float]]:
        """The lines that touch an area, each with its upper edge."""
        editor = self._editor
        # An empty pane that shows no file has no lines either.
        if editor.opened is None and editor.document().isEmpty():
            return
        block, offset = editor.firstVisibleBlock(), editor.contentOffset()
        while block.isValid():
            box = editor.blockBoundingGeometry(block).translated(offset)
            if box.top() > area.bottom():
                return
            if block.isVisible() and box.bottom() >= area.top():
                yield block, box.top()
            block = block.next()
