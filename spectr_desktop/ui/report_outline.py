"""The headings of the report in a list that drops down from a button and fills as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop.report.severity import severity_mark
from spectr_desktop.ui import severities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QPersistentModelIndex
    from PySide6.QtGui import QFocusEvent

    from spectr_desktop.records.grades import Severity
    from spectr_desktop.ui.headings import Heading
    from spectr_desktop.ui.theme import Theme

MOST_HEADINGS = 2000

_POSITION = Qt.ItemDataRole.UserRole.value
_LEVEL = _POSITION + 1
_SEVERITY = _POSITION + 2
_WIDTH, _MOST_ROWS = 380, 14
_STEP = 14
_SHAPE = 9.0


class _Painter(QStyledItemDelegate):
    """Paints shape, word and title of a heading."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(
        self, option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        metrics: QFontMetrics = option.fontMetrics  # type: ignore[attr-defined]
        return QSize(_WIDTH - 40, metrics.height() + 11)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        colors = self._theme.colors
        area = QRectF(option.rect)  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:  # type: ignore[attr-defined]
            painter.fillRect(area, QColor(colors.selection))
        level: int = index.data(_LEVEL)
        area.adjust(10 + (min(level, 4) - 1) * _STEP, 0, -10, 0)
        severity: Severity | None = index.data(_SEVERITY)
        font = QFont(option.font)  # type: ignore[attr-defined]
        if severity is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(severities.color(severity, colors)))
            middle = area.center().y()
            severities.paint_shape(
                painter, severity, QRectF(area.left(), middle - _SHAPE / 2, _SHAPE, _SHAPE)
            )
            area.setLeft(area.left() + _SHAPE + 5)
            bold = QFont(font)
            bold.setBold(True)
            bold.setPointSizeF(font.pointSizeF() * 0.85)
            painter.setFont(bold)
            painter.setPen(QColor(severities.color(severity, colors)))
            word = severities.word(severity).upper()
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, word)
            area.setLeft(area.left() + QFontMetrics(bold).horizontalAdvance(word) + 8)
        font.setBold(level == 1)
        painter.setFont(font)
        painter.setPen(QColor(colors.text))
        title = QFontMetrics(font).elidedText(
            index.data(), Qt.TextElideMode.ElideRight, int(area.width())
        )
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, title)
        painter.restore()


class _List(QListWidget):
    """The list; Esc closes it and is nothing else meanwhile, and so does leaving it.

    It is a part of the window: a popup of its own would take the keys from everything else.
    """

    closed = Signal()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and _is_escape(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_escape(event):
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        away = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
        if event.reason() not in away:
            self.closed.emit()


def _is_escape(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape


class ReportOutline(QToolButton):
    """A button that tells how many headings there are, and their list below it.

    Signals:
        heading_chosen: (int) the reader wants to go to this position of the document.
        left: the reader wants to go back to where he was.
    """

    heading_chosen = Signal(int)
    left = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("outlineButton")
        self.setToolTip(self.tr("Go to a heading of the report (Ctrl+J)"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._popup = QFrame(self)
        self._popup.hide()
        self._popup.setObjectName("outlinePopup")
        self.list = _List(self._popup)
        self.list.setObjectName("reportOutline")
        self.list.setAccessibleName(self.tr("Outline of the report"))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setUniformItemSizes(True)
        self.list.setItemDelegate(_Painter(theme, self.list))
        layout = QVBoxLayout(self._popup)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.addWidget(self.list)
        self.clicked.connect(self.open)
        self.list.closed.connect(self._on_closed)
        self.list.itemActivated.connect(self._on_chosen)
        self.list.itemClicked.connect(self._on_chosen)
        theme.changed.connect(self.list.viewport().update)
        self.clear()

    def clear(self) -> None:
        """Forget all headings."""
        self.list.clear()
        self._show_count()

    def add(self, headings: Sequence[Heading]) -> None:
        """Take headings that came, in order."""
        for heading in headings[: MOST_HEADINGS - self.list.count()]:
            mark = severity_mark(heading.text)
            title = heading.text
            if mark is not None:
                title = " ".join((title[: mark.start] + title[mark.end :]).split()).strip(" -")
            item = QListWidgetItem(title)
            item.setData(_POSITION, heading.position)
            item.setData(_LEVEL, heading.level)
            item.setData(_SEVERITY, mark.severity if mark else None)
            spoken = [severities.word(mark.severity)] if mark else []
            spoken += [title] if title else []
            level = self.tr("level {n}").format(n=heading.level)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{': '.join(spoken)}, {level}")
            item.setToolTip(heading.text if len(heading.text) < 500 else "")  # noqa: PLR2004
            self.list.addItem(item)
        self._show_count()
        if self._popup.isVisible():
            self._place()

    def open(self) -> None:
        """Let the list drop down; nothing without a heading."""
        if not self.list.count():
            return
        if self.list.currentRow() < 0:
            self.list.setCurrentRow(0)
        self._popup.setParent(self.window())
        self._place()
        self._popup.show()
        self._popup.raise_()
        self.list.setFocus(Qt.FocusReason.PopupFocusReason)

    def _place(self) -> None:
        """As high as it needs to be, its right edge below the button's."""
        row = self.list.sizeHintForRow(0)
        height = row * min(self.list.count(), _MOST_ROWS) + 4
        corner = self.mapTo(self.window(), QPoint(self.width() - _WIDTH, self.height() + 2))
        room = self.window().height() - corner.y() - 10
        self._popup.setGeometry(max(corner.x(), 0), corner.y(), _WIDTH, min(height, room))

    def _show_count(self) -> None:
        count = self.list.count()
        self.setText(self.tr("Outline · {count} ▾").format(count=count))
        self.setAccessibleName(self.tr("Outline, {count} headings").format(count=count))
        self.setVisible(count > 0)

    def _on_closed(self) -> None:
        if self._popup.isVisible():
            had_focus = self.list.hasFocus()
            self._popup.hide()
            if had_focus:
                self.left.emit()

    def _on_chosen(self, item: QListWidgetItem) -> None:
        self._popup.hide()
        self.heading_chosen.emit(item.data(_POSITION))
