from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QPushButton, QWidget

from spectr_desktop.records.findings import Category, Finding, Texts
from spectr_desktop.records.grades import Anchor, Severity, State
from spectr_desktop.ui.code_excerpt import CodeExcerpt, excerpt, quoted
from spectr_desktop.ui.finding_pane import FindingPane
from spectr_desktop.ui.finding_words import evidence
from spectr_desktop.ui.theme import DARK, LIGHT, Colors, Scheme, Theme
from tests.ui.driving import CONTROL, child, press
from tests.ui.finding_samples import SOURCE, finding, place, sample
from tests.ui.test_report_pane import contrast

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Key = Qt.Key
SIGNALS = (
    "state_requested", "severity_requested", "note_changed", "texts_changed",
    "location_activated", "sighting_activated", "rechecked", "ask_requested",
    "draft_requested", "stop_requested", "link_requested",
)  # fmt: skip


@pytest.fixture
def pane(qtbot: QtBot, theme: Theme) -> FindingPane:
    pane = FindingPane(theme)
    qtbot.addWidget(pane)
    pane.resize(550, 700)
    with qtbot.waitActive(pane):
        pane.show()
        pane.activateWindow()
    return pane


def source_of(path: str) -> str | None:
    return SOURCE if path == "src/Vault.sol" else None


def told(pane: FindingPane) -> list[tuple[object, ...]]:
    out: list[tuple[object, ...]] = []
    for name in SIGNALS:
        getattr(pane, name).connect(lambda *a, name=name: out.append((name, *a)))
    return out


def text(pane: FindingPane, name: str) -> str:
    label = child(pane, QLabel, name)
    return label.text() if not label.isHidden() else ""


def links(pane: QWidget) -> list[QPushButton]:
    found = pane.findChildren(QPushButton, "linkButton")
    return [link for link in found if link.isVisibleTo(pane)]


def choose(box: QComboBox, row: int) -> None:
    """Choose with the keyboard, as a reader does with the box closed."""
    box.setFocus()
    QTest.keyClick(box, Key.Key_Home)
    for _ in range(row):
        QTest.keyClick(box, Key.Key_Down)


def test_the_empty_pane_says_what_will_stand_there(pane: FindingPane) -> None:
    assert (pane.objectName(), pane.accessibleName()) == ("findingPane", "Finding")
    assert child(pane, QLabel, "findingEmpty").isVisible()
    pane.show_finding(finding(1), source_of)
    assert not child(pane, QLabel, "findingEmpty").isVisible()
    pane.show_finding(None, source_of)
    assert child(pane, QLabel, "findingEmpty").isVisible()
    assert pane.key == ""


def test_a_finding_is_shown_whole(pane: FindingPane) -> None:
    seen = replace(
        finding(1).sightings[0], category=Category(scwe="SCWE-046", cwe=841), confidence="high"
    )
    pane.show_finding(finding(1, sightings=(seen,), note="mine"), source_of)
    assert text(pane, "findingKey") == "F1"
    assert text(pane, "findingTitle") == "Balance is cleared after the external call"
    assert text(pane, "findingBadge") == "code found"
    assert "SCWE-046, CWE-841" in text(pane, "findingFacts")
    assert "only recorded: high" in text(pane, "findingFacts")
    assert pane.header.severity.currentText() == "High, by impact and likelihood"
    assert pane.header.state.currentText() == "Open"
    shown = {n: v.toPlainText() for n, v in pane.words.views.items() if not v.isHidden()}
    assert shown["description"] == "withdraw sends ether before it clears the balance."
    assert "proof_of_concept" not in shown
    assert pane.note.toPlainText() == "mine"


def test_everything_has_a_name(pane: FindingPane) -> None:
    pane.show_finding(finding(1, recheck=True, edited=True), source_of)
    kinds = (QAbstractButton, QComboBox, QLineEdit)
    for widget in [found for kind in kinds for found in pane.findChildren(kind)]:
        if widget.isVisible():
            named = widget.accessibleName() or getattr(widget, "text", str)()
            assert named, widget.objectName()
            assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus, widget.objectName()


def test_the_code_stands_there_with_its_numbers_and_links(pane: FindingPane) -> None:
    pane.show_finding(finding(1), source_of)
    code = child(pane, CodeExcerpt, "placeCode")
    assert code.shown.first == 7
    assert code.shown.marked == (10, 15)
    assert code.toPlainText().splitlines()[0] == "    /* The caller's"
    first = code.document().firstBlock().next().layout().formats()
    assert first  # the comment goes on from above
    seen = told(pane)
    link, report = links(pane)
    assert link.text() == "Vault.withdraw · lines 10–15"
    link.setFocus()
    QTest.keyClick(link, Key.Key_Space)
    press(report)
    assert seen == [
        ("location_activated", "src/Vault.sol", 10, 15),
        ("sighting_activated", "20261124T101500-a1b2c3", "all:open", 40),
    ]


