"""Turns at a server: how many of the user's requests it answers at a time, and who is next."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import os
import time
from typing import TYPE_CHECKING

from spectr_desktop import paths
from spectr_desktop.locks import lock
from spectr_desktop.logs import logger
from spectr_desktop.providers.retry import with_retries
from spectr_desktop.records.events import Queued

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable
    from pathlib import Path

    from spectr_desktop.records.events import Notice, StreamEvent

_log = logger(__name__)

_POLL_S = 0.25
# A ticket that nobody holds is swept away once its owner must have locked it.
_YOUNG_NS = 5_000_000_000
_SUFFIX = ".ticket"
_numbers = itertools.count()


class Turns:
    """The queue before one server, shared by all of the user's programs on this machine.

    Each request holds a locked file, a ticket; the system gives the lock up when a program dies.
    A server that answers one request at a time would let the others wait without a word: no byte
    comes while it is busy (Ollama and llama-server alike).

    Args:
        server: what makes the server different from others, such as its address.
        limit: requests that it may work on at a time.
    """

    def __init__(self, server: str, limit: int) -> None:
        digest = hashlib.sha256(server.encode("utf-8", "replace")).hexdigest()
        self._folder = paths.data() / "turns" / digest[:16]
        self._limit = limit

    async def in_turn(
        self, generate: Callable[[], AsyncGenerator[StreamEvent, None]]
    ) -> AsyncGenerator[StreamEvent, None]:
        """The events of a generation once it is its turn, and before that its place in the queue.

        Without a place for tickets there is no queue.
        """
        ticket: _Ticket | None = None
        try:
            with contextlib.suppress(OSError):
                ticket = _Ticket(self._folder)
            if ticket is None:
                _log.warning("no queue: %s cannot be written", self._folder)
            shown = 0
            while ticket and (position := ticket.before_it() - self._limit + 1) > 0:
                if position != shown:
                    shown = position
                    yield Queued(position)
                await asyncio.sleep(_POLL_S)
            if shown:
                yield Queued(0)
            async with contextlib.aclosing(generate()) as events:
                async for event in events:
                    yield event
        finally:
            if ticket is not None:
                ticket.give_back()

    async def in_turn_with_retries(
        self,
        attempt: Callable[[], AsyncGenerator[StreamEvent, None]],
        notices: Iterable[Notice] = (),
    ) -> AsyncGenerator[StreamEvent, None]:
        """The events of a request in its turn, sent again where that is allowed.

        Args:
            attempt: sends it once.
            notices: what there is to say before it waits for its turn.
        """
        for notice in notices:
            yield notice
        turn = self.in_turn(lambda: with_retries(attempt))
        async with contextlib.aclosing(turn) as events:
            async for event in events:
                yield event


class _Ticket:
    """A place in the queue, from now until it is given back.

    Raises:
        OSError: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        paths.private_folder(folder)
        name = f"{time.time_ns():020}-{os.getpid()}-{next(_numbers)}{_SUFFIX}"
        self._path = folder / name
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        lock(self._fd, wait=True)  # for the instant in which somebody else looks at it

    def before_it(self) -> int:
        """How many tickets were drawn before this one and are still held."""
        with contextlib.suppress(OSError):
            names = sorted(path.name for path in self._path.parent.iterdir())
            return sum(
                1
                for name in names
                if name.endswith(_SUFFIX)
                and name < self._path.name
                and _held(self._path.with_name(name))
            )
        return 0

    def give_back(self) -> None:
        """Let the next one go."""
        os.close(self._fd)
        with contextlib.suppress(OSError):
            self._path.unlink()


def _held(path: Path) -> bool:
    """Somebody's program holds this ticket; one that nobody holds is removed."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        lock(descriptor, wait=False)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    drawn = path.name.partition("-")[0]
    if drawn.isdigit() and time.time_ns() - int(drawn) < _YOUNG_NS:
        return True  # its owner has made it and is about to lock it
    with contextlib.suppress(OSError):
        path.unlink()
    return False
