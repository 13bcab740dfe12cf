"""A D-Bus of a test's own, on which no service starts by itself, and scripted services."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

from jeepney import (
    DBusAddress,
    HeaderFields,
    MatchRule,
    Message,
    MessageType,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import message_bus
from jeepney.io.asyncio import DBusConnection, DBusRouter, Proxy, open_dbus_connection

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from pathlib import Path

_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={path}</listen>
  <policy context="default">
    <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/><allow user="*"/>
  </policy>
</busconfig>
"""


class Call(NamedTuple):
    """What a service was asked: by whom, for what."""

    sender: str
    interface: str
    member: str
    body: tuple[Any, ...]


class Service:
    """Takes names and answers.

    Attributes:
        answers: member → signature and values; what is not in it gets no answer at all.
        calls: what was asked, in order.
        left: the unique names that have left the bus, in order.
    """

    def __init__(
        self, connection: DBusConnection, answers: dict[str, tuple[str, tuple[Any, ...]]]
    ) -> None:
        self._connection = connection
        self.answers = answers
        self.calls: asyncio.Queue[Call] = asyncio.Queue()
        self.left: asyncio.Queue[str] = asyncio.Queue()

    async def serve(self) -> None:
        while True:
            message = await self._connection.receive()
            fields = message.header.fields
            if message.header.message_type is MessageType.signal:
                if fields[HeaderFields.member] == "NameOwnerChanged" and not message.body[2]:
                    self.left.put_nowait(message.body[0])
            elif message.header.message_type is MessageType.method_call:
                await self._answer(message)

    async def emit(self, where: DBusAddress, name: str, signature: str, *values: object) -> None:
        await self._connection.send(new_signal(where, name, signature, values))

    async def gone(self, name: str) -> None:
        """Return once this unique name has left the bus."""
        while await self.left.get() != name:
            pass

    async def _answer(self, message: Message) -> None:
        fields = message.header.fields
        member = fields[HeaderFields.member]
        if member in self.answers:
            await self._connection.send(new_method_return(message, *self.answers[member]))
        self.calls.put_nowait(
            Call(
                fields[HeaderFields.sender],
                fields.get(HeaderFields.interface, ""),
                member,
                message.body,
            )
        )


@contextlib.contextmanager
def bus(folder: Path) -> Generator[str, None, None]:
    """A bus; gives its address."""
    config, path = folder / "bus.conf", folder / "bus"
    config.write_text(_CONFIG.format(path=path))
    process = subprocess.Popen(
        ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    with process:
        yield process.stdout.readline().strip()
        process.terminate()


@contextlib.asynccontextmanager
async def service(
    address: str, name: str, answers: dict[str, tuple[str, tuple[Any, ...]]]
) -> AsyncGenerator[Service, None]:
    """A service with this name on the bus."""
    connection = await open_dbus_connection(address)
    async with DBusRouter(connection) as router:
        asks = Proxy(message_bus, router)
        await asks.AddMatch(MatchRule(type="signal", member="NameOwnerChanged"))
        await asks.RequestName(name)
    served = Service(connection, answers)
    serving = asyncio.get_running_loop().create_task(served.serve())
    try:
        yield served
    finally:
        serving.cancel()
        await asyncio.wait({serving})
        await connection.close()
