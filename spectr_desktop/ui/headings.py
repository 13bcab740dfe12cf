"""The headings of the report, as the outline and the screen reader get them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from spectr_desktop.ui.markdown_lines import HEADINGS, Line, Table

if TYPE_CHECKING:
    from collections.abc import Iterable


class Heading(NamedTuple):
    """A heading: its level, its text and where it stands in the document."""

    level: int
    text: str
    position: int


def headings_of(written: Iterable[tuple[int, Line | Table]]) -> list[Heading]:
    """The headings among lines that are given with their places."""
    return [
        Heading(int(line.kind), _text(line), at)
        for at, line in written
        if isinstance(line, Line) and line.kind in HEADINGS
    ]


def _text(line: Line) -> str:
    text = "".join(run.text for run in line.runs)
    return (text.partition("\t")[2] if line.hang else text).strip()
