"""CPU time of each export of a large report: 500 findings, and 200 KB of the model's text.

    python benchmarks/exports.py

Target: at most 1 s for each format. Beside it stands what the machine needs for a loop of its own,
and markdown-it for the text alone.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.corpus import report as text_of
from spectr_desktop.project.scope import nsloc
from spectr_desktop.records.findings import Category, Finding, Location, Sighting, Texts
from spectr_desktop.records.grades import Anchor, Severity, State
from spectr_desktop.records.report import ReportKind
from spectr_desktop.records.run import CellResult, Outcome, RunResult
from spectr_desktop.records.source import source_file
from spectr_desktop.report.export.assembly import report_of
from spectr_desktop.report.export.formats import TEXT_SUFFIXES, exported
from spectr_desktop.report.inlines import MARKDOWN
from tests.run_samples import header

_FINDINGS = 500
_TEXT = 200_000
_SOURCE = "contract Vault {\n" + "    function f() external {}\n" * 5_000 + "}\n"
_TARGET_S = 1.0


def findings() -> list[Finding]:
    text = text_of(_TEXT)
    size = len(text) // (_FINDINGS * 4)
    severities = [*Severity]
    out: list[Finding] = []
    for number in range(_FINDINGS):
        at = number * size * 4
        words = [text[at + n * size : at + (n + 1) * size] for n in range(4)]
        quote = f"function f{number}() external {{\n    call();\n    clear();\n}}"
        fix = f"```solidity\nfunction f{number}() external {{\n    clear();\n    call();\n}}\n```"
        place = Location(
            "Vault.sol", number + 2, number + 5, "Vault", f"f{number}", quote, 1, _EXACT
        )
        texts = Texts(f"Finding number {number}", words[0], words[1], words[2], words[3], fix)
        category = Category("SCWE-046", "SC08", 2026, 367, "reentrancy")
        severity = severities[number % len(severities)]
        seen = Sighting("run", "1.quick", number, "m", texts, severity, category=category)
        seen = replace(seen, locations=(place,))
        one = Finding(f"F{number + 1}", (seen,), texts, severity, "model", (place,))
        out.append(replace(one, state=State.CONFIRMED))
    return out


_EXACT = Anchor.EXACT


def main() -> None:
    began = process_time()
    total = 0
    for number in range(5_000_000):
        total += number
    print(f"calibration: a loop of five million additions {process_time() - began:.2f} s")
    began = process_time()
    MARKDOWN.parse(text_of(_TEXT))
    print(f"calibration: markdown-it reads the text once {process_time() - began:.2f} s")
    files = (source_file("Vault.sol", _SOURCE),)
    ends = (CellResult("1.quick", Outcome.COMPLETE),)
    ended = RunResult(Outcome.COMPLETE, "2026-11-23T09:01:00Z", ends, {"1.quick": text_of(_TEXT)})
    made = findings()
    print(f"{_FINDINGS} findings, {_TEXT // 1000} KB of text (CPU time, target {_TARGET_S:.0f} s)")
    for kind in ReportKind:
        began = process_time()
        report = report_of(header(files=files), ended, made, kind=kind, nsloc=nsloc)
        print(f"  {kind.value:<8} assembly  {process_time() - began:6.3f} s")
        for suffix in TEXT_SUFFIXES:
            began = process_time()
            raw = exported(report, suffix)
            took = process_time() - began
            mark = "" if took <= _TARGET_S else "  !"
            print(f"  {kind.value:<8} {suffix:<9} {took:6.3f} s  {len(raw) / 1000:>8,.0f} KB{mark}")


if __name__ == "__main__":
    main()
