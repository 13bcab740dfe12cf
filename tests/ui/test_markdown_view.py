from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QFontInfo, QImage, QTextBlock, QTextCursor, QTextLayout, QWheelEvent
from PySide6.QtTest import QTest

from benchmarks.corpus import report, tokens
from spectr_desktop.ui.markdown_lines import CUT_NOTE, SHOW_ALL
from spectr_desktop.ui.markdown_view import MarkdownView
from spectr_desktop.ui.reading_place import line_at, top_of
from spectr_desktop.ui.theme import Scheme, Theme
from tests.report.markdown_samples import SAMPLES
from tests.ui.driving import other, stream

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

_LONG = report(9_000)
_LATE = "[a] first\n\npara [b]\n\n[a]: https://example.org/a\n\nend\n\n[b]: https://example.org/b\n"


def chunks(text: str, seed: int, most: int = 40) -> list[str]:
    source = random.Random(seed)  # noqa: S311 - only cuts a text
    out: list[str] = []
    while sum(map(len, out)) < len(text):
        at = sum(map(len, out))
        out.append(text[at : at + source.randint(1, most)])
    return out


def blocks(view: MarkdownView) -> list[QTextBlock]:
    document = view.document()
    return [document.findBlockByNumber(number) for number in range(document.blockCount())]


def hrefs(view: MarkdownView) -> set[str]:
    found: set[str] = set()
    for block in blocks(view):
        for span in block.textFormats():
            found.add(span.format.anchorHref())
    return found - {""}


def assert_same(streamed: MarkdownView, whole: MarkdownView) -> None:
    assert streamed.toHtml() == whole.toHtml()
    assert [b.userState() for b in blocks(streamed)] == [b.userState() for b in blocks(whole)]


def scroll_up(view: MarkdownView, value: int = 40) -> None:
    view.document().size()
    assert view.verticalScrollBar().maximum() > value + 100
    view.verticalScrollBar().setValue(value)


def test_names_and_a_document_that_cannot_be_edited(view: MarkdownView) -> None:
    assert view.objectName() == "reportView"
    assert view.accessibleName() == "Report"
    assert view.isReadOnly()
    assert not view.document().isUndoRedoEnabled()
    view.append("some text")
    view.render_now()
    view.setFocus()
    QTest.keyClicks(view, "typed")
    assert view.toPlainText() == "some text"


@pytest.mark.parametrize("text", SAMPLES)
def test_samples_character_by_character_equal_the_whole(
    text: str, view: MarkdownView, theme: Theme, qtbot: QtBot
) -> None:
    stream(view, list(text))
    view.finish()
    assert_same(view, other(qtbot, theme, text))
    assert view.text() == text


@pytest.mark.parametrize("seed", range(4))
def test_reports_in_any_chunks_equal_the_whole(
    seed: int, view: MarkdownView, theme: Theme, qtbot: QtBot
) -> None:
    text = report(5_000, seed)
    stream(view, chunks(text, seed, most=20 * 3**seed))
    view.finish()
    assert_same(view, other(qtbot, theme, text))


@pytest.mark.parametrize("seed", range(40))
def test_shuffled_lines_of_the_samples_equal_the_whole(
    seed: int, view: MarkdownView, theme: Theme, qtbot: QtBot
) -> None:
    source = random.Random(seed)  # noqa: S311 - only mixes lines
    lines = [line for sample in SAMPLES for line in sample.splitlines(keepends=True)]
    text = "".join(source.choice(lines) for _ in range(source.randint(3, 14)))
    stream(view, chunks(text, seed, most=9))
    view.finish()
    assert_same(view, other(qtbot, theme, text))


def test_a_late_definition_is_settled_at_the_end(
    view: MarkdownView, theme: Theme, qtbot: QtBot
) -> None:
    stream(view, list(_LATE))
    assert hrefs(view) == set()
    view.finish()
    assert hrefs(view) == {"https://example.org/a", "https://example.org/b"}
    assert_same(view, other(qtbot, theme, _LATE))


