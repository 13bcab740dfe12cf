from __future__ import annotations

from spectr_desktop.records.run import CellResult, Outcome, Timings, Usage
from spectr_desktop.report.run_timings import run_timings


def cell(output: int | None, timings: Timings) -> CellResult:
    return CellResult("1.quick", Outcome.COMPLETE, usage=Usage(1, output), timings=timings)


def test_one_request_is_the_run() -> None:
    timings = Timings(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    assert run_timings([cell(8, timings)]) == timings
    assert run_timings([cell(None, timings)]) == timings
    assert run_timings([]) == Timings()


def test_times_add_up_and_speed_is_the_mean_of_all_tokens() -> None:
    first = cell(100, Timings(1.0, 20.0, 1000.0, 50.0, None, 10.0))  # 2 s
    second = cell(100, Timings(2.0, 30.0, 500.0, 100.0, None, 30.0))  # 1 s
    refused = CellResult("3.quick", Outcome.FAILED)
    whole = run_timings([refused, first, second])
    assert whole == Timings(1.0, 20.0, 1500.0, 200 / 3, None, 40.0)
