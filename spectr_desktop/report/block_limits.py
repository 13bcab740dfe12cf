"""Where a hostile block ends: lists, tables and other blocks that would grow without limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown_it.rules_block import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token

# A list is divided at the first item behind these; what is open in a tail is parsed often.
_LIST_CHARACTERS = 32 * 1024
_LIST_LINES = 300
# Any other block but a fence ends at the first line behind these.
_CHARACTERS = 128 * 1024
_LINES = 3000

_OVER_AT_A_BLANK = ("paragraph_open", "heading_open", "table_open", "hr")

LEADING = 100
"""Blank lines and reference definitions that stand before a block, at most."""

SHORT = 256
"""Blocks with fewer characters are never ended by force."""

_MOST_COLUMNS = 32
_MOST_CELLS = 1200


def limit_tables(parser: MarkdownIt) -> MarkdownIt:
    """Make too wide tables paragraphs, and end long ones after some thousand cells.

    A row of one character has as many cells as the header has columns, so that a few kilobytes
    could make a million.
    """
    parser.block.ruler.at("table", _limited_table, {"alt": ["paragraph", "reference"]})
    return parser


def _limited_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if start + 2 > end:
        return False
    line = start + 1
    delimiters = state.src.count("|", state.bMarks[line], state.eMarks[line])
    if delimiters > _MOST_COLUMNS + 1:
        return False
    rows = max(1, _MOST_CELLS // max(1, delimiters - 1))
    return table(state, start, min(end, start + 2 + rows), silent)


def may_be_ended(source: str) -> bool:
    """Whether a block is so long that a growing text would have ended it by force."""
    return len(source) > _LIST_CHARACTERS or source.count("\n") > min(LEADING, _LIST_LINES)


def forced_end(source: str, tokens: Sequence[Token], first_line: int) -> int:
    """The line of a tail at which the block that begins it is ended, or 0.

    Args:
        source: the tail's text from the block on.
        tokens: the block's tokens.
        first_line: the line of the block's beginning, as its tokens count.
    """
    complete = source.count("\n")
    kind = tokens[0].type
    is_list = kind in ("bullet_list_open", "ordered_list_open")
    lines, characters = (_LIST_LINES, _LIST_CHARACTERS) if is_list else (_LINES, _CHARACTERS)
    if kind in _OVER_AT_A_BLANK and tokens[0].map:
        # What lies behind the block is blank or defines references.
        lines = min(lines, max(1, tokens[0].map[1] - first_line) + LEADING)
    if complete <= lines and len(source) <= characters:
        return 0
    least = _line_behind(source, lines, characters)
    if is_list:
        starts = (t.map[0] - first_line for t in tokens if _is_item(t) and t.map)
        item = next((start for start in starts if start >= least), 0)
        least = item or _line_behind(source, _LINES, _CHARACTERS)
    elif kind == "fence" and tokens[0].map:
        # An open one goes on to the end; what lies behind a closed one is blank.
        least = max(least, tokens[0].map[1] - first_line)
    return least if least + 1 < complete else 0


def _is_item(token: Token) -> bool:
    return token.type == "list_item_open" and token.level == 1


def _line_behind(source: str, lines: int, characters: int) -> int:
    """The number of the first line behind so many characters or lines."""
    return min(lines, source.count("\n", 0, characters) + 1)
