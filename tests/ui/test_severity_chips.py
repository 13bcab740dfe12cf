from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QTextFormat

from spectr_desktop.records.grades import Severity
from spectr_desktop.report.blocks import parse_document
from spectr_desktop.ui import severities
from spectr_desktop.ui.markdown_lines import SEVERITIES, Line, Style, block_lines
from spectr_desktop.ui.severity_chips import chips
from spectr_desktop.ui.theme import DARK, LIGHT, Colors, Scheme, Theme
from tests.ui.test_report_pane import contrast

if TYPE_CHECKING:
    from spectr_desktop.ui.markdown_view import MarkdownView

_HEADINGS = [
    ("## [High] Balance is cleared", "[High] Balance is cleared", "High"),
    ("### H-02 Critical: Anyone can mint", "H-02 Critical: Anyone can mint", "Critical"),
    ("# Medium: Share price", "Medium: Share price", "Medium"),
    ("## Rounding (Low severity)", "Rounding (Low severity)", "Low severity"),
    ("## **[Info]** `x` is unused", "[Info] x is unused", "Info"),
    ("## `[Lo`w] mixed", "[Low] mixed", "Low"),
]


@pytest.mark.parametrize(("source", "text", "named"), _HEADINGS)
def test_a_severity_has_its_style_and_the_text_is_kept(source: str, text: str, named: str) -> None:
    (line,) = block_lines(parse_document(source)[0])
    assert isinstance(line, Line)
    assert "".join(run.text for run in line.runs) == text
    hidden = Style.BEFORE_MARK | Style.AFTER_MARK
    seen = [run for run in line.runs if run.style & SEVERITIES and not run.style & hidden]
    assert "".join(run.text for run in seen) == named
    assert all("".join(r.text).strip(" []():") == "" for r in line.runs if r.style & hidden)


@pytest.mark.parametrize("source", ["[High] no heading", "- [High] item", "## High gas use"])
def test_nothing_else_gets_a_severity(source: str) -> None:
    for line in block_lines(parse_document(source)[0]):
        assert isinstance(line, Line)
        assert not any(run.style & SEVERITIES for run in line.runs)


@pytest.mark.parametrize(("source", "text", "named"), _HEADINGS)
def test_a_chip_is_painted_round_the_word(
    source: str, text: str, named: str, view: MarkdownView
) -> None:
    view.set_markdown(source)
    block = view.document().firstBlock()
    assert block.text() == text
    (chip,) = chips(block)
    assert text[chip.word_start : chip.word_end] == named
    assert chip.start <= chip.word_start < chip.word_end <= chip.end
    image = view.viewport().grab().toImage()
    color = QColor(severities.color(chip.severity, LIGHT)).rgb()
    pixels = {image.pixel(x, y) for x in range(image.width()) for y in range(60)}
    assert color in pixels


def left_edge(view: MarkdownView) -> int:
    """The first column near the upper left corner that has orange in it."""
    image = view.viewport().grab().toImage()
    columns = ([image.pixelColor(x, y) for y in range(140)] for x in range(120))
    return next(x for x, found in enumerate(columns) if any(c.red() - c.blue() > 40 for c in found))


@pytest.mark.parametrize("scheme", [Scheme.LIGHT, Scheme.DARK])
@pytest.mark.parametrize("percent", [60, 100, 200])
@pytest.mark.parametrize("source", ["# High: x", "### **High:** x", "## [High] x", "#### High"])
def test_a_chip_begins_at_the_edge_of_the_text(
    source: str, percent: int, scheme: Scheme, view: MarkdownView, theme: Theme
) -> None:
    theme.choose(scheme)
    view._zoom = percent
    view.zoom_now()
    view.set_markdown(source)
    edge = view.document().documentMargin()
    assert left_edge(view) == pytest.approx(edge, abs=1)


def test_a_chip_in_a_list_is_not_over_its_marker(view: MarkdownView) -> None:
    view.set_markdown("- ## High: x\n")
    layout = view.document().firstBlock().layout()
    behind_marker = view.document().firstBlock().blockFormat().leftMargin()
    assert layout.lineAt(0).cursorToX(2)[0] > behind_marker  # type: ignore[index]
    edge = view.document().documentMargin() + behind_marker
    assert left_edge(view) == pytest.approx(edge, abs=1)


@pytest.mark.parametrize("source", ["# High: a\n\ntext\n", "## Low-level\n\n", "- ## Low: x\n"])
def test_room_for_a_chip_is_the_same_while_the_heading_is_being_written(
    source: str, view: MarkdownView
) -> None:
    for piece in source:
        view.append(piece)
        view.render_now()
    view.finish()
    streamed = view.document().toHtml()
    view.set_markdown(source)
    assert view.document().toHtml() == streamed


def test_a_long_heading_and_no_layout_are_survived(view: MarkdownView, theme: Theme) -> None:
    view.set_markdown("## [High] " + "word " * 200 + "\n\n## (Low)\n")
    view.viewport().grab()
    theme.choose(Scheme.DARK)
    view.viewport().grab()
    assert [len(chips(block)) for block in (view.document().firstBlock(),)] == [1]


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("severity", list(Severity))
def test_every_severity_can_be_read_and_has_a_shape_of_its_own(
    severity: Severity, colors: Colors, theme: Theme
) -> None:
    assert contrast(severities.color(severity, colors), colors.panel) >= 4.5
    assert contrast(severities.color(severity, colors), colors.code) >= 4.5
    shapes = [_shape(each) for each in Severity]
    assert shapes.count(_shape(severity)) == 1
    assert severities.word(severity)


def _shape(severity: Severity) -> bytes:
    image = QImage(12, 12, QImage.Format.Format_Grayscale8)
    image.fill(0)
    painter = QPainter(image)
    painter.setBrush(QColor("white"))
    severities.paint_shape(painter, severity, QRectF(1, 1, 10, 10))
    painter.end()
    return bytes(image.constBits())


def test_no_property_of_ours_is_used_by_qt() -> None:
    assert QTextFormat.Property.UserProperty.value == 0x100000
