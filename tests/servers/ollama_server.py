"""A scripted Ollama: version, tags, show, ps, and chat with its preload and unload calls."""

from __future__ import annotations

import json
from typing import Any

from tests.servers.replay import Transcript, transcript
from tests.servers.script import Gate, Pause, Request, Script, reply
from tests.servers.scripted import ScriptedServer
from tests.servers.streams import Answer, Events, Fault, Refusals, streamed, texts

_BODY_ERROR = b'{"error":"llama runner process has terminated: signal: killed"}'
_REFUSALS: Refusals = {
    Fault.UNAUTHORIZED: (
        401,
        b'{"error":"unauthorized","signin_url":"https://ollama.com/connect"}',
    ),
    Fault.NOT_FOUND: (404, b"404 page not found"),
    Fault.BAD_REQUEST: (400, transcript("ollama_chat_badjson").body),
    Fault.OVERFLOW: (400, transcript("ollama_chat_overflow_truncate_false").body),
    Fault.ERROR_BODY: (200, _BODY_ERROR),
}


class OllamaServer(ScriptedServer):
    """Ollama as it was recorded.

    Attributes:
        answer: how a chat is answered.
        loading: a gate in the preload call.
        installed: entries of the tags list; a model that is not there is answered with 404.
    """

    def __init__(self, answer: Answer | None = None) -> None:
        super().__init__()
        self.answer = answer or Answer()
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
        try:
            asked = request.json
        except ValueError:
            return _recorded(transcript("ollama_chat_badjson"))
        entry = self._entry(asked["model"])
        if entry is None:
            return _missing(asked["model"])
        if not asked["messages"]:
            return self._preload(asked)
        if asked.get("think") and "thinking" not in entry["capabilities"]:
            said = json.loads(transcript("ollama_chat_think_unsupported").body)["error"]
            return reply({"error": said.replace("smollm2", asked["model"])}, 400)
        return streamed(self.answer, _events(self.answer.text, asked["model"]), _REFUSALS)

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


def _events(text: str | None, model: str) -> Events:
    lines = transcript("ollama_chat_short").body.splitlines(keepends=True)
    deltas = lines[:-1] if text is None else [_delta(part, model) for part in texts(text)]
    return Events("application/x-ndjson", (), deltas, lines[-1:], _BODY_ERROR + b"\n")


def _delta(text: str, model: str) -> bytes:
    message = {"role": "assistant", "content": text}
    line = {"model": model, "created_at": "2026-11-23T00:56:37Z", "message": message, "done": False}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"
