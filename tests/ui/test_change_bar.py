from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QToolButton, QVBoxLayout
from PySide6.QtWidgets import QWidget as Widget

from spectr_desktop.ui.change_bar import CLOSED, ChangeBar
from spectr_desktop.ui.theme import Scheme, Theme
from tests.ui.driving import child, press, press_key

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

_ANSWERS = {"open": "Open", "difference": "Show the difference", "delete": "Delete"}


@pytest.fixture
def window(qtbot: QtBot) -> Widget:
    window = Widget()
    qtbot.addWidget(window)
    layout = QVBoxLayout(window)
    layout.addWidget(QLineEdit(window))
    window.resize(600, 200)
    return window


@pytest.fixture
def bar(window: Widget, theme: Theme) -> ChangeBar:
    bar = ChangeBar(theme, window)
    layout = window.layout()
    assert layout is not None
    layout.addWidget(bar)
    window.show()
    return bar


@pytest.fixture
def given() -> list[str]:
    return []


def _text(bar: ChangeBar) -> str:
    return "" if bar.isHidden() else child(bar, QLabel, "changeSentence").text()


def _buttons(bar: ChangeBar) -> list[QPushButton]:
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return bar.findChildren(QPushButton)


def _button(bar: ChangeBar, key: str) -> QPushButton:
    return child(bar, QPushButton, f"change_{key}")


def test_it_is_hidden_until_something_is_offered(bar: ChangeBar, given: list[str]) -> None:
    assert bar.isHidden()
    bar.show_offer("d", "Unsaved changes.", _ANSWERS, given.append)
    assert _text(bar) == "▲  Unsaved changes."
    assert bar.topic == "d"
    assert [button.text() for button in _buttons(bar)] == list(_ANSWERS.values())
    press(_button(bar, "open"))
    assert given == ["open"]
    assert bar.isHidden()
    assert bar.topic == ""


def test_offers_wait_for_one_another(bar: ChangeBar, given: list[str]) -> None:
    for topic in "abc":
        bar.show_offer(topic, f"Offer {topic}", {topic: topic}, given.append, kind="info")
    waiting = child(bar, QLabel, "changeCount")
    assert (_text(bar), waiting.text()) == ("●  Offer a", "2 more")
    bar.withdraw("b")
    assert waiting.text() == "1 more"
    press(_button(bar, "a"))
    assert (_text(bar), waiting.isHidden()) == ("●  Offer c", True)
    press(child(bar, QToolButton, "changeClose"))
    assert given == ["a", CLOSED]
    bar.withdraw("never there")
    assert bar.isHidden()


def test_a_topic_is_offered_once(bar: ChangeBar, given: list[str]) -> None:
    bar.show_offer("a", "Old", {"x": "X"}, given.append)
    bar.show_offer("b", "Other", {"x": "X"}, given.append)
    bar.show_offer("a", "New", {"y": "Y"}, given.append)
    assert _text(bar) == "▲  New"
    assert [button.objectName() for button in _buttons(bar)] == ["change_y"]
    press(_button(bar, "y"))
    assert _text(bar) == "▲  Other"


def test_an_answer_may_leave_the_offer(bar: ChangeBar, given: list[str]) -> None:
    bar.show_offer("d", "Changes.", _ANSWERS, given.append, stays=("difference",))
    press(_button(bar, "difference"))
    assert _text(bar) == "▲  Changes."
    press(_button(bar, "delete"))
    assert given == ["difference", "delete"]
    assert bar.isHidden()


def test_an_answer_may_offer_something_else(bar: ChangeBar, given: list[str]) -> None:
    def on_answer(_key: str) -> None:
        bar.show_offer("next", "And now?", {"x": "X"}, given.append)

    bar.show_offer("d", "Changes.", _ANSWERS, on_answer)
    press(_button(bar, "open"))
    assert _text(bar) == "▲  And now?"


def test_hostile_text_is_plain_and_visible(bar: ChangeBar, given: list[str]) -> None:
    bar.show_offer("d", "<b>a\u202e.sol</b> is gone.", _ANSWERS, given.append)
    label = child(bar, QLabel, "changeSentence")
    assert label.textFormat() is Qt.TextFormat.PlainText
    assert label.text() == "▲  <b>a⟦U+202E⟧.sol</b> is gone."


