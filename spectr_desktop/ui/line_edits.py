"""Edits of whole lines in the source editor: one step of undo, and nothing jumps."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCursor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.report.line_diff import Edit
    from spectr_desktop.ui.source_editor import SourceEditor

_KEEP = QTextCursor.MoveMode.KeepAnchor


def replace_lines(editor: SourceEditor, edits: Sequence[Edit]) -> None:
    """Apply edits to the editor's text as one that can be undone.

    Caret, scroll position and marks stay with their lines, because only what differs is touched.

    Raises:
        SpectrError: "too_many_symbols"; nothing was changed.
    """
    if not edits:
        return
    # One after another they would take one another's stand-ins.
    shown = editor.shown_form("\n".join("\n".join(edit.lines) for edit in edits)).split("\n")
    texts: list[list[str]] = []
    at = 0
    for edit in edits:
        texts.append(shown[at : at + len(edit.lines)])
        at += max(len(edit.lines), 1)  # no lines at all are joined to an empty one
    top = QTextCursor(editor.firstVisibleBlock())
    cursor = QTextCursor(editor.document())
    cursor.beginEditBlock()
    # From the last to the first, so that the numbers of the lines before stay true.
    for edit, lines in zip(reversed(edits), reversed(texts), strict=True):
        _apply(cursor, edit.start, edit.end, lines)
    cursor.endEditBlock()
    editor.verticalScrollBar().setValue(top.blockNumber())


def _apply(cursor: QTextCursor, start: int, end: int, lines: list[str]) -> None:
    document = cursor.document()
    count = document.blockCount()
    first, after = document.findBlockByNumber(start), document.findBlockByNumber(end)
    if start < end and lines:
        last = document.findBlockByNumber(end - 1)
        _replace(cursor, first.position(), last.position() + last.length() - 1, "\n".join(lines))
    elif lines and start < count:
        _replace(cursor, first.position(), first.position(), "\n".join(lines) + "\n")
    elif lines:
        place = document.characterCount() - 1
        _replace(cursor, place, place, "\n" + "\n".join(lines))
    elif end < count:
        _replace(cursor, first.position(), after.position(), "")
    else:
        # The last lines go, and with them the line end before them.
        _replace(cursor, max(first.position() - 1, 0), document.characterCount() - 1, "")


def _replace(cursor: QTextCursor, start: int, end: int, text: str) -> None:
    """Replace what differs: a caret in the rest of the line stays where it is."""
    cursor.setPosition(start)
    cursor.setPosition(end, _KEEP)
    old = cursor.selectedText().replace("\u2029", "\n")
    head = len(os.path.commonprefix([old, text]))  # noqa: RUF071  # texts
    tail = len(os.path.commonprefix([old[head:][::-1], text[head:][::-1]]))  # noqa: RUF071
    cursor.setPosition(start + _units(old[:head]))
    cursor.setPosition(end - _units(old[len(old) - tail :]), _KEEP)
    cursor.insertText(text[head : len(text) - tail])


def _units(text: str) -> int:
    """How many positions Qt counts: two for a character beyond U+FFFF."""
    return len(text) + sum(char > "\uffff" for char in text)
