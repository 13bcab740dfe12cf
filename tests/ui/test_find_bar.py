from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QTextCursor, QTextDocument
from PySide6.QtTest import QTest

from benchmarks.corpus import report
from spectr_desktop.ui import find_bar
from spectr_desktop.ui.find_bar import FindArea, FindBar, Match, matches
from spectr_desktop.ui.report_pane import ReportPane
from spectr_desktop.ui.source_editor import SourceEditor
from spectr_desktop.ui.theme import DARK, LIGHT, Colors, Scheme, Theme
from tests.ui.test_report_pane import contrast

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

_TEXT = (
    "# Vault\n\nThe vault holds ether.\n\n- a Vault\n- `vault.sol`\n\n| vault |\n|---|\n| x |\n\n"
)


@pytest.fixture
def pane(qtbot: QtBot, theme: Theme) -> ReportPane:
    pane = ReportPane(theme)
    qtbot.addWidget(pane)
    pane.resize(560, 500)
    with qtbot.waitActive(pane):
        pane.show()
        pane.activateWindow()
    return pane


def marked(pane: ReportPane) -> list[str]:
    return [mark.cursor.selectedText() for mark in pane.view.extraSelections()]  # type: ignore[attr-defined]


def current(pane: ReportPane) -> list[int]:
    return [
        mark.cursor.selectionStart()  # type: ignore[attr-defined]
        for mark in pane.view.extraSelections()
        if mark.format.background().color() == QColor(LIGHT.accent)  # type: ignore[attr-defined]
    ]


def stream(pane: ReportPane, text: str) -> None:
    pane.append_text(text)
    pane.view.write_rest_now()


def look_for(pane: ReportPane, query: str) -> None:
    pane.finder.open()
    pane.finder.query.setText(query)


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("one two one", "one", [(0, 3), (8, 11)]),
        ("a.b acb", ".", [(1, 2)]),
        ("\U0001f600 x\U0001f600y x", "x", [(3, 4), (8, 9)]),
        ("a\nb ab", "ab", [(4, 6)]),
        ("no\u00a0break", "no break", [(0, 8)]),
        ("ÄRGER ärger", "ärger", [(0, 5), (6, 11)]),
    ],
)
def test_matches_are_found_at_the_documents_positions(
    text: str, query: str, found: list[tuple[int, int]], qtbot: QtBot
) -> None:
    document = QTextDocument()
    document.setPlainText(text)
    assert [*matches(document, query, 0, case=False)] == [Match(*pair) for pair in found]


def test_the_search_begins_where_it_is_told_and_heeds_the_case(qtbot: QtBot) -> None:
    document = QTextDocument()
    document.setPlainText("One one One one")
    assert [m.start for m in matches(document, "one", 4, case=False)] == [4, 8, 12]
    assert [m.start for m in matches(document, "One", 0, case=True)] == [0, 8]


def test_the_bar_is_hidden_until_it_is_opened(pane: ReportPane) -> None:
    stream(pane, _TEXT)
    assert pane.finder.isHidden()
    pane.finder.open()
    assert pane.finder.isVisible()
    assert pane.finder.query.hasFocus()
    assert pane.finder.count.text() == ""
    assert marked(pane) == []


