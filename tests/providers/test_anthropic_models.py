from __future__ import annotations

import itertools
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from spectr_desktop.providers.anthropic import Anthropic
from spectr_desktop.providers.errors import ModelMissing, ProviderError
from spectr_desktop.records.events import Notice
from spectr_desktop.records.server import Locality, ModelInfo, ServerConfig, ServerState
from tests.providers.anthropic_asking import ANSWER, KEY, MODEL, REQUEST, Json, adapter, ask
from tests.servers.replay import transcript
from tests.servers.script import Request, Script, reply
from tests.servers.scripted import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable

_NOWHERE = "http://127.0.0.1:1"
_REMOTE = "https://api.anthropic.com"


def _serving(route: Script | Callable[[Request], Script]) -> ScriptedServer:
    return ScriptedServer({("GET", "/v1/models"): route})


async def _listed(*entries: object) -> tuple[ModelInfo, ...]:
    async with _serving(reply({"data": list(entries), "has_more": False})) as server:
        return await adapter(server).models()


async def _capabilities(given: object) -> set[str]:
    (model,) = await _listed({"type": "model", "id": MODEL, "capabilities": given})
    return set(model.capabilities)


async def test_a_model_has_its_own_limits() -> None:
    entry = {
        "type": "model",
        "id": MODEL,
        "display_name": "Claude X",
        "created_at": "2026-09-22T00:00:00Z",
        "max_input_tokens": 1_000_000,
        "max_tokens": 128_000,
    }
    assert await _listed(entry) == (
        ModelInfo(
            MODEL,
            "Claude X",
            context=1_000_000,
            max_output=128_000,
            capabilities=frozenset({"completion"}),
        ),
    )


async def test_strange_entries_lose_what_cannot_be_read() -> None:
    found = await _listed(
        {"id": ""},
        {"id": 7},
        {},
        "text",
        {"id": "a", "display_name": 7, "max_input_tokens": "many", "max_tokens": True},
        {"id": "b", "max_input_tokens": 0, "max_tokens": -1, "owned_by": 7},
        {"id": "c", "max_input_tokens": None, "meta": {"n_ctx": 4096}},
        {"id": "a", "display_name": "again"},
    )
    assert [(m.id, m.label, m.context, m.max_output) for m in found] == [
        ("a", "", None, None),
        ("b", "", None, None),
        ("c", "", 4096, None),
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, set()),
        ([], set()),
        ({"thinking": {"supported": True}}, {"thinking"}),
        ({"thinking": True}, {"thinking"}),
        ({"thinking": False}, set()),
        ({"thinking": "yes"}, set()),
        ({"thinking": {"supported": 1}}, set()),
        (
            {"thinking": {"supported": False, "types": {"adaptive": {"supported": True}}}},
            set(),
        ),
        (
            {
                "thinking": {
                    "supported": True,
                    "types": {
                        "adaptive": {"supported": True},
                        "enabled": {"supported": False},
                        "between_tools": {"supported": True},
                    },
                }
            },
            {"thinking", "thinking:adaptive"},
        ),
        (
            {
                "thinking": {
                    "supported": True,
                    "types": {"adaptive": False, "enabled": True, "disabled": True},
                }
            },
            {"thinking", "thinking:enabled", "thinking:disabled"},
        ),
        ({"thinking": {"supported": True, "types": ["adaptive"]}}, {"thinking"}),
        (
            {"effort": {"supported": True, "low": {"supported": True}, "max": True, "high": False}},
            {"effort:low", "effort:max"},
        ),
        ({"effort": {"low": True, "unheard_of": True}}, {"effort:low"}),
        ({"effort": {"supported": False, "low": True}}, set()),
        ({"effort": True}, set()),
        ({"temperature": True}, {"temperature"}),
        ({"temperature": {"supported": True}}, {"temperature"}),
        ({"sampling": {"supported": True}}, {"temperature"}),
        ({"sampling": {"supported": False}, "temperature": None}, set()),
        ({"batch": {"supported": True}, "unheard_of": True}, set()),
    ],
)
async def test_capabilities_of_every_shape(given: object, expected: set[str]) -> None:
    assert await _capabilities(given) == {"completion"} | expected


