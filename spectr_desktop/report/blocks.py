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

from spectr_desktop.report.healing import (
    healed,
    open_children,
    open_inline,
    shown_length,
    without_half_line,
    without_marker,
)

BLOCK_LIMIT = 64 * 1024
"""Characters of source above which a block is not parsed but shown cut."""

_TAIL_LIMIT = 16 * 1024
_EARLY_PARSES = 8
# Inline parsing of hostile text takes time by the square of its length.
_INLINE_LIMIT = 16 * 1024
_LABEL = re.compile(r"\[((?:\\.|[^\[\]\\])+)\]", re.DOTALL)
_TASK = re.compile(r"\[([ xX])\] +")
_NEWLINE = re.compile(r"\r\n?")

_References = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Block:
    """One top-level block.

    Attributes:
        source: its Markdown up to the next block, with plain line ends and over-long lines cut.
        tokens: its markdown-it tokens; those of a cut block have no inline children. The opening
            token of a task has its box in `meta["task"]`, and its text begins behind the brackets.
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
    inlines = _Inlines(references)
    return [span.block(inlines) for span in spans]


class BlockSplitter:
    """Splits text that arrives in pieces; the work of a feed is bounded by the open tail."""

    def __init__(self) -> None:
        self._normalizer = _Normalizer()
        self._references: _References = {}
        self._open_labels: set[str] = set()
        self._stale = False
        self._source = ""
        self._tail: list[Block] = []
        self._plain_from: int = 0
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
            self._fence = None
        if self._waits():
            return Update([], self._tail, self._plain())
        return self._parse_tail()

    def finish(self) -> Update:
        """Settle all that is left; `stale` says whether everything has to be parsed again."""
        self._source += self._normalizer.feed("", final=True)
        spans = _parse(self._source, references := dict(self._references))
        self._source, self._tail, self._fence, self._plain_from = "", [], None, 0
        return Update(self._settle(spans, references, None), [], stale=self._stale)

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

    def _parse_tail(self) -> Update:
        length = shown_length(self._source)
        if length == self._plain_from < _TAIL_LIMIT:
            return Update([], self._tail)
        source = self._source[:length]
        references = dict(self._references)
        spans = _parse(source, references)
        count = _settled_count(source, spans)
        settled: list[Block] = []
        if count:
            settled = self._settle(spans[:count], references, spans[count].first_line)
            self._source = self._source[spans[count].start :]
            length -= spans[count].start
        tail = spans[count:]
        if count or not self._plain_from:
            ends = bool(tail) and tail[-1].tokens[0].type in ("paragraph_open", "table_open")
            self._early_parses = _EARLY_PARSES if ends else 0
        self._plain_from = length
        if len(tail) == 1:
            self._fence = _OpenFence.of(self._source, tail[0])
        self._inlines = _Inlines(references, self._inlines)
        self._tail = [span.block(self._inlines) for span in tail[:-1]]
        if tail:
            last = tail[-1].open_block(self._inlines, source)
            self._tail += [last] if last.tokens else []
        return Update(settled, self._tail)

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
        cut = self.length > BLOCK_LIMIT
        if not cut:
            inlines.parse(self.tokens)
            _mark_tasks(self.tokens)
        return Block(self.source, self.tokens, cut)

    def open_block(self, inlines: _Inlines, source: str) -> Block:
        """The block as it is shown at the end of the tail that was parsed."""
        if self.length > BLOCK_LIMIT:
            return self.block(inlines)
        ended = source.endswith("\n")
        index = open_inline(self.tokens, source)
        if index is not None and not inlines.parse_open(self.tokens[index], ended=ended):
            del self.tokens[index - 1 : index + 2]
        inlines.parse(self.tokens)
        _mark_tasks(self.tokens)
        if not ended:
            self.tokens = without_half_line(self.tokens, source.count("\n"))
        return Block(self.source, self.tokens)


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
            if token.type != "inline" or token.children:
                continue
            if len(token.content) > _INLINE_LIMIT:
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

    def parse_open(self, token: Token, *, ended: bool) -> bool:
        """Parse what can be shown of an inline that goes on; False when that is nothing."""
        if len(token.content) > _INLINE_LIMIT:
            return True
        text = healed(token.content, ended=ended)
        env = {"references": self._references}
        token.children, closed = open_children(text, _MARKDOWN, env)
        text_join(StateCore("", _MARKDOWN, env, [token]))
        if text == token.content and not closed:
            self._parsed[text] = token.children
        return bool(text)


def _mark_tasks(tokens: list[Token]) -> None:
    """Give list items that begin with [ ] or [x] a box for a marker, in `meta["task"]`."""
    for index, token in enumerate(tokens[:-2]):
        if token.type != "list_item_open" or tokens[index + 1].type != "paragraph_open":
            continue
        text = tokens[index + 2]
        found = _TASK.match(text.content)
        first, *others = text.children or (None,)
        # A reference definition may make the brackets into a link, which stays one. Healed text
        # may have lost the blank behind them.
        if found is None or first is None or not first.content.startswith(found[0].rstrip()):
            continue
        token.meta = {"task": "☐" if found[1] == " " else "☑"}
        text.children = [first.copy(content=first.content[len(found[0]) :]), *others]


def _parser() -> MarkdownIt:
    # HTML off: a model's raw HTML is text, here and in every export.
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


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


@dataclass(slots=True)
class _OpenFence:
    """A fence without its closing line, alone in the tail: its text is appended, not parsed."""

    token: Token
    code_from: int
    closing: Callable[[str, int], re.Match[str] | None]

    @classmethod
    def of(cls, source: str, span: _Span) -> _OpenFence | None:
        """The open fence that a span is, if it is one and is not indented."""
        token = span.tokens[0]
        first = source.find(token.markup) if token.type == "fence" else -1
        code_from = source.find("\n", first) + 1
        if first < 0 or not code_from or (first and source[first - 1] != "\n"):
            return None
        marker = re.escape(token.markup[0])
        closing = re.compile(rf"^ {{0,3}}{marker}{{{len(token.markup)},}}[ \t]*$", re.MULTILINE)
        if closing.search(source, code_from):
            return None
        return cls(token, code_from, closing.search)

    def grown(self, source: str, before: int) -> Block | None:
        """The block with all text so far, or None when its closing line may have come."""
        line_start = max(self.code_from, source.rfind("\n", 0, before) + 1)
        if self.closing(source, line_start):
            return None
        token = without_marker(self.token.copy(content=source[self.code_from :]))
        return Block(source, [token], len(source.strip()) > BLOCK_LIMIT)
