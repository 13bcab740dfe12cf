"""Markdown tokens as lines of styled text: what is shown, before it meets a document."""

from __future__ import annotations

import enum
import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from spectr_desktop.report.severity import severity_mark
from spectr_desktop.ui.hostile_text import (
    LONG_FOREIGN_LINE,
    REST,
    SHOW_LINK,
    beginning,
    is_refused_table,
    longest,
    pieces,
    visible,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from markdown_it.token import Token

    from spectr_desktop.report.blocks import Block

CUT_NOTE = str(
    QT_TRANSLATE_NOOP(
        "markdown", "Cut here: this block is very long. The saved report has all of it."
    )
)
REST_NOTE = str(
    QT_TRANSLATE_NOOP("markdown", "The report goes on from here. The saved report has all of it.")
)
SHOW_ALL = str(QT_TRANSLATE_NOOP("markdown", "Show all"))
SHOW_MORE = str(QT_TRANSLATE_NOOP("markdown", "Show more"))

_CUT_LINES = 2000
_PART_LINES, _PART_CHARACTERS = 50_000, 2_000_000
_MARKED_RUNS = 20

_WEB = re.compile(r"https?://[^/?#]", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_LINE_SEPARATOR = "\u2028"


class Style(enum.IntFlag):
    """How a run of characters looks."""

    PLAIN = 0
    BOLD = 1
    ITALIC = 2
    STRIKE = 4
    CODE = 8
    DIM = 16
    CRITICAL = 32
    HIGH = 64
    MEDIUM = 128
    LOW = 256
    INFO = 512
    # A bracket, blank or colon before and behind a severity: kept, but not seen.
    BEFORE_MARK = 1024
    AFTER_MARK = 2048


class Kind(enum.IntEnum):
    """What a line is; the headings' values are their levels."""

    TEXT = 0
    HEADING_1 = 1
    HEADING_2 = 2
    HEADING_3 = 3
    HEADING_4 = 4
    HEADING_5 = 5
    HEADING_6 = 6
    CODE = 7
    RULE = 8
    NOTE = 9


SEVERITIES = Style.CRITICAL | Style.HIGH | Style.MEDIUM | Style.LOW | Style.INFO
HEADINGS = frozenset(Kind(level) for level in range(1, 7))


class Run(NamedTuple):
    """Characters of one style; `href` is set on links that may be opened, to http and https."""

    text: str
    style: int = 0
    href: str = ""


Runs = tuple[Run, ...]


class Line(NamedTuple):
    """A paragraph of the document.

    Attributes:
        kind: what it is.
        runs: its text, neighbours of one style joined.
        indent: the depth of the list that it stands in.
        quote: the depth of the quotes that it stands in.
        hang: it starts with a list marker and a tab.
        gap: the space above it, in hundredths of the text size.
        info: the language of a code line.
        first: the first line of a code block.
    """

    kind: Kind
    runs: Runs
    indent: int = 0
    quote: int = 0
    hang: bool = False
    gap: int = 0
    info: str = ""
    first: bool = False


class Table(NamedTuple):
    """A table; `rows` holds the cells' runs, the header first, all of one length."""

    aligns: tuple[str, ...]
    rows: tuple[tuple[Runs, ...], ...]
    indent: int = 0
    quote: int = 0


def block_lines(
    block: Block, number: int = -1, parts: int = 0, whole: Callable[[], str] | None = None
) -> list[Line | Table]:
    """The lines of one block.

    Args:
        block: the block.
        number: which of the report's cut blocks it is, -1 while it grows. A cut block gives its
            first part and a note, which offers to show the rest when it is complete.
        parts: how many further parts of the cut block the reader asked for.
        whole: the block's source; needed only for further parts.
    """
    if not block.cut:
        return [part for line in _Flattening(block).lines for part in _broken(line)]
    source = whole() if parts and whole is not None else block.source
    return _cut_lines(block.tokens[0], source, number, parts)


def plain_lines(text: str) -> list[Line | Table]:
    """Text that has not been parsed, one line each."""
    return _text_lines(pieces(visible(text)))


def rest_note() -> Line:
    """What stands at the end of a report that is shown up to there only."""
    return _note(REST_NOTE, SHOW_MORE, REST)


def _note(text: str, wish: str, number: int) -> Line:
    runs = [Run(QCoreApplication.translate("markdown", text), Style.DIM)]
    if number >= 0:
        offer = QCoreApplication.translate("markdown", wish)
        runs += [Run(" ", Style.DIM), Run(offer, 0, SHOW_LINK + str(number))]
    return Line(Kind.NOTE, tuple(runs), gap=60)


def _text_lines(lines: Iterable[str]) -> list[Line | Table]:
    return [Line(Kind.TEXT, _runs(line)) for line in lines]


def _runs(text: str) -> Runs:
    return (Run(text),) if text else ()


def _broken(line: Line | Table) -> Iterator[Line | Table]:
    """A line in pieces that the layout can bear; most lines are one."""
    if isinstance(line, Table) or sum(len(run.text) for run in line.runs) <= LONG_FOREIGN_LINE:
        yield line
        return
    most = min(longest(run.text) for run in line.runs)
    runs: list[Run] = []
    room = most
    for run in line.runs:
        text = run.text
        while len(text) > room:
            end = text.rfind(" ", 0, room) + 1 or room
            yield line._replace(runs=(*runs, run._replace(text=text[:end])))
            kind = line.kind if line.kind is Kind.CODE else Kind.TEXT
            line = line._replace(kind=kind, hang=False, gap=0, first=False)
            text, runs, room = text[end:], [], most
        runs.append(run._replace(text=text))
        room -= len(text)
    yield line._replace(runs=tuple(run for run in runs if run.text))


def _code_lines(text: str, info: str = "", indent: int = 0, quote: int = 0) -> list[Line | Table]:
    return [
        Line(
            Kind.CODE,
            _runs(line),
            indent,
            quote,
            gap=0 if number else 70,
            info=info,
            first=not number,
        )
        for number, line in enumerate(visible(text).removesuffix("\n").split("\n"))
    ]


def _cut_lines(token: Token, source: str, number: int, parts: int) -> list[Line | Table]:
    """The first part of a cut block, further parts of it, and a note if there is more."""
    from spectr_desktop.report.block_limits import BLOCK_LIMIT  # noqa: PLC0415  # markdown-it

    characters = _PART_CHARACTERS * parts or BLOCK_LIMIT
    lines = _PART_LINES * parts or _CUT_LINES
    fence = token.type == "fence"
    source = source.strip("\n")
    if fence:
        source = source[source.find("\n", source.find(token.markup)) + 1 :]
    part = beginning(source, characters, lines)
    ended = part == source
    if ended and fence and part.rpartition("\n")[2].lstrip(" ").startswith(token.markup):
        part = part.rpartition("\n")[0]
    shown = pieces(visible(part))
    out = _code_lines("\n".join(shown), _language(token)) if fence else _text_lines(shown)
    return out if ended else [*out, _note(CUT_NOTE, SHOW_ALL, number)]


def _language(token: Token) -> str:
    words = token.info.split()
    return words[0].lower() if words else ""


class _List:
    """An open list: the number of its next item, or None for bullets."""

    def __init__(self, token: Token) -> None:
        ordered = token.type == "ordered_list_open"
        self.next_number = int(token.attrs.get("start", 1)) if ordered else None
        self.delimiter = token.markup

    def marker(self, depth: int) -> str:
        if self.next_number is None:
            return "•◦▪"[min(depth, 3) - 1]
        number, self.next_number = self.next_number, self.next_number + 1
        return f"{number}{self.delimiter}"


class _Flattening:
    """One walk over the tokens of a block."""

    def __init__(self, block: Block) -> None:
        self.lines: list[Line | Table] = []
        self._lists: list[_List] = []
        self._quote = 0
        self._marker = ""
        self._tight = False
        self._kind = Kind.TEXT
        self._rows: list[list[Runs]] = []
        self._aligns: list[str] = []
        self._in_table = False
        for token in block.tokens:
            handler = _HANDLERS.get(token.type)
            if handler is not None:
                handler(self, token)

    def list_open(self, token: Token) -> None:
        self._flush_marker()
        self._lists.append(_List(token))

    def list_close(self, _token: Token) -> None:
        self._lists.pop()

    def item_open(self, token: Token) -> None:
        marker, task = self._lists[-1].marker(len(self._lists)), token.meta.get("task", "")
        if task:
            marker = task if self._lists[-1].next_number is None else f"{marker} {task}"
        self._marker = marker + "\t"

    def item_close(self, _token: Token) -> None:
        self._flush_marker()

    def quote_open(self, _token: Token) -> None:
        self._flush_marker()
        self._quote += 1

    def quote_close(self, _token: Token) -> None:
        self._quote -= 1

    def paragraph_open(self, token: Token) -> None:
        self._kind, self._tight = Kind.TEXT, token.hidden

    def heading_open(self, token: Token) -> None:
        self._kind, self._tight = Kind(int(token.tag[1])), False

    def inline(self, token: Token) -> None:
        runs = _inline_runs(token.children or [])
        if self._kind in HEADINGS:
            runs = _with_severity(runs)
        if self._in_table:
            self._rows[-1].append(runs)
            return
        if self._kind is Kind.TEXT and is_refused_table(token.content):
            self._flush_marker()
            self.lines += _code_lines(token.content, "", len(self._lists), self._quote)
            return
        first = self._marker and len(self._lists) == 1 and not self.lines
        self._add(self._kind, runs, 15 if self._tight and not first else 55)

    def code(self, token: Token) -> None:
        self._flush_marker()
        info = _language(token) if token.type == "fence" else ""
        self.lines += _code_lines(token.content, info, len(self._lists), self._quote)

    def rule(self, _token: Token) -> None:
        self._flush_marker()
        # Qt gives an empty block behind a table no height: the rule is painted behind a blank.
        self._add(Kind.RULE, (Run("\u00a0"),), 40)

    def table_open(self, _token: Token) -> None:
        self._flush_marker()
        self._rows, self._aligns, self._in_table = [], [], True

    def row_open(self, _token: Token) -> None:
        self._rows.append([])

    def head_cell(self, token: Token) -> None:
        self._aligns.append(str(token.attrs.get("style", "")).removeprefix("text-align:"))

    def table_close(self, _token: Token) -> None:
        self._in_table = False
        if any(_is_overlong(cell) for row in self._rows for cell in row):
            # Qt lays a whole row out at every edit of it.
            texts = (["".join(run.text for run in cell) for cell in row] for row in self._rows)
            text = "\n".join("| " + " | ".join(row) for row in texts)
            self.lines += _code_lines(text, "", len(self._lists), self._quote)
            return
        rows = tuple(tuple(row) for row in self._rows)
        self.lines.append(Table(tuple(self._aligns), rows, len(self._lists), self._quote))

    def _add(self, kind: Kind, runs: Runs, gap: int) -> None:
        hang = bool(self._marker)
        if hang:
            runs = _joined([Run(self._marker), *runs])
            self._marker = ""
        self.lines.append(Line(kind, runs, len(self._lists), self._quote, hang, gap))

    def _flush_marker(self) -> None:
        """An item that does not start with text has its marker on a line of its own."""
        if self._marker:
            self._add(Kind.TEXT, (), 15)


_HANDLERS: dict[str, Callable[[_Flattening, Token], None]] = {
    "bullet_list_open": _Flattening.list_open,
    "ordered_list_open": _Flattening.list_open,
    "bullet_list_close": _Flattening.list_close,
    "ordered_list_close": _Flattening.list_close,
    "list_item_open": _Flattening.item_open,
    "list_item_close": _Flattening.item_close,
    "blockquote_open": _Flattening.quote_open,
    "blockquote_close": _Flattening.quote_close,
    "paragraph_open": _Flattening.paragraph_open,
    "heading_open": _Flattening.heading_open,
    "inline": _Flattening.inline,
    "fence": _Flattening.code,
    "code_block": _Flattening.code,
    "hr": _Flattening.rule,
    "table_open": _Flattening.table_open,
    "tr_open": _Flattening.row_open,
    "th_open": _Flattening.head_cell,
    "table_close": _Flattening.table_close,
}

_STYLES = {"strong_open": Style.BOLD, "em_open": Style.ITALIC, "s_open": Style.STRIKE}


def _inline_runs(children: Iterable[Token]) -> Runs:
    runs: list[Run] = []
    styles = [0]
    href = target = ""
    for token in children:
        kind = token.type
        if kind == "text":
            runs.append(Run(token.content, styles[-1], href))
        elif kind == "code_inline":
            runs.append(Run(token.content, styles[-1] | Style.CODE, href))
        elif kind in _STYLES:
            styles.append(styles[-1] | _STYLES[kind])
        elif kind in ("strong_close", "em_close", "s_close"):
            styles.pop()
        elif kind == "link_open":
            target = str(token.attrs.get("href", ""))
            href = target if _WEB.match(target) else ""
        elif kind == "link_close":
            if not href and _SCHEME.match(target):
                runs.append(Run(f" ({target})", styles[-1] | Style.DIM))
            href = target = ""
        elif kind == "image":
            runs.append(Run(f"[image: {token.content}]", styles[-1] | Style.DIM, href))
        elif kind in ("softbreak", "hardbreak"):
            text = " " if kind == "softbreak" else _LINE_SEPARATOR
            runs.append(Run(text, styles[-1], href))
    return _joined(runs)


def _is_overlong(runs: Runs) -> bool:
    return sum(len(run.text) for run in runs) > LONG_FOREIGN_LINE


def _with_severity(runs: Runs) -> Runs:
    """The runs of a heading; those that name its severity have its style, their text is kept."""
    text = "".join(run.text for run in runs[:_MARKED_RUNS])
    mark = severity_mark(text)
    if mark is None:
        return runs
    start, end = mark.start, mark.end
    if start and start == mark.word_start and text[start - 1] == " ":
        start -= 1
    first, last = start, end
    while not text[first].isalnum():
        first += 1
    while not text[last - 1].isalnum():
        last -= 1
    style = Style[mark.severity.name]
    spans = (
        (start, first, style | Style.BEFORE_MARK),
        (first, last, style),
        (last, end, style | Style.AFTER_MARK),
    )
    out: list[Run] = []
    offset = 0
    for run in runs:
        stop = offset + len(run.text)
        cuts = sorted({offset, stop, *(c for c in (start, first, last, end) if offset < c < stop)})
        for left, right in pairwise(cuts):
            added = next((added for a, b, added in spans if a <= left and right <= b), 0)
            part = run.text[left - offset : right - offset]
            out.append(Run(part, run.style | added, run.href))
        offset = stop
    return _joined(out)


def _joined(runs: Iterable[Run]) -> Runs:
    out: list[Run] = []
    for run in runs:
        text = visible(run.text.replace("\n", " "))
        if out and out[-1].style == run.style and out[-1].href == run.href:
            out[-1] = Run(out[-1].text + text, run.style, run.href)
        elif text:
            out.append(Run(text, int(run.style), run.href))
    return tuple(out)
