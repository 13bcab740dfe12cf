"""The first page of a report, and its contents."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QImageReader, QPen

from spectr_desktop.records.grades import Severity
from spectr_desktop.report.blocks import Block
from spectr_desktop.ui.markdown_lines import Kind, Run, Style, Table, block_lines
from spectr_desktop.ui.pdf_body import CHAPTER, Heading
from spectr_desktop.ui.pdf_fonts import font
from spectr_desktop.ui.pdf_paper import BODY, SMALL, TITLE
from spectr_desktop.ui.pdf_strips import (
    LEFT,
    RIGHT,
    WIDTH,
    Link,
    Strip,
    Text,
    kept_together,
    room,
    text_strips,
)
from spectr_desktop.ui.pdf_tables import table_strips

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markdown_it.token import Token
    from PySide6.QtGui import QPainter

    from spectr_desktop.records.report import Report
    from spectr_desktop.ui.pdf_paper import Paper

_LOGO_WIDTH, _LOGO_HEIGHT = 1800, 620
_LOGO_PIXELS = 1600
_LOGO_MEGABYTES = 64
_LOGO_FORMATS = ("png", "jpeg")
_BOX_SIDE, _BOX_PADDING, _BORDER = 110, 70, 22
_STAMP_FILL = "#fdecef"
_COUNT_HEIGHT, _COUNT_GAP = 420, 60
_NUMBER_ROOM = 330
_STEP = 180
_LONG_TITLE = 90


def title_page(
    report: Report, blocks: Sequence[list[Token]], paper: Paper, logo: QImage | None
) -> list[Strip]:
    """What stands before the contents.

    Args:
        report: for the counts.
        blocks: of the Markdown in front of its first chapter: title, notices, facts.
        paper: how it looks.
        logo: above the title, None for none.
    """
    out: list[Strip] = [room(300)]
    out += [_picture(logo), room(260)] if logo is not None else [room(700)]
    out += [_accent(paper), room(120)]
    notices: list[Strip] = []
    facts: list[Strip] = []
    for block in blocks:
        for line in block_lines(Block("", block)):
            if isinstance(line, Table):
                facts += table_strips(paper, line, LEFT, plain=True)
            elif line.kind is Kind.HEADING_1:
                bare = _bare(line.runs)
                kind = TITLE if len(bare[0].text) <= _LONG_TITLE else Kind.HEADING_1
                laid = Text(paper, bare, WIDTH, paper.font_of(kind), kind=kind)
                out += text_strips(laid, LEFT)
            else:
                kind = Kind.HEADING_3
                laid = Text(paper, line.runs, WIDTH - 2 * _BOX_SIDE, paper.font_of(kind), kind=kind)
                above = 40 if notices else 0
                notices += text_strips(laid, LEFT + _BOX_SIDE, above=above)
    out += _stamp(notices, paper) if notices else []
    out += [room(160), _counts(report, paper), room(160), *facts]
    return out


def _bare(runs: Sequence[Run]) -> list[Run]:
    """The words of a title in the title's own font."""
    return [Run("".join(run.text for run in runs))]


def read_logo(raw: bytes) -> QImage | None:
    """The auditor's picture, no larger than a page needs; None if it is none."""
    if not raw:
        return None
    QImageReader.setAllocationLimit(_LOGO_MEGABYTES)
    buffer = QBuffer()
    buffer.setData(QByteArray(raw))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    if bytes(reader.format().data()).decode("ascii", "replace") not in _LOGO_FORMATS:
        return None
    size = reader.size()
    if size.isValid() and max(size.width(), size.height()) > _LOGO_PIXELS:
        fitted = size.scaled(_LOGO_PIXELS, _LOGO_PIXELS, Qt.AspectRatioMode.KeepAspectRatio)
        reader.setScaledSize(fitted.expandedTo(QSize(1, 1)))
    image = reader.read()
    return None if image.isNull() else image


def _picture(image: QImage) -> Strip:
    scale = min(_LOGO_WIDTH / image.width(), _LOGO_HEIGHT / image.height())
    width, height = image.width() * scale, image.height() * scale

    def paint(painter: QPainter, y: float, _gap: float) -> None:
        painter.drawImage(QRectF(LEFT, y, width, height), image)

    return Strip(height, paint)


def _accent(paper: Paper) -> Strip:
    def paint(painter: QPainter, y: float, _gap: float) -> None:
        painter.fillRect(QRectF(LEFT, y, 600, 45), paper.accent)

    return Strip(45, paint)


