"""When the practice engine is offered, and whom set-up asks."""

from __future__ import annotations

import http.client
import platform
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import dev_practice
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("", ("http", "127.0.0.1", 11434)),
        ("  '127.0.0.1' ", ("http", "127.0.0.1", 11434)),
        ("0.0.0.0", ("http", "127.0.0.1", 11434)),  # noqa: S104 - parsed, nothing is bound
        ("0.0.0.0:8080", ("http", "127.0.0.1", 8080)),
        (":11500", ("http", "127.0.0.1", 11500)),
        ("localhost:1", ("http", "localhost", 1)),
        ("http://localhost", ("http", "localhost", 80)),
        ("http://localhost:11434/", ("http", "localhost", 11434)),
        ("https://example.test", ("https", "example.test", 443)),
        ("https://example.test:8443/ollama", ("https", "example.test", 8443)),
        ("[::1]", ("http", "::1", 11434)),
        ("[::1]:99", ("http", "::1", 99)),
        ("::1", ("http", "::1", 11434)),
        ("[::]:99", ("http", "127.0.0.1", 99)),
        ("host:99999", ("http", "host", 11434)),
        ("host:port", ("http", "host", 11434)),
    ],
)
def test_the_forms_of_ollama_host(value: str, address: tuple[str, str, int]) -> None:
    assert dev_practice.ollama_address(value) == address


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("192.168.1.5", False),
        ("localhost.example.test", False),
        ("example.test", False),
    ],
)
def test_loopback_is_literal(host: str, loopback: bool) -> None:
    assert dev_practice.is_loopback(host) is loopback


class _Ollama(BaseHTTPRequestHandler):
    paths: list[str]
    answer = b'{"version":"0.12.0"}'

    def do_GET(self) -> None:
        self.paths.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


@pytest.fixture
def ollama() -> Iterator[HTTPServer]:
    """A server that answers as Ollama does."""
    _Ollama.paths = []
    with HTTPServer(("127.0.0.1", 0), _Ollama) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_an_ollama_that_answers_is_found(
    ollama: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert dev_practice.ollama_answers(f"localhost:{ollama.server_port}")
    assert _Ollama.paths == ["/api/version"]


def test_another_server_is_not_an_ollama(
    ollama: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Ollama, "answer", b"<html>hello</html>")
    assert not dev_practice.ollama_answers(f"127.0.0.1:{ollama.server_port}")


def test_nothing_answers() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        assert not dev_practice.ollama_answers(f"127.0.0.1:{port}")


def test_another_machine_is_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def refuse(self: http.client.HTTPConnection) -> None:
        asked.append((self.host, self.port))
        raise ConnectionRefusedError

    monkeypatch.setattr(http.client.HTTPConnection, "connect", refuse)
    monkeypatch.setattr(http.client.HTTPSConnection, "connect", refuse)
    assert not dev_practice.ollama_answers("https://example.test:8443")
    assert not dev_practice.ollama_answers("192.168.1.5:11434")
    assert asked == [("127.0.0.1", 11434)] * 2


def test_llama_server_on_path_is_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> bool:
        raise AssertionError("nothing is asked")

    monkeypatch.setattr(dev_practice.shutil, "which", lambda name: f"/opt/{name}")
    monkeypatch.setattr(dev_practice, "ollama_answers", refuse)
    assert dev_practice.has_engine()


@pytest.mark.parametrize(
    ("system", "machine", "libc", "supported"),
    [
        ("linux", "x86_64", ("glibc", "2.36"), True),
        ("linux", "x86_64", ("glibc", "2.35"), True),
        ("linux", "x86_64", ("glibc", "2.31"), False),
        ("linux", "x86_64", ("", ""), False),
        ("linux", "aarch64", ("glibc", "2.39"), False),
        ("darwin", "x86_64", ("", ""), False),
        ("win32", "AMD64", ("", ""), False),
    ],
)
def test_where_the_engine_runs(
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    machine: str,
    libc: tuple[str, str],
    supported: bool,
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(platform, "libc_ver", lambda: libc)
    assert dev_practice.supported() is supported
