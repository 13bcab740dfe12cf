"""A stand-in for llama-server, and a model file for it."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import sys
from typing import TYPE_CHECKING

import pytest

from tests.servers import fake_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Watch:
    """Knows when the stand-in runs and when it is gone, by the connection that it holds."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.gone = asyncio.Event()

    async def on_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.started.set()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        self.gone.set()
        writer.close()


@pytest.fixture
async def watch(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watch]:
    seen = Watch()
    server = await asyncio.start_server(seen.on_connected, "127.0.0.1", 0)
    monkeypatch.setenv("FAKE_ENGINE_TELL", str(server.sockets[0].getsockname()[1]))
    yield seen
    server.close()
    await server.wait_closed()


@pytest.fixture
def fake_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An executable that the program takes for llama-server."""
    path = tmp_path / "a folder" / "llama-server"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{fake_engine.__file__}" "$@"\n')
    path.chmod(0o700)
    monkeypatch.setenv("SPECTR_LLAMA_SERVER", str(path))
    return path


def gguf(*pairs: tuple[str, int, bytes]) -> bytes:
    """The header of a model file: names, kinds and encoded values."""
    out = struct.pack("<4sIQQ", b"GGUF", 3, 0, len(pairs))
    for name, kind, value in pairs:
        out += struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", kind) + value
    return out


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    """A file that begins as a model does, trained with 2048 tokens."""
    path = tmp_path / "Modell, größer.gguf"
    path.write_bytes(gguf(("llama.context_length", 4, struct.pack("<I", 2048))))
    return path
