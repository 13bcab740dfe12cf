from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from spectr_desktop.providers.egress import is_loopback
from spectr_desktop.providers.errors import BadRequest, ConnectionLost, ProviderError, Unreachable
from spectr_desktop.providers.transport import (
    Service,
    Transport,
    checked_url,
    host_of,
)
from tests.servers.script import (
    Close,
    Gate,
    Pause,
    Reset,
    Send,
    chunk,
    chunked_head,
    head,
    reply,
)
from tests.servers.scripted import ScriptedServer

_SERVICE = Service("the server", "Nobody answers at {host}.")
_DEFAULT = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:1/x", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:1", True),
        ("http://LOCALHOST", True),
        ("http://localhost.example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("http://10.0.0.1", False),
        ("http://0.0.0.0", False),
        ("nonsense", False),
    ],
)
def test_only_literal_loopback_is_loopback(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", _DEFAULT),
        ("  ", _DEFAULT),
        ("localhost:1", "http://localhost:1"),
        ("HTTPS://Example.org/v1/", "https://Example.org"),
        ("http://a/b/v1", "http://a/b"),
        ("http://[::1]:5/", "http://[::1]:5"),
    ],
)
def test_an_address_is_brought_into_one_form(url: str, expected: str) -> None:
    assert checked_url(url, _DEFAULT) == expected


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a",
        "http://",
        "http://:80",
        "http://a:0",
        "http://a:99999",
        "http://a:b",
        "http://[::1",
        "http://a b",
        "http://a?x=1",
        "http://a#x",
        "http://user:PASSWORD@a",
        "user:PASS/WORD@a",
        "\udcff",
    ],
)
def test_what_is_no_address_is_one_sentence_without_a_password(url: str) -> None:
    with pytest.raises(BadRequest) as caught:
        checked_url(url, _DEFAULT)
    error = caught.value
    assert error.code == "bad_url"
    assert "PASS" not in error.message + error.detail + str(error.params)


def test_sentences_name_host_and_port() -> None:
    assert host_of("http://127.0.0.1:8080/x") == "127.0.0.1:8080"
    assert host_of("odd") == "odd"


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def received(base_url: str, payload: object = None) -> bytes:
    """All bytes of an answer to a streaming request."""
    transport = Transport(base_url, _SERVICE)
    async with transport.stream("/x", payload, {"x-test": "1"}) as exchange:
        await exchange.sent()
        await exchange.response()
        return b"".join([piece async for piece in exchange.chunks()])


async def test_a_request_is_sent_as_ascii_json_and_its_answer_read() -> None:
    async with ScriptedServer({("POST", "/x"): reply(b"words")}) as server:
        assert await received(server.base_url, {"a": "ü\ud800"}) == b"words"
    (request,) = server.requests
    assert request.body.isascii()
    assert json.loads(request.body) == {"a": "ü\ud800"}
    assert request.headers["x-test"] == "1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"


async def test_a_proxy_in_the_environment_is_not_asked_for_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = f"http://127.0.0.1:{closed_port()}"
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("http_proxy", proxy)
    async with ScriptedServer({("POST", "/x"): reply(b"words")}) as server:
        assert await received(server.base_url) == b"words"
    monkeypatch.setenv("http_proxy", "what://is this")
    monkeypatch.setenv("HTTP_PROXY", "what://is this")
    with pytest.raises(BadRequest) as caught:
        await received("http://192.0.2.1")
    assert caught.value.code == "bad_proxy"


async def fetched(base_url: str) -> bytes:
    return (await Transport(base_url, _SERVICE).fetch("GET", "/x")).content


Ask = Callable[[str], Awaitable[bytes]]


@pytest.mark.parametrize("ask", [received, fetched])
async def test_a_closed_port_is_unreachable(ask: Ask) -> None:
    port = closed_port()
    with pytest.raises(Unreachable) as caught:
        await ask(f"http://127.0.0.1:{port}")
    assert caught.value.code == "unreachable"
    assert caught.value.message == f"Nobody answers at 127.0.0.1:{port}."


_CUT = [Send(chunked_head("text/plain") + chunk(b"kept") + b"5\r\nhal")]


