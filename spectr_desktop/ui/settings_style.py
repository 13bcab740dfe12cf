"""The style sheet of the settings dialog, beside that of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop import paths
from spectr_desktop.ui.theme import DARK

if TYPE_CHECKING:
    from spectr_desktop.ui.theme import Colors

_SHEET = """
QDialog#settingsDialog { background: @panel; }
QDialog#settingsDialog QScrollArea, QDialog#settingsDialog QScrollArea > QWidget > QWidget {
  background: @panel; border: none;
}
QListWidget#settingsPages {
  background: @background; border: none; border-right: 1px solid @line; padding: 8px 0;
}
QListWidget#settingsPages:focus { border-right: 1px solid @accent; }
QListWidget#settingsPages::item { padding: 8px 14px; min-height: 0; }
QListWidget#serverList { border-radius: 6px; padding: 2px; }
QListWidget#serverList:focus { border-color: @accent; }
QListWidget#serverList::item { padding: 5px 6px; min-height: 0; }
QDialog#settingsDialog QLineEdit {
  background: @panel; color: @text; border: 1px solid @line; border-radius: 6px;
  padding: 4px 8px; min-height: 20px; placeholder-text-color: @dim;
  selection-background-color: @selection; selection-color: @text;
}
QDialog#settingsDialog QLineEdit:focus { border-color: @accent; }
QDialog#settingsDialog QLineEdit[fault="true"] { border-color: @critical; }
QDialog#settingsDialog QComboBox {
  background: @panel; color: @text; border: 1px solid @line; border-radius: 6px;
  padding: 4px 4px 4px 8px; min-height: 20px;
}
QDialog#settingsDialog QComboBox:focus { border-color: @accent; }
QDialog#settingsDialog QComboBox::drop-down { border: none; width: 26px; }
QDialog#settingsDialog QComboBox::down-arrow {
  image: url("@icons/chevron.svg"); width: 12px; height: 12px;
}
QDialog#settingsDialog QCheckBox {
  color: @text; padding: 3px; border: 1px solid transparent; border-radius: 4px; spacing: 8px;
}
QDialog#settingsDialog QCheckBox:focus { border-color: @accent; }
QDialog#settingsDialog QCheckBox::indicator, QListWidget#serverList::indicator {
  width: 14px; height: 14px; background: @panel; border: 1px solid @dim; border-radius: 3px;
}
QDialog#settingsDialog QCheckBox::indicator:checked, QListWidget#serverList::indicator:checked {
  background: @accent; border-color: @accent; image: url("@icons/check.svg");
}
QDialog#settingsDialog QToolButton {
  background: transparent; color: @accent; border: 1px solid transparent; border-radius: 5px;
  padding: 4px 8px;
}
QDialog#settingsDialog QToolButton:hover { background: @code; }
QDialog#settingsDialog QToolButton:focus { border-color: @accent; }
QDialog#settingsDialog QToolButton:disabled { color: transparent; }
QLabel[role="label"] { color: @text; font-weight: 600; }
QLabel[role="help"] { color: @dim; }
QLabel[role="fault"] { color: @critical; }
QLabel[role="said"] { color: @text; }
QLabel#settingsMessage { color: @critical; }
QLabel#settingsProblems {
  color: @text; background: @mark; border-left: 4px solid @medium; padding: 8px 12px;
}
QWidget#settingsFoot { border-top: 1px solid @line; }
"""


def sheet(colors: Colors) -> str:
    """The sheet with the colours of a theme put in for @names."""
    icons = paths.resources() / "icons" / ("dark" if colors is DARK else "light")
    text = _SHEET.replace("@icons", icons.as_posix())
    # The longest names first: @text_dim must not be read as @text.
    for name in sorted(type(colors).__slots__, key=len, reverse=True):
        text = text.replace(f"@{name}", getattr(colors, name))
    return text
