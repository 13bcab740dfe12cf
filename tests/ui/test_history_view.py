from __future__ import annotations

import datetime
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QFrame,
    QLabel,
    QLineEdit,
    QProgressBar,
    QWidget,
)

from spectr_desktop.records.history import (
    FOLLOW_UP,
    GOING_ON,
    HIT_END,
    HIT_START,
    Facets,
    Page,
    RunRow,
    Wanted,
)
from spectr_desktop.records.run import Outcome
from spectr_desktop.ui import history_words
from spectr_desktop.ui.history_model import ROW, HistoryModel
from spectr_desktop.ui.history_view import HistoryView
from spectr_desktop.ui.theme import DARK, LIGHT, Scheme, Theme
from tests.ui.driving import CONTROL, child
from tests.ui.test_report_pane import contrast

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Key = Qt.Key
NOW = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)


def row(number: int, **changes: object) -> RunRow:
    made = RunRow(
        f"r{number}",
        f"Vault{number}.sol",
        project="/clients/Kunde & Söhne",
        created_at="2026-11-20T09:00:00Z",
        model="smollm2",
        outcome=Outcome.COMPLETE,
        severities={"high": 1},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def page(*numbers: int, total: int = 0) -> Page:
    return Page(tuple(row(n) for n in numbers), total or len(numbers))


@pytest.fixture
def shown(qtbot: QtBot, theme: Theme) -> HistoryView:
    view = HistoryView(theme)
    qtbot.addWidget(view)
    view.resize(310, 500)
    with qtbot.waitActive(view):
        view.show()
        view.activateWindow()
    view.show_page(Wanted(), page(1, 2, 3))
    view.list.go_to_first()
    return view


def told(view: HistoryView) -> list[tuple[object, ...]]:
    out: list[tuple[object, ...]] = []
    for name in (
        "search_requested", "more_requested", "open_requested", "rename_requested",
        "delete_requested", "undo_requested", "erase_requested", "erase_older_requested",
    ):  # fmt: skip
        getattr(view, name).connect(lambda *a, name=name: out.append((name, *a)))
    return out


def key(view: HistoryView, *keys: Qt.Key) -> None:
    for each in keys:
        QTest.keyClick(view.focusWidget() or view.list, each)


def text(view: QWidget, name: str) -> str:
    label = child(view, QLabel, name)
    return label.text() if label.isVisible() else ""


def ids(view: HistoryView) -> list[str]:
    return [each.id for each in view.model.rows]


def test_it_says_what_it_is(shown: HistoryView) -> None:
    assert (shown.objectName(), shown.accessibleName()) == ("historyView", "History")
    named = [
        widget
        for kind in (QLineEdit, QComboBox, QAbstractButton)
        for widget in shown.findChildren(kind)
        if widget.isVisible()
    ]
    assert len(named) >= 5
    for widget in (*named, shown.list):
        assert widget.accessibleName() or widget.parent() in named, widget
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus or widget.parent() in named
    assert text(shown, "historyCount") == "3 runs"


def test_keys_open_delete_and_bring_back(shown: HistoryView) -> None:
    seen = told(shown)
    key(shown, Key.Key_J, Key.Key_Return, Key.Key_K, Key.Key_Delete, Key.Key_U)
    assert seen == [("open_requested", "r2"), ("delete_requested", ["r1"]), ("undo_requested",)]
    QTest.keyClick(shown.list, Key.Key_A, CONTROL)
    key(shown, Key.Key_Delete)
    assert seen[-1] == ("delete_requested", ["r1", "r2", "r3"])
    QTest.keyClick(shown.list, Key.Key_U, CONTROL)
    assert len(seen) == 4


def test_a_double_click_opens(shown: HistoryView) -> None:
    seen = told(shown)
    at = shown.list.visualRect(shown.model.index(1)).center()
    view = shown.list.viewport()
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=at)  # else Qt sees drags from here on
    assert seen == [("open_requested", "r2")]


