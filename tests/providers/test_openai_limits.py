from __future__ import annotations

import datetime

import pytest

from spectr_desktop.providers.openai_limits import rate_limits
from spectr_desktop.records.events import RateLimit

_NOW = datetime.datetime(2026, 11, 24, 6, 0, tzinfo=datetime.UTC)


def test_openais_headers_are_read() -> None:
    headers = {
        "x-ratelimit-limit-requests": "5000",
        "x-ratelimit-limit-tokens": "160000",
        "x-ratelimit-remaining-requests": "4999",
        "x-ratelimit-remaining-tokens": "159976",
        "x-ratelimit-reset-requests": "12ms",
        "x-ratelimit-reset-tokens": "1h6m0.5s",
    }
    assert rate_limits(headers, _NOW) == (
        RateLimit("requests", 5000, 4999, "2026-11-24T06:00:00Z"),
        RateLimit("tokens", 160000, 159976, "2026-11-24T07:06:00Z"),
    )


@pytest.mark.parametrize(
    ("reset", "expected"),
    [
        ("", ""),
        ("2026-11-24T06:01:00Z", "2026-11-24T06:01:00Z"),
        ("60", "60"),
        ("soon", "soon"),
        ("9" * 30 + "d", ""),
        ("x" * 100, ""),
        ("1d2h", "2026-11-25T08:00:00Z"),
    ],
)
def test_the_moment_is_told_as_far_as_it_is_known(reset: str, expected: str) -> None:
    headers = {"x-ratelimit-remaining-tokens": "1", "x-ratelimit-reset-tokens": reset}
    assert rate_limits(headers, _NOW) == (RateLimit("tokens", None, 1, expected),)


@pytest.mark.parametrize("value", ["", "-1", "many", "1.5", "٣", "9" * 100])
def test_what_is_no_count_is_left_out(value: str) -> None:
    headers = {"x-ratelimit-limit-tokens": value, "x-ratelimit-remaining-tokens": value}
    assert rate_limits(headers, _NOW) == ()
    assert rate_limits({}, _NOW) == ()
