"""Hostile text in the report: nothing is loaded, nothing is hidden, nothing stops the window."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QColor, QImage, QTextCursor, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from benchmarks.corpus import report
from spectr_desktop.report import block_limits, blocks
from spectr_desktop.report.blocks import BlockSplitter, parse_document
from spectr_desktop.ui import dialogs, markdown_feed
from spectr_desktop.ui.markdown_lines import CUT_NOTE, SHOW_ALL, visible
from spectr_desktop.ui.markdown_view import MarkdownView
from spectr_desktop.ui.theme import Scheme
from tests.ui.driving import answer, idle, opened

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from spectr_desktop.ui.main_window import MainWindow
    from spectr_desktop.ui.theme import Theme

_LONG_FENCE = "before\n\n```\n" + "".join(f"x = {n}\n" for n in range(12_000)) + "```\n\nafter\n"


class Spy(MarkdownView):
    """Notes every resource that the document asks for."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.asked: list[str] = []

    def loadResource(self, _kind: int, name: QUrl | str) -> QImage:
        self.asked.append(str(name))
        return super().loadResource(_kind, name)


@pytest.fixture
def view(qtbot: QtBot, theme: Theme) -> Spy:
    view = Spy(theme)
    qtbot.addWidget(view)
    view.resize(560, 400)
    view.show()
    return view


def other(qtbot: QtBot, theme: Theme, text: str) -> MarkdownView:
    view = MarkdownView(theme)
    qtbot.addWidget(view)
    view.resize(560, 400)
    view.set_markdown(text)
    return view


def stream(view: MarkdownView, text: str, size: int) -> None:
    for at in range(0, len(text), size):
        view.append(text[at : at + size])
        view.render_now()
    view.finish()


def formats(view: MarkdownView) -> list[tuple[str, bool]]:
    """Link target and whether it is an image, of every fragment of the document."""
    found: list[tuple[str, bool]] = []
    block = view.document().begin()
    while block.isValid():
        found += [
            (s.format.anchorHref(), s.format.isImageFormat() or "\ufffc" in block.text())
            for s in block.textFormats()
        ]
        block = block.next()
    return found


def hrefs(view: MarkdownView) -> set[str]:
    return {href for href, _ in formats(view)} - {""}


def click(view: MarkdownView, text: str) -> None:
    cursor: QTextCursor = view.document().find(text)
    assert not cursor.isNull()
    view.setTextCursor(cursor)
    view.ensureCursorVisible()
    cursor.setPosition(cursor.selectionStart() + 2)
    QTest.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, pos=view.cursorRect(cursor).center()
    )


_HTML = (
    "<script>alert(1)</script>",
    '<iframe src="file:///etc/passwd"></iframe>',
    '<img src=x onerror="alert(1)">',
    "<style>* { color: red }</style>",
    "<details><summary>a</summary>b</details>",
    '<a href="javascript:x">link</a>',
    "<!-- comment -->",
    "<meta http-equiv=refresh content=0>",
)


@pytest.mark.parametrize("html", _HTML)
def test_raw_html_is_text(html: str, view: Spy) -> None:
    view.set_markdown(f"{html}\n\ntext {html}\n\n# {html}\n\n- {html}\n\n| {html} |\n|---|\n")
    view.grab()
    assert view.toPlainText().count(html) == 5
    assert hrefs(view) == set()
    assert view.asked == []


def _images(path: Path) -> list[str]:
    data = base64.b64encode(path.read_bytes()).decode()
    return [
        f"file://{path}",
        str(path),
        path.name,
        f"./{path.name}",
        f"data:image/png;base64,{data}",
        "http://127.0.0.1:9/a.png",
        "https://example.org/a.png",
        "//server/share/a.png",
        "\\\\server\\share\\a.png",
        "qrc:/icons/a.png",
        ":/icons/a.png",
    ]


