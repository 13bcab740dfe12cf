"""How long the window's loop is busy at a time while a report streams in, and how late text is.

    python benchmarks/event_loop.py [SECONDS]

A server in a process of its own sends 1,000 tokens a second of a report. The program's path reads
them: provider, session, journal, and the report pane in a shown window, on the window's loop.
The gap is the time between two wake-ups of a timer of one millisecond. A token is late by the time
from its sending to the end of the first paint of a frame that has taken it; both processes read
the machine's clock that only goes forward. A row of a table that is not complete yet is taken
but held back.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from bisect import bisect_left
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from benchmarks.corpus import report, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from spectr_desktop.records.events import RunEntry

_RATE = 1000


def _pieces(seconds: int) -> list[str]:
    return tokens(report(seconds * _RATE * 5))[: seconds * _RATE]


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n" % len(data) + data + b"\r\n"


def _event(delta: dict[str, str], reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return _chunk(b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n")


async def _answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pieces: list[str]
) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-len")),
        0,
    )
    await reader.readexactly(length)
    writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n")
    if head.startswith(b"POST"):
        writer.write(b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        times: list[float] = []
        began = perf_counter()
        for number, piece in enumerate(pieces):
            wait = began + number / _RATE - perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            times.append(perf_counter())
            writer.write(_event({"content": piece}))
            await writer.drain()
        writer.write(_event({}, "stop") + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        print(json.dumps(times), flush=True)
    else:
        writer.write(b"content-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
    await writer.drain()
    writer.close()


async def _serve(seconds: int) -> None:
    pieces = _pieces(seconds)
    server = await asyncio.start_server(lambda r, w: _answer(r, w, pieces), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Watch:
    """Notes when the loop woke up, and what each paint of a report had taken by then."""

    def __init__(self) -> None:
        self.wakes: list[float] = []
        self.taken: list[int] = []
        self.painted: list[float] = []
        self.frames = 0
        self.timer = QTimer(interval=1, timerType=Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(lambda: self.wakes.append(perf_counter()))

    def count_frame(self) -> None:
        """A frame has changed the report."""
        self.frames += 1

    def patch(self) -> None:
        """Note the end of every paint of a report."""
        from spectr_desktop.ui.markdown_view import MarkdownView

        paint = MarkdownView.paintEvent

        def paint_event(view: MarkdownView, event: QPaintEvent) -> None:
            paint(view, event)
            feed = view._feed  # noqa: SLF001
            waiting = sum(map(len, feed._pieces)) - feed._offset  # noqa: SLF001 - not taken yet
            self.taken.append(len(view.text()) - waiting)
            self.painted.append(perf_counter())

        setattr(MarkdownView, "paintEvent", paint_event)  # noqa: B010 - pyright minds the names


async def _run(port: int, watch: Watch) -> str:
    from spectr_desktop.audit import compose
    from spectr_desktop.records.events import TextDelta
    from spectr_desktop.records.server import ModelInfo, ServerConfig
    from spectr_desktop.records.source import source_file
    from spectr_desktop.ui.garbage import GuiThreadCollector
    from spectr_desktop.ui.report_pane import ReportPane
    from spectr_desktop.ui.theme import Theme

    watch.patch()
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    pane = ReportPane(Theme(app))
    pane.resize(900, 700)
    pane.show()
    pane.append_text("# Start\n\n")  # what is loaded with the first text is another figure
    await asyncio.sleep(0.5)
    pane.start("benchmark")
    watch.taken.clear()
    watch.painted.clear()
    provider = compose.connect(ServerConfig("openai", f"http://127.0.0.1:{port}"))
    source = source_file("A.sol", "contract A {}\n")
    model = ModelInfo("benchmark", context=8192)
    plan = compose.plan_run([source], model, provider, compose.Limits())

    def show(batch: Sequence[RunEntry]) -> None:
        for entry in batch:
            if isinstance(entry.event, TextDelta):
                pane.append_text(entry.event.text)

    pane.view.rendered.connect(watch.count_frame)
    session, failed = compose.open_session(plan, provider, show)
    assert failed is None
    collector = GuiThreadCollector(pane)  # as in the program
    watch.timer.start()
    result = await session.run()
    watch.timer.stop()
    collector.stop()
    assert result.outcome.finished, result
    pane.finish()
    await asyncio.sleep(0.1)
    text = pane.text()
    pane.close()
    return text


def _at(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def _print(watch: Watch, pieces: list[str], sent: list[float], text: str, spent: float) -> None:
    gaps = [b - a for a, b in zip(watch.wakes, watch.wakes[1:], strict=False)]
    late: list[float] = []
    # The session may have put a line of its own before the answer.
    length = len(text) - sum(map(len, pieces))
    for piece, time in zip(pieces, sent, strict=True):
        length += len(piece)
        paint = bisect_left(watch.taken, length)
        if paint < len(watch.painted):
            late.append(watch.painted[paint] - time)
    seconds = watch.wakes[-1] - watch.wakes[0]
    print(
        f"{len(pieces)} tokens in {seconds:.1f} s, {watch.frames} frames, "
        f"{len(watch.painted)} paints, {spent / seconds:.0%} of one core"
    )
    print(
        f"event-loop gap: p50 {_at(gaps, 0.5):.1f} ms, p99 {_at(gaps, 0.99):.1f} ms (target 20), "
        f"p99.9 {_at(gaps, 0.999):.1f} ms (target 50), longest {max(gaps) * 1000:.1f} ms"
    )
    print(
        f"token sent to painted: p50 {_at(late, 0.5):.1f} ms, p99 {_at(late, 0.99):.1f} ms "
        f"(target 50), longest {max(late) * 1000:.1f} ms; {len(late)} of {len(pieces)}"
    )


def main() -> None:
    """Run once and print the figures."""
    if "--serve" in sys.argv:
        asyncio.run(_serve(int(sys.argv[2])))
        return
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    from spectr_desktop.ui.loop import WindowLoop

    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    app.setQuitOnLastWindowClosed(False)
    command = [sys.executable, __file__, "--serve", str(seconds)]
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SPECTR_HOME"] = folder
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            began = process_time()
            with asyncio.Runner(loop_factory=lambda: WindowLoop(app)) as runner:
                text = runner.run(_run(port, watch))
            spent = process_time() - began
            sent = json.loads(server.stdout.readline())
            server.terminate()
    _print(watch, _pieces(seconds), sent, text, spent)


if __name__ == "__main__":
    main()
