from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QTextCursor

from spectr_desktop.project.document import Document
from spectr_desktop.report.line_diff import edits
from spectr_desktop.ui.line_edits import replace_lines
from spectr_desktop.ui.source_editor import SourceEditor

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from spectr_desktop.ui.theme import Theme

_LONG = "\n".join(f"line {number}" for number in range(200))


@pytest.fixture
def editor(qtbot: QtBot, theme: Theme) -> SourceEditor:
    editor = SourceEditor(theme)
    qtbot.addWidget(editor)
    editor.resize(500, 300)
    editor.show()
    return editor


def _change(editor: SourceEditor, old: str, new: str) -> None:
    editor.load(Document(Path("Vault.sol"), old))
    replace_lines(editor, edits(old, new))


@pytest.mark.parametrize("seed", range(60))
def test_any_text_becomes_any_other_and_comes_back(editor: SourceEditor, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311  # no secret
    letters = ["", "a", "b", "\U0001f600x", "\u2028", "\r", "}"]
    old = "\n".join(rng.choices(letters, k=rng.randrange(7)))
    new = "\n".join(rng.choices(letters, k=rng.randrange(7)))
    _change(editor, old, new)
    assert editor.text() == new
    assert editor.document().isModified() is (old != new)
    editor.undo()
    assert editor.text() == old
    assert not editor.document().isModified()
    assert not editor.document().isUndoAvailable()


def test_caret_marks_and_scroll_stay_with_their_lines(editor: SourceEditor) -> None:
    editor.load(Document(Path("Vault.sol"), _LONG))
    editor.go_to_line(100)
    cursor = editor.textCursor()
    cursor.movePosition(QTextCursor.MoveOperation.Right, n=4)
    editor.setTextCursor(cursor)
    mark = QTextCursor(editor.document().findBlockByNumber(150))
    top = editor.firstVisibleBlock().text()
    new = "new\nnew\n" + _LONG.replace("line 50\n", "").replace("line 99", "line 99 more")
    replace_lines(editor, edits(_LONG, new))
    assert editor.text() == new
    assert editor.textCursor().block().text() == "line 99 more"
    assert editor.textCursor().positionInBlock() == 4
    assert mark.block().text() == "line 150"
    assert editor.firstVisibleBlock().text() == top


def test_an_edit_before_it_does_not_move_a_caret_at_a_line_start(editor: SourceEditor) -> None:
    editor.load(Document(Path("Vault.sol"), "a\nb\nc"))
    editor.go_to_line(2)
    replace_lines(editor, edits("a\nb\nc", "a\nnew\nb\nc"))
    assert editor.textCursor().block().text() == "b"
