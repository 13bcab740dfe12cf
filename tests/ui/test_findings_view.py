from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMenu, QWidget

from spectr_desktop.records.grades import Anchor, Severity, State
from spectr_desktop.ui.findings_model import FINDING, GROUP
from spectr_desktop.ui.findings_order import Apart
from spectr_desktop.ui.findings_view import FindingsView
from spectr_desktop.ui.theme import DARK, LIGHT, Scheme, Theme
from tests.ui.driving import CONTROL, SHIFT, child
from tests.ui.finding_samples import finding, place, sample
from tests.ui.test_report_pane import contrast

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Key = Qt.Key
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def shown(qtbot: QtBot, theme: Theme) -> FindingsView:
    view = FindingsView(theme)
    qtbot.addWidget(view)
    view.resize(300, 400)
    with qtbot.waitActive(view):
        view.show()
        view.activateWindow()
    view.set_findings(sample())
    view.list.setFocus()
    return view


def key(view: FindingsView, *keys: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
    for each in keys:
        QTest.keyClick(view.focusWidget() or view.list, each, modifiers)


def texts(view: QWidget, name: str) -> str:
    label = child(view, QLabel, name)
    return label.text() if label.isVisible() else ""


def told(view: FindingsView) -> list[tuple[object, ...]]:
    out: list[tuple[object, ...]] = []
    for name in (
        "selected", "shown", "state_requested", "merge_requested", "split_requested",
        "undo_requested", "redo_requested", "edit_requested", "note_requested",
        "copy_requested",
    ):  # fmt: skip
        getattr(view, name).connect(lambda *a, name=name: out.append((name, *a)))
    return out


def middle(view: FindingsView, name: str) -> QPoint:
    return view.list.visualRect(view.model.index_of(name)).center()


def test_it_says_what_it_is(shown: FindingsView) -> None:
    assert (shown.objectName(), shown.accessibleName()) == ("findingsView", "Findings")
    assert texts(shown, "findingsCount") == "5 findings, 2 leads"
    for widget in (shown.filter, shown.menu, shown.list):
        assert widget.accessibleName()
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_the_empty_list_says_what_will_come(shown: FindingsView) -> None:
    shown.clear()
    assert "No findings yet" in texts(shown, "findingsEmpty")
    assert texts(shown, "findingsCount") == ""
    shown.set_running(True)
    assert texts(shown, "findingsEmpty").startswith("Nothing found so far")
    shown.set_findings(sample())
    shown.filter.setText("nothing has this")
    shown.filter_now()
    assert "filter" in texts(shown, "findingsEmpty")
    merged = replace(finding(1), duplicate_of="F9")
    shown.set_findings([merged])
    assert "merged" in texts(shown, "findingsEmpty")


def test_keys_move_over_the_heads_of_groups(shown: FindingsView) -> None:
    seen = told(shown)
    key(shown, Key.Key_J, Key.Key_J, Key.Key_Down, Key.Key_K, Key.Key_Up)
    assert [each[1] for each in seen] == ["F2", "F3", "F2", "F1"]
    shown.select("F4")
    key(shown, Key.Key_J)
    assert shown.selected_keys() == ["F6"]
    key(shown, Key.Key_K)
    assert shown.selected_keys() == ["F4"]
    key(shown, Key.Key_Return)
    assert seen[-1] == ("shown", "F4")


def test_to_select_from_outside_tells_nobody(shown: FindingsView) -> None:
    seen = told(shown)
    assert shown.select("F3")
    assert not shown.select("F99")
    assert seen == []
    assert shown.selected_keys() == ["F3"]


def test_digits_set_the_states_in_their_order(shown: FindingsView) -> None:
    shown.select("F2")
    seen = told(shown)
    for number, _ in enumerate(State, 1):
        key(shown, Qt.Key(Key.Key_0 + number))
    assert seen == [("state_requested", ["F2"], state) for state in State]
    shown.list.clearSelection()
    key(shown, Key.Key_1)
    assert len(seen) == len(State)


def test_single_keys(shown: FindingsView) -> None:
    shown.select("F2")
    seen = told(shown)
    key(shown, Key.Key_E, Key.Key_N, Key.Key_U)
    key(shown, Key.Key_U, modifiers=SHIFT)
    key(shown, Key.Key_Z, modifiers=CONTROL | SHIFT)
    assert seen == [
        ("edit_requested", "F2"), ("note_requested", "F2"), ("undo_requested",),
        ("redo_requested",), ("redo_requested",),
    ]  # fmt: skip
    del seen[:]
    key(shown, Key.Key_C)
    key(shown, Key.Key_C, modifiers=SHIFT)
    assert seen == [("copy_requested", ["F2"], False), ("copy_requested", ["F2"], True)]
    key(shown, Key.Key_B, Key.Key_A)  # which search nothing
    assert shown.selected_keys() == ["F2"]


def test_keys_of_the_list_are_letters_in_the_filter(shown: FindingsView) -> None:
    shown.select("F2")
    seen = told(shown)
    key(shown, Key.Key_Slash)
    assert shown.filter.hasFocus()
    QTest.keyClicks(shown.filter, "n move")
    assert shown.filter.text() == "n move"
    assert seen == []
    key(shown, Key.Key_Escape)
    assert shown.list.hasFocus()
    assert texts(shown, "findingsCount") == "1 shown of 5 findings, 2 leads"
    key(shown, Key.Key_Slash)
    QTest.keyClicks(shown.filter, "nothing")
    key(shown, Key.Key_Escape)
    assert shown.list.hasFocus()
    assert shown.filter.text() == ""


def test_a_key_is_no_shortcut_of_the_window_while_the_list_has_the_focus(
    shown: FindingsView,
) -> None:
    fired: list[str] = []
    for keys in ("1", "Ctrl+Shift+Z"):
        action = QAction(shown)
        action.setShortcut(keys)
        action.triggered.connect(lambda _=False, keys=keys: fired.append(keys))
        shown.addAction(action)
    shown.select("F1")
    seen = told(shown)
    key(shown, Key.Key_1)
    key(shown, Key.Key_Z, modifiers=CONTROL | SHIFT)
    assert fired == []
    assert [each[0] for each in seen] == ["state_requested", "redo_requested"]


def test_several_are_merged_into_the_topmost(shown: FindingsView) -> None:
    shown.select("F2")
    key(shown, Key.Key_Down, Key.Key_Down, modifiers=SHIFT)
    assert shown.selected_keys() == ["F2", "F3", "F5"]
    seen = told(shown)
    key(shown, Key.Key_M)
    assert seen == [("merge_requested", ["F3", "F5"], "F2")]


@pytest.mark.qt_log_ignore("This plugin does not support grabbing the keyboard", extend=True)
def test_a_single_one_is_merged_into_one_that_is_chosen(shown: FindingsView) -> None:
    shown.select("F3")
    seen = told(shown)
    key(shown, Key.Key_M)
    menu = child(shown, QMenu, "mergeMenu")
    assert menu.isVisible()
    assert menu.actions()[1].text().startswith("F2  Anyone can")
    assert seen == []
    QTest.keyClick(menu, Key.Key_Return)
    assert seen == [("merge_requested", ["F3"], "F2")]


def test_a_merged_one_is_split_off(shown: FindingsView) -> None:
    findings = sample()
    findings[1] = replace(findings[1], duplicate_of="F1")
    shown.set_findings(findings)
    assert texts(shown, "findingsCount") == "4 findings, 2 leads · 1 merged"
    child(shown.menu.menu(), QAction, "show_merged").trigger()  # type: ignore[type-var]
    shown.select("F2")
    seen = told(shown)
    key(shown, Key.Key_S)
    assert seen == [("split_requested", "F2")]


def test_the_context_menu_has_all_actions_with_their_keys(shown: FindingsView) -> None:
    shown.select("F1")
    seen = told(shown)
    menu = shown.context_menu()
    keys = {a.objectName(): a.shortcut().toString() for a in menu.actions() if a.objectName()}
    assert keys == {
        "show": "Return", "state_open": "1", "state_confirmed": "2", "state_false_positive": "3",
        "state_acknowledged": "4", "state_fixed": "5", "state_partly_fixed": "6",
        "state_duplicate": "7", "state_wont_fix": "8", "edit": "E", "note": "N", "merge": "M",
        "split": "S", "copy_markdown": "C", "copy_rich": "Shift+C", "undo": "U", "redo": "Shift+U",
    }  # fmt: skip
    for action in menu.actions():
        if action.objectName() in ("show", "state_fixed", "edit", "redo"):
            action.trigger()
    assert seen == [
        ("shown", "F1"), ("state_requested", ["F1"], State.FIXED), ("edit_requested", "F1"),
        ("redo_requested",),
    ]  # fmt: skip
    menu.close()


def test_rows_do_not_move_while_findings_come(shown: FindingsView) -> None:
    shown.set_running(True)
    shown.select("F3")
    before = middle(shown, "F3")
    findings = sample()
    for number in range(8, 40):
        findings.append(finding(number, severity=Severity.CRITICAL, lead=number % 5 == 0))
        shown.set_findings(findings)
        assert middle(shown, "F3").y() == before.y()
        assert shown.selected_keys() == ["F3"]
    shown.set_running(False)
    assert shown.model.keys()[0] == "F8"
    assert shown.selected_keys() == ["F3"]


@pytest.mark.parametrize("height", [400, 900])
def test_a_lead_under_the_pointer_does_not_move(shown: FindingsView, height: int) -> None:
    shown.resize(300, height)
    shown.list.scrollToBottom()
    QTest.mouseMove(shown.list.viewport(), middle(shown, "F7"))
    before = middle(shown, "F7")
    findings = sample()
    for number in range(8, 12):
        findings.append(finding(number))
        shown.set_findings(findings)
        assert middle(shown, "F7").y() == before.y()
    QTest.mouseClick(shown.list.viewport(), Qt.MouseButton.LeftButton, pos=before)
    assert shown.selected_keys() == ["F7"]


def test_a_lead_that_is_found_stays_selected(shown: FindingsView) -> None:
    shown.select("F6")
    findings = sample()
    findings[5] = replace(findings[5], locations=(place(Anchor.EXACT),))
    shown.set_findings(findings)
    assert shown.selected_keys() == ["F6"]
    assert texts(shown, "findingsCount") == "6 findings, 1 lead"


def test_a_group_is_closed_by_a_click_and_stays_closed(shown: FindingsView) -> None:
    shown.resize(300, 900)
    head = shown.model.index(5, 0)
    assert head.data(GROUP) is Apart.LEADS
    assert shown.list.isExpanded(head)
    QTest.mouseClick(
        shown.list.viewport(), Qt.MouseButton.LeftButton, pos=shown.list.visualRect(head).center()
    )
    assert not shown.list.isExpanded(head)
    shown.set_findings([*sample(), finding(8)])
    shown.settle()
    assert not shown.list.isExpanded(shown.model.index(6, 0))
    shown.list.setCurrentIndex(shown.model.index(6, 0))
    key(shown, Key.Key_Return)
    assert shown.list.isExpanded(shown.model.index(6, 0))


def test_the_menu_sorts_groups_and_filters(shown: FindingsView) -> None:
    menu = shown.menu.menu()

    def tick(name: str) -> None:
        found = menu.findChild(QAction, name)
        assert found is not None, name
        found.trigger()

    tick("sort_key")
    assert shown.model.keys()[:5] == ["F1", "F2", "F3", "F4", "F5"]
    tick("group_severity")
    assert shown.model.flat_count == 0
    assert shown.list.isExpanded(shown.model.index(0, 0))
    tick("severity_high")
    assert shown.model.keys() == ["F3", "F5", "F4", "F6", "F7"]
    assert shown.menu.text() == "Some ▾"
    tick("severity_high")
    tick("state_open")
    assert "0 shown of" in texts(shown, "findingsCount")
    tick("state_open")
    assert shown.menu.text() == "All ▾"
    tick("sort_again")


def test_a_double_click_shows(shown: FindingsView) -> None:
    seen = told(shown)
    at = middle(shown, "F2")
    QTest.mouseClick(shown.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseDClick(shown.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseRelease(shown.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert seen == [("selected", "F2"), ("shown", "F2")]


def test_five_thousand_are_painted_only_where_they_are_seen(
    shown: FindingsView, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = [finding(n) for n in range(1, 5001)]
    shown.set_findings(findings)
    shown.list.grab()
    painted: list[object] = []
    painter = shown.list.itemDelegate()
    paint, size = type(painter).paint, type(painter).sizeHint
    sized: list[object] = []
    monkeypatch.setattr(
        type(painter), "paint", lambda s, p, o, i: painted.append(i.row()) or paint(s, p, o, i)
    )
    monkeypatch.setattr(type(painter), "sizeHint", lambda s, o, i: sized.append(1) or size(s, o, i))
    findings[4000] = replace(findings[4000], note="x")
    shown.set_findings([*findings, finding(5001)])
    shown.list.grab()
    assert len(painted) <= 12
    assert len(sized) <= 12


def test_hostile_titles_are_painted_and_chosen(shown: FindingsView) -> None:
    hostile = "\u202e<img src='file:///etc/passwd'>\n& &amp; " + "x" * 100_000
    shown.set_findings([finding(1, title=hostile), finding(2, title=hostile, severity=None)])
    shown.list.grab()
    shown.select("F1")
    menu = shown.merge_menu("F1")
    assert len(menu.actions()[1].text()) < 100
    assert "\n" not in menu.actions()[1].text()
    menu.close()


@pytest.mark.parametrize(("scheme", "colors"), [(Scheme.LIGHT, LIGHT), (Scheme.DARK, DARK)])
def test_colours_can_be_told_from_the_ground(
    shown: FindingsView, theme: Theme, scheme: Scheme, colors: type
) -> None:
    theme.choose(scheme)
    used = theme.colors
    for ground in (used.panel, used.background):
        assert contrast(used.text, ground) >= 4.5
        assert contrast(used.dim, ground) >= 4.5
    assert contrast(used.text, used.selection) >= 4.5
    for severity in Severity:
        assert contrast(getattr(used, severity.value), used.panel) >= 4.5
    shown.select("F1")
    image: QImage = shown.list.viewport().grab().toImage()
    inside = image.pixelColor(middle(shown, "F1").x(), 3).name()
    assert inside == used.selection
    assert shown.model.index_of("F1").data(FINDING).key == "F1"
