"""The thread that a history lives in: calls one after another, a refresh in between them."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from spectr_desktop.audit.run_history import RunHistory
from spectr_desktop.logs import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_log = logger(__name__)
T = TypeVar("T")


class _Call(NamedTuple):
    """Something to do, and who waits for it."""

    work: Callable[[RunHistory], Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class _Refresh(NamedTuple):
    """A refresh that was asked for, and who is told how far it is."""

    told: Callable[[int, int, bool], None]
    loop: asyncio.AbstractEventLoop


class HistoryThread:
    """Keeps the loop free: whatever takes long happens in one thread.

    It begins with the first call, and does not hold up the end of the program.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[_Call | _Refresh | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._ended: asyncio.Future[None] | None = None

    async def call(self, work: Callable[[RunHistory], T]) -> T:
        """What `work` returns or raises; a refresh that goes on waits meanwhile."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._put(_Call(work, future, loop))
        return await future

    def refresh(self, told: Callable[[int, int, bool], None]) -> None:
        """Refresh the index; one that goes on already begins anew.

        Args:
            told: called on the loop with how many runs are read, how many there are to read, and
                whether anything has changed. The first numbers are equal when it is over.
        """
        self._put(_Refresh(told, asyncio.get_running_loop()))

    async def close(self) -> None:
        """End the thread; what was not begun is not done."""
        thread = self._thread
        if thread is None:
            return
        loop = asyncio.get_running_loop()
        if self._ended is None:
            self._ended = loop.create_future()
            self._stopping = True
            self._calls.put(None)
        await asyncio.shield(self._ended)
        thread.join()
        self._thread = None

    def _put(self, item: _Call | _Refresh) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="history", daemon=True)
            self._thread.start()
        self._calls.put(item)

    def _run(self) -> None:
        history = RunHistory()
        history.sweep()
        refreshing: Iterator[tuple[int, int]] | None = None
        asked: _Refresh | None = None
        while not self._stopping:
            item = self._next(wait=refreshing is None)
            if isinstance(item, _Call):
                _answer(item, history)
            elif isinstance(item, _Refresh):
                asked, refreshing = item, history.refreshing()
            elif refreshing and asked and not self._step(refreshing, asked, history):
                refreshing = None
        try:
            history.close()
        finally:
            self._give_up()

    def _next(self, *, wait: bool) -> _Call | _Refresh | None:
        try:
            return self._calls.get(block=wait)
        except queue.Empty:
            return None

    def _step(self, steps: Iterator[tuple[int, int]], asked: _Refresh, history: RunHistory) -> bool:
        try:
            done, total = next(steps)
        except StopIteration:
            return False
        except Exception:  # noqa: BLE001  # logged; the list stays as it is
            _log.exception("the history could not be refreshed")
            _post(asked.loop, asked.told, 0, 0, history.changed)
            return False
        _post(asked.loop, asked.told, done, total, history.changed)
        return True

    def _give_up(self) -> None:
        """Who still waits is told that nothing comes; then it is said that all is over."""
        while not self._calls.empty():
            item = self._calls.get()
            if isinstance(item, _Call):
                _post(item.loop, item.future.cancel)
        ended = cast("asyncio.Future[None]", self._ended)
        _post(ended.get_loop(), ended.set_result, None)


def _answer(call: _Call, history: RunHistory) -> None:
    if call.future.cancelled():
        return
    try:
        result = call.work(history)
    except Exception as error:  # noqa: BLE001  # whoever waits for it gets it
        _post(call.loop, _fail, call.future, error)
    else:
        _post(call.loop, _resolve, call.future, result)


def _resolve(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _post(loop: asyncio.AbstractEventLoop, slot: Callable[..., object], *values: object) -> None:
    with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
        loop.call_soon_threadsafe(slot, *values)
