from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QWidget

from spectr_desktop.ui.actions import Actions

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from spectr_desktop.ui.theme import Theme


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    return window


def test_an_action_is_found_by_its_name_and_calls_its_slot(window: QWidget) -> None:
    calls: list[str] = []
    actions = Actions(window)
    action = actions.add("greet", "Greet", ["Ctrl+G", "F2"], lambda: calls.append("greet"))
    action.trigger()
    assert calls == ["greet"]
    assert actions["greet"] is action
    assert action.objectName() == "greet"
    assert action.shortcuts() == [QKeySequence("Ctrl+G"), QKeySequence("F2")]
    assert action.shortcutContext() is Qt.ShortcutContext.WindowShortcut
    assert action in window.actions()


def test_a_slot_gets_no_arguments_from_qt(window: QWidget) -> None:
    given: list[tuple[object, ...]] = []
    actions = Actions(window)
    actions.add("any", "Any", [], lambda *arguments: given.append(arguments)).trigger()
    assert given == [()]


def test_an_unknown_action_is_a_mistake(window: QWidget) -> None:
    with pytest.raises(KeyError):
        Actions(window)["nosuch"]


def test_the_theme_menu_shows_and_changes_the_theme(window: QWidget, theme: Theme) -> None:
    menu = Actions(window).theme_menu(theme, theme.choose)
    by_name = {action.objectName(): action for action in menu.actions()}
    assert list(by_name) == ["theme_system", "theme_light", "theme_dark"]
    assert [name for name, action in by_name.items() if action.isChecked()] == ["theme_light"]
    by_name["theme_dark"].trigger()
    assert theme.dark
    assert [name for name, action in by_name.items() if action.isChecked()] == ["theme_dark"]
