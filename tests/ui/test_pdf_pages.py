from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spectr_desktop.records.house_style import Look
from spectr_desktop.report.export.colors import contrast
from spectr_desktop.ui.markdown_lines import Run, Table
from spectr_desktop.ui.pdf_pages import BOTTOM, TOP, pages_of, paginated, stamp_of
from spectr_desktop.ui.pdf_paper import Paper
from spectr_desktop.ui.pdf_strips import LEFT, Strip
from spectr_desktop.ui.pdf_tables import table_strips
from spectr_desktop.ui.pdf_title import read_logo
from tests.ui.pdf_samples import client_report, hostile_report, logo, stopped_report

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from spectr_desktop.ui.pdf_pages import Pages

_ROOM = BOTTOM - TOP


def _strip(height: float, *, keep: bool = False, heads: tuple[Strip, ...] = ()) -> Strip:
    return Strip(height, lambda *_place: None, keep=keep, heads=heads)


def _heights(strips: list[Strip]) -> list[list[float]]:
    return [[placed.strip.height for placed in page] for page in paginated(strips)]


def test_what_stays_together_goes_to_the_next_page() -> None:
    strips = [_strip(_ROOM - 100), _strip(60, keep=True), _strip(50)]
    assert _heights(strips) == [[_ROOM - 100], [60, 50]]


def test_what_is_higher_than_a_page_is_divided_all_the_same() -> None:
    strips = [_strip(_ROOM * 0.4, keep=True) for _ in range(3)]
    assert [len(page) for page in paginated(strips)] == [2, 1]


def test_the_head_of_a_table_comes_again_on_each_page() -> None:
    head = _strip(100)
    rows = [_strip(_ROOM * 0.4, heads=(head,)) for _ in range(5)]
    pages = _heights([head, *rows])
    assert [page[0] for page in pages] == [100, 100, 100]
    assert sum(len(page) - 1 for page in pages) == 5


@pytest.fixture
def pages(qtbot: QtBot) -> Pages:
    return pages_of(client_report(), Look(logo(), "#0a6b5b"))


def test_no_heading_stands_at_the_foot_of_a_page(pages: Pages) -> None:
    for page in pages.pages:
        assert not page[-1].strip.keep


def test_nothing_stands_below_the_last_line_of_a_page(qtbot: QtBot) -> None:
    for page in pages_of(hostile_report(), Look()).pages:
        assert page[0].y >= TOP
        assert max(placed.y + placed.strip.height for placed in page) <= BOTTOM + 1


def test_every_finding_has_a_heading_that_its_label_leads_to(pages: Pages) -> None:
    for finding in pages.report.findings:
        number = pages.body.labels[finding.label]
        assert pages.body.headings[number].finding == finding
        assert pages.target(f"#{finding.label}") == pages.places[number]
    assert pages.target("#nobody") is None


def test_only_a_report_that_is_not_whole_is_stamped() -> None:
    assert stamp_of(stopped_report()) == "NOT COMPLETE"
    assert stamp_of(client_report()) == ""


@pytest.mark.parametrize("kind", ["PNG", "JPG"])
def test_a_logo_is_read_no_larger_than_it_has_to_be(qtbot: QtBot, kind: str) -> None:
    image = read_logo(logo(4000, 20, kind))
    assert image is not None
    assert image.size().toTuple() == (1600, 8)


@pytest.mark.parametrize("kind", ["BMP", "none", ""])
def test_what_is_no_logo_leaves_the_page_without_one(qtbot: QtBot, kind: str) -> None:
    raw = {"BMP": logo(kind="BMP"), "none": b"\x89PNG\r\n\x1a\n of nothing", "": b""}[kind]
    assert read_logo(raw) is None


@pytest.mark.parametrize("accent", ["#ffff00", "#fefefe", "no colour", ""])
def test_headings_can_be_read_in_any_accent(qtbot: QtBot, accent: str) -> None:
    assert contrast(Paper(accent).accent_text.name(), "#ffffff") >= 4.5


@pytest.mark.usefixtures("qtbot")
def test_a_short_table_stays_on_one_page_and_a_long_one_does_not() -> None:
    for rows, pages in ((4, 2), (60, 3)):
        cells = tuple(((Run(f"{n}"),), (Run("x"),)) for n in range(rows))
        table = table_strips(Paper(""), Table(("", ""), cells), LEFT)
        placed = paginated([_strip(_ROOM - 700), *table])
        assert len(placed) == pages
        # The first page has the table's beginning only where the table is long.
        assert (len(placed[0]) == 1) == (rows == 4)
