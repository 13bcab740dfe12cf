from __future__ import annotations

import asyncio
import gc
import sys
from typing import TYPE_CHECKING

from spectr_desktop.ui.loop import WindowLoop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from PySide6.QtWidgets import QApplication


async def _stream(ended: asyncio.Event) -> AsyncGenerator[int, None]:
    try:
        yield 1
        yield 2
    finally:
        await asyncio.sleep(0)  # as closing a socket does
        ended.set()


async def test_tests_run_on_the_loop_of_the_program() -> None:
    assert isinstance(asyncio.get_running_loop(), WindowLoop)


async def test_a_generator_that_was_dropped_is_closed() -> None:
    ended = asyncio.Event()
    stream = _stream(ended)
    assert await anext(stream) == 1
    del stream
    gc.collect()
    await ended.wait()


def test_the_hooks_are_only_there_while_the_loop_runs(qapp: QApplication) -> None:
    before = sys.get_asyncgen_hooks()
    inside: list[object] = []

    async def look() -> None:
        inside.append(sys.get_asyncgen_hooks().finalizer)

    with asyncio.Runner(loop_factory=lambda: WindowLoop(qapp)) as runner:
        runner.run(look())
    assert inside[0] is not before.finalizer
    assert sys.get_asyncgen_hooks() == before


def test_a_generator_that_outlives_the_loop_is_dropped_quietly(qapp: QApplication) -> None:
    kept: list[AsyncGenerator[int, None]] = []

    async def begin() -> None:
        stream = _stream(asyncio.Event())
        await anext(stream)
        kept.append(stream)

    loop = WindowLoop(qapp)
    loop.run_until_complete(begin())
    loop.close()
    kept.clear()
    gc.collect()
    assert loop._closing == set()
