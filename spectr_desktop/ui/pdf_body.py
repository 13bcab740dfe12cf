"""A report's Markdown as strips of pages: the same lines as in the live pane, on paper."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor

from spectr_desktop.records.grades import Anchor, Severity
from spectr_desktop.report.blocks import Block
from spectr_desktop.report.inlines import MARKDOWN, Inlines, References, mark_tasks
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.markdown_lines import HEADINGS, Kind, Line, Run, Style, Table, block_lines
from spectr_desktop.ui.pdf_code import code_strips
from spectr_desktop.ui.pdf_strips import LEFT, RIGHT, Strip, Text, room, text_strips
from spectr_desktop.ui.pdf_tables import table_strips

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token
    from PySide6.QtGui import QPainter

    from spectr_desktop.records.report import Report, ReportFinding
    from spectr_desktop.ui.pdf_paper import Paper
    from spectr_desktop.ui.pdf_strips import Paint

CHAPTER, SECTION = 2, 3
"""Levels of the headings that the contents have."""

_LIST_STEP, _QUOTE_STEP = 170, 120
# Deeper lists are not indented any further: there must be room for words.
_DEEPEST, _DEEPEST_QUOTE = 8, 6
_ABOVE = {1: 320, 2: 320, 3: 230, 4: 130, 5: 110, 6: 100}
_CHAPTER_NEEDS = 2200
_SECTION_NEEDS = 1500
_BAR = 24
_VERBATIM = (Anchor.EXACT, Anchor.MOVED)
_LABELLED = ("ID", "Key")
_RATED = {one.value: Style[one.name] for one in Severity}


class Heading(NamedTuple):
    """A heading of the contents.

    Attributes:
        level: `CHAPTER` or `SECTION`.
        text: its words.
        finding: the finding that it begins, if it does.
    """

    level: int
    text: str
    finding: ReportFinding | None = None


@dataclass(slots=True)
class Body:
    """What stands behind the contents.

    Attributes:
        strips: all of it.
        headings: those of the contents; a strip names them by their number here.
        labels: of findings, and the number of each one's heading.
    """

    strips: list[Strip] = field(default_factory=list[Strip])
    headings: list[Heading] = field(default_factory=list[Heading])
    labels: dict[str, int] = field(default_factory=dict[str, int])


def blocks_of(text: str) -> list[list[Token]]:
    """The tokens of each top-level block; nothing is cut, however long."""
    references: References = {}
    tokens: list[Token] = []
    MARKDOWN.block.parse(text, MARKDOWN, {"references": references}, tokens)
    Inlines(references).parse(tokens)
    mark_tasks(tokens)
    out: list[list[Token]] = []
    start = depth = 0
    for index, token in enumerate(tokens):
        depth += token.nesting
        if depth == 0:
            out.append(tokens[start : index + 1])
            start = index + 1
    return out


def body_of(report: Report, blocks: Sequence[list[Token]], paper: Paper) -> Body:
    """The strips of blocks.

    Args:
        report: whose findings the headings are looked up in.
        blocks: from the first chapter on.
        paper: how they look.
    """
    made = _Writing(report, paper)
    for block in blocks:
        made.add(block)
    return made.body


class _Writing:
    """One walk over the blocks."""

    def __init__(self, report: Report, paper: Paper) -> None:
        self.body = Body()
        self._paper = paper
        self._findings = [*report.findings, *report.leads]
        self._labels = {one.label for one in self._findings}
        self._next = 0
        self._finding: ReportFinding | None = None
        self._quoted = False
        self._listed = False

    def add(self, block: list[Token]) -> None:
        """Write one block."""
        codes = _codes(block)
        lines = block_lines(Block("", block))
        at = 0
        while at < len(lines):
            line = lines[at]
            if isinstance(line, Table):
                self._add_table(line)
            elif line.kind is Kind.CODE:
                end = at + 1
                while end < len(lines) and _goes_on(lines[end]):
                    end += 1
                self._add_code([one for one in lines[at:end] if isinstance(one, Line)], codes)
                at = end - 1
            elif line.kind in HEADINGS:
                self._add_heading(line)
            elif line.kind is Kind.RULE:
                self._add_rule()
            else:
                self._add_text(line)
            at += 1

    def _add_heading(self, line: Line) -> None:
        text = _plain(line.runs)
        level = int(line.kind)
        finding = self._begun(text) if level == SECTION else None
        if level <= SECTION:
            self._finding, self._quoted, self._listed = finding, False, finding is None
        behind = self._bar(finding) if finding is not None else None
        left = LEFT + (3 * _BAR if finding is not None else 0)
        laid = Text(
            self._paper, line.runs, RIGHT - left, self._paper.font_of(line.kind), kind=line.kind
        )
        strips = text_strips(laid, left, above=_ABOVE[level], keep=True, behind=behind)
        strips = [replace(one, keep=True) for one in strips]
        needs = {CHAPTER: _CHAPTER_NEEDS, SECTION: _SECTION_NEEDS}.get(level, 0)
        number = -1
        if level in (CHAPTER, SECTION):
            number = len(self.body.headings)
            self.body.headings.append(Heading(level, text, finding))
            if finding is not None:
                self.body.labels[finding.label] = number
        if strips:
            strips[0] = replace(strips[0], heading=number, needs=needs)
        self.body.strips += strips
        if level == CHAPTER:
            self._underline()

    def _underline(self) -> None:
        accent = self._paper.accent

        def paint(painter: QPainter, y: float, _gap: float) -> None:
            painter.fillRect(QRectF(LEFT, y + 20, RIGHT - LEFT, 10), accent)

        self.body.strips.append(Strip(50, paint, keep=True))

    def _begun(self, text: str) -> ReportFinding | None:
        """The finding that begins with this heading: they come in the report's order."""
        if self._next >= len(self._findings):
            return None
        finding = self._findings[self._next]
        if not text.startswith(f"{finding.label} "):
            return None
        self._next += 1
        return finding

    def _bar(self, finding: ReportFinding) -> Paint:
        color = self._paper.severity_color(finding.severity)

        def paint(painter: QPainter, y: float, _gap: float) -> None:
            painter.fillRect(QRectF(LEFT, y, _BAR, self._paper.line_of(SECTION) + 2), color)

        return paint

    def _add_text(self, line: Line) -> None:
        runs = line.runs
        if not self._listed and line.hang:
            runs = _with_chip(runs, self._finding)
            self._listed = True
        indent = min(line.indent, _DEEPEST) * _LIST_STEP
        x = LEFT + indent + min(line.quote, _DEEPEST_QUOTE) * _QUOTE_STEP
        hang = _LIST_STEP if line.hang else 0
        laid = Text(
            self._paper,
            runs,
            RIGHT - x + hang,
            self._paper.font_of(line.kind),
            kind=line.kind,
            hang=hang,
        )
        behind = self._behind(line.quote, indent)
        self.body.strips += text_strips(laid, x - hang, above=line.gap * 1.1, behind=behind)

    def _behind(self, quote: int, indent: float) -> Paint | None:
        """Bars left of quotes."""
        if not quote:
            return None
        color = QColor(self._paper.colors.line)
        lefts = [LEFT + indent + n * _QUOTE_STEP for n in range(min(quote, _DEEPEST_QUOTE))]

        def paint(painter: QPainter, y: float, gap: float) -> None:
            for left in lefts:
                painter.fillRect(QRectF(left, y - gap, _BAR, self._paper.line_of(0) + gap), color)

        return paint

    def _add_code(self, lines: list[Line], codes: list[list[str]]) -> None:
        head = lines[0]
        shown = [_plain(line.runs) for line in lines]
        first: int | None = None
        # The live pane breaks over-long lines; what is no code of the text is a table too large.
        if codes and "".join(codes[0]) == "".join(shown):
            shown = codes.pop(0)
            first = self._first_line(shown)
        indent = min(head.indent, _DEEPEST) * _LIST_STEP
        x = LEFT + indent + min(head.quote, _DEEPEST_QUOTE) * _QUOTE_STEP
        self.body.strips += code_strips(
            self._paper,
            shown,
            x,
            info=head.info,
            first=first,
            behind=self._behind(head.quote, indent),
        )
        self.body.strips.append(room(40))

    def _first_line(self, lines: list[str]) -> int | None:
        """The number of the first line: in the file if this is the code that was found there."""
        finding = self._finding
        if finding is None or self._quoted or not _is_quote(finding, lines):
            return 1
        self._quoted = True
        place = finding.place
        assert place is not None  # noqa: S101  # it is a quote
        # Code that was found with some left out in between has no line numbers of its own.
        return place.start_line if place.end_line - place.start_line + 1 == len(lines) else None

    def _add_table(self, table: Table) -> None:
        if _plain(table.rows[0][0]) in _LABELLED and not table.indent and not table.quote:
            table = self._linked(table)
        indent = min(table.indent, _DEEPEST) * _LIST_STEP
        x = LEFT + indent + min(table.quote, _DEEPEST_QUOTE) * _QUOTE_STEP
        plain = len(table.aligns) == 2 and not any(table.rows[0])  # noqa: PLR2004
        behind = self._behind(table.quote, indent)
        self.body.strips += table_strips(self._paper, table, x, behind=behind, plain=plain)
        self.body.strips.append(room(60))

    def _linked(self, table: Table) -> Table:
        """The summary: its labels lead to the findings, and its severities are chips."""
        heads = [_plain(cell) for cell in table.rows[0]]
        rated = heads.index("Severity") if "Severity" in heads else -1
        rows = [table.rows[0]]
        for row in table.rows[1:]:
            cells = list(row)
            label = _plain(cells[0])
            if label in self._labels:
                cells[0] = (Run(label, 0, f"#{label}"),)
            style = _RATED.get(_plain(cells[rated])) if rated >= 0 else None
            if style is not None:
                cells[rated] = (Run(f"\u00a0{_plain(cells[rated])}\u00a0", style),)
            rows.append(tuple(cells))
        return table._replace(rows=tuple(rows))

    def _add_rule(self) -> None:
        color = QColor(self._paper.colors.line)

        def paint(painter: QPainter, y: float, _gap: float) -> None:
            painter.fillRect(QRectF(LEFT, y + 40, RIGHT - LEFT, 8), color)

        self.body.strips.append(Strip(90, paint, above=60))


