from __future__ import annotations

from dataclasses import replace

from spectr_desktop.audit.progress import Progress
from spectr_desktop.audit.run_progress import RunProgress
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.run import CellResult, Outcome, Phase
from tests.part_samples import planned
from tests.run_samples import plan

_NOW = Progress(Phase.WRITING, 9.0, 1.0, 7)


def test_a_run_of_one_request_is_that_request() -> None:
    made = plan()
    whole = RunProgress(made)
    assert whole.of_run(_NOW, 0.0) == _NOW
    whole.began(made.requests[0], 1.0)
    assert whole.of_run(_NOW, 2.0) == _NOW


def test_the_part_and_what_those_before_it_tell() -> None:
    made = planned()
    one, two, three = made.requests
    whole = RunProgress(made)
    whole.began(one, 0.0)
    first = whole.of_run(_NOW, 5.0)
    assert (first.part, first.parts, first.earlier_tokens, first.run_left_s) == (1, 3, 0, None)
    whole.ended(CellResult("1.quick", Outcome.COMPLETE), 40, 10.0)
    whole.began(two, 10.0)
    second = whole.of_run(_NOW, 14.0)
    assert (second.part, second.parts, second.earlier_tokens) == (2, 3, 40)
    assert second.run_left_s == 6.0 + 10.0
    # It takes longer than the first one: nobody knows how long, but the last one is to come.
    assert whole.of_run(_NOW, 30.0).run_left_s == 10.0
    whole.ended(CellResult("2.quick", Outcome.LENGTH_LIMIT), 2, 30.0)
    whole.began(three, 30.0)
    third = whole.of_run(_NOW, 30.0)
    assert (third.part, third.earlier_tokens, third.run_left_s) == (3, 42, 15.0)


def test_what_failed_or_is_refused_takes_no_time() -> None:
    made = planned()
    one, two, three = made.requests
    error = SpectrError("context_overflow", "Too long.")
    whole = RunProgress(replace(made, requests=(one, two, replace(three, refused=error))))
    whole.began(one, 0.0)
    whole.ended(CellResult("1.quick", Outcome.FAILED), 0, 0.1)
    whole.began(two, 0.1)
    assert whole.of_run(_NOW, 1.0).run_left_s is None
    whole.ended(CellResult("2.quick", Outcome.COMPLETE), 5, 5.0)
    assert whole.of_run(_NOW, 5.0).run_left_s is None
