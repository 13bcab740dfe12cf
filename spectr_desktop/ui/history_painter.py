"""Paints a row of the history: title, when and by whom, how it ended, where the words stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from spectr_desktop.records.grades import Severity
from spectr_desktop.records.run import Outcome
from spectr_desktop.ui import history_words, severities
from spectr_desktop.ui.history_model import ROW

if TYPE_CHECKING:
    from PySide6.QtCore import QPersistentModelIndex

    from spectr_desktop.records.history import RunRow
    from spectr_desktop.ui.theme import Colors, Theme

_PADDING, _ABOVE, _GAP = 12, 9, 10
_SMALL = 0.85  # of the text
_LINES, _SNIPPET_LINES = 3, 1
_LONGEST_TITLE = 200
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class HistoryPainter(QStyledItemDelegate):
    """Every row is as high as any other.

    Attributes:
        searching: rows have a line for the words that were searched for.
    """

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.searching = False

    def sizeHint(
        self, option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Three lines, four while something is searched for (asked by Qt)."""
        font: QFont = option.font  # type: ignore[attr-defined]
        return QSize(120, round(QFontMetricsF(font).height() * self._lines) + 2 * _ABOVE)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint a run (asked by Qt)."""
        row: RunRow | None = index.data(ROW)
        if row is None:
            return
        colors = self._theme.colors
        area = QRectF(option.rect)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected:
            painter.fillRect(area, QColor(colors.selection))
        line = QRectF(area.left(), area.bottom() - 1, area.width(), 1)
        painter.fillRect(line, QColor(colors.line))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.fillRect(QRectF(0, area.top(), 3, area.height()), QColor(colors.accent))
        inside = area.adjusted(_PADDING, _ABOVE, -_PADDING, -_ABOVE)
        font = QFont(option.font)  # type: ignore[attr-defined]
        self._paint_row(painter, inside, font, row, colors, selected=selected)
        painter.restore()

    def createEditor(
        self,
        parent: QWidget,
        _option: QStyleOptionViewItem,
        _index: QModelIndex | QPersistentModelIndex,
    ) -> QWidget:
        """A field for the title (asked by Qt)."""
        editor = QLineEdit(parent)
        editor.setObjectName("historyTitle")
        editor.setAccessibleName(self.tr("Title of the run"))
        editor.setMaxLength(_LONGEST_TITLE)
        return editor

    def updateEditorGeometry(
        self,
        editor: QWidget,
        option: QStyleOptionViewItem,
        _index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """The field lies over the title (asked by Qt)."""
        area = option.rect  # type: ignore[attr-defined]
        height = editor.sizeHint().height()
        editor.setGeometry(area.left() + 4, area.top() + 4, area.width() - 8, height)

    @property
    def _lines(self) -> int:
        return _LINES + _SNIPPET_LINES if self.searching else _LINES

    def _paint_row(
        self,
        painter: QPainter,
        area: QRectF,
        font: QFont,
        row: RunRow,
        colors: Colors,
        *,
        selected: bool,
    ) -> None:
        dim = colors.text if selected else colors.dim
        height = area.height() / self._lines
        line = QRectF(area.left(), area.top(), area.width(), height)
        bold, small = QFont(font), _small(font)
        bold.setWeight(QFont.Weight.DemiBold)
        worst = _worst(row)
        room = 0.0
        if worst is not None:
            size = QFontMetricsF(small).ascent() * 0.75
            box = QRectF(line.right() - size, line.center().y() - size / 2, size, size)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(severities.color(worst, colors)))
            severities.paint_shape(painter, worst, box)
            room = size + _GAP
        _text(painter, line.adjusted(0, 0, -room, 0), bold, history_words.title(row), colors.text)
        line.translate(0, height)
        _text(painter, line, small, history_words.engine(row), dim)
        line.translate(0, height)
        ink = _outcome_color(row, colors) if not selected else colors.text
        _text(painter, line, small, history_words.facts(row), ink)
        if self.searching:
            line.translate(0, height)
            _snippet(painter, line, small, row, colors.text, dim)


def _worst(row: RunRow) -> Severity | None:
    return next((each for each in Severity if row.severities.get(each.value)), None)


def _outcome_color(row: RunRow, colors: Colors) -> str:
    if row.damaged_lines or row.outcome is Outcome.FAILED:
        return colors.critical
    return colors.dim if row.outcome in (Outcome.COMPLETE, None) else colors.medium


def _snippet(
    painter: QPainter, area: QRectF, font: QFont, row: RunRow, hit_color: str, color: str
) -> None:
    """The words round the hits, hits bold; the first hit is always in sight."""
    bold = QFont(font)
    bold.setBold(True)
    pieces = history_words.snippet(row)
    left = area.left()
    first = next((n for n, piece in enumerate(pieces) if piece[1]), 0)
    for number, (text, hit) in enumerate(pieces):
        used = bold if hit else font
        metrics = QFontMetricsF(used)
        room = area.right() - left
        shown = text
        if number < first:  # what comes before the first hit gets a third of the line
            mode = Qt.TextElideMode.ElideLeft
            shown = metrics.elidedText(text, mode, area.width() / 3)
            shown += " " if text.endswith(" ") and not shown.endswith(" ") else ""
        elif metrics.horizontalAdvance(text) > room:
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        width = metrics.horizontalAdvance(shown)
        painter.setFont(used)
        painter.setPen(QColor(hit_color if hit else color))
        painter.drawText(QRectF(left, area.top(), width + 2, area.height()), _LEFT, shown)
        left += width
        if left >= area.right() - 1:
            return


def _small(font: QFont) -> QFont:
    out = QFont(font)
    if out.pointSizeF() > 0:
        out.setPointSizeF(out.pointSizeF() * _SMALL)
    else:
        out.setPixelSize(max(1, round(out.pixelSize() * _SMALL)))
    return out


def _text(painter: QPainter, area: QRectF, font: QFont, text: str, color: str) -> None:
    shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.setFont(font)
    painter.setPen(QColor(color))
    painter.drawText(area, _LEFT, shown)