def test_settled_text_is_never_edited_again(view: MarkdownView) -> None:
    changes: list[int] = []
    view.document().contentsChange.connect(lambda at, _gone, _new: changes.append(at))
    first = "".join(f"## Heading {n}\n\nA paragraph of text.\n\n" for n in range(20))
    stream(view, [first])
    settled = view.document().characterCount() - len("A paragraph of text.") - 40
    changes.clear()
    stream(
        view,
        chunks("- a list\n- of **items**\n\n```\ncode\n```\n\n| a |\n|---|\n| b |\n", 3, most=5),
    )
    assert len(changes) > 6
    assert min(changes) > settled


def test_a_growing_fence_is_appended_to(view: MarkdownView) -> None:
    stream(view, ["para\n\n```solidity\nuint256 a;\n"])
    changes: list[tuple[int, int]] = []
    view.document().contentsChange.connect(lambda _at, gone, new: changes.append((gone, new)))
    stream(view, [f"uint256 b{n};\n" for n in range(30)])
    assert len(changes) == 30
    assert max(gone for gone, _new in changes) <= 1


def test_a_table_grows_by_whole_rows(view: MarkdownView) -> None:
    stream(view, ["| a | b |\n|---|---|\n| 1 | 2 |\n"])
    tables = list(view.document().rootFrame().childFrames())
    stream(view, ["| 3 |", " 4 |"])
    assert "3" not in view.toPlainText()
    stream(view, ["\n"])
    assert "3" in view.toPlainText()
    assert view.document().rootFrame().childFrames() == tables


def test_append_only_buffers_and_the_timer_shows(view: MarkdownView, qtbot: QtBot) -> None:
    view.append("# First")
    assert view.toPlainText() == ""
    assert view.text() == "# First"
    with qtbot.waitSignal(view.rendered):
        view.append(" words")
    assert view.toPlainText() == "First words"


def test_no_frame_when_nothing_changed(view: MarkdownView, qtbot: QtBot) -> None:
    stream(view, ["text"])
    with qtbot.assertNotEmitted(view.rendered):
        view.render_now()
        view.append("")
        view.render_now()
    assert not view._frame_timer.isActive()


def test_a_hidden_view_waits_and_catches_up(view: MarkdownView, qtbot: QtBot) -> None:
    view.hide()
    view.append("text")
    assert not view._frame_timer.isActive()
    assert view.toPlainText() == ""
    view.show()
    assert view.toPlainText() == "text"


def test_a_minimised_window_waits(view: MarkdownView) -> None:
    view.showMinimized()
    view.append("text")
    assert not view._frame_timer.isActive()
    view.showNormal()
    view.append(" more")
    view.render_now()
    assert view.toPlainText() == "text more"


def test_the_end_is_followed_while_the_reader_is_there(view: MarkdownView) -> None:
    bar = view.verticalScrollBar()
    for piece in chunks(_LONG, 1, most=300):
        stream(view, [piece])
        assert bar.value() == bar.maximum()
    assert bar.maximum() > 1000


def test_nothing_moves_for_a_reader_who_scrolled_up(view: MarkdownView, qtbot: QtBot) -> None:
    stream(view, [_LONG[:5000]])
    scroll_up(view)
    with qtbot.waitSignal(view.left_behind_changed) as caught:
        for piece in chunks(_LONG[5000:], 1, most=300):
            stream(view, [piece])
            assert view.verticalScrollBar().value() == 40
    assert caught.args == [True]
    with qtbot.waitSignal(view.left_behind_changed) as caught:
        view.scroll_to_end()
    assert caught.args == [False]
    stream(view, ["\n\nmore\n\nand more"])
    assert view.verticalScrollBar().value() == view.verticalScrollBar().maximum()


def select(view: MarkdownView, anchor: int, position: int) -> None:
    cursor = view.textCursor()
    cursor.setPosition(anchor)
    cursor.setPosition(position, QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)


@pytest.mark.parametrize(("anchor", "position"), [(2, 9), (9, 2), (5, 5)])
def test_selection_and_caret_in_settled_text_survive(
    anchor: int, position: int, view: MarkdownView
) -> None:
    stream(view, ["A settled paragraph\n\nanother\n\n"])
    select(view, anchor, position)
    stream(view, chunks(_LONG[:2000], 2))
    assert (view.textCursor().anchor(), view.textCursor().position()) == (anchor, position)


