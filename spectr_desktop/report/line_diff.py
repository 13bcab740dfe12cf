"""What differs between two texts: edits of whole lines, rows to show, and words that changed."""

from __future__ import annotations

import difflib
import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from spectr_desktop.report.line_map import aligned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONTEXT = 3
"""Equal lines that are shown on each side of a change."""
MOST_ROWS = 200_000
"""More lines than anybody reads; the changes behind them are counted, not shown."""

_WORD = re.compile(r"\w+|\s+|[^\w\s]")
# Words are compared pair by pair of lines: so many pairs of words for one, and so many in all.
_LINE_PAIRS = 10_000
_ALL_PAIRS = 300_000
_ALIKE = 0.3  # of two lines that have less in common, words say nothing


_Places = tuple[tuple[int, int], ...]


class Edit(NamedTuple):
    """Lines `start` to `end` (from 0, the end excluded) of the old text become `lines`."""

    start: int
    end: int
    lines: tuple[str, ...]


class RowKind(enum.Enum):
    """What a row of a diff is.

    SAME: a line of both texts.
    REMOVED: a line of the old text alone.
    ADDED: a line of the new text alone.
    GAP: equal lines that are left out.
    """

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"
    GAP = "gap"


class Row(NamedTuple):
    """One row of a diff.

    Attributes:
        kind: what it is.
        old: the number of the line in the old text, from 1; 0 if it is not there.
        new: its number in the new text.
        text: the line.
        words: the parts of the line that changed: (first character, one behind the last).
        hidden: how many lines a gap leaves out.
    """

    kind: RowKind
    old: int
    new: int
    text: str
    words: tuple[tuple[int, int], ...] = ()
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Diff:
    """The rows of a diff, and where its changes begin.

    Attributes:
        rows: in the order of the texts.
        changes: the index of the first row of each change.
        removed: lines that the old text alone has.
        added: lines that the new text alone has.
        cut: changes that are not among the rows, because there are too many.
    """

    rows: tuple[Row, ...] = ()
    changes: tuple[int, ...] = ()
    removed: int = 0
    added: int = 0
    cut: int = 0


def edits(old: str, new: str) -> list[Edit]:
    r"""The edits of whole lines that turn one text into another, in order; none if equal.

    Lines end at `\n` alone. What is too much to compare counts as changed, as in `LineMap`.
    """
    olds, news = old.split("\n"), new.split("\n")
    return [
        Edit(start, end, tuple(news[new_start:new_end]))
        for start, end, new_start, new_end in _gaps(olds, news)
    ]


def diff(old: str, new: str, context: int = CONTEXT) -> Diff:
    """The rows that show how one text became another.

    Args:
        old: the text before.
        new: the text after.
        context: equal lines on each side of a change.
    """
    olds, news = old.split("\n"), new.split("\n")
    gaps = _gaps(olds, news)
    marking = _Words()
    rows: list[Row] = []
    changes: list[int] = []
    at = new_at = 0  # the next lines that are not among the rows
    for gap in gaps:
        if len(rows) + (gap.end - gap.start) + (gap.new_end - gap.new_start) > MOST_ROWS:
            break
        _add_same(rows, olds, (at, gap.start, new_at), (context if changes else 0, context))
        changes.append(len(rows))
        rows += marking.rows(olds, news, gap)
        at, new_at = gap.end, gap.new_end
    if changes and len(changes) == len(gaps):
        _add_same(rows, olds, (at, len(olds), new_at), (context, 0))
    removed = sum(gap.end - gap.start for gap in gaps)
    added = sum(gap.new_end - gap.new_start for gap in gaps)
    return Diff(tuple(rows), tuple(changes), removed, added, len(gaps) - len(changes))


class _Gap(NamedTuple):
    start: int
    end: int
    new_start: int
    new_end: int


def _gaps(olds: Sequence[str], news: Sequence[str]) -> list[_Gap]:
    """The places between equal lines where the texts differ."""
    out: list[_Gap] = []
    at = new_at = 0
    for line, to in enumerate(aligned(olds, news)):
        if to < 0:
            continue
        if line > at or to > new_at:
            out.append(_Gap(at, line, new_at, to))
        at, new_at = line + 1, to + 1
    if at < len(olds) or new_at < len(news):
        out.append(_Gap(at, len(olds), new_at, len(news)))
    return out


def _add_same(
    rows: list[Row], olds: Sequence[str], lines: tuple[int, int, int], keep: tuple[int, int]
) -> None:
    """Equal lines between two changes: the first and the last ones, and how many are left out."""
    start, end, new_start = lines
    shift = new_start - start
    head, tail = start + keep[0], end - keep[1]
    if tail - head <= 1:  # a row that says "1 line" would be no shorter
        head = tail = end
    numbers = (*range(start, head), *range(tail, end))
    same = [Row(RowKind.SAME, line + 1, line + 1 + shift, olds[line]) for line in numbers]
    rows += same[: head - start]
    if tail > head:
        rows.append(Row(RowKind.GAP, head + 1, head + 1 + shift, "", hidden=tail - head))
    rows += same[head - start :]


class _Words:
    """Finds the words that changed, as long as that stays cheap."""

    def __init__(self) -> None:
        self._left = _ALL_PAIRS

    def rows(self, olds: Sequence[str], news: Sequence[str], gap: _Gap) -> Iterator[Row]:
        """The rows of one change: removed lines before added ones."""
        count, new_count = gap.end - gap.start, gap.new_end - gap.new_start
        marks = [
            self._changed(olds[gap.start + step], news[gap.new_start + step])
            for step in range(count if count == new_count else 0)
        ]
        for step in range(count):
            line, words = gap.start + step, marks[step][0] if marks else ()
            yield Row(RowKind.REMOVED, line + 1, 0, olds[line], words)
        for step in range(new_count):
            line, words = gap.new_start + step, marks[step][1] if marks else ()
            yield Row(RowKind.ADDED, 0, line + 1, news[line], words)

    def _changed(self, old: str, new: str) -> tuple[_Places, _Places]:
        if self._left <= 0:
            return (), ()
        before, after = _WORD.findall(old), _WORD.findall(new)
        pairs = len(before) * len(after)
        if pairs > _LINE_PAIRS:
            return (), ()
        self._left -= pairs
        matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
        same = sum(
            len(before[at].strip())
            for block in matcher.get_matching_blocks()
            for at in range(block.a, block.a + block.size)
        )
        # White space is in every line.
        if 2 * same < _ALIKE * (len("".join(old.split())) + len("".join(new.split()))):
            return (), ()
        codes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
        return (
            _places(before, [(code[1], code[2]) for code in codes]),
            _places(after, [(code[3], code[4]) for code in codes]),
        )


def _places(words: Sequence[str], ranges: Sequence[tuple[int, int]]) -> _Places:
    """Ranges of words as ranges of characters; empty ones are left out."""
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    return tuple((starts[first], starts[last]) for first, last in ranges if first < last)