def test_a_title_is_written_in_place(shown: HistoryView, qtbot: QtBot) -> None:
    seen = told(shown)
    key(shown, Key.Key_F2)
    editor = child(shown, QLineEdit, "historyTitle")
    assert editor.text() == "Vault1.sol"
    assert editor.accessibleName()
    assert shown.list.editing
    shown.show_page(Wanted(), page(9))  # what comes meanwhile does not take the field away
    assert ids(shown) == ["r1", "r2", "r3"]
    QTest.keyClick(editor, Key.Key_Delete)
    QTest.keyClicks(editor, "Jue")
    with qtbot.waitSignal(shown.rename_requested):
        QTest.keyClick(editor, Key.Key_Return)
    assert seen == [("rename_requested", "r1", "Jue")]
    assert shown.model.rows[0].title == "Vault1.sol"  # until it is kept
    for end in (Key.Key_Escape, Key.Key_Return):  # given up, and nothing changed
        qtbot.waitUntil(lambda: not shown.list.editing)
        shown.list.rename_current()
        editors = [each for each in shown.findChildren(QLineEdit) if each.hasFocus()]
        QTest.keyClick(editors[0], end)
    qtbot.waitUntil(lambda: not shown.list.editing)
    assert len(seen) == 1


def test_words_are_searched_for_a_moment_after_they_are_typed(shown: HistoryView) -> None:
    seen = told(shown)
    key(shown, Key.Key_Slash)
    QTest.keyClicks(shown.focusWidget(), "ree")
    assert seen == []
    assert shown.filters.timer.isActive()
    shown.filters.timer.timeout.emit()
    assert seen == [("search_requested", Wanted("ree"))]
    shown.filters.tell_now()
    assert len(seen) == 1  # the same again is nothing new
    QTest.keyClicks(shown.focusWidget(), "n")
    key(shown, Key.Key_Down)
    assert seen[-1] == ("search_requested", Wanted("reen"))
    assert shown.list.hasFocus()
    key(shown, Key.Key_Slash, Key.Key_Escape)
    assert seen[-1] == ("search_requested", Wanted())


def test_filters_offer_what_there_is_and_keep_what_is_chosen(shown: HistoryView) -> None:
    seen = told(shown)
    facets = Facets(
        (("/clients/Kunde & Söhne", 2), ("/x/beta", 1)),
        (("smollm2", 3),),
        (("complete", 2), (GOING_ON, 1)),
    )
    shown.show_facets(facets)
    project = child(shown, QComboBox, "historyProject")
    outcome = child(shown, QComboBox, "historyOutcome")
    assert [project.itemText(n) for n in range(3)] == ["Project", "Kunde & Söhne  2", "beta  1"]
    assert [outcome.itemText(n) for n in range(1, 3)] == ["Complete  2", "Going on  1"]
    project.setCurrentIndex(2)
    outcome.setCurrentIndex(2)
    assert seen[-1] == ("search_requested", Wanted("", "/x/beta", "", GOING_ON))
    shown.show_facets(Facets())
    assert shown.filters.wanted == Wanted("", "/x/beta", "", GOING_ON)
    assert project.currentText() == "beta  0"
    assert shown.filters.narrows
    shown.filters.clear()
    assert seen[-1] == ("search_requested", Wanted())
    assert len(seen) == 3


def test_pages_are_fetched_when_they_are_needed(shown: HistoryView) -> None:
    seen = told(shown)
    shown.show_page(Wanted(), page(*range(30), total=45))
    shown.list.scrollToBottom()
    assert seen == [("more_requested", Wanted(), 30)]
    shown.list.scrollToBottom()
    assert len(seen) == 1  # asked for once
    shown.add_page(Wanted("old"), page(99, total=1), 30)  # not of what is shown
    shown.add_page(Wanted(), page(*range(29, 45), total=45), 30)  # one row is there already
    assert ids(shown) == [f"r{n}" for n in range(45)]
    assert text(shown, "historyCount") == "45 runs"
    assert not shown.model.canFetchMore(shown.model.index(-1))


def test_the_model_keeps_qts_rules(qtbot: QtBot) -> None:
    model = HistoryModel()
    mode = QAbstractItemModelTester.FailureReportingMode.Fatal
    tester = QAbstractItemModelTester(model, mode)
    model.show_page(page(1, 2, total=4))
    model.fetchMore(model.index(-1))
    model.add_page(page(3, 4, total=4), 2)
    model.add_page(page(5, total=5), 9)
    model.add_page(Page(), 4)
    assert model.rowCount() == 4
    changed: list[int] = []
    model.dataChanged.connect(lambda index, *_: changed.append(index.row()))
    rows = [row(1), row(2, title="new"), row(3), row(4)]
    model.show_page(Page(tuple(rows), 4))
    assert changed == [1]
    model.show_page(page(2))
    assert model.index(0).data(ROW).id == "r2"
    assert model.index(5).data() is None
    assert "Complete" in str(model.index(0).data(Qt.ItemDataRole.AccessibleTextRole))
    tester.deleteLater()


