from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from spectr_desktop.ui.finding_copying import FindingCopying
from spectr_desktop.ui.findings_view import FindingsView
from tests.ui.driving import SHIFT
from tests.ui.finding_samples import finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from spectr_desktop.ui.theme import Theme

HOSTILE = "Balance <img src=x> & [call](javascript:alert(1))"


@pytest.fixture
def shown(qtbot: QtBot, theme: Theme) -> Iterator[tuple[FindingsView, list[str]]]:
    view, told, owner = FindingsView(theme), [], QObject()
    qtbot.addWidget(view)
    copying = FindingCopying(view, owner)
    copying.told.connect(told.append)
    with qtbot.waitActive(view):
        view.show()
        view.activateWindow()
    found = [finding(1, title=HOSTILE), finding(2, title="Oracle"), finding(3, lead=True)]
    view.set_findings(found)
    view.list.setFocus()
    yield view, told
    QGuiApplication.clipboard().clear()


def test_a_finding_is_copied_as_markdown(shown: tuple[FindingsView, list[str]]) -> None:
    view, told = shown
    view.select("F2")
    QTest.keyClick(view.list, Qt.Key.Key_C)
    data = QGuiApplication.clipboard().mimeData()
    assert data.text().startswith("### F2 Oracle\n\n-   **Severity:** High")
    assert "`src/Vault.sol:" in data.text()
    assert not data.hasHtml()
    assert told == ["F2 is copied"]


def test_as_rich_text_it_has_both_and_hostile_words_stay_text(
    shown: tuple[FindingsView, list[str]],
) -> None:
    view, _ = shown
    view.select("F1")
    QTest.keyClick(view.list, Qt.Key.Key_C, SHIFT)
    data = QGuiApplication.clipboard().mimeData()
    assert data.text().startswith("### F1 Balance")
    assert "<strong>Severity:</strong>" in data.html()
    assert "<pre" in data.html()
    for harm in ("<img", 'href="javascript'):
        assert harm not in data.html()


def test_several_are_copied_in_the_order_of_the_list(
    shown: tuple[FindingsView, list[str]],
) -> None:
    view, told = shown
    view.list.selectAll()
    assert view.selected_keys() == ["F1", "F2", "F3"]
    QTest.keyClick(view.list, Qt.Key.Key_C)
    text = QGuiApplication.clipboard().text()
    assert [line[:6] for line in text.split("\n") if line.startswith("### ")] == [
        "### F1",
        "### F2",
        "### F3",
    ]
    assert told == ["3 findings are copied"]
    assert text.count("**Code found:**") == 1  # a lead says that it is one


def test_nothing_selected_copies_nothing(shown: tuple[FindingsView, list[str]]) -> None:
    view, told = shown
    QGuiApplication.clipboard().setText("before")
    view.list.clearSelection()
    QTest.keyClick(view.list, Qt.Key.Key_C)
    assert (QGuiApplication.clipboard().text(), told) == ("before", [])
