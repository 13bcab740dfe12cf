"""Reports without measure: written in bites, cut, and shown whole when the reader asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from benchmarks.corpus import report
from spectr_desktop.report.blocks import BlockSplitter
from spectr_desktop.ui import markdown_feed
from spectr_desktop.ui.markdown_lines import CUT_NOTE, REST_NOTE, SHOW_ALL, SHOW_MORE
from spectr_desktop.ui.theme import Scheme
from tests.ui.driving import click, other

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from spectr_desktop.report import blocks
    from spectr_desktop.ui.markdown_view import MarkdownView
    from spectr_desktop.ui.theme import Theme

_LONG_FENCE = "before\n\n```\n" + "".join(f"x = {n}\n" for n in range(12_000)) + "```\n\nafter\n"


def stream(view: MarkdownView, text: str, size: int) -> None:
    for at in range(0, len(text), size):
        view.append(text[at : at + size])
        view.render_now()
    view.finish()


@pytest.mark.parametrize("size", [700, 9000, 10**9])
def test_show_all_shows_the_whole_block(
    size: int, view: MarkdownView, theme: Theme, qtbot: QtBot
) -> None:
    stream(view, _LONG_FENCE, size)
    assert "x = 11999" not in view.toPlainText()
    assert view.toPlainText().endswith(f"{CUT_NOTE} {SHOW_ALL}\nafter")
    click(view, SHOW_ALL)
    assert view.busy
    expected = "before\n" + "".join(f"x = {n}\n" for n in range(12_000)) + "after"
    assert view.toPlainText() == expected
    assert not view.busy
    assert view.text() == _LONG_FENCE
    whole = other(qtbot, theme, _LONG_FENCE)
    whole.write_rest_now()
    click(whole, SHOW_ALL)
    assert view.toHtml() == whole.toHtml()


def test_show_all_is_reached_by_keyboard_and_written_in_portions(
    view: MarkdownView, qtbot: QtBot
) -> None:
    stream(view, _LONG_FENCE, 10**9)
    view.write_rest_now()
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Tab)
    assert view.textCursor().selectedText() == SHOW_ALL
    counts: list[int] = []
    view.document().contentsChange.connect(lambda _at, _gone, new: counts.append(new))
    QTest.keyClick(view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not view.busy)
    assert len(counts) > 8
    assert max(counts) < 70_000
    assert SHOW_ALL not in view.toPlainText()


def test_a_growing_block_offers_show_all_when_it_is_complete(view: MarkdownView) -> None:
    view.append(_LONG_FENCE[: _LONG_FENCE.index("```\n\nafter")])
    view.write_rest_now()
    assert view.toPlainText().endswith(CUT_NOTE)
    view.finish()
    assert view.toPlainText().endswith(f"{CUT_NOTE} {SHOW_ALL}")


def test_show_all_while_text_goes_on(view: MarkdownView, theme: Theme, qtbot: QtBot) -> None:
    view.append(_LONG_FENCE + "\n- a list that\n- is")
    view.write_rest_now()
    click(view, SHOW_ALL)
    view.append(" open\n")
    view.finish()
    assert "x = 11999\nafter\n•\ta list that\n•\tis open" in view.toPlainText()
    theme.choose(Scheme.DARK)
    assert "x = 11999\nafter\n•\ta list that\n•\tis open" in view.toPlainText()


def test_clear_stops_show_all(view: MarkdownView) -> None:
    stream(view, _LONG_FENCE, 10**9)
    view.write_rest_now()
    click(view, SHOW_ALL)
    view.clear()
    assert not view.busy
    assert view.toPlainText() == ""


def test_show_all_of_an_endless_line(view: MarkdownView) -> None:
    text = "word " * 60_000 + "the end\n\nafter\n"
    stream(view, text, 10**9)
    view.write_rest_now()
    click(view, SHOW_ALL)
    shown = view.toPlainText()
    assert shown.endswith("the end\nafter")
    assert shown.replace("\n", "") == text.replace("\n", "")
    block = view.document().begin()
    while block.isValid():
        assert block.length() <= 4001
        block = block.next()


def test_a_large_report_is_written_in_bites(view: MarkdownView, qtbot: QtBot) -> None:
    text = report(90_000)
    counts: list[int] = []
    view.document().contentsChange.connect(lambda _at, _gone, new: counts.append(new))
    view.set_markdown(text)
    assert view.busy
    first = view.document().characterCount()
    assert 2000 < first < 40_000
    assert view.verticalScrollBar().value() == 0
    view.verticalScrollBar().setValue(100)
    qtbot.waitUntil(lambda: not view.busy)
    assert view.verticalScrollBar().value() == 100
    assert view.document().characterCount() > 70_000
    assert max(counts) < 50_000


def test_a_large_report_streamed_equals_the_whole(
    view: MarkdownView, theme: Theme, qtbot: QtBot
) -> None:
    text = "[late] word\n\n" + report(60_000) + "\n\n[late]: https://example.org/late\n"
    stream(view, text, 3000)
    assert view.toHtml() == other(qtbot, theme, text).toHtml()


def test_a_theme_change_in_a_large_report_keeps_the_place(
    view: MarkdownView, theme: Theme, qtbot: QtBot
) -> None:
    view.set_markdown(report(90_000))
    view.write_rest_now()
    view.verticalScrollBar().setValue(3000)
    theme.choose(Scheme.DARK)
    qtbot.waitUntil(lambda: not view.busy)
    assert view.verticalScrollBar().value() == 3000
    assert view.viewport().updatesEnabled()


_STRESS = {
    "line": "word *x* " * 40_000,
    "quotes": "> " * 3000 + "deep\n",
    "lists": "".join("  " * (n % 60) + "- item\n" for n in range(3000)),
    "flat list": "- item with words\n" * 2500,
    "bullets": "-\n" * 5000,
    "columns": "|" + "a|" * 3000 + "\n|" + "-|" * 3000 + "\n" + ("|" + "b|" * 3000 + "\n") * 5,
    "sparse": "|" + "a|" * 30 + "\n|" + "-|" * 30 + "\n" + "|\n" * 3000,
    "fence": "```\n" + "x\n" * 60_000,
    "newlines": "a" + "\n" * 30_000 + "b\n",
    "stars": "*" * 40_000,
    "brackets": "[" * 17_000,
    "ticks": "`" * 40_000,
    "definitions": "".join(f"[r{n}]: https://e.org/{n}\n" for n in range(4000)) + "\n[r1]\n",
    "links": "[a](https://example.org/) " * 3000,
    "bidi": "\u05d0a" * 30_000,
    "hidden": "\u202e" * 20_000,
}


@pytest.mark.parametrize("name", _STRESS)
def test_what_one_turn_writes_is_bounded(name: str, view: MarkdownView) -> None:
    text = _STRESS[name]
    counts: list[int] = []
    view.document().contentsChange.connect(lambda _at, _gone, new: counts.append(new))
    for way in ("stream", "whole"):
        if way == "stream":
            stream(view, text, 5000)
        else:
            view.set_markdown(text)
        view.write_rest_now()
        assert view.text() == text
        assert max(counts, default=0) < 80_000
        lengths: list[int] = []
        block = view.document().begin()
        while block.isValid():
            lengths.append(block.length())
            block = block.next()
        assert max(lengths) <= 4001
        for frame in view.document().rootFrame().childFrames():
            assert frame.lastPosition() - frame.firstPosition() < 20_000
        counts.clear()


def test_a_piece_of_any_size_is_parsed_in_bites(
    monkeypatch: pytest.MonkeyPatch, view: MarkdownView
) -> None:
    sizes: list[int] = []
    feed = BlockSplitter.feed

    def counted(splitter: BlockSplitter, text: str) -> blocks.Update:
        sizes.append(len(text))
        return feed(splitter, text)

    monkeypatch.setattr(BlockSplitter, "feed", counted)
    view.append("some words\n\n" * 20_000)
    view.finish()
    view.write_rest_now()
    assert sum(sizes) == 240_000
    assert max(sizes) <= markdown_feed._BITE
    assert view.document().blockCount() == 20_000


def test_more_of_a_report_without_end(
    view: MarkdownView, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setattr(markdown_feed, "MOST_LINES", 400)
    view.set_markdown("".join(f"word {n}\n\n" for n in range(1000)))
    shown = view.toPlainText()
    assert shown.endswith(f"{REST_NOTE} {SHOW_MORE}")
    assert 400 < view.document().blockCount() < 800
    for _ in range(3):
        if SHOW_MORE in view.toPlainText():
            click(view, SHOW_MORE)
            qtbot.waitUntil(lambda: not view.busy)
    assert view.toPlainText() == "\n".join(f"word {n}" for n in range(1000))


def test_what_comes_behind_the_last_line_that_is_shown_waits(
    view: MarkdownView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markdown_feed, "MOST_LINES", 300)
    stream(view, "".join(f"word {n}\n\n" for n in range(900)), 50)
    assert view.toPlainText().endswith(f"{REST_NOTE} {SHOW_MORE}")
    assert view.text().endswith("word 899\n\n")
    assert not view.busy


def test_a_theme_change_keeps_the_end_that_is_short_only_at_last(
    view: MarkdownView, theme: Theme, qtbot: QtBot
) -> None:
    view.set_markdown(_LONG_FENCE)
    view.write_rest_now()
    view.scroll_to_end()
    end = view.verticalScrollBar().maximum()
    theme.choose(Scheme.DARK)
    qtbot.waitUntil(lambda: not view.busy)
    assert view.verticalScrollBar().value() == end
