from __future__ import annotations

import asyncio
import contextlib
import datetime
import email.utils
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.providers import retry
from spectr_desktop.providers.errors import ProviderError, ServerBusy
from spectr_desktop.providers.retry import asked_delay, with_retries
from spectr_desktop.records.events import PhaseChanged, RetryScheduled, StreamEvent, TextDelta
from spectr_desktop.records.run import Phase

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_CONNECTING = PhaseChanged(Phase.CONNECTING)


def busy(*, repeatable: bool = True, after: float | None = 0.0) -> ServerBusy:
    error = ServerBusy("server_busy", "Busy.")
    error.repeatable, error.retry_after_s = repeatable, after
    return error


class Attempts:
    """What each attempt does: an error to raise, or a text to give."""

    def __init__(self, *ends: ProviderError | str) -> None:
        self._ends = list(ends)
        self.closed = 0

    async def __call__(self) -> AsyncGenerator[StreamEvent, None]:
        try:
            yield _CONNECTING
            end = self._ends.pop(0)
            if isinstance(end, str):
                yield TextDelta(end)
            else:
                raise end
        finally:
            self.closed += 1


async def events_of(attempts: Attempts) -> tuple[list[StreamEvent], ProviderError | None]:
    out: list[StreamEvent] = []
    try:
        async with contextlib.aclosing(with_retries(attempts)) as events:
            async for event in events:
                out.append(event)  # noqa: PERF401  # those before an error count
    except ProviderError as error:
        return out, error
    return out, None


async def test_the_first_attempt_that_works_is_the_last() -> None:
    attempts = Attempts(busy(), busy(), "text")
    events, error = await events_of(attempts)
    again = [event for event in events if isinstance(event, RetryScheduled)]
    assert [(event.attempt, event.attempts) for event in again] == [(2, 3), (3, 3)]
    assert again[0] == RetryScheduled(2, 3, 0, "server_busy", "Busy.")
    assert (events[-1], error, attempts.closed) == (TextDelta("text"), None, 3)


async def test_three_attempts_are_all() -> None:
    last = busy()
    events, error = await events_of(Attempts(busy(), busy(), last))
    assert error is last
    assert sum(isinstance(event, RetryScheduled) for event in events) == 2


async def test_other_errors_end_it_at_once() -> None:
    only = busy(repeatable=False)
    assert await events_of(Attempts(only)) == ([_CONNECTING], only)


async def test_leaving_while_it_waits_closes_it() -> None:
    attempts = Attempts(busy(after=59.0), "text")
    events = with_retries(attempts)
    assert await anext(events) == _CONNECTING
    assert isinstance(await anext(events), RetryScheduled)
    waiting = asyncio.create_task(anext(events))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await events.aclose()
    assert attempts.closed == 1


@pytest.mark.parametrize(
    ("asked", "number", "lowest", "highest"),
    [
        (7.0, 1, 7.0, 7.0),
        (60.0, 1, 60.0, 60.0),
        (61.0, 1, 0.375, 0.5),
        (None, 1, 0.375, 0.5),
        (None, 2, 0.75, 1.0),
        (None, 9, 6.0, 8.0),
    ],
)
def test_the_wait_is_what_is_asked_or_doubles(
    asked: float | None, number: int, lowest: float, highest: float
) -> None:
    for _ in range(50):
        assert lowest <= retry._delay(busy(after=asked), number) <= highest


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 2.5 "}, 2.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)
def test_every_form_of_the_header_is_read(headers: dict[str, str], expected: float | None) -> None:
    assert asked_delay(headers) == expected


@pytest.mark.parametrize("zone", [datetime.UTC, None])
def test_a_date_is_a_wait_until_then(zone: datetime.timezone | None) -> None:
    at = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=30)).replace(tzinfo=zone)
    found = asked_delay({"retry-after": email.utils.format_datetime(at)})
    assert found is not None
    assert 25 < found <= 30
