"""A scripted Messages API: models and messages."""

from __future__ import annotations

import json

from tests.servers.replay import transcript
from tests.servers.script import Request, Script, reply
from tests.servers.scripted import ScriptedServer
from tests.servers.streams import Answer, Events, Fault, Refusals, sse, streamed, texts

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


def _error(kind: str, message: str) -> bytes:
    value = {
        "type": "error",
        "error": {"type": kind, "message": message},
        "request_id": "req_scripted",
    }
    return json.dumps(value).encode()


_OVERLOADED = _error("overloaded_error", "Overloaded")
_REFUSALS: Refusals = {
    Fault.UNAUTHORIZED: (401, _error("authentication_error", "invalid x-api-key")),
    Fault.NOT_FOUND: (404, _error("not_found_error", "model: claude-gone")),
    Fault.BAD_REQUEST: (400, _error("invalid_request_error", "max_tokens: Field required")),
    Fault.OVERFLOW: (
        400,
        _error("invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum"),
    ),
    Fault.ERROR_BODY: (200, _OVERLOADED),
}


class AnthropicServer(ScriptedServer):
    """The Messages API; `answer` says how a message is given."""

    def __init__(self, answer: Answer | None = None) -> None:
        super().__init__()
        self.answer = answer or Answer()
        listed = {"data": _MODELS, "has_more": False, "first_id": None, "last_id": None}
        self.routes |= {
            ("GET", "/v1/models"): reply(listed),
            ("POST", "/v1/messages"): self._message,
        }

    def _message(self, request: Request) -> Script:
        missing = {"model", "max_tokens", "messages"} - request.json.keys()
        if missing or "anthropic-version" not in request.headers:
            return reply(_error("invalid_request_error", f"missing: {sorted(missing)}"), 400)
        return streamed(self.answer, _events(self.answer.text), _REFUSALS)


def _events(text: str | None) -> Events:
    recorded = transcript("llamaserver_an_short").body.split(b"\n\n")[:-1]
    # message_start and the block's start, the deltas, then both ends and message_delta.
    opening, deltas, ending = recorded[:2], recorded[2:-3], recorded[-3:]
    if text is not None:
        deltas = [_delta(part) for part in texts(text)]
    return sse(opening, deltas, ending, error=b"event: error\ndata: " + _OVERLOADED)


def _delta(text: str) -> bytes:
    delta = {"type": "text_delta", "text": text}
    value = {"type": "content_block_delta", "index": 0, "delta": delta}
    return b"event: content_block_delta\ndata: " + json.dumps(value, ensure_ascii=False).encode()
