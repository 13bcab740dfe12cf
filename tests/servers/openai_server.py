"""A scripted llama-server as OpenAI's clients see it: health, models and chat completions."""

from __future__ import annotations

import json

from tests.servers.replay import transcript
from tests.servers.script import Request, Script, reply
from tests.servers.scripted import ScriptedServer
from tests.servers.streams import Answer, Events, Fault, Refusals, sse, streamed, texts

_ERROR = b'{"error":{"code":500,"message":"the slot is gone","type":"server_error"}}'
_REFUSALS: Refusals = {
    Fault.UNAUTHORIZED: (
        401,
        b'{"error":{"code":401,"message":"Invalid API Key","type":"authentication_error"}}',
    ),
    Fault.NOT_FOUND: (
        404,
        b'{"error":{"code":404,"message":"File Not Found","type":"not_found_error"}}',
    ),
    Fault.BAD_REQUEST: (
        400,
        b'{"error":{"code":400,"message":"no messages","type":"invalid_request_error"}}',
    ),
    Fault.OVERFLOW: (400, transcript("llamaserver_oai_overflow").body),
    Fault.ERROR_BODY: (200, _ERROR),
}


class OpenAIServer(ScriptedServer):
    """llama-server as it was recorded; `answer` says how a completion is given."""

    def __init__(self, answer: Answer | None = None) -> None:
        super().__init__()
        self.answer = answer or Answer()
        self.routes |= {
            ("GET", "/health"): reply({"status": "ok"}),
            ("GET", "/v1/models"): reply(transcript("llamaserver_models").body),
            ("POST", "/v1/chat/completions"): self._complete,
        }

    def _complete(self, request: Request) -> Script:
        assert request.json["stream"] is True, "only streams are scripted"
        return streamed(self.answer, _events(self.answer.text), _REFUSALS)


def _events(text: str | None) -> Events:
    recorded = transcript("llamaserver_oai_short_usage").body.split(b"\n\n")[:-1]
    # The role, the deltas, then finish_reason, usage and [DONE].
    opening, deltas, ending = recorded[:1], recorded[1:-3], recorded[-3:]
    if text is not None:
        deltas = [_delta(part) for part in texts(text)]
    return sse(opening, deltas, ending, error=b"data: " + _ERROR)


def _delta(text: str) -> bytes:
    choice = {"finish_reason": None, "index": 0, "delta": {"content": text}}
    value = {"choices": [choice], "model": "smollm2", "object": "chat.completion.chunk"}
    return b"data: " + json.dumps(value, ensure_ascii=False).encode()
