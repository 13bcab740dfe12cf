"""The desktop's D-Bus, where there is one: asked without ever holding up the window.

Not QtDBus: its connection is made while the window waits, which a bus that does not answer makes
25 s, and PySide6 cannot send the unsigned integers that notifications need. jeepney comes with
keyring. Closing the connection is how everything is given back: services let go of whatever
belongs to a name that vanishes, so that a killed program holds nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from jeepney import Message

_MODULES = ("jeepney.auth", "jeepney.bus", "jeepney.bus_messages", "jeepney.low_level")


class BusError(Exception):
    """There is no bus, or a service said no; the words are for the log."""


class SessionBus:
    """A connection for one task: it asks, and reads signals, one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from jeepney.low_level import Parser  # noqa: PLC0415  # not before the first run

        self._reader = reader
        self._writer = writer
        self._parser = Parser()
        self._serial = 0
        self._signals: list[Message] = []

    async def call(self, message: Message) -> tuple[Any, ...]:
        """Ask a service and wait for its answer.

        Raises:
            BusError: it said no, or the bus went away.
        """
        from jeepney.low_level import HeaderFields, MessageType  # noqa: PLC0415  # as above

        self.send(message)
        while True:
            answer = await self._receive()
            if answer.header.fields.get(HeaderFields.reply_serial) == self._serial:
                break
            self._signals.append(answer)
        if answer.header.message_type is MessageType.error:
            raise BusError(str(answer.header.fields.get(HeaderFields.error_name)))
        return answer.body

    def send(self, message: Message) -> None:
        """Ask without waiting for the answer."""
        self._serial += 1
        self._writer.write(message.serialise(self._serial))

    async def signal(self) -> tuple[str, tuple[Any, ...]]:
        """The name and the values of the next signal.

        Raises:
            BusError: the bus went away.
        """
        from jeepney.low_level import HeaderFields, MessageType  # noqa: PLC0415  # as above

        while True:
            message = self._signals.pop(0) if self._signals else await self._receive()
            if message.header.message_type is MessageType.signal:
                return message.header.fields.get(HeaderFields.member, ""), message.body

    async def _receive(self) -> Message:
        while (message := self._parser.get_next_message()) is None:
            raw = await self._reader.read(4096)
            if not raw:
                raise BusError("the bus went away")
            self._parser.add_data(raw)
        return message


@contextlib.asynccontextmanager
async def session_bus() -> AsyncGenerator[SessionBus, None]:
    """Connect to the user's bus; at the end, or when cancelled, the connection is closed.

    Raises:
        BusError: there is none, or it does not let us in.
    """
    await asyncio.to_thread(_load)
    from jeepney.auth import BEGIN, AuthenticationError, Authenticator  # noqa: PLC0415  # as above
    from jeepney.bus import get_bus  # noqa: PLC0415
    from jeepney.bus_messages import message_bus  # noqa: PLC0415

    try:
        reader, writer = await asyncio.open_unix_connection(get_bus("SESSION"))
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise BusError(f"no bus ({type(error).__name__})") from None
    try:
        steps = Authenticator()
        for step in steps:
            writer.write(step)
            answer = await reader.read(1024)
            if not answer:
                raise BusError("the bus lets nobody in")
            steps.feed(answer)
        writer.write(BEGIN)
        bus = SessionBus(reader, writer)
        await bus.call(message_bus.Hello())
        yield bus
    except (OSError, AuthenticationError) as error:
        raise BusError(f"the bus failed ({type(error).__name__})") from None
    finally:
        writer.close()


def _load() -> None:
    """Import what is needed, in another thread: it takes up to 0.2 s."""
    for name in _MODULES:
        importlib.import_module(name)
