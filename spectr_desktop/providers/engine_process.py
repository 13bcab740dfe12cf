"""One llama-server as a child: started on a free port, drained, awaited until ready, ended."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from spectr_desktop.children import environment_for_others
from spectr_desktop.logs import logger
from spectr_desktop.providers.engine_files import ModelFile, Program
from spectr_desktop.providers.engine_guard import guarded, sweep, watched
from spectr_desktop.providers.errors import EngineFailed, ProviderError
from spectr_desktop.providers.transport import Service, Transport

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Any

_log = logger(__name__)

_SERVICE = Service("the engine", "The engine at {host} does not answer. Run the audit again.")
_HOST = "127.0.0.1"
_ATTEMPTS = 4
_POLL_S = 0.1
_GRACE_S = 0.5  # it has nothing to save, and the window has promised to close within 2 s
_KEPT_LINES = 200
_SHOWN_LINES = 12
_LONGEST_LINE = 4096  # bytes
# Left out if this llama-server does not know them.
_OPTIONAL = ("--no-webui",)
_PORT_TAKEN = ("couldn't bind", "address already in use", "bind http server socket")
_FLAG_UNKNOWN = ("invalid argument", "unknown argument", "unrecognized argument")


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start, and how.

    Attributes:
        program: the llama-server.
        model: the model that it loads.
        context: tokens.
        key: what clients must show, so that a web page in a browser on this machine cannot ask;
            handed over in the environment, never as an argument. Empty: nothing.
    """

    program: Program
    model: ModelFile
    context: int
    key: str = ""

    def command(self, port: int, optional: tuple[str, ...]) -> list[str]:
        """The command line, of flags that every version knows but for the optional ones.

        Without `-t` the engine takes the physical cores; the practice model is so small that
        one thread is faster than two that wait for each other.
        """
        threads = ["-t", "1"] if self.model.practice else []
        return [
            str(self.program.path),
            *("-m", str(self.model.path)),
            *("--host", _HOST, "--port", str(port)),
            *("-c", str(self.context), "-np", "1"),
            *threads,
            *("--alias", self.model.id),
            *optional,
        ]

    def environment(self) -> dict[str, str]:
        """Our variables without anybody's secrets, with what the engine needs."""
        variables = environment_for_others() | self.program.environment
        variables["LLAMA_OFFLINE"] = "1"  # newer builds could fetch models
        # After Stop the slots tell what it does; older builds answer that only when told to.
        variables["LLAMA_ARG_ENDPOINT_SLOTS"] = "1"
        if self.key:
            variables["LLAMA_API_KEY"] = self.key
        return variables


class EngineProcess:
    """A running child. Works with every event loop: a thread reads its output and reaps it.

    Attributes:
        port: where it listens.
        pid: its process number.
    """

    def __init__(self, command: list[str], environment: dict[str, str], port: int) -> None:
        """Start the child.

        Raises:
            OSError: the system cannot start it.
        """
        self.port = port
        self._process = subprocess.Popen(  # noqa: S603
            guarded(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            # Ctrl+C in a terminal is for us: we end the child when its answer is saved.
            start_new_session=sys.platform != "win32",
            creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
        )
        self.pid = self._process.pid
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._lock = threading.Lock()
        self._silent = False
        self._ended = False
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        try:
            release = watched(self._process)
        except OSError:
            self._process.kill()
            self._process.communicate()
            raise
        assert self._process.stdout is not None  # noqa: S101  # we asked for a pipe
        self._thread = threading.Thread(
            target=self._drain,
            args=(self._process.stdout, release),
            name="engine-output",
            daemon=True,
        )
        self._thread.start()

    @property
    def base_url(self) -> str:
        """Where it answers."""
        return f"http://{_HOST}:{self.port}"

    @property
    def alive(self) -> bool:
        """It has not ended."""
        # While the thread reaps the child, `poll` knows nothing: the end of output came before.
        return not self._silent and self._process.poll() is None

    @property
    def output(self) -> list[str]:
        """The last lines that it wrote."""
        return list(self._lines)

    async def ended(self) -> None:
        """Wait until the child is gone and reaped."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._lock:
            if self._ended:
                return
            self._waiters.append((loop, future))
        await future

    def kill(self) -> None:
        """End it at once; `ended` tells when it is gone."""
        self._process.kill()

    async def stop(self) -> None:
        """Ask it to end, insist after half a second, and return when it is gone."""
        if not self._ended:
            self._process.terminate()
            ending = asyncio.create_task(self.ended())
            try:
                await asyncio.wait({ending}, timeout=_GRACE_S)
            finally:  # also if the wait was cancelled
                if not ending.done():
                    self._process.kill()
                await ending
        self._thread.join()

    def _drain(self, output: IO[bytes], release: Callable[[], None]) -> None:
        with output:
            while line := output.readline(_LONGEST_LINE):
                self._lines.append(line.decode("utf-8", "replace").rstrip())
        self._silent = True
        self._process.wait()
        with contextlib.suppress(OSError):
            release()
        with self._lock:
            self._ended = True
            waiters, self._waiters = self._waiters, []
        for loop, future in waiters:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(_resolve, future)


async def start(launch: Launch) -> EngineProcess:
    """Start an engine and wait until its model is loaded, however long that takes.

    Cancelled while it waits, the child is killed.

    Raises:
        EngineFailed: it does not start; the last lines of its output are the detail.
    """
    sweep()
    optional = _OPTIONAL
    said: list[str] = []
    for _ in range(_ATTEMPTS):
        port = free_port()
        try:
            engine = EngineProcess(launch.command(port, optional), launch.environment(), port)
        except OSError as error:
            raise _failed([str(error)]) from error
        try:
            if await _ready(engine):
                _log.info("engine %d answers on port %d", engine.pid, port)
                return engine
        except BaseException:
            engine.kill()
            await engine.stop()
            raise
        said = engine.output
        await engine.stop()
        text = "\n".join(said).lower()
        if any(mark in text for mark in _FLAG_UNKNOWN) and optional:
            optional = ()
        elif not any(mark in text for mark in _PORT_TAKEN):
            break
    raise _failed(said)


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return probe.getsockname()[1]


async def _ready(engine: EngineProcess) -> bool:
    """Wait until the engine says that it is healthy; False if it ended instead."""
    transport = Transport(engine.base_url, _SERVICE)
    ended = asyncio.create_task(engine.ended())
    asked: asyncio.Task[bool] | None = None
    try:
        while not ended.done():
            # Whoever has taken the port may never answer: the end of the child comes first.
            asked = asyncio.create_task(_healthy(transport))
            await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done() and asked.result() and engine.alive:
                return True
            if asked.done():
                await asyncio.wait({ended}, timeout=_POLL_S)
        return False
    finally:
        tasks: list[asyncio.Task[Any]] = [ended] if asked is None else [ended, asked]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _healthy(transport: Transport) -> bool:
    try:
        return (await transport.fetch("GET", "/health")).status_code == HTTPStatus.OK
    except ProviderError:
        return False


def _failed(said: list[str]) -> EngineFailed:
    return EngineFailed(
        "engine_failed",
        "The built-in engine did not start. Choose another .gguf file, or install Ollama.",
        detail="\n".join(said[-_SHOWN_LINES:]),
    )


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
