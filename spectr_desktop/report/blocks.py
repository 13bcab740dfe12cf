"""Growing Markdown split into settled top-level blocks, which never change, and an open tail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import normalizeReference
from markdown_it.rules_core import StateCore, inline, text_join
from markdown_it.token import Token

from spectr_desktop.report.block_limits import (
    LEADING,
    SHORT,
    forced_end,
    limit_tables,
    may_be_ended,
)

BLOCK_LIMIT = 64 * 1024
"""Characters of source above which a block is not parsed but shown cut."""

BLOCK_LINES = 3000
"""Lines of code above which a fence is shown cut as well."""

_TAIL_LIMIT = 16 * 1024
_EARLY_PARSES = 8
# Inline parsing of hostile text takes time by the square of its length.
_INLINE_LIMIT = 16 * 1024
_MOST_BRACKETS = 1000
_BITE = 16 * 1024
_LABEL = re.compile(r"\[((?:\\.|[^\[\]\\])+)\]", re.DOTALL)
_NEWLINE = re.compile(r"\r\n?")

_References = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Block:
    """One top-level block.

    Attributes:
        source: its Markdown up to the next block, with plain line ends and over-long lines cut.
        tokens: its markdown-it tokens; those of a cut block have no inline children.
        cut: it is longer than `BLOCK_LIMIT`.
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
    references: _References = {}
    spans = _parse(source, references)
    if any(map(may_be_ended, (span.source for span in spans))):
        return _in_bites(source, references)
    inlines = _Inlines(references)
    return [span.block(inlines) for span in spans]


def _in_bites(source: str, references: _References) -> list[Block]:
    """The blocks of a text, some of which are ended by force as they are in a growing one."""
    splitter = BlockSplitter(references)
    out: list[Block] = []
    for at in range(0, len(source), _BITE):
        out += splitter.feed(source[at : at + _BITE]).settled
    return [*out, *splitter.finish().settled]


