"""A report as a PDF, made by a child process: the window never waits, and Stop ends it at once."""

from __future__ import annotations

import asyncio
import contextlib
import io
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from spectr_desktop.children import environment
from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger, told
from spectr_desktop.ui.pdf_wire import (
    FLAG,
    PROGRESS,
    Order,
    packed,
    read_frame,
    write_frame,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, TypeAlias

    from spectr_desktop.records.house_style import Look
    from spectr_desktop.records.report import Report

    Progress: TypeAlias = Callable[[int, int], None]

_log = logger(__name__)

_SHOWN_LINES = 12
_LONGEST_LINE = 4096  # bytes
# Without a seed by chance, fonts come in the same order, and so the same report as the same bytes.
_ENVIRONMENT = {"QT_QPA_PLATFORM": "offscreen", "QT_HASH_SEED": "0"}
_PACKAGE = Path(__file__).resolve().parents[2]


async def pdf(report: Report, look: Look, progress: Progress | None = None) -> bytes:
    """A report as a PDF; the same report gives the same bytes.

    Cancelled, it kills the child and returns when that is gone.

    Args:
        report: for a client or to work with.
        look: logo and colour.
        progress: is called with the pages that are done, and how many there are.

    Raises:
        SpectrError: the child could not do it ("pdf_failed").
    """
    (frame,) = await _made(Order(report, look), 1, progress)
    return frame


async def first_pages(
    report: Report, look: Look, *, pages: int = 3, width: int = 900
) -> list[bytes]:
    """The first pages of the same PDF as PNG pictures: so many, or all if there are fewer.

    Args:
        report: for a client or to work with.
        look: logo and colour.
        pages: at most so many.
        width: of a picture, in pixels.

    Raises:
        SpectrError: the child could not do it ("pdf_failed").
    """
    return await _made(Order(report, look, max(1, pages), width), 0, None)


async def _made(order: Order, count: int, progress: Progress | None) -> list[bytes]:
    """The frames that a child answers with: `count` of them, or any number for 0."""
    try:
        child = _Child(order, progress)
    except OSError as error:
        raise _failed(str(error)) from error
    status = await child.ended()
    frames = child.frames()
    if status != 0 or not frames or (count and len(frames) != count):
        raise _failed(f"exit status {status}\n{child.said}".rstrip())
    return frames


class _Child:
    """A running child, read by threads of its own, so that it works with every event loop."""

    def __init__(self, order: Order, progress: Progress | None) -> None:
        """Start it.

        Raises:
            OSError: the system cannot start it.
        """
        # Imported here: nobody makes a PDF before the window is shown.
        from spectr_desktop.providers.engine_guard import guarded, watched  # noqa: PLC0415

        self._progress = progress
        self._loop = asyncio.get_running_loop()
        self._answer = b""
        self._lines: deque[str] = deque(maxlen=_SHOWN_LINES)
        self._process = subprocess.Popen(  # noqa: S603
            guarded(command()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Python looks for modules there first, and the user's folder may be a client's.
            cwd=None if getattr(sys, "frozen", False) else _PACKAGE,
            env={**environment(), **_ENVIRONMENT},
            # Ctrl+C in a terminal is for us: we end the child.
            start_new_session=sys.platform != "win32",
            creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
        )
        self._release: Callable[[], None] | None = None
        try:
            self._release = watched(self._process)
        except OSError:
            self._process.kill()
            self._process.communicate()
            raise
        self._done: asyncio.Future[int] = self._loop.create_future()
        self._thread = threading.Thread(
            target=self._talk, args=(order,), name="pdf-output", daemon=True
        )
        self._thread.start()

    @property
    def said(self) -> str:
        """The last lines that it wrote to standard error."""
        return "\n".join(self._lines)

    async def ended(self) -> int:
        """Wait until it is gone and reaped; its exit status. Cancelled, kill it first."""
        cancelled: asyncio.CancelledError | None = None
        while not self._done.done():
            try:
                await asyncio.wait({self._done})
            except asyncio.CancelledError as error:
                self._process.kill()
                cancelled = error
        self._thread.join()
        if cancelled is not None:
            raise cancelled
        return self._done.result()

    def frames(self) -> list[bytes]:
        """What it answered; nothing if that is not whole."""
        pipe = io.BytesIO(self._answer)
        frames: list[bytes] = []
        while pipe.tell() < len(self._answer):
            frame = read_frame(pipe)
            if frame is None:
                return []
            frames.append(frame)
        return frames

    def _talk(self, order: Order) -> None:
        """Hand the order over and read all that comes; the child's pipe stays open until then."""
        process = self._process
        assert process.stdin is not None  # noqa: S101  # we asked for pipes
        assert process.stdout is not None  # noqa: S101
        assert process.stderr is not None  # noqa: S101
        reading = threading.Thread(
            target=self._read_lines, args=(process.stderr,), name="pdf-progress", daemon=True
        )
        reading.start()
        try:
            # Here, not in the loop: it takes as long as some frames of the window.
            write_frame(process.stdin, packed(order))
        except OSError as error:
            self._lines.append(f"the order was not read: {error.strerror}")
        except Exception as error:  # noqa: BLE001  # whatever it is, somebody waits for the end
            self._lines.append(told(error))
            process.kill()
        with process.stdout:
            self._answer = process.stdout.read()
        reading.join()
        status = process.wait()
        with contextlib.suppress(OSError):  # what was not flushed is for nobody
            process.stdin.close()
        if self._release is not None:
            with contextlib.suppress(OSError):
                self._release()
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            self._loop.call_soon_threadsafe(self._resolve, status)

    def _read_lines(self, pipe: IO[bytes]) -> None:
        with pipe:
            while raw := pipe.readline(_LONGEST_LINE):
                line = raw.decode("utf-8", "replace").rstrip()
                figures = line.removeprefix(PROGRESS).split()
                if line.startswith(PROGRESS) and all(one.isdecimal() for one in figures):
                    self._tell(*map(int, figures))
                else:
                    self._lines.append(line)

    def _tell(self, done: int, count: int) -> None:
        if self._progress is not None:
            with contextlib.suppress(RuntimeError):  # as above
                self._loop.call_soon_threadsafe(self._progress, done, count)

    def _resolve(self, status: int) -> None:
        if not self._done.done():
            self._done.set_result(status)


def command() -> list[str]:
    """What starts the child: this program again."""
    if getattr(sys, "frozen", False):
        return [sys.executable, FLAG]
    return [sys.executable, "-m", "spectr_desktop", FLAG]


def _failed(detail: str) -> SpectrError:
    _log.warning("the PDF was not made: %s", detail)
    return SpectrError(
        "pdf_failed",
        "The PDF could not be made. Export the report as HTML or Markdown instead.",
        detail=detail,
    )
