from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QListWidget

from benchmarks.corpus import report
from spectr_desktop.ui.report_pane import ReportPane
from spectr_desktop.ui.theme import Scheme, Theme

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

_TEXT = (
    "# Audit of Vault\n\nSome words.\n\n## [High] Balance is cleared late\n\n" + "text " * 300
    + "\n\n### H-02 Critical: Anyone can mint\n\n" + "text " * 300 + "\n\n## Summary\n\nend\n"
)  # fmt: skip


@pytest.fixture
def pane(qtbot: QtBot, theme: Theme) -> ReportPane:
    pane = ReportPane(theme)
    qtbot.addWidget(pane)
    pane.resize(560, 400)
    with qtbot.waitActive(pane):
        pane.show()
        pane.activateWindow()
    return pane


def titles(pane: ReportPane) -> list[str]:
    return [pane.outline.list.item(row).text() for row in range(pane.outline.list.count())]


def spoken(pane: ReportPane) -> list[str]:
    role = Qt.ItemDataRole.AccessibleTextRole
    return [pane.outline.list.item(row).data(role) for row in range(pane.outline.list.count())]


def test_it_is_hidden_without_headings(pane: ReportPane) -> None:
    pane.append_text("just words\n\nmore\n\n")
    pane.view.render_now()
    assert pane.outline.isHidden()
    pane.outline.open()
    assert pane.outline.list.isHidden() or not pane.outline.list.isVisible()


def test_it_fills_while_the_report_comes(pane: ReportPane) -> None:
    seen: list[int] = []
    for line in _TEXT.splitlines(keepends=True):
        pane.append_text(line)
        pane.view.render_now()
        seen.append(pane.outline.list.count())
    pane.finish()
    assert seen == sorted(seen)
    assert {0, 1, 2, 3} <= set(seen)
    assert titles(pane) == [
        "Audit of Vault", "Balance is cleared late", "H-02 Anyone can mint", "Summary",
    ]  # fmt: skip
    assert spoken(pane)[1:3] == [
        "High: Balance is cleared late, level 2",
        "Critical: H-02 Anyone can mint, level 3",
    ]
    assert not pane.outline.isHidden()
    assert "4" in pane.outline.text()
    assert pane.outline.accessibleName() == "Outline, 4 headings"


def test_a_heading_in_a_list_and_one_of_a_severity_alone(pane: ReportPane) -> None:
    pane.set_markdown("- # [Low] in a list\n\n## High\n\ntext\n")
    assert spoken(pane) == ["Low: in a list, level 1", "High, level 2"]
    pane.outline.open()
    pane.outline.list.grab()


def test_text_without_a_heading_costs_the_outline_nothing(pane: ReportPane) -> None:
    pane.append_text("# One\n\nwords\n\n")
    pane.view.render_now()
    told: list[object] = []
    pane.view.headings_settled.connect(told.append)
    for _ in range(20):
        pane.append_text("more words\n\n")
        pane.view.render_now()
    assert told == []


def test_a_chosen_heading_is_shown_at_the_top(pane: ReportPane) -> None:
    pane.set_markdown(_TEXT)
    pane.outline.open()
    assert pane.outline.list.isVisible()
    assert pane.outline.list.objectName() == "reportOutline"
    QTest.keyClick(pane.outline.list, Qt.Key.Key_Down)
    QTest.keyClick(pane.outline.list, Qt.Key.Key_Down)
    QTest.keyClick(pane.outline.list, Qt.Key.Key_Return)
    assert not pane.outline.list.isVisible()
    assert pane.view.hasFocus()
    assert pane.view.textCursor().block().text() == "H-02 Critical: Anyone can mint"
    assert 0 <= pane.view.cursorRect().top() < 40


def test_a_jump_while_text_comes_is_not_undone(pane: ReportPane) -> None:
    pane.append_text(_TEXT)
    pane.view.render_now()
    pane.outline.heading_chosen.emit(0)
    pane.append_text("\n\nmore and more\n\n" * 9)
    pane.view.render_now()
    assert pane.view.verticalScrollBar().value() == 0


def test_escape_closes_the_list(pane: ReportPane) -> None:
    pane.set_markdown(_TEXT)
    QTest.mouseClick(pane.outline, Qt.MouseButton.LeftButton)
    assert pane.outline.list.isVisible()
    QTest.keyClick(pane.outline.list, Qt.Key.Key_Escape)
    assert not pane.outline.list.isVisible()
    assert pane.view.hasFocus()


def test_a_theme_change_and_a_new_run_leave_no_heading_twice(
    pane: ReportPane, theme: Theme
) -> None:
    pane.set_markdown(_TEXT)
    theme.choose(Scheme.DARK)
    assert len(titles(pane)) == 4
    pane.outline.open()
    pane.outline.list.grab()
    pane.view.setFocus()
    assert not pane.outline.list.isVisible()
    pane.start("Next")
    assert titles(pane) == []
    assert pane.outline.isHidden()


def test_a_report_of_headings_only_is_bounded(pane: ReportPane) -> None:
    pane.set_markdown("# x\n" * 3000)
    pane.view.write_rest_now()
    assert pane.outline.list.count() == 2000
    pane.set_markdown(report(3000))
    assert isinstance(pane.findChild(QListWidget, "reportOutline"), QListWidget)
