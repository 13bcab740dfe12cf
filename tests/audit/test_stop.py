"""Stop in every phase of every adapter: the server sees it, and nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop import paths
from spectr_desktop.providers import retry
from spectr_desktop.providers.turns import Turns
from spectr_desktop.records.events import Queued, RetryScheduled
from spectr_desktop.records.run import Phase
from tests.served_runs import CUT, SERVERS
from tests.servers.deaf import connecting, deaf
from tests.servers.faults import Fault
from tests.servers.scripted import ThreadedServer
from tests.servers.streams import Answer
from tests.stopping import FOR_EVER, HELD, Asking, hold, no_limit_to_connect, release, scripted

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from spectr_desktop.records.events import StreamEvent
    from tests.servers.model_server import ModelServer


def assert_clean(asking: Asking) -> None:
    asking.assert_nothing_is_left()
    loop: Any = asyncio.get_running_loop()
    assert not [handle for handle in loop._scheduled if not handle.cancelled()]


async def assert_usable(asking: Asking, server: ModelServer) -> None:
    """The same adapter object asks again, and is answered."""
    before = server.generations
    await asking.complete()
    assert server.generations == before + 1
    assert_clean(asking)


@pytest.mark.parametrize(("name", "phase"), HELD)
async def test_stop_while_the_server_works(name: str, phase: Phase) -> None:
    server = scripted(name)
    with ThreadedServer(server):
        asking = Asking(name, server.base_url)
        gate = hold(name, server, phase)
        asking.start()
        await asking.held(gate, phase)
        asked = len(server.requests)
        await asking.stop(CUT if phase is Phase.WRITING else "")
        assert_clean(asking)
        await server.disconnected()
        assert len(server.requests) == asked
        assert server.generations == (0 if phase is Phase.LOADING else 1)
        release(server)
        await assert_usable(asking, server)
    assert len(server.disconnects) == 1


@pytest.mark.parametrize("name", SERVERS)
async def test_stop_in_the_queue(name: str) -> None:
    server = scripted(name)
    with ThreadedServer(server):
        asking = Asking(name, server.base_url)
        async with contextlib.aclosing(
            Turns(asking.provider.config.base_url, 1).in_turn(for_ever)
        ) as before:
            await anext(before)
            screen = asking.start()
            await screen.saw(lambda event: event == Queued(1))
            await asking.stop()
            assert len(list((paths.data() / "turns").glob("*/*"))) == 1
        assert_clean(asking)
        assert server.requests == []
        await assert_usable(asking, server)


async def for_ever() -> AsyncGenerator[StreamEvent, None]:
    while True:
        yield Queued(0)


@pytest.fixture
def _long_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_DELAY_S", FOR_EVER)
    monkeypatch.setattr(retry, "_LONGEST_DELAY_S", FOR_EVER)


@pytest.mark.usefixtures("_long_delays")
@pytest.mark.parametrize("name", SERVERS)
async def test_stop_in_the_countdown_before_a_connection(name: str) -> None:
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        server = scripted(name)
        server.at = refusing
        asking = Asking(name, f"http://127.0.0.1:{refusing.getsockname()[1]}")
        screen = asking.start()
        await screen.saw(lambda event: isinstance(event, RetryScheduled))
        await asking.stop()
        assert_clean(asking)
        with ThreadedServer(server):
            asking.threads = threading.enumerate()
            await assert_usable(asking, server)


@pytest.mark.usefixtures("_long_delays")
@pytest.mark.parametrize("name", SERVERS)
async def test_stop_in_the_countdown_that_a_busy_server_asked_for(name: str) -> None:
    server = scripted(name)
    with ThreadedServer(server):
        good, server.answer = server.answer, Answer(fault=Fault.UNAVAILABLE)
        asking = Asking(name, server.base_url)
        screen = asking.start()
        await screen.saw(lambda event: isinstance(event, RetryScheduled))
        await asking.stop()
        assert_clean(asking)
        assert server.generations == 1
        server.answer = good
        await assert_usable(asking, server)


@pytest.fixture
def deaf_port() -> Iterator[socket.socket]:
    if sys.platform != "linux":
        pytest.skip("only Linux is known to drop connections that its queue has no room for")
    with deaf() as listening:
        yield listening


@pytest.mark.parametrize(("name", "host"), list(product(SERVERS, ["127.0.0.1", "localhost"])))
async def test_stop_while_connecting(
    name: str, host: str, deaf_port: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_limit_to_connect(monkeypatch)
    port = deaf_port.getsockname()[1]
    asking = Asking(name, f"http://{host}:{port}")
    asking.start()
    while not connecting(port):  # noqa: ASYNC110  # the system tells nobody
        await asyncio.sleep(0)
    await asking.stop()
    assert not connecting(port)
    assert_clean(asking)
    server = scripted(name)
    server.at = deaf_port
    with ThreadedServer(server):
        asking.threads = threading.enumerate()
        assert server.requests == []
        await assert_usable(asking, server)
    assert server.generations == 1


@pytest.mark.parametrize("name", SERVERS)
async def test_stop_while_a_name_is_resolved(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answer, answered = threading.Event(), threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        address = listening.getsockname()

        def slow(*_given: object, **_more: object) -> list[tuple[Any, ...]]:
            asked.set()
            answer.wait()
            answered.set()
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address)]

        monkeypatch.setenv("NO_PROXY", "*")
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        asking = Asking(name, f"http://model.example.invalid:{address[1]}")
        asking.start()
        await asyncio.to_thread(asked.wait)
        await asking.stop()
        asking.threads = threading.enumerate()  # a resolver cannot be interrupted
        answer.set()
        await asyncio.to_thread(answered.wait)
        await asyncio.get_running_loop().shutdown_default_executor()
        asking.threads = threading.enumerate()
        assert_clean(asking)
        with pytest.raises(BlockingIOError):  # nobody has connected
            listening.accept()
