from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QTextCursor, QTextDocument, QTextTable
from PySide6.QtTest import QTest

from spectr_desktop.ui.copying import on_paper
from spectr_desktop.ui.reading_place import block_rect
from spectr_desktop.ui.report_pane import ReportPane
from spectr_desktop.ui.theme import DARK, LIGHT, Scheme, Theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QTextBlock
    from pytestqt.qtbot import QtBot

_TEXT = (
    "# [High] Vault\n\nA **bold** word\u00a0here.\n\n- one\n- two\n  ```sol\n  uint256 a;\n\n"
    "  \tb\u200b;\n  ```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\nlast = 1\n```\n"
)


@pytest.fixture
def pane(qtbot: QtBot, theme: Theme) -> Iterator[ReportPane]:
    pane = ReportPane(theme)
    qtbot.addWidget(pane)
    pane.resize(560, 500)
    with qtbot.waitActive(pane):
        pane.show()
        pane.activateWindow()
    yield pane
    QGuiApplication.clipboard().clear()


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def block(pane: ReportPane, text: str) -> QTextBlock:
    found = pane.view.document().find(text)
    assert not found.isNull()
    return found.block()


def middle(pane: ReportPane, text: str) -> QPoint:
    pane.view.document().size()
    height = block_rect(block(pane, text)).center().y() - pane.view.verticalScrollBar().value()
    return QPoint(60, round(height))


def select(pane: ReportPane, first: str, last: str) -> None:
    start, end = pane.view.document().find(first), pane.view.document().find(last)
    cursor = QTextCursor(pane.view.document())
    cursor.setPosition(start.selectionStart())
    cursor.setPosition(end.selectionEnd(), QTextCursor.MoveMode.KeepAnchor)
    pane.view.setTextCursor(cursor)


def choose(pane: ReportPane, name: str, place: QPoint | None = None) -> bool:
    menu = pane.copying.menu(place or QPoint(9, 9))
    action = next(a for a in menu.actions() if a.objectName() == name)
    action.trigger()
    enabled = action.isEnabled()
    menu.deleteLater()
    return enabled


def test_a_selection_is_copied_as_plain_and_as_rich_text(pane: ReportPane) -> None:
    pane.set_markdown(_TEXT)
    select(pane, "[High]", "here")
    pane.view.copy()
    assert clipboard() == "[High] Vault\nA bold word\u00a0here"
    html = QGuiApplication.clipboard().mimeData().html()
    assert "<h1" in html
    assert "bold" in html


def test_rich_text_is_for_white_paper_in_the_dark_theme_too(pane: ReportPane, theme: Theme) -> None:
    pane.set_markdown(_TEXT + f"\n`{DARK.text}`\n")
    theme.choose(Scheme.DARK)
    pane.view.selectAll()
    pane.view.copy()
    html = QGuiApplication.clipboard().mimeData().html()
    assert f"color:{LIGHT.text}" in html
    assert f"color:{DARK.text}" not in html
    assert DARK.text in html  # the model's own word


def test_only_tags_get_other_colours() -> None:
    html = f'<p style="color:{DARK.text}">{DARK.text}</p>'
    assert on_paper(html, DARK) == f'<p style="color:{LIGHT.text}">{DARK.text}</p>'
    assert on_paper(html, LIGHT) == html


def mime(pane: ReportPane) -> tuple[str, str]:
    found = pane.view.createMimeDataFromSelection()
    return found.text(), found.html()


def tables_in(html: str) -> list[list[list[str]]]:
    """The cells' texts of each table, as a program sees them that takes the HTML."""
    document = QTextDocument()
    document.setHtml(html)
    out: list[list[list[str]]] = []
    for frame in document.rootFrame().childFrames():
        assert isinstance(frame, QTextTable)
        texts = [
            [frame.cellAt(row, column).firstCursorPosition().block().text() for column in (0, 1)]
            for row in range(frame.rows())
        ]
        out.append(texts)
    return out


def rows(count: int) -> list[list[str]]:
    return [["\U0001f600 No", "Name"], *([str(n), f"x{n}"] for n in range(1, count))]


