"""A report as it is read: the texts of its cells one behind another, and what stands between."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spectr_desktop.report.export.escapes import inline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spectr_desktop.records.run import Cell

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^\n]*)")
_RULE = "\n---\n\n"
_NEW_ANSWER = "What follows is a new answer to the same request, asked for at {when}."


class ReportText:
    """Puts a report together, also while it is being written.

    Args:
        cells: of the run, or of the first one of a chain; their titles stand above their texts.

    Attributes:
        starts: by cell, where its newest text begins, in characters.
    """

    def __init__(self, cells: Sequence[Cell] = ()) -> None:
        self.starts: dict[str, int] = {}
        self._titles = {cell.id: cell.title for cell in cells}
        self._length = 0
        # The text that was added last, to see how it ends, and whose it is.
        self._cell = ""
        self._pieces: list[str] = []

    def add(self, cell: str, text: str) -> str:
        """Take more of a cell's text.

        Returns:
            What is to be shown of it: the text, and before it what parts it from another cell's.
        """
        before = ""
        if cell != self._cell or not self._length:
            before = self._end() + self._heading(cell)
            self._begin(cell, before)
        self._pieces.append(text)
        self._length += len(text)
        return before + text

    def add_all(self, texts: Mapping[str, str]) -> str:
        """Take whole texts, by cell, and give the report: as planned, others behind them."""
        names = dict.fromkeys([*(name for name in self._titles if name in texts), *texts])
        return "".join(self.add(name, texts[name]) for name in names if texts[name])

    def again(self, cell: str, when: str) -> str:
        """What stands before a new answer of a cell that has one already.

        Args:
            cell: its text follows.
            when: it was asked for, in UTC.
        """
        if cell == self._cell:
            between = seam("".join(self._pieces), when)
        else:
            between = self._end() + self._heading(cell) + _new_answer(when)
        self._begin(cell, between)
        return between

    def _begin(self, cell: str, before: str) -> None:
        self._cell, self._pieces = cell, []
        self._length += len(before)
        self.starts[cell] = self._length

    def _end(self) -> str:
        return closing("".join(self._pieces)) + _RULE if self._length else ""

    def _heading(self, cell: str) -> str:
        title = self._titles.get(cell, "")
        return f"> **{inline(title[0].upper() + title[1:])}**\n\n" if title else ""


def seam(text: str, when: str) -> str:
    """What stands between a text that broke off and the answer that was asked for again."""
    said = "> **The run was interrupted here.** "
    return f"{closing(text)}{_RULE}{said}{_NEW_ANSWER.format(when=when)}\n{_RULE}"


def _new_answer(when: str) -> str:
    return f"> {_NEW_ANSWER.format(when=when)}\n\n"


def closing(text: str) -> str:
    """What ends the last line of a text, and the code fence that is open there."""
    end = "" if text.endswith("\n") else "\n"
    mark = _open_fence(text)
    if mark is None or _is_closed(text + end):
        return end
    return f"{end}{mark}\n"


def _open_fence(text: str) -> str | None:
    """The mark that closes the code fence which is open at the end; None if none is."""
    mark = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if found is None:
            continue
        run, rest = found.groups()
        if not mark:
            if run[0] != "`" or "`" not in rest:
                mark = run
        elif run[0] == mark[0] and len(run) >= len(mark) and not rest.strip():
            mark = ""
    return mark or None


def _is_closed(text: str) -> bool:
    """Whether a rule below a text is one: a fence in a list ends with the list."""
    from markdown_it import MarkdownIt  # noqa: PLC0415  # only for a text that broke off in code

    return MarkdownIt("commonmark").parse(text + _RULE)[-1].type == "hr"
