"""How a severity looks: its word, its shape and its colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QPointF, QRectF
from PySide6.QtGui import QColor, QPolygonF

from spectr_desktop.records.grades import Severity

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from spectr_desktop.ui.theme import Colors

_WORDS = {
    Severity.CRITICAL: QT_TRANSLATE_NOOP("severity", "Critical"),
    Severity.HIGH: QT_TRANSLATE_NOOP("severity", "High"),
    Severity.MEDIUM: QT_TRANSLATE_NOOP("severity", "Medium"),
    Severity.LOW: QT_TRANSLATE_NOOP("severity", "Low"),
    Severity.INFO: QT_TRANSLATE_NOOP("severity", "Info"),
}


def word(severity: Severity) -> str:
    """What a severity is called."""
    return QCoreApplication.translate("severity", str(_WORDS[severity]))


def color(severity: Severity, colors: Colors) -> str:
    """The colour of a severity in a theme, as #rrggbb."""
    return str(getattr(colors, severity.value))


def paint_shape(painter: QPainter, severity: Severity, box: QRectF) -> None:
    """Paint the shape of a severity with the pen and brush that are set.

    Critical is a square, high a triangle, medium a diamond, low a disc, info a ring.
    """
    if severity is Severity.CRITICAL:
        inset = box.width() * 0.06
        painter.drawRect(box.adjusted(inset, inset, -inset, -inset))
    elif severity is Severity.HIGH:
        corners = (box.bottomLeft(), QPointF(box.center().x(), box.top()), box.bottomRight())
        painter.drawPolygon(QPolygonF(corners))
    elif severity is Severity.MEDIUM:
        x, y = box.center().x(), box.center().y()
        corners = (
            QPointF(x, box.top()),
            QPointF(box.right(), y),
            QPointF(x, box.bottom()),
            QPointF(box.left(), y),
        )
        painter.drawPolygon(QPolygonF(corners))
    elif severity is Severity.LOW:
        painter.drawEllipse(box.adjusted(0.5, 0.5, -0.5, -0.5))
    else:
        painter.setPen(painter.brush().color())
        painter.setBrush(QColor(0, 0, 0, 0))
        painter.drawEllipse(box.adjusted(1, 1, -1, -1))
