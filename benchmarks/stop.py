"""How long Stop takes: from `Session.cancel()` to the FIN or RST that the server sees.

    python benchmarks/stop.py [STOPS]

A server in a process of its own holds a request in the phase that its model is named after, and
tells the moment at which the client left; both processes read the same monotonic clock. The runs
are the program's own (adapter, session, journal) on the window's loop, stopped at random moments
of the phase. Beside them stands what the machine itself takes: a plain socket that is closed.
While connecting there is no server to see anything: the system's table of sockets is read.
Target: at most 50 ms for 99 of 100.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import select
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from typing import IO, TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")
_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT))

from tests.servers.deaf import INODE, connecting, deaf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.records.events import RunEntry
    from spectr_desktop.records.run import Phase, RunResult

STOPS = 200  # in each phase; a tenth of them while connecting
TARGET_MS = 50
PHASES = {
    "ollama": ("loading", "reading", "thinking", "writing"),
    "openai": ("reading", "thinking", "writing"),
    "anthropic": ("reading", "thinking", "writing"),
}
_DELTA_S = 0.005
_SOME_TIME_S = 0.03  # a stop comes at a random moment of so long a time
_WATCHED_S = 2.0

_THOUGHTS = {
    "ollama": {"message": {"role": "assistant", "content": "", "thinking": " hm"}, "done": False},
    "openai": {"choices": [{"index": 0, "delta": {"reasoning_content": " hm"}}]},
    "anthropic": {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "thinking_delta", "thinking": " hm"},
    },
}
_WORDS = {
    "ollama": {"message": {"role": "assistant", "content": " word"}, "done": False},
    "openai": {"choices": [{"index": 0, "delta": {"content": " word"}}]},
    "anthropic": {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": " word"},
    },
}


async def _answer(kind: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request: short JSON for questions; a generation is held until the client goes."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
    asked = json.loads(await reader.readexactly(length) or b"{}")
    phase = asked.get("model", "")
    if not head.startswith(b"POST") or (phase != "loading" and asked.get("messages") == []):
        body = b'{"status":"ok","done":true}'
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n" % len(body) + body
        )
        await writer.drain()
        writer.close()
        return
    writing = asyncio.create_task(_stream(kind, phase, writer))
    with contextlib.suppress(ConnectionError):
        await reader.read()
    left = time.monotonic()
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    print(left, flush=True)
    writer.close()


async def _stream(kind: str, phase: str, writer: asyncio.StreamWriter) -> None:
    if phase not in ("thinking", "writing"):
        return
    content = b"application/x-ndjson" if kind == "ollama" else b"text/event-stream"
    head = (
        b"HTTP/1.1 200 OK\r\ncontent-type: " + content + b"\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    writer.write(head)
    number = 0
    while True:
        event = _THOUGHTS[kind] if phase == "thinking" or number < 3 else _WORDS[kind]
        data = json.dumps(event).encode() + b"\n"
        if kind != "ollama":
            data = b"data: " + data + b"\n"
        writer.write(b"%x\r\n" % len(data) + data + b"\r\n")
        await writer.drain()
        await asyncio.sleep(_DELTA_S)
        number += 1


async def _serve(kind: str) -> None:
    server = await asyncio.start_server(lambda r, w: _answer(kind, r, w), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class _Run:
    """One run of the program, to be stopped."""

    def __init__(self, kind: str, port: int, model_id: str) -> None:
        from spectr_desktop.audit import compose
        from spectr_desktop.records.server import ModelInfo, ServerConfig
        from spectr_desktop.records.source import source_file

        self._entered = asyncio.Event()
        self._wanted: Phase | None = None
        provider = compose.connect(ServerConfig(kind, f"http://127.0.0.1:{port}"))
        model = ModelInfo(model_id, context=8192, max_output=1024)
        source = source_file("A.sol", "contract A {}\n")
        plan = compose.plan_run([source], model, provider, compose.Limits())
        self.session, failure = compose.open_session(plan, provider, self._show)
        assert failure is None, failure

    async def until(self, phase: Phase) -> asyncio.Task[RunResult]:
        """Start it; return when it is in a phase."""
        self._wanted = phase
        task = asyncio.create_task(self.session.run())
        entered = asyncio.create_task(self._entered.wait())
        await asyncio.wait({task, entered}, return_when=asyncio.FIRST_COMPLETED)
        assert not task.done(), task.result()
        return task

    async def ended(self, task: asyncio.Task[RunResult]) -> None:
        from spectr_desktop.records.run import Outcome

        result = await task
        assert result.outcome is Outcome.STOPPED, result

    def _show(self, entries: Sequence[RunEntry]) -> None:
        if any(getattr(entry.event, "phase", None) is self._wanted for entry in entries):
            self._entered.set()


async def _stopped(kind: str, port: int, phase: str, told: IO[str]) -> float:
    """Seconds from Stop until the server saw that the client had left."""
    from spectr_desktop.records.run import Phase

    run = _Run(kind, port, phase)
    task = await run.until(Phase(phase))
    await asyncio.sleep(_moment())
    began = time.monotonic()
    run.session.cancel()
    await run.ended(task)
    return float(await asyncio.to_thread(told.readline)) - began


async def _stopped_connecting(kind: str, port: int) -> float:
    """Seconds from Stop until the socket is closed."""
    from spectr_desktop.records.run import Phase

    run = _Run(kind, port, "connecting")
    task = await run.until(Phase.CONNECTING)
    while not (found := connecting(port)):  # noqa: ASYNC110  # the system tells nobody
        await asyncio.sleep(0)
    # Looking at one descriptor takes no time; to read the whole table takes 20 ms.
    name = f"socket:[{found[0][INODE]}]"
    (descriptor,) = (path for path in _descriptors() if _target(path) == name)
    began = time.monotonic()
    run.session.cancel()
    while _target(descriptor) == name:  # noqa: ASYNC110
        await asyncio.sleep(0)
    gone = time.monotonic() - began
    assert not connecting(port)
    await run.ended(task)
    return gone


def _descriptors() -> list[Path]:
    return list(Path("/proc/self/fd").iterdir())


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:
        return ""


async def _later(port: int) -> int:
    """How often a socket to the port is seen in the next time."""
    until = time.monotonic() + _WATCHED_S
    seen = 0
    while time.monotonic() < until:
        seen += len(connecting(port))
        await asyncio.sleep(0.001)
    return seen


def _plain(port: int, told: IO[str]) -> float:
    """The same with a socket that is merely closed."""
    body = b'{"model":"reading"}'
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        select.select([connection], [], [], _moment())
        began = time.monotonic()
    return float(told.readline()) - began


def _measured(kind: str, stops: int) -> None:
    """Print a line for each phase of one adapter."""
    command = [sys.executable, __file__, "--serve", kind]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
        asyncio.Runner(loop_factory=_loop) as runner,
    ):
        assert server.stdout is not None
        told = server.stdout
        port = int(told.readline())
        if kind == next(iter(PHASES)):
            _print("plain socket", [_plain(port, told) for _ in range(stops)], "not our doing")
        for phase in PHASES[kind]:
            times = [runner.run(_stopped(kind, port, phase, told)) for _ in range(stops)]
            _print(f"{kind} {phase}", times, f"target p99 {TARGET_MS} ms")
        if sys.platform == "linux":
            with deaf() as listening:
                where, several = listening.getsockname()[1], range(max(2, stops // 10))
                times = [runner.run(_stopped_connecting(kind, where)) for _ in several]
                later = runner.run(_later(where))
            said = f"until the socket is closed; then {later} more in {_WATCHED_S:.0f} s"
            _print(f"{kind} connecting", times, said)
        server.terminate()


def _moment() -> float:
    return random.uniform(0, _SOME_TIME_S)  # noqa: S311  # no secret


def _loop() -> asyncio.AbstractEventLoop:
    from PySide6.QtWidgets import QApplication

    from spectr_desktop.ui.loop import WindowLoop

    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    return WindowLoop(app)


def _print(name: str, times: list[float], said: str) -> None:
    cuts = quantiles(times, n=100, method="inclusive")
    p50, p99, most = (1000 * seconds for seconds in (cuts[49], cuts[98], max(times)))
    print(
        f"{name:21} p50 {p50:6.2f} ms  p99 {p99:6.2f} ms  max {most:6.2f} ms  "
        f"of {len(times)} ({said})",
        flush=True,
    )


def main() -> None:
    """Print a line for each adapter and phase."""
    if "--serve" in sys.argv:
        asyncio.run(_serve(sys.argv[2]))
        return
    stops = int(sys.argv[1]) if len(sys.argv) > 1 else STOPS
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SPECTR_HOME"] = folder
        for kind in PHASES:
            _measured(kind, stops)


if __name__ == "__main__":
    main()
