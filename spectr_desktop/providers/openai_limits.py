"""The x-ratelimit headers of OpenAI, and of services that took them over."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING

from spectr_desktop.records.events import RateLimit

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = ("requests", "tokens")
_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_STEP = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")
_DURATION = re.compile(rf"(?:{_STEP.pattern})+")
_LONGEST = 64


def rate_limits(headers: Mapping[str, str], now: datetime.datetime) -> tuple[RateLimit, ...]:
    """The limits that an answer's headers tell; none where there are no such headers."""
    out: list[RateLimit] = []
    for name in _NAMES:
        limit = _number(headers.get(f"x-ratelimit-limit-{name}", ""))
        remaining = _number(headers.get(f"x-ratelimit-remaining-{name}", ""))
        if limit is not None or remaining is not None:
            reset = headers.get(f"x-ratelimit-reset-{name}", "")
            out.append(RateLimit(name, limit, remaining, _moment(reset, now)))
    return tuple(out)


def _number(text: str) -> int | None:
    """A count; Azure writes -1 for one that it does not know."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _LONGEST else None


def _moment(text: str, now: datetime.datetime) -> str:
    """When a duration such as "1m12.5s" is over; anything else as it stands, if it is short."""
    if len(text) > _LONGEST or not _DURATION.fullmatch(text):
        return text if len(text) <= _LONGEST else ""
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _STEP.findall(text))
    try:
        moment = now + datetime.timedelta(seconds=seconds)
    except OverflowError:
        return ""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
