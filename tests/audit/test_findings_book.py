from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from spectr_desktop import paths
from spectr_desktop.audit.findings_book import FindingsBook
from spectr_desktop.audit.run_findings import RunFindings
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.codec import to_json
from spectr_desktop.records.decisions import Merged, NoteSet, StateSet
from spectr_desktop.records.events import (
    CellFinished,
    FindingAdded,
    FindingChanged,
    RunEntry,
    TextDelta,
)
from spectr_desktop.records.findings import Finding, Texts
from spectr_desktop.records.grades import Severity, State
from spectr_desktop.records.run import Outcome
from spectr_desktop.records.source import source_file
from tests import run_samples

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.audit.findings_book import Recorded

_PATH = "Vault.sol"
_SOURCE = """contract Vault {
    mapping(address => uint256) balances;

    function withdraw() external {
        uint256 amount = balances[msg.sender];
        (bool ok, ) = msg.sender.call{value: amount}("");
        require(ok);
        balances[msg.sender] = 0;
    }

    function sweep(address payable to) external {
        require(tx.origin == owner, "not owner");
        to.transfer(address(this).balance);
    }
}
"""
_REPORT = """## High: Reentrancy in withdraw

- **Location:** `Vault.sol`, `Vault.withdraw`

```solidity
(bool ok, ) = msg.sender.call{value: amount}("");
```

**Description:** The call goes out first.

## Medium: Phishing through tx.origin

- **Location:** `Vault.sol`, `Vault.sweep`

```solidity
require(tx.origin == owner, "not owner");
```

**Description:** Another contract may be in between.
"""
_AGAIN = _REPORT.replace("Reentrancy in withdraw", "Reentrancy through a call")
_OTHERWISE = _REPORT.replace("Reentrancy in withdraw", "Balance is cleared too late")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPECTR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def opened(root: Path | None, source: str = _SOURCE) -> FindingsBook:
    book = FindingsBook()
    assert book.open(root, _PATH, source) == 0
    return book


def run(
    book: FindingsBook, root: Path | None, report: str = _REPORT, *, run: str = "run-1"
) -> Recorded:
    """A run over what the book has as the source, with its journal's header on the disk."""
    file = source_file(_PATH, book.source_of(_PATH) or "")
    header = run_samples.header(files=(file,), id=run)
    folder = paths.runs() / run
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_text(json.dumps(to_json(header)) + "\n")
    found = RunFindings(header)
    book.begin_run(root, [file])
    for event in (TextDelta(report), CellFinished(Outcome.COMPLETE)):
        for entry in found.extended([RunEntry(0, "1.quick", event)]):
            if isinstance(entry.event, FindingAdded | FindingChanged):
                book.tell(entry.event)
    while found.pending:
        for entry in found.extended(()):
            assert isinstance(entry.event, FindingAdded | FindingChanged)
            book.tell(entry.event)
    return book.end_run(found.sightings)


def one(book: FindingsBook, key: str) -> Finding:
    found = book.finding(key)
    assert found is not None
    return found


def lines(book: FindingsBook, key: str) -> tuple[int, int]:
    place = one(book, key).place
    assert place is not None
    return place.start_line, place.end_line


def test_findings_have_keys_when_the_run_ends_and_keep_them(root: Path) -> None:
    book = opened(root)
    recorded = run(book, root)
    assert recorded.keys == {"new 1": "F1", "new 2": "F2"}
    assert [f.key for f in book.findings()] == ["F1", "F2"]
    assert lines(book, "F1") == (6, 6)
    again = opened(root)
    assert again.findings() == book.findings()


def test_a_run_that_goes_on_is_shown_without_keys(root: Path) -> None:
    book = opened(root)
    file = source_file(_PATH, _SOURCE)
    found = RunFindings(run_samples.header(files=(file,)))
    book.begin_run(root, [file])
    for entry in found.extended([RunEntry(0, "1.quick", TextDelta(_REPORT))]):
        if isinstance(entry.event, FindingAdded | FindingChanged):
            book.tell(entry.event)
    assert [f.key for f in book.findings()] == ["new 1", "new 2"]
    assert one(book, "new 1").texts.title == "Reentrancy in withdraw"
    assert opened(root).findings() == []


def test_another_run_adds_sightings_and_decisions_hold(root: Path) -> None:
    book = opened(root)
    run(book, root)
    book.decide(StateSet("F1", State.FALSE_POSITIVE))
    book.decide(NoteSet("F1", "guarded elsewhere"))
    recorded = run(book, root, _AGAIN, run="run-2")
    assert sorted(recorded.keys.values()) == ["F1", "F2"]
    first = one(opened(root), "F1")
    assert [sighting.run for sighting in first.sightings] == ["run-1", "run-2"]
    assert (first.state, first.note) == (State.FALSE_POSITIVE, "guarded elsewhere")
    assert first.texts.title == "Reentrancy in withdraw"


