"""What a report still has to show, in bites that leave the window time to answer."""

from __future__ import annotations

from collections import deque
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from spectr_desktop.ui.hostile_text import line_offset
from spectr_desktop.ui.markdown_lines import Line, Table, block_lines, plain_lines, rest_note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from spectr_desktop.report.blocks import Block, BlockSplitter, Update
    from spectr_desktop.ui.copying import Sources

TURN = 60_000
"""What one turn of the event loop may cost: about 20 ms."""

MOST_LINES = 50_000
"""Lines that are shown of a report before the reader is asked whether he wants more."""

_MOST_CHARACTERS = 2_000_000  # Qt needs about 80 bytes for each

_BITE = 16 * 1024
_BITE_LINES = 250
_SKIPPED = 256 * 1024
_COST_OF_LINE = 25
_COST_OF_DEFINITION = 250
# A text up to here is parsed at once and needs no second look for late definitions.
_WHOLE = 32 * 1024
_WHOLE_LINES = 500

Content = Line | Table


class Bite(NamedTuple):
    """The next lines: `settled` are final, `tail` replaces the last one; and what they cost."""

    settled: list[Content]
    tail: list[Content]
    cost: int


class Wishes:
    """What the reader asked to see of what is cut: how often, by the number of the block."""

    def __init__(self) -> None:
        self._parts: dict[int, int] = {}

    def add(self, number: int) -> None:
        """One part more of a cut block, or of the report's rest."""
        self._parts[number] = self._parts.get(number, 0) + 1

    def clear(self) -> None:
        """Another report."""
        self._parts.clear()

    def of(self, number: int) -> int:
        """How many further parts of a block are shown."""
        return self._parts.get(number, 0)

    def are_met(self, lines: int, characters: int) -> bool:
        """Whether as much is shown as was asked for at all."""
        parts = 1 + sum(self._parts.values())
        return lines >= MOST_LINES * parts or characters >= _MOST_CHARACTERS * parts


