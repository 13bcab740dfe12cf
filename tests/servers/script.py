"""What a scripted server is told: requests, steps of an answer, gates, and the bytes of HTTP."""

from __future__ import annotations

import asyncio
import http
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Request:
    """What a client sent; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401  # a JSON value has no narrower type
        return json.loads(self.body)


@dataclass(frozen=True)
class Disconnect:
    """A client left before its answer was finished, at `time.monotonic()` seconds."""

    request: Request
    at: float


class Notifier:
    """Wakes coroutines of any loop, in any thread, to look again at what they wait for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def notify(self) -> None:
        with self._lock:
            waiters, self._waiters = self._waiters, []
        for loop, future in waiters:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_resolve, future)

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Return once the predicate holds; whoever makes it hold calls `notify`."""
        loop = asyncio.get_running_loop()
        while True:
            future: asyncio.Future[None] = loop.create_future()
            with self._lock:
                if predicate():
                    return
                self._waiters.append((loop, future))
            await future


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Gate:
    """A place where a script waits until the test opens it; both may live in different threads."""

    def __init__(self) -> None:
        self._notifier = Notifier()
        self.is_open = False
        self.is_reached = False

    def open(self) -> None:
        self.is_open = True
        self._notifier.notify()

    async def reached(self) -> None:
        """Wait until a script stands before the gate."""
        await self._notifier.until(lambda: self.is_reached)

    async def passed(self) -> None:
        """Stand before the gate until it is open."""
        self.is_reached = True
        self._notifier.notify()
        await self._notifier.until(lambda: self.is_open)


@dataclass(frozen=True)
class Send:
    """These bytes, as they are, in one write."""

    payload: bytes


@dataclass(frozen=True)
class Pause:
    """Nothing, until the gate is open or the client has left."""

    gate: Gate


@dataclass(frozen=True)
class Wait:
    """Nothing, for some seconds: for pieces that shall not arrive together."""

    seconds: float


@dataclass(frozen=True)
class Close:
    """A clean end of the connection (FIN)."""


@dataclass(frozen=True)
class Reset:
    """A hard end of the connection (RST)."""


Step = Send | Pause | Wait | Close | Reset
# May be lazy, and then without end; a lazy one serves one request, so a callable makes it.
Script = Iterable[Step]
Route = Script | Callable[[Request], Script]


def head(status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """Status line and headers."""
    try:
        reason = http.HTTPStatus(status).phrase
    except ValueError:
        reason = "Unknown"
    lines = [f"HTTP/1.1 {status} {reason}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode("latin-1") + HEAD_END


def chunked_head(
    content_type: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> bytes:
    """The head of a body in chunked encoding."""
    names = {"Content-Type": content_type, "Transfer-Encoding": "chunked", **(headers or {})}
    return head(status, names)


def chunk(payload: bytes) -> bytes:
    """One chunk of chunked encoding; an empty one ends the body."""
    return f"{len(payload):x}\r\n".encode() + payload + b"\r\n"


def reply(
    payload: bytes | object,
    status: int = 200,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> list[Step]:
    """A whole answer with a Content-Length; anything but bytes is written as JSON.

    An empty content type is none.
    """
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    names = {"Content-Type": content_type} if content_type else {}
    names |= {"Content-Length": str(len(body)), **(headers or {})}
    return [Send(head(status, names) + body)]