def test_place_and_selection_stay_while_runs_come(shown: HistoryView) -> None:
    shown.show_page(Wanted(), page(*range(20, 0, -1)))
    shown.list.go_to(9)
    shown.list.scrollToBottom()
    place = shown.list.verticalScrollBar().value()
    shown.show_page(Wanted(), page(*range(21, 0, -1)))
    assert shown.list.selected_runs() == ["r11"]
    assert shown.list.verticalScrollBar().value() == place
    shown.show_page(Wanted(), page(*(n for n in range(21, 0, -1) if n != 11)))
    assert shown.list.selected_runs() == ["r10"]  # what took its place
    shown.show_page(Wanted("x"), page(21, 20))
    assert shown.list.verticalScrollBar().value() == 0
    assert shown.list.selected_runs() == []


def test_empty_lists_say_why(shown: HistoryView) -> None:
    shown.show_page(Wanted(), Page())
    assert "No runs yet" in text(shown, "historyEmpty")
    assert text(shown, "historyCount") == ""
    shown.show_progress(0, 200)
    assert "being built" in text(shown, "historyEmpty")
    assert text(shown, "historyCount") == "0 runs, reading 0 of 200…"
    shown.show_progress(200, 200)
    shown.filters.words.setText("zzz")
    shown.filters.tell_now()
    shown.show_page(Wanted("zzz"), Page())
    assert "No run has what is searched for" in text(shown, "historyEmpty")


def test_the_bar_moves_nothing(shown: HistoryView) -> None:
    bar = child(shown, QProgressBar, "historyProgress")
    before = shown.list.geometry()
    shown.show_progress(3, 200)
    assert (bar.isVisible(), bar.value(), bar.maximum()) == (True, 3, 200)
    assert shown.list.mapTo(shown, shown.list.rect().topLeft()).y() >= 0
    assert shown.list.geometry() == before
    shown.show_progress(200, 200)
    assert not bar.isVisible()
    shown.show_progress(5, 20, erasing=True)
    assert text(shown, "historyCount") == "3 runs, erasing…"
    shown.show_progress(1, 3)
    assert not bar.isVisible()  # it would only flicker


def test_deleted_runs_can_be_brought_back(shown: HistoryView) -> None:
    seen = told(shown)
    assert child(shown, QFrame, "historyUndoBar").isHidden()
    shown.show_deleted(3)
    assert text(shown, "historyDeleted") == "3 runs deleted"
    QTest.mouseClick(child(shown, QAbstractButton, "historyUndoButton"), Qt.MouseButton.LeftButton)
    assert seen == [("undo_requested",)]
    shown.show_deleted(1)
    assert text(shown, "historyDeleted") == "1 run deleted"
    shown.show_deleted(0)
    assert text(shown, "historyDeleted") == ""


def test_the_menu_does_what_the_keys_do(shown: HistoryView) -> None:
    seen = told(shown)
    menu = shown.context_menu()
    actions = {each.objectName(): each for each in menu.findChildren(QAction) if each.objectName()}
    assert [actions[n].shortcut().toString() for n in ("open", "rename", "delete", "undo")] == [
        "Return", "F2", "Del", "U",
    ]  # fmt: skip
    assert actions["erase"].text() == "Erase client “Kunde && Söhne”…"
    assert not actions["undo"].isEnabled()
    for name in ("open", "delete", "erase"):
        actions[name].trigger()
    assert seen == [
        ("open_requested", "r1"),
        ("delete_requested", ["r1"]),
        ("erase_requested", "/clients/Kunde & Söhne"),
    ]
    actions["rename"].trigger()
    assert shown.list.editing
    menu.close()


