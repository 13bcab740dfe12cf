"""A sentence above the report, and behind a button what the other side said itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop.ui.hostile_text import visible

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from spectr_desktop.ui.theme import Colors, Theme

BannerKind = Literal["info", "warning", "error"]

_SIGNS = {"info": "●", "warning": "▲", "error": "■"}
_DETAILS_HEIGHT = 140
_DETAILS_MARGIN = 18


class Banner(QFrame):
    """Hidden until something has to be said; plain text only."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._kind: BannerKind = "info"
        self.setObjectName("bannerFrame")
        self._label = QLabel(self)
        self._label.setObjectName("reportBanner")
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._button = QToolButton(self)
        self._button.setObjectName("detailsButton")
        self._button.setText(self.tr("Details"))
        self._button.setToolTip(self.tr("What the server or the system said itself"))
        self._button.setCheckable(True)
        self._button.setAutoRaise(True)
        self._button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._button.toggled.connect(self._on_toggled)
        self._details = QPlainTextEdit(self)
        self._details.setObjectName("detailsView")
        self._details.setAccessibleName(self.tr("Details"))
        self._details.setReadOnly(True)
        self._details.setTabChangesFocus(True)
        self._details.setFrameShape(QFrame.Shape.NoFrame)
        self._details.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 14, 0)
        row.addWidget(self._label, 1)
        row.addWidget(self._button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self._details)
        theme.changed.connect(self._on_theme_changed)
        self.clear()

    def say(self, text: str, kind: BannerKind, detail: str = "") -> None:
        """Show a sentence; the detail waits behind the button."""
        self._kind = kind
        shown = visible(text)
        self._label.setText(f"{_SIGNS[kind]}  {shown}")
        words = {
            "info": self.tr("Note"),
            "warning": self.tr("Warning"),
            "error": self.tr("Error"),
        }
        self._label.setAccessibleName(f"{words[kind]}: {shown}")
        self._details.setPlainText(visible(detail))
        self._button.setVisible(bool(detail))
        self._button.setChecked(False)
        self._on_toggled(unfolded=False)
        self._on_theme_changed()
        self.show()

    def clear(self) -> None:
        """Say nothing any more."""
        self.hide()
        self._label.clear()
        self._details.clear()
        self._button.setChecked(False)
        self._on_toggled(unfolded=False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the details as high as they need to be at this width."""
        super().resizeEvent(event)
        self._fit_details()

    def _fit_details(self) -> None:
        # A plain text edit's document counts its height in lines.
        lines = self._details.document().size().height()
        height = round(lines * self._details.fontMetrics().lineSpacing()) + _DETAILS_MARGIN
        self._details.setFixedHeight(min(height, _DETAILS_HEIGHT))

    def _on_toggled(self, unfolded: bool) -> None:
        arrow = Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow
        self._button.setArrowType(arrow)
        state = self.tr("unfolded") if unfolded else self.tr("folded")
        self._button.setAccessibleName(f"{self.tr('Details')}, {state}")
        self._details.setVisible(unfolded)
        self._fit_details()

    def _on_theme_changed(self) -> None:
        colors = self._theme.colors
        ground = _ground(self._kind, colors)
        edges = {"info": colors.accent, "warning": colors.medium, "error": colors.critical}
        self.setStyleSheet(
            f"#bannerFrame {{ background: {ground};"
            f" border: none; border-left: 4px solid {edges[self._kind]}; }}"
            f" QToolButton {{ color: {colors.text}; border: none; padding: 3px 6px; }}"
            f" QToolButton:focus {{ border: 1px solid {colors.accent}; border-radius: 4px; }}"
        )
        self._label.setStyleSheet(
            f"QLabel {{ color: {colors.text}; background: {ground}; padding: 9px 20px; }}"
        )
        self._details.setStyleSheet(
            f"QPlainTextEdit {{ color: {colors.text}; background: {ground};"
            " padding: 0 16px 8px 16px; }"
        )


def _ground(kind: BannerKind, colors: Colors) -> str:
    return colors.code if kind == "info" else colors.mark
