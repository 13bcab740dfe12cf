"""The Ollama adapter over a real socket: what it asks, what it sends, what it makes of answers."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop.providers.errors import (
    AuthFailed,
    ModelMissing,
    ProviderError,
    ServerFailed,
)
from spectr_desktop.providers.ollama import Ollama
from spectr_desktop.records.events import (
    GenerationEnded,
    Heartbeat,
    Notice,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    UsageReported,
)
from spectr_desktop.records.run import GenerationRequest, Parameters, StopReason, Usage
from spectr_desktop.records.server import ServerConfig, ServerState
from tests.servers.ollama_server import OllamaServer
from tests.servers.script import Route, Send, chunk, chunked_head, reply

if TYPE_CHECKING:
    from collections.abc import Iterable

_REQUEST = GenerationRequest("smollm2", "Audit.", "contract A {}", Parameters(64, 4096))
_THINKS = frozenset({"completion", "thinking"})


def adapter(server: OllamaServer, key: str | None = None, **options: Any) -> Ollama:  # noqa: ANN401
    return Ollama(ServerConfig("ollama", server.base_url, **options), lambda: key)


async def generated(asked: Ollama, request: GenerationRequest = _REQUEST) -> list[StreamEvent]:
    async with contextlib.aclosing(asked.generate(request)) as events:
        return [event async for event in events]


def chats(server: OllamaServer) -> list[dict[str, Any]]:
    """The bodies of preload and chat."""
    return [r.json for r in server.requests if r.path == "/api/chat"]


def stream(*lines: object) -> Route:
    """A chat that answers with these lines; the preload is answered as always."""
    steps = [
        Send(chunked_head("application/x-ndjson")),
        *(Send(chunk(json.dumps(line).encode() + b"\n")) for line in lines),
        Send(chunk(b"")),
    ]
    loaded = reply({"model": "m", "done": True, "done_reason": "load"})
    return lambda request: steps if request.json["messages"] else loaded


def said(**message: str) -> dict[str, Any]:
    return {"message": {"role": "assistant", **message}, "done": False}


# -- models -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "strict"),
    [
        ("0.33.0", True),
        ("0.33.0-rc2", True),
        ("v1.2.3", True),
        ("0.32.9", False),
        ("0.9.1", False),
        ("0.0.0", False),  # built by somebody from sources
        ("", False),
        (None, False),
        ("next", False),
    ],
)
async def test_only_a_version_that_is_known_to_refuse_never_cuts(
    version: str | None, strict: bool
) -> None:
    async with OllamaServer() as server:
        server.routes["GET", "/api/version"] = reply({"version": version})
        asked = adapter(server)
        assert not asked.never_cuts
        await asked.model("smollm2")
        assert asked.never_cuts is strict


async def test_a_model_has_the_context_that_it_is_loaded_with() -> None:
    async with OllamaServer() as server:
        asked = adapter(server)
        loaded = await asked.model("smollm2")
        other = await asked.model("gemma3-270m")
        server.routes["GET", "/api/ps"] = reply(b"no", 500, "text/plain")
        unsaid = await asked.model("smollm2")
    assert (loaded.context, loaded.loaded_context) == (8192, 8192)
    assert (other.context, other.loaded_context) == (32768, None)
    assert unsaid.loaded_context is None


async def test_a_models_own_context_is_read() -> None:
    async with OllamaServer() as server:
        shown = {"parameters": 'stop "<|x|>"\nnum_ctx   "24576"\ntop_k 4', "model_info": {}}
        server.routes["POST", "/api/show"] = reply(shown)
        assert (await adapter(server).model("smollm2")).own_context == 24576


async def test_an_older_server_is_asked_for_each_models_capabilities() -> None:
    async with OllamaServer() as server:
        for entry in server.installed:
            del entry["capabilities"]
        embeds = {**server.installed[0], "name": "embeds:latest"}
        server.installed.append(embeds)
        odd = {**server.installed[0], "name": "odd:latest"}
        server.installed.append(odd)

        def show(request: Any) -> Any:  # noqa: ANN401
            name = request.json["model"]
            if name == "odd:latest":
                return reply(b"", 500)
            what = "embedding" if name == "embeds:latest" else "completion"
            return reply({"capabilities": [what], "model_info": {}})

        server.routes["POST", "/api/show"] = show
        names = [model.id for model in await adapter(server).models()]
    assert names == ["gemma3-270m:latest", "smollm2:latest", "odd:latest"]


@pytest.mark.parametrize(
    ("entry", "remote"),
    [
        ({"name": "gpt-oss:120b-cloud"}, True),
        ({"name": "big:cloud"}, True),
        ({"name": "a", "remote_host": "https://ollama.com"}, True),
        ({"name": "a", "remote_model": "b"}, True),
        ({"name": "cloudy:8b"}, False),
    ],
)
async def test_a_model_in_the_cloud_is_known(entry: dict[str, str], remote: bool) -> None:
    async with OllamaServer() as server:
        server.installed[:] = [{**entry, "capabilities": ["completion"]}]
        (model,) = await adapter(server).models()
    assert model.remote is remote


# -- what is sent -------------------------------------------------------------------------------


async def test_preload_and_chat_have_the_same_options() -> None:
    async with OllamaServer() as server:
        await generated(adapter(server))
    preload, chat = chats(server)
    assert preload["messages"] == []
    assert [message["role"] for message in chat["messages"]] == ["system", "user"]
    for body in (preload, chat):
        assert body["options"] == {"num_predict": 64, "num_ctx": 4096}
        assert (body["truncate"], body["shift"]) == (False, False)
        assert "keep_alive" not in body
        assert "think" not in body


@pytest.mark.parametrize(
    ("given", "sent"), [("30m", "30m"), ("0", 0), ("-1", -1), ("600", 600), ("1h30m", "1h30m")]
)
async def test_a_keep_alive_that_is_given_is_sent(given: str, sent: object) -> None:
    async with OllamaServer() as server:
        await generated(adapter(server, keep_alive=given))
    assert [body["keep_alive"] for body in chats(server)] == [sent, sent]


@pytest.mark.parametrize(
    ("level", "can", "sent", "told"),
    [
        (None, True, None, False),
        ("off", True, False, False),
        ("on", True, True, False),
        ("low", True, "low", False),
        ("max", True, "max", False),
        ("off", False, None, False),
        ("high", False, None, True),
    ],
)
async def test_only_a_model_that_can_is_asked_to_think(
    level: str | None, can: bool, sent: object, told: bool
) -> None:
    capabilities = _THINKS if can else frozenset({"completion"})
    parameters = Parameters(64, 4096, thinking=level)
    request = GenerationRequest("smollm2", "s", "p", parameters, capabilities)
    async with OllamaServer() as server:
        server.installed[1]["capabilities"] = sorted(capabilities)
        events = await generated(adapter(server), request)
    preload, chat = chats(server)
    assert "think" not in preload
    assert chat.get("think") == sent
    assert any(isinstance(e, Notice) and e.code == "thinking_ignored" for e in events) is told


@pytest.mark.parametrize(
    ("entry", "codes"),
    [
        ({"size": 100, "size_vram": 100, "context_length": 4096}, []),
        ({"size": 100, "size_vram": 60, "context_length": 4096}, ["partly_on_cpu"]),
        ({"size": 100, "size_vram": 0, "context_length": 8192}, []),  # no graphics card at all
        ({"size": 100, "size_vram": 100, "context_length": 2048}, ["smaller_context"]),
        ({}, []),
    ],
)
async def test_how_the_model_was_loaded_is_told(entry: dict[str, int], codes: list[str]) -> None:
    async with OllamaServer() as server:
        running = {"models": [{"name": "smollm2:latest", **entry}]}
        server.routes["GET", "/api/ps"] = reply(running)
        events = await generated(adapter(server))
    assert [event.code for event in events if isinstance(event, Notice)] == codes


async def test_a_key_goes_only_to_another_machine() -> None:
    async with OllamaServer() as server:
        await generated(adapter(server, key="k-1"))
    assert all("authorization" not in request.headers for request in server.requests)
    remote = Ollama(ServerConfig("ollama", "https://ollama.com"), lambda: "k-1")
    assert remote._headers() == {"authorization": "Bearer k-1"}


# -- what is answered ---------------------------------------------------------------------------


async def answered(*lines: object) -> list[StreamEvent]:
    async with OllamaServer() as server:
        server.routes["POST", "/api/chat"] = stream(*lines)
        return await generated(adapter(server))


def kinds(events: Iterable[StreamEvent], kind: type[StreamEvent]) -> list[StreamEvent]:
    return [event for event in events if isinstance(event, kind)]


async def test_counts_that_are_left_out_are_not_known() -> None:
    events = await answered(said(content="a"), {"done": True, "done_reason": "stop"})
    assert kinds(events, UsageReported) == [UsageReported(Usage(None, 0))]
    assert events[-1] == GenerationEnded(StopReason.NATURAL)


async def test_thinking_comes_before_the_text() -> None:
    events = await answered(
        said(thinking="hm", content=""), said(content="a"), {"done": True, "message": {}}
    )
    assert kinds(events, ThinkingDelta) == [ThinkingDelta("hm")]
    assert kinds(events, TextDelta) == [TextDelta("a")]


async def test_thoughts_between_tags_are_told_apart() -> None:
    end = {"done": True, "done_reason": "stop"}
    events = await answered(said(content="<thi"), said(content="nk>hm</think>\n\na"), end)
    assert kinds(events, ThinkingDelta) == [ThinkingDelta("hm")]
    assert kinds(events, TextDelta) == [TextDelta("a")]


@pytest.mark.parametrize("end", [{"done": True}, {"error": "killed"}, "no object", None])
async def test_half_a_tag_is_text_at_every_end(end: object) -> None:
    lines = [said(content="<thin"), *([] if end is None else [end])]
    events: list[StreamEvent] = []
    async with OllamaServer() as server:
        server.routes["POST", "/api/chat"] = stream(*lines)
        with contextlib.suppress(ServerFailed):
            async with contextlib.aclosing(adapter(server).generate(_REQUEST)) as got:
                async for event in got:
                    events.append(event)  # noqa: PERF401  # those before an error count
    assert kinds(events, TextDelta) == [TextDelta("<thin")]


@pytest.mark.parametrize(
    ("reason", "told"), [("load", "load"), ("sk-key", "unknown"), ("x" * 99, "unknown")]
)
async def test_an_odd_reason_is_told_if_it_is_a_word(reason: str, told: str) -> None:
    events = await answered({"done": True, "done_reason": reason})
    assert events[-1] == GenerationEnded(StopReason.OTHER, f"Ollama's reason: {told}")


async def test_half_a_line_is_a_heartbeat() -> None:
    line = json.dumps({"done": True, "done_reason": "stop"}).encode() + b"\n"
    steps = [
        Send(chunked_head("application/x-ndjson") + chunk(line[:9])),
        Send(chunk(line[9:]) + chunk(b"")),
    ]
    loaded = reply({"done": True, "done_reason": "load"})
    async with OllamaServer() as server:
        server.routes["POST", "/api/chat"] = lambda r: steps if r.json["messages"] else loaded
        events = await generated(adapter(server))
    assert kinds(events, GenerationEnded) == [GenerationEnded(StopReason.NATURAL)]
    assert len(kinds(events, Heartbeat)) <= 1  # both pieces may be read at once


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "words"),
    [
        (403, b"", AuthFailed, "forbidden", "OLLAMA_HOST"),
        (401, b'{"error":"x","signin_url":"https://x"}', AuthFailed, "auth", "`ollama signin`"),
        (404, b'{"error":"model \'a\' not found"}', ModelMissing, "model_missing", "ollama pull"),
        (500, b'{"error":"out of memory"}', ServerFailed, "server_error", "log"),
    ],
)
@pytest.mark.parametrize("at", ["preload", "chat"])
async def test_a_refusal_has_its_sentence(
    at: str, status: int, body: bytes, kind: type[ProviderError], code: str, words: str
) -> None:
    loaded = reply({"done": True, "done_reason": "load"})
    async with OllamaServer() as server:
        server.routes["POST", "/api/chat"] = lambda r: (
            reply(body, status) if at == "preload" or r.json["messages"] else loaded
        )
        with pytest.raises(kind) as caught:
            await generated(adapter(server))
    assert caught.value.code == code
    assert words in caught.value.message


@pytest.mark.usefixtures("no_backoff")
async def test_a_preload_that_finds_no_room_is_tried_again() -> None:
    busy = reply(
        {"error": "server busy, please try again.  maximum pending requests exceeded"}, 503
    )
    async with OllamaServer() as server:
        server.routes["POST", "/api/chat"] = busy
        with pytest.raises(ProviderError) as caught:
            await generated(adapter(server))
    assert caught.value.code == "server_busy"
    assert [body["messages"] for body in chats(server)] == [[], [], []]
    assert server.generations == 0


# -- beside a run -------------------------------------------------------------------------------


async def test_a_model_is_unloaded() -> None:
    async with OllamaServer() as server:
        assert await adapter(server).unload("smollm2")
        with pytest.raises(ModelMissing):
            await adapter(server).unload("gone")
    assert chats(server)[0] == {
        "model": "smollm2",
        "messages": [],
        "keep_alive": 0,
        "stream": False,
    }


async def test_it_lives_as_long_as_it_answers() -> None:
    async with OllamaServer() as server:
        asked = adapter(server)
        assert await asked.alive()
    assert not await asked.alive()
    assert await asked.state() is ServerState.UNKNOWN


async def test_its_state_is_known_only_when_the_model_is_gone() -> None:
    async with OllamaServer() as server:
        asked = adapter(server)
        assert await asked.state() is ServerState.UNKNOWN
        await generated(asked)
        assert await asked.state() is ServerState.UNKNOWN
        server.routes["GET", "/api/ps"] = reply({"models": []})
        assert await asked.state() is ServerState.IDLE
        assert await asked.count_tokens(_REQUEST) is None
