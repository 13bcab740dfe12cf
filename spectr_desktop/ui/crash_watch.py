"""Exceptions that nobody expected, wherever they happen: logged, and told once for each place."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal

import spectr_desktop
from spectr_desktop import logs

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_log = logs.logger(__name__)
_OWN = str(Path(spectr_desktop.__file__).parent)
_MOST_WAITING = 20


@dataclass(frozen=True, slots=True)
class Crash:
    """An exception that nobody expected.

    Attributes:
        kind: the name of its type.
        place: the innermost place in the program's own code, as file:line.
        story: the traceback, without keys and without words that may quote somebody.
    """

    kind: str
    place: str
    story: str


class CrashWatch(QObject):
    """Hears of exceptions from Qt's slots, threads, `__del__`, the loop and tasks; never fails.

    Signals:
        crashed: (Crash, bool) one happened, and whether it is the first of its kind and place.
            Always emitted from the event loop of the GUI thread.
    """

    crashed = Signal(object, bool)
    _caught = Signal(object, bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._counts: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()
        self._busy = threading.local()
        self._told = False
        self._waiting: list[tuple[Crash, bool]] = []
        self._before: tuple[Any, Any, Any] | None = None
        # Queued even from the GUI thread: no widget is made inside a paint event or a `__del__`.
        self._caught.connect(self._on_caught, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take the interpreter's hooks, until `uninstall`."""
        self._before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread
        sys.unraisablehook = self._on_unraisable

    def uninstall(self) -> None:
        """Give the hooks back."""
        if self._before is not None:
            sys.excepthook, threading.excepthook, sys.unraisablehook = self._before
            self._before = None

    def tell(self, listener: Callable[[Crash, bool], None]) -> None:
        """Connect whoever shows crashes; they hear of those that happened before, too."""
        self.crashed.connect(listener)
        self._told = True
        waiting, self._waiting = self._waiting, []
        for crash, first in waiting:
            self._caught.emit(crash, first)

    def take(self, error: BaseException, where: str) -> None:
        """Log an exception and have it told; may be called in any thread.

        Args:
            error: the exception.
            where: what raised it, for the log: "a slot", "a thread".
        """
        if getattr(self._busy, "now", False):
            return  # an error while an error is handled: the first one is told
        self._busy.now = True
        try:
            self._take(error, where)
        except Exception:  # noqa: BLE001  # whatever it is, it must not come back here
            with contextlib.suppress(Exception):
                _log.error("an error could not be told: %s", type(error).__name__)
        finally:
            self._busy.now = False

    def on_task_error(self, error: BaseException) -> None:
        """For the owner of tasks: one of them did not handle this."""
        self.take(error, "a task")

    def on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An exception handler for an event loop."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self.take(error, "the loop")
        elif isinstance(error, asyncio.CancelledError):
            _log.info("a cancelled callback")
        elif error is not None:
            loop.default_exception_handler(context)
        else:
            # What follows the first bracket is the text of objects: arguments, results.
            said = str(context.get("message", "")).split("(")[0].split("<")[0]
            _log.error("the loop says: %s", said)

    def _take(self, error: BaseException, where: str) -> None:
        crash = Crash(type(error).__name__, _place(error.__traceback__), logs.told(error))
        with self._lock:
            key = (crash.kind, crash.place)
            count = self._counts[key] = self._counts.get(key, 0) + 1
        if count == 1:
            _log.error("unexpected error in %s\n%s", where, crash.story)
        elif count & (count - 1) == 0:  # 2, 4, 8, …: a paint event would flush the log away
            _log.error("%s at %s again, %d times so far", crash.kind, crash.place, count)
        if getattr(self._busy, "telling", False):
            return  # who tells of crashes crashes itself: told of that, it would do so for ever
        # Without the exception: its frames hold objects that belong to another thread.
        self._caught.emit(crash, count == 1)

    def _on_caught(self, crash: Crash, first: bool) -> None:
        if self._told:
            self._busy.telling = True
            try:
                self.crashed.emit(crash, first)
            finally:
                self._busy.telling = False
        elif len(self._waiting) < _MOST_WAITING:
            self._waiting.append((crash, first))

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, place: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            self.take(error.with_traceback(place), "a slot or an event")
        else:  # Ctrl+C and SystemExit
            sys.__excepthook__(kind, error, place)

    def _on_thread(self, hook: threading.ExceptHookArgs) -> None:
        if isinstance(hook.exc_value, Exception):
            self.take(hook.exc_value, "a thread")
        elif self._before is not None:
            self._before[1](hook)

    def _on_unraisable(self, hook: sys.UnraisableHookArgs) -> None:
        if isinstance(hook.exc_value, Exception):
            self.take(hook.exc_value, "a finalizer or a callback")
        elif self._before is not None:
            self._before[2](hook)


def _place(trace: TracebackType | None) -> str:
    """The innermost place in the program's own code, or the innermost at all."""
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(trace)]
    own = [place for place in frames if place[0].startswith(_OWN)]
    file, line = (own or frames or [("?", 0)])[-1]
    return f"{Path(file).name}:{line}"
