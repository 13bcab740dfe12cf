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
_INDENT, _LONGEST_BEGINNING = 40, 300


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


class FindingParser:
    """Reads findings from text that arrives in pieces. Never raises because of the text."""

    def __init__(self) -> None:
        self._reader = FindingReader()
        self._pieces: list[str] = []
        self._blocks: deque[str] = deque()
        self._at: int = 0
        self._start: int = 0
        self._inside_line = False
        self._scanner: JsonScanner | None = None
        self._scanned_fence = ""
        self._built: dict[Draft, ParsedFinding] = {}
        self._finished = False
        self._last: Draft | None = None

    def feed(self, text: str) -> Changes:
        """Take the next piece of the report, cut anywhere."""
        end = text.rfind("\n") + 1
        if end:
            self._pieces.append(text[:end])
            self._end_block()
        self._pieces.append(text[end:])
        self._read(_FEWEST_LINES + len(text) // _CHARACTERS_A_LINE)
        return self._changes()

    def finish(self, *, ended: bool = True) -> Changes:
        """Take the end of the report.

        Args:
            ended: it ended by itself; otherwise its last finding is not complete.
        """
        if self._finished:
            return Changes()
        length = self._start - self._at + sum(map(len, (*self._blocks, *self._pieces)))
        self._pieces.append("\n")
        self._end_block()
        self._read(None)
        self._end_json()
        rows = self._reader.shelf.rows
        if rows and not ended and rows[-1].end >= length:
            rows[-1].cut = True
        last = self._reader.finish()
        if last is not None and (not ended or last.in_fence):
            self._last = last
        self._reader.shelf.settle()
        self._finished = True
        return self._changes()

    @property
    def is_behind(self) -> bool:
        """Whether lines wait for the next feed, which may be empty."""
        return bool(self._blocks)

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

    def _end_block(self) -> None:
        self._blocks.append("".join(self._pieces))
        self._pieces.clear()

    def _read(self, most: float | None) -> None:
        """Read lines that wait, at most so many."""
        while self._blocks and (most is None or most > 0):
            block, at = self._blocks[0], self._at
            end = block.find("\n", at)
            if end < 0:
                self._blocks.popleft()
                self._at = 0
                continue
            if most is not None:
                most -= 1 if end > at else _BLANK
            if self._scanner is not None or self._begins_json(block, at, end):
                end = self._json(block, at, end)
            else:
                self._reader.line(block[at:end].removesuffix("\r"), self._start)
                end += 1
            self._start += end - at
            self._at = end

    def _begins_json(self, block: str, at: int, end: int) -> bool:
        """Whether a line begins JSON; it is followed from there."""
        if block[at : min(end, at + _INDENT)].lstrip()[:1] not in ("{", "["):
            return False
        reader = self._reader
        if not reader.takes_json or not begins_json(block[at : min(end, at + _LONGEST_BEGINNING)]):
            return False
        self._scanner = JsonScanner(self._start)
        self._scanned_fence = reader.fence
        return True

    def _json(self, block: str, at: int, end: int) -> int:
        """Read a line, or a slice of a long one, as JSON; return where it ends."""
        scanner, fence = self._scanner, self._scanned_fence
        assert scanner is not None  # noqa: S101
        line = block[at : min(end, at + _SLICE)]
        if not self._inside_line:
            ends = is_closing_fence(line, fence) if fence else heading(line) or opening_fence(line)
            if ends:
                self._end_json()
                self._reader.line(block[at:end].removesuffix("\r"), self._start)
                return end + 1
        is_whole = at + len(line) == end
        for draft in scanner.feed(line + "\n" if is_whole else line):
            self._reader.add(draft)
        if fence and not self._inside_line:
            self._reader.line(block[at:end].removesuffix("\r"), self._start)
        self._inside_line = not is_whole and not scanner.done
        if scanner.done and not fence:
            self._scanner = None
        return at + len(line) if self._inside_line else end + 1

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
