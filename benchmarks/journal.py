"""What the journal costs of a run's CPU at 1,000 tokens a second.

    python benchmarks/journal.py [EVENTS]

A server in a process of its own sends one token a millisecond. The same run is measured with its
journal, and with one that keeps nothing; and inside the run with its journal the time that goes
into making lines and writing them, and into the thread that looks after the file. Target: the
inside is at most 3 % of the run's CPU. The difference of whole runs is printed beside it: it is
within their scatter.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT))

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = 8000
ROUNDS = 3
TARGET = 3.0
_STREAM = _ROOT / "benchmarks" / "stream.py"


class Timed:
    """CPU seconds inside the journal, in all threads."""

    def __init__(self) -> None:
        self.spent = 0.0
        self._lock = threading.Lock()

    def wrapped(self, inner: Any) -> Any:  # noqa: ANN401
        """The function, measured."""

        def call(*arguments: Any) -> Any:  # noqa: ANN401
            began = time.thread_time()
            try:
                return inner(*arguments)
            finally:
                with self._lock:
                    self.spent += time.thread_time() - began

        return call


@contextlib.contextmanager
def _measured(*, keeps: bool) -> Iterator[Timed]:
    """Measure the journal, or let it keep nothing."""
    from spectr_desktop.store.journal import Journal

    timed, write, look = Timed(), Journal.write, Journal.look

    def nothing(*_arguments: object) -> None:
        """In place of writing."""

    with mock.patch.multiple(
        Journal, write=timed.wrapped(write) if keeps else nothing, look=timed.wrapped(look)
    ):
        yield timed


async def _run(kind: str, port: int, events: int) -> float:
    """CPU seconds of a run, all threads."""
    from spectr_desktop.audit import compose
    from spectr_desktop.records.server import ModelInfo, ServerConfig
    from spectr_desktop.records.source import source_file

    provider = compose.connect(ServerConfig(kind, f"http://127.0.0.1:{port}"))
    source = source_file("A.sol", "contract A {}\n")
    plan = compose.plan_run(
        [source], ModelInfo("benchmark", context=32768), provider, compose.Limits()
    )
    began = time.process_time()
    session, failed = compose.open_session(plan, provider, lambda _batch: None)
    result = await session.run()
    spent = time.process_time() - began
    assert failed is None
    assert result.outcome.finished, result
    assert next(iter(result.texts.values())).count(" w") == events
    return spent


def main() -> None:
    """Print a line for each protocol."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SPECTR_HOME"] = folder
        for kind in ("ollama", "openai"):
            command = [sys.executable, str(_STREAM), "--serve", kind, str(events)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
                assert server.stdout is not None
                port = int(server.stdout.readline())
                whole: list[float] = []
                inside: list[float] = []
                without: list[float] = []
                for _ in range(ROUNDS):
                    with _measured(keeps=True) as timed:
                        whole.append(asyncio.run(_run(kind, port, events)))
                    inside.append(timed.spent / whole[-1])
                    with _measured(keeps=False):
                        without.append(asyncio.run(_run(kind, port, events)))
                server.terminate()
            a, b = statistics.median(whole), statistics.median(without)
            print(
                f"{kind}: {events / 1000:.0f} s at 1,000 tokens/s; inside the journal "
                f"{statistics.median(inside):.1%} of the run's CPU (target {TARGET:.0f} %); whole "
                f"run {a:.3f} s with it, {b:.3f} s without: {(a - b) / a:+.1%}"
            )


if __name__ == "__main__":
    main()
