"""Where the lines of a text are after an edit."""

from __future__ import annotations

import bisect
import difflib
import enum
import re
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOKEN = re.compile(r"\w+|[^\w\s]")
# difflib is quadratic: it gets only gaps of so many pairs of lines, and so many in all.
_GAP_PAIRS = 20_000
_ALL_PAIRS = 200_000
_WINDOWS = 200
_MOST_PLACES = 50
_SIMILAR = 0.6
_TELLING = 8  # letters and signs of a block that is looked for elsewhere


class Change(enum.Enum):
    """What an edit did to a range of lines.

    SAME: nothing but their numbers has changed.
    EDITED: some were changed, or lines came between them.
    MOVED: they stand, as they were, where they did not stand before.
    GONE: nothing that is like them is left.
    """

    SAME = "same"
    EDITED = "edited"
    MOVED = "moved"
    GONE = "gone"


class NewRange(NamedTuple):
    """Where a range is now: lines from 1, both included; 0 if it is gone."""

    start: int
    end: int
    change: Change


class LineMap:
    """The lines of an old text in a new one.

    White space at the end of a line does not matter. Ten thousand lines with local edits take
    some milliseconds: equal ends are cut off, then lines that are the only ones of their kind hold
    the two texts together, and only small gaps between them are compared line by line. What a
    gap too large for that holds counts as changed.
    """

    def __init__(self, old_text: str, new_text: str) -> None:
        self._old = [line.rstrip() for line in old_text.split("\n")]
        self._new = [line.rstrip() for line in new_text.split("\n")]
        # For each old line its index in the new text, -1 if it is not there.
        self._to = aligned(self._old, self._new)

    def place(self, start: int, end: int) -> NewRange:
        """Where a range of the old text, lines from 1 and both included, is now."""
        first, last = start - 1, min(end, len(self._old)) - 1
        if first < 0 or last < first:
            return NewRange(0, 0, Change.GONE)
        kept = [at for at in range(first, last + 1) if self._to[at] >= 0]
        if not kept:
            return self._moved(first, last) or self._replaced(first, last)
        low, high = self._gap(first, last)
        to_first, to_last = self._to[kept[0]], self._to[kept[-1]]
        whole = len(kept) == last - first + 1 and to_last - to_first == last - first
        if whole:
            return NewRange(to_first + 1, to_last + 1, Change.SAME)
        if not any(self._old[at].strip("{}(); \t") for at in kept):
            # A bracket that stayed says nothing about the code that it closed.
            return self._moved(first, last) or self._replaced(first, last)
        begin = max(low, to_first - (kept[0] - first))
        finish = min(high, to_last + (last - kept[-1]))
        return NewRange(begin + 1, finish + 1, Change.EDITED)

    def _gap(self, first: int, last: int) -> tuple[int, int]:
        """The new lines, as indexes, between the kept lines before and behind a range."""
        before, behind = self._neighbours
        return before[first] + 1, behind[last + 1] - 1

    @cached_property
    def _neighbours(self) -> tuple[list[int], list[int]]:
        """For each old index the new one of the last kept line before it, and of the next one."""
        before, behind = [-1], [len(self._new)]
        for to in self._to:
            before.append(to if to >= 0 else before[-1])
        for to in reversed(self._to):
            behind.append(to if to >= 0 else behind[-1])
        return before, behind[::-1]

    @cached_property
    def _taken(self) -> frozenset[int]:
        return frozenset(self._to)

    @cached_property
    def _bare(self) -> list[str]:
        return [line.strip() for line in self._new]

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        """By its text without indentation, where each new line stands."""
        found: dict[str, list[int]] = {}
        for at, line in enumerate(self._bare):
            found.setdefault(line, []).append(at)
        return found

    def _moved(self, first: int, last: int) -> NewRange | None:
        block = [line.strip() for line in self._old[first : last + 1]]
        size = len(block)
        # The line with the fewest places says where to look.
        places, step = min((len(self._places.get(line, ())), at) for at, line in enumerate(block))
        if not 0 < places <= _MOST_PLACES or len("".join(block)) < _TELLING:
            return None
        starts = (at - step for at in self._places[block[step]])
        found = [
            at
            for at in starts
            if at >= 0 and at not in self._taken and self._bare[at : at + size] == block
        ]
        if len(found) != 1:
            return None
        return NewRange(found[0] + 1, found[0] + size, Change.MOVED)

    def _replaced(self, first: int, last: int) -> NewRange:
        """The lines in the same gap that are most like the range, if any is like it."""
        low, high = self._gap(first, last)
        if low > high:
            return NewRange(0, 0, Change.GONE)
        size = min(last - first + 1, high - low + 1)
        window = _Window(_tokens("\n".join(self._old[first : last + 1])))
        for at in range(low, low + size):
            window.add(self._new[at])
        best, found = window.likeness, low
        for at in range(low + 1, min(high - size + 1, low + _WINDOWS) + 1):
            window.remove(self._new[at - 1])
            window.add(self._new[at + size - 1])
            if window.likeness > best:
                best, found = window.likeness, at
        if best <= _SIMILAR:
            return NewRange(0, 0, Change.GONE)
        return NewRange(found + 1, found + size, Change.EDITED)


