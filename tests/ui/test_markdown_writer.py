from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, cast

import pytest

from spectr_desktop.report.blocks import BlockSplitter
from spectr_desktop.ui.frame_governor import FrameGovernor
from spectr_desktop.ui.markdown_tables import CHUNK_ROWS
from tests.ui.driving import other, stream

if TYPE_CHECKING:
    from PySide6.QtGui import QTextTable
    from pytestqt.qtbot import QtBot

    from spectr_desktop.ui.markdown_view import MarkdownView
    from spectr_desktop.ui.theme import Theme

_HEADER = "| ID | Severity | Where | What |\n|---|:-:|---|--:|\n"


def row(number: int) -> str:
    words = " ".join(["word"] * (number * 7 % 11))
    return f"| SC-{number} | **High** | `a{'b' * (number % 9)}` | {words} |\n"


def table(rows: int) -> str:
    return _HEADER + "".join(map(row, range(1, rows)))


def chunks(view: MarkdownView) -> list[QTextTable]:
    frames = view.document().rootFrame().childFrames()
    return [cast("QTextTable", frame) for frame in frames]


def fills(view: MarkdownView) -> list[str]:
    cells = (chunk.cellAt(n, 0) for chunk in chunks(view) for n in range(chunk.rows()))
    return [cell.format().background().color().name() for cell in cells]


@pytest.mark.parametrize("rows", [1, 2, 11, 12, 13, 24, 25, 26, 60])
def test_a_table_row_by_row_equals_the_whole(
    rows: int, view: MarkdownView, theme: Theme, qtbot: QtBot
) -> None:
    text = f"before\n\n{table(rows)}\nafter\n\n{table(3)}\n{table(2)}\n- end\n"
    stream(view, text.splitlines(keepends=True))
    view.finish()
    whole = other(qtbot, theme, text)
    assert view.toHtml() == whole.toHtml()


@pytest.mark.parametrize("seed", range(8))
def test_a_table_in_any_pieces_equals_the_whole(
    seed: int, view: MarkdownView, theme: Theme, qtbot: QtBot
) -> None:
    source = random.Random(seed)  # noqa: S311 - only cuts a text
    text = f"- item\n\n  {table(source.randint(10, 50)).replace(chr(10), chr(10) + '  ')}\n\nend\n"
    cuts = sorted(source.sample(range(1, len(text)), source.randint(3, 60)))
    stream(view, [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)])
    view.finish()
    assert view.toHtml() == other(qtbot, theme, text).toHtml()


def test_no_part_of_a_table_is_long(view: MarkdownView) -> None:
    view.set_markdown(table(400))
    view.write_rest_now()
    sizes = [chunk.rows() for chunk in chunks(view)]
    assert sum(sizes) == 400
    assert max(sizes) == CHUNK_ROWS <= 25
    assert [chunk.format().headerRowCount() for chunk in chunks(view)] == [1] + [0] * 33


def test_a_row_is_added_to_the_last_part_only(view: MarkdownView) -> None:
    stream(view, [table(100)])
    last = chunks(view)[-1].firstPosition()
    changes: list[tuple[int, int]] = []
    view.document().contentsChange.connect(lambda at, gone, _new: changes.append((at, gone)))
    stream(view, [row(n) for n in range(100, 140)])
    assert len(changes) == 40
    assert min(at for at, _gone in changes) >= last
    assert len(chunks(view)) == 12


def test_the_parts_look_like_one_table(view: MarkdownView) -> None:
    view.set_markdown(table(40))
    view.resize(900, 1900)
    view.document().size()
    image = view.viewport().grab().toImage()
    column = round(27 * image.devicePixelRatio())
    seen = [image.pixelColor(column, y).name() for y in range(image.height())]
    line = view._theme.colors.line
    grid = [len(list(group)) for color, group in itertools.groupby(seen) if color == line]
    assert len(grid) == 41
    assert len(set(grid)) == 1
    layout = view.document().documentLayout()
    parts = chunks(view)
    rects = [layout.frameBoundingRect(part) for part in parts]
    assert len({(rect.left(), rect.width()) for rect in rects}) == 1
    constraints = [part.format().columnWidthConstraints() for part in parts]
    assert all(c == constraints[0] for c in constraints)
    colors = view._theme.colors
    assert fills(view) == [
        colors.code,
        *(colors.panel if number % 2 else colors.background for number in range(1, 40)),
    ]


