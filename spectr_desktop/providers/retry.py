"""When a request is sent again, after how long, and how that is told while it waits."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import email.utils
import random
from typing import TYPE_CHECKING

from spectr_desktop.logs import logger
from spectr_desktop.providers.errors import ProviderError
from spectr_desktop.records.events import RetryScheduled

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from spectr_desktop.records.events import StreamEvent

_log = logger(__name__)

# As Anthropic's own client does it: two more attempts, waits that double, a little chance in them.
ATTEMPTS = 3
FIRST_DELAY_S = 0.5
_LONGEST_DELAY_S = 8.0
_JITTER = 0.25
# A server that asks for a longer wait than this is not waited for.
_LONGEST_ASKED_S = 60.0


def asked_delay(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait, from `retry-after-ms` or `retry-after`.

    None if it says nothing, or nothing that can be read. Dates lie in the past on servers whose
    clock is slow: that is no wait.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "").strip()
    seconds = _number(value)
    if seconds is not None or not value:
        return seconds
    try:
        at = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=datetime.UTC)
    return max(0.0, (at - datetime.datetime.now(datetime.UTC)).total_seconds())


async def with_retries(
    attempt: Callable[[], AsyncGenerator[StreamEvent, None]],
) -> AsyncGenerator[StreamEvent, None]:
    """The events of the first attempt that does not fail with a repeatable error.

    Errors are repeatable only before any byte of an answer (`ProviderError.repeatable`), so that
    nothing is paid for twice.

    Raises:
        ProviderError: of the last attempt.
    """
    for number in range(1, ATTEMPTS + 1):
        try:
            async with contextlib.aclosing(attempt()) as events:
                async for event in events:
                    yield event
        except ProviderError as error:
            if not error.repeatable or number == ATTEMPTS:
                raise
            delay = _delay(error, number)
            _log.info("attempt %d: %s; again in %.1f s", number, error.code, delay)
            milliseconds = round(delay * 1000)
            yield RetryScheduled(number + 1, ATTEMPTS, milliseconds, error.code, error.message)
        else:
            return
        await asyncio.sleep(delay)


def _delay(error: ProviderError, number: int) -> float:
    asked = error.retry_after_s
    if asked is not None and asked <= _LONGEST_ASKED_S:
        return asked
    delay = min(FIRST_DELAY_S * 2 ** (number - 1), _LONGEST_DELAY_S)
    return delay * (1 - _JITTER * random.random())  # noqa: S311  # no secret


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None
