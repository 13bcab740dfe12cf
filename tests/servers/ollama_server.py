"""A scripted Ollama: version, tags, show, ps, and chat with its preload and unload calls."""

from __future__ import annotations

import json
from typing import Any

from tests.servers.faults import Fault, Refusal, Refusals
from tests.servers.model_server import ModelServer
from tests.servers.replay import Transcript, transcript
from tests.servers.script import Gate, Pause, Request, Script, reply
from tests.servers.streams import Answer, Events, streamed, texts

_BODY_ERROR = b'{"error":"llama runner process has terminated: signal: killed"}'
_REFUSALS: Refusals = {
    Fault.UNAUTHORIZED: Refusal(
        401, b'{"error":"unauthorized","signin_url":"https://ollama.com/connect"}'
    ),
    Fault.NOT_FOUND: Refusal(404, b"404 page not found", "text/plain"),
    Fault.BAD_REQUEST: Refusal(400, transcript("ollama_chat_badjson").body),
    Fault.OVERFLOW: Refusal(400, transcript("ollama_chat_overflow_truncate_false").body),
    # Models that run in its cloud have limits, the same for all clients of an account.
    Fault.RATE_LIMITED: Refusal(
        429,
        b'{"error":"you (somebody) have reached your session usage limit, '
        b'upgrade for higher limits: https://ollama.com/upgrade"}',
    ),
    Fault.UNAVAILABLE: Refusal(
        503,
        b'{"error":"server busy, please try again.  maximum pending requests exceeded"}',
    ),
    Fault.OVERLOADED: Refusal(529, b'{"error":"overloaded"}'),
    Fault.ERROR_BODY: Refusal(200, _BODY_ERROR),
}


class OllamaServer(ModelServer):
    """Ollama as it was recorded.

    Attributes:
        loading: a gate in the preload call.
        installed: entries of the tags list; a model that is not there is answered with 404.
    """

    generating = "/api/chat"

    def __init__(self, answer: Answer | None = None) -> None:
        super().__init__(answer)
        self.loading: Gate | None = None
        self.installed: list[dict[str, Any]] = json.loads(transcript("ollama_tags").body)["models"]
        self.routes |= {
            ("GET", "/"): reply(b"Ollama is running", content_type="text/plain"),
            ("GET", "/api/version"): _recorded(transcript("ollama_version")),
            ("GET", "/api/ps"): _recorded(transcript("ollama_ps")),
            ("GET", "/api/tags"): lambda _: reply({"models": self.installed}),
            ("POST", "/api/show"): self._show,
            ("POST", "/api/chat"): self._chat,
        }

    def generates(self, request: Request) -> bool:
        """A chat without messages only loads or unloads."""
        return super().generates(request) and bool(_asked(request).get("messages"))

    def _entry(self, name: str) -> dict[str, Any] | None:
        names = (name, f"{name}:latest")
        return next((entry for entry in self.installed if entry["name"] in names), None)

    def _show(self, request: Request) -> Script:
        name = request.json["model"]
        entry = self._entry(name)
        if entry is None:
            return _missing(name)
        if entry["name"] == "smollm2:latest":
            return _recorded(transcript("ollama_show"))
        family = entry["details"]["family"]
        length = entry["details"]["context_length"]
        info = {"general.architecture": family, f"{family}.context_length": length}
        names = ("details", "capabilities", "modified_at")
        return reply({"model_info": info, **{key: entry[key] for key in names}})

    def _chat(self, request: Request) -> Script:
        asked = _asked(request)
        if not asked:
            return _recorded(transcript("ollama_chat_badjson"))
        entry = self._entry(asked["model"])
        if entry is None:
            return _missing(asked["model"])
        if not asked["messages"]:
            return self._preload(asked)
        if asked.get("think") and "thinking" not in entry["capabilities"]:
            said = json.loads(transcript("ollama_chat_think_unsupported").body)["error"]
            return reply({"error": said.replace("smollm2", asked["model"])}, 400)
        return streamed(request, self.answer, _events(self.answer, asked), _REFUSALS)

    def _preload(self, asked: dict[str, Any]) -> Script:
        unload = asked.get("keep_alive") == 0
        done = transcript("ollama_chat_unload" if unload else "ollama_chat_load").body
        gate = [Pause(self.loading)] if self.loading and not unload else []
        return [*gate, *reply({**json.loads(done), "model": asked["model"]})]


def _recorded(record: Transcript) -> Script:
    """The recorded answer; the connection stays open, as the program's requests ask for it."""
    return reply(record.body, record.status)


def _missing(name: str) -> Script:
    return reply({"error": f"model '{name}' not found"}, 404)


def _asked(request: Request) -> dict[str, Any]:
    """What a chat asks for; nothing if it is no JSON."""
    try:
        return request.json
    except ValueError:
        return {}


def _events(answer: Answer, asked: dict[str, Any]) -> Events:
    *deltas, last = transcript("ollama_chat_short").body.splitlines(keepends=True)
    if answer.text is not None:
        deltas = [_delta(part, asked["model"]) for part in texts(answer.text)]
    counts = {"prompt_eval_count": answer.tokens_read(asked), "eval_count": len(deltas)}
    reason = {"done_reason": "stop"} if answer.natural else {}
    fields = {**json.loads(last), **reason, **counts}
    # Go leaves out what is 0.
    ending = {name: value for name, value in fields.items() if value != 0}
    line = json.dumps(ending, separators=(",", ":")).encode() + b"\n"
    return Events("application/x-ndjson", (), deltas, [line], _BODY_ERROR + b"\n")


def _delta(text: str, model: str) -> bytes:
    message = {"role": "assistant", "content": text}
    line = {"model": model, "created_at": "2026-11-23T00:56:37Z", "message": message, "done": False}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"
