"""What the interpreter leaves when the whole program dies, and what the next start finds of it."""

from __future__ import annotations

import contextlib
import faulthandler
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from spectr_desktop import locks
from spectr_desktop.logs import logger

if TYPE_CHECKING:
    from pathlib import Path

_log = logger(__name__)
_OPEN = os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0)
_LAST = "fatal-last.txt"
_PATTERN = "fatal-[0-9]*.txt"
_MOST_BYTES = 64 * 1024
_MOST_TRIES = 10


@dataclass(frozen=True, slots=True)
class Death:
    """A program that ended by a fault.

    Attributes:
        ended: when, in UTC.
        stacks: of all its threads: names of code files, lines and functions, never a value.
    """

    ended: datetime
    stacks: str


class FatalFile:
    """The file that a dying program writes into: opened before, locked as long as it lives."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"fatal-{os.getpid()}.txt"
        self._descriptor = -1

    def start(self) -> None:
        """Open the file, and have the interpreter write into it when it dies; at worst log why not.

        What died before has been taken by `take_deaths`, or it is lost.
        """
        try:
            self._descriptor = _opened(self._path)
        except OSError as error:
            _log.warning("a fault would leave no trace: error %s", error.errno)
            return
        os.ftruncate(self._descriptor, 0)
        faulthandler.enable(self._descriptor, all_threads=True)

    def write_stacks(self) -> None:
        """Write what a fault would: the program is about to end by itself, without order."""
        if self._descriptor >= 0:
            faulthandler.dump_traceback(self._descriptor, all_threads=True)

    def stop(self) -> None:
        """The program ends in an orderly way, and leaves no file."""
        if self._descriptor < 0:
            return
        faulthandler.disable()
        os.close(self._descriptor)
        self._descriptor = -1
        with contextlib.suppress(OSError):
            self._path.unlink()


def take_deaths(folder: Path) -> Death | None:
    """The newest death that nobody was told of yet; each is given once, and all are logged.

    Files of programs that live are left alone, empty ones of dead programs are removed.
    """
    deaths = [death for path in folder.glob(_PATTERN) if (death := _taken(path)) is not None]
    deaths.sort(key=lambda death: death.ended)
    for death in deaths:
        _log.error("a program ended unexpectedly at %s\n%s", death.ended, death.stacks)
    return deaths[-1] if deaths else None


def _opened(path: Path) -> int:
    """A descriptor that has the lock of the file of this name.

    Raises:
        OSError: it cannot be made.
    """
    for _ in range(_MOST_TRIES):
        descriptor = os.open(path, _OPEN | os.O_CREAT, 0o600)
        try:
            locks.lock(descriptor, wait=True)
            # Another program that starts may have removed it between the two.
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise FileExistsError(path)


def _taken(path: Path) -> Death | None:
    """What a dead program left; its file is out of the way then."""
    try:
        descriptor = os.open(path, _OPEN)
    except OSError:  # somebody else has taken it
        return None
    try:
        locks.lock(descriptor, wait=False)
        raw = os.read(descriptor, _MOST_BYTES)
        ended = datetime.fromtimestamp(os.fstat(descriptor).st_mtime, UTC)
        if os.name == "posix":  # while it is locked; Windows moves no open file
            _put_away(path, keep=bool(raw))
    except OSError:  # its program lives
        return None
    finally:
        os.close(descriptor)
    if os.name != "posix":
        _put_away(path, keep=bool(raw))
    return Death(ended, raw.decode("utf-8", "replace").rstrip()) if raw else None


def _put_away(path: Path, *, keep: bool) -> None:
    with contextlib.suppress(FileNotFoundError):
        if keep:
            path.replace(path.with_name(_LAST))
        else:
            path.unlink()