def test_all_matches_are_marked_and_counted_and_one_is_the_current(pane: ReportPane) -> None:
    stream(pane, _TEXT)
    look_for(pane, "vault")
    assert marked(pane) == ["Vault", "vault", "Vault", "vault", "vault"]
    assert pane.finder.count.text() == "1 of 5"
    assert len(current(pane)) == 1
    QTest.keyClick(pane.finder.query, Qt.Key.Key_Return)
    assert pane.finder.count.text() == "2 of 5"
    QTest.keyClick(pane.finder.query, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(pane.finder.query, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert pane.finder.count.text() == "5 of 5"
    pane.finder.case.click()
    assert marked(pane) == ["vault"] * 3
    pane.finder.query.setText("nothing like it")
    assert pane.finder.count.text() == "No matches"
    assert marked(pane) == []
    pane.finder.step(1)
    assert pane.finder.count.text() == "No matches"


def test_marks_are_kept_and_new_matches_found_while_text_comes(pane: ReportPane) -> None:
    stream(pane, _TEXT)
    look_for(pane, "vault")
    at = current(pane)
    for piece in ("Another va", "ult, and", " one more vault"):
        stream(pane, piece)
        assert current(pane) == at
    assert pane.finder.count.text() == "1 of 7"
    assert marked(pane).count("vault") == 5
    stream(pane, "s\n\n# Vaults\n\nlast")
    pane.finish()
    assert pane.finder.count.text() == "1 of 8"
    assert current(pane) == at


def test_only_the_open_end_is_searched_again(
    pane: ReportPane, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream(pane, report(20_000) + "\n\nopen end")
    look_for(pane, "reentrancy")
    starts: list[int] = []
    searched = find_bar.matches

    def noted(document: QTextDocument, query: str, start: int, *, case: bool) -> object:
        starts.append(start)
        return searched(document, query, start, case=case)

    monkeypatch.setattr(find_bar, "matches", noted)
    for _ in range(5):
        stream(pane, " and reentrancy")
    assert len(starts) == 5
    assert min(starts) > pane.view.document().characterCount() - 500
    assert pane.finder._found == [*searched(pane.view.document(), "reentrancy", 0, case=False)]


def test_a_long_open_end_is_searched_now_and_then(pane: ReportPane, qtbot: QtBot) -> None:
    stream(pane, "```\n" + "a line of code\n" * 2000)
    look_for(pane, "marker")
    stream(pane, "the marker\n")
    stream(pane, "the marker\n")
    assert pane.finder.count.text() == "No matches"
    with qtbot.waitSignal(pane.finder._timer.timeout):
        pass
    assert pane.finder.count.text() == "2 found"


def test_the_reader_is_not_moved_by_new_text(pane: ReportPane) -> None:
    stream(pane, report(20_000))
    pane.view.document().size()
    bar = pane.view.verticalScrollBar()
    bar.setValue(bar.maximum() // 3)
    look_for(pane, "the")
    top = bar.value()
    for _ in range(8):
        stream(pane, "\n\nthe next paragraph")
    assert bar.value() == top
    assert pane.pill.isVisible()


def test_marks_are_bounded_and_follow_the_reader(pane: ReportPane) -> None:
    stream(pane, "e " * 15_000 + "\n\n" + report(30_000) + "\n\nunique word\n")
    pane.view.document().size()
    look_for(pane, "e")
    assert 0 < len(marked(pane)) <= find_bar.MOST_MARKS
    assert pane.finder.count.text().endswith("of 10,000+")
    pane.finder.query.setText("unique word")
    assert marked(pane) == ["unique word"]
    seen = pane.view.cursorRect(pane.view.document().find("unique"))
    assert pane.view.viewport().rect().contains(seen.center())
    pane.view.verticalScrollBar().setValue(0)
    assert marked(pane) == []


def test_a_theme_change_marks_again_in_its_own_colours(pane: ReportPane, theme: Theme) -> None:
    stream(pane, _TEXT)
    look_for(pane, "vault")
    theme.choose(Scheme.DARK)
    grounds = {
        mark.format.background().color().name()  # type: ignore[attr-defined]
        for mark in pane.view.extraSelections()
    }
    assert grounds == {DARK.found, DARK.accent}
    assert pane.finder.count.text() == "1 of 5"


def test_a_scrolled_document_is_written_anew_with_its_marks(pane: ReportPane, theme: Theme) -> None:
    stream(pane, report(20_000))
    look_for(pane, "the")
    bar = pane.view.verticalScrollBar()
    bar.setValue(bar.maximum())
    theme.choose(Scheme.DARK)
    pane.view.zoom(1)
    pane.view.zoom_now()
    pane.start("Next")
    assert marked(pane) == []


def test_closing_takes_the_marks_and_leaves_the_match_selected(pane: ReportPane) -> None:
    stream(pane, _TEXT)
    look_for(pane, "holds")
    pane.finder.close_bar()
    assert pane.finder.isHidden()
    assert pane.view.extraSelections() == []
    assert pane.view.textCursor().selectedText() == "holds"
    assert pane.view.hasFocus()
    pane.finder.close_bar()
    stream(pane, "holds")
    assert pane.view.extraSelections() == []


def test_a_selection_is_what_will_be_found(pane: ReportPane) -> None:
    stream(pane, _TEXT)
    cursor = pane.view.document().find("ether")
    pane.view.setTextCursor(cursor)
    pane.finder.open()
    assert pane.finder.query.text() == "ether"
    assert pane.finder.count.text() == "1 of 1"


def test_the_first_match_is_the_first_that_the_reader_sees(pane: ReportPane) -> None:
    stream(pane, _TEXT)
    pane.view.moveCursor(QTextCursor.MoveOperation.End)
    look_for(pane, "vault")
    assert pane.finder.count.text() == "1 of 5"
    pane.finder.close_bar()
    pane.view.moveCursor(QTextCursor.MoveOperation.Start)
    stream(pane, "word\n\n" * 100 + _TEXT + "word\n\n" * 100)
    pane.view.document().size()
    bar = pane.view.verticalScrollBar()
    bar.setValue(bar.maximum() // 3)
    look_for(pane, "vault")
    assert pane.finder.count.text() == "6 of 10"
    bar.setValue(0)
    pane.finder.query.setText("vaul")
    assert pane.finder.count.text() == "1 of 10"
    bar.setValue(bar.maximum())
    pane.finder.query.setText("vault")
    assert pane.finder.count.text() == "1 of 10"  # there is none below: from the beginning


def test_opened_again_it_stays_at_the_match(pane: ReportPane) -> None:
    stream(pane, _TEXT)
    look_for(pane, "vault")
    pane.finder.step(1)
    pane.finder.open()
    assert pane.finder.count.text() == "2 of 5"


def test_a_selection_that_is_found_is_the_first_even_if_others_are_seen(pane: ReportPane) -> None:
    stream(pane, "word, word, word\n\n" * 100)
    pane.view.document().size()
    pane.view.setTextCursor(pane.view.document().find("word", 600))
    before = pane.view.document().toPlainText()[:600].count("word")
    pane.view.verticalScrollBar().setValue(0)
    pane.finder.open()
    assert pane.finder.count.text() == f"{before + 1} of 300"


def test_next_opens_the_bar_and_goes_on_with_the_last_words(pane: ReportPane) -> None:
    stream(pane, _TEXT)
    pane.finder.step(1)
    assert pane.finder.query.hasFocus()
    pane.finder.query.setText("vault")
    pane.finder.close_bar()
    pane.finder.step(1)
    assert pane.finder.isVisible()
    assert pane.finder.count.text() == "2 of 5"


def test_new_text_of_another_run_is_searched_from_its_beginning(pane: ReportPane) -> None:
    stream(pane, _TEXT)
    look_for(pane, "vault")
    pane.start("Next")
    stream(pane, "one vault")
    assert marked(pane) == ["vault"]
    pane.set_markdown("vault, vault, vault")
    assert marked(pane) == ["vault"] * 3


def test_it_finds_in_the_source_too(qtbot: QtBot, theme: Theme) -> None:
    editor = SourceEditor(theme)
    bar = FindBar(editor, theme, editor.mark_found)
    area = FindArea(editor, bar)
    qtbot.addWidget(area)
    area.show()
    editor.setPlainText("contract Vault {\n" + "\n" * 300 + "Vault vault;\n}\n")
    editor.moveCursor(QTextCursor.MoveOperation.Start)
    bar.open()
    bar.query.setText("vault")
    assert bar.count.text() == "1 of 3"
    bar.step(1)
    assert editor.viewport().rect().contains(editor.cursorRect().center())
    assert editor.cursorForPosition(QPoint(0, 0)).blockNumber() > 200
    assert len(editor.extraSelections()) == 4  # the current line is marked too
    editor.textCursor().insertText("vault ")
    with qtbot.waitSignal(bar._timer.timeout):
        pass
    assert bar.count.text() == "2 of 4"
    bar.close_bar()
    assert len(editor.extraSelections()) == 1


def test_in_the_source_too_the_first_match_is_the_first_that_is_seen(
    qtbot: QtBot, theme: Theme
) -> None:
    editor = SourceEditor(theme)
    bar = FindBar(editor, theme, editor.mark_found)
    area = FindArea(editor, bar)
    qtbot.addWidget(area)
    area.resize(300, 200)
    area.show()
    editor.setPlainText("vault a;\n" * 200 + " " * 900 + "\n")
    editor.verticalScrollBar().setValue(50)
    editor.horizontalScrollBar().setValue(400)
    bar.open()
    bar.query.setText("vault")
    assert bar.count.text() == "51 of 200"
    bar.close_bar()
    editor.verticalScrollBar().setValue(120)
    editor.setTextCursor(
        editor.document().find("a;", QTextCursor(editor.document().findBlockByNumber(125)))
    )
    bar.open()
    assert bar.query.text() == "a;"
    assert bar.count.text() == "126 of 200"


@pytest.mark.parametrize("colors", [LIGHT, DARK])
def test_marks_can_be_read(colors: Colors) -> None:
    assert contrast(colors.text, colors.found) >= 4.5
    assert contrast(colors.on_accent, colors.accent) >= 4.5
