from __future__ import annotations

import pytest

from spectr_desktop import paths
from spectr_desktop.audit.run_findings import RunFindings
from spectr_desktop.records.events import (
    CellFinished,
    FindingAdded,
    FindingChanged,
    Notice,
    RunEntry,
    RunEvent,
    TextDelta,
)
from spectr_desktop.records.grades import Anchor, Severity
from spectr_desktop.records.run import Outcome
from spectr_desktop.records.source import source_file
from spectr_desktop.report.parser import FindingParser
from tests import run_samples

_CELL = "1.quick"
_REPORT = """# Report on Vault.sol

Two faults.

## High: Reentrancy in withdraw

- **Impact:** High
- **Likelihood:** High
- **Location:** `Vault.sol`, `Vault.withdraw`

```solidity
(bool ok, ) = msg.sender.call{value: amount}("");
require(ok);
```

**Description:** The call goes out before the balance is cleared.

## Low: Burning for everybody

- **Location:** `Vault.sol`, `Vault.burn`

```solidity
function burn(uint256 x) external { _burn(msg.sender, x); }
```

**Description:** Anybody burns.
"""


@pytest.fixture
def found() -> RunFindings:
    text = (paths.resources() / "examples" / "Vault.sol").read_text(encoding="utf-8")
    return RunFindings(run_samples.header(files=(source_file("Vault.sol", text),)))


def entry(event: RunEvent, t: int = 0) -> RunEntry:
    return RunEntry(t, _CELL, event)


def told(found: RunFindings, *events: RunEvent) -> list[RunEvent]:
    """All events of a run, and those that follow from them, until nothing is left to be read."""
    out = [e.event for event in events for e in found.extended([entry(event)])]
    while found.pending:
        out += [e.event for e in found.extended(())]
    return out


def test_findings_follow_the_text_that_says_them(found: RunFindings) -> None:
    pieces = [TextDelta(_REPORT[at : at + 40]) for at in range(0, len(_REPORT), 40)]
    events = told(found, *pieces, CellFinished(Outcome.COMPLETE))
    added = [event for event in events if isinstance(event, FindingAdded)]
    assert [event.number for event in added] == [1, 2]
    first, second = found.findings()
    assert (first.key, first.texts.title, first.severity) == (
        "F1",
        "Reentrancy in withdraw",
        Severity.CRITICAL,
    )
    assert first.severity_origin == "matrix"
    place = first.place
    assert place is not None
    assert (place.anchor, place.start_line, place.function) == (Anchor.EXACT, 35, "withdraw")
    assert first.texts.description == "The call goes out before the balance is cleared."
    assert len(first.sightings[0].source_sha256) == 64
    assert not first.is_lead
    assert second.is_lead
    assert second.place is not None
    assert (second.place.anchor, second.place.function) == (Anchor.UNVERIFIED, "burn")
    assert _REPORT[first.sightings[0].start :].startswith("## High")
    last = {e.number: e for e in events if isinstance(e, FindingAdded | FindingChanged)}
    assert [last[n].sighting for n in (1, 2)] == found.sightings
    assert [last[n].lead for n in (1, 2)] == [False, True]


def test_what_is_told_does_not_grow_with_the_letters(found: RunFindings) -> None:
    body = "".join(f"Line {n} of a long description.\n" for n in range(400))
    text = f"## High: A fault\n\n**Description:** {body}\n## Low: Another\n"
    events = told(found, *(TextDelta(text[at : at + 30]) for at in range(0, len(text), 30)))
    changed = [e for e in events if isinstance(e, FindingChanged) and e.number == 1]
    assert len(changed) <= 3
    assert changed[-1].sighting.texts.description.endswith("Line 399 of a long description.")


def test_a_report_that_breaks_off_keeps_half_a_finding(found: RunFindings) -> None:
    half = _REPORT[: _REPORT.index("**Description:** The call") + 30]
    told(found, TextDelta(half), CellFinished(Outcome.STOPPED))
    (only,) = found.findings()
    assert not only.sightings[0].complete
    assert only.texts.title == "Reentrancy in withdraw"


def test_five_thousand_findings_are_read_in_portions(found: RunFindings) -> None:
    text = "".join(
        f"## High: Wrong sum {n}\n\n**Location:** `Vault.withdraw`\n\n" for n in range(5000)
    )
    first = found.extended([entry(TextDelta(text)), entry(CellFinished(Outcome.COMPLETE))])
    assert len(first) < 40
    turns = 0
    while found.pending:
        assert len(found.extended(())) < 40
        turns += 1
    assert turns > 100
    assert len(found.findings()) == 5000


def test_thoughts_that_turn_out_as_such_leave_nothing(found: RunFindings) -> None:
    told(found, TextDelta("## High: only a thought\n\n**Description:** x\n\n## Low: y\n\n"))
    assert len(found.findings()) == 2
    told(found, TextDelta("</think>\n\n## Medium: the answer\n"), CellFinished(Outcome.COMPLETE))
    assert [one.texts.title for one in found.findings()] == ["the answer"]


def test_a_mistake_in_reading_costs_no_word(
    found: RunFindings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_parser: FindingParser, _text: str) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(FindingParser, "feed", broken)
    batch = [entry(TextDelta("a")), entry(TextDelta("b"))]
    first = found.extended(batch)
    assert isinstance(first[0].event, Notice)
    assert first[1:] == batch
    assert found.extended(batch) == batch
    assert not found.pending
    assert "findings could not be read" in caplog.text
    caplog.clear()
