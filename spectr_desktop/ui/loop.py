"""The event loop of the window: qasync's, with what it leaves out."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

# PySide6 first: qasync takes the binding that is already imported.
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication  # noqa: TC002

os.environ.setdefault("QT_API", "pyside6")

from qasync import QEventLoop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from contextvars import Context
    from typing import Any

    from PySide6.QtCore import QTimerEvent

# Qt's longest timer, 24 days.
_LONGEST_MS = 2**31 - 1


class WindowLoop(QEventLoop):
    """Lets go of cancelled timers and of asynchronous generators, as every asyncio loop does.

    qasync 0.28 keeps the Qt timer of a cancelled handle alive until it fires: a stopped request
    would leave those of all its time limits. And it installs no hooks for generators: a stream
    that is left early drops some deep inside httpx, and without a hook the interpreter complains
    of each on standard error.
    """

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        # The loop itself holds tasks only weakly.
        self._closing: set[asyncio.Task[None]] = set()
        self._timers = _Timers()

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,  # noqa: ANN401  # asyncio's own signature
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call something after some seconds; `call_soon` and `call_at` end here too."""
        handle = _Timer(self.time() + delay, callback, args, self, context)
        if not self.is_closed():
            self._timers.start(handle, delay)
        return handle

    def close(self) -> None:
        """Nothing is called any more."""
        super().close()
        self._timers.clear()

    def _timer_handle_cancelled(self, handle: _Timer) -> None:
        """Asyncio's way to say that a handle is cancelled."""
        self._timers.kill(handle)

    def run_forever(self) -> None:
        """Run until `stop`, with the hooks installed."""
        before = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(finalizer=self._on_dropped)
        try:
            super().run_forever()
        finally:
            sys.set_asyncgen_hooks(*before)

    def _on_dropped(self, generator: AsyncGenerator[Any, Any]) -> None:
        if not self.is_closed():
            self.call_soon_threadsafe(self._close_dropped, generator)

    def _close_dropped(self, generator: AsyncGenerator[Any, Any]) -> None:
        task = self.create_task(_closed(generator))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


class _Timer(asyncio.TimerHandle):
    """A handle that knows the number of its Qt timer; 0 if it has none."""

    number = 0


class _Timers(QObject):
    """A Qt timer for each handle that waits for its time.

    Attributes:
        waiting: the handles, by the number of their timer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waiting: dict[int, _Timer] = {}

    def start(self, handle: _Timer, delay: float) -> None:
        handle.number = self.startTimer(min(max(0, int(delay * 1000)), _LONGEST_MS))
        self.waiting[handle.number] = handle

    def kill(self, handle: _Timer) -> None:
        if self.waiting.pop(handle.number, None):
            self.killTimer(handle.number)

    def clear(self) -> None:
        for number in self.waiting:
            self.killTimer(number)
        self.waiting.clear()

    def timerEvent(self, event: QTimerEvent) -> None:
        """It is time: these timers are for one time only."""
        handle = self.waiting.get(event.timerId())
        if handle is not None:
            self.kill(handle)
            handle._run()  # noqa: SLF001  # as every loop does it


async def _closed(generator: AsyncGenerator[Any, Any]) -> None:
    await generator.aclose()
