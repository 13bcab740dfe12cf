"""The style of fields and words that the larger dialogs have in common."""

from __future__ import annotations

_RULES = """
QDialog#@dialog { background: @panel; }
QDialog#@dialog QScrollArea, QDialog#@dialog QScrollArea > QWidget > QWidget {
  background: @panel; border: none;
}
QDialog#@dialog QLineEdit {
  background: @panel; color: @text; border: 1px solid @line; border-radius: 6px;
  padding: 4px 8px; min-height: 20px; placeholder-text-color: @dim;
  selection-background-color: @selection; selection-color: @text;
}
QDialog#@dialog QLineEdit:focus { border-color: @accent; }
QDialog#@dialog QLineEdit[fault="true"] { border-color: @critical; }
QDialog#@dialog QComboBox {
  background: @panel; color: @text; border: 1px solid @line; border-radius: 6px;
  padding: 4px 4px 4px 8px; min-height: 20px;
}
QDialog#@dialog QComboBox:focus { border-color: @accent; }
QDialog#@dialog QComboBox::drop-down { border: none; width: 26px; }
QDialog#@dialog QComboBox::down-arrow {
  image: url("@icons/chevron.svg"); width: 12px; height: 12px;
}
QDialog#@dialog QCheckBox {
  color: @text; padding: 3px; border: 1px solid transparent; border-radius: 4px; spacing: 8px;
}
QDialog#@dialog QCheckBox:focus { border-color: @accent; }
QDialog#@dialog QCheckBox::indicator, @list::indicator {
  width: 14px; height: 14px; background: @panel; border: 1px solid @dim; border-radius: 3px;
}
QDialog#@dialog QCheckBox::indicator:checked, @list::indicator:checked {
  background: @accent; border-color: @accent; image: url("@icons/check.svg");
}
QLabel[role="label"] { color: @text; font-weight: 600; }
QLabel[role="help"] { color: @dim; }
QLabel[role="fault"] { color: @critical; }
QLabel[role="said"] { color: @text; }
"""


def common_rules(dialog: str, checked_list: str) -> str:
    """The rules for one dialog, with the @names of colours in them.

    Args:
        dialog: its objectName.
        checked_list: the selector of its list that has check boxes.
    """
    return _RULES.replace("@dialog", dialog).replace("@list", checked_list)
