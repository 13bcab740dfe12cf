"""The style sheet of the History tab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop.ui.theme import filled

if TYPE_CHECKING:
    from spectr_desktop.ui.theme import Theme

_SHEET = """
#historyView { background: @panel; border-top: 1px solid @line; }
#historySearch, #historyTitle, #historyProject, #historyModel, #historyOutcome {
  background: @panel; color: @text; border: 1px solid @line; border-radius: 6px;
}
#historySearch, #historyTitle {
  padding: 4px 8px; selection-background-color: @selection; selection-color: @text;
}
#historyTitle, #historySearch:focus, #historyProject:focus, #historyModel:focus,
#historyOutcome:focus { border-color: @accent; }
#historyProject, #historyModel, #historyOutcome { padding: 3px 2px 3px 7px; min-height: 18px; }
#historyProject::drop-down, #historyModel::drop-down, #historyOutcome::drop-down {
  border: none; width: 18px;
}
#historyProject::down-arrow, #historyModel::down-arrow, #historyOutcome::down-arrow {
  image: url("@icons/chevron.svg"); width: 10px; height: 10px;
}
#historyList { background: @panel; color: @text; border: none; outline: none; }
#historyProgress { background: @line; border: none; border-radius: 0; }
#historyProgress::chunk { background: @accent; }
#historyEmpty { color: @dim; background: @panel; }
#historyCount { color: @dim; border-top: 1px solid @line; padding: 6px 12px; }
#historyUndoBar { background: @code; border: none; border-top: 1px solid @line; }
#historyDeleted { color: @text; background: transparent; }
#historyMenuButton {
  background: @panel; color: @dim; border: 1px solid @panel; border-radius: 6px; padding: 4px 7px;
}
#historyMenuButton:hover { color: @text; background: @code; }
#historyMenuButton:focus { color: @text; border-color: @accent; }
#historyMenuButton::menu-indicator { image: none; }
"""


def sheet(theme: Theme) -> str:
    """The style sheet with the colours of the theme that is on."""
    return filled(_SHEET, theme.colors)
