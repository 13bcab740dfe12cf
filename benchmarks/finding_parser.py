"""Findings read from a report: recall and precision on the corpus, cost of a delta, longest feed.

    python benchmarks/finding_parser.py [corpus] [delta] [hostile]

Targets: 98 % of the corpus' findings found, no field wrong, none invented; a feed of 16 KB takes
at most 50 ms whatever the text is.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.corpus import report
from spectr_desktop.report.parser import FindingParser, parse_findings
from tests.report.report_corpus import faults, reports
from tests.report.test_parser import HOSTILE, before

_DELTA = 33 * 4
_PIECE = 16_384
_SIZES = (10_000, 200_000, 10_000_000)
_TARGET_MS = 50


def corpus() -> None:
    expected = found = wrong = invented = 0
    for one in reports():
        told = faults(one.findings, parse_findings(one.text, ended=one.ended))
        missing = sum(fault.startswith("missing:") for fault in told)
        invented += sum(fault.startswith("invented:") for fault in told)
        wrong += sum(not fault.startswith(("missing:", "invented:")) for fault in told)
        expected += len(one.findings)
        found += len(one.findings) - missing
    print(f"corpus      {len(reports())} reports, {expected} findings")
    print(f"  recall    {found / expected:.1%}")
    print(f"  precision {found / max(1, found + invented):.1%}")
    print(f"  fields wrong {wrong}")


def _feed(text: str, size: int, *, ask: bool) -> tuple[list[float], float]:
    parser = FindingParser()
    times: list[float] = []
    for start in range(0, len(text), size):
        piece = text[start : start + size]
        began = perf_counter()
        changes = parser.feed(piece)
        if ask:
            for index in (*changes.added, *changes.changed):
                parser.finding(index)
        times.append((perf_counter() - began) * 1000)
    began = perf_counter()
    parser.finish()
    return times, (perf_counter() - began) * 1000


def delta() -> None:
    print(f"a delta of {_DELTA} characters, with the changed findings put together (ms)")
    whole = report(max(_SIZES))
    for size in _SIZES:
        times, end = _feed(whole[:size], _DELTA, ask=True)
        times.sort()
        late = times[int(len(times) * 0.99)]
        print(
            f"  {size / 1000:>8.0f} KB  median {median(times):.3f}  99 % {late:.3f}"
            f"  longest {times[-1]:.2f}  all {sum(times):.0f}  finish {end:.1f}"
        )


def hostile() -> None:
    print(f"hostile texts in pieces of {_PIECE} characters (ms; target {_TARGET_MS})")
    cases = {name: text * 3 for name, text in HOSTILE.items()}
    part = "## High: Fault {0}\n\n- **Location:** `A.sol`, `A.f{0}`\n\n**Description:** text\n\n"
    cases["5,000 findings"] = "".join(part.format(number) for number in range(5_000))
    cases["quote of 1 MB"] = "## High: x\n\n```solidity\n" + "uint256 x = 1;\n" * 70_000
    cases["line of 10 MB"] = "word *x* " * 1_100_000
    for name, text in cases.items():
        times, end = _feed(before(name) + text, _PIECE, ask=False)
        mark = "" if max(times) <= _TARGET_MS else "  !"
        print(f"  {name:<18} longest {max(times):7.2f}  finish {end:8.1f}{mark}")


if __name__ == "__main__":
    gc.disable()  # as the program does: it collects from a timer of its own
    chosen = sys.argv[1:] or ["corpus", "delta", "hostile"]
    for run in (corpus, delta, hostile):
        if run.__name__ in chosen:
            run()
