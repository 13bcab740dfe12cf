"""Where a block ends that would grow without limit, by the text alone and however it arrives."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from markdown_it.rules_block import StateBlock, reference, table
from markdown_it.token import Token

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

BLOCK_LIMIT = 64 * 1024
"""Characters of source above which a block is not parsed but shown cut."""

MOST_COLUMNS = 32
"""Columns above which a table stays a paragraph."""

_MOST_CELLS = 4000
_MOST_DEFINITIONS = 150
_BLANK = re.compile(r"^[ \t]*$", re.MULTILINE)


class Window(NamedTuple):
    """How much of a tail is looked at when its first block is asked whether it ends."""

    characters: int
    lines: int

    def end(self, source: str) -> int:
        """The offset behind the line at which the window is full; 0 if it is not full yet."""
        end = source.find("\n", self.characters) + 1
        # Every line has its newline, so that fewer characters cannot be as many lines.
        if not end and len(source) < self.lines:
            return 0
        head = source[: end or len(source)]
        return line_start(head, self.lines) if head.count("\n") >= self.lines else end


# A list is divided at its items: all of it is parsed again while it grows.
LIST_WINDOW = Window(24 * 1024, 400)
WINDOW = Window(BLOCK_LIMIT, 3000)


def line_start(source: str, line: int) -> int:
    """The offset at which a line begins, the first being 0."""
    at = 0
    for _ in range(line):
        at = source.index("\n", at) + 1
    return at


def limited(parser: MarkdownIt) -> MarkdownIt:
    """Make a parser read too wide tables, and too many definitions at once, as paragraphs.

    Long tables end after some thousand cells: a row of one character has as many cells as the
    header has columns, so that a few kilobytes could make a million. Definitions that follow one
    another take time by the square of their number.
    """
    parser.block.ruler.at("table", _limited_table, {"alt": ["paragraph", "reference"]})
    parser.block.ruler.at("reference", _limited_reference)
    return parser


def _limited_reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    last = start + _MOST_DEFINITIONS
    if last < end and not any(state.isEmpty(line) for line in range(start + 1, last + 1)):
        return False
    return reference(state, start, end, silent)


def _limited_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if start + 2 > end:
        return False
    line = start + 1
    delimiters = state.src.count("|", state.bMarks[line], state.eMarks[line])
    if delimiters > MOST_COLUMNS + 1:
        return False
    rows = max(1, _MOST_CELLS // max(1, delimiters - 1))
    return table(state, start, min(end, start + 2 + rows), silent)


def last_item(tokens: Sequence[Token]) -> int:
    """The index of the token that opens a list's last item; 0 if it has no other."""
    items = [i for i, t in enumerate(tokens) if t.type == "list_item_open" and t.level == 1]
    return items[-1] if len(items) > 1 else 0


@dataclass(slots=True)
class OpenBlock:
    """A block at the beginning of the tail whose end is searched for, so that it is not parsed.

    Attributes:
        token: its opening token.
        code_from: the offset behind the line that opens it.
        indent: how far the line that opens a fence is indented.
        closing: finds the line that ends it, in a text from an offset on.
        cut: it has filled a window: only its beginning is shown.
    """

    token: Token
    code_from: int
    indent: int
    closing: Callable[[str, int], re.Match[str] | None]
    cut: bool = False

    @classmethod
    def fence(cls, source: str, token: Token) -> OpenBlock | None:
        """The fence that begins a text, if its closing line is not there yet."""
        first = source.find(token.markup)
        code_from = source.find("\n", first) + 1
        if first < 0 or not code_from:
            return None
        indent = source[source.rfind("\n", 0, first) + 1 : first]
        marker = re.escape(token.markup[0])
        closing = re.compile(rf"^ {{0,3}}{marker}{{{len(token.markup)},}}[ \t]*$", re.MULTILINE)
        if indent.strip(" ") or closing.search(source, code_from):
            return None
        return cls(token, code_from, len(indent), closing.search)

    @classmethod
    def until_blank(cls, token: Token) -> OpenBlock:
        """A paragraph or table that has filled a window: it goes on to a blank line."""
        return cls(token, 0, 0, _BLANK.search, cut=True)

    def may_end(self, source: str, before: int) -> bool:
        """Whether something behind an offset looks like the line that ends it."""
        return self._closing(source, before) is not None

    def end(self, source: str, before: int) -> int:
        """The offset behind the complete line that ends it and stands behind another; or 0."""
        found = self._closing(source, before)
        return source.find("\n", found.end()) + 1 if found else 0

    def code(self, source: str) -> str:
        """The code of a fence so far."""
        code = source[self.code_from :]
        if self.indent:
            code = re.sub(rf"^ {{1,{self.indent}}}", "", code, flags=re.MULTILINE)
        return code

    def _closing(self, source: str, before: int) -> re.Match[str] | None:
        return self.closing(source, max(self.code_from, source.rfind("\n", 0, before) + 1))
