"""What llama.cpp, vLLM, LM Studio, LiteLLM and OpenRouter say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop.providers.errors import AuthFailed, ModelMissing, ServerFailed
from spectr_desktop.providers.openai_compatible import OpenAICompatible
from spectr_desktop.records.server import Locality, ModelInfo, ServerConfig
from tests.servers.script import Close, reply
from tests.servers.scripted import ScriptedServer

if TYPE_CHECKING:
    from tests.providers.completions import Routes
    from tests.servers.script import Script

_LIST = ("GET", "/v1/models")
_META = {"vocab_type": 2, "n_vocab": 49152, "n_ctx_train": 8192, "n_params": 134515008}
_LLAMA = {
    "id": "smollm2",
    "object": "model",
    "created": 1795394650,
    "owned_by": "llamacpp",
    "meta": {**_META, "n_ctx": 4096, "size": 96576768, "ftype": "Q4_1"},
}
_OLD_LLAMA = {**_LLAMA, "meta": _META}
_VLLM = {
    "id": "Qwen/Qwen3-8B",
    "object": "model",
    "created": 1795394650,
    "owned_by": "vllm",
    "root": "Qwen/Qwen3-8B",
    "parent": None,
    "max_model_len": 40960,
    "permission": [{"id": "modelperm-1", "object": "model_permission"}],
}
_LM_STUDIO = {"id": "qwen3-coder-30b", "object": "model", "owned_by": "organization_owner"}
_LITELLM = {"id": "audit", "object": "model", "created": 1677610602, "owned_by": "openai"}
_OPENROUTER = {
    "id": "anthropic/claude-opus-5",
    "name": "Anthropic: Claude Opus 5",
    "context_length": 1000000,
    "architecture": {"modality": "text+image->text", "tokenizer": "Claude"},
    "pricing": {"prompt": "0.000005", "completion": "0.000025"},
    "top_provider": {
        "context_length": 200000,
        "max_completion_tokens": 64000,
        "is_moderated": True,
    },
    "supported_parameters": ["max_tokens", "reasoning", "include_reasoning", "seed"],
}
_GROQ = {
    "id": "openai/gpt-oss-120b",
    "object": "model",
    "owned_by": "OpenAI",
    "context_window": 131072,
    "max_completion_tokens": 65536,
}


def _adapter(server: ScriptedServer) -> OpenAICompatible:
    return OpenAICompatible(ServerConfig("openai", server.base_url), lambda: "sk-1")


async def _model(entry: dict[str, Any], routes: Routes | None = None) -> ModelInfo:
    listing = reply({"object": "list", "data": [entry]})
    async with ScriptedServer({_LIST: listing, **(routes or {})}) as server:
        model = await _adapter(server).model(entry["id"])
    assert all(r.headers["authorization"] == "Bearer sk-1" for r in server.requests)
    return model


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            _LLAMA,
            ModelInfo(
                "smollm2",
                context=4096,
                loaded_context=4096,
                size_bytes=96576768,
                quantization="Q4_1",
            ),
        ),
        (_OLD_LLAMA, ModelInfo("smollm2", context=8192)),
        ({**_LLAMA, "meta": None}, ModelInfo("smollm2")),
        (_VLLM, ModelInfo("Qwen/Qwen3-8B", context=40960, loaded_context=40960)),
        (_LM_STUDIO, ModelInfo("qwen3-coder-30b")),
        (_LITELLM, ModelInfo("audit")),
        (
            _OPENROUTER,
            ModelInfo(
                "anthropic/claude-opus-5",
                label="Anthropic: Claude Opus 5",
                context=200000,
                max_output=64000,
                capabilities=frozenset({"completion", "thinking"}),
            ),
        ),
        (
            {**_OPENROUTER, "top_provider": None, "supported_parameters": ["seed"]},
            ModelInfo(
                "anthropic/claude-opus-5",
                label="Anthropic: Claude Opus 5",
                context=1000000,
                capabilities=frozenset({"completion"}),
            ),
        ),
        (_GROQ, ModelInfo("openai/gpt-oss-120b", context=131072, max_output=65536)),
        (
            {"id": "a", "name": "a", "context_length": "many", "max_model_len": True},
            ModelInfo("a"),
        ),
        ({"id": "a", "context_length": 0, "meta": {"n_ctx": 0}, "name": None}, ModelInfo("a")),
    ],
)
async def test_a_model_of_every_list_is_understood(
    entry: dict[str, Any], expected: ModelInfo
) -> None:
    async with ScriptedServer({_LIST: reply({"data": [entry, {"object": "?"}, 7]})}) as server:
        assert await _adapter(server).models() == (expected,)
    assert await _model(entry) == expected


async def test_an_empty_list_is_null_at_ollama() -> None:
    async with ScriptedServer({_LIST: reply({"object": "list", "data": None})}) as server:
        adapter = _adapter(server)
        assert await adapter.models() == ()
        with pytest.raises(ModelMissing, match="has no model “m”"):
            await adapter.model("m")


async def test_a_server_without_a_list_is_believed() -> None:
    async with ScriptedServer() as server:
        assert await _adapter(server).model("m") == ModelInfo("m")


async def test_a_page_in_place_of_a_list_is_told() -> None:
    page = reply(b"<!doctype html>", content_type="text/html")
    async with ScriptedServer({_LIST: page}) as server:
        with pytest.raises(ServerFailed, match="not as a model server"):
            await _adapter(server).model("m")


@pytest.mark.parametrize(
    "props",
    [{"default_generation_settings": {"n_ctx": 2048}, "total_slots": 2}, {"n_ctx": 2048}],
)
async def test_llama_servers_props_tell_what_is_loaded(props: dict[str, Any]) -> None:
    model = await _model(_OLD_LLAMA, {("GET", "/props"): reply(props)})
    assert (model.context, model.loaded_context) == (2048, 2048)


async def test_a_model_that_a_router_has_not_loaded_stays_so() -> None:
    entry = {**_LLAMA, "id": "org/Qwen3 8B", "meta": None, "status": {"value": "unloaded"}}
    async with ScriptedServer({_LIST: reply({"data": [entry]})}) as server:
        model = await _adapter(server).model("org/Qwen3 8B")
    assert model == ModelInfo("org/Qwen3 8B")
    assert server.requests[1].path == "/props?model=org%2FQwen3%208B&autoload=false"


_NATIVE = {
    "id": "qwen3-coder-30b",
    "object": "model",
    "type": "llm",
    "arch": "qwen3_moe",
    "quantization": "Q4_K_M",
    "state": "loaded",
    "max_context_length": 262144,
    "loaded_context_length": 32768,
}


@pytest.mark.parametrize(
    ("native", "context", "loaded"),
    [
        (_NATIVE, 32768, 32768),
        ({**_NATIVE, "state": "not-loaded", "loaded_context_length": None}, 262144, None),
        ({**_NATIVE, "state": "not-loaded"}, 262144, None),
    ],
)
async def test_lm_studios_own_list_tells_the_context(
    native: dict[str, Any], context: int, loaded: int | None
) -> None:
    other = {**_NATIVE, "id": "other", "loaded_context_length": 1}
    listing = reply({"object": "list", "data": [other, native]})
    model = await _model(_LM_STUDIO, {("GET", "/api/v0/models"): listing})
    assert (model.context, model.loaded_context) == (context, loaded)
    assert model.quantization == "Q4_K_M"


@pytest.mark.parametrize(
    "answer",
    [
        reply({"error": "Unexpected endpoint or method."}),
        reply({"error": {"code": 401, "message": "Invalid API Key"}}, 401),
        reply(b"<!doctype html><title>Sign in</title>", content_type="text/html"),
        reply(b"not found", 404, "text/plain"),
        reply([1]),
        reply({"data": [{"id": "another"}]}),
        reply({"default_generation_settings": {"n_ctx": "many"}, "n_ctx": -1}),
        [Close()],
    ],
)
@pytest.mark.parametrize("entry", [_OLD_LLAMA, _LITELLM])
async def test_what_a_gateway_answers_breaks_nothing(entry: dict[str, Any], answer: Script) -> None:
    routes = {("GET", "/props"): answer, ("GET", "/api/v0/models"): answer}
    model = await _model(entry, routes)
    assert (model.id, model.loaded_context) == (entry["id"], None)


@pytest.mark.parametrize(
    ("entries", "strict"),
    [
        ([_LLAMA], True),
        ([_VLLM, {**_VLLM, "id": "lora", "parent": "Qwen/Qwen3-8B", "max_model_len": None}], True),
        ([_LLAMA, _VLLM], False),
        ([_LITELLM], False),
        ([_LM_STUDIO], False),
        ([_OPENROUTER], False),
        ([], False),
    ],
)
async def test_the_list_tells_who_refuses_what_is_too_long(
    entries: list[dict[str, Any]], strict: bool
) -> None:
    async with ScriptedServer({_LIST: reply({"data": entries})}) as server:
        adapter = _adapter(server)
        await adapter.models()
        assert adapter.never_cuts is strict


async def test_a_list_behind_a_key_says_so() -> None:
    refused = reply({"error": {"message": "No key", "code": 401}}, 401)
    async with ScriptedServer({_LIST: refused}) as server:
        with pytest.raises(AuthFailed):
            await _adapter(server).model("m")


def test_a_loopback_port_may_forward_and_all_else_is_remote() -> None:
    for base_url, locality in (
        ("http://localhost:4000/v1", Locality.LOCAL_PORT),
        ("http://10.0.0.1:8000", Locality.REMOTE),
    ):
        adapter = OpenAICompatible(ServerConfig("openai", base_url), lambda: None)
        assert adapter.locality(ModelInfo("m")) is locality
