"""Coroutines of the window: each has an owner that keeps, reports and ends it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from spectr_desktop.logs import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_log = logger(__name__)


class TaskOwner:
    """Starts tasks from plain slots and holds them until they end.

    Args:
        on_error: told of every exception that a task did not handle itself.
    """

    def __init__(self, on_error: Callable[[BaseException], None]) -> None:
        self._on_error = on_error
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run a coroutine on the window's loop."""
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)
        return task

    async def close(self) -> None:
        """Cancel what still runs, each task once, and wait until all have ended."""
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _log.error("task %s failed", task.get_name(), exc_info=error)
            self._on_error(error)