def table(count: int) -> str:
    lines = [f"| {a} | {b} |\n" for a, b in rows(count)]
    return "".join([lines[0], "|---|---|\n", *lines[1:]])


@pytest.mark.parametrize("scheme", [Scheme.LIGHT, Scheme.DARK])
@pytest.mark.parametrize("count", [2, 12, 13, 24, 25, 60])
def test_a_table_is_copied_as_one(
    count: int, scheme: Scheme, pane: ReportPane, theme: Theme
) -> None:
    theme.choose(scheme)
    pane.set_markdown(f"before \U0001f600\n\n{table(count)}\n{table(14)}\nafter\n\n- item\n")
    pane.view.selectAll()
    text, html = mime(pane)
    assert tables_in(html) == [rows(count), rows(14)]
    assert html.count("<table") == html.count("</table") == html.count("<thead") == 2
    assert "margin-top:-" not in html
    cells = ["\n".join(cell for row in rows(n) for cell in row) for n in (count, 14)]
    assert text == f"before \U0001f600\n{cells[0]}\n\n{cells[1]}\nafter\n•\titem"


def test_a_growing_table_is_copied_as_one(pane: ReportPane) -> None:
    pane.append_text("before\n\n")
    for line in table(30).splitlines(keepends=True):
        pane.append_text(line)
        pane.view.render_now()
    pane.view.selectAll()
    text, html = mime(pane)
    assert tables_in(html) == [rows(30)]
    assert "\n\n" not in text


def test_a_part_of_a_table_is_copied(pane: ReportPane) -> None:
    pane.set_markdown(f"before\n\n{table(30)}\nafter\n")
    select(pane, "x2", "x3")  # within what the document has as one table
    assert mime(pane)[0] == "x2\nx3"
    select(pane, "x13", "after")
    text, html = mime(pane)
    assert tables_in(html) == [rows(30)[12:]]
    assert "margin-top:-" not in html
    assert text.endswith("x28\n29\nx29\nafter")
    assert "\n\n" not in text


def test_a_table_of_many_rows_is_copied_as_its_markdown(pane: ReportPane) -> None:
    pane.set_markdown(f"before\n\n{table(40)}\n{table(3)}\nafter\n")
    select(pane, "x14", "x28")
    choose(pane, "copy_markdown")
    assert clipboard() == table(40)
    pane.view.selectAll()
    choose(pane, "copy_markdown")
    assert clipboard() == f"before\n\n{table(40)}\n{table(3)}\nafter\n"


def test_markdown_of_the_blocks_that_are_selected(pane: ReportPane) -> None:
    pane.set_markdown(_TEXT)
    select(pane, "old", "word")
    assert choose(pane, "copy_markdown")
    assert clipboard() == "A **bold** word\u00a0here.\n"
    select(pane, "bold", "two")
    choose(pane, "copy_markdown")
    assert clipboard().startswith("A **bold** word\u00a0here.\n\n- one\n- two\n  ```sol\n")
    assert clipboard().endswith("  ```\n")
    pane.view.selectAll()
    choose(pane, "copy_markdown")
    assert clipboard() == _TEXT


def test_markdown_of_a_stream_is_that_of_the_whole(pane: ReportPane) -> None:
    for piece in (_TEXT[n : n + 7] for n in range(0, len(_TEXT), 7)):
        pane.append_text(piece)
        pane.view.render_now()
    pane.view.selectAll()
    pane.copying.copy_markdown()
    assert clipboard() == _TEXT
    pane.finish()
    pane.copying.copy_markdown()
    assert clipboard() == _TEXT


def test_what_there_is_nothing_of_cannot_be_copied(pane: ReportPane) -> None:
    QGuiApplication.clipboard().setText("before")
    for name in ("copy", "copy_markdown", "copy_code", "copy_report", "copy_rich", "select_all"):
        assert not choose(pane, name)
    pane.copying.copy_markdown()
    pane.copying.copy_report()
    pane.copying.copy_rich()
    pane.copying.copy_code()
    assert clipboard() == "before"


