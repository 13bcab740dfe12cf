"""Colours for Solidity and Vyper source, a line at a time."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spectr_desktop.ui.theme import Colors, Theme

LINE_LIMIT = 20_000
"""Characters; in a longer line only comments are followed, for the lines below it."""

Token = tuple[int, int, str]
"""Start and end in a line, and the kind of what is there: a key of `formats`."""

_NO_COMMENT = 0
_NATSPEC_TAG = re.compile(r"(?<![\w.])@[a-z][\w-]*(?::[\w-]+)?")
_NAME = r"[A-Za-z_$][\w$]*"
_STRING = r"""(?P<string>"[^"\\]*(?:\\.?[^"\\]*)*"?|'[^'\\]*(?:\\.?[^'\\]*)*'?)"""
_NUMBER = r"(?P<number>0[xXbo][\da-fA-F_]+|\d[\d_]*(?:\.\d[\d_]*)*(?:[eE]-?\d[\d_]*)?)"
# The compiler ends a line comment at each of these, so code may hide behind one: show it as code.
_LINE_COMMENT_ENDS = "\\v\\f\\r\u0085\u2028\u2029"


@dataclass(frozen=True, slots=True)
class _Block:
    """A comment that may go on over lines."""

    opener: str
    closer: str
    natspec: bool


@dataclass(frozen=True, slots=True)
class _Syntax:
    """The table of a language.

    Attributes:
        tokens: finds the next token; the group that matched names its kind.
        structure: finds only what decides whether a comment begins.
        words: kinds of names.
        definers: words that the name of a definition follows.
        blocks: comments over lines; the index + 1 is the state of a line that ends inside one.
        natspec: what a line comment with NatSpec tags begins with.
    """

    tokens: re.Pattern[str]
    structure: re.Pattern[str]
    words: dict[str, str]
    definers: frozenset[str]
    blocks: tuple[_Block, ...]
    natspec: str


def _words(**kinds: str) -> dict[str, str]:
    return {word: kind for kind, words in kinds.items() for word in words.split()}


_SIZED_TYPES = " ".join(
    [f"{sign}int{bits}" for sign in ("", "u") for bits in range(8, 257, 8)]
    + [f"bytes{size}" for size in range(1, 33)]
)
_SOLIDITY_STRUCTURE = rf"(?P<comment>//[^{_LINE_COMMENT_ENDS}]*)|(?P<block>/\*\*(?!/)|/\*)"
_SOLIDITY = _Syntax(
    tokens=re.compile(
        rf"(?P<global>(?:msg|block|tx|abi)\s*\.\s*{_NAME})"
        # Ordinary names but for these places.
        rf"|(?P<keyword>from(?=\s*[\"'])|global(?=\s*;)|(?:receive|fallback)(?=\s*\()"
        rf"|error(?=\s+{_NAME}\s*(?:\(|$)))"
        rf"|(?P<word>{_NAME})|{_SOLIDITY_STRUCTURE}|{_STRING}|{_NUMBER}"
    ),
    structure=re.compile(rf"{_SOLIDITY_STRUCTURE}|{_STRING}"),
    words=_words(
        keyword="abstract anonymous as assembly assert break calldata case catch constant "
        "constructor continue contract default delete do else emit enum event external final for "
        "function if immutable import in indexed interface internal is let library memory modifier "
        "new override payable pragma private public pure require return returns revert "
        "selfdestruct storage struct switch throw transient try type unchecked using var view "
        "virtual while",
        type="address bool byte bytes fixed int mapping string ufixed uint " + _SIZED_TYPES,
        number="true false wei gwei szabo finney ether seconds minutes hours days weeks years",
        **{"global": "this super now gasleft blockhash blobhash ecrecover keccak256"},
    ),
    definers=frozenset(
        _words(name="contract enum error event function interface library modifier struct type")
    ),
    blocks=(_Block("/*", "*/", natspec=False), _Block("/**", "*/", natspec=True)),
    natspec="///",
)
_VYPER_STRUCTURE = r"""(?P<comment>\#.*)|(?P<block>\"{3}|'{3})"""
_VYPER = _Syntax(
    tokens=re.compile(
        rf"(?P<global>(?:msg|block|tx|chain|self)\s*\.\s*{_NAME})"
        rf"|(?P<keyword>@{_NAME}|(?:enum|interface|event|struct|flag)(?=\s+{_NAME}\s*:))"
        rf"|(?P<word>{_NAME})|{_VYPER_STRUCTURE}|{_STRING}|{_NUMBER}"
    ),
    structure=re.compile(rf"{_VYPER_STRUCTURE}|{_STRING}"),
    words=_words(
        keyword="and as assert break constant continue def elif else exports extcall for from "
        "if immutable implements import in indexed initializes log not nonpayable or pass payable "
        "public pure raise range return reentrant staticcall transient uses view while",
        type="address bool decimal Bytes DynArray HashMap String " + _SIZED_TYPES,
        number="True False None",
        **{"global": "self empty keccak256 raw_call send selfdestruct ecrecover blockhash"},
    ),
    definers=frozenset(_words(name="def enum event flag interface struct")),
    blocks=(_Block('"""', '"""', natspec=True), _Block("'''", "'''", natspec=True)),
    natspec="#",
)
_SYNTAXES = {"solidity": _SOLIDITY, "vyper": _VYPER}


def tokenize(line: str, state: int, language: str) -> tuple[list[Token], int]:
    """The tokens of a line, and the state that the next line starts with.

    Args:
        line: without its line end.
        state: what this function returned for the line above; 0 or less for the first.
        language: "solidity", "vyper", or another one, which has no colours.
    """
    syntax = _SYNTAXES.get(language)
    if syntax is None:
        return [], _NO_COMMENT
    out: list[Token] = []
    position = 0
    if state > _NO_COMMENT:
        position, state = _block_comment(line, (0, 0), state, syntax, out)
    pattern = syntax.tokens if len(line) <= LINE_LIMIT else syntax.structure
    while position < len(line):
        position, state = _code(line, position, pattern, syntax, out)
    return (out if len(line) <= LINE_LIMIT else []), state


def _code(
    line: str, position: int, pattern: re.Pattern[str], syntax: _Syntax, out: list[Token]
) -> tuple[int, int]:
    """Tokens from a position to the end of the line or of the next block comment."""
    words, definers = syntax.words, syntax.definers
    defined_after = -1  # the end of a definer: a name right after it is a definition
    for match in pattern.finditer(line, position):
        kind = match.lastgroup
        start, end = match.span()
        if kind == "word":
            word = match[0]
            if defined_after >= 0 and line[defined_after:start].isspace():
                out.append((start, end, "definition"))
            elif word in words:
                out.append((start, end, words[word]))
            defined_after = end if word in definers else -1
        elif kind == "block":
            opened = next(n for n, b in enumerate(syntax.blocks, 1) if b.opener == match[0])
            return _block_comment(line, (start, end), opened, syntax, out)
        elif kind == "comment":
            out.append((start, end, "comment"))
            if match[0].startswith(syntax.natspec):
                out.extend(_tags(line, start, end))
        elif kind is not None:
            out.append((start, end, kind))
            defined_after = end if kind == "keyword" and match[0] in definers else -1
    return len(line), _NO_COMMENT


def _block_comment(
    line: str, opener: tuple[int, int], state: int, syntax: _Syntax, out: list[Token]
) -> tuple[int, int]:
    """A comment that begins here or went on from above: the position after it, the new state."""
    start, inside = opener
    block = syntax.blocks[state - 1]
    closer = line.find(block.closer, inside)
    end = len(line) if closer < 0 else closer + len(block.closer)
    if end > start:
        out.append((start, end, "comment"))
    if block.natspec:
        out.extend(_tags(line, start, end))
    return end, (state if closer < 0 else _NO_COMMENT)


def _tags(line: str, start: int, end: int) -> Iterator[Token]:
    return ((*match.span(), "tag") for match in _NATSPEC_TAG.finditer(line, start, end))


def formats(colors: Colors) -> dict[str, QTextCharFormat]:
    """How each kind of token looks in a theme."""

    def look(color: str, weight: QFont.Weight = QFont.Weight.Normal) -> QTextCharFormat:
        out = QTextCharFormat()
        out.setForeground(QColor(color))
        if weight != QFont.Weight.Normal:
            out.setFontWeight(weight)
        return out

    return {
        "keyword": look(colors.keyword),
        "global": look(colors.keyword),
        "type": look(colors.type_name),
        "number": look(colors.type_name),
        "definition": look(colors.function, QFont.Weight.Bold),
        "comment": look(colors.comment),
        "tag": look(colors.comment, QFont.Weight.Bold),
        "string": look(colors.string),
    }


class SolidityHighlighter(QSyntaxHighlighter):
    """Colours the lines of a document as they change, in the colours of the theme.

    Attributes:
        language: "solidity", "vyper" or ""; set it before the text.
        restore: gives the true text of a line, character for character, if the document shows
            other characters for some.
    """

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document)
        self.language = "solidity"
        self.restore: Callable[[str], str] = str
        self._theme = theme
        self._formats = formats(theme.colors)
        theme.changed.connect(self._on_theme_changed)

    def highlightBlock(self, text: str) -> None:
        """Colour one line (called by Qt)."""
        tokens, state = tokenize(self.restore(text), self.previousBlockState(), self.language)
        self.setCurrentBlockState(state)
        looks = self._formats
        if text.isascii() or max(text) <= "\uffff":
            for start, end, kind in tokens:
                self.setFormat(start, end - start, looks[kind])
            return
        # Qt counts UTF-16 units: characters beyond the first plane have two.
        units = [0, *itertools.accumulate(1 + (char > "\uffff") for char in text)]
        for start, end, kind in tokens:
            self.setFormat(units[start], units[end] - units[start], looks[kind])

    def _on_theme_changed(self) -> None:
        self._formats = formats(self._theme.colors)
        self.rehighlight()