def test_a_comment_from_above_goes_on(pane: FindingPane) -> None:
    lines = excerpt(SOURCE, "src/Vault.sol", 11, 11)
    assert lines is not None
    assert (lines.first, lines.state > 0) == (8, True)
    assert excerpt(SOURCE, "a.sol", 99, 99) is None
    assert excerpt("", "a.sol", 1, 4) is not None
    long = excerpt("x\n" * 500, "a.sol", 2, 400)
    assert long is not None
    assert long.left_out > 0
    assert len(long.lines) < 80
    strange = quoted("a\u202eb\u2028c\r\n" + "y" * 9000)
    assert strange.lines[0] == "a⟦U+202E⟧b⟦U+2028⟧c"
    assert len(strange.lines[1]) < 600


def test_tab_goes_from_above_to_below(pane: FindingPane) -> None:
    pane.show_finding(finding(1), source_of)
    pane.show_finding(finding(2), source_of)
    pane.header.title.setFocus()
    heights: list[int] = []
    names: list[str] = []
    while "draftButton" not in names and len(names) < 30:
        at = pane.focusWidget()
        assert at is not None
        names.append(at.objectName())
        heights.append(at.mapTo(pane._page, at.rect().topLeft()).y())
        QTest.keyClick(at, Key.Key_Tab)
    assert heights == sorted(heights)
    for name in ("findingSeverity", "placeCode", "finding_description", "findingNote"):
        assert name in names
    assert names.count("linkButton") == 2


def test_letters_edit_and_go_to_the_note(pane: FindingPane) -> None:
    pane.show_finding(finding(1), source_of)
    pane.setFocus()
    QTest.keyClick(pane.focusWidget() or pane, Key.Key_N)
    assert pane.note.hasFocus()
    QTest.keyClicks(pane.note, "e")
    assert pane.note.toPlainText() == "e"
    pane.words.views["description"].setFocus()
    QTest.keyClick(pane.words.views["description"], Key.Key_E)
    assert pane.editor.title.hasFocus()


def test_the_quote_is_shown_if_it_differs(pane: FindingPane) -> None:
    pane.show_finding(finding(1), source_of)
    assert text(pane, "quoteWords") == ""
    odd = replace(place(Anchor.FUZZY), quote="balances[who] = 0;")
    pane.show_finding(replace(finding(1), locations=(odd,)), source_of)
    assert child(pane, CodeExcerpt, "placeQuote").toPlainText() == "balances[who] = 0;"
    assert "small differences" in text(pane, "placeWords")


@pytest.mark.parametrize(
    ("anchor", "words"),
    [
        (Anchor.MOVED, "the model said line 12"),
        (Anchor.SYMBOL_ONLY, "only the function was found"),
        (Anchor.UNVERIFIED, "was not found in the source"),
        (Anchor.MISSING_FILE, "is not among the files"),
    ],
)
def test_how_a_place_was_found_is_said(pane: FindingPane, anchor: Anchor, words: str) -> None:
    pane.show_finding(replace(finding(1), locations=(place(anchor),)), source_of)
    assert words in text(pane, "placeWords")
    assert text(pane, "findingBadge") in ("code found", "function found", "code not found")


def test_a_source_that_is_not_there_and_many_places(pane: FindingPane) -> None:
    pane.show_finding(finding(1, path="gone.sol"), source_of)
    assert "not open" in text(pane, "placeWords")
    pane.show_finding(replace(finding(2), locations=(place(),) * 9), source_of)
    assert text(pane, "morePlaces") == "And 3 more places."
    mine = Finding("F3", by_hand=True, texts=Texts(title="Mine"))
    pane.show_finding(mine, source_of)
    assert text(pane, "morePlaces") == "No place is named."
    assert text(pane, "findingBadge") == "by hand"
    assert "Written by the auditor" in text(pane, "findingFacts")
    assert links(pane) == []


def test_evidence_is_counted_and_nothing_more() -> None:
    seen = finding(1).sightings[0]
    other = replace(seen, run="2", cell="x")
    assert evidence(finding(1)) == "Seen in 1 run by 1 model; nothing else supports it."
    twice = finding(1, sightings=(seen, other))
    assert evidence(twice) == "Seen in 2 runs by 1 model; nothing else supports it."
    thrice = finding(1, sightings=(seen, other, replace(other, model="m", index=1)))
    assert evidence(thrice) == "Seen 3 times in 2 runs by 2 models; nothing else supports it."


