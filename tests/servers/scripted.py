"""An HTTP/1.1 server on a loopback socket that answers by script, and tells what it saw."""

from __future__ import annotations

import asyncio
import gc
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Self

from tests.servers.script import (
    HEAD_END,
    Close,
    Disconnect,
    Notifier,
    Pause,
    Request,
    Reset,
    Route,
    Script,
    Send,
    Wait,
    reply,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from types import TracebackType


class ScriptedServer:
    """Answers each request with the script of its route, unknown ones with 404.

    A script that ends without `Close` or `Reset` leaves the connection open for the next request.
    One that shall hang stands before a gate that nobody opens: only there, or while it sends, is a
    client that leaves counted. `until` and gates work from any thread and loop.

    Attributes:
        routes: by (method, path without its query).
        requests: all that arrived whole, in order.
        disconnects: clients that left in the middle of an answer.
        tls: certificates, for a server that speaks TLS.
        at: a bound socket to listen at; without one, any free port.
    """

    def __init__(self, routes: Mapping[tuple[str, str], Route] | None = None) -> None:
        self.routes: dict[tuple[str, str], Route] = dict(routes or {})
        self.requests: list[Request] = []
        self.disconnects: list[Disconnect] = []
        self.port = 0
        self._notifier = Notifier()
        self._connections: set[asyncio.Task[None]] = set()
        self._failures: list[Exception] = []
        self._server: asyncio.Server | None = None
        self.tls: ssl.SSLContext | None = None
        self.at: socket.socket | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Return once the predicate holds; it is asked after each request and disconnect."""
        await self._notifier.until(predicate)

    async def requested(self, count: int = 1) -> None:
        await self.until(lambda: len(self.requests) >= count)

    async def disconnected(self, count: int = 1) -> None:
        await self.until(lambda: len(self.disconnects) >= count)

    async def __aenter__(self) -> Self:
        if self.at is not None:
            self._server = await asyncio.start_server(self._serve, sock=self.at, ssl=self.tls)
        else:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()
        if self._failures and error is None:
            raise self._failures[0]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left between two answers, or in the middle of its request
        except asyncio.CancelledError:
            pass  # the server ends; asyncio's streams complain of cancelled tasks before 3.12
        except Exception as failure:  # noqa: BLE001  # a mistake in a script fails its test
            self._failures.append(failure)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun = b""
        while (request := await _read_request(reader, begun)) is not None:
            self.requests.append(request)
            self._notifier.notify()
            # One byte is read ahead while the script runs: its end of file is the only sign that
            # a client has left. A real byte belongs to the next request.
            ahead = asyncio.create_task(reader.read(1))
            steps = asyncio.create_task(_play(self._script(request), writer))
            try:
                await asyncio.wait({ahead, steps}, return_when=asyncio.FIRST_COMPLETED)
                played = steps.done() and steps.exception() is None
                if not played and _left(ahead, steps):
                    self.disconnects.append(Disconnect(request, time.monotonic()))
                    self._notifier.notify()
                    return
                if await steps:
                    return
                begun = await ahead
            finally:
                for task in (ahead, steps):
                    task.cancel()
                await asyncio.gather(ahead, steps, return_exceptions=True)

    def _script(self, request: Request) -> Script:
        route = self.routes.get((request.method, request.path.partition("?")[0]))
        if route is None:
            return reply(b"not found", 404, "text/plain")
        return route(request) if callable(route) else route


def _left(ahead: asyncio.Task[bytes], steps: asyncio.Task[bool]) -> bool:
    """The client is gone: end of file, or a connection error on either side."""
    if ahead.done() and (ahead.exception() is not None or not ahead.result()):
        return True
    return steps.done() and isinstance(steps.exception(), ConnectionError)


async def _play(script: Script, writer: asyncio.StreamWriter) -> bool:
    """Carry out a script; True if it ended the connection."""
    for step in script:
        match step:
            case Send(payload):
                writer.write(payload)
                await writer.drain()
                # Lets a client on the same loop read this piece by itself.
                await asyncio.sleep(0)
            case Pause(gate):
                await gate.passed()
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Close():
                writer.close()
                await writer.wait_closed()
                return True
            case Reset():
                raw = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return True
    return False


async def _read_request(reader: asyncio.StreamReader, begun: bytes) -> Request | None:
    """The next request; None at the end of file before its first byte."""
    first = begun or await reader.read(1)
    if not first:
        return None
    text = (first + await reader.readuntil(HEAD_END)).decode("latin-1")
    start, *lines = text.rstrip("\r\n").split("\r\n")
    method, path, _ = start.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if "transfer-encoding" in headers:
        raise ValueError("a chunked request body is not understood here")
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body)


class ThreadedServer:
    """Runs a scripted server on a loop of its own in a thread, for clients in other processes.

    Garbage is not collected meanwhile: in this thread that would destroy Qt objects of another.
    """

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="scripted-server")

    def __enter__(self) -> ScriptedServer:
        gc.collect()
        gc.disable()
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread.join()
            gc.enable()
            raise self._failure
        return self.server

    def __exit__(self, *exc_info: object) -> None:
        assert self._loop is not None
        assert self._over is not None
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        gc.enable()
        if self._failure is not None and exc_info[0] is None:
            raise self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as failure:  # noqa: BLE001  # handed to the test's thread
            self._failure = failure
            self._started.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        async with self.server:
            self._started.set()
            await self._over.wait()
