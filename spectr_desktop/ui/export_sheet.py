"""The style sheet of the export dialog, beside that of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop.ui.dialog_style import common_rules
from spectr_desktop.ui.theme import filled

if TYPE_CHECKING:
    from spectr_desktop.ui.theme import Colors

_SHEET = """
QDialog#exportDialog QScrollArea#exportPages { border: 1px solid @line; border-radius: 6px; }
QDialog#exportDialog QScrollArea#exportPages:focus { border-color: @accent; }
QDialog#exportDialog QScrollArea#exportPages > QWidget > QWidget#exportPaper {
  background: @background;
}
QDialog#exportDialog QPlainTextEdit {
  background: @panel; color: @text; border: 1px solid @line; border-radius: 6px;
  padding: 4px 8px; placeholder-text-color: @dim;
  selection-background-color: @selection; selection-color: @text;
}
QDialog#exportDialog QPlainTextEdit:focus { border-color: @accent; }
QDialog#exportDialog QRadioButton {
  color: @text; padding: 3px; border: 1px solid transparent; border-radius: 4px; spacing: 8px;
}
QDialog#exportDialog QRadioButton:focus { border-color: @accent; }
QDialog#exportDialog QRadioButton::indicator {
  width: 12px; height: 12px; background: @panel; border: 1px solid @dim; border-radius: 7px;
}
QDialog#exportDialog QRadioButton::indicator:checked {
  width: 4px; height: 4px; border: 5px solid @accent;
}
QTreeWidget#exportFindings {
  background: @panel; color: @text; border: 1px solid @line; border-radius: 6px; outline: none;
}
QTreeWidget#exportFindings:focus { border-color: @accent; }
QTreeWidget#exportFindings::item { padding: 4px 2px; }
QTreeWidget#exportFindings::item:selected { background: @selection; }
QDialog#exportDialog QPushButton#exportWrite {
  background: @accent; color: @on_accent; border-color: @accent; font-weight: 600;
}
QDialog#exportDialog QPushButton#exportWrite:focus {
  border: 2px solid @text; padding: 4px 11px;
}
QDialog#exportDialog QPushButton#exportWrite:disabled {
  background: @panel; color: @dim; border-color: @line;
}
QDialog#exportDialog QPushButton#exportTogglePreview:checked {
  background: @selection; border-color: @accent;
}
QLabel[role="heading"] { color: @text; font-weight: 600; padding: 6px 0 4px 0; }
QLabel#exportSubject { font-weight: 600; }
QLabel#exportLeftOut { padding: 0 0 10px 0; }
QLabel#exportNotice {
  color: @text; background: @mark; border-left: 4px solid @medium; padding: 8px 12px;
}
QWidget#exportFoot { border-top: 1px solid @line; }
QSplitter#exportSplitter::handle { background: @line; }
"""


def sheet(colors: Colors) -> str:
    """The sheet with the colours of a theme put in for @names."""
    return filled(common_rules("exportDialog", "QTreeWidget#exportFindings") + _SHEET, colors)
