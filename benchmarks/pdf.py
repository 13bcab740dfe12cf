"""CPU time of a PDF of a large report: 500 findings, and 200 KB of the model's text.

    python benchmarks/pdf.py

Target: at most 10 s with the start of the child process, and 0.2 s until a cancelled child is gone.
Beside it stands what the machine needs for a loop of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import sys
from pathlib import Path
from time import perf_counter, process_time

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.corpus import report as text_of
from benchmarks.exports import findings
from spectr_desktop.project.scope import nsloc
from spectr_desktop.records.house_style import Look
from spectr_desktop.records.report import Report, ReportKind
from spectr_desktop.records.run import CellResult, Outcome, RunResult
from spectr_desktop.records.source import source_file
from spectr_desktop.report.export.assembly import report_of
from spectr_desktop.ui.pdf import first_pages, pdf
from tests.run_samples import header

_TEXT = 200_000
_SOURCE = "contract Vault {\n" + "    function f() external {}\n" * 5_000 + "}\n"
_TARGET_S, _CANCEL_S = 10.0, 0.2
_LOOK = Look()


def _cpu() -> float:
    """CPU time of this process and of its children that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + ended.ru_utime + ended.ru_stime


def _report(kind: ReportKind) -> Report:
    files = (source_file("Vault.sol", _SOURCE),)
    ends = (CellResult("1.quick", Outcome.COMPLETE),)
    ended = RunResult(Outcome.COMPLETE, "2026-11-23T09:01:00Z", ends, {"1.quick": text_of(_TEXT)})
    return report_of(header(files=files), ended, findings(), kind=kind, nsloc=nsloc)


async def _cancelled(report: Report) -> float:
    """Seconds from the wish to the end of the child, in the midst of its pages."""
    begun = asyncio.Event()
    task = asyncio.create_task(pdf(report, _LOOK, lambda _done, _count: begun.set()))
    await begun.wait()
    began = perf_counter()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return perf_counter() - began


async def _measure() -> None:
    for kind in ReportKind:
        report = _report(kind)
        counted: list[int] = []
        began, cpu = perf_counter(), _cpu()
        raw = await pdf(report, _LOOK, lambda _done, count, seen=counted: seen.append(count))
        took = _cpu() - cpu
        mark = "" if took <= _TARGET_S else "  !"
        size = f"{counted[-1]:>5,} pages {len(raw) / 1000:>8,.0f} KB"
        wall = perf_counter() - began
        print(f"  {kind.value:<8} pdf      {took:6.2f} s CPU {wall:6.2f} s {size}{mark}")
        began, cpu = perf_counter(), _cpu()
        await first_pages(report, _LOOK)
        print(
            f"  {kind.value:<8} preview  {_cpu() - cpu:6.2f} s CPU {perf_counter() - began:6.2f} s"
        )
        gone = await _cancelled(report)
        print(f"  {kind.value:<8} cancel   {gone:6.3f} s{'' if gone <= _CANCEL_S else '  !'}")


def main() -> None:
    began = process_time()
    total = 0
    for number in range(5_000_000):
        total += number
    print(f"calibration: a loop of five million additions {process_time() - began:.2f} s")
    print(f"500 findings, {_TEXT // 1000} KB of text (target {_TARGET_S:.0f} s of CPU time)")
    asyncio.run(_measure())


if __name__ == "__main__":
    main()
