"""Runs on the disk that tests of the history make up."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from spectr_desktop import paths
from spectr_desktop.records.codec import to_json
from spectr_desktop.records.decisions import Sighted, new_entry
from spectr_desktop.records.events import CellFinished, RunFinished, TextDelta, event_to_json
from spectr_desktop.records.findings import Location, Sighting, Texts
from spectr_desktop.records.grades import Anchor, Severity
from spectr_desktop.records.run import Outcome
from spectr_desktop.records.source import source_file
from spectr_desktop.store.decisions import DecisionFile, project_folder
from tests.run_samples import header

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.records.decisions import Decision

SOURCE = """contract Vault {
    mapping(address => uint256) balances;

    function withdraw(uint256 amount) external {
        (bool ok, ) = msg.sender.call{value: amount}("");
        balances[msg.sender] -= amount;
    }
}
"""
REPORT = """## [High] Reëntrancy in withdraw

- Location: Vault.sol, line 5

`withdraw` sends ether before it sets the balance; totalAssets is read too late.

```solidity
(bool ok, ) = msg.sender.call{value: amount}("");
```
"""
DAY = "20261120"


def run_id(number: int, day: str = DAY) -> str:
    """The name of a run; a higher number is newer."""
    return f"{day}T{number // 3600:02}{number // 60 % 60:02}{number % 60:02}Z-{number:06x}"


def keep_run(
    number: int = 1,
    text: str = REPORT,
    *,
    outcome: Outcome | None = Outcome.COMPLETE,
    day: str = DAY,
    source: str = SOURCE,
    **changes: object,
) -> str:
    """Write the journal of a run as a session does; returns the run's id.

    Args:
        number: which run of its day.
        text: the report.
        outcome: how it ended; None if the program died.
        day: as names of folders begin.
        source: the only file, Vault.sol.
        changes: fields of the header.
    """
    run = run_id(number, day)
    at = f"{day[:4]}-{day[4:6]}-{day[6:]}T00:00:00Z"
    given = {"created_at": at, "files": (source_file("Vault.sol", source),), **changes}
    made = replace(header(id=run), **given)  # type: ignore[arg-type]
    events = [("1.quick", TextDelta(text))]
    if outcome is not None:
        events += [("1.quick", CellFinished(outcome)), ("", RunFinished(outcome, finished_at=at))]
    lines = [to_json(made)]
    lines += [{"t": n, "cell": cell, **event_to_json(e)} for n, (cell, e) in enumerate(events)]
    folder = paths.private_folder(paths.runs() / run)
    raw = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "journal.jsonl").write_text(raw, encoding="ascii")
    return run


def sighted(run: str, key: str = "F1", title: str = "Reëntrancy in withdraw") -> Sighted:
    """A run reported a finding."""
    quote = '(bool ok, ) = msg.sender.call{value: amount}("");'
    place = Location("Vault.sol", 5, 5, "Vault", "withdraw", quote, 5, Anchor.EXACT)
    texts = Texts(title, "It calls before it writes.")
    sighting = Sighting(
        run, "1.quick", 0, "smollm2", texts, Severity.HIGH, "model", locations=(place,)
    )
    return Sighted(key, sighting)


def decide(root: Path, *decisions: Decision) -> None:
    """Write decisions of a project down."""
    DecisionFile(project_folder(root)).append([new_entry(each) for each in decisions])