def test_the_menu_copies_the_report_as_rich_text(pane: ReportPane) -> None:
    pane.set_markdown(_TEXT + "\n<script>alert(1)</script>\n")
    assert choose(pane, "copy_rich")
    data = QGuiApplication.clipboard().mimeData()
    assert data.text().startswith(_TEXT)
    assert "<strong>bold</strong>" in data.html()
    assert "<script" not in data.html()


def test_the_menu_copies_the_report_selects_all_and_finds(pane: ReportPane) -> None:
    pane.set_markdown(_TEXT)
    assert choose(pane, "copy_report")
    assert clipboard() == _TEXT
    choose(pane, "select_all")
    assert pane.view.textCursor().hasSelection()
    choose(pane, "find")
    assert pane.finder.isVisible()


@pytest.mark.parametrize("streamed", [True, False])
def test_the_button_over_a_code_block_copies_it_verbatim(streamed: bool, pane: ReportPane) -> None:
    if streamed:
        pane.append_text(_TEXT)
        pane.view.render_now()
    else:
        pane.set_markdown(_TEXT)
    button = pane.copying.button
    QTest.mouseMove(pane.view.viewport(), middle(pane, "here"))
    assert not button.isVisible()
    QTest.mouseMove(pane.view.viewport(), middle(pane, "uint256"))
    assert button.isVisible()
    assert button.accessibleName() == "Copy code"
    first, place = block_rect(block(pane, "uint256")), button.geometry()
    assert abs(place.top() - first.top()) < 12
    assert place.right() < pane.view.viewport().width() - 20
    told: list[str] = []
    pane.copying.told.connect(told.append)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert clipboard() == "uint256 a;\n\n\tb\u200b;"
    assert told == ["The code is copied"]
    assert button.text() == "Copied"
    assert button.geometry() == place
    QTest.mouseMove(pane.view.viewport(), middle(pane, "last"))
    assert button.text() == "Copy"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert clipboard() == "last = 1"
    QTest.mouseMove(pane.view.viewport(), middle(pane, "here"))
    assert not button.isVisible()


def test_the_word_copied_goes_away(pane: ReportPane, qtbot: QtBot) -> None:
    pane.set_markdown(_TEXT)
    QTest.mouseMove(pane.view.viewport(), middle(pane, "last"))
    pane.copying._copied_timer.setInterval(1)
    with qtbot.waitSignal(pane.copying._copied_timer.timeout):
        pane.copying.button.click()
    assert pane.copying.button.text() == "Copy"


def test_the_button_comes_to_the_caret_and_can_be_pressed_by_keys(pane: ReportPane) -> None:
    pane.set_markdown(_TEXT)
    pane.view.setFocus()
    cursor = QTextCursor(block(pane, "last"))
    pane.view.setTextCursor(cursor)
    assert pane.copying.button.isVisible()
    pane.copying.button.setFocus()
    QTest.keyClick(pane.copying.button, Qt.Key.Key_Space)
    assert clipboard() == "last = 1"
    pane.start("Next")
    assert not pane.copying.button.isVisible()


def test_the_menu_copies_the_code_below_the_pointer(pane: ReportPane) -> None:
    pane.set_markdown(_TEXT)
    assert choose(pane, "copy_code", middle(pane, "last"))
    assert clipboard() == "last = 1"
    assert not choose(pane, "copy_code", middle(pane, "here"))


def test_the_button_stays_in_sight_beside_long_code(pane: ReportPane) -> None:
    pane.set_markdown("# x\n\n```\n" + "line\n" * 200 + "```\n\nend\n" + "\nwords\n" * 90)
    bar = pane.view.verticalScrollBar()
    pane.view.document().size()
    bar.setValue(800)
    QTest.mouseMove(pane.view.viewport(), QPoint(60, 200))
    assert pane.copying.button.isVisible()
    assert 0 <= pane.copying.button.geometry().top() < 20
    bar.setValue(0)
    assert pane.copying.button.geometry().top() > 20
    pane.view.zoom(1)
    pane.view.zoom_now()
    assert not pane.copying.button.isVisible()
