"""The style sheet of the settings dialog, beside that of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop.ui.dialog_style import common_rules
from spectr_desktop.ui.theme import filled

if TYPE_CHECKING:
    from spectr_desktop.ui.theme import Colors

_SHEET = """
QListWidget#settingsPages {
  background: @background; border: none; border-right: 1px solid @line; padding: 8px 0;
}
QListWidget#settingsPages:focus { border-right: 1px solid @accent; }
QListWidget#settingsPages::item { padding: 8px 14px; min-height: 0; }
QListWidget#serverList { border-radius: 6px; padding: 2px; }
QListWidget#serverList:focus { border-color: @accent; }
QListWidget#serverList::item { padding: 5px 6px; min-height: 0; }
QDialog#settingsDialog QToolButton {
  background: transparent; color: @accent; border: 1px solid transparent; border-radius: 5px;
  padding: 4px 8px;
}
QDialog#settingsDialog QToolButton:hover { background: @code; }
QDialog#settingsDialog QToolButton:focus { border-color: @accent; }
QDialog#settingsDialog QToolButton:disabled { color: transparent; }
QLabel#settingsMessage { color: @critical; }
QLabel#settingsProblems {
  color: @text; background: @mark; border-left: 4px solid @medium; padding: 8px 12px;
}
QWidget#settingsFoot { border-top: 1px solid @line; }
"""


def sheet(colors: Colors) -> str:
    """The sheet with the colours of a theme put in for @names."""
    return filled(common_rules("settingsDialog", "QListWidget#serverList") + _SHEET, colors)