def test_what_is_probably_known_is_asked_about(root: Path) -> None:
    book = opened(root)
    run(book, root)
    recorded = run(book, root, _OTHERWISE, run="run-2")
    assert sorted(recorded.keys.values()) == ["F2", "F3"]
    assert recorded.probable == {"F3": "F1"}


def test_not_seen_again_is_not_fixed(root: Path) -> None:
    book = opened(root)
    run(book, root)
    run(book, root, "No fault found.\n", run="run-2")
    assert [f.state for f in book.findings()] == [State.OPEN, State.OPEN]


def test_lines_follow_an_edit_and_an_edit_given_up_leaves_no_trace(root: Path) -> None:
    book = opened(root)
    run(book, root)
    book.decide(StateSet("F1", State.CONFIRMED))
    moved = "// a line more\n" + _SOURCE
    assert book.source_changed(_PATH, moved)
    assert lines(book, "F1") == (7, 7)
    assert not one(book, "F1").stale
    assert lines(opened(root), "F1") == (6, 6)
    book.save()
    assert lines(opened(root, moved), "F1") == (7, 7)


def test_changed_code_asks_for_another_look(root: Path) -> None:
    book = opened(root)
    run(book, root)
    book.decide(StateSet("F1", State.CONFIRMED))
    mended = _SOURCE.replace(
        '        (bool ok, ) = msg.sender.call{value: amount}("");\n',
        '        balances[msg.sender] = 0;\n        (bool ok, ) = to.call{value: 1}("");\n',
    )
    assert book.source_changed(_PATH, mended)
    first = one(book, "F1")
    assert first.recheck
    assert first.state is State.CONFIRMED
    assert not one(book, "F2").recheck


def test_a_file_that_changed_while_nobody_looked(root: Path) -> None:
    book = opened(root)
    run(book, root)
    moved = "// one\n// two\n" + _SOURCE
    assert lines(opened(root, moved), "F2") == (14, 14)


def test_an_edit_during_the_run_moves_its_findings(root: Path) -> None:
    book = opened(root)
    file = source_file(_PATH, _SOURCE)
    found = RunFindings(run_samples.header(files=(file,)))
    book.begin_run(root, [file])
    book.source_changed(_PATH, "// one\n" + _SOURCE)
    found.extended([RunEntry(0, "1.quick", TextDelta(_REPORT))])
    found.extended([RunEntry(0, "1.quick", CellFinished(Outcome.COMPLETE))])
    book.end_run(found.sightings)
    assert lines(book, "F1") == (7, 7)


def test_undo_and_redo_survive_a_restart(root: Path) -> None:
    book = opened(root)
    run(book, root)
    before = book.findings()
    book.decide(StateSet("F1", State.CONFIRMED))
    book.decide(Merged("F2", "F1"))
    after = book.findings()
    assert one(book, "F2").duplicate_of == "F1"
    assert book.undo()
    assert book.undo()
    assert book.findings() == before
    assert not book.undo()
    assert opened(root).findings() == before
    assert book.redo()
    assert book.redo()
    assert book.findings() == after
    assert not book.redo()


def test_a_finding_by_hand(root: Path) -> None:
    book = opened(root)
    key = book.write_finding(Texts("Owner is not set"), Severity.LOW, _PATH, 12, 13)
    found = one(opened(root), key)
    assert found.by_hand
    assert not found.is_lead
    assert found.place is not None
    assert (found.place.contract, found.place.function) == ("Vault", "sweep")
    assert found.place.quote.startswith("        require(tx.origin")


def test_without_a_folder_all_is_kept_in_memory(home: Path) -> None:
    book = opened(None)
    run(book, None)
    book.decide(StateSet("F1", State.CONFIRMED))
    assert one(book, "F1").state is State.CONFIRMED
    assert not (home / "projects").exists()


def test_a_disk_that_does_not_take_it_keeps_it_in_memory(
    root: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = opened(root)
    run(book, root)

    def full(*_arguments: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.write", full)
    with pytest.raises(SpectrError):
        book.decide(StateSet("F1", State.CONFIRMED))
    monkeypatch.undo()
    monkeypatch.setenv("SPECTR_HOME", str(home))
    assert one(book, "F1").state is State.CONFIRMED
    book.decide(NoteSet("F2", "later"))
    assert one(opened(root), "F1").state is State.CONFIRMED


@pytest.mark.parametrize("run_id", ["", "../../etc", "gone", ".hidden"])
def test_a_run_without_a_journal_costs_nothing(run_id: str, root: Path) -> None:
    book = opened(root)
    file = source_file(_PATH, _SOURCE)
    found = RunFindings(run_samples.header(files=(file,), id=run_id))
    found.extended([RunEntry(0, "1.quick", TextDelta(_REPORT))])
    book.begin_run(root, [file])
    book.end_run(found.sightings)
    assert len(opened(root, "// changed\n" + _SOURCE).findings()) == 2
