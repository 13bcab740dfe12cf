"""Connections over real sockets: the guard, `localhost`, proxies, certificates, keepalive."""

from __future__ import annotations

import base64
import socket
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.providers.egress import EgressGuard
from spectr_desktop.providers.errors import BadRequest, EgressRefused, ProviderError, Unreachable
from spectr_desktop.providers.transport import Reply, Service, Transport
from spectr_desktop.records.server import ServerConfig
from tests.servers.script import Request, Script, reply
from tests.servers.scripted import ScriptedServer

if TYPE_CHECKING:
    from pathlib import Path

_SERVICE = Service("the server", "Nobody answers at {host}.")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def fetched(
    base_url: str, *, egress: EgressGuard | None = None, config: ServerConfig | None = None
) -> Reply:
    return await Transport(base_url, _SERVICE, egress, config).fetch("GET", "/x")


async def test_localhost_is_mapped_without_a_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolved(*_given: object, **_more: object) -> object:
        raise AssertionError("localhost was resolved")

    async with ScriptedServer({("GET", "/x"): reply({"n": 1})}) as server:
        monkeypatch.setattr(socket, "getaddrinfo", resolved)
        answer = await fetched(f"http://localhost:{server.port}", egress=EgressGuard(air_gap=True))
    assert answer.content == b'{"n": 1}'


async def test_localhost_tries_both_families() -> None:
    with socket.socket(socket.AF_INET6) as listening:
        try:
            listening.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
        listening.listen()
        port = listening.getsockname()[1]
        transport = Transport(f"http://localhost:{port}", _SERVICE)
        async with transport.stream("/x", {}) as exchange:
            await exchange.sent()
            connection, _ = listening.accept()
            assert b"host: localhost" in connection.recv(4096).lower()
            connection.close()


async def test_a_vanished_peer_is_noticed_some_time() -> None:
    async with ScriptedServer({("POST", "/x"): reply({})}) as server:
        transport = Transport(server.base_url, _SERVICE)
        async with transport.stream("/x", {}) as exchange:
            response = await exchange.response()
            raw = response.extensions["network_stream"].get_extra_info("socket")
            assert raw.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            if hasattr(socket, "TCP_KEEPIDLE"):
                assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60


@pytest.mark.parametrize("way", ["plain", "environment", "setting"])
async def test_air_gap_refuses_before_any_connection(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = EgressGuard(air_gap=True)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("a name was resolved"))
    async with ScriptedServer() as proxy:
        if way == "environment":
            monkeypatch.setenv("HTTP_PROXY", proxy.base_url)
        config = ServerConfig("openai", proxy=proxy.base_url if way == "setting" else "")
        for host in ("example.org", "10.0.0.1:9", "[::ffff:10.0.0.1]:9", "2130706433:9"):
            with pytest.raises(EgressRefused):
                await fetched(f"http://{host}", egress=guard, config=config)
        assert proxy.requests == []
    assert guard.refusals == 4


async def test_a_redirect_is_not_followed() -> None:
    async with ScriptedServer() as target:
        headers = {"Location": f"{target.base_url}/x"}
        async with ScriptedServer({("GET", "/x"): reply({}, 307, headers=headers)}) as server:
            answer = await fetched(server.base_url)
    assert answer.status_code == 307
    assert target.requests == []


def forwarded(request: Request) -> Script:
    return reply({"asked": request.path, "auth": request.headers.get("proxy-authorization")})


class Proxy(ScriptedServer):
    """Answers whatever it is asked for itself."""

    def _script(self, request: Request) -> Script:
        return forwarded(request)


@pytest.mark.parametrize("way", ["HTTP_PROXY", "ALL_PROXY", "setting"])
async def test_a_remote_server_is_asked_through_the_proxy(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Proxy() as proxy:
        address = proxy.base_url.replace("//", "//user:pass%20word@")
        if way != "setting":
            monkeypatch.setenv(way, address)
        config = ServerConfig("openai", proxy=address if way == "setting" else "")
        answer = await fetched("http://model.example.org", config=config)
    token = base64.b64encode(b"user:pass word").decode()
    assert b'"asked": "http://model.example.org/x"' in answer.content
    assert f'"Basic {token}"'.encode() in answer.content


async def test_this_machine_is_never_asked_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Proxy() as proxy, ScriptedServer({("GET", "/x"): reply({"n": 1})}) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url)
        config = ServerConfig("openai", proxy=proxy.base_url)
        assert (await fetched(server.base_url, config=config)).content == b'{"n": 1}'
        assert proxy.requests == []


async def test_no_proxy_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Proxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url)
        monkeypatch.setenv("NO_PROXY", "example.invalid")
        with pytest.raises(Unreachable):
            await fetched("http://model.example.invalid")
        assert proxy.requests == []


class Closed(ScriptedServer):
    """A proxy that opens the way to nobody."""

    def _script(self, request: Request) -> Script:
        assert request.method == "CONNECT"
        return reply(b"no", 407, "text/plain")


async def test_a_proxy_that_refuses_has_a_sentence() -> None:
    async with Closed() as proxy:
        config = ServerConfig("openai", proxy=proxy.base_url)
        transport = Transport("https://model.example.org", _SERVICE, None, config)
        with pytest.raises(Unreachable) as caught:
            async with transport.stream("/x", {"secret": "source"}) as exchange:
                await exchange.sent()
    assert caught.value.code == "proxy"
    assert "source" not in str(proxy.requests)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://", "ftp://a", "http://[::1"])
async def test_a_proxy_that_is_none_has_a_sentence(proxy: str) -> None:
    with pytest.raises(BadRequest) as caught:
        await fetched("http://model.example.org", config=ServerConfig("openai", proxy=proxy))
    assert caught.value.code == "bad_proxy"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is its own authority, and its key."""
    folder = tmp_path_factory.mktemp("ca")
    certificate, key = folder / "ca größe.pem", folder / "key.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", str(key), "-out", str(certificate),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


class Secure(ScriptedServer):
    """The same over TLS."""

    def __init__(self, certificate: Path, key: Path) -> None:
        super().__init__({("GET", "/x"): reply({"n": 1})})
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)


async def test_an_authority_of_ones_own_is_trusted(authority: tuple[Path, Path]) -> None:
    certificate, key = authority
    async with Secure(certificate, key) as server:
        url = server.base_url.replace("http:", "https:")
        with pytest.raises(ProviderError) as caught:
            await fetched(url)
        assert caught.value.code == "tls"
        assert not caught.value.repeatable
        config = ServerConfig("openai", ca_file=str(certificate))
        assert (await fetched(url, config=config)).content == b'{"n": 1}'


@pytest.mark.parametrize("content", [None, b"no certificate"])
async def test_an_authority_that_cannot_be_read_has_a_sentence(
    content: bytes | None, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    config = ServerConfig("openai", ca_file=str(file))
    with pytest.raises(BadRequest) as caught:
        await fetched("https://127.0.0.1:1", config=config)
    assert caught.value.code == "bad_ca"
    assert str(file) in caught.value.message


async def test_a_refused_connection_may_be_tried_again() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(Unreachable) as caught:
        await fetched(f"http://127.0.0.1:{port}")
    assert caught.value.repeatable