def _is_quote(finding: ReportFinding, lines: list[str]) -> bool:
    """Whether this is the code that the finding quotes, and that was found like that."""
    place = finding.place
    if place is None or place.anchor not in _VERBATIM or not place.start_line:
        return False
    quote = place.quote.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    return visible(quote).startswith("\n".join(lines))


def _goes_on(line: Line | Table) -> bool:
    return isinstance(line, Line) and line.kind is Kind.CODE and not line.first


def _codes(tokens: Sequence[Token]) -> list[list[str]]:
    """The lines of every block of code among tokens."""
    return [
        visible(token.content).removesuffix("\n").split("\n")
        for token in tokens
        if token.type in ("fence", "code_block")
    ]


def _plain(runs: Sequence[Run]) -> str:
    return "".join(run.text for run in runs)


def _with_chip(runs: Sequence[Run], finding: ReportFinding | None) -> tuple[Run, ...]:
    """The line that tells a finding's severity, with the word as a chip."""
    return tuple(_chipped(runs, finding.severity)) if finding and finding.severity else tuple(runs)


def _chipped(runs: Sequence[Run], severity: Severity) -> Iterator[Run]:
    word = severity.value.capitalize()
    waiting = True
    for run in runs:
        text = run.text.lstrip(" ")
        if waiting and not run.style and text.startswith(word):
            waiting = False
            yield Run(" ")
            yield Run(f"\u00a0{word}\u00a0", Style[severity.name])
            if text != word:
                yield run._replace(text=text[len(word) :])
        else:
            yield run
