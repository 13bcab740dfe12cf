"""What was measured of a run as a whole, from what was measured of its requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop.records.run import Timings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spectr_desktop.records.run import CellResult


def run_timings(cells: Sequence[CellResult]) -> Timings:
    """The times of all requests together; the first answer's until it came, and the mean speed."""
    times = [one.timings for one in cells]
    nothing = times[0] if times else Timings()
    first = next((one for one in times if one.first_token_ms is not None), nothing)
    rates = [
        (one.usage.output, one.timings.tokens_per_second)
        for one in cells
        if one.usage.output and one.timings.tokens_per_second
    ]
    seconds = sum(tokens / rate for tokens, rate in rates)
    alone = times[0].tokens_per_second if len(times) == 1 else None
    return Timings(
        connect_ms=first.connect_ms,
        first_token_ms=first.first_token_ms,
        total_ms=_sum(one.total_ms for one in times),
        tokens_per_second=sum(tokens for tokens, _ in rates) / seconds if seconds else alone,
        loading_ms=_sum(one.loading_ms for one in times),
        reading_ms=_sum(one.reading_ms for one in times),
    )


def _sum(figures: Iterable[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None