class BlockSplitter:
    """Splits text that arrives in pieces; the work of a feed is bounded by the open tail."""

    def __init__(self, references: _References | None = None) -> None:
        """Begin a text; `references` are definitions that are known to come."""
        self._normalizer = _Normalizer()
        self._references: _References = dict(references or {})
        self._open_labels: set[str] = set()
        self._stale = False
        self._source = ""
        self._tail: list[Block] = []
        self._plain_from = 0
        self._early_parses = 0
        self._fence: _OpenFence | None = None
        self._inlines: _Inlines | None = None

    def feed(self, text: str) -> Update:
        """Take the next piece of text, cut anywhere, and return what changed."""
        added = self._normalizer.feed(text)
        if not added:
            return Update([], self._tail, self._plain())
        before = len(self._source)
        self._source += added
        if self._fence is not None:
            block = self._fence.grown(self._source, before)
            if block is not None:
                self._tail = [block]
                self._plain_from = len(self._source)
                return Update([], self._tail)
            closed = self._fence.closed(self._source)
            self._fence = None
            if closed is not None:
                self._source, self._plain_from = self._source[len(closed.source) :], 0
                rest = self._parse_tail()
                return Update([closed, *rest.settled], rest.tail)
        if self._waits():
            return Update([], self._tail, self._plain())
        return self._parse_tail()

    def finish(self) -> Update:
        """Settle all that is left; `stale` says whether everything has to be parsed again."""
        self._source += self._normalizer.feed("", final=True)
        settled: list[Block] = []
        if self._fence is not None:
            closed = self._fence.closed(self._source)
            if closed is not None:
                settled.append(closed)
                self._source = self._source[len(closed.source) :]
        spans = _parse(self._source, references := dict(self._references))
        self._source, self._tail, self._fence, self._plain_from = "", [], None, 0
        settled += self._settle(spans, references, None)
        return Update(settled, [], stale=self._stale)

    def _plain(self) -> str:
        return "" if self._cut() else self._source[self._plain_from :]

    def _cut(self) -> bool:
        return bool(self._tail) and self._tail[-1].cut

    def _waits(self) -> bool:
        """An over-long tail is parsed again only after it has grown by a share of its length."""
        if self._plain_from < _TAIL_LIMIT:
            return False
        blank = self._source.find("\n\n", max(0, self._plain_from - 2)) >= 0
        if blank and self._early_parses and "\n" in self._source[self._plain_from :]:
            # A paragraph or table has ended: what follows need not wait for so much more.
            self._early_parses -= 1
            return False
        growth = 2.0 if self._cut() else 1.1 if blank else 1.25
        return len(self._source) < self._plain_from * growth

    @property
    def is_skipping(self) -> bool:
        """Whether the text goes on with a fence that is cut already: any amount is cheap."""
        return self._fence is not None and self._fence.cut

    def again(self) -> BlockSplitter:
        """A splitter for the same text that knows its definitions from the start."""
        return BlockSplitter(self._references)

    def _parse_tail(self) -> Update:
        settled: list[Block] = []
        while True:
            references = dict(self._references)
            spans = _parse(self._source, references)
            count = _settled_count(self._source, spans)
            forced, ended = self._forced(spans, count)
            count = min(count, forced)
            tail = spans[count:]
            first_line = tail[0].first_line if count else 0
            if count:
                settled += self._settle(spans[:count], references, first_line)
                self._source = self._source[tail[0].start :]
            if not ended:
                break
            settled += self._end_by_force(ended)
        if settled or not self._plain_from:
            ends = bool(tail) and tail[-1].tokens[0].type in ("paragraph_open", "table_open")
            self._early_parses = _EARLY_PARSES if ends else 0
        self._plain_from = len(self._source)
        self._inlines = _Inlines(references, self._inlines)
        self._tail = [span.block(self._inlines) for span in tail]
        if self._tail and not self._source.endswith("\n"):
            last_line = first_line + self._source.count("\n")
            self._tail[-1] = _held_back(self._tail[-1], last_line)
        if len(tail) == 1:
            self._fence = _OpenFence.of(self._source, tail[0])
        return Update(settled, self._tail)

    def _forced(self, spans: list[_Span], count: int) -> tuple[int, int]:
        """The first block that is ended by force, and at which line of the text from it on.

        Without one: the number of blocks that are settled by themselves, and 0.
        """
        blank = spans[0].first_line if spans else self._source.count("\n")
        if blank > LEADING:
            return 0, LEADING
        for index, span in enumerate(spans[: count + 1]):
            if span.end - span.start < SHORT:
                continue
            # Lines before the first block belong to it but are not counted.
            before = 0 if index else blank
            start = span.start if index else _line_start(self._source, blank)
            end = spans[index + 1].first_line - span.first_line if index < count else 0
            line = forced_end(self._source[start:], span.tokens, span.first_line)
            if line and not (end and line >= end):
                return index, before + line
        return count, 0

    def _end_by_force(self, line: int) -> list[Block]:
        """Settle the tail up to a line, as if it were a text of its own."""
        end = _line_start(self._source, line)
        part, self._source = self._source[:end], self._source[end:]
        spans = _parse(part, references := dict(self._references))
        settled = self._settle(spans, references, None)
        # Definitions alone make no block; their lines count nevertheless.
        return settled or [Block(part, [])]

    def _settle(
        self, spans: list[_Span], references: _References, until: int | None
    ) -> list[Block]:
        """Fix the inline content of blocks with the references defined up to a line, or all."""
        for label, reference in references.items():
            if label in self._references or not (until is None or reference["map"][0] < until):
                continue
            self._references[label] = reference
            self._stale = self._stale or label in self._open_labels
        inlines = _Inlines(self._references, self._inlines)
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

    def block(self, inlines: _Inlines) -> Block:
        first = self.tokens[0]
        many = first.type == "fence" and first.content.count("\n") > BLOCK_LINES
        cut = self.length > BLOCK_LIMIT or many
        if not cut:
            inlines.parse(self.tokens)
        return Block(self.source, self.tokens, cut)


class _Inlines:
    """Parses inline content with the references given; what was parsed with the same is reused."""

    def __init__(self, references: _References, before: _Inlines | None = None) -> None:
        self._references = references
        self._before: dict[str, list[Token]] = {}
        self._parsed: dict[str, list[Token]] = {}
        if before is not None:
            self._before = before.known(references)

    def known(self, references: _References) -> dict[str, list[Token]]:
        """What was parsed with these references."""
        return self._parsed if references == self._references else {}

    def parse(self, tokens: list[Token]) -> None:
        new: list[Token] = []
        for token in tokens:
            if token.type != "inline":
                continue
            content = token.content
            if len(content) > _INLINE_LIMIT or content.count("[") > _MOST_BRACKETS:
                token.children = [Token("text", "", 0, content=token.content)]
                continue
            children = self._before.get(token.content)
            if children is None:
                new.append(token)
            else:
                token.children = self._parsed[token.content] = children
        state = StateCore("", _MARKDOWN, {"references": self._references}, new)
        inline(state)
        text_join(state)
        self._parsed.update((token.content, token.children or []) for token in new)


