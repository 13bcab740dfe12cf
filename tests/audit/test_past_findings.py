from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spectr_desktop import paths
from spectr_desktop.audit.past_findings import PastFindings
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.decisions import StateSet
from spectr_desktop.records.findings import Finding, Location, Texts
from spectr_desktop.records.grades import Anchor, State

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "contract A {\n    function f() external {}\n}\n"
PLACE = Location("A.sol", 2, 2, "A", "f", "function f() external {}", 2, Anchor.EXACT)
FOUND = [
    Finding("F3", texts=Texts("Three"), locations=(PLACE,)),
    Finding("F1", texts=Texts("One")),
]


@pytest.fixture
def past() -> PastFindings:
    return PastFindings(FOUND, {"A.sol": SOURCE})


def test_they_are_as_they_were(past: PastFindings) -> None:
    assert past.findings() == FOUND
    assert past.finding("F3") is FOUND[0]
    assert past.finding("F2") is None
    assert past.source_of("A.sol") == SOURCE
    assert past.source_of("B.sol") is None


def test_an_edit_moves_nothing(past: PastFindings) -> None:
    assert not past.source_changed("A.sol", "\n\n" + SOURCE)
    assert past.findings() == FOUND
    assert past.source_of("A.sol") == SOURCE


def test_nothing_is_decided_on_the_past(past: PastFindings) -> None:
    refused = (
        lambda: past.decide(StateSet("F3", State.CONFIRMED)),
        lambda: past.write_finding(Texts("New"), None, "A.sol", 1, 2),
        past.undo,
        past.redo,
    )
    for attempt in refused:
        with pytest.raises(SpectrError, match="Open the file to decide") as caught:
            attempt()
        assert caught.value.code == "past_findings"
    assert past.findings() == FOUND


def test_nothing_of_it_is_written(past: PastFindings, tmp_path: Path) -> None:
    past.begin_run(tmp_path, [])
    past.end_run([])
    past.save()
    assert not paths.projects().exists()