class Feed:
    """Parses text in bites and hands out lines in portions; what is left waits.

    Attributes:
        knowing: a splitter that knows late definitions: the text has to be fed again to it.
    """

    def __init__(
        self,
        sources: Sources,
        wishes: Wishes,
        text: Callable[[], str],
        splitter: BlockSplitter | None = None,
    ) -> None:
        """A feed for an empty document.

        Args:
            sources: told of every block that is written.
            wishes: what is shown of cut blocks.
            text: gives the whole report.
            splitter: for a text whose definitions are known.
        """
        if splitter is not None:
            self.__dict__["_splitter"] = splitter
        self.knowing: BlockSplitter | None = None
        self._sources = sources
        self._wishes = wishes
        self._text = text
        self._pieces: deque[str] = deque()
        self._offset = 0
        self._ending = False
        self._blocks: list[Block] = []
        self._block_lines: list[list[Content]] = []
        self._written: list[tuple[int, Content]] = []
        self._settled: list[Content] = []
        self._open: tuple[list[Block], str] = ([], "")
        self._open_lines: list[list[Content]] = []
        self._tail: list[Content] = []
        self._unwritten = False
        self._cuts = 0
        self._source_lines = 0
        self._shown_lines = self._shown_characters = 0

    @property
    def busy(self) -> bool:
        """Whether anything waits, the end included, that may be shown."""
        return not self.full and (bool(self._pieces) or self._unwritten or self._ending)

    @property
    def full(self) -> bool:
        """Whether so many lines are shown that the reader has to ask for more."""
        return self._wishes.are_met(self._shown_lines, self._shown_characters)

    def append(self, text: str) -> None:
        """Take the next piece of text."""
        if text:
            self._pieces.append(text)

    def go_on(self) -> None:
        """The reader asked for more of a report that is not shown further."""
        self._unwritten = True

    def end(self) -> None:
        """Settle everything after the text that has come."""
        self._ending = True

    def take_whole(self, text: str) -> bool:
        """Parse a whole, short text at once; False if it is too long for that."""
        if len(text) > _WHOLE or text.count("\n") > _WHOLE_LINES:
            return False
        from spectr_desktop.report.blocks import Update, parse_document  # noqa: PLC0415  # late

        self._receive(Update(parse_document(text), []))
        return True

    def take(self, shown: Sequence[Content]) -> Bite:
        """The next bite; empty when the text has to be fed again to `knowing`.

        Args:
            shown: the tail that is shown now.
        """
        cost = 0
        if not self._unwritten:
            if self._pieces:
                text = self._next_text()
                cost = len(text) + _COST_OF_DEFINITION * text.count("\n[")
                cost += _COST_OF_LINE * min(text.count("\n"), _BITE_LINES)
                self._receive(self._splitter.feed(text))
            elif self._ending:
                self._ending = False
                update = self._splitter.finish()
                if update.stale:
                    self.knowing = self._splitter.again()
                    return Bite([], [], 0)
                self._receive(update)
        return self._portion(shown, cost)

    def wrote(
        self,
        done: Sequence[tuple[int, Content]],
        tail: Callable[[], Sequence[tuple[int, Content]]],
    ) -> None:
        """Take the places of settled lines that have been written, and who knows the tail's."""
        self._written += done
        if self._settled:
            return
        self._sources.settle(self._blocks, self._block_lines, self._written)
        self._blocks, self._block_lines, self._written = [], [], []
        self._sources.show_open(self._open[0], self._open_lines, tail)

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
                part, newlines = part[: line_offset(part, lines)], lines
            parts.append(part)
            room, lines = room - len(part), lines - newlines
            self._offset += len(part)
            if self._offset >= len(piece):
                self._pieces.popleft()
                self._offset = 0
        return "".join(parts)

    def _receive(self, update: Update) -> None:
        for block in update.settled:
            lines = self._lines_of(block)
            self._blocks.append(block)
            self._block_lines.append(lines)
            self._settled += lines
            self._source_lines += block.source.count("\n")
        if update.settled or self._open != (update.tail, update.plain):
            self._open = (update.tail, update.plain)
            self._open_lines = [block_lines(block) for block in update.tail]
            self._tail = [line for lines in self._open_lines for line in lines]
            if update.plain:
                self._tail += plain_lines(update.plain)
            self._unwritten = True

    def _lines_of(self, block: Block) -> list[Content]:
        """The lines of a settled block, with as much of a cut one as the reader asked for."""
        if not block.cut:
            return block_lines(block)
        number, self._cuts = self._cuts, self._cuts + 1
        first = self._source_lines
        count = block.source.count("\n") + (not block.source.endswith("\n"))

        def whole() -> str:
            # The splitter cuts endless lines; the report has them whole.
            text = self._text().replace("\r\n", "\n").replace("\r", "\n")
            start = line_offset(text, first)
            return text[start : line_offset(text, count, start)]

        return block_lines(block, number, self._wishes.of(number), whole)

    def _portion(self, shown: Sequence[Content], cost: int) -> Bite:
        """So many of the waiting lines as a turn can write."""
        wanted = [*self._settled, *self._tail]
        end = _common(shown, wanted)
        part: list[Content] = []
        while end < len(wanted) and (cost < TURN or not end):
            content = wanted[end]
            cost += _cost(content)
            if isinstance(content, Table) and cost > TURN:
                part = _more_rows(content, shown[end] if end < len(shown) else None)
                if part:
                    break
            end += 1
        settled, tail = self._settled[:end], self._tail[: max(0, end - len(self._settled))]
        self._settled = self._settled[end:]
        self._unwritten = end < len(wanted)
        self._shown_lines += len(settled)
        self._shown_characters += sum(map(_length, settled))
        if self.full:
            part = [rest_note()]
        return Bite(settled, [*tail, *part], cost)


def _common(shown: Sequence[Content], wanted: Sequence[Content]) -> int:
    """How many lines are there already."""
    count = 0
    for old, new in zip(shown, wanted, strict=False):
        if old is not new and old != new:
            break
        count += 1
    return count


def _more_rows(table: Table, shown: Content | None) -> list[Content]:
    """A long table with some more rows than are shown; nothing if these are all."""
    start = table._replace(rows=table.rows[: len(shown.rows)]) if isinstance(shown, Table) else None
    have = len(start.rows) if start is not None and start == shown else 0
    rows = have + max(1, TURN * len(table.rows) // _cost(table))
    return [table._replace(rows=table.rows[:rows])] if rows < len(table.rows) else []


def _length(content: Content) -> int:
    cells = (
        [content.runs] if isinstance(content, Line) else [c for row in content.rows for c in row]
    )
    return sum(len(run.text) for cell in cells for run in cell)


def _cost(content: Content) -> int:
    if isinstance(content, Table):
        return sum(250 + _cost_of_text(cell) for row in content.rows for cell in row)
    return 120 + _cost_of_text(content.runs)


def _cost_of_text(runs: Iterable[tuple[str, int, str]]) -> int:
    return sum(50 + len(text) * (1 if text.isascii() else 4) for text, _, _ in runs)
