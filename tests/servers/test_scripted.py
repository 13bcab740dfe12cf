"""The scripted server does what its script says, and sees what its clients do."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import httpx
import pytest

from tests.servers.script import (
    Close,
    Gate,
    Pause,
    Request,
    Reset,
    Script,
    Send,
    chunk,
    chunked_head,
    head,
    reply,
)
from tests.servers.scripted import ScriptedServer, ThreadedServer


async def _get(server: ScriptedServer, path: str = "/") -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(server.base_url + path)


async def test_a_request_is_recorded_and_answered() -> None:
    async with (
        ScriptedServer({("POST", "/echo"): lambda r: reply({"got": r.json})}) as server,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        answer = await client.post(
            server.base_url + "/echo?x=1", json={"a": "ü"}, headers={"X-Api-Key": "k"}
        )
    assert answer.json() == {"got": {"a": "ü"}}
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/echo?x=1")
    assert request.headers["x-api-key"] == "k"
    assert not server.disconnects


async def test_an_unknown_route_is_404() -> None:
    async with ScriptedServer() as server:
        answer = await _get(server, "/nowhere")
    assert answer.status_code == 404


async def test_one_connection_carries_several_answers() -> None:
    ports: set[int] = set()
    async with (
        ScriptedServer({("GET", "/"): reply({"n": 1})}) as server,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        for _ in range(3):
            async with client.stream("GET", server.base_url) as answer:
                ports.add(answer.extensions["network_stream"].get_extra_info("client_addr")[1])
                await answer.aread()
    assert len(server.requests) == 3
    assert len(ports) == 1
    assert not server.disconnects


async def test_chunks_arrive_and_end() -> None:
    script = [Send(chunked_head("text/plain")), Send(chunk(b"one")), Send(chunk(b"two"))]
    async with ScriptedServer({("GET", "/"): [*script, Send(chunk(b""))]}) as server:
        answer = await _get(server)
    assert answer.content == b"onetwo"


async def test_a_pause_holds_what_follows_until_its_gate_opens() -> None:
    gate = Gate()
    script = [Send(chunked_head("text/plain")), Send(chunk(b"one")), Pause(gate)]
    script += [Send(chunk(b"two") + chunk(b""))]
    async with (
        ScriptedServer({("GET", "/"): script}) as server,
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("GET", server.base_url) as answer,
    ):
        pieces = answer.aiter_raw()
        assert await anext(pieces) == b"one"
        await gate.reached()
        gate.open()
        assert await anext(pieces) == b"two"


@pytest.mark.parametrize(
    ("end", "error"), [(Close(), httpx.RemoteProtocolError), (Reset(), httpx.ReadError)]
)
async def test_a_connection_ends_as_written(
    end: Close | Reset, error: type[httpx.TransportError]
) -> None:
    gate = Gate()
    script = [Send(head(200, {"Content-Length": "10"}) + b"half"), Pause(gate), end]
    async with (
        ScriptedServer({("GET", "/"): script}) as server,
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("GET", server.base_url) as answer,
    ):
        pieces = answer.aiter_raw()
        assert await anext(pieces) == b"half"
        gate.open()
        with pytest.raises(error):
            await anext(pieces)
    assert not server.disconnects


async def test_a_client_that_leaves_is_seen() -> None:
    script = [Send(chunked_head("text/plain")), Pause(Gate())]
    async with ScriptedServer({("GET", "/"): script}) as server:
        async with (
            httpx.AsyncClient(trust_env=False) as client,
            client.stream("GET", server.base_url),
        ):
            assert not server.disconnects
        await server.disconnected()
    assert [left.request.path for left in server.disconnects] == ["/"]


async def test_a_client_that_leaves_before_the_answer_is_seen() -> None:
    gate = Gate()
    async with ScriptedServer({("GET", "/"): [Pause(gate)]}) as server:
        asking = asyncio.create_task(_get(server))
        await gate.reached()
        asking.cancel()
        await server.disconnected()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
    assert len(server.requests) == 1


def _mistaken(_request: Request) -> Script:
    raise ZeroDivisionError


async def test_a_mistake_in_a_script_is_raised_at_the_end() -> None:
    server = ScriptedServer({("GET", "/"): _mistaken})
    await server.__aenter__()
    with pytest.raises(httpx.RemoteProtocolError):
        await _get(server)
    with pytest.raises(ZeroDivisionError):
        await server.__aexit__(None, None, None)


async def test_the_end_of_a_server_frees_waiting_scripts() -> None:
    gate = Gate()
    async with ScriptedServer({("GET", "/"): [Pause(gate)]}) as server:
        asking = asyncio.create_task(_get(server))
        await gate.reached()
    with pytest.raises(httpx.RemoteProtocolError):
        await asking


async def test_a_server_in_a_thread_is_awaited_from_another_loop() -> None:
    before = threading.active_count()
    gate = Gate()
    script = [Pause(gate), *reply({"n": 1})]
    with ThreadedServer(ScriptedServer({("GET", "/"): script})) as server:
        asking = asyncio.create_task(_get(server))
        await server.requested()
        await gate.reached()
        gate.open()
        answer = await asking
    assert answer.json() == {"n": 1}
    assert threading.active_count() == before


def test_a_mistake_in_a_threaded_script_is_raised() -> None:
    threaded = ThreadedServer(ScriptedServer({("GET", "/"): _mistaken}))
    server = threaded.__enter__()
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(server.base_url, trust_env=False)
    with pytest.raises(ZeroDivisionError):
        threaded.__exit__(None, None, None)
