"""Stop on the loop of the window: no task, socket, timer or notifier of Qt's is left."""

from __future__ import annotations

import asyncio
import sys
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop.records.run import Phase
from spectr_desktop.ui.loop import WindowLoop
from tests.served_runs import CUT, SERVERS
from tests.servers.deaf import connecting, deaf
from tests.servers.scripted import ThreadedServer
from tests.stopping import Asking, hold, no_limit_to_connect, release, scripted

if TYPE_CHECKING:
    from collections.abc import Callable


def notifiers() -> tuple[list[int], list[int]]:
    """The descriptors that Qt watches for the loop."""
    loop: Any = asyncio.get_running_loop()
    return sorted(loop._read_notifiers), sorted(loop._write_notifiers)


def clean(asking: Asking) -> Callable[[], None]:
    """A check that all is as it is now."""
    loop, before = asyncio.get_running_loop(), notifiers()
    assert isinstance(loop, WindowLoop)

    def check() -> None:
        asking.assert_nothing_is_left()
        assert loop._timers.waiting == {}
        assert notifiers() == before

    return check


@pytest.mark.parametrize(
    ("name", "phase"), list(product(SERVERS, [Phase.READING, Phase.THINKING, Phase.WRITING]))
)
async def test_stop_while_the_server_works(name: str, phase: Phase) -> None:
    server = scripted(name)
    with ThreadedServer(server):
        asking = Asking(name, server.base_url)
        check = clean(asking)
        gate = hold(name, server, phase)
        asking.start()
        await asking.held(gate, phase)
        await asking.stop(CUT if phase is Phase.WRITING else "")
        check()
        await server.disconnected()
        assert server.generations == 1
        release(server)
        await asking.complete()
        check()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is known to drop connections so")
@pytest.mark.parametrize("name", SERVERS)
async def test_stop_while_connecting(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    no_limit_to_connect(monkeypatch)
    with deaf() as listening:
        port = listening.getsockname()[1]
        asking = Asking(name, f"http://127.0.0.1:{port}")
        check = clean(asking)
        asking.start()
        while not connecting(port):  # noqa: ASYNC110  # the system tells nobody
            await asyncio.sleep(0)
        await asking.stop()
        assert not connecting(port)
        check()