def test_no_image_is_loaded_or_painted(
    view: Spy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    red = QImage(60, 60, QImage.Format.Format_RGB32)
    red.fill(QColor(255, 0, 0))
    path = tmp_path / "red.png"
    assert red.save(str(path))
    monkeypatch.chdir(tmp_path)
    added: list[object] = []
    monkeypatch.setattr(
        QTextDocument, "addResource", lambda _self, *arguments: added.append(arguments)
    )
    for source in _images(path):
        view.set_markdown(
            f"![alt]({source})\n\n![alt][r] [![alt]({source})](https://example.org)\n\n"
            f'| ![alt]({source}) |\n|---|\n| ![alt][r] |\n\n- ![alt]({source} "title")\n\n'
            f'<img src="{source}">\n\n[r]: {source}\n'
        )
        picture = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        colors = {
            picture.pixel(x, y) for x in range(picture.width()) for y in range(picture.height())
        }
        assert 0xFFFF0000 not in colors
        assert not any(image for _, image in formats(view))
        # Of a target that no Markdown may have the whole mark stays text.
        assert "[image: alt]" in view.toPlainText() or f"![alt]({source})" in view.toPlainText()
    assert view.asked == []
    assert added == []


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "mailto:a@example.org",
        "spectr:show-all/0",
        "http:/\\evil.example",
        "http:evil.example",
        "//evil.example",
        "vbscript:x",
        "#top",
    ],
)
def test_no_other_target_is_a_link(target: str, view: Spy, qtbot: QtBot) -> None:
    view.set_markdown(f"[text](<{target}>) <{target}>\n\n[r][r]\n\n[r]: <{target}>\n")
    assert hrefs(view) == set()
    with qtbot.assertNotEmitted(view.link_requested):
        view.anchorClicked.emit(QUrl(target))
    assert not view.busy


@pytest.mark.parametrize(
    ("target", "emitted"),
    [
        ("https://b\u00fccher.example/", "https://xn--bcher-kva.example/"),
        ("https://\u0430pple.com/", "https://xn--pple-43d.com/"),
        ("https://example.org/\u202egpj.exe", "https://example.org/%E2%80%AEgpj.exe"),
        ("https://good.example@evil.example/", "https://good.example@evil.example/"),
    ],
)
def test_the_true_target_is_asked_about(target: str, emitted: str, view: Spy, qtbot: QtBot) -> None:
    view.set_markdown(f"[text](<{target}>)")
    (href,) = hrefs(view)
    with qtbot.waitSignal(view.link_requested) as caught:
        view.anchorClicked.emit(QUrl(href))
    assert caught.args == [emitted]


def test_what_the_question_about_a_link_shows() -> None:
    assert dialogs.true_target("https://example.org/a") == "https://example.org/a"
    assert "⟦U+202E⟧" in dialogs.true_target("https://example.org/\u202ea")
    assert "evil.example;" in dialogs.true_target("https://good.example@evil.example/")
    assert len(dialogs.true_target("https://example.org/" + "a" * 100_000)) < 1100


async def test_the_dialog_names_the_host(window: MainWindow) -> None:
    window.report.view.link_requested.emit("https://bank.example:443@evil.example/")
    box = await opened(window, QMessageBox)
    assert "evil.example;" in box.informativeText()
    assert box.textFormat() == Qt.TextFormat.PlainText
    await answer(window, "cancel")
    await idle(window)


_HIDDEN = [
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
    *range(0x200B, 0x2010),
    *range(0x2060, 0x2065),
    *(0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x180E, 0x2800, 0x3164, 0xFEFF, 0xFFA0),
    *(0xE0001, 0xE0041, 0xE007F, 0xE0100, 0x1D173),
]


@pytest.mark.parametrize("code", _HIDDEN)
def test_hidden_characters_are_spelled_out_everywhere(code: int, view: Spy) -> None:
    char = chr(code)
    view.set_markdown(
        f"# a{char}b\n\n| a{char}b |\n|---|\n| a{char}b |\n\n`a{char}b`\n\n```\na{char}b\n```\n\n"
        f'[a{char}b](https://example.org "a{char}b") ![a{char}b](x)\n\n> - a{char}b\n'
    )
    shown = view.toPlainText()
    assert char not in shown
    assert shown.count(f"a⟦U+{code:04X}⟧b") == 8


def test_what_emoji_need_stays() -> None:
    assert (
        visible("\u2764\ufe0f e\u0301 \U0001f680 日本語")
        == "\u2764\ufe0f e\u0301 \U0001f680 日本語"
    )


