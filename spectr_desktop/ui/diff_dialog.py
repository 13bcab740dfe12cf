"""A window of its own for a difference; it only shows, whoever opened it decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout

from spectr_desktop.report.line_diff import diff
from spectr_desktop.ui.diff_view import DiffView
from spectr_desktop.ui.hostile_text import visible

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from spectr_desktop.ui.theme import Theme

_SHARE = 0.85  # of the window that it belongs to


class DiffDialog(QDialog):
    """Shows how one text became another.

    Args:
        theme: its colours.
        title: what differs from what: a file's name and both sides; may be hostile.
        parent: the window that it belongs to.
    """

    def __init__(self, theme: Theme, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("diffDialog")
        self.setWindowTitle(self.tr("Difference"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.view = DiffView(theme, self)
        heading = QLabel(visible(title), self)
        heading.setObjectName("diffTitle")
        heading.setTextFormat(Qt.TextFormat.PlainText)
        heading.setWordWrap(True)
        heading.setContentsMargins(12, 10, 12, 0)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.setContentsMargins(12, 8, 12, 10)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setIcon(QIcon())  # Fusion's own is not drawn for a dark theme
        close.setText(self.tr("Close"))
        close.setObjectName("diffClose")
        close.setAccessibleName(self.tr("Close the difference"))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(heading)
        layout.addWidget(self.view, 1)
        layout.addWidget(buttons)
        self.resize(parent.window().size() * _SHARE)

    async def show_texts(self, old: str, new: str) -> None:
        """Open at once and show the difference when it is found."""
        self.open()
        self.view.setFocus()
        await self.view.show_texts(old, new)

    def show_now(self, old: str, new: str) -> None:
        """Open with the difference of two short texts."""
        self.view.show_diff(diff(old, new))
        self.open()
        self.view.setFocus()
