"""Growing Markdown split into settled top-level blocks, which never change, and an open tail."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from markdown_it.common.utils import normalizeReference
from markdown_it.token import Token

from spectr_desktop.report.block_limits import (
    BLOCK_LIMIT,
    LIST_WINDOW,
    WINDOW,
    OpenBlock,
    last_item,
    line_start,
)
from spectr_desktop.report.healing import (
    open_inline,
    shown_length,
    without_half_line,
    without_marker,
)
from spectr_desktop.report.inlines import MARKDOWN, Inlines, References, mark_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAIL_LIMIT = 16 * 1024
_EARLY_PARSES = 8
_BITE = 16 * 1024
_LABEL = re.compile(r"\[((?:\\.|[^\[\]\\])+)\]", re.DOTALL)
_LISTS = ("bullet_list_open", "ordered_list_open")
_UNTIL_BLANK = ("paragraph_open", "table_open")
_WIDE = (*_UNTIL_BLANK, "fence", "code_block")
_NEWLINE = re.compile(r"\r\n?")


@dataclass(frozen=True, slots=True)
class Block:
    """One top-level block.

    Attributes:
        source: its Markdown up to the next block, with plain line ends and over-long lines cut.
        tokens: its markdown-it tokens; those of a cut block have no inline children. The opening
            token of a task has its box in `meta["task"]`, and its text begins behind the brackets.
        cut: it is longer than `BLOCK_LIMIT`, or as many lines: only its beginning is shown.
    """

    source: str
    tokens: list[Token]
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Update:
    """What one feed changed.

    Attributes:
        settled: blocks that are final now, in order, each given once.
        tail: the blocks that may still change; they replace the last tail.
        plain: the newest text of an over-long tail, behind `tail` and not parsed yet.
        stale: a settled block used a reference that was defined after it: parse everything again.
    """

    settled: list[Block]
    tail: list[Block]
    plain: str = ""
    stale: bool = False


def parse_document(text: str) -> list[Block]:
    """Parse a whole text at once, with every reference definition known from the start."""
    source = _Normalizer().feed(text, final=True)
    references: References = {}
    spans = _parse(source, references)
    if any(LIST_WINDOW.end(span.source) for span in spans) or not spans:
        # A growing text ends such blocks by force, and so they end here.
        splitter = BlockSplitter(references)
        updates = [splitter.feed(source[at : at + _BITE]) for at in range(0, len(source), _BITE)]
        return [block for update in [*updates, splitter.finish()] for block in update.settled]
    inlines = Inlines(references)
    return [span.block(inlines) for span in spans]


class BlockSplitter:
    """Splits text that arrives in pieces; the work of a feed is bounded by the open tail."""

    def __init__(self, references: References | None = None) -> None:
        """Begin a text; `references` are definitions that are known to come."""
        self._normalizer = _Normalizer()
        self._references: References = dict(references or {})
        self._open_labels: set[str] = set()
        self._stale = False
        self._source = ""
        self._tail: list[Block] = []
        self._plain_from: int = 0
        self._early_parses = 0
        self._open: OpenBlock | None = None
        self._inlines: Inlines | None = None

    def feed(self, text: str) -> Update:
        """Take the next piece of text, cut anywhere, and return what changed."""
        added = self._normalizer.feed(text)
        if not added:
            return Update([], self._tail, self._plain())
        before = len(self._source)
        self._source += added
        if self._open is not None:
            if self._goes_on(self._open, before):
                return Update([], self._tail)
            return self._parse_tail(self._end_open(self._open, before))
        if self._waits():
            return Update([], self._tail, self._plain())
        return self._parse_tail([])

    def finish(self) -> Update:
        """Settle all that is left; `stale` says whether everything has to be parsed again."""
        self._source += self._normalizer.feed("", final=True)
        settled: list[Block] = []
        if self._open is None or not self._open.cut:
            self._open = None
            settled = self._end_overlong()
        if self._open is not None:
            settled.append(Block(self._source, [self._open.token], cut=True))
            self._source = ""
        spans = _parse(self._source, references := dict(self._references))
        settled += self._settle(spans, references, None)
        self._source, self._tail, self._open, self._plain_from = "", [], None, 0
        return Update(settled, [], stale=self._stale)

    @property
    def is_skipping(self) -> bool:
        """Whether the text goes on with a block that is cut already: any amount is cheap."""
        return self._open is not None and self._open.cut

    def again(self) -> BlockSplitter:
        """A splitter for the same text that knows its definitions from the start."""
        return BlockSplitter(self._references)

    def _plain(self) -> str:
        return self._source[self._plain_from :]

    def _waits(self) -> bool:
        """An over-long tail is parsed again only after it has grown by a share of its length."""
        if self._plain_from < _TAIL_LIMIT:
            return False
        blank = self._source.find("\n\n", max(0, self._plain_from - 2)) >= 0
        if blank and self._early_parses and "\n" in self._source[self._plain_from :]:
            # A paragraph or table has ended: what follows need not wait for so much more.
            self._early_parses -= 1
            return False
        return len(self._source) < self._plain_from * (1.1 if blank else 1.25)

    def _goes_on(self, block: OpenBlock, before: int) -> bool:
        """Whether the block that begins the tail goes on; if so, it has grown."""
        if block.cut:
            return not block.end(self._source, before)
        if block.may_end(self._source, before) or WINDOW.end(self._source):
            return False
        token = without_marker(block.token.copy(content=block.code(self._source)))
        self._tail = [Block(self._source, [token])]
        self._plain_from = len(self._source)
        return True

    def _end_open(self, block: OpenBlock, before: int) -> list[Block]:
        """Settle a cut block whose last line has come; any other is parsed."""
        self._open = None
        self._plain_from = 0
        if not block.cut:
            return []
        end = block.end(self._source, before)
        settled = Block(self._source[:end], [block.token], cut=True)
        self._source = self._source[end:]
        return [settled]

    def _parse_tail(self, settled: list[Block]) -> Update:
        settled += self._end_overlong()
        if self._open is not None:
            self._tail = [Block(self._source, [self._open.token], cut=True)]
            self._plain_from = len(self._source)
            return Update(settled, self._tail)
        length = shown_length(self._source)
        if not settled and length == self._plain_from < _TAIL_LIMIT:
            return Update([], self._tail)
        source = self._source[:length]
        references = dict(self._references)
        spans = _parse(source, references)
        count = _settled_count(source, spans)
        if count:
            settled += self._settle(spans[:count], references, spans[count].first_line)
            self._source = self._source[spans[count].start :]
            length -= spans[count].start
        tail = spans[count:]
        if settled or not self._plain_from:
            ends = bool(tail) and tail[-1].tokens[0].type in ("paragraph_open", "table_open")
            self._early_parses = _EARLY_PARSES if ends else 0
        self._plain_from = length
        if len(tail) == 1 and tail[0].tokens[0].type == "fence":
            self._open = OpenBlock.fence(self._source, tail[0].tokens[0])
        self._inlines = Inlines(references, self._inlines)
        self._tail = [span.block(self._inlines) for span in tail[:-1]]
        if tail:
            last = tail[-1].open_block(self._inlines, source)
            self._tail += [last] if last.tokens else []
        return Update(settled, self._tail)

    def _end_overlong(self) -> list[Block]:
        """Settle what the windows are full of, so that less than a window is left.

        What a window says is a matter of the text alone, and a block that is settled in a part
        of it is settled in all of it: the ends are the same however the text arrives.
        """
        settled: list[Block] = []
        while self._open is None and (end := LIST_WINDOW.end(self._source)):
            part = self._source[:end]
            spans = _parse(part, references := dict(self._references))
            count = _settled_count(part, spans)
            if not count and spans and spans[0].tokens[0].type in _WIDE:
                end = WINDOW.end(self._source)
                part = self._source[:end] if end else self._source
                spans = _parse(part, references := dict(self._references))
                # What follows the first block has its own windows.
                count = min(1, _settled_count(part, spans))
                if not count and not end:
                    break
            if count:
                settled += self._settle(spans[:count], references, spans[count].first_line)
                self._source = self._source[spans[count].start :]
            else:
                settled += self._end_by_force(part, spans, references)
        return settled

    def _end_by_force(self, part: str, spans: list[_Span], references: References) -> list[Block]:
        """End the block that fills a window: settle it, a part of it, or begin to skip it."""
        kind = spans[0].tokens[0] if spans else None
        if kind is not None and len(spans) == 1:
            item = last_item(spans[0].tokens) if kind.type in _LISTS else 0
            if item:
                return self._divide_list(part, spans[0], item, references)
            goes_on = (spans[0].end_line >= part.count("\n")) and kind.type in _UNTIL_BLANK
            opened = OpenBlock.until_blank(kind) if goes_on else None
            if kind.type == "fence":
                opened = OpenBlock.fence(part, kind)
            if opened is not None:
                opened.cut = True
                return self._skip(opened, len(part))
        self._source = self._source[len(part) :]
        # Definitions and blank lines make no block; their lines count nevertheless.
        return self._settle(spans, references, None) or [Block(part, [])]

    def _skip(self, opened: OpenBlock, before: int) -> list[Block]:
        self._open = opened
        return self._end_open(opened, before) if opened.end(self._source, before) else []

    def _divide_list(
        self, part: str, span: _Span, item: int, references: References
    ) -> list[Block]:
        """Settle a list up to its last item, which begins the next one."""
        line = (span.tokens[item].map or [0])[0]
        end = line_start(part, line)
        tokens = [*span.tokens[:item], span.tokens[-1]]
        head = _Span(0, end, span.first_line, line, part[:end], end, tokens)
        self._source = self._source[end:]
        return self._settle([head], references, line)

    def _settle(self, spans: list[_Span], references: References, until: int | None) -> list[Block]:
        """Fix the inline content of blocks with the references defined up to a line, or all."""
        for label, reference in references.items():
            if label in self._references or not (until is None or reference["map"][0] < until):
                continue
            self._references[label] = reference
            self._stale = self._stale or label in self._open_labels
        inlines = Inlines(self._references, self._inlines)
        settled = [span.block(inlines) for span in spans]
        for block in settled:
            for token in block.tokens:
                if token.type == "inline" and "[" in token.content:
                    labels = map(normalizeReference, _LABEL.findall(token.content))
                    self._open_labels.update(set(labels) - self._references.keys())
        return settled


class _Normalizer:
    """Plain line ends, no NUL, and of an endless line only as much as marks its block cut."""

    def __init__(self) -> None:
        self._carry = ""
        self._column = 0

    def feed(self, text: str, *, final: bool = False) -> str:
        text = self._carry + text
        self._carry = ""
        if text.endswith("\r") and not final:
            text, self._carry = text[:-1], "\r"
        if "\r" in text:
            text = _NEWLINE.sub("\n", text)
        text = text.replace("\0", "\ufffd")
        if self._column + len(text) <= BLOCK_LIMIT:
            newline = text.rfind("\n")
            self._column = len(text) - newline - 1 + (self._column if newline < 0 else 0)
            return text
        return "".join(self._cut_lines(text))

    def _cut_lines(self, text: str) -> Iterator[str]:
        for number, line in enumerate(text.split("\n")):
            if number:
                self._column = 0
                yield "\n"
            kept = line[: BLOCK_LIMIT + 1 - self._column]
            self._column += len(kept)
            yield kept


@dataclass(slots=True)
class _Span:
    """A top-level block and its place in the parsed text: characters and lines, ends excluded."""

    start: int
    end: int
    first_line: int
    end_line: int
    source: str
    length: int
    tokens: list[Token] = field(default_factory=list[Token])

    def block(self, inlines: Inlines) -> Block:
        cut = self.length > BLOCK_LIMIT
        if not cut:
            inlines.parse(self.tokens)
            mark_tasks(self.tokens)
        return Block(self.source, self.tokens, cut)

    def open_block(self, inlines: Inlines, source: str) -> Block:
        """The block as it is shown at the end of the tail that was parsed."""
        if self.length > BLOCK_LIMIT:
            return self.block(inlines)
        ended = source.endswith("\n")
        index = open_inline(self.tokens, source)
        if index is not None and not inlines.parse_open(self.tokens[index], ended=ended):
            del self.tokens[index - 1 : index + 2]
        inlines.parse(self.tokens)
        mark_tasks(self.tokens)
        if not ended:
            self.tokens = without_half_line(self.tokens, source.count("\n"))
        return Block(self.source, self.tokens)


def _parse(source: str, references: References) -> list[_Span]:
    """Parse the block level only; `references` gains the definitions that the text has."""
    tokens: list[Token] = []
    MARKDOWN.block.parse(source, MARKDOWN, {"references": references}, tokens)
    offsets = [0, *(match.end() for match in re.finditer("\n", source))]
    offsets.append(len(source))

    def offset(line: int) -> int:
        return offsets[min(line, len(offsets) - 1)]

    spans: list[_Span] = []
    for token in tokens:
        if token.level == 0 and token.nesting >= 0:
            first, end = token.map or (0, 0)
            length = len(source[offset(first) : offset(end)].strip())
            start = offset(first) if spans else 0
            spans.append(_Span(start, len(source), first, end, "", length))
        spans[-1].tokens.append(token)
    for span, following in pairwise(spans):
        span.end = following.start
    for span in spans:
        span.source = source[span.start : span.end]
    return spans


def _settled_count(source: str, spans: list[_Span]) -> int:
    """Count the blocks before the last one whose kind no further text can change."""
    complete = source.count("\n")
    lines: list[str] | None = None
    for index in range(len(spans) - 1, 0, -1):
        span = spans[index]
        deciding = span.first_line + (1 if span.tokens[0].type == "table_open" else 0)
        if deciding >= complete:
            continue
        if spans[index - 1].end_line >= span.first_line:
            return index
        lines = lines or source.split("\n")
        # Directly under a reference definition the block may still become its title.
        if not lines[span.first_line - 1].strip():
            return index
    return 0