@pytest.mark.parametrize(("anchor", "position"), [(12, 30), (30, 12), (40, 40), (25, 33)])
def test_selection_across_and_in_the_tail_is_kept_by_offset(
    anchor: int, position: int, view: MarkdownView
) -> None:
    stream(view, ["A settled paragraph\n\nan **open tail of text that grows"])
    select(view, anchor, position)
    stream(view, ["** and", " is written", " anew\n\nafter\n\n- list"])
    assert (view.textCursor().anchor(), view.textCursor().position()) == (anchor, position)


def test_a_selection_does_not_scroll_the_view(view: MarkdownView) -> None:
    stream(view, [_LONG[:6000]])
    end = view.document().characterCount() - 1
    select(view, end - 5, end)
    scroll_up(view)
    stream(view, ["**and** some", " more\n\nand"])
    assert view.verticalScrollBar().value() == 40


def test_raw_html_is_text(view: MarkdownView) -> None:
    text = '<script>alert(1)</script> and <b onclick="x">bold</b>'
    view.set_markdown(f"{text}\n\n<div>\n")
    assert view.toPlainText() == f"{text}\n<div>"


class Asked(MarkdownView):
    """Notes what is asked for."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.names: list[object] = []

    def loadResource(self, _kind: int, name: QUrl | str) -> QImage:
        self.names.append(name)
        return super().loadResource(_kind, name)


def test_images_are_never_asked_for(qtbot: QtBot, theme: Theme) -> None:
    view = Asked(theme)
    qtbot.addWidget(view)
    view.show()
    sources = ("https://example.org/a.png", "qrc:/x", "//host/share", "data:image/png;base64,x")
    view.set_markdown("".join(f"![alt]({source})\n\n" for source in sources))
    assert not view.grab().isNull()
    assert view.names == []
    assert view.toPlainText().count("[image: alt]") == len(sources)
    assert view.loadResource(2, QUrl("file:///etc/hostname")).isNull()


def test_only_web_links_are_links(view: MarkdownView) -> None:
    view.set_markdown(
        "[web](HTTPS://example.org/a) [js](javascript:x) [mail](mailto:a@b.c) "
        "[ftp](ftp://example.org) [rel](#part) [none](https:) <https://example.org/b>"
    )
    assert hrefs(view) == {"HTTPS://example.org/a", "https://example.org/b"}
    assert "mail (mailto:a@b.c)" in view.toPlainText()
    assert "ftp (ftp://example.org)" in view.toPlainText()
    assert "rel none" in view.toPlainText().replace(" (https:)", "").replace("none (", "none (")


def test_a_click_asks_with_the_true_target(view: MarkdownView, qtbot: QtBot) -> None:
    view.set_markdown("[example.com](https://example.org/p?q=1)")
    cursor = QTextCursor(view.document())
    cursor.setPosition(3)
    at: QPoint = view.cursorRect(cursor).center()
    with qtbot.waitSignal(view.link_requested) as caught:
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert caught.args == ["https://example.org/p?q=1"]
    assert view.toPlainText() == "example.com"


@pytest.mark.parametrize("target", ["file:///etc/passwd", "javascript:x", "https:", "x"])
def test_no_other_target_is_passed_on(target: str, view: MarkdownView, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(view.link_requested):
        view.anchorClicked.emit(QUrl(target))


@pytest.mark.parametrize(
    "code", [*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0x200B, 0x2010), 0xFEFF, 0x61C]
)
def test_hidden_characters_are_spelled_out(code: int, view: MarkdownView) -> None:
    view.set_markdown(f"a{chr(code)}b `c{chr(code)}d`\n\n```\n{chr(code)}\n```\n")
    assert view.toPlainText().count(f"⟦U+{code:04X}⟧") == 3
    assert chr(code) not in view.toPlainText()


def test_characters_with_a_meaning_to_qt_make_no_paragraphs(view: MarkdownView) -> None:
    view.set_markdown("a\u2029b\ufdd0c\ufdd1d\ufffce \udce9")
    assert view.document().blockCount() == 1


def test_a_million_characters_in_one_line(view: MarkdownView) -> None:
    for _ in range(100):
        stream(view, ["word *x* " * 1112])
    stream(view, ["\n\n# After\n\nthe line\n"])
    view.finish()
    shown = view.toPlainText()
    assert len(view.text()) > 1_000_000
    assert len(shown) < 70_000
    assert shown.endswith(f"{CUT_NOTE} {SHOW_ALL}\nAfter\nthe line")


def test_an_over_long_paragraph_is_appended_to(view: MarkdownView) -> None:
    stream(view, ["line of words\n" * 1500])
    changes: list[int] = []
    view.document().contentsChange.connect(lambda _at, gone, _new: changes.append(gone))
    stream(view, ["more\n"] * 5)
    assert view.toPlainText().endswith("more\nmore\nmore\nmore\nmore\n")
    assert max(changes) <= 1


def test_a_fence_over_the_limit_is_cut(view: MarkdownView, theme: Theme, qtbot: QtBot) -> None:
    text = "```\n" + "x = 1\n" * 15_000 + "```\nafter\n"
    stream(view, [text[at : at + 9000] for at in range(0, len(text), 9000)])
    view.finish()
    assert view.toPlainText().endswith(f"x = 1\n{CUT_NOTE} {SHOW_ALL}\nafter")
    assert_same(view, other(qtbot, theme, text))


def utf16(text: str, span: QTextLayout.FormatRange) -> str:
    return text.encode("utf-16-le")[2 * span.start : 2 * (span.start + span.length)].decode(
        "utf-16-le"
    )


def test_code_is_coloured_after_it_is_shown(view: MarkdownView) -> None:
    stream(view, ["```javascript\nfunction f() {} // 🚀 x\nvar y;\n```\n\nafter\n"])
    code = blocks(view)[0]
    assert code.layout().formats() == []
    html = view.toHtml()
    view.color_now()
    spans = {
        utf16(code.text(), f): f.format.foreground().color().name() for f in code.layout().formats()
    }
    assert spans["function"] == view._theme.colors.keyword
    assert spans["// 🚀 x"] == view._theme.colors.comment
    assert blocks(view)[1].layout().formats()
    assert blocks(view)[2].layout().formats() == []
    assert view.toHtml() == html


def test_solidity_is_coloured_line_by_line_while_it_is_written(view: MarkdownView) -> None:
    stream(view, ["para\n\n```sol\n/* open\n", "uint a; */ uint b;\n", "uint c"])
    spans = [
        [b.text()[f.start : f.start + f.length] for f in b.layout().formats()] for b in blocks(view)
    ]
    assert spans == [[], ["/* open"], ["uint a; */", "uint"], []]
    live = [[(f.start, f.length) for f in b.layout().formats()] for b in blocks(view)]
    stream(view, [";\n```\n\nafter\n"])
    view.color_now()
    settled = [[(f.start, f.length) for f in b.layout().formats()] for b in blocks(view)]
    assert settled[:3] == live[:3]
    assert settled[3:] == [[(0, 4)], []]


def test_colours_come_by_themselves(view: MarkdownView, qtbot: QtBot) -> None:
    stream(view, ["```javascript\nvar y;\n```\n\nafter\n"])
    with qtbot.waitSignal(view._color_timer.timeout):
        pass
    assert blocks(view)[0].layout().formats()


def test_an_unknown_language_stays_plain(view: MarkdownView) -> None:
    view.set_markdown("```no-such-language\nuint y;\n```\n")
    view.color_now()
    assert blocks(view)[0].layout().formats() == []


def test_a_theme_change_during_a_stream(view: MarkdownView, theme: Theme, qtbot: QtBot) -> None:
    stream(view, [_LONG[:5000]])
    select(view, 5, 20)
    scroll_up(view)
    light = view.toHtml()
    theme.choose(Scheme.DARK)
    assert view.toHtml() != light
    assert view.verticalScrollBar().value() == 40
    assert (view.textCursor().anchor(), view.textCursor().position()) == (5, 20)
    stream(view, tokens(_LONG[5000:6000]))
    view.finish()
    assert_same(view, other(qtbot, theme, _LONG[:6000]))
    theme.choose(Scheme.LIGHT)
    assert_same(view, other(qtbot, theme, _LONG[:6000]))


def test_a_theme_change_before_the_first_frame_loses_nothing(
    view: MarkdownView, theme: Theme
) -> None:
    view.append("first")
    theme.choose(Scheme.DARK)
    stream(view, [" second"])
    assert view.toPlainText() == "first second"


def test_a_theme_change_keeps_the_mark_of_new_text(view: MarkdownView, theme: Theme) -> None:
    marks: list[bool] = []
    stream(view, [_LONG[:5000]])
    scroll_up(view)
    stream(view, ["\n\nmore"])
    view.left_behind_changed.connect(marks.append)
    theme.choose(Scheme.DARK)
    assert marks == [] or marks[-1]
    view.scroll_to_end()
    assert not marks[-1]


def test_text_after_the_end_goes_on_where_it_ended(
    view: MarkdownView, theme: Theme, qtbot: QtBot
) -> None:
    stream(view, list("- one\n- tw"))
    view.finish()
    stream(view, list("o\n- three\n\n[a]"))
    view.finish()
    text = "- one\n- two\n- three\n\n[a]"
    assert view.text() == text
    assert_same(view, other(qtbot, theme, text))


def test_very_long_code_stays_plain(view: MarkdownView) -> None:
    view.set_markdown("```javascript\n" + "var y;\n" * 4000 + "```\n")
    view.color_now()
    assert blocks(view)[0].layout().formats() == []


def test_clear_starts_anew(view: MarkdownView) -> None:
    stream(view, [_LONG[:3000]])
    view.append("pending")
    view.clear()
    assert view.text() == ""
    assert view.toPlainText() == ""
    stream(view, ["# New"])
    view.finish()
    assert view.toPlainText() == "New"


def test_a_whole_text_is_shown_from_its_beginning(view: MarkdownView, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(view.left_behind_changed):
        view.set_markdown(_LONG)
    assert view.verticalScrollBar().value() == 0
    assert view.verticalScrollBar().maximum() > 1000
    view.finish()
    assert view.text() == _LONG


def test_lines_stay_readable_in_a_wide_window(view: MarkdownView) -> None:
    view.set_markdown(_LONG)
    view.resize(2000, 400)
    assert view.document().textWidth() < 900
    view.resize(400, 400)
    assert view.document().textWidth() <= 400
    assert view.horizontalScrollBar().maximum() <= 200


def test_a_finished_text_that_fits_is_kept_at_its_beginning(view: MarkdownView) -> None:
    view.set_markdown("# Short\n\n" + "text\n\n" * 8)
    assert view.verticalScrollBar().maximum() == 0
    view.resize(420, 120)
    assert view.verticalScrollBar().maximum() > 100
    assert view.verticalScrollBar().value() == 0


def test_resizing_keeps_the_end_in_view(view: MarkdownView) -> None:
    stream(view, [_LONG])
    view.resize(420, 300)
    assert view.verticalScrollBar().value() == view.verticalScrollBar().maximum()


def test_code_has_a_box_and_quotes_a_bar(view: MarkdownView) -> None:
    view.set_markdown("```\ncode\n```\n\n> quote\n\n---\n\n> ```\n> both\n> ```\n")
    image = view.viewport().grab().toImage()
    ratio = image.devicePixelRatio()
    colors = view._theme.colors

    def color_at(x: float, y: float) -> str:
        return image.pixelColor(round(x * ratio), round(y * ratio)).name()

    rects = [view.document().documentLayout().blockBoundingRect(b) for b in blocks(view)]
    assert color_at(400, rects[0].center().y()) == colors.code
    assert color_at(25, rects[1].center().y()) == colors.line
    assert color_at(300, rects[1].center().y()) == colors.panel
    assert color_at(300, round(rects[2].center().y())) == colors.line
    assert color_at(25, rects[3].center().y()) == colors.line
    assert color_at(400, rects[3].center().y()) == colors.code


def test_a_table_too_large_for_qt_is_shown_as_its_source(view: MarkdownView) -> None:
    header = "|" + "a|" * 100 + "\n|" + "-|" * 100 + "\n"
    view.set_markdown(header)
    assert view.toPlainText() == header.strip()


def test_zoom_keeps_the_line_at_the_top(view: MarkdownView) -> None:
    view.set_markdown(_LONG)
    scroll_up(view, 900)
    at = line_at(view.document(), 900)
    restarts: list[bool] = []
    view.restarted.connect(lambda: restarts.append(True))
    for steps in (1, 1, 1, -5, 3):
        view.zoom(steps)
        view.zoom_now()
        assert abs(top_of(view.document(), at) - view.verticalScrollBar().value()) < 60
    assert len(restarts) == 5
    view.zoom_now()
    assert len(restarts) == 5


def test_zoom_has_bounds_and_a_way_back(view: MarkdownView) -> None:
    view.set_markdown("text")
    sizes: list[int] = []
    view.zoomed.connect(sizes.append)
    usual = view.document().defaultFont().pointSizeF()
    for steps in (99, -99, 0):
        view.zoom(steps)
        view.zoom_now()
    assert sizes == [300, 60, 100]
    assert view.document().defaultFont().pointSizeF() == usual


def test_lists_quotes_and_code_are_indented_in_the_measure_of_the_text(view: MarkdownView) -> None:
    text = "- one\n  - two\n\n> quoted\n\n```\ncode\n```\n\n- ```\n  boxed\n  ```\n"
    view.set_markdown(text)
    sizes: dict[int, list[float]] = {}
    for percent in (100, 200, 60):
        view._zoom = percent
        view.zoom_now()
        pixels = QFontInfo(view.document().defaultFont()).pixelSize()
        formats = [view.document().findBlockByNumber(n).blockFormat() for n in (0, 1, 2, 3, 5)]
        tabs = [tab.position for tab in formats[0].tabPositions()]  # type: ignore[attr-defined]
        distances = [f.leftMargin() for f in formats] + [-formats[0].textIndent(), *tabs]
        sizes[percent] = [distance / pixels for distance in distances]
        assert tabs[0] == -formats[0].textIndent() == formats[0].leftMargin() > 0
    for percent in (200, 60):
        assert sizes[percent] == pytest.approx(sizes[100], abs=0.15)
        assert all(sizes[percent])


def test_a_number_of_two_digits_stands_beside_its_text_at_every_size(view: MarkdownView) -> None:
    view.set_markdown("10. ten\n")
    for percent in (60, 100, 150, 300):
        view._zoom = percent
        view.zoom_now()
        block = view.document().firstBlock()
        found = block.layout().lineAt(0).cursorToX(4)
        assert isinstance(found, tuple)
        assert found[0] == pytest.approx(block.blockFormat().leftMargin(), abs=1)


def test_zoom_during_a_stream_follows_the_end_and_loses_nothing(
    view: MarkdownView, theme: Theme, qtbot: QtBot
) -> None:
    stream(view, chunks(_LONG[:6000], 5))
    view.zoom(2)
    view.zoom_now()
    bar = view.verticalScrollBar()
    assert bar.value() == bar.maximum()
    stream(view, chunks(_LONG[6000:], 6))
    view.finish()
    view.zoom(0)
    view.zoom_now()
    assert_same(view, other(qtbot, theme, _LONG))


def test_the_wheel_zooms_with_control_by_whole_notches(view: MarkdownView) -> None:
    view.set_markdown("text")

    def turn(delta: int) -> None:
        event = QWheelEvent(
            QPointF(9, 9),
            QPointF(9, 9),
            QPoint(),
            QPoint(0, delta),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.ControlModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,  # Qt takes it by its place only
        )
        view.wheelEvent(event)
        view.zoom_now()

    for _ in range(4):
        turn(30)
    assert view._zoom_shown == 110
    turn(-240)
    assert view._zoom_shown == 90
