from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QTableView, QToolButton, QWidget

from spectr_desktop.report.line_diff import Row, RowKind, diff
from spectr_desktop.ui.diff_dialog import DiffDialog
from spectr_desktop.ui.diff_rows import shown_line
from spectr_desktop.ui.diff_view import DiffView
from spectr_desktop.ui.theme import Scheme, Theme
from tests.ui.driving import CONTROL, SHIFT, child, press, signal_future

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

_OLD = "\n".join(f"line {number}" for number in range(60))
_NEW = _OLD.replace("line 5\n", "line 5 is new\n").replace("line 40\n", "")


@pytest.fixture
def view(qtbot: QtBot, theme: Theme) -> DiffView:
    view = DiffView(theme)
    qtbot.addWidget(view)
    view.resize(600, 300)
    view.show()
    return view


def _table(view: QWidget) -> QTableView:
    return child(view, QTableView, "diffRows")


def _summary(view: QWidget) -> str:
    return child(view, QLabel, "diffSummary").text()


def _current(view: QWidget) -> str:
    index = _table(view).currentIndex()
    return str(index.data(Qt.ItemDataRole.AccessibleTextRole))


def test_it_begins_at_the_first_change(view: DiffView) -> None:
    view.show_diff(diff(_OLD, _NEW))
    assert _summary(view) == "Changes: 2. Lines removed (-): 2, added (+): 1."
    assert _current(view) == "Removed, line 6: line 5"


def test_keys_and_buttons_go_from_change_to_change(view: DiffView) -> None:
    view.show_diff(diff(_OLD, _NEW))
    table = _table(view)
    QTest.keyClick(table, Qt.Key.Key_F7)
    assert _current(view) == "Removed, line 41: line 40"
    QTest.keyClick(table, Qt.Key.Key_F7)
    assert _current(view) == "Removed, line 6: line 5"
    QTest.keyClick(table, Qt.Key.Key_F7, SHIFT)
    assert _current(view) == "Removed, line 41: line 40"
    press(child(view, QToolButton, "diffNext"))
    assert _current(view) == "Removed, line 6: line 5"
    QTest.keyClick(table, Qt.Key.Key_Down)
    assert _current(view) == "Added, line 6: line 5 is new"
    press(child(view, QToolButton, "diffPrevious"))
    assert _current(view) == "Removed, line 6: line 5"


def test_equal_texts_say_so(view: DiffView) -> None:
    view.show_diff(diff("a", "a"))
    assert _summary(view) == "No difference."
    assert not child(view, QToolButton, "diffNext").isEnabled()
    QTest.keyClick(_table(view), Qt.Key.Key_F7)


def test_rows_are_copied_with_their_signs(view: DiffView) -> None:
    view.show_diff(diff("a\nb", "a\nc\u202e"))
    table = _table(view)
    table.selectAll()
    QTest.keyClick(table, Qt.Key.Key_C, CONTROL)
    assert QGuiApplication.clipboard().text() == " a\n-b\n+c\u202e"


@pytest.mark.parametrize("scheme", [Scheme.LIGHT, Scheme.DARK])
def test_changed_lines_have_colours_of_their_own(
    view: DiffView, theme: Theme, scheme: Scheme
) -> None:
    theme.choose(scheme)
    view.show_diff(diff("a\nold\nb", "a\nnew\nb"))
    table = _table(view)
    table.clearSelection()
    image = table.viewport().grab().toImage()
    right = table.viewport().width() - 2
    middle = table.rowHeight(0) // 2
    ground = [image.pixelColor(right, row * table.rowHeight(0) + middle) for row in range(4)]
    assert ground[0] == ground[3] == QColor(theme.colors.panel)
    assert len({color.name() for color in ground}) == 3
    assert ground[1].red() > ground[1].green()
    assert ground[2].green() > ground[2].red()


def test_hidden_characters_and_tabs_are_seen_and_long_lines_are_cut() -> None:
    row = Row(RowKind.ADDED, 0, 1, "\ta\u202e = b", ((2, 3), (6, 7)))
    text, words = shown_line(row)
    assert text == "→   a⟦U+202E⟧ = b"
    assert [text[a:b] for a, b in words] == ["⟦U+202E⟧", "b"]
    text, words = shown_line(Row(RowKind.ADDED, 0, 1, "x" * 9000, ((8990, 9000),)))
    assert text == "x" * 4000 + "…"
    assert words == ()


async def test_large_texts_are_compared_beside_the_window(view: DiffView) -> None:
    old = "\n".join(f"uint value{number} = {number};" for number in range(20_000))
    shown = signal_future(view.shown)
    first = view.show_texts(old, old.replace("uint", "int"))
    await first
    await shown
    assert _summary(view) == "Changes: 1. Lines removed (-): 20,000, added (+): 20,000."
    assert _table(view).model().rowCount() == 40_000


async def test_the_last_of_two_questions_is_answered(view: DiffView) -> None:
    slow = view.show_texts(_OLD * 50, _NEW * 50)
    slow.send(None)  # it has asked its thread
    await view.show_texts("a", "b")
    assert _summary(view) == "Changes: 1. Lines removed (-): 1, added (+): 1."
    slow.close()


async def test_the_dialog_shows_and_closes_by_keyboard(qtbot: QtBot, theme: Theme) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.resize(800, 600)
    parent.show()
    dialog = DiffDialog(theme, "<b>Vault\u202e.sol</b>", parent)
    await dialog.show_texts("a", "b")
    assert child(dialog, QLabel, "diffTitle").text() == "<b>Vault⟦U+202E⟧.sol</b>"
    assert dialog.focusWidget() is _table(dialog)
    gone = signal_future(dialog.destroyed)
    QTest.keyClick(_table(dialog), Qt.Key.Key_Escape)
    await gone
