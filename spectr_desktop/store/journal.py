"""The append-only record of one run, written before anything of it is shown."""

from __future__ import annotations

import asyncio
import contextlib
import errno
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
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from spectr_desktop.records.events import RunEntry
    from spectr_desktop.records.run import Header

    _Watcher = Callable[[SpectrError | None], None]

_log = logger(__name__)
_INTERVAL_S = 2.0
_COMPARED = 64 * 1024
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
# Some disks have no way to sync: what is written there is as safe as it can be.
_NO_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)
FILE_NAME = "journal.jsonl"


class JournalError(SpectrError):
    """The journal cannot be written; what was not written is kept and tried again."""


class Journal:
    """Writes `runs/<id>/journal.jsonl`: the header, then one event object a line.

    Each `write` is one unbuffered system call, so that a killed program loses nothing that it
    was given. A thread of its own looks after the file every 2 s and at the end: it brings it to
    the disk, so that a power cut loses no more than that, and where the disk is full, read-only or
    gone, or somebody has deleted the file, it tries again. All lines stay in memory until the run
    is over and they are safe, so that the file can be written anew.

    Making one never fails: see `error`. Only the thread opens and closes the file.
    """

    def __init__(self, header: Header, root: Path | None = None) -> None:
        """Make the run's folder (0700) and file (0600) and write the header, if that can be."""
        self.folder = (root or paths.runs()) / header.id
        self._lines = bytearray(_line(to_json(header)))
        self._header_size = len(self._lines)
        self._fd = -1
        # How many bytes of the lines are in the file, and how many of these on the disk.
        self._written = self._synced = 0
        self._identity = (0, 0)  # of the file that was open last
        self._is_named = False  # the names of file and folder are on the disk too
        self._failure: OSError | None = None
        self._sync_failure: OSError | None = None
        self._told = True  # what the watcher knows: whether all is saved
        self._watcher: tuple[asyncio.AbstractEventLoop, _Watcher] | None = None
        self._lock = threading.Lock()
        self._ending, self._abandoned = threading.Event(), threading.Event()
        # Who waits for the end of the run to be on the disk, and for that of the thread.
        self._closed: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._gone: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._is_gone = False
        self._reach()
        self._told = self.saved
        self._thread = threading.Thread(target=self._look_after, name="journal-sync", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / FILE_NAME

    @property
    def saved(self) -> bool:
        """Whether all that was written is in the file, as far as is known."""
        return self._failure is None and self._sync_failure is None

    @property
    def error(self) -> JournalError | None:
        """Why not all is in the file; None if it is."""
        failure = self._failure or self._sync_failure
        return None if failure is None else self._as_error(failure)

    @property
    def ended(self) -> bool:
        """The run is over: nothing more is written, but what is not saved is tried again."""
        return self._ending.is_set()

    @property
    def is_safe(self) -> bool:
        """The run is over and all of it is on the disk, or given up."""
        return self._is_gone

    def watch(self, on_saved_changed: _Watcher) -> None:
        """Be told, on the loop that runs now, when the thread finds that `saved` has changed.

        The argument is `error` as it is then. What a `write` finds is not told so: it raises, or
        does so no longer.
        """
        self._watcher = (asyncio.get_running_loop(), on_saved_changed)

    def write(self, entries: Sequence[RunEntry]) -> None:
        """Append a batch, in one system call.

        Raises:
            JournalError: the disk is full or gone. Nothing is lost: the next call tries again, and
                so does the thread.
        """
        lines = b"".join(_entry_line(entry) for entry in entries)
        with self._lock:
            if self.ended:
                raise self._as_error(OSError(errno.EBADF, "the run is over"))
            self._lines += lines
            if self._fd != -1:
                self._put()
            error = self.error
            self._told = error is None
        if error is not None:
            raise error

    async def close(self) -> None:
        """Bring everything to the disk and close the file; the loop is not blocked meanwhile.

        If that cannot be done, the thread goes on trying until `abandon`.
        """
        with self._lock:
            if self._is_gone:
                return
            if not self._closed:
                loop = asyncio.get_running_loop()
                self._closed.append((loop, loop.create_future()))
        self._ending.set()
        await asyncio.shield(self._closed[0][1])
        if self.saved:
            self._thread.join()

    async def abandon(self) -> None:
        """As `close`, and after a last try give up what cannot be written."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._lock:
            if self._is_gone:
                future.set_result(None)
            else:
                self._gone.append((loop, future))
        self._abandoned.set()
        self._ending.set()
        await future
        self._thread.join()  # it has nothing left to do

    def look(self) -> None:
        """Look after the file once. The thread does it, and never two at a time."""
        if self._fd != -1 and not self._is_in_place():
            _log.warning("the journal in %s is gone: it is written anew", self.folder)
            self._leave()
        if self._fd == -1:
            self._reach()
        else:
            with self._lock:
                self._put()
        self._sync()
        self._tell()

    def _look_after(self) -> None:
        while True:
            is_last = self._ending.wait(_INTERVAL_S)
            try:
                self.look()
            except Exception:  # noqa: BLE001  # a mistake of ours must not end the saving
                _log.exception("the journal was not looked after")
            if is_last:
                if self.saved or self._abandoned.is_set():
                    break
                _tell_all(self._closed)
                self._abandoned.wait(_INTERVAL_S)
        self._leave()
        self._lines.clear()
        with self._lock:
            self._is_gone = True
        _tell_all(self._closed + self._gone)

    def _reach(self) -> None:
        """Open the file, made if it is not there, and bring to it what it lacks of the lines.

        One that begins as ours does is ours: its disk was away, or it was restored.
        """
        descriptor = -1
        try:
            paths.private_folder(self.folder)
            try:
                descriptor = os.open(self.path, _FLAGS | os.O_EXCL, 0o600)
                is_new = True
            except FileExistsError:
                descriptor = os.open(self.path, _FLAGS, 0o600)
                is_new = False
            identity = _identity(os.fstat(descriptor))
            is_known = is_new or identity == self._identity
            # Held as long as the file is open: by it others see that the run goes on. Who asks
            # whether somebody has it takes it for an instant.
            lock(descriptor, wait=is_known)
            written = 0 if is_new else self._cut_to_ours(descriptor, is_known=is_known)
        except OSError as error:
            if descriptor != -1:
                os.close(descriptor)
            self._failure = error
            return
        with self._lock:
            self._fd, self._written, self._synced = descriptor, written, 0
            self._identity = identity
            self._is_named = False
            self._put()

    def _cut_to_ours(self, descriptor: int, *, is_known: bool) -> int:
        """Cut from the file what is not as in the lines; returns how much of them it has.

        Raises:
            OSError: it is another file altogether.
        """
        with open(descriptor, "rb", closefd=False) as file:
            found = bytearray(file.read(len(self._lines) + 1))
        shared = _shared(found, self._lines)
        # What a power cut has left of a file is short, or full of zeros.
        differs = shared < min(len(found), self._header_size) and found[shared:].strip(b"\0")
        if differs and not is_known:
            raise FileExistsError(errno.EEXIST, "another file is in its place")
        if shared < len(found):
            os.ftruncate(descriptor, shared)
        return shared

    def _is_in_place(self) -> bool:
        """Whether the open file is the one that has our name, and as long as we left it."""
        try:
            with self._lock:
                ours, written = os.fstat(self._fd), self._written
            named = self.path.stat()
        except OSError:
            return False
        return _identity(ours) == _identity(named) and ours.st_size == written

    def _put(self) -> None:
        """Write what the file lacks, from the very byte at which the last try broke off."""
        try:
            while self._written < len(self._lines):
                self._written += os.write(self._fd, self._lines[self._written :])
        except OSError as error:
            self._failure = error
        else:
            self._failure = None

    def _sync(self) -> None:
        written = self._written
        if self._fd == -1 or (written == self._synced and self._is_named):
            return
        try:
            os.fsync(self._fd)
            if not self._is_named:
                _sync_folder(self.folder)
                _sync_folder(self.folder.parent)
        except OSError as error:
            if error.errno not in _NO_SYNC:
                self._write_again(error)
                return
            _log.info("journal not synced: %s", error)
        self._synced, self._is_named, self._sync_failure = written, True, None

    def _write_again(self, error: OSError) -> None:
        """What could not be synced may be lost although it reads well: it is written once more."""
        with self._lock:
            self._sync_failure = error
            try:
                os.ftruncate(self._fd, self._synced)
            except OSError as failure:
                _log.warning("the journal is left as it is: %s", failure)
                return
            self._written = self._synced
            self._put()

    def _leave(self) -> None:
        """Close the file."""
        with self._lock:
            descriptor, self._fd = self._fd, -1  # its number may soon be another file's
        if descriptor != -1:
            with contextlib.suppress(OSError):  # of a disk that is gone
                os.close(descriptor)

    def _tell(self) -> None:
        with self._lock:
            changed, self._told = self._told != self.saved, self.saved
        if changed and self._watcher is not None:
            loop, on_saved_changed = self._watcher
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(lambda: on_saved_changed(self.error))

    def _as_error(self, failure: OSError) -> JournalError:
        return JournalError(
            "journal_failed",
            f"The run cannot be saved in {self.folder} ({failure.strerror or failure}). It is "
            "kept in memory and tried again: export the report before you close the program.",
            params={"folder": str(self.folder)},
            detail=str(failure),
        )


def _identity(file: os.stat_result) -> tuple[int, int]:
    return file.st_dev, file.st_ino


def _tell_all(waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]]) -> None:
    for loop, future in waiting:
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(_resolve, future)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _shared(found: bytearray, lines: bytearray) -> int:
    """How many bytes both begin with."""
    end = min(len(found), len(lines))
    at = 0
    while at < end and found[at : at + _COMPARED] == lines[at : at + _COMPARED]:
        at += _COMPARED
    while at < end and found[at] == lines[at]:
        at += 1
    return min(at, end)


def _sync_folder(folder: Path) -> None:
    """Make new names survive a power cut, where folders can be synced (Windows cannot)."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        _log.info("folder not synced: %s", error)


def _entry_line(entry: RunEntry) -> bytes:
    return _line({"t": entry.t, "cell": entry.cell, **event_to_json(entry.event)})


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
