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


def own_loop() -> WindowLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, WindowLoop)
    return loop


async def test_a_cancelled_handle_leaves_no_timer() -> None:
    loop, called = own_loop(), asyncio.Event()
    handles = [loop.call_later(1000, called.set), loop.call_soon(called.set)]
    handles.append(loop.call_at(loop.time() + 1e9, called.set))
    assert len(loop._timers.waiting) == 3
    for handle in (*handles, *handles):
        handle.cancel()
    assert loop._timers.waiting == {}
    assert not called.is_set()


async def test_a_time_limit_that_was_kept_leaves_no_timer() -> None:
    async with asyncio.timeout(1000):
        await asyncio.sleep(0)
    assert own_loop()._timers.waiting == {}


async def test_a_handle_is_called_once_and_may_be_cancelled_later() -> None:
    loop, calls = own_loop(), asyncio.Queue[str]()
    handle = loop.call_later(0.001, calls.put_nowait, "called")
    assert isinstance(handle, asyncio.TimerHandle)
    assert handle.when() <= loop.time() + 0.001
    assert await calls.get() == "called"
    handle.cancel()
    assert loop._timers.waiting == {}
    assert calls.empty()


def test_a_closed_loop_calls_nothing(qapp: QApplication) -> None:
    loop = WindowLoop(qapp)
    loop.call_later(1000, loop.stop)
    loop.close()
    assert loop._timers.waiting == {}
    loop.call_later(1000, loop.stop).cancel()
    assert loop._timers.waiting == {}


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
