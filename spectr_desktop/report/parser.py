r"""Findings read from a report while it streams.

Only whole lines are read, so that text cut anywhere gives what it gives in one piece. Each line is
looked at once, of an over-long one only the beginning; a text that is asked for is put together
then.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spectr_desktop.report.finding_json import JsonScanner, begins_json
from spectr_desktop.report.finding_lines import heading, is_closing_fence, opening_fence
from spectr_desktop.report.finding_reader import FindingReader

if TYPE_CHECKING:
    from spectr_desktop.records.findings import ParsedFinding
    from spectr_desktop.report.finding_draft import Draft

# A feed reads at most this many lines, and leaves the rest to the next one: 16 KB of line ends
# must not take longer than a frame. Real reports have far longer lines.
_FEWEST_LINES = 100
_CHARACTERS_A_LINE = 64
_BLANK = 1 / 16
_SLICE = 16_384


@dataclass(frozen=True, slots=True)
class Changes:
    """What a feed changed; indexes count from 0 and stay the same.

    Attributes:
        added: indexes of new findings, in order.
        changed: indexes of findings that say more than before, or that ended.
        cleared: all findings before these are void: the text so far was a model's thought.
    """

    added: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    cleared: bool = False


@dataclass(slots=True)
class _Line:
    text: str
    start: int
    rest_of_json: bool = False


class FindingParser:
    """Reads findings from text that arrives in pieces. Never raises because of the text."""

    def __init__(self) -> None:
        self._reader = FindingReader()
        self._pieces: list[str] = []
        self._start = 0
        self._length = 0
        self._lines: deque[_Line] = deque()
        self._scanner: JsonScanner | None = None
        self._scanned_fence = ""
        self._built: dict[Draft, ParsedFinding] = {}
        self._finished = False
        self._last: Draft | None = None

    def feed(self, text: str) -> Changes:
        """Take the next piece of the report, cut anywhere."""
        first, *others = text.split("\n")
        self._pieces.append(first)
        self._length += len(first)
        for part in others:
            self._end_line()
            self._pieces.append(part)
            self._length = len(part)
        self._read(_FEWEST_LINES + len(text) // _CHARACTERS_A_LINE)
        return self._changes()

    def finish(self, *, ended: bool = True) -> Changes:
        """Take the end of the report.

        Args:
            ended: it ended by itself; otherwise its last finding is not complete.
        """
        if self._finished:
            return Changes()
        self._end_line()
        self._read(None)
        self._end_json()
        rows = self._reader.shelf.rows
        if rows and not ended and rows[-1].end >= self._start - 1:
            rows[-1].cut = True
        last = self._reader.finish()
        if last is not None and (not ended or last.in_fence):
            self._last = last
        self._reader.shelf.settle()
        self._finished = True
        return self._changes()

    def __len__(self) -> int:
        """How many findings there are so far."""
        return len(self._reader.shelf.findings)

    def finding(self, index: int) -> ParsedFinding:
        """The finding at an index, as far as it is read."""
        draft = self._reader.shelf.findings[index]
        built = self._built.get(draft)
        if built is None:
            built = self._built[draft] = draft.build(complete=self._is_complete(draft))
        return built

    @property
    def findings(self) -> list[ParsedFinding]:
        """All findings so far, in the order in which they appeared."""
        return [self.finding(index) for index in range(len(self))]

    def _is_complete(self, draft: Draft) -> bool:
        if draft is self._last or draft.cut:
            return False
        return self._finished or not self._reader.is_open(draft)

    def _changes(self) -> Changes:
        shelf = self._reader.shelf
        added, changed = tuple(shelf.added), tuple(i for i in shelf.changed if i not in shelf.added)
        for index in (*added, *changed):
            self._built.pop(shelf.findings[index], None)
        cleared, shelf.was_cleared = shelf.was_cleared, False
        shelf.added.clear()
        shelf.changed.clear()
        return Changes(added, changed, cleared)

    def _end_line(self) -> None:
        text = "".join(self._pieces)
        self._pieces.clear()
        self._lines.append(_Line(text, self._start))
        self._start += len(text) + 1
        self._length = 0

    def _read(self, most: float | None) -> None:
        """Read lines that wait, at most so many."""
        lines = self._lines
        while lines and (most is None or most > 0):
            line = lines.popleft()
            if most is not None:
                most -= 1 + len(line.text) / _SLICE if line.text else _BLANK
            if self._scanner is None or not self._json(line, self._scanner):
                self._plain(line)

    def _plain(self, line: _Line) -> None:
        text = line.text.removesuffix("\r")
        reader = self._reader
        if text[:40].lstrip()[:1] in ("{", "[") and reader.takes_json and begins_json(text):
            self._scanner = JsonScanner(line.start)
            self._scanned_fence = reader.fence
            if self._json(line, self._scanner):
                return
        reader.line(text, line.start)

    def _json(self, line: _Line, scanner: JsonScanner) -> bool:
        """Read a line as JSON; False if it is none of it."""
        text = line.text
        if not line.rest_of_json:
            fence = self._scanned_fence
            if fence and is_closing_fence(text, fence):
                self._end_json()
                return False
            if not fence and (heading(text) or opening_fence(text)):
                self._end_json()
                return False
        piece, rest = text[:_SLICE], text[_SLICE:]
        for draft in scanner.feed(piece if rest else piece + "\n"):
            self._reader.add(draft)
        if rest and not scanner.done:
            self._lines.appendleft(_Line(rest, line.start + len(piece), rest_of_json=True))
        if self._scanned_fence:
            if not rest:
                self._reader.line(text.removesuffix("\r"), line.start)
        elif scanner.done:
            self._scanner = None
        return True

    def _end_json(self) -> None:
        if self._scanner is None:
            return
        for draft in self._scanner.finish():
            draft.cut = True
            self._reader.add(draft)
        self._scanner = None


def parse_findings(text: str, *, ended: bool = True) -> list[ParsedFinding]:
    """The findings of a whole report, in the order in which they appear.

    Args:
        text: Markdown, JSON or what a model made of either.
        ended: it ended by itself; otherwise the last finding is not complete.
    """
    parser = FindingParser()
    parser.feed(text)
    parser.finish(ended=ended)
    return parser.findings
