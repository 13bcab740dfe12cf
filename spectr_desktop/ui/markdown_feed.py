"""What a report still has to show, in bites that leave the window time to answer."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from spectr_desktop.ui.markdown_lines import Line, Table, block_lines, plain_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spectr_desktop.report.blocks import Block, BlockSplitter, Update

TURN = 60_000
"""What one turn of the event loop may cost: about 20 ms."""

_BITE = 16 * 1024
_BITE_LINES = 250
_COST_OF_LINE = 25
_COST_OF_DEFINITION = 250
_SKIPPED = 256 * 1024
# A text up to here is parsed at once and needs no second look for late definitions.
_WHOLE = 32 * 1024
_WHOLE_LINES = 500

Content = Line | Table


class Bite(NamedTuple):
    """The next lines: `settled` are final, `tail` replaces the last one."""

    settled: list[Content]
    tail: list[Content]
    cost: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a cut block stands in the report: its first line, and how many; -1 is up to the end."""

    first_line: int
    count: int
    fence: bool


class Feed:
    """Parses text in bites and hands out lines in portions; what is left waits.

    Attributes:
        cuts: the settled blocks that are shown cut, in order.
    """

    def __init__(self, splitter: BlockSplitter | None = None) -> None:
        if splitter is not None:
            self.__dict__["_splitter"] = splitter
        self.cuts: list[Cut] = []
        self._pieces: deque[str] = deque()
        self._offset = 0
        self._ending = False
        self._fed = False
        self._settled: list[Content] = []
        self._tail: list[Content] = []
        self._unwritten = False
        self._lines = 0
        self._blocks: list[Block] = []
        self._block_lines: list[list[Content]] = []

    @property
    def has_text(self) -> bool:
        """Whether text waits to be parsed."""
        return bool(self._pieces)

    @property
    def busy(self) -> bool:
        """Whether anything waits, the end included."""
        return bool(self._pieces) or self._unwritten or self._ending

    def append(self, text: str) -> None:
        """Take the next piece of text."""
        if text:
            self._pieces.append(text)

    def end(self) -> None:
        """Settle everything after the text that has come."""
        self._ending = True

    def take(self, shown: Sequence[Content]) -> tuple[Bite, BlockSplitter | None]:
        """The next bite.

        Args:
            shown: the tail that is shown now.

        Returns:
            The bite; and a splitter that knows better, if the whole text has to be parsed again.
        """
        cost = 0
        if not self._unwritten:
            if self._pieces:
                text = self._next_text()
                cost = len(text) + _COST_OF_DEFINITION * text.count("\n[")
                cost += _COST_OF_LINE * min(text.count("\n"), _BITE_LINES)
                self._fed = True
                self._receive(self._splitter.feed(text))
            elif self._ending:
                self._ending = False
                update = self._splitter.finish()
                if update.stale:
                    return Bite([], [], 0), self._splitter.again()
                self._receive(update)
        return self._portion(shown, cost), None

    def take_whole(self, text: str) -> bool:
        """Parse a whole, short text at once; False if it is too long for that."""
        if len(text) > _WHOLE or text.count("\n") > _WHOLE_LINES:
            return False
        from spectr_desktop.report.blocks import Update, parse_document  # noqa: PLC0415  # late

        self._receive(Update(parse_document(text), []))
        return True

    @cached_property
    def _splitter(self) -> BlockSplitter:
        """Made with the first text, so that the window is shown before markdown-it is loaded."""
        from spectr_desktop.report.blocks import BlockSplitter  # noqa: PLC0415

        return BlockSplitter()

    def _next_text(self) -> str:
        """As much of the text as one turn parses, by characters and by lines."""
        parts: list[str] = []
        room, lines = _BITE, _BITE_LINES
        if self._splitter.is_skipping:
            room = lines = _SKIPPED
        while self._pieces and room > 0 and lines > 0:
            piece = self._pieces[0]
            part = piece[self._offset : self._offset + room]
            newlines = part.count("\n")
            if newlines > lines:
                end = 0
                for _ in range(lines):
                    end = part.index("\n", end) + 1
                part, newlines = part[:end], lines
            parts.append(part)
            room, lines = room - len(part), lines - newlines
            self._offset += len(part)
            if self._offset >= len(piece):
                self._pieces.popleft()
                self._offset = 0
        return "".join(parts)

    def _receive(self, update: Update) -> None:
        self._settled = []
        for block in update.settled:
            self._settled += block_lines(block, len(self.cuts))
            lines = block.source.count("\n")
            if block.cut:
                count = lines if block.source.endswith("\n") else -1
                self.cuts.append(Cut(self._lines, count, block.tokens[0].type == "fence"))
            self._lines += lines
        self._receive_tail(update.tail)
        if update.plain:
            self._tail += plain_lines(update.plain)
        self._unwritten = True

    def _receive_tail(self, blocks: list[Block]) -> None:
        made: list[list[Content]] = []
        for index, block in enumerate(blocks):
            before = self._blocks[index] if index < len(self._blocks) else None
            # What is shown of a cut block does not change while it grows.
            same = block is before or (before is not None and before.cut and block.cut)
            same = same and not self._settled
            lines = self._block_lines[index] if same else block_lines(block)
            made.append(lines)
        self._blocks, self._block_lines = blocks, made
        self._tail = [line for lines in made for line in lines]

    def _portion(self, shown: Sequence[Content], cost: int) -> Bite:
        """So many of the waiting lines as a turn can write."""
        wanted = [*self._settled, *self._tail]
        end = _common(shown, wanted)
        while end < len(wanted) and (cost < TURN or not end):
            cost += _cost(wanted[end])
            end += 1
        settled, tail = self._settled[:end], self._tail[: max(0, end - len(self._settled))]
        self._settled = self._settled[end:]
        self._unwritten = end < len(wanted)
        return Bite(settled, tail, cost)


def _common(shown: Sequence[Content], wanted: Sequence[Content]) -> int:
    """How many lines are there already."""
    count = 0
    for old, new in zip(shown, wanted, strict=False):
        if old is not new and old != new:
            break
        count += 1
    return count


def _cost(content: Content) -> int:
    if isinstance(content, Table):
        return sum(250 + _cost_of_text(cell) for row in content.rows for cell in row)
    return 120 + _cost_of_text(content.runs)


def _cost_of_text(runs: Iterable[tuple[str, int, str]]) -> int:
    return sum(50 + len(text) * (1 if text.isascii() else 4) for text, _, _ in runs)


def source_of(text: str, cut: Cut) -> str:
    """The whole text of a cut block; line ends become plain."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    start = _line_start(text, 0, cut.first_line)
    end = len(text) if cut.count < 0 else _line_start(text, start, cut.count)
    return text[start:end]


def _line_start(text: str, at: int, lines: int) -> int:
    """The offset that lies so many lines behind another."""
    while lines:
        step = at + 65536
        found = text.count("\n", at, step)
        if found >= lines:
            for _ in range(lines):
                at = text.index("\n", at) + 1
            return at
        lines -= found
        at = step
        if at >= len(text):
            return len(text)
    return at
