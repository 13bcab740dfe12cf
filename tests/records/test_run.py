from __future__ import annotations

from itertools import product

import pytest

from spectr_desktop.records.run import Outcome, worst

_FROM_THE_WORST = [
    "failed",
    "interrupted",
    "context_full",
    "length_limit",
    "refused",
    "stopped",
    "not_sent",
    "complete",
]


@pytest.mark.parametrize(("one", "other"), list(product(_FROM_THE_WORST, repeat=2)))
def test_the_worst_of_two_wins_in_any_order(one: str, other: str) -> None:
    expected = min(one, other, key=_FROM_THE_WORST.index)
    assert worst([Outcome(one), Outcome(other)]).value == expected


def test_only_complete_is_finished() -> None:
    assert [outcome for outcome in Outcome if outcome.finished] == [Outcome.COMPLETE]
    assert {outcome.value for outcome in Outcome} == set(_FROM_THE_WORST)
