"""The append-only record of one run, written before anything of it is shown."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import threading
from typing import TYPE_CHECKING, Any

from spectr_desktop import paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.locks import lock
from spectr_desktop.logs import logger
from spectr_desktop.records.codec import RecordError, from_json, to_json
from spectr_desktop.records.events import event_to_json
from spectr_desktop.records.source import SourceFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from spectr_desktop.records.events import RunEntry
    from spectr_desktop.records.run import Header

_log = logger(__name__)
_SYNC_INTERVAL_S = 2.0
FILE_NAME = "journal.jsonl"


class JournalError(SpectrError):
    """The journal cannot be written; what was not written is kept and tried again."""


class Journal:
    """Writes `runs/<id>/journal.jsonl`: the header, then one event object a line.

    Each `write` is one unbuffered system call, so that a killed program loses nothing that it
    was given; a thread of its own brings the file to the disk every 2 s and at the end, so
    that a power cut loses no more than that.
    """

    def __init__(self, header: Header, root: Path | None = None) -> None:
        """Create the run's folder (0700) and file (0600) and write the header.

        Raises:
            JournalError: this cannot be done.
        """
        self.folder = (root or paths.runs()) / header.id
        self._pending = bytearray()
        self._dirty = threading.Event()
        self._stop = threading.Event()
        try:
            paths.private_folder(self.folder)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            self._fd = os.open(self.folder / FILE_NAME, flags, 0o600)
            # Held as long as the file is open: by it others see that the run goes on.
            lock(self._fd, wait=True)
        except OSError as error:
            raise self._error(error) from error
        try:
            self._append(_line(to_json(header)))
        except JournalError:
            os.close(self._fd)
            raise
        # Who waits for the end: nobody, or the first caller of `close`.
        self._closed: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._thread = threading.Thread(target=self._sync_loop, name="journal-sync", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / FILE_NAME

    def write(self, entries: Sequence[RunEntry]) -> None:
        """Append a batch, in one system call.

        Raises:
            JournalError: the disk is full or gone. Nothing is lost: the next call tries again.
        """
        lines = [
            _line({"t": entry.t, "cell": entry.cell, **event_to_json(entry.event)})
            for entry in entries
        ]
        self._append(b"".join(lines))

    async def close(self) -> None:
        """Bring everything to the disk and close the file; the loop is not blocked meanwhile."""
        if not self._closed:
            with contextlib.suppress(JournalError):  # a last try; who wrote it knows of the failure
                self._append(b"")
            loop = asyncio.get_running_loop()
            self._closed.append((loop, loop.create_future()))
            self._stop.set()
            self._dirty.set()
        await asyncio.shield(self._closed[0][1])
        self._thread.join()

    def _append(self, lines: bytes) -> None:
        self._pending += lines
        try:
            while self._pending:
                written = os.write(self._fd, self._pending)
                del self._pending[:written]
        except OSError as error:
            raise self._error(error) from error
        finally:
            self._dirty.set()

    def _sync_loop(self) -> None:
        while not self._stop.is_set():
            self._dirty.wait()
            self._dirty.clear()
            self._sync()
            self._stop.wait(_SYNC_INTERVAL_S)
        self._sync()
        descriptor, self._fd = self._fd, -1  # its number may soon be another file's
        os.close(descriptor)
        for loop, future in self._closed:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(future.set_result, None)

    def _sync(self) -> None:
        try:
            os.fsync(self._fd)
        except OSError as error:
            _log.warning("journal not synced: %s", error)

    def _error(self, error: OSError) -> JournalError:
        return JournalError(
            "journal_failed",
            f"The run cannot be saved in {self.folder} ({error.strerror or error}). It goes on in "
            "memory: export the report before you close the program.",
            params={"folder": str(self.folder)},
            detail=str(error),
        )


def _line(value: dict[str, Any]) -> bytes:
    # ASCII only: lone surrogates in a source stay readable, and no line end but \n can occur.
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


def sent_files(run: str) -> list[SourceFile]:
    """The files that a run sent, from its journal; none if that is gone."""
    if not run or "/" in run or "\\" in run or run.startswith("."):
        return []
    try:
        with (paths.runs() / run / FILE_NAME).open("rb") as journal:
            header = json.loads(journal.readline())
        return [from_json(SourceFile, value) for value in header["files"]]
    except (OSError, ValueError, KeyError, TypeError, RecordError) as error:
        _log.info("no source of run %s: %s", run, error)
        return []
