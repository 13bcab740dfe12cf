"""The errors of chat completions: refusals, error objects in any chunk, and broken answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spectr_desktop.providers.base import KeySource
from spectr_desktop.providers.errors import ProviderError, ServerFailed
from spectr_desktop.providers.status import redacted, server_words, status_error
from spectr_desktop.providers.wire import as_object, as_objects

KEY_VARIABLE = "OPENAI_API_KEY"
_LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class Failures:
    """Makes the errors of one request.

    Attributes:
        host: whom sentences name.
        key: whose value must not stand in any of them.
        model: that was asked for.
        headers: of the answer.
    """

    host: str
    key: KeySource
    model: str
    headers: Mapping[str, str]

    def refused(self, status: int, body: bytes) -> ProviderError:
        """For a status that is none of success, before any byte of an answer."""
        return self._error(status, body, self.headers)

    def reported(self, error: dict[str, Any]) -> ProviderError:
        """For an error inside an answer (see `error_in`): nothing is sent again after it."""
        return self._error(_status(error), error, None)

    def malformed(self, text: str) -> ServerFailed:
        """For an event that is none of this protocol's."""
        return ServerFailed(
            "protocol",
            f"{self.host} sent an event that cannot be read. What had arrived is kept.",
            params={"host": self.host},
            detail=self.redacted(text)[:500],
        )

    def empty(self) -> ServerFailed:
        """For an answer that ended before it began."""
        return ServerFailed(
            "empty_answer",
            f"{self.host} ended its answer before the first word. Look at its log; the source may "
            "be longer than its context.",
            params={"host": self.host},
        )

    def redacted(self, text: str) -> str:
        """A server's words without the key."""
        return redacted(text, self.key())

    def _error(
        self, status: int, body: bytes | dict[str, Any], headers: Mapping[str, str] | None
    ) -> ProviderError:
        request_id = self.headers.get("x-request-id", "")
        return status_error(
            status,
            server_words(body, self.key()),
            host=self.host,
            model=self.model,
            key_variable=KEY_VARIABLE,
            key_sent=bool(self.key()),
            request_id=self.redacted(request_id)[:_LONGEST_ID],
            headers=headers,
        )


def error_in(chunk: dict[str, Any], event: str = "") -> dict[str, Any] | None:
    """The error that a chunk or a whole answer holds, as `{"error": …}`; None without one.

    Args:
        chunk: may be an answer at the same time, as OpenRouter's are.
        event: the type of a server-sent event, whose data may be the bare error.
    """
    if chunk.get("error"):
        return chunk
    for choice in as_objects(chunk.get("choices")):
        if choice.get("error"):
            return {"error": choice["error"]}
    if event != "error" and chunk.get("object") != "error":
        return None
    said = next((chunk[name] for name in ("message", "details", "detail") if chunk.get(name)), "")
    message = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return {"error": {"type": chunk.get("type"), "code": chunk.get("code"), "message": message}}


def _status(body: dict[str, Any]) -> int:
    """The HTTP status that an error names as its code; 200, a stream's own, if it names none."""
    code = as_object(body.get("error")).get("code")
    number = int(code) if isinstance(code, str) and code.isdecimal() else code
    return number if isinstance(number, int) and number in range(400, 600) else 200
