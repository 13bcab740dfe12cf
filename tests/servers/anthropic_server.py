"""A scripted Messages API: models, messages and their count of tokens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.servers.faults import Fault, Refusal, Refusals
from tests.servers.model_server import ModelServer
from tests.servers.replay import transcript
from tests.servers.script import Request, Script, reply
from tests.servers.streams import Answer, Events, sse, streamed, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUEST_ID = "req_scripted"
_MODELS = [
    {
        "type": "model",
        "id": "claude-scripted",
        "display_name": "Claude Scripted",
        "created_at": "2026-09-22T00:00:00Z",
        "max_input_tokens": 200_000,
        "max_tokens": 64_000,
    }
]
_LIMITS = {"requests": 50, "tokens": 38_000, "input-tokens": 30_000, "output-tokens": 8_000}


def _error(kind: str, message: str) -> bytes:
    value = {
        "type": "error",
        "error": {"type": kind, "message": message},
        "request_id": REQUEST_ID,
    }
    return json.dumps(value).encode()


_OVERLOADED = _error("overloaded_error", "Overloaded")
_REFUSALS: Refusals = {
    Fault.UNAUTHORIZED: Refusal(401, _error("authentication_error", "invalid x-api-key")),
    Fault.NOT_FOUND: Refusal(404, _error("not_found_error", "model: claude-gone")),
    Fault.BAD_REQUEST: Refusal(400, _error("invalid_request_error", "max_tokens: Field required")),
    Fault.OVERFLOW: Refusal(
        400,
        _error("invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum"),
    ),
    Fault.REQUEST_TIMEOUT: Refusal(408, _error("timeout_error", "Request timed out")),
    Fault.CONFLICT: Refusal(409, _error("conflict_error", "The resource is being changed")),
    Fault.RATE_LIMITED: Refusal(
        429,
        _error(
            "rate_limit_error",
            "This request would exceed your organization's rate limit of 30,000 input tokens per "
            "minute. For details, refer to: https://docs.claude.com/en/api/rate-limits.",
        ),
    ),
    Fault.UNAVAILABLE: Refusal(503, _error("api_error", "Service temporarily unavailable")),
    Fault.OVERLOADED: Refusal(529, _OVERLOADED),
    Fault.ERROR_BODY: Refusal(200, _OVERLOADED),
}


def rate_limits(remaining: Mapping[str, int] | None = None) -> dict[str, str]:
    """The headers that say how much is left, by kind of limit; all of what is not named."""
    left = {**_LIMITS, **(remaining or {})}
    out: dict[str, str] = {}
    for kind, limit in _LIMITS.items():
        name = f"anthropic-ratelimit-{kind}"
        out |= {f"{name}-limit": str(limit), f"{name}-remaining": str(left[kind])}
        out[f"{name}-reset"] = "2026-11-23T00:57:00Z"
    return out


class AnthropicServer(ModelServer):
    """The Messages API.

    Attributes:
        limits: the headers of messages that say how much is left.
    """

    generating = "/v1/messages"

    def __init__(self, answer: Answer | None = None) -> None:
        super().__init__(answer)
        self.limits = rate_limits()
        listed = {"data": _MODELS, "has_more": False, "first_id": None, "last_id": None}
        self.routes |= {
            ("GET", "/v1/models"): _identified(listed),
            ("POST", "/v1/messages"): self._message,
            ("POST", "/v1/messages/count_tokens"): self._count,
        }

    def _message(self, request: Request) -> Script:
        if refused := _incomplete(request, {"model", "max_tokens", "messages"}):
            return refused
        events = _events(self.answer, request.json)
        headers = {"request-id": REQUEST_ID, **self.limits}
        return streamed(request, self.answer, events, _REFUSALS, headers)

    def _count(self, request: Request) -> Script:
        if refused := _incomplete(request, {"model", "messages"}):
            return refused
        return _identified({"input_tokens": self.answer.tokens_read(request.json)})


def _identified(payload: bytes | object, status: int = 200) -> Script:
    return reply(payload, status, headers={"request-id": REQUEST_ID})


def _incomplete(request: Request, needed: set[str]) -> Script | None:
    """The answer to a request that lacks something."""
    missing = needed - request.json.keys()
    if not missing and "anthropic-version" in request.headers:
        return None
    return _identified(_error("invalid_request_error", f"missing: {sorted(missing)}"), 400)


def _events(answer: Answer, asked: dict[str, Any]) -> Events:
    recorded = transcript("llamaserver_an_short").body.split(b"\n\n")[:-1]
    # message_start and the block's start, the deltas, then the block's end, message_delta and
    # message_stop.
    start, block, *deltas, block_end, delta, stop = recorded
    if answer.text is not None:
        deltas = [_delta(part) for part in texts(answer.text)]
    message = {
        **_data(start)["message"],
        "model": asked["model"],
        "usage": {"input_tokens": answer.tokens_read(asked), "output_tokens": 0},
    }
    end = _data(delta)["delta"] | ({"stop_reason": "end_turn"} if answer.natural else {})
    opening = [_event("message_start", message=message), block]
    ending = [
        block_end,
        _event("message_delta", delta=end, usage={"output_tokens": len(deltas)}),
        stop,
    ]
    return sse(opening, deltas, ending, error=b"event: error\ndata: " + _OVERLOADED)


def _data(event: bytes) -> dict[str, Any]:
    return json.loads(event.partition(b"data: ")[2])


def _event(kind: str, **fields: object) -> bytes:
    value = json.dumps({"type": kind, **fields}, ensure_ascii=False)
    return f"event: {kind}\ndata: {value}".encode()


def _delta(text: str) -> bytes:
    return _event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})