async def test_hidden_characters_around_the_report(window: MainWindow) -> None:
    window.report.show_banner("a\u202eb", "info")
    window.report.append_thinking("a\u202eb")
    window.report.thinking.button.setChecked(True)
    assert "a⟦U+202E⟧b" in window.report._banner._label.text()
    assert window.report.thinking.view.toPlainText() == "a⟦U+202E⟧b"


@pytest.mark.parametrize("size", [700, 9000, 10**9])
def test_show_all_shows_the_whole_block(size: int, view: Spy, theme: Theme, qtbot: QtBot) -> None:
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


def test_show_all_is_reached_by_keyboard_and_written_in_portions(view: Spy, qtbot: QtBot) -> None:
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


def test_a_growing_block_offers_show_all_when_it_is_complete(view: Spy) -> None:
    view.append(_LONG_FENCE[: _LONG_FENCE.index("```\n\nafter")])
    view.render_now()
    assert view.toPlainText().endswith(CUT_NOTE)
    assert hrefs(view) == set()
    view.finish()
    assert view.toPlainText().endswith(f"{CUT_NOTE} {SHOW_ALL}")


def test_show_all_while_text_goes_on(view: Spy, theme: Theme, qtbot: QtBot) -> None:
    view.append(_LONG_FENCE + "\n- a list that\n- is")
    view.render_now()
    view.write_rest_now()
    click(view, SHOW_ALL)
    view.append(" open\n")
    view.finish()
    assert "x = 11999\nafter\n•\ta list that\n•\tis open" in view.toPlainText()
    theme.choose(Scheme.DARK)
    assert "x = 11999\nafter\n•\ta list that\n•\tis open" in view.toPlainText()


def test_clear_stops_show_all(view: Spy) -> None:
    stream(view, _LONG_FENCE, 10**9)
    view.write_rest_now()
    click(view, SHOW_ALL)
    view.clear()
    assert not view.busy
    assert view.toPlainText() == ""


def test_show_all_of_an_endless_line(view: Spy) -> None:
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


def test_a_large_report_is_written_in_bites(view: Spy, qtbot: QtBot) -> None:
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


def test_a_large_report_streamed_equals_the_whole(view: Spy, theme: Theme, qtbot: QtBot) -> None:
    text = "[late] word\n\n" + report(60_000) + "\n\n[late]: https://example.org/late\n"
    stream(view, text, 3000)
    assert view.toHtml() == other(qtbot, theme, text).toHtml()
    assert "https://example.org/late" in hrefs(view)


def test_a_theme_change_in_a_large_report_keeps_the_place(
    view: Spy, theme: Theme, qtbot: QtBot
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
def test_what_one_turn_writes_is_bounded(name: str, view: Spy) -> None:
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


def test_a_piece_of_any_size_is_parsed_in_bites(monkeypatch: pytest.MonkeyPatch, view: Spy) -> None:
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


@pytest.mark.parametrize("size", [1, 7, 300])
def test_blocks_ended_by_force_do_not_depend_on_the_pieces(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(block_limits, "_LIST_LINES", 5)
    monkeypatch.setattr(block_limits, "_LINES", 9)
    monkeypatch.setattr(block_limits, "LEADING", 6)
    monkeypatch.setattr(blocks, "LEADING", 6)
    monkeypatch.setattr(blocks, "SHORT", 2)
    text = (
        "- a\n" * 13 + "  more\n\n" + "1. b\n" * 12 + "\n" + "words\n" * 25 + "\n" * 40
        + "> q\n" * 15
        + "\n```\n" + "x\n" * 30 + "```\n\n" + "[r]: https://example.org\n" * 20 + "\nend [r]\n"
    )  # fmt: skip
    splitter = BlockSplitter()
    got = [
        b for at in range(0, len(text), size) for b in splitter.feed(text[at : at + size]).settled
    ]
    got += splitter.finish().settled
    shapes = [
        [[(t.type, t.content) for t in b.tokens] for b in bs] for bs in (got, parse_document(text))
    ]
    assert shapes[0] == shapes[1]
    assert "".join(b.source for b in got) == text
    assert len(shapes[0]) > 12
