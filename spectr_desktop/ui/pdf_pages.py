"""Strips on pages: where each page ends, and what stands above and below on all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPen

from spectr_desktop.records.report import Report, ReportKind
from spectr_desktop.report.export.escapes import one_line
from spectr_desktop.report.export.markdown import markdown
from spectr_desktop.ui.pdf_body import Body, blocks_of, body_of
from spectr_desktop.ui.pdf_fonts import font
from spectr_desktop.ui.pdf_paper import SMALL, TINY, Paper
from spectr_desktop.ui.pdf_strips import LEFT, PAGE_HEIGHT, RIGHT, WIDTH, Link, Strip
from spectr_desktop.ui.pdf_title import contents, read_logo, title_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPainter

    from spectr_desktop.records.house_style import Look

TOP, BOTTOM = 900, PAGE_HEIGHT - 820
_ROOM = BOTTOM - TOP
_HEAD, _FOOT = 520, PAGE_HEIGHT - 480
# Strips that want to stay together may leave so much of a page empty.
_MOST_EMPTY = 0.6 * _ROOM
_STAMP_WIDTH = 0.34


class Placed(NamedTuple):
    """A strip on a page: its upper edge, and the room left above it."""

    y: float
    gap: float
    strip: Strip


@dataclass(frozen=True, slots=True)
class Pages:
    """A report, laid out.

    Attributes:
        pages: what stands on each.
        body: behind the contents, with its headings.
        places: page from 0 and height of each heading, by its number.
    """

    report: Report
    paper: Paper
    pages: list[list[Placed]]
    body: Body
    places: dict[int, tuple[int, float]] = field(default_factory=dict[int, tuple[int, float]])

    def paint(self, painter: QPainter, number: int) -> None:
        """Paint a page, counted from 0."""
        for placed in self.pages[number]:
            placed.strip.paint(painter, placed.y, placed.gap)
        if number:
            self._paint_head(painter)
        self._paint_foot(painter, number)

    def links(self, number: int) -> list[Link]:
        """What can be clicked on a page."""
        return [
            link._replace(box=link.box.translated(0, placed.y))
            for placed in self.pages[number]
            for link in placed.strip.links
        ]

    def target(self, link: str) -> tuple[int, float] | None:
        """Page and height of what a link with a "#" leads to."""
        name = link.removeprefix("#")
        number = self.body.labels.get(name, int(name) if name.isdecimal() else -1)
        return self.places.get(number)

    def _paint_head(self, painter: QPainter) -> None:
        report, colors = self.report, self.paper.colors
        stamp = stamp_of(report)
        room = (WIDTH * (1 - _STAMP_WIDTH) / 2) if stamp else WIDTH / 2
        kind = "Client report" if report.kind is ReportKind.CLIENT else "Working report"
        right = report.document.client if report.kind is ReportKind.CLIENT else ""
        self._label(painter, LEFT, _HEAD, report.title, room - 60)
        self._label(painter, RIGHT, _HEAD, right or kind, room - 60, from_right=True)
        painter.fillRect(QRectF(LEFT, _HEAD + 60, WIDTH, 6), QColor(colors.line))
        if stamp:
            _paint_stamp(painter, QColor(colors.critical), stamp)

    def _paint_foot(self, painter: QPainter, number: int) -> None:
        report = self.report
        painter.fillRect(QRectF(LEFT, _FOOT - 130, WIDTH, 6), QColor(self.paper.colors.line))
        parts = (report.document.auditor, report.document.version, report.finished_at[:10])
        left = " · ".join(part for part in parts if part)
        self._label(painter, LEFT, _FOOT, left, WIDTH * 0.7)
        where = f"Page {number + 1} of {len(self.pages)}"
        self._label(painter, RIGHT, _FOOT, where, WIDTH * 0.28, from_right=True)

    def _label(
        self,
        painter: QPainter,
        x: float,
        base: float,
        text: str,
        width: float,
        *,
        from_right: bool = False,
    ) -> None:
        face = font(TINY)
        metrics = QFontMetricsF(face)
        shown = metrics.elidedText(one_line(text), Qt.TextElideMode.ElideRight, width)
        left = x - metrics.horizontalAdvance(shown) if from_right else x
        painter.setFont(face)
        painter.setPen(QPen(QColor(self.paper.colors.dim)))
        painter.drawText(QPointF(left, base), shown)


def _paint_stamp(painter: QPainter, color: QColor, stamp: str) -> None:
    face = font(SMALL, bold=True)
    width = WIDTH * _STAMP_WIDTH
    box = QRectF(LEFT + (WIDTH - width) / 2, _HEAD - 105, width, 140)
    painter.setPen(QPen(color, 14))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box)
    painter.setFont(face)
    shown = QFontMetricsF(face).elidedText(stamp, Qt.TextElideMode.ElideRight, width - 60)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)


def stamp_of(report: Report) -> str:
    """What every page says of a report that is not to be relied on; "" if all is well."""
    if not report.outcome.finished:
        return "NOT COMPLETE"
    return "READ THE NOTICE ON PAGE 1" if report.notices else ""


def pages_of(report: Report, look: Look) -> Pages:
    """Lay a report out."""
    paper = Paper(look.accent)
    blocks = blocks_of(markdown(report))
    first = next((n for n, block in enumerate(blocks) if block[0].tag == "h2"), len(blocks))
    before = paginated(title_page(report, blocks[:first], paper, read_logo(look.logo)))
    body = body_of(report, blocks[first:], paper)
    pages = paginated(body.strips)
    # How long the contents are does not depend on the figures, which are known only then.
    figures: dict[int, int] = {}
    listed = paginated(contents(body.headings, figures, paper))
    start = len(before) + len(listed)
    places = {
        placed.strip.heading: (start + number, placed.y)
        for number, page in enumerate(pages)
        for placed in page
        if placed.strip.heading >= 0
    }
    figures.update((number, page + 1) for number, (page, _) in places.items())
    return Pages(report, paper, [*before, *listed, *pages], body, places)


def paginated(strips: Sequence[Strip]) -> list[list[Placed]]:
    """Strips on pages, those that stay together on one."""
    out: list[list[Placed]] = []
    page: list[Placed] = []
    y = float(TOP)
    at = 0
    while at < len(strips):
        end = at + 1
        while end < len(strips) and strips[end - 1].keep:
            end += 1
        chain = strips[at:end]
        needed = sum(one.height + one.above for one in chain)
        wanted = max(needed, chain[0].needs)
        if (
            page
            and y + wanted > BOTTOM
            and (wanted <= _MOST_EMPTY or BOTTOM - y < _ROOM - _MOST_EMPTY)
        ):
            out.append(page)
            page, y = [], float(TOP)
        for strip in chain:
            if page and y + strip.above + strip.height > BOTTOM:
                out.append(page)
                page, y = [], float(TOP)
            if not page:
                for head in strip.heads:
                    page.append(Placed(y, 0, head))
                    y += head.height
            gap = strip.above if page else 0
            page.append(Placed(y + gap, gap, strip))
            y += gap + strip.height
        at = end
    return [*out, page] if page else out
