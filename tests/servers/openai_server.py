"""A scripted llama-server as OpenAI's clients see it: health, models and chat completions."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.servers.faults import Fault, Refusal, Refusals
from tests.servers.model_server import ModelServer
from tests.servers.replay import transcript
from tests.servers.script import Request, Script, reply
from tests.servers.streams import Answer, Events, sse, streamed, texts

_ERROR = b'{"error":{"code":500,"message":"the slot is gone","type":"server_error"}}'
_TEMPLATE_WORDS = re.compile(r"<\|im_start\|>\w+\n|<\|im_end\|>\n")


def _refusal(status: int, message: str, kind: str) -> Refusal:
    error = {"code": status, "message": message, "type": kind}
    return Refusal(status, json.dumps({"error": error}).encode())


_REFUSALS: Refusals = {
    Fault.UNAUTHORIZED: _refusal(401, "Invalid API Key", "authentication_error"),
    Fault.NOT_FOUND: _refusal(404, "File Not Found", "not_found_error"),
    Fault.BAD_REQUEST: _refusal(400, "no messages", "invalid_request_error"),
    Fault.OVERFLOW: Refusal(400, transcript("llamaserver_oai_overflow").body),
    # OpenAI's own: the type is the kind of limit, and the code is a word.
    Fault.RATE_LIMITED: Refusal(
        429,
        b'{"error":{"message":"Rate limit reached for gpt in organization org-x on tokens per min '
        b'(TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s.",'
        b'"type":"tokens","param":null,"code":"rate_limit_exceeded"}}',
    ),
    Fault.UNAVAILABLE: _refusal(503, "Loading model", "unavailable_error"),
    Fault.OVERLOADED: _refusal(529, "The server is overloaded", "overloaded"),
    Fault.ERROR_BODY: Refusal(200, _ERROR),
}


class OpenAIServer(ModelServer):
    """llama-server as it was recorded.

    Attributes:
        processing: whether a slot is at work, as `GET /slots` says it.
    """

    generating = "/v1/chat/completions"

    def __init__(self, answer: Answer | None = None) -> None:
        super().__init__(answer)
        self.processing = False
        self.routes |= {
            ("GET", "/health"): reply({"status": "ok"}),
            ("GET", "/v1/models"): reply(transcript("llamaserver_models").body),
            ("POST", "/v1/chat/completions"): self._complete,
        }

    def add_llama_routes(self, context: int = 4096) -> None:
        """What llama-server has beyond OpenAI's routes, by default not answered here.

        The tokens of a template's prompt are as many as an answer to its messages counts.
        """
        settings = {"params": {}, "n_ctx": context}
        props = {
            "default_generation_settings": settings,
            "total_slots": 1,
            "model_alias": "smollm2",
        }
        self.routes |= {
            ("GET", "/props"): reply({**props, "build_info": "b1-571d0d5", "is_sleeping": False}),
            ("GET", "/slots"): lambda _: reply(
                [{"id": 0, "n_ctx": context, "is_processing": self.processing}]
            ),
            ("POST", "/apply-template"): lambda request: reply({"prompt": _prompt(request)}),
            ("POST", "/tokenize"): lambda request: reply({"tokens": _tokens(request)}),
        }

    def _complete(self, request: Request) -> Script:
        assert request.json["stream"] is True, "only streams are scripted"
        return streamed(request, self.answer, _events(self.answer, request.json), _REFUSALS)


def _prompt(request: Request) -> str:
    turns = [
        f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n"
        for message in request.json["messages"]
    ]
    return "".join([*turns, "<|im_start|>assistant\n"])


def _tokens(request: Request) -> list[int]:
    text = _TEMPLATE_WORDS.sub("", request.json["content"])
    return list(range(max(1, len(text) // 4)))


def _events(answer: Answer, asked: dict[str, Any]) -> Events:
    recorded = transcript("llamaserver_oai_short_usage").body.split(b"\n\n")[:-1]
    role, *deltas, reason, usage, done = recorded
    if answer.text is not None:
        deltas = [_delta(part) for part in texts(answer.text)]
    if answer.natural:
        reason = reason.replace(b'"length"', b'"stop"')
    ending = [reason, _usage(usage, answer.tokens_read(asked), len(deltas)), done]
    if not asked.get("stream_options", {}).get("include_usage"):
        del ending[1]
    return sse([role], deltas, ending, error=b"data: " + _ERROR)


def _usage(recorded: bytes, read: int, written: int) -> bytes:
    value = json.loads(recorded.removeprefix(b"data: "))
    value["usage"] = {
        "completion_tokens": written,
        "prompt_tokens": read,
        "total_tokens": read + written,
        "prompt_tokens_details": {"cached_tokens": 0},
    }
    value["timings"] |= {"cache_n": 0, "prompt_n": read, "predicted_n": written}
    return b"data: " + json.dumps(value).encode()


def _delta(text: str) -> bytes:
    choice = {"finish_reason": None, "index": 0, "delta": {"content": text}}
    value = {"choices": [choice], "model": "smollm2", "object": "chat.completion.chunk"}
    return b"data: " + json.dumps(value, ensure_ascii=False).encode()