def test_state_and_severity_are_chosen_by_keyboard(pane: FindingPane) -> None:
    pane.show_finding(finding(1), source_of)
    seen = told(pane)
    choose(pane.header.state, 1)
    assert seen[-1] == ("state_requested", "F1", State.CONFIRMED)
    choose(pane.header.severity, 1)
    assert seen[-1] == ("severity_requested", "F1", Severity.CRITICAL)
    own = finding(1, severity=Severity.CRITICAL, sightings=finding(1).sightings)
    pane.show_finding(replace(own, severity_origin="auditor"), source_of)
    assert pane.header.severity.currentText() == "Critical"
    assert pane.header.severity.itemText(0) == "High, by impact and likelihood"
    choose(pane.header.severity, 0)
    assert seen[-1] == ("severity_requested", "F1", None)


def test_what_has_changed_is_looked_at_again(pane: FindingPane) -> None:
    pane.show_finding(finding(1, stale=True), source_of)
    assert "Stale" in text(pane, "findingMarkWords")
    assert pane.header.recheck.isHidden()
    pane.show_finding(finding(1, stale=True, recheck=True), source_of)
    assert "Re-check" in text(pane, "findingMarkWords")
    seen = told(pane)
    press(pane.header.recheck)
    assert seen == [("rechecked", "F1")]


def test_a_note_is_never_given_to_another_finding(pane: FindingPane) -> None:
    pane.show_finding(finding(1, note="old"), source_of)
    seen = told(pane)
    pane.write_note()
    QTest.keyClicks(pane.note, "new ")
    pane.show_finding(finding(2, note="other"), source_of)
    assert seen == [("note_changed", "F1", "new old")]
    assert pane.note.toPlainText() == "other"
    pane.flush()
    assert len(seen) == 1


def test_a_note_is_told_when_the_focus_goes_and_when_it_is_hidden(pane: FindingPane) -> None:
    pane.show_finding(finding(1), source_of)
    seen = told(pane)
    pane.write_note()
    QTest.keyClicks(pane.note, "a")
    QTest.keyClick(pane.note, Key.Key_Tab)
    assert seen == [("note_changed", "F1", "a")]
    pane.note.setFocus()
    QTest.keyClicks(pane.note, "b")
    pane.hide()
    assert len(seen) == 2
    assert seen[-1][:2] == ("note_changed", "F1")


def test_a_note_that_is_being_written_is_not_overwritten(pane: FindingPane) -> None:
    pane.show_finding(finding(1, note="old"), source_of)
    pane.write_note()
    QTest.keyClicks(pane.note, "x")
    pane.show_finding(finding(1, note="old"), source_of)
    assert pane.note.toPlainText() == "xold"
    pane.header.state.setFocus()
    pane.show_finding(finding(1, note="undone"), source_of)
    assert pane.note.toPlainText() == "undone"


def test_the_same_finding_is_shown_in_place(pane: FindingPane) -> None:
    pane.resize(550, 300)
    pane.show_finding(finding(1), source_of)
    bar = pane._scroll.verticalScrollBar()
    bar.setMaximum(max(bar.maximum(), 200))
    bar.setValue(120)
    restarted: list[object] = []
    pane.words.views["description"].restarted.connect(lambda: restarted.append(1))
    pane.show_finding(finding(1, state=State.FIXED), source_of)
    assert bar.value() == 120
    assert restarted == []
    pane.show_finding(finding(2), source_of)
    assert bar.value() == 0


def test_texts_are_edited_and_saved(pane: FindingPane) -> None:
    pane.show_finding(finding(1), source_of)
    seen = told(pane)
    press(pane.edit_button)
    assert pane.editor.title.hasFocus()
    QTest.keyClicks(pane.editor.title, "!")
    pane.editor.edits["description"].setFocus()
    QTest.keyClick(pane.editor.edits["description"], Key.Key_Return, CONTROL)
    ((name, key, texts),) = seen
    assert (name, key) == ("texts_changed", "F1")
    assert texts.title == "Balance is cleared after the external call!"  # type: ignore[attr-defined]
    assert pane.editor.isHidden()
    assert not pane.words.isHidden()


def test_esc_gives_up_an_edit(pane: FindingPane) -> None:
    pane.show_finding(finding(1), source_of)
    seen = told(pane)
    pane.edit()
    QTest.keyClicks(pane.editor.title, "!")
    pane.show_finding(finding(1, stale=True), source_of)  # which disturbs nothing
    assert pane.editor.title.text().endswith("!")
    QTest.keyClick(pane.editor.title, Key.Key_Escape)
    assert pane.editor.isHidden()
    assert seen == []


def test_an_edit_waits_for_the_return_to_its_finding(pane: FindingPane) -> None:
    pane.show_finding(finding(1), source_of)
    pane.edit()
    QTest.keyClicks(pane.editor.title, "!")
    pane.show_finding(finding(2), source_of)
    assert pane.editor.isHidden()
    pane.show_finding(finding(1), source_of)
    assert not pane.editor.isHidden()
    assert pane.editor.title.text().endswith("!")