def test_columns_stay_where_they_are_once_the_table_is_long(view: MarkdownView) -> None:
    widths: list[list[float]] = []
    stream(view, [_HEADER])
    for number in range(1, 60):
        stream(view, [row(number)])
        constraints = chunks(view)[0].format().columnWidthConstraints()
        widths.append([constraint.rawValue() for constraint in constraints])
    changed = [n for n in range(1, len(widths)) if widths[n] != widths[n - 1]]
    assert len(changed) <= 4
    assert max(changed, default=0) < 16


def test_a_small_table_is_as_wide_as_its_cells(view: MarkdownView) -> None:
    view.set_markdown("| a | b |\n|---|---|\n| one | two |\n")
    layout = view.document().documentLayout()
    assert layout.frameBoundingRect(chunks(view)[0]).width() < 150


def test_a_changed_row_writes_the_table_anew(
    view: MarkdownView, theme: Theme, qtbot: QtBot
) -> None:
    text = f"[a]\n\n{table(30)}| [a] | b | c | d |\n\n[a]: https://example.org/\n"
    stream(view, text.splitlines(keepends=True))
    view.finish()
    assert view.toHtml() == other(qtbot, theme, text).toHtml()


def test_text_that_is_held_back_edits_nothing(view: MarkdownView, qtbot: QtBot) -> None:
    stream(view, [table(20)])
    revision = view.document().revision()
    with qtbot.assertNotEmitted(view.rendered):
        stream(view, ["| SC-20 ", "| High"])
    assert view.document().revision() == revision
    with qtbot.waitSignal(view.rendered):
        stream(view, [" | `x` | word |\n"])


def test_text_that_shows_nothing_edits_nothing(view: MarkdownView, qtbot: QtBot) -> None:
    stream(view, ["a paragraph"])
    revision = view.document().revision()
    with qtbot.assertNotEmitted(view.rendered):
        stream(view, [" ", "\n", "\n"])
    assert view.document().revision() == revision


def count_parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    fed: list[str] = []
    feed = BlockSplitter.feed

    def counted(splitter: BlockSplitter, text: str) -> object:
        fed.append(text)
        return feed(splitter, text)

    monkeypatch.setattr(BlockSplitter, "feed", counted)
    return fed


def test_nothing_is_done_while_hidden(view: MarkdownView, monkeypatch: pytest.MonkeyPatch) -> None:
    fed = count_parses(monkeypatch)
    view.append("first")
    assert view._frame_timer.isActive()
    view.hide()
    assert not view._frame_timer.isActive()
    for number in range(50):
        view.append(f" {number}\n\n```javascript\nvar a;\n```\n\n")
    view._on_frame_due()
    assert not view._frame_timer.isActive()
    assert not view._color_timer.isActive()
    assert fed == []
    frames: list[None] = []
    view.rendered.connect(lambda: frames.append(None))
    view.show()
    assert 1 <= len(fed) == len(frames) <= 2
    assert "49" in view.toPlainText()


def test_nothing_is_done_while_minimised(
    view: MarkdownView, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    fed = count_parses(monkeypatch)
    view.append("first")
    view.showMinimized()
    view._on_frame_due()
    view.append(" second")
    assert not view._frame_timer.isActive()
    assert fed == []
    with qtbot.waitSignal(view.rendered):
        view.showNormal()
        view.viewport().repaint()
    assert fed == ["first second"]
    assert view.toPlainText() == "first second"


def test_colours_wait_until_they_can_be_seen(view: MarkdownView, qtbot: QtBot) -> None:
    view.hide()
    view.set_markdown("```javascript\nvar y;\n```\n")
    assert not view._color_timer.isActive()
    view.show()
    assert view._color_timer.isActive()
    with qtbot.waitSignal(view._color_timer.timeout):
        pass
    assert view.document().begin().layout().formats()


def test_a_frame_waits_for_what_the_last_one_cost(view: MarkdownView) -> None:
    clock = [100.0]
    view._governor = FrameGovernor(lambda: clock[0])
    view.append("text")
    view._on_frame_due()
    view._governor._owed = 0.2  # as if the paint had been dear
    view.append(" more")
    view._on_frame_due()
    assert view.toPlainText() == "text"
    assert view._frame_timer.remainingTime() > 100
    clock[0] += 0.81
    view._on_frame_due()
    assert view.toPlainText() == "text more"
