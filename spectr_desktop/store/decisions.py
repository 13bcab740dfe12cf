"""The append-only file of a project's decisions, and the folder that holds it."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import threading
from typing import TYPE_CHECKING, NamedTuple, cast

from spectr_desktop import paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger
from spectr_desktop.records.codec import RecordError
from spectr_desktop.records.decisions import entry_from_json, entry_to_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from spectr_desktop.records.decisions import Entry

_log = logger(__name__)
FILE_NAME = "decisions.jsonl"
PROJECT_FILE_NAME = "project.json"
# Some disks have no way to sync.
_NO_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)
_BINARY = getattr(os, "O_BINARY", 0)


class DecisionsError(SpectrError):
    """The decisions cannot be read or written; what was not written is kept and tried again."""


class ReadBack(NamedTuple):
    """What a file of decisions holds.

    Attributes:
        entries: what this version knows, in the order of the file.
        damaged_lines: how many lines are no entries. A last line that broke off is none of them.
        unknown_lines: how many are of a kind that only a newer version knows; they stay.
    """

    entries: tuple[Entry, ...] = ()
    damaged_lines: int = 0
    unknown_lines: int = 0


class DecisionFile:
    """Reads and appends to `decisions.jsonl` in a project's folder; never rewrites it.

    Two programs may append at once: each append is whole lines in one system call at the end of
    the file, and entries name each other by ids, not by their places.

    Args:
        folder: the project's; made, for the user alone, at the first append.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pending: list[Entry] = []
        self._known_size = 0
        # Appending and settling may meet: they are called in different threads.
        self._lock = threading.Lock()
        self._unsynced = False

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / FILE_NAME

    @property
    def unwritten(self) -> int:
        """How many entries are only in memory, because the last append failed."""
        return len(self._pending)

    @property
    def unsettled(self) -> bool:
        """Whether something is only in memory, or not yet safe from a power cut: see `settle`."""
        return self._unsynced or bool(self._pending)

    @property
    def changed_elsewhere(self) -> bool:
        """Whether another program has written since the last read or append.

        Ask before new keys are given: who reads and applies the file again then (known entries
        count once) does not give a key that the other program has given already.
        """
        try:
            return self.path.stat().st_size != self._known_size
        except OSError:
            return self._known_size != 0

    def read(self) -> ReadBack:
        """All that is in the file; no file is an empty one.

        Raises:
            DecisionsError: there is one that cannot be read.
        """
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            self._known_size = 0
            return ReadBack()
        except OSError as error:
            raise DecisionsError(
                "decisions_unreadable",
                f"The decisions of this project cannot be read from {self.path} "
                f"({error.strerror or error}). Make the file readable and open the project again.",
                params={"path": str(self.path)},
                detail=str(error),
            ) from error
        self._known_size = len(raw)
        return _read_back(raw)

    def append(self, entries: Sequence[Entry]) -> None:
        """Write entries down, in one system call, after those that a failure has left over.

        Once this returns they survive the end of the program; `settle` makes them survive a power
        cut too.

        Raises:
            DecisionsError: the disk is full, read-only or gone. Nothing is lost: the entries stay
                in memory, `settle` and the next append try again, and the caller may go on
                meanwhile.
        """
        with self._lock:
            self._pending += entries
            self._append_pending()

    def settle(self) -> None:
        """Write what a failure has left over, and bring the file to the disk.

        It may take a while: call it in a thread, every 2 s while `unsettled`.

        Raises:
            DecisionsError: as `append`.
        """
        with self._lock:
            self._append_pending()
            must_sync, self._unsynced = self._unsynced, False
        if must_sync:
            self._unsynced |= not self.sync()

    def _append_pending(self) -> None:
        if not self._pending:
            return
        try:
            paths.private_folder(self.folder)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | _BINARY
            descriptor = os.open(self.path, flags, 0o600)
            try:
                self._write(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise DecisionsError(
                "decisions_failed",
                f"Your decisions cannot be saved in {self.folder} ({error.strerror or error}). "
                "They are kept in memory: make room or make the folder writable before you close "
                "the program.",
                params={"folder": str(self.folder)},
                detail=str(error),
            ) from error
        self._pending.clear()
        self._unsynced = True

    def sync(self) -> bool:
        """Bring the file to the disk; it may take a while, so call it in a thread.

        A disk that cannot is no error: it is logged, and the answer is whether another try is of
        no use.
        """
        try:
            descriptor = os.open(self.path, os.O_RDWR | _BINARY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            pass
        except OSError as error:
            _log.warning("decisions not synced: %s", error)
            return error.errno in _NO_SYNC
        return True

    def _write(self, descriptor: int) -> None:
        # A line that broke off must not swallow the next one. After a short write all is written
        # again: what stands there twice counts once, by its id.
        lines = b"".join(_line(entry) for entry in self._pending)
        raw = lines if _ends_a_line(descriptor) else b"\n" + lines
        while raw:
            written = os.write(descriptor, raw)
            self._known_size += written
            raw = raw[written:]


def project_path(root: Path) -> Path:
    """The folder of a project, whether it exists or not."""
    name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]
    return paths.projects() / name


def project_folder(root: Path) -> Path:
    """The folder of a project, made if it is not there, with the root's path in `project.json`.

    Args:
        root: the folder (or the file) that is audited.

    Raises:
        DecisionsError: it cannot be made.
    """
    folder = project_path(root)
    file = folder / PROJECT_FILE_NAME
    try:
        paths.private_folder(folder)
        if not file.exists():
            raw = json.dumps({"root": str(root.resolve())}, indent=1).encode("ascii")
            paths.write_private(file, raw + b"\n")
    except OSError as error:
        raise DecisionsError(
            "project_failed",
            f"Nothing about this project can be saved in {folder} ({error.strerror or error}). "
            "Make room or make the folder writable, or export the report before you close the "
            "program.",
            params={"folder": str(folder)},
            detail=str(error),
        ) from error
    return folder


def _line(entry: Entry) -> bytes:
    # ASCII only: lone surrogates stay readable, and no line end but \n can occur.
    return json.dumps(entry_to_json(entry), separators=(",", ":")).encode("ascii") + b"\n"


def _ends_a_line(descriptor: int) -> bool:
    if os.lseek(descriptor, 0, os.SEEK_END) == 0:
        return True
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1) == b"\n"


def _read_back(raw: bytes) -> ReadBack:
    entries: list[Entry] = []
    damaged = unknown = 0
    lines = raw.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value: object = json.loads(line)
            if not isinstance(value, dict):
                raise RecordError("no object")
            entry = entry_from_json(cast("dict[str, object]", value))
        except (ValueError, RecursionError):
            # The last line is only whole with its end.
            damaged += number < len(lines)
            continue
        if entry is None:
            unknown += 1
        else:
            entries.append(entry)
    return ReadBack(tuple(entries), damaged, unknown)
