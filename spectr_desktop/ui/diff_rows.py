"""The rows of a difference: what they hold, and how each is painted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    Qt,
)
from PySide6.QtGui import QColor, QFontMetricsF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from spectr_desktop.report.line_diff import Diff, Row, RowKind
from spectr_desktop.ui.hostile_text import longest, visible

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from spectr_desktop.ui.theme import Colors, Theme

SIGNS = {RowKind.SAME: " ", RowKind.REMOVED: "-", RowKind.ADDED: "+", RowKind.GAP: "⋯"}
_TAB = 4
PADDING = 8
_TINT, _WORD_TINT = 34, 96  # of 255: how strong a line and a changed word are coloured
_Index = QModelIndex | QPersistentModelIndex


def shown_line(row: Row) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A row's text with hidden characters spelled out and tabs seen; where its words are in it."""
    parts: list[str] = []
    starts: list[int] = [0]
    text = row.text[: longest(row.text)]
    column = 0
    for char in text:
        piece = "→".ljust(_TAB - column % _TAB) if char == "\t" else visible(char)
        parts.append(piece)
        column += len(piece)
        starts.append(column)
    if len(text) < len(row.text):
        parts.append("…")
    last = len(text)
    words = tuple((starts[min(a, last)], starts[min(b, last)]) for a, b in row.words)
    return "".join(parts), tuple(word for word in words if word[0] < word[1])


class Rows(QAbstractTableModel):
    """The rows of a diff in one column; a view asks only for those that it paints."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.diff = Diff()

    def show(self, shown: Diff) -> None:
        """Hold another diff."""
        self.beginResetModel()
        self.diff = shown
        self.endResetModel()

    def rowCount(self, parent: _Index | None = None) -> int:
        """One for each row of the diff."""
        return 0 if parent is not None and parent.isValid() else len(self.diff.rows)

    def columnCount(self, parent: _Index | None = None) -> int:
        """Numbers, sign and text are one column: they are painted together."""
        return 0 if parent is not None and parent.isValid() else 1

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """A row's text, and what a screen reader says of it."""
        if not index.isValid():
            return None
        row = self.diff.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return shown_line(row)[0]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(row)
        return None

    def _spoken(self, row: Row) -> str:
        text = shown_line(row)[0]
        if row.kind is RowKind.GAP:
            return self.tr("{n} equal lines are left out").format(n=row.hidden)
        if row.kind is RowKind.REMOVED:
            return self.tr("Removed, line {n}: {text}").format(n=row.old, text=text)
        if row.kind is RowKind.ADDED:
            return self.tr("Added, line {n}: {text}").format(n=row.new, text=text)
        return self.tr("Line {n}: {text}").format(n=row.new, text=text)


class RowPainter(QStyledItemDelegate):
    """Paints numbers, sign and text of a row, in the colours of the theme."""

    def __init__(self, rows: Rows, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows = rows
        self._theme = theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Paint one row; one that is chosen keeps its sign and its tint."""
        row, colors = self._rows.diff.rows[index.row()], self._theme.colors
        area = QRectF(option.rect)  # pyright: ignore[reportAttributeAccessIssue]
        font = option.font  # pyright: ignore[reportAttributeAccessIssue]
        state = option.state  # pyright: ignore[reportAttributeAccessIssue]
        metrics = QFontMetricsF(font)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        tone = {RowKind.REMOVED: colors.critical, RowKind.ADDED: colors.low}.get(row.kind)
        painter.save()
        painter.setFont(font)
        painter.fillRect(area, QColor(_ground(row.kind, colors, chosen=chosen)))
        if tone:
            painter.fillRect(area, _tinted(tone, _TINT))
        text, words = shown_line(row)
        if row.kind is RowKind.GAP:
            text = self.tr("{n} equal lines").format(n=f"{row.hidden:,}")
        base = area.top() + (area.height() - metrics.height()) / 2 + metrics.ascent()
        left = area.left() + self.text_left(metrics)
        if tone:
            for start, end in words:
                x = left + metrics.horizontalAdvance(text[:start])
                width = metrics.horizontalAdvance(text[start:end])
                box = QRectF(x, area.top(), width, area.height())
                painter.fillRect(box, _tinted(tone, _WORD_TINT))
        self._paint_numbers(painter, QPointF(area.left(), base), row, metrics)
        painter.setPen(QColor(tone or colors.dim))
        sign = left - 2 * metrics.horizontalAdvance("0")
        painter.drawText(QPointF(sign, base), SIGNS[row.kind])
        painter.setPen(QColor(colors.dim if row.kind is RowKind.GAP else colors.text))
        painter.drawText(QPointF(left, base), text)
        painter.restore()

    def _paint_numbers(
        self, painter: QPainter, base: QPointF, row: Row, metrics: QFontMetricsF
    ) -> None:
        """The numbers of the line in both texts, each in its own column."""
        if row.kind is RowKind.GAP:
            return
        painter.setPen(QColor(self._theme.colors.dim))
        width = self._digits() * metrics.horizontalAdvance("0") + PADDING
        for number, slot in ((row.old, 1), (row.new, 2)):
            if number:
                text = str(number)
                left = base.x() + slot * width - metrics.horizontalAdvance(text)
                painter.drawText(QPointF(left, base.y()), text)

    def text_left(self, metrics: QFontMetricsF) -> float:
        """Where the text of a row begins, in pixels from its left edge."""
        advance = metrics.horizontalAdvance("0")
        return 2 * (self._digits() * advance + PADDING) + 3 * advance + PADDING

    def _digits(self) -> int:
        rows = self._rows.diff.rows
        most = max(rows[-1].old, rows[-1].new, 100) if rows else 100
        return len(str(most))


def _ground(kind: RowKind, colors: Colors, *, chosen: bool) -> str:
    if chosen:
        return colors.selection
    return colors.code if kind is RowKind.GAP else colors.panel


def _tinted(color: str, alpha: int) -> QColor:
    tint = QColor(color)
    tint.setAlpha(alpha)
    return tint