@pytest.mark.parametrize("end", [Close(), Reset()])
async def test_a_lost_connection_is_told_after_what_had_arrived(end: Close | Reset) -> None:
    async with ScriptedServer({("POST", "/x"): [*_CUT, end]}) as server:
        transport = Transport(server.base_url, _SERVICE)
        got = bytearray()
        async with transport.stream("/x", {}) as exchange:
            with pytest.raises(ConnectionLost) as caught:
                await _collect(exchange.chunks(), got)
    assert caught.value.code == "connection_lost"
    assert bytes(got).startswith(b"kept") or isinstance(end, Reset)


async def _collect(chunks: AsyncIterator[bytes], into: bytearray) -> None:
    async for piece in chunks:
        into += piece


@pytest.mark.parametrize("ask", [received, fetched])
@pytest.mark.parametrize("end", [Close(), Reset()])
async def test_no_answer_at_all_is_a_lost_connection(ask: Ask, end: Close | Reset) -> None:
    routes = {("POST", "/x"): [end], ("GET", "/x"): [end]}
    async with ScriptedServer(routes) as server:
        with pytest.raises(ConnectionLost):
            await ask(server.base_url)


async def test_bytes_that_are_not_http_are_an_error() -> None:
    async with ScriptedServer({("POST", "/x"): [Send(b"220 mail ready\r\n"), Close()]}) as server:
        with pytest.raises(ProviderError):
            await received(server.base_url)


async def test_a_body_is_cut_at_a_limit() -> None:
    piece = chunk(b"x" * 1024 * 1024)
    script = [Send(chunked_head("text/plain")), *[Send(piece)] * 20, Send(chunk(b""))]
    async with (
        ScriptedServer({("POST", "/x"): script}) as server,
        Transport(server.base_url, _SERVICE).stream("/x", {}) as exchange,
    ):
        assert 16 * 1024 * 1024 < len(await exchange.body()) < 18 * 1024 * 1024


@pytest.mark.parametrize("stage", ["before the status", "after the status", "within the body"])
@pytest.mark.parametrize("cancelled", [True, False])
async def test_leaving_closes_the_socket_in_every_stage(stage: str, cancelled: bool) -> None:
    gate = Gate()
    opening = {
        "before the status": [],
        "after the status": [Send(head(200, {"Transfer-Encoding": "chunked"}))],
        "within the body": [Send(chunked_head("text/plain") + chunk(b"kept"))],
    }[stage]
    at_stage = asyncio.Event()

    async def ask(base_url: str) -> None:
        async with Transport(base_url, _SERVICE).stream("/x", {}) as exchange:
            await exchange.sent()
            if stage != "before the status":
                await exchange.response()
            if stage == "within the body":
                chunks = exchange.chunks()
                assert await anext(chunks) == b"kept"
                await chunks.aclose()
            at_stage.set()
            if cancelled:
                await asyncio.Event().wait()

    async with ScriptedServer({("POST", "/x"): [*opening, Pause(gate)]}) as server:
        task = asyncio.create_task(ask(server.base_url))
        await at_stage.wait()
        await gate.reached()
        if cancelled:
            task.cancel()
        await asyncio.wait({task})
        assert task.cancelled() is cancelled
        await server.disconnected()


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (httpx.RemoteProtocolError("illegal header line: bytearray(b'k: KEY')"), "illegal header"),
        (httpx.RemoteProtocolError("malformed chunk footer: b'KEY' (expected b'')"), "malformed"),
        (httpx.LocalProtocolError("Illegal header value b'KEY '"), "Illegal header value"),
        (httpx.LocalProtocolError("Illegal header value bytearray(b'KEY')"), "Illegal header"),
        (httpx.ProxyError("407 KEY is wrong"), "407"),
        (httpx.DecodingError("Error -3 while decompressing data: KEY"), "decompressing"),
        (httpx.ConnectError("[Errno 111] Connection refused: x"), "Connection refused: x"),
        (httpx.ReadError("[SSL: BAD_RECORD] decryption failed"), "decryption failed"),
    ],
)
def test_what_a_peer_said_is_no_part_of_an_error(
    error: httpx.HTTPError, detail: str, caplog: pytest.LogCaptureFixture
) -> None:
    transport = Transport("http://127.0.0.1:1", _SERVICE)
    with caplog.at_level("INFO", "spectr_desktop"):
        mapped = [transport.mapped(error, written=written) for written in (True, False)]
    for one in mapped:
        assert one.detail.startswith(type(error).__name__)
        assert detail in one.detail
    assert "KEY" not in caplog.text + "".join(one.detail + one.message for one in mapped)
    assert detail in caplog.text
