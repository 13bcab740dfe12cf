"""Colours of code blocks in the report, put on after the text is shown."""

from __future__ import annotations

import itertools
from collections import deque
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QColor, QTextBlock, QTextCharFormat, QTextDocument, QTextLayout

from spectr_desktop.ui import highlighter
from spectr_desktop.ui.markdown_lines import Kind, Line, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from spectr_desktop.ui.theme import Colors

_LONGEST = 20_000
_SOURCE = {"solidity": "solidity", "sol": "solidity", "vyper": "vyper", "vy": "vyper"}
_COLORS_OF_TOKENS = {
    "Token.Comment": "comment",
    "Token.Keyword": "keyword",
    "Token.Keyword.Type": "type_name",
    "Token.Name.Function": "function",
    "Token.Name.Class": "type_name",
    "Token.Name.Builtin": "keyword",
    "Token.Literal.String": "string",
    "Token.Generic.Inserted": "low",
    "Token.Generic.Deleted": "critical",
    "Token.Generic.Heading": "dim",
    "Token.Generic.Subheading": "dim",
}

_Range = tuple[int, int, QTextCharFormat]


class CodePainter:
    """Colours code: Solidity and Vyper line by line while it grows, all else when it is settled.

    The colours are formats of the layout, not of the document: a copy stays plain, and the
    document of a streamed report equals that of one shown at once.
    """

    def __init__(self, document: QTextDocument, colors: Colors) -> None:
        self._document = document
        self._waiting: deque[tuple[int, list[Line]]] = deque()
        self._live_start = self._live_done = self._live_state = -1
        self.restart(colors)

    def restart(self, colors: Colors) -> None:
        """Forget what waits; the document is written anew in these colours."""
        self._waiting.clear()
        self._live_start = -1
        self._colors = colors
        self._looks = highlighter.formats(colors)

    @property
    def waiting(self) -> bool:
        """Whether a step has something to do."""
        return bool(self._waiting)

    def add(self, settled: Iterable[tuple[int, Line | Table]]) -> None:
        """Queue the code lines among settled lines, given with their positions."""
        for start, content in settled:
            if not isinstance(content, Line) or content.kind is not Kind.CODE or not content.info:
                continue
            if content.first or not self._waiting:
                self._waiting.append((start, []))
            self._waiting[-1][1].append(content)

    def step(self) -> None:
        """Colour one settled code block."""
        start, lines = self._waiting.popleft()
        texts = [_text(line) for line in lines]
        if sum(map(len, texts)) > _LONGEST:
            return
        first = block = self._document.findBlock(start)
        end = start
        for text, ranges in zip(texts, self._ranges(texts, lines[0].info), strict=False):
            if self._paint(block, text, ranges):
                end = block.position() + block.length()
            block = block.next()
        if end > start:
            # Once: each time Qt lays out what follows anew.
            self._document.markContentsDirty(first.position(), end - first.position())

    def follow(self, tail: Sequence[tuple[int, Line | Table]]) -> None:
        """Colour the lines that are complete in a code block at the end of the tail."""
        first = len(tail) - 1
        lines: list[Line] = []
        while first >= 0 and isinstance(content := tail[first][1], Line):
            if content.kind is not Kind.CODE or content.info not in _SOURCE:
                return
            lines.append(content)
            if content.first:
                break
            first -= 1
        else:
            return
        start = tail[first][0]
        if start != self._live_start:
            self._live_start, self._live_done, self._live_state = start, 0, -1
        lines.reverse()
        for number in range(self._live_done, len(lines) - 1):
            text = _text(lines[number])
            tokens, self._live_state = highlighter.tokenize(
                text, self._live_state, _SOURCE[lines[0].info]
            )
            block = self._document.findBlock(tail[first + number][0])
            if self._paint(block, text, self._looked_up(tokens)):
                self._document.markContentsDirty(block.position(), block.length())
        self._live_done = max(self._live_done, len(lines) - 1)

    def _paint(self, block: QTextBlock, text: str, ranges: Iterable[_Range]) -> bool:
        """Colour a line; False if that changes nothing. It has to be laid out anew."""
        units = _utf16_offsets(text)
        spans: list[QTextLayout.FormatRange] = []
        for start, end, look in ranges:
            span = QTextLayout.FormatRange()
            span.start, span.length, span.format = units[start], units[end] - units[start], look
            spans.append(span)
        if not spans and not block.layout().formats():
            return False
        block.layout().setFormats(spans)
        return True

    def _ranges(self, texts: list[str], info: str) -> Iterator[list[_Range]]:
        language = _SOURCE.get(info)
        if language is None:
            yield from self._lexed("\n".join(texts), info)
            return
        state = -1
        for text in texts:
            tokens, state = highlighter.tokenize(text, state, language)
            yield self._looked_up(tokens)

    def _looked_up(self, tokens: Iterable[highlighter.Token]) -> list[_Range]:
        return [(start, end, self._looks[kind]) for start, end, kind in tokens]

    def _lexed(self, code: str, info: str) -> Iterator[list[_Range]]:
        # Imported here: neither the start nor the first frame of a report waits for it.
        from pygments.lexers import get_lexer_by_name  # noqa: PLC0415
        from pygments.util import ClassNotFound  # noqa: PLC0415

        try:
            lexer: Any = get_lexer_by_name(info, stripnl=False)
        except ClassNotFound:
            return
        looks = {name: _look(getattr(self._colors, c)) for name, c in _COLORS_OF_TOKENS.items()}
        ranges: list[_Range] = []
        column = 0
        for token, text in lexer.get_tokens(code):
            look = _nearest(looks, token)
            for number, part in enumerate(text.split("\n")):
                if number:
                    yield ranges
                    ranges, column = [], 0
                if look is not None and part.strip():
                    ranges.append((column, column + len(part), look))
                column += len(part)


def _text(line: Line) -> str:
    return "".join(run.text for run in line.runs)


def _utf16_offsets(text: str) -> Sequence[int]:
    """The document's offset of each character, which counts UTF-16 units."""
    if text.isascii():
        return range(len(text) + 1)
    return [0, *itertools.accumulate(1 + (char > "\uffff") for char in text)]


def _look(color: str) -> QTextCharFormat:
    out = QTextCharFormat()
    out.setForeground(QColor(color))
    return out


def _nearest(looks: dict[str, QTextCharFormat], token: Any) -> QTextCharFormat | None:  # noqa: ANN401
    """The look of a Pygments token or of its nearest ancestor."""
    while token is not None:
        found = looks.get(str(token))
        if found is not None:
            return found
        token = token.parent
    return None
