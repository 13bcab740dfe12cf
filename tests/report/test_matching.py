from __future__ import annotations

import dataclasses

import pytest

from spectr_desktop.records.decisions import Merged, Sighted, StateSet, new_entry
from spectr_desktop.records.findings import Category, Location, Sighting, Texts
from spectr_desktop.records.grades import Anchor, State
from spectr_desktop.report.matching import Match, compatible, similar_titles
from spectr_desktop.report.sightings import ProjectFindings

REENTRANCY = Category("SCWE-046", "SC08", 2026, 1265, "reentrancy")
ACCESS = Category("", "SC01", 2026, 0, "access control")
_PLACE = Location("Vault.sol", 10, 11, "Vault", "take", "call", 10, Anchor.EXACT)
_FIRST = Sighting(
    "run1", "1.quick", 0, "m", Texts("Reentrancy in take"), category=REENTRANCY, locations=(_PLACE,)
)


def sighting(
    *,
    run: str = "run2",
    cell: str = "1.quick",
    index: int = 0,
    title: str = "Another thing altogether",
    category: Category = Category(),  # noqa: B008 - it is frozen
    lines: tuple[int, int] = (10, 11),
    **changes: str,
) -> Sighting:
    place = dataclasses.replace(_PLACE, start_line=lines[0], end_line=lines[1], **changes)
    return Sighting(run, cell, index, "m", Texts(title), category=category, locations=(place,))


def project(*sightings: Sighting) -> ProjectFindings:
    entries = [new_entry(Sighted(f"F{number}", one)) for number, one in enumerate(sightings, 1)]
    return ProjectFindings(entries)


KNOWN = project(_FIRST)


@pytest.mark.parametrize(
    "seen",
    [
        sighting(category=REENTRANCY),
        sighting(category=REENTRANCY, lines=(11, 30)),
        sighting(title="Reentrancy in the take() function"),
        sighting(title="reentrancy IN take", category=ACCESS),
    ],
)
def test_the_same_lines_and_kind_or_title_are_exact(seen: Sighting) -> None:
    assert KNOWN.match(seen) == Match("exact", "F1")


@pytest.mark.parametrize(
    "seen",
    [
        sighting(),
        sighting(category=ACCESS),
        sighting(category=REENTRANCY, lines=(20, 21)),
        sighting(category=REENTRANCY, path="src/Vault.sol"),
    ],
)
def test_the_same_function_and_lines_or_kind_are_probable(seen: Sighting) -> None:
    assert KNOWN.match(seen) == Match("probable", "F1")


@pytest.mark.parametrize(
    "seen",
    [
        sighting(category=REENTRANCY, function="add"),
        sighting(category=REENTRANCY, contract="Bank"),
        sighting(category=ACCESS, lines=(20, 21)),
        sighting(title="Reentrancy in take", lines=(20, 21)),
        sighting(title="Reentrancy in take", contract="", function="", path="Other.sol"),
        dataclasses.replace(_FIRST, run="run2", locations=()),
    ],
)
def test_anything_else_is_new(seen: Sighting) -> None:
    assert KNOWN.match(seen) == Match("new", "F2")


def test_a_sighting_that_is_known_is_where_it_is() -> None:
    assert KNOWN.match(dataclasses.replace(_FIRST, texts=Texts("x"))) == Match("exact", "F1")


def test_one_report_lists_two_things_when_it_lists_two() -> None:
    seen = sighting(run="run1", index=1, category=REENTRANCY, lines=(11, 12))
    assert KNOWN.match(seen) == Match("new", "F2")


def test_two_reports_of_one_run_are_asked_about() -> None:
    seen = sighting(run="run1", cell="2.deep", category=REENTRANCY, lines=(11, 12))
    assert KNOWN.match(seen) == Match("probable", "F1")


@pytest.mark.parametrize("cell", ["1.quick", "2.deep"])
def test_the_very_same_of_one_run_is_exact(cell: str) -> None:
    seen = sighting(run="run1", cell=cell, index=1, category=REENTRANCY)
    assert KNOWN.match(seen) == Match("exact", "F1")