def _pager(pages: Callable[[str], Json]) -> tuple[ScriptedServer, list[str]]:
    """A server whose page depends on the id that it is asked to go on after, and these ids."""
    asked: list[str] = []

    def page(request: Request) -> Script:
        query = parse_qs(urlsplit(request.path).query, strict_parsing=True)
        assert query["limit"] == ["1000"]
        (after,) = query.get("after_id", [""])
        asked.append(after)
        return reply(pages(after))

    return _serving(page), asked


def _page(*names: str, more: bool = True, **fields: object) -> Json:
    data = [{"type": "model", "id": name} for name in names]
    return {"data": data, "has_more": more, "last_id": names[-1] if names else None, **fields}


async def test_all_pages_are_read_in_order_and_ids_are_quoted() -> None:
    odd = "b/&x=1 ?#ü%20"
    pages = {"": _page("a", odd), odd: _page("c", more=False)}
    server, asked = _pager(pages.__getitem__)
    async with server:
        found = await adapter(server).models()
    assert [model.id for model in found] == ["a", odd, "c"]
    assert asked == ["", odd]


@pytest.mark.parametrize(
    ("pages", "requests"),
    [
        (lambda _: _page("a"), 2),
        (lambda after: _page("b" if after == "a" else "a"), 3),
        (lambda _: _page(), 1),
        (lambda _: _page("a", last_id=None), 1),
        (lambda _: _page("a", last_id=7), 1),
        (lambda _: _page("a", last_id=""), 1),
    ],
)
async def test_a_pager_that_brings_nothing_new_is_left(
    pages: Callable[[str], Json], requests: int
) -> None:
    server, asked = _pager(pages)
    async with server:
        found = await adapter(server).models()
    assert len(asked) == requests
    assert len({model.id for model in found}) == len(found)


async def test_a_pager_without_an_end_is_left_after_fifty_pages() -> None:
    numbers = itertools.count()
    server, asked = _pager(lambda _: _page(f"m{next(numbers)}"))
    async with server:
        found = await adapter(server).models()
    assert len(asked) == len(found) == 50


async def test_a_model_is_one_of_the_list_also_without_its_date() -> None:
    data = [{"id": name} for name in ("x-5-20260101", "x-5-20250101", "x-4", "x-4-20240101")]
    async with _serving(reply({"data": data})) as server:
        asking = adapter(server)
        assert (await asking.model("x-4")).id == "x-4"
        assert (await asking.model("x-5")).id == "x-5-20260101"
        for missing in ("x", "x-5-2026", "x.5", ""):
            with pytest.raises(ModelMissing) as caught:
                await asking.model(missing)
            assert caught.value.code == "model_missing"
            assert f"“{missing}”" in caught.value.message


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply({"error": {"type": "authentication_error", "message": "m"}}, 401), "auth"),
        (reply(b"", 404), "not_found"),
        (reply(b"<h1>It works</h1>", content_type="text/html"), "protocol"),
    ],
)
async def test_a_list_that_is_none_is_an_error(answer: Script, code: str) -> None:
    async with _serving(answer) as server:
        with pytest.raises(ProviderError) as caught:
            await adapter(server).models()
        assert caught.value.code == code
        assert len(server.requests) == 1


async def test_a_llama_servers_list_is_readable_and_its_refusals_are_known() -> None:
    body = transcript("llamaserver_models").body
    async with _serving(reply(body)) as server:
        asking = adapter(server, None)
        before = asking.never_cuts
        (model,) = await asking.models()
        assert (model.id, model.context) == ("smollm2", 8192)
        assert model.capabilities == {"completion", "temperature"}
        assert (before, asking.never_cuts) == (False, True)
        assert asking.locality(model) is Locality.LOCAL_PORT