def _stamp(lines: list[Strip], paper: Paper) -> list[Strip]:
    """The notices in a box that cannot be missed, also where it goes on over a page."""
    color = QColor(paper.colors.critical)

    def ground(painter: QPainter, y: float, height: float, edges: tuple[bool, bool]) -> None:
        painter.fillRect(QRectF(LEFT, y - 1, WIDTH, height + 2), QColor(_STAMP_FILL))
        for x in (LEFT, RIGHT - _BORDER):
            painter.fillRect(QRectF(x, y - 1, _BORDER, height + 2), color)
        for there, at in zip(edges, (y, y + height - _BORDER), strict=True):
            if there:
                painter.fillRect(QRectF(LEFT, at, WIDTH, _BORDER), color)

    def edge(*, first: bool) -> Strip:
        def paint(painter: QPainter, y: float, _gap: float) -> None:
            ground(painter, y, _BOX_PADDING, (first, not first))

        return Strip(_BOX_PADDING, paint, keep=first)

    def within(strip: Strip) -> Strip:
        def paint(painter: QPainter, y: float, gap: float) -> None:
            ground(painter, y - gap, strip.height + gap, (False, False))
            strip.paint(painter, y, gap)

        return replace(strip, paint=paint)

    return [room(140), *kept_together([edge(first=True), *map(within, lines), edge(first=False)])]


def _counts(report: Report, paper: Paper) -> Strip:
    """How many findings there are of each severity."""
    counts = Counter(one.severity for one in report.findings)
    shown: list[Severity | None] = [*Severity, *([None] if counts[None] else [])]
    width = (WIDTH - _COUNT_GAP * (len(shown) - 1)) / len(shown)

    def paint(painter: QPainter, y: float, _gap: float) -> None:
        for number, severity in enumerate(shown):
            box = QRectF(LEFT + number * (width + _COUNT_GAP), y, width, _COUNT_HEIGHT)
            count, color = counts[severity], paper.severity_color(severity)
            painter.fillRect(box, QColor(paper.colors.code))
            painter.fillRect(QRectF(box.x(), y, width, 30), color)
            painter.setFont(font(210, bold=True))
            painter.setPen(QPen(color if count else QColor(paper.colors.dim)))
            center = Qt.AlignmentFlag.AlignCenter
            painter.drawText(box.adjusted(0, 20, 0, -110), center, str(count))
            painter.setFont(font(SMALL))
            painter.setPen(QPen(QColor(paper.colors.text)))
            word = severity.value.capitalize() if severity else "Unrated"
            painter.drawText(box.adjusted(0, 280, 0, -20), center, word)

    return Strip(_COUNT_HEIGHT, paint)


def contents(headings: Sequence[Heading], pages: Mapping[int, int], paper: Paper) -> list[Strip]:
    """The list of headings with their pages.

    Its own length does not depend on the figures: they are looked up when it is painted.

    Args:
        headings: in their order.
        pages: the page, counted from 1, of each heading by its number.
        paper: how it looks.
    """
    head = Text(paper, [Run("Contents")], WIDTH, paper.font_of(Kind.HEADING_2), kind=2)
    out = text_strips(head, LEFT, keep=True)
    out.append(replace(room(60), keep=True))
    for number, heading in enumerate(headings):
        out += _entry(heading, number, pages, paper)
    return out


def _entry(heading: Heading, number: int, pages: Mapping[int, int], paper: Paper) -> list[Strip]:
    chapter = heading.level == CHAPTER
    x = LEFT if chapter else LEFT + _STEP
    style = Style.BOLD if chapter else Style.PLAIN
    face = font(BODY, bold=chapter)
    laid = Text(paper, [Run(heading.text, style)], RIGHT - x - _NUMBER_ROOM, face)
    strips = text_strips(laid, x, above=70 if chapter else 14)
    last = len(strips) - 1
    inner = strips[last].paint
    color = paper.severity_color(heading.finding.severity) if heading.finding else None
    end = x + laid.lines[last].naturalTextWidth() if laid.lines else x

    def paint(painter: QPainter, y: float, gap: float) -> None:
        inner(painter, y, gap)
        label = str(pages[number])
        metrics = QFontMetricsF(face)
        base = y + laid.line_height(last) * 0.76
        painter.setFont(face)
        painter.setPen(QPen(QColor(paper.colors.text)))
        left = RIGHT - metrics.horizontalAdvance(label)
        painter.drawText(QPointF(left, base), label)
        _leader(painter, paper, (end + 60, left - 60), base)

    def marked(painter: QPainter, y: float, gap: float) -> None:
        if color is not None:
            painter.fillRect(QRectF(x - 70, y + 28, 36, laid.line_height(0) - 56), color)
        first(painter, y, gap)

    strips[last] = replace(strips[last], paint=paint)
    first = strips[0].paint
    strips[0] = replace(strips[0], paint=marked)
    target = f"#{number}"
    return [
        replace(one, links=(Link(QRectF(x, 0, RIGHT - x, one.height), target),)) for one in strips
    ]


def _leader(painter: QPainter, paper: Paper, edges: tuple[float, float], base: float) -> None:
    """A thin line from the words to the number, so that the eye finds it; it is no text."""
    if edges[1] > edges[0]:
        box = QRectF(edges[0], base - 4, edges[1] - edges[0], 4)
        painter.fillRect(box, QColor(paper.colors.line))
