"""Audits again whenever a file in scope is saved, until Ctrl+C."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spectr_desktop.cli_servers import EXIT_COMPLETE, EXIT_INTERRUPTED
from spectr_desktop.errors import SpectrError
from spectr_desktop.terminal import say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable
    from pathlib import Path
    from typing import Any

_LOOK_EVERY_S = 0.5
_HASHED_BYTES = 8 * 1024 * 1024  # larger files are refused by whoever reads them


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What tells that a file was saved: cheap signs first, then its content."""

    signs: tuple[int, int, int]
    digest: bytes


class Stamps:
    """What the files were like when they were looked at last.

    A file that is not there for a moment, as while an editor saves it by renaming, is remembered:
    it has changed only if it comes back with another content.
    """

    def __init__(self) -> None:
        self._known: dict[Path, _Stamp] = {}

    def changed(self, paths: Iterable[Path]) -> list[Path]:
        """Those that are new or have another content than the last time."""
        out: list[Path] = []
        for path in paths:
            before = self._known.get(path)
            now = _stamp(path, before)
            if now is None:
                continue
            self._known[path] = now
            if before is None or before.digest != now.digest:
                out.append(path)
        return out


class Watch:
    """Runs an audit, and another one after each burst of saves.

    Args:
        look: the files in scope now; it may raise SpectrError if there are none.
        audit: one run; its exit status.
        separate: called before each report but the first.
        interrupted: set by Ctrl+C.
        keeps_status: the last run's exit status is the whole's.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        *,
        look: Callable[[], Iterable[Path]],
        audit: Callable[[], Coroutine[Any, Any, int]],
        separate: Callable[[], None],
        interrupted: asyncio.Event,
        keeps_status: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._look = look
        self._audit = audit
        self._separate = separate
        self._interrupted = interrupted
        self._keeps_status = keeps_status
        self._sleep = sleep
        self._stamps = Stamps()

    async def run(self) -> int:
        """Audit until Ctrl+C; the exit status."""
        await self._changes()
        status = EXIT_COMPLETE
        asked = asyncio.create_task(self._interrupted.wait(), name="interrupted")
        saved = asyncio.create_task(self._saved(), name="saved")
        running: asyncio.Task[int] | None = asyncio.create_task(self._audit(), name="audit")
        try:
            while True:
                pending = [task for task in (asked, saved, running) if task is not None]
                await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                if running is not None and running.done():
                    status, running = running.result(), None
                    if status != EXIT_INTERRUPTED and not saved.done() and not asked.done():
                        say("Waiting for a file to be saved; Ctrl+C ends.")
                if status == EXIT_INTERRUPTED:
                    return EXIT_INTERRUPTED
                if asked.done():
                    return await self._ended(running, status)
                if saved.done():
                    names = ", ".join(path.name for path in saved.result())
                    if running is not None:
                        await _stopped(running)
                    say(f"{names} was saved; the audit begins again.")
                    self._separate()
                    saved = asyncio.create_task(self._saved(), name="saved")
                    running = asyncio.create_task(self._audit(), name="audit")
        finally:
            for task in (asked, saved, running):
                if task is not None:
                    await _stopped(task)

    async def _ended(self, running: asyncio.Task[int] | None, status: int) -> int:
        """Ctrl+C came: a session that runs is being stopped already, and writes its outputs."""
        if running is None:
            return status if self._keeps_status else EXIT_COMPLETE
        await asyncio.wait({running})
        return EXIT_INTERRUPTED

    async def _saved(self) -> list[Path]:
        """Wait until files were saved, and until no more are: editors save several at once."""
        burst: dict[Path, None] = {}
        while True:
            await self._sleep(_LOOK_EVERY_S)
            changed = await self._changes()
            if burst and not changed:
                return list(burst)
            burst.update(dict.fromkeys(changed))

    async def _changes(self) -> list[Path]:
        with contextlib.suppress(SpectrError):  # whoever audits says it
            paths = await asyncio.to_thread(self._look)
            return await asyncio.to_thread(self._stamps.changed, paths)
        return []


async def _stopped(task: asyncio.Task[Any]) -> None:
    """Cancel a task once, and wait until all is saved."""
    task.cancel()
    await asyncio.wait({task})


def _stamp(path: Path, before: _Stamp | None) -> _Stamp | None:
    """What the file is like now; None if there is none. Its content is read if its signs differ."""
    try:
        info = path.stat()
        signs = (info.st_mtime_ns, info.st_size, info.st_ino)
        if before is not None and before.signs == signs:
            return before
        if not stat.S_ISREG(info.st_mode):
            return None
        with path.open("rb") as file:
            digest = hashlib.sha256(file.read(_HASHED_BYTES)).digest()
    except (OSError, ValueError):
        return None
    return _Stamp(signs, digest)
