"""What a token costs between the socket and the screen, against httpx alone: CPU time, one run.

    python benchmarks/stream.py [EVENTS]

A server in a process of its own sends one event a millisecond. Both sides run on a qasync loop
and read the same bytes; the ratio is CPU of the whole path (socket, decoder, adapter, session,
journal) over CPU of reading the bytes with httpx and doing nothing. Target: at most 1.3.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")
_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT))

from benchmarks.events import ollama_event, openai_event

EVENTS = 4000
ROUNDS = 3
TARGET = 1.3


_ENDS = {
    "openai": b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    b"data: [DONE]\n\n",
    "ollama": b'{"model":"benchmark","message":{"role":"assistant","content":""},"done":true,'
    b'"done_reason":"stop","prompt_eval_count":10,"eval_count":10}\n',
}
_EVENTS_OF = {"openai": openai_event, "ollama": ollama_event}


async def _answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: str, events: int
) -> None:
    """Answer one request: short JSON for questions, a paced stream for a generation."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-len")),
        0,
    )
    body = await reader.readexactly(length)
    preload = b'"messages": []' in body
    if not head.startswith(b"POST") or preload:
        short = b'{"status":"ok","done":true}'
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n" % len(short) + short
        )
    else:
        content = b"text/event-stream" if kind == "openai" else b"application/x-ndjson"
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: " + content + b"\r\ntransfer-encoding: chunked\r\n"
            b"connection: close\r\n\r\n"
        )
        began = time.perf_counter()
        for number in range(events):
            _chunk(writer, _EVENTS_OF[kind](number))
            await writer.drain()
            wait = began + number / 1000 - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
        _chunk(writer, _ENDS[kind])
        writer.write(b"0\r\n\r\n")
    await writer.drain()
    writer.close()


def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n" % len(data) + data + b"\r\n")


async def _serve(kind: str, events: int) -> None:
    server = await asyncio.start_server(lambda r, w: _answer(r, w, kind, events), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _httpx_alone(kind: str, port: int) -> float:
    import ssl

    import httpx

    path = "/v1/chat/completions" if kind == "openai" else "/api/chat"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    url = f"http://127.0.0.1:{port}{path}"
    began = time.process_time()
    async with (
        httpx.AsyncClient(timeout=httpx.Timeout(None), verify=context, trust_env=False) as client,
        client.stream("POST", url, json={"messages": ["x"]}) as response,
    ):
        async for _ in response.aiter_raw():
            pass
    return time.process_time() - began


async def _whole_path(kind: str, port: int, events: int) -> float:
    from spectr_desktop.audit import compose
    from spectr_desktop.records.events import TextDelta
    from spectr_desktop.records.server import ModelInfo, ServerConfig
    from spectr_desktop.records.source import source_file

    provider = compose.connect(ServerConfig(kind, f"http://127.0.0.1:{port}"))
    source = source_file("A.sol", "contract A {}\n")
    model = ModelInfo("benchmark", context=8192)
    plan = compose.plan_run([source], model, provider, compose.Limits())
    shown: list[str] = []
    began = time.process_time()
    session, failed = compose.open_session(
        plan,
        provider,
        lambda batch: shown.extend(e.event.text for e in batch if isinstance(e.event, TextDelta)),
    )
    result = await session.run()
    spent = time.process_time() - began
    assert failed is None
    assert result.outcome.finished, result
    assert "".join(shown).count(" w") == events
    return spent


def _measure(kind: str, events: int) -> tuple[float, float]:
    from PySide6.QtWidgets import QApplication

    from spectr_desktop.ui.loop import WindowLoop

    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    command = [sys.executable, __file__, "--serve", kind, str(events)]
    alone: list[float] = []
    whole: list[float] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        with asyncio.Runner(loop_factory=lambda: WindowLoop(app)) as runner:
            for _ in range(ROUNDS):  # alternating, so that a busy moment strikes both
                alone.append(runner.run(_httpx_alone(kind, port)))
                whole.append(runner.run(_whole_path(kind, port, events)))
        server.terminate()
    return min(alone), min(whole)


def main() -> None:
    """Print a line for each protocol."""
    if "--serve" in sys.argv:
        asyncio.run(_serve(sys.argv[2], int(sys.argv[3])))
        return
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SPECTR_HOME"] = folder
        for kind in _EVENTS_OF:
            alone, whole = _measure(kind, events)
            print(
                f"{kind}: httpx alone {alone / events * 1e6:.0f} µs an event, whole path "
                f"{whole / events * 1e6:.0f} µs, ratio {whole / alone:.2f} (target {TARGET})"
            )


if __name__ == "__main__":
    main()
