"""What the heads and error bodies of the Messages API say: errors in our words, rate limits."""

from __future__ import annotations

import contextlib
import datetime
from typing import TYPE_CHECKING, Any

from spectr_desktop.providers.errors import (
    AuthFailed,
    ContextOverflow,
    ModelMissing,
    ProviderError,
    ServerFailed,
)
from spectr_desktop.providers.status import BUSY_ONLY, redacted, server_words, status_error
from spectr_desktop.providers.wire import json_object
from spectr_desktop.records.events import RateLimit, RateLimitsReported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectr_desktop.providers.base import KeySource

KEY_VARIABLE = "ANTHROPIC_API_KEY"
# As Anthropic's own client does it.
_REPEATED = frozenset({408, 409, 429, *range(500, 600)})
# They would come again, whatever status or header they come with.
_SETTLED = (AuthFailed, ContextOverflow, ModelMissing)
# Inside a stream the status is 200, so that only the type tells what happened.
_STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_LIMITS = ("requests", "tokens", "input-tokens", "output-tokens")
_LONGEST_ID = 100
_LONGEST_COUNT = 15  # digits


class Failures:
    """Makes our errors for what goes wrong with one server.

    Args:
        host: host and port, as sentences name it.
        key: taken out of all that the server says.

    Attributes:
        cautious: only a busy server is asked again. For servers that merely speak the protocol: a
            500 of theirs may be out of memory.
    """

    def __init__(self, host: str, key: KeySource) -> None:
        self.host = host
        self.cautious = False
        self._key = key

    def before(
        self, status: int, headers: Mapping[str, str], body: bytes, model: str = ""
    ) -> ProviderError:
        """For an answer with a status other than 200."""
        value = json_object(body)
        request_id = headers.get("request-id") or (value or {}).get("request_id")
        error = status_error(
            status,
            server_words(body if value is None else value, self._key()),
            host=self.host,
            model=model,
            key_variable=KEY_VARIABLE,
            key_sent=bool(self._key()),
            request_id=self._id(request_id),
            headers=headers,
            repeated=BUSY_ONLY if self.cautious else _REPEATED,
        )
        wish = headers.get("x-should-retry", "").strip().lower()
        if wish in ("true", "false"):
            error.repeatable = wish == "true"
        if isinstance(error, _SETTLED):
            error.repeatable = False
        return error

    def inside(self, event: dict[str, Any], model: str, request_id: str = "") -> ProviderError:
        """For an `error` event, or an error that came in place of a stream, with status 200.

        It is never sent again: the answer had begun, and may have been paid for.
        """
        words = server_words(event, self._key())
        return status_error(
            200,
            words,
            host=self.host,
            model=model,
            key_variable=KEY_VARIABLE,
            key_sent=bool(self._key()),
            request_id=self._id(event.get("request_id") or request_id),
            meant=_STATUS_OF_TYPE.get(words.type),
        )

    def malformed(self, detail: str) -> ServerFailed:
        """For an event that is none of this protocol's."""
        return ServerFailed(
            "protocol",
            f"{self.host} sent an event that cannot be read. What had arrived is kept.",
            params={"host": self.host},
            detail=self.redacted(detail)[:500],
        )

    def redacted(self, text: str) -> str:
        """A server's words without the key."""
        return redacted(text, self._key())

    def _id(self, value: object) -> str:
        """A request's id, if it looks like one: it stands in the log too."""
        text = self.redacted(value) if isinstance(value, str) else ""
        return text if text.isprintable() and len(text) <= _LONGEST_ID else ""


def rate_limits(headers: Mapping[str, str]) -> RateLimitsReported | None:
    """What the service says that it still allows; None if it says nothing."""
    limits = [_limit(headers, name) for name in _LIMITS]
    known = tuple(limit for limit in limits if limit is not None)
    return RateLimitsReported(known) if known else None


def _limit(headers: Mapping[str, str], name: str) -> RateLimit | None:
    limit, remaining, reset = (
        headers.get(f"anthropic-ratelimit-{name}-{part}", "").strip()
        for part in ("limit", "remaining", "reset")
    )
    found = RateLimit(name, _count(limit), _count(remaining), _moment(reset))
    return None if found == RateLimit(name, None, None) else found


def _count(text: str) -> int | None:
    usable = text.isascii() and text.isdigit() and len(text) <= _LONGEST_COUNT
    return int(text) if usable else None


def _moment(text: str) -> str:
    """The text if it is a point in time, otherwise nothing: it is shown as it stands."""
    with contextlib.suppress(ValueError):
        datetime.datetime.fromisoformat(text)
        return text
    return ""