class _Window:
    """Some lines, and how much they are like what is looked for; lines come and go."""

    def __init__(self, wanted: Sequence[str]) -> None:
        self._missing = Counter(wanted)  # under zero: more of it than is wanted
        self._wanted = len(wanted)
        self._count = self._common = 0

    @property
    def likeness(self) -> float:
        """The share of common tokens: 1 for the same ones, 0 for none."""
        total = self._wanted + self._count
        return 2 * self._common / total if total else 0.0

    def add(self, line: str) -> None:
        """A line came."""
        for token in _tokens(line):
            self._common += self._missing[token] > 0
            self._missing[token] -= 1
            self._count += 1

    def remove(self, line: str) -> None:
        """A line went."""
        for token in _tokens(line):
            self._missing[token] += 1
            self._common -= self._missing[token] > 0
            self._count -= 1


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def aligned(old: Sequence[str], new: Sequence[str]) -> list[int]:
    """For each old line the index of the same line in the new text, -1 if it has none."""
    to = [-1] * len(old)
    left = _ALL_PAIRS
    stack = [(0, len(old), 0, len(new))]
    while stack:
        a, a_end, b, b_end = _trimmed(old, new, stack.pop(), to)
        if a == a_end or b == b_end:
            continue
        anchors = _anchors(old, new, (a, a_end, b, b_end))
        if anchors:
            for at, other in (*anchors, (a_end, b_end)):
                if a < at and b < other:
                    stack.append((a, at, b, other))
                if at < a_end:
                    to[at] = other
                a, b = at + 1, other + 1
            continue
        pairs = (a_end - a) * (b_end - b)
        if pairs <= min(_GAP_PAIRS, left):
            left -= pairs
            matcher = difflib.SequenceMatcher(None, old[a:a_end], new[b:b_end], autojunk=False)
            for block in matcher.get_matching_blocks():
                for step in range(block.size):
                    to[a + block.a + step] = b + block.b + step
    return to


def _trimmed(
    old: Sequence[str], new: Sequence[str], gap: tuple[int, int, int, int], to: list[int]
) -> tuple[int, int, int, int]:
    """The gap without the equal lines at its ends, which are noted."""
    a, a_end, b, b_end = gap
    while a < a_end and b < b_end and old[a] == new[b]:
        to[a] = b
        a, b = a + 1, b + 1
    while a < a_end and b < b_end and old[a_end - 1] == new[b_end - 1]:
        a_end, b_end = a_end - 1, b_end - 1
        to[a_end] = b_end
    return a, a_end, b, b_end


def _anchors(
    old: Sequence[str], new: Sequence[str], gap: tuple[int, int, int, int]
) -> list[tuple[int, int]]:
    """Pairs of lines that are the only ones of their kind on both sides, in a common order."""
    a, a_end, b, b_end = gap
    olds, news = Counter(old[a:a_end]), Counter(new[b:b_end])
    where = {new[at]: at for at in range(b, b_end) if news[new[at]] == 1}
    pairs = [
        (at, where[old[at]]) for at in range(a, a_end) if olds[old[at]] == 1 and old[at] in where
    ]
    # The longest ascending part of their places in the new text.
    ends: list[int] = []
    tops: list[int] = []
    back: list[int] = []
    for number, (_, other) in enumerate(pairs):
        slot = bisect.bisect_left(ends, other)
        back.append(tops[slot - 1] if slot else -1)
        if slot == len(ends):
            ends.append(other)
            tops.append(number)
        else:
            ends[slot], tops[slot] = other, number
    chain: list[tuple[int, int]] = []
    number = tops[-1] if tops else -1
    while number >= 0:
        chain.append(pairs[number])
        number = back[number]
    return chain[::-1]