def test_the_keyboard_is_enough_and_nothing_takes_the_focus(
    window: Widget, bar: ChangeBar, given: list[str]
) -> None:
    edit = window.findChildren(QLineEdit)[0]
    edit.setFocus()
    bar.show_offer("d", "Changes.", _ANSWERS, given.append)
    bar.show_offer("e", "More.", _ANSWERS, given.append)
    assert window.focusWidget() is edit
    press_key(window, Qt.Key.Key_Tab)
    names = []
    for _ in range(4):
        focused = window.focusWidget()
        assert focused is not None
        names.append(focused.objectName())
        assert focused.accessibleName()
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    assert names == ["change_open", "change_difference", "change_delete", "changeClose"]
    _button(bar, "open").setFocus()
    press_key(window, Qt.Key.Key_Return)
    assert given == ["open"]
    assert _text(bar) == "▲  More."
    focused = window.focusWidget()
    assert focused is not None
    assert focused.objectName() == "change_open"
    # Another sentence of the same topic does not throw anybody out.
    _button(bar, "delete").setFocus()
    bar.show_offer("e", "Still more.", _ANSWERS, given.append)
    focused = window.focusWidget()
    assert focused is not None
    assert focused.objectName() == "change_delete"
    press_key(window, Qt.Key.Key_Escape)
    assert given == ["open", CLOSED]


def test_a_screen_reader_hears_what_a_button_is_for(bar: ChangeBar, given: list[str]) -> None:
    bar.show_offer("d", "Changes.", _ANSWERS, given.append)
    button = _button(bar, "open")
    assert button.accessibleName() == "Open"
    assert button.accessibleDescription() == "Warning: Changes."


def test_buttons_stand_below_one_another_where_it_is_narrow(
    window: Widget, bar: ChangeBar, given: list[str]
) -> None:
    bar.show_offer("d", "Changes.", _ANSWERS, given.append)
    window.resize(600, 300)
    tops = {button.y() for button in _buttons(bar)}
    assert len(tops) == 1
    window.resize(260, 300)
    assert window.width() == 260
    layout = bar.layout()
    assert layout is not None
    layout.activate()
    boxes = [button.geometry() for button in _buttons(bar)]
    assert len({box.y() for box in boxes}) == 3
    assert all(box.right() < bar.width() for box in boxes)


def test_its_colours_follow_the_theme(bar: ChangeBar, theme: Theme, given: list[str]) -> None:
    bar.show_offer("d", "Changes.", _ANSWERS, given.append)
    light = theme.colors.mark
    assert bar.grab().toImage().pixelColor(10, 3).name() == light
    theme.choose(Scheme.DARK)
    assert theme.colors.mark != light
    assert bar.grab().toImage().pixelColor(10, 3).name() == theme.colors.mark


def test_an_urgent_offer_stands_before_those_that_wait(bar: ChangeBar, given: list[str]) -> None:
    bar.show_offer("run:1", "A run was interrupted.", {"open": "Open"}, given.append)
    bar.show_offer("disk", "The run cannot be saved.", {}, given.append, urgent=True)
    assert _text(bar) == "▲  The run cannot be saved."
    assert _buttons(bar) == []
    bar.show_offer("disk", "Still not saved.", {"export": "Export"}, given.append, urgent=True)
    assert _text(bar) == "▲  Still not saved."
    bar.withdraw("disk")
    assert _text(bar) == "▲  A run was interrupted."
    assert given == []


def test_offers_of_one_kind_are_withdrawn_together(bar: ChangeBar, given: list[str]) -> None:
    for topic in ("run:1", "draft:1", "run:2"):
        bar.show_offer(topic, topic, {"open": "Open"}, given.append)
    bar.withdraw_all("run:")
    assert bar.topic == "draft:1"
    bar.withdraw_all("draft:")
    assert bar.isHidden()
    assert given == []


def test_who_answers_one_offer_twice_does_not_delete_the_next(
    bar: ChangeBar, given: list[str]
) -> None:
    bar.show_offer("run:1", "One.", _ANSWERS, given.append)
    bar.show_offer("run:2", "Two.", _ANSWERS, given.append)
    _button(bar, "delete").setFocus()
    press_key(bar.window(), Qt.Key.Key_Space)
    assert given == ["delete"]
    assert _text(bar) == "▲  Two."
    assert _button(bar, "open").hasFocus()


def test_a_sentence_needs_no_answers(bar: ChangeBar, given: list[str]) -> None:
    bar.show_offer("past", "The file is gone.", {}, given.append, kind="info")
    assert _text(bar).endswith("The file is gone.")
    assert _buttons(bar) == []
    press(child(bar, QToolButton, "changeClose"))
    assert bar.isHidden()
    assert given == [CLOSED]
