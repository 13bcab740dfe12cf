from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QComboBox, QLabel, QPlainTextEdit, QPushButton, QTableView, QWidget

from spectr_desktop.audit import prompts
from spectr_desktop.store.own_prompts import OwnPrompts
from spectr_desktop.ui.diff_dialog import DiffDialog
from spectr_desktop.ui.settings_prompts import PromptsPage
from tests.ui.driving import child, press, signal_future

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from spectr_desktop.ui.theme import Theme

_UNUSED = {"quick": "", "ask": "", "draft": ""}


@pytest.fixture
def page(qtbot: QtBot, theme: Theme) -> PromptsPage:
    page = PromptsPage(theme)
    qtbot.addWidget(page)
    page.resize(600, 600)
    page.show()
    return page


def _user(page: PromptsPage) -> QPlainTextEdit:
    return child(page, QPlainTextEdit, "promptUser")


def _versions(page: PromptsPage) -> list[str]:
    combo = child(page, QComboBox, "promptVersion")
    return [combo.itemText(row) for row in range(combo.count())]


def _pick(page: PromptsPage, name: str, value: str) -> None:
    combo = child(page, QComboBox, name)
    assert combo.findData(value) >= 0
    combo.setCurrentIndex(combo.findData(value))


def _problem(page: PromptsPage) -> str:
    label = child(page, QLabel, "promptProblem")
    return "" if label.isHidden() else label.text()


def test_at_first_the_shipped_ones_are_shown(page: PromptsPage) -> None:
    for name in prompts.NAMES:
        _pick(page, "promptName", name)
        assert _user(page).toPlainText() == prompts.prompt(name).user
        assert _versions(page) == ["Shipped, always the newest", "Shipped version 1"]
        assert not child(page, QPushButton, "promptDifference").isEnabled()
        assert not child(page, QPushButton, "promptShipped").isEnabled()
    assert page.accept()
    assert page.chosen == _UNUSED
    assert OwnPrompts().versions("quick") == []


def test_typing_makes_an_own_version_that_is_sent(page: PromptsPage) -> None:
    _user(page).setPlainText("Look: {{source}}")
    assert _versions(page)[-1] == "New own version, not yet saved"
    assert page.accept()
    assert page.chosen == {**_UNUSED, "quick": "own-1"}
    made = prompts.prompt("quick", "own-1")
    assert (made.user, made.system) == ("Look: {{source}}", prompts.prompt("quick").system)
    _user(page).setPlainText("Look again: {{source}}")
    assert page.accept()
    assert page.chosen["quick"] == "own-2"
    assert prompts.prompt("quick", "own-1").user == "Look: {{source}}"
    assert _versions(page)[2:] == ["Own version 1", "Own version 2"]


def test_looking_elsewhere_loses_nothing(page: PromptsPage) -> None:
    _user(page).setPlainText("Mine: {{source}}")
    _pick(page, "promptVersion", "1")
    assert _user(page).toPlainText() == prompts.prompt("quick").user
    _pick(page, "promptName", "ask")
    _pick(page, "promptName", "quick")
    _pick(page, "promptVersion", "new")
    assert _user(page).toPlainText() == "Mine: {{source}}"
    _pick(page, "promptVersion", "")
    assert page.accept()
    assert page.chosen == _UNUSED  # kept, and not sent
    assert prompts.prompt("quick", "own-1").user == "Mine: {{source}}"


def test_a_prompt_that_would_not_send_all_is_not_kept(page: PromptsPage) -> None:
    _user(page).setPlainText("No place for the source.")
    _pick(page, "promptName", "ask")
    assert not page.accept()
    assert "{{source}} is missing" in _problem(page)
    assert child(page, QComboBox, "promptName").currentData() == "quick"
    assert _user(page).toPlainText() == "No place for the source."
    assert page.focusWidget() is _user(page)
    _user(page).setPlainText("Here: {{source}}")
    assert _problem(page) == ""
    assert page.accept()
    assert page.chosen["quick"] == "own-1"


def test_the_way_back_to_the_shipped_one(page: PromptsPage) -> None:
    made = prompts.add_own("draft", "s", "{{source}}{{subject}}{{question}}")
    page.set_chosen({"draft": made, "unknown": "7"})
    _pick(page, "promptName", "draft")
    assert child(page, QComboBox, "promptVersion").currentText() == "Own version 1"
    press(child(page, QPushButton, "promptShipped"))
    assert _user(page).toPlainText() == prompts.prompt("draft").user
    assert page.accept()
    assert page.chosen == _UNUSED
    assert prompts.versions("draft") == ["1", "own-1"]


def test_a_version_that_is_gone_is_said_to_be_so(page: PromptsPage) -> None:
    page.set_chosen({"quick": "own-7"})
    assert child(page, QComboBox, "promptVersion").currentText() == "own-7 is not there"
    assert "not on this machine" in _problem(page)
    press(child(page, QPushButton, "promptShipped"))
    assert _problem(page) == ""
    assert page.accept()
    assert page.chosen == _UNUSED


def test_a_disk_that_takes_nothing_leaves_the_text(page: PromptsPage, home: Path) -> None:
    home.mkdir()
    (home / "prompts").write_text("a file where the folder should be")
    _user(page).setPlainText("Here: {{source}}")
    assert not page.accept()
    assert "cannot be kept" in _problem(page)
    assert _user(page).toPlainText() == "Here: {{source}}"


async def test_the_difference_to_the_shipped_one(page: PromptsPage) -> None:
    shipped = prompts.prompt("quick")
    _user(page).setPlainText(shipped.user + "\nMore.")
    press(child(page, QPushButton, "promptDifference"))
    (dialog,) = page.findChildren(DiffDialog)
    assert dialog.isVisible()
    rows = child(dialog, QTableView, "diffRows").model()
    assert rows.index(rows.rowCount() - 1, 0).data() == "More."
    gone = signal_future(dialog.destroyed)
    dialog.reject()
    await gone


def test_everything_has_a_name_for_those_who_do_not_see_it(page: PromptsPage) -> None:
    for kind in (QComboBox, QPlainTextEdit, QPushButton):
        for widget in page.findChildren(kind):
            assert isinstance(widget, QWidget)
            assert widget.objectName()
            assert widget.accessibleName()
