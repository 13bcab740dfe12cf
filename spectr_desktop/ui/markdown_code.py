"""Colours of code blocks in the report, put on after the text is shown."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QColor, QTextCharFormat, QTextDocument, QTextLayout

from spectr_desktop.ui.markdown_lines import Kind, Line, Table
from spectr_desktop.ui.markdown_writer import utf16_length

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spectr_desktop.ui.theme import Colors

_LONGEST = 20_000


class CodePainter:
    """Colours settled code blocks, one a step, in the order in which they came.

    The colours are formats of the layout, not of the document: a copy stays plain, and the
    document of a streamed report equals that of one shown at once.
    """

    def __init__(self, document: QTextDocument) -> None:
        self._document = document
        self._waiting: deque[tuple[int, list[Line]]] = deque()

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def add(self, written: Iterable[tuple[int, Line | Table]]) -> None:
        """Queue the code lines among settled lines, given with their positions."""
        for start, content in written:
            if not isinstance(content, Line) or content.kind is not Kind.CODE or not content.info:
                continue
            if content.first or not self._waiting:
                self._waiting.append((start, []))
            self._waiting[-1][1].append(content)

    @property
    def waiting(self) -> bool:
        """Whether a step has something to do."""
        return bool(self._waiting)

    def step(self, colors: Colors) -> None:
        """Colour one code block."""
        start, lines = self._waiting.popleft()
        texts = ["".join(run.text for run in line.runs) for line in lines]
        code = "\n".join(texts)
        lexer = _lexer(lines[0].info) if len(code) <= _LONGEST else None
        if lexer is None:
            return
        ranges = _ranges(lexer, code, len(lines), colors)
        block = self._document.findBlock(start)
        if start:
            block = block.next()
        first = block.position()
        end = first
        for formats in ranges:
            block.layout().setFormats(formats)
            end = block.position() + block.length()
            block = block.next()
        self._document.markContentsDirty(first, end - first)


def _lexer(name: str) -> Any:  # noqa: ANN401 - Pygments has no types
    # Imported here: the first frame of a report does not wait for it.
    from pygments.lexers import get_lexer_by_name  # noqa: PLC0415
    from pygments.util import ClassNotFound  # noqa: PLC0415

    try:
        return get_lexer_by_name(name, stripnl=False)
    except ClassNotFound:
        return None


def _ranges(
    lexer: Any,  # noqa: ANN401 - Pygments has no types
    code: str,
    count: int,
    colors: Colors,
) -> list[list[QTextLayout.FormatRange]]:
    """The coloured ranges of each line, in positions of the line."""
    styles = _styles(colors)
    out: list[list[QTextLayout.FormatRange]] = [[]]
    column = 0
    for token, text in lexer.get_tokens(code):
        color = _style(styles, token)
        for number, part in enumerate(text.split("\n")):
            if number:
                out.append([])
                column = 0
            length = utf16_length(part)
            if color is not None and part.strip():
                span = QTextLayout.FormatRange()
                span.start, span.length, span.format = column, length, color
                out[-1].append(span)
            column += length
    return out[:count]


def _styles(colors: Colors) -> dict[str, QTextCharFormat]:
    names = {
        "Token.Comment": colors.comment,
        "Token.Keyword": colors.keyword,
        "Token.Keyword.Type": colors.type_name,
        "Token.Name.Function": colors.function,
        "Token.Name.Class": colors.type_name,
        "Token.Name.Builtin": colors.keyword,
        "Token.Literal.String": colors.string,
        "Token.Generic.Inserted": colors.low,
        "Token.Generic.Deleted": colors.critical,
        "Token.Generic.Heading": colors.dim,
        "Token.Generic.Subheading": colors.dim,
    }
    out: dict[str, QTextCharFormat] = {}
    for name, color in names.items():
        out[name] = QTextCharFormat()
        out[name].setForeground(QColor(color))
    return out


def _style(styles: dict[str, QTextCharFormat], token: Any) -> QTextCharFormat | None:  # noqa: ANN401
    while token is not None:
        found = styles.get(str(token))
        if found is not None:
            return found
        token = token.parent
    return None