@pytest.mark.parametrize(
    "data",
    [
        [],
        [{"id": "m"}],
        [{"id": "m", "owned_by": "library"}],
        [{"id": "m", "owned_by": "llamacpp"}, {"id": "n", "owned_by": "openai"}],
    ],
)
async def test_of_other_servers_it_is_not_known_whether_they_cut(data: list[Json]) -> None:
    async with _serving(reply({"data": data})) as server:
        asking = adapter(server)
        await asking.models()
        assert asking.never_cuts is False


def test_the_service_itself_refuses_what_is_too_long() -> None:
    for url in ("", _REMOTE, "https://API.anthropic.com:443/v1"):
        asking = Anthropic(ServerConfig("anthropic", url), lambda: None)
        assert asking.never_cuts
        assert asking.config.base_url.removesuffix(":443").lower() == _REMOTE
    for url in ("https://gateway.example", "http://192.0.2.1:8080"):
        asking = Anthropic(ServerConfig("anthropic", url), lambda: None)
        assert not asking.never_cuts
        assert asking.locality(ModelInfo(MODEL)) is Locality.REMOTE


@pytest.mark.parametrize("status", [200, 401, 404, 500])
async def test_a_server_on_this_machine_is_alive_if_it_answers(status: int) -> None:
    async with _serving(reply(b"", status)) as server:
        assert await adapter(server).alive()
        assert "x-api-key" not in server.requests[0].headers


async def test_who_does_not_answer_is_not_alive_and_a_service_is_not_asked() -> None:
    assert not await Anthropic(ServerConfig("anthropic", _NOWHERE), lambda: None).alive()
    remote = Anthropic(ServerConfig("anthropic", "https://gateway.invalid"), lambda: None)
    assert await remote.alive()
    assert await remote.state() is ServerState.UNKNOWN
    assert await remote.unload(MODEL) is False
    await remote.close()


async def _headers(key: str | None) -> dict[str, str]:
    async with ScriptedServer({("POST", "/v1/messages"): ANSWER}) as server:
        async for _ in adapter(server, key).generate(REQUEST):
            pass
        return server.requests[0].headers


async def test_the_headers_of_a_message() -> None:
    with_key, without = await _headers(KEY), await _headers(None)
    assert with_key["x-api-key"] == KEY
    assert "x-api-key" not in without
    for headers in (with_key, without):
        assert headers["anthropic-version"] == "2023-06-01"
        assert headers["content-type"] == "application/json"
        assert "authorization" not in headers


@pytest.mark.parametrize("url", ["http://gateway.invalid", "http://192.0.2.1:8080/v1"])
async def test_a_key_that_travels_readable_is_told(url: str) -> None:
    asking = Anthropic(ServerConfig("anthropic", url), lambda: KEY)
    events = asking.generate(REQUEST)
    notice = await anext(events)
    await events.aclose()
    assert isinstance(notice, Notice)
    assert notice.code == "readable_key"
    assert KEY not in notice.message


@pytest.mark.parametrize(
    ("url", "code"),
    [(_REMOTE, "key_missing"), ("http://gateway.invalid", "unreachable")],
)
async def test_only_a_server_of_ones_own_is_asked_without_a_key(url: str, code: str) -> None:
    asking = Anthropic(ServerConfig("anthropic", url), lambda: None)
    with pytest.raises(ProviderError) as caught:
        await asking.models()
    assert caught.value.code == code


async def test_a_key_that_is_repeated_is_taken_out_of_every_error() -> None:
    for script in (reply({"error": {"type": KEY, "message": KEY}}, 400), reply(KEY.encode(), 418)):
        heard = await ask(script)
        assert "[key]" in heard.failed().detail
        assert "KEY+" not in heard.failed().detail + heard.failed().message
