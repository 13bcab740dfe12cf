"""Findings and reports that tests of exports make up."""

from __future__ import annotations

from dataclasses import replace

from spectr_desktop.project.scope import nsloc
from spectr_desktop.records.findings import Category, Finding, Location, Sighting, Texts
from spectr_desktop.records.grades import Anchor, Severity, State
from spectr_desktop.records.report import Report, ReportKind
from spectr_desktop.records.run import CellResult, CompleteInput, Outcome, RunResult, Timings, Usage
from spectr_desktop.records.source import source_file
from spectr_desktop.report.export.assembly import report_of
from tests.run_samples import header

CELL = "1.quick"
QUOTE = 'function withdraw() external {\n    (bool ok, ) = msg.sender.call{value: 1}("");'
CONFIDENCE = "confidence-93"
MODEL_TITLE = "Title of the model"
TRANSCRIPT = "# Transcript of the model\n\nA thought."


def place(
    anchor: Anchor = Anchor.EXACT, path: str = "Vault.sol", line: int = 2, **changes: object
) -> Location:
    found = anchor.is_found
    made = Location(path, line * found, (line + 1) * found, "Vault", "withdraw", QUOTE, 77, anchor)
    return replace(made, **changes)  # type: ignore[arg-type]


def finding(
    number: int = 1,
    severity: Severity | None = Severity.HIGH,
    state: State = State.CONFIRMED,
    anchor: Anchor = Anchor.EXACT,
    **changes: object,
) -> Finding:
    """A finding of one run; its words say its number."""
    where = place(anchor)
    texts = Texts(
        f"Title {number}",
        f"Description {number}",
        f"Scenario {number}",
        f"Proof {number}",
        f"Advice {number}",
        f"```solidity\nfix{number}();\n```",
    )
    seen = Sighting(
        run="run-1",
        cell=CELL,
        index=number,
        model="model-of-the-sighting",
        texts=texts,
        severity=severity,
        severity_origin="matrix",
        impact="high",
        likelihood="medium",
        category=Category("SCWE-046", "SC08", 2026, 367, "label-of-the-model"),
        confidence=CONFIDENCE,
        locations=(where,),
    )
    given = {"sightings": (seen,), "texts": texts, "locations": (where,), **changes}
    return Finding(
        f"F{number}",
        severity=severity,
        severity_origin="matrix",
        state=state,
        **given,  # type: ignore[arg-type]
    )


def result(
    outcome: Outcome = Outcome.COMPLETE, text: str = TRANSCRIPT, **cell: object
) -> RunResult:
    given = {"complete_input": CompleteInput.YES, "timings": Timings(5, 800, 12340, 20.0), **cell}
    ended = CellResult(CELL, outcome, usage=Usage(1200, 30), **given)  # type: ignore[arg-type]
    return RunResult(outcome, "2026-11-23T09:01:00Z", (ended,), {CELL: text}, None, Usage(1200, 30))


def findings() -> list[Finding]:
    """Of every kind: four for a client, others for work alone, two leads, one merged."""
    edited = finding(3, Severity.LOW, texts=Texts("The auditor's title", "His *words*."))
    return [
        finding(1, Severity.MEDIUM),
        finding(2, Severity.CRITICAL, State.FIXED),
        replace(edited, edited=True, severity=Severity.HIGH, severity_origin="auditor"),
        finding(4, Severity.HIGH, State.ACKNOWLEDGED),
        finding(5, Severity.HIGH, State.OPEN),
        finding(6, Severity.INFO, State.FALSE_POSITIVE, note="The caller is trusted."),
        finding(7, Severity.HIGH, State.OPEN, Anchor.UNVERIFIED),
        finding(8, None, State.CONFIRMED, Anchor.MISSING_FILE),
        replace(finding(9, Severity.CRITICAL), duplicate_of="F2", state=State.DUPLICATE),
    ]


def report(
    kind: ReportKind = ReportKind.WORKING,
    found: list[Finding] | None = None,
    ended: RunResult | None = None,
    **changes: object,
) -> Report:
    """A report of the sample's findings, or of these."""
    source = "contract Vault {\n    // x\n    function withdraw() external {} }\n"
    files = (source_file("Vault.sol", source),)
    made = header(**{"files": files, "root": "/home/auditor/secret-client", **changes})
    return report_of(
        made, ended or result(), findings() if found is None else found, kind=kind, nsloc=nsloc
    )


def client(found: list[Finding] | None = None, ended: RunResult | None = None) -> Report:
    """The same for a client."""
    return report(ReportKind.CLIENT, found, ended)