def test_of_several_exact_ones_the_auditor_chooses() -> None:
    other = sighting(run="run1", index=1, category=REENTRANCY, lines=(11, 13))
    both = project(_FIRST, other)
    seen = sighting(category=REENTRANCY, lines=(10, 13))
    assert both.match(seen).kind == "probable"
    assert both.match(sighting(category=REENTRANCY)) == Match("exact", "F1")
    assert both.match(sighting(category=REENTRANCY, lines=(11, 13))) == Match("exact", "F2")


def test_merged_ones_are_no_rivals() -> None:
    other = sighting(run="run1", index=1, category=REENTRANCY, lines=(11, 13))
    both = project(_FIRST, other)
    both.apply(new_entry(Merged("F2", "F1")))
    assert both.match(sighting(category=REENTRANCY, lines=(10, 13))) == Match("exact", "F2")


def test_lines_of_another_text_are_not_compared() -> None:
    known = project(dataclasses.replace(_FIRST, source_sha256="a" * 64))
    seen = dataclasses.replace(sighting(category=REENTRANCY), source_sha256="b" * 64)
    assert known.match(seen) == Match("probable", "F1")
    assert known.match(dataclasses.replace(seen, source_sha256="a" * 64)).kind == "exact"
    assert known.match(dataclasses.replace(seen, source_sha256="")).kind == "exact"


def test_a_lead_is_known_again_by_its_words() -> None:
    nowhere = Location("Vault.sol", 0, 0, "", "", "owner.kill();", 7, Anchor.UNVERIFIED)
    lead = dataclasses.replace(_FIRST, locations=(nowhere,))
    known = project(lead)
    again = dataclasses.replace(lead, run="run2")
    assert known.match(again) == Match("exact", "F1")
    other = dataclasses.replace(nowhere, quote="owner.stop();")
    assert known.match(dataclasses.replace(again, locations=(other,))).kind == "probable"
    elsewhere = dataclasses.replace(nowhere, path="Bank.sol")
    assert known.match(dataclasses.replace(again, locations=(elsewhere,))).kind == "new"


def test_without_any_place_a_title_is_asked_about() -> None:
    known = project(dataclasses.replace(_FIRST, locations=()))
    again = dataclasses.replace(_FIRST, run="run2", locations=())
    assert known.match(again) == Match("probable", "F1")


def test_what_was_called_false_stays_so_when_it_is_seen_again() -> None:
    known = project(_FIRST)
    known.apply(new_entry(StateSet("F1", State.FALSE_POSITIVE)))
    seen = sighting(category=REENTRANCY)
    assert known.match(seen) == Match("exact", "F1")
    known.apply(new_entry(Sighted("F1", seen)))
    found = known.finding("F1")
    assert found is not None
    assert found.state is State.FALSE_POSITIVE
    assert found.sightings == (_FIRST, seen)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (REENTRANCY, Category("SCWE-046"), True),
        (REENTRANCY, Category("SCWE-047", "SC08", 2026), False),
        (REENTRANCY, Category("", "SC08", 2026), True),
        (REENTRANCY, Category("", "SC08", 2025), False),
        (REENTRANCY, Category(model_label="Reentrancy!"), True),
        (Category(), Category(), False),
        (Category(model_label="odd"), Category(model_label="strange"), False),
    ],
)
def test_kinds_are_compared_by_the_narrowest_table(
    one: Category, other: Category, same: bool
) -> None:
    assert compatible(one, other) is same
    assert compatible(other, one) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Reentrancy in withdraw", "Reentrancy in the withdraw function", True),
        ("Missing zero address checks", "Missing zero-address check", True),
        ("提款函数存在重入漏洞", "提款函数中存在重入漏洞", True),
        ("Reentrancy in withdraw", "Unchecked call in withdraw", False),
        ("", "", False),
        ("the", "of", False),
    ],
)
def test_titles_may_differ_a_little(one: str, other: str, same: bool) -> None:
    assert similar_titles(one, other) is same
    assert similar_titles(other, one) is same