def _parser() -> MarkdownIt:
    # HTML off: a model's raw HTML is text, here and in every export.
    made = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    return limit_tables(made)


_MARKDOWN = _parser()


def _parse(source: str, references: _References) -> list[_Span]:
    """Parse the block level only; `references` gains the definitions that the text has."""
    tokens: list[Token] = []
    _MARKDOWN.block.parse(source, _MARKDOWN, {"references": references}, tokens)
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


def _line_start(source: str, line: int) -> int:
    """The offset at which a line begins."""
    at = 0
    for _ in range(line):
        at = source.index("\n", at) + 1
    return at


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


def _held_back(block: Block, last_line: int) -> Block:
    """Leave out what the rest of the unfinished last line may make into something else."""
    tokens = block.tokens
    if tokens[0].type == "fence":
        return Block(block.source, [_without_marker(tokens[0])], block.cut)
    if tokens[0].type != "table_open":
        return block
    row = [last_line, last_line + 1]
    start = next((i for i, t in enumerate(tokens) if t.type == "tr_open" and t.map == row), None)
    if start is None:
        return block
    end = next(i for i in range(start, len(tokens)) if tokens[i].type == "tr_close")
    return Block(block.source, tokens[:start] + tokens[end + 1 :], block.cut)


def _without_marker(token: Token) -> Token:
    """A fence's token without a last line that looks like the start of its closing line."""
    head, newline, last = token.content.rpartition("\n")
    if last and not last.strip(token.markup[0] + " "):
        return token.copy(content=head + newline)
    return token


@dataclass(slots=True)
class _OpenFence:
    """A fence without its closing line, alone in the tail: its text is appended, not parsed."""

    token: Token
    code_from: int
    indent: int
    closing: Callable[[str, int], re.Match[str] | None]
    cut: bool = False

    @classmethod
    def of(cls, source: str, span: _Span) -> _OpenFence | None:
        """The open fence that a span is, if it is one."""
        token = span.tokens[0]
        first = source.find(token.markup) if token.type == "fence" else -1
        code_from = source.find("\n", first) + 1
        if first < 0 or not code_from:
            return None
        indent = source[source.rfind("\n", 0, first) + 1 : first]
        if indent.strip(" "):
            return None
        marker = re.escape(token.markup[0])
        closing = re.compile(rf"^ {{0,3}}{marker}{{{len(token.markup)},}}[ \t]*$", re.MULTILINE)
        if closing.search(source, code_from):
            return None
        return cls(token, code_from, len(indent), closing.search)

    def grown(self, source: str, before: int) -> Block | None:
        """The block with all text so far, or None when its closing line may have come."""
        self.cut = cut = self.cut or self._is_cut(source, len(source))
        closing = self.closing(source, max(self.code_from, source.rfind("\n", 0, before) + 1))
        if closing and not (cut and source.find("\n", closing.end()) < 0):
            return None
        # What is shown of a cut block is taken from its source.
        token = self.token if cut else _without_marker(self._whole(source[self.code_from :]))
        return Block(source, [token], cut)

    def closed(self, source: str) -> Block | None:
        """The finished block of a fence that is too long to be parsed for its end."""
        closing = self.closing(source, self.code_from)
        end = source.find("\n", closing.end()) + 1 if closing else 0
        end = end or len(source)
        if not self._is_cut(source[:end], closing.start() if closing else end):
            return None
        return Block(source[:end], [self.token], cut=True)

    def _is_cut(self, source: str, code_end: int) -> bool:
        if len(source) > BLOCK_LIMIT and len(source.strip()) > BLOCK_LIMIT:
            return True
        return source.count("\n", self.code_from, code_end) > BLOCK_LINES

    def _whole(self, code: str) -> Token:
        if self.indent:
            code = re.sub(rf"^ {{1,{self.indent}}}", "", code, flags=re.MULTILINE)
        return self.token.copy(content=code)
