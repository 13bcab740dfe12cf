"""Inline content as nearly all of it is: words, code, plain marks and links, read in one pass.

It gives the very tokens that the full parser gives. Where the two could differ, as with images or
marks that stand between letters, it gives none, and the full parser has to read the text.
"""

from __future__ import annotations

import re

from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.token import Token

_SPECIAL = re.compile(
    r"(?P<line>(?P<blanks> *)\n[ \t]*)"
    r"|(?P<code>(?P<ticks>`++)(?P<inner>.+?)(?<!`)(?P=ticks)(?!`))"
    r"|(?P<mark>\*+|_+)"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|&(?P<entity>lt|gt|amp);"
    r"|\[(?P<label>[^\]\[\\`*_<>&!~\n]+)\]\((?P<target>https?://[a-z0-9.-]+(?:/[a-zA-Z0-9_./#-]*)?)\)"
    r"|(?P<bracket>\[)"
    r"|(?P<other>[\\`]|&(?=[#A-Za-z]))",
    re.DOTALL,
)
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&"}
_NAMES = {1: "em", 2: "strong"}
_DEEPEST = 8


def simple_children(text: str, *, references: bool) -> list[Token] | None:
    """The children of inline content; None if it takes the full parser to know.

    Args:
        text: of one block, as the full parser gets it.
        references: whether there are definitions that brackets could name.
    """
    bracketed = "[" in text
    if (bracketed and references) or "~~" in text or ("<" in text and ">" in text):
        return None
    may_link = bracketed and "](" in text
    out = _Children()
    at = 0
    for found in _SPECIAL.finditer(text):
        out.words += text[at : found.start()]
        at = found.end()
        kind = found.lastgroup
        if kind == "escaped":
            out.words += found["escaped"]
        elif kind == "entity":
            out.words += _ENTITIES[found["entity"]]
        elif kind == "code":
            out.add_code(found["ticks"], found["inner"])
        elif kind == "target":
            if text[max(0, found.start() - 1)] == "!":  # an image
                return None
            out.add_link(found["label"], found["target"])
        elif kind == "bracket" and not may_link:
            out.words += "["
        elif kind == "line":
            out.add_break(hard=len(found["blanks"]) > 1)
        elif kind != "mark" or not out.add_mark(text, found.start(), found.end()):
            return None
    out.words += text[at:]
    return out.finished()


class _Children:
    """Tokens on the way, and the words that stand behind the last one."""

    def __init__(self) -> None:
        self.words = ""
        self._made: list[Token] = []
        self._open: list[str] = []

    def add_code(self, ticks: str, inner: str) -> None:
        self._add_words()
        content = inner.replace("\n", " ")
        if content[0] == content[-1] == " " and content.strip(" "):
            content = content[1:-1]
        level = len(self._open)
        token = Token("code_inline", "code", 0, level=level, content=content, markup=ticks)
        self._made.append(token)

    def add_link(self, label: str, target: str) -> None:
        self._add_words()
        level = len(self._open)
        self._made += (
            Token("link_open", "a", 1, {"href": target}, level=level),
            Token("text", "", 0, level=level + 1, content=label),
            Token("link_close", "a", -1, level=level),
        )

    def add_break(self, *, hard: bool) -> None:
        self._add_words()
        kind = "hardbreak" if hard else "softbreak"
        self._made.append(Token(kind, "br", 0, level=len(self._open)))

    def add_mark(self, text: str, start: int, end: int) -> bool:
        """Add a run of marks; whether it is plain what they do."""
        run = text[start:end]
        before = text[start - 1] if start else " "
        after = text[end] if end < len(text) else " "
        opens, closes = _flanks(run[0], before, after)
        if not opens and not closes:
            self.words += run
            return True
        name = _NAMES.get(len(run))
        if name is None or opens == closes or len(self._open) > _DEEPEST:
            return False
        if opens:
            # The full parser leaves an empty text outside strong marks, where a pair was one.
            self._add_words(even_none=name == "strong")
            level = len(self._open)
            self._made.append(Token(f"{name}_open", name, 1, level=level, markup=run))
            self._open.append(run)
            return True
        if not self._open or self._open[-1] != run:
            return False
        self._add_words()
        self._open.pop()
        level = len(self._open)
        self._made.append(Token(f"{name}_close", name, -1, level=level, markup=run))
        if name == "strong":
            self._made.append(Token("text", "", 0, level=level))
        return True

    def finished(self) -> list[Token] | None:
        """All of them; None if an emphasis is not closed."""
        self._add_words()
        return None if self._open else self._made

    def _add_words(self, *, even_none: bool = False) -> None:
        if not self.words and not even_none:
            return
        if self._made and self._made[-1].type == "text":
            self._made[-1].content += self.words
        else:
            token = Token("text", "", 0, level=len(self._open), content=self.words)
            self._made.append(token)
        self.words = ""


def _flanks(marker: str, before: str, after: str) -> tuple[bool, bool]:
    """Whether a run of marks may open and may close an emphasis, by what stands beside it."""
    blank_before, blank_after = isWhiteSpace(ord(before)), isWhiteSpace(ord(after))
    if blank_before or blank_after:
        return not blank_after, not blank_before
    sign_before, sign_after = _is_sign(before), _is_sign(after)
    left = not sign_after or sign_before
    right = not sign_before or sign_after
    if marker == "*":
        return left, right
    return left and (not right or sign_before), right and (not left or sign_after)


def _is_sign(character: str) -> bool:
    return isMdAsciiPunct(ord(character)) or isPunctChar(character)