def test_the_button_erases_what_is_old_or_a_client(shown: HistoryView) -> None:
    seen = told(shown)
    menu = child(shown, QAbstractButton, "historyMenuButton").menu()  # type: ignore[attr-defined]
    menu.aboutToShow.emit()
    client, older = menu.actions()
    client.trigger()
    older.trigger()
    assert seen == [("erase_requested", "/clients/Kunde & Söhne"), ("erase_older_requested",)]
    shown.show_page(Wanted(), Page((row(1, project=""),), 1))
    menu.aboutToShow.emit()
    assert not client.isEnabled()
    client.trigger()
    assert len(seen) == 2


@pytest.mark.parametrize("outcome", [*Outcome, None])
def test_only_complete_looks_finished(outcome: Outcome | None) -> None:
    facts = history_words.facts(row(1, outcome=outcome))
    finished = outcome is Outcome.COMPLETE
    assert ("✓" in facts) is finished
    assert ("Complete" in facts) is finished
    assert ("Complete" in history_words.spoken(row(1, outcome=outcome))) is finished


def test_rows_in_words() -> None:
    assert history_words.facts(row(1, severities={"high": 2, "": 1}, leads=1)) == (
        "✓ Complete · 3 findings, 1 lead"
    )
    assert history_words.facts(row(1, severities={})) == "✓ Complete · no findings"
    assert history_words.facts(row(1, severities={}, leads=2)) == "✓ Complete · 2 leads"
    assert history_words.facts(row(1, damaged_lines=2)).endswith("· file damaged")
    assert history_words.facts(row(1, kind=FOLLOW_UP)) == "✓ Complete · question"
    assert "earlier run" in history_words.facts(row(1, continues="r0"))
    assert history_words.engine(row(1)).endswith(" · smollm2 · Kunde & Söhne")
    assert history_words.hint(row(1)) == "Vault1.sol\n/clients/Kunde & Söhne\nr1"
    assert history_words.when(row(1, created_at="never"), NOW) == "date unknown"
    assert history_words.when(row(1, created_at="2025-03-20T09:00:00Z"), NOW) == "20 Mar 2025"
    assert history_words.when(row(1, created_at=NOW.isoformat()), NOW).startswith("today, ")
    assert history_words.when(row(1), NOW).startswith("20 Nov, ")
    snippet = f"…before {HIT_START}drain{HIT_END}  the\n\u202epool"
    assert history_words.snippet(row(1, snippet=snippet)) == [
        ("…before ", False),
        ("drain", True),
        (" the ⟦U+202E⟧pool", False),
    ]
    assert history_words.snippet(row(1)) == []


def test_hits_are_bold_and_hostile_rows_are_painted(shown: HistoryView) -> None:
    hostile = "\u202e<img src='file:///etc/passwd'>\n& &amp; " + "x" * 100_000
    hit = f"{'a ' * 80}{HIT_START}drain{HIT_END} the pool"
    rows = (
        row(1, title=hostile, model=hostile, snippet=hostile, project=hostile),
        row(2, snippet=hit),
        row(3, snippet=hit.replace(HIT_START, "").replace(HIT_END, "")),
    )
    shown.show_page(Wanted("drain"), Page(rows, 3))
    image = shown.list.viewport().grab().toImage()
    boxes = [shown.list.visualRect(shown.model.index(n)) for n in (1, 2)]
    assert image.copy(boxes[0].adjusted(0, 0, 0, -2)) != image.copy(boxes[1].adjusted(0, 0, 0, -2))
    assert len(history_words.title(rows[0])) <= 200
    assert "\n" not in history_words.title(rows[0])
    tip = shown.model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert "<img" not in tip
    assert "\u202e" not in tip
    menu = shown.context_menu()
    assert all(len(action.text()) < 100 for action in menu.actions())
    menu.close()


@pytest.mark.parametrize(("scheme", "colors"), [(Scheme.LIGHT, LIGHT), (Scheme.DARK, DARK)])
def test_colours_can_be_told_from_the_ground(
    shown: HistoryView, theme: Theme, scheme: Scheme, colors: type
) -> None:
    theme.choose(scheme)
    used = theme.colors
    assert used is colors
    for ink in (used.text, used.dim, used.critical, used.medium):
        assert contrast(ink, used.panel) >= 4.5
    assert contrast(used.text, used.code) >= 4.5
    shown.show_page(Wanted(), page(1, 2))
    assert shown.grab().toImage().pixelColor(4, 20).name() == used.panel
