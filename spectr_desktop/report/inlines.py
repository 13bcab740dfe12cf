"""Inline content of blocks: parsed once, also while it grows, and never more than can be borne."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote, list_block
from markdown_it.rules_core import StateCore, inline, text_join
from markdown_it.token import Token

from spectr_desktop.report.block_limits import limited
from spectr_desktop.report.healing import healed, open_children
from spectr_desktop.report.simple_inlines import simple_children

References = MutableMapping[str, Any]

# Inline parsing of hostile text takes time by the square of its length.
_INLINE_LIMIT = 16 * 1024
_MOST_BRACKETS = 1000
_INTERRUPTED_BY_QUOTES = ["paragraph", "reference", "blockquote", "list"]
_TASK = re.compile(r"\[([ xX])\] +")


def _parser() -> MarkdownIt:
    # HTML off: a model's raw HTML is text, here and in every export.
    made = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    # What stands deeper than the parser goes would be lost: it is text of the deepest level.
    made.block.ruler.at("list", _list, {"alt": ["paragraph", "reference", "blockquote"]})
    made.block.ruler.at("blockquote", _blockquote, {"alt": _INTERRUPTED_BY_QUOTES})
    return limited(made)


def _list(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    return _has_room(state, 2) and list_block(state, start, end, silent)


def _blockquote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    return _has_room(state, 1) and blockquote(state, start, end, silent)


def _has_room(state: StateBlock, levels: int) -> bool:
    """Whether there is a level for the content of a block that is some levels deep itself."""
    return state.level + levels < state.md.options["maxNesting"]


MARKDOWN = _parser()


class Inlines:
    """Parses inline content with the references given; what was parsed with the same is reused."""

    def __init__(self, references: References, before: Inlines | None = None) -> None:
        self._references = references
        self._before: dict[str, list[Token]] = {}
        self._parsed: dict[str, list[Token]] = {}
        if before is not None:
            self._before = before.known(references)

    def known(self, references: References) -> dict[str, list[Token]]:
        """What was parsed with these references."""
        return self._parsed if references == self._references else {}

    def parse(self, tokens: list[Token]) -> None:
        """Give the inline tokens among these their children; over-long text stays plain."""
        new: list[Token] = []
        for token in tokens:
            if token.type != "inline" or token.children:
                continue
            if _is_overlong(token.content):
                token.children = [Token("text", "", 0, content=token.content)]
                continue
            children = self._before.get(token.content)
            if children is None:
                children = simple_children(token.content, references=bool(self._references))
            if children is None:
                new.append(token)
            else:
                token.children = self._parsed[token.content] = children
        state = StateCore("", MARKDOWN, {"references": self._references}, new)
        inline(state)
        text_join(state)
        self._parsed.update((token.content, token.children or []) for token in new)

    def parse_open(self, token: Token, *, ended: bool) -> bool:
        """Parse what can be shown of an inline that goes on; False when that is nothing."""
        if _is_overlong(token.content):
            return True
        text = healed(token.content, ended=ended)
        env = {"references": self._references}
        token.children, closed = open_children(text, MARKDOWN, env)
        text_join(StateCore("", MARKDOWN, env, [token]))
        if text == token.content and not closed:
            self._parsed[text] = token.children
        return bool(text)


def _is_overlong(text: str) -> bool:
    return len(text) > _INLINE_LIMIT or text.count("[") > _MOST_BRACKETS


def mark_tasks(tokens: list[Token]) -> None:
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
