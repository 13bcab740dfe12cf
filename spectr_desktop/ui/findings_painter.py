"""Paints a row of the findings: chip and key on the left, title, place and badge beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from spectr_desktop.records.grades import Severity
from spectr_desktop.ui import finding_words, severities
from spectr_desktop.ui.findings_model import EXPLANATION, FINDING

if TYPE_CHECKING:
    from PySide6.QtCore import QPersistentModelIndex

    from spectr_desktop.records.findings import Finding
    from spectr_desktop.ui.theme import Colors, Theme

_PADDING, _GAP = 12, 10
_ABOVE = 9
_SMALL = 0.85  # of the text
_SHAPE = 0.5  # of the height of a chip
_LINES = 3
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class FindingsPainter(QStyledItemDelegate):
    """Every row is as high as any other: a list of thousands is laid out without measuring."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(
        self, option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Three lines of text (asked by Qt)."""
        font: QFont = option.font  # type: ignore[attr-defined]
        return QSize(120, round(QFontMetricsF(font).height() * _LINES) + 2 * _ABOVE)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint a finding or the head of a group (asked by Qt)."""
        colors = self._theme.colors
        area = QRectF(option.rect)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        # The tree's own indentation is not painted: rows reach from edge to edge.
        area.setLeft(0)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        finding: Finding | None = index.data(FINDING)
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, QColor(colors.selection))
        elif finding is None:
            painter.fillRect(area, QColor(colors.background))
        painter.fillRect(QRectF(area.left(), area.bottom() - 1, area.width(), 1), _c(colors.line))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.fillRect(QRectF(0, area.top(), 3, area.height()), _c(colors.accent))
        font = QFont(option.font)  # type: ignore[attr-defined]
        inside = area.adjusted(_PADDING, _ABOVE, -_PADDING, -_ABOVE)
        if finding is None:
            expanded = bool(state & QStyle.StateFlag.State_Open)
            _paint_group(painter, inside, font, index, colors, expanded=expanded)
        else:
            dim = colors.text if state & QStyle.StateFlag.State_Selected else colors.dim
            _paint_finding(painter, inside, font, finding, colors, dim)
        painter.restore()


def chip_width(font: QFont) -> float:
    """The width that the widest severity's chip needs."""
    metrics = QFontMetricsF(_small(font, bold=True))
    widest = max(metrics.horizontalAdvance(severities.word(each).upper()) for each in Severity)
    return widest + metrics.height() * _SHAPE + 20


def _c(color: str) -> QColor:
    return QColor(color)


def _small(font: QFont, *, bold: bool = False) -> QFont:
    out = QFont(font)
    if out.pointSizeF() > 0:
        out.setPointSizeF(out.pointSizeF() * _SMALL)
    else:
        out.setPixelSize(max(1, round(out.pixelSize() * _SMALL)))
    out.setBold(bold)
    return out


def _paint_finding(
    painter: QPainter, area: QRectF, font: QFont, finding: Finding, colors: Colors, dim: str
) -> None:
    height = area.height() / _LINES
    left = chip_width(font)
    _paint_chip(painter, QRectF(area.left(), area.top(), left, height), font, finding, colors)
    small = _small(font)
    key = QRectF(area.left() + 1, area.top() + height, left, height)
    _text(painter, key, small, finding_words.one_line(finding.key, 40), dim)
    words = area.adjusted(left + _GAP, 0, 0, 0)
    line = QRectF(words.left(), words.top(), words.width(), height)
    bold = QFont(font)
    bold.setWeight(QFont.Weight.DemiBold)
    _text(painter, line, bold, finding_words.title(finding), colors.text)
    line.translate(0, height)
    _text(painter, line, small, finding_words.place_words(finding.place), colors.text)
    line.translate(0, height)
    parts = [finding_words.badge(finding), *finding_words.marks(finding)]
    _text(painter, line, small, " · ".join(parts), dim)


def _paint_chip(
    painter: QPainter, area: QRectF, font: QFont, finding: Finding, colors: Colors
) -> None:
    severity = finding.severity
    color = _c(severities.color(severity, colors) if severity else colors.dim)
    bold = _small(font, bold=True)
    metrics = QFontMetricsF(bold)
    word = severities.word(severity).upper() if severity else "–"
    shape = metrics.height() * _SHAPE if severity else 0
    width = metrics.horizontalAdvance(word) + shape + 17
    middle = area.center().y()
    box = QRectF(area.left() + 0.5, middle - metrics.height() / 2 - 1, width, metrics.height() + 2)
    painter.setPen(QPen(color, 1))
    painter.setBrush(_c(colors.panel))
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    if severity is not None:
        mark = QRectF(box.left() + 6, middle - shape / 2, shape, shape)
        severities.paint_shape(painter, severity, mark)
    text = box.adjusted(6 + shape + 4, 0, 0, 0)
    _text(painter, text, bold, word, color.name(), elide=False)


def _paint_group(
    painter: QPainter,
    area: QRectF,
    font: QFont,
    index: QModelIndex | QPersistentModelIndex,
    colors: Colors,
    *,
    expanded: bool,
) -> None:
    bold = QFont(font)
    bold.setWeight(QFont.Weight.DemiBold)
    height = area.height() / _LINES
    sign = "▾" if expanded else "▸"
    head = QRectF(area.left(), area.top(), area.width(), height)
    _text(painter, head, bold, f"{sign} {index.data()}", colors.text)
    small = _small(font)
    painter.setFont(small)
    painter.setPen(_c(colors.dim))
    rest = QRectF(area.left(), head.bottom() + 1, area.width(), height * (_LINES - 1))
    flags = Qt.TextFlag.TextWordWrap.value | Qt.AlignmentFlag.AlignLeft.value
    painter.drawText(rest, flags, str(index.data(EXPLANATION)))


def _text(
    painter: QPainter, area: QRectF, font: QFont, text: str, color: str, *, elide: bool = True
) -> None:
    if elide:
        text = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.setFont(font)
    painter.setPen(_c(color))
    painter.drawText(area, _LEFT, text)
