"""The event loop of the window: qasync's, with what it leaves out."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

# PySide6 first: qasync takes the binding that is already imported.
from PySide6.QtWidgets import QApplication  # noqa: TC002

os.environ.setdefault("QT_API", "pyside6")

from qasync import QEventLoop

if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import AsyncGenerator
    from typing import Any


class WindowLoop(QEventLoop):
    """Closes asynchronous generators that were dropped, as every asyncio loop does.

    qasync 0.28 installs no hooks for them. A stream that is left early drops generators deep
    inside httpx, and without a hook the interpreter complains of each on standard error.
    """

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        # The loop itself holds tasks only weakly.
        self._closing: set[Task[None]] = set()

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


async def _closed(generator: AsyncGenerator[Any, Any]) -> None:
    await generator.aclose()