def test_the_models_original_is_read_and_restored(pane: FindingPane) -> None:
    edited = replace(finding(1), edited=True, texts=Texts(title="Mine", description="my words"))
    pane.show_finding(edited, source_of)
    view = pane.words.views["description"]
    assert view.toPlainText() == "my words"
    press(pane.original_button)
    assert view.toPlainText().startswith("withdraw sends")
    press(pane.original_button)
    seen = told(pane)
    pane.edit()
    press(pane.editor.original)
    press(pane.editor.save)
    assert seen == [("texts_changed", "F1", None)]


def test_a_question_is_asked_and_its_answer_stays_with_its_finding(pane: FindingPane) -> None:
    pane.show_finding(finding(1), source_of)
    area, seen = pane.follow_up_area, told(pane)
    assert not area.ask.isEnabled()
    area.question.setFocus()
    QTest.keyClicks(area.question, "How?")
    QTest.keyClick(area.question, Key.Key_Return)
    assert seen == [("ask_requested", "F1", "How?")]
    pane.start_answer("How?")
    pane.append_answer("Like *this*.")
    assert not area.stop.isHidden()
    assert not area.draft.isEnabled()
    pane.show_finding(finding(2), source_of)
    assert pane.follow_up.isHidden()
    assert "F1" in text(pane, "followUpWhy")
    press(area.stop)
    pane.finish_answer("Stopped.", "warning")
    assert area.stop.isHidden()
    assert text(pane, "followUpWhy") == ""
    pane.show_finding(finding(1), source_of)
    assert pane.follow_up.toPlainText() == "Like this."
    assert "Stopped." in text(pane, "followUpEnd")
    press(area.draft)
    assert seen[1:] == [("stop_requested",), ("draft_requested", "F1")]
    assert "Nothing is ever executed" in text(pane, "draftWarning")


def test_why_nothing_can_be_asked(pane: FindingPane) -> None:
    pane.show_finding(finding(1), source_of)
    pane.set_ask_enabled(False, "No model is chosen.")
    QTest.keyClicks(pane.follow_up_area.question, "How?")
    assert not pane.follow_up_area.ask.isEnabled()
    assert text(pane, "followUpWhy") == "No model is chosen."
    pane.show_finding(finding(2), source_of)
    assert pane.follow_up_area.question.text() == ""
    pane.show_finding(finding(1), source_of)
    assert pane.follow_up_area.question.text() == "How?"
    pane.set_ask_enabled(True)
    assert pane.follow_up_area.ask.isEnabled()


def test_hostile_texts_stay_text(pane: FindingPane) -> None:
    hostile = "\u202e<b onclick=x>\n<img src='file:///etc/passwd'>" + "W" * 100_000
    texts = Texts(title=hostile, description="```\nnever closed", recommendation=hostile)
    pane.show_finding(finding(1, texts=texts, note=hostile[:200]), source_of)
    title = child(pane, QLabel, "findingTitle")
    assert title.text().startswith("⟦U+202E⟧<b onclick=x> <img")
    assert title.textFormat() == Qt.TextFormat.PlainText
    assert len(title.text()) < 400
    assert pane._page.minimumSizeHint().width() <= 550
    assert pane.words.views["description"].toPlainText() == "never closed"
    assert "<img" in pane.words.views["recommendation"].toPlainText()
    assert pane.words.views["recommendation"].height() <= 6000
    pane.grab()


def test_all_samples_fit_a_narrow_pane(pane: FindingPane) -> None:
    pane.resize(360, 700)
    for each in sample():
        pane.show_finding(each, source_of)
        assert pane._page.minimumSizeHint().width() <= 360


@pytest.mark.parametrize(("scheme", "colors"), [(Scheme.LIGHT, LIGHT), (Scheme.DARK, DARK)])
def test_colours_can_be_told_from_the_ground(
    pane: FindingPane, theme: Theme, scheme: Scheme, colors: Colors
) -> None:
    pane.show_finding(finding(1), source_of)
    theme.choose(scheme)
    for ground in (colors.code, colors.mark):
        for name in ("text", "keyword", "type_name", "function", "comment", "string"):
            assert contrast(getattr(colors, name), ground) >= 4.5, (name, ground)
    for severity in Severity:
        assert contrast(getattr(colors, severity.value), colors.panel) >= 4.5
    assert contrast(colors.accent, colors.panel) >= 4.5
    assert colors.high in pane.header.severity.styleSheet()
    assert (
        colors.mark
        == child(pane, CodeExcerpt, "placeCode")
        .extraSelections()[0]
        .format.background()
        .color()
        .name()
    )  # type: ignore[attr-defined]
