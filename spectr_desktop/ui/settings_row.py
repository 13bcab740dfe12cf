"""The one builder of rows: a label, its field, what stands beside it, help, and what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from spectr_desktop.ui.hostile_text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP = 4
_AFTER = 14  # to the next row
FIELD_WIDTH = 360


def told(role: str, parent: QWidget, name: str = "") -> QLabel:
    """A label that wraps and shows text as it is.

    Args:
        role: "label", "help", "fault" or "said", for the style sheet.
        parent: where it is.
        name: its objectName.
    """
    label = QLabel(parent)
    label.setObjectName(name)
    label.setProperty("role", role)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def mark(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet asks for."""
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


class Row(QWidget):
    """One row. The field gets its accessible name here, so that none is without.

    Args:
        name: objectName of the field; the other parts' names begin with it.
        field: what the user changes.
        label: what the row is called.
        help_text: stands below it.
        beside: buttons, or a label that wraps, to the right of the field.
        captioned: the label stands above; False for a field that says it itself.
        parent: where it is.

    Attributes:
        label: what the row is called.
        field: what the user changes.
    """

    def __init__(
        self,
        name: str,
        field: QWidget,
        *,
        label: str,
        help_text: str = "",
        beside: Sequence[QWidget] = (),
        captioned: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.label, self.field = label, field
        self.setObjectName(f"{name}Row")
        field.setObjectName(name)
        field.setAccessibleName(label)
        field.setAccessibleDescription(help_text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, _AFTER)
        layout.setSpacing(_GAP)
        if captioned:
            caption = told("label", self)
            caption.setText(label)
            caption.setBuddy(field)
            layout.addWidget(caption)
        line = QHBoxLayout()
        line.addWidget(field, 0 if isinstance(field, QPushButton) else 1)
        for widget in beside:
            line.addWidget(widget, 1 if isinstance(widget, QLabel) else 0)
        if not isinstance(field, QPushButton):
            line.addStretch()
        layout.addLayout(line)
        if help_text:
            words = told("help", self)
            words.setText(help_text)
            layout.addWidget(words)
        self._fault = told("fault", self, f"{name}Fault")
        self._fault.hide()
        layout.addWidget(self._fault)
        self._help = help_text
        self._lines = layout

    def add(self, widget: QWidget) -> None:
        """Put something below all the rest."""
        self._lines.addWidget(widget)

    def show_fault(self, sentence: str) -> None:
        """Say below the field what is wrong with it, "" for nothing."""
        if sentence == self._fault.text():
            return
        self._fault.setText(visible(sentence))
        self._fault.setVisible(bool(sentence))
        # A screen reader reads the description of the field that has the focus.
        self.field.setAccessibleDescription(f"{sentence} {self._help}".strip())
        mark(self.field, "fault", bool(sentence))
