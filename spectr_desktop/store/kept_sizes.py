"""How much room what is kept takes on the disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spectr_desktop import paths
from spectr_desktop.logs import logger
from spectr_desktop.store.history import FILE_NAME as INDEX
from spectr_desktop.store.trash import deleted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """What there is of one kind.

    Attributes:
        count: folders or files.
        size: in bytes, of all files in them.
    """

    count: int
    size: int


def kept_sizes(stopped: Callable[[], bool] = lambda: False) -> dict[str, Kept]:
    """Kind → what there is: runs, projects, index, drafts, logs, deleted.

    It looks at every file: call it in a thread.

    Args:
        stopped: nobody waits for the answer any more.
    """
    home = paths.data()
    return {
        "runs": _folders(paths.runs(), stopped),
        "projects": _folders(paths.projects(), stopped),
        "index": _index(home),
        "drafts": _folders(home / "drafts", stopped),
        "logs": _folders(paths.logs(), stopped),
        "deleted": _folders(deleted(), stopped),
    }


def _folders(folder: Path | None, stopped: Callable[[], bool]) -> Kept:
    """The entries of a folder, and the size of all that is in them; no link is followed."""
    if folder is None:
        return Kept(0, 0)
    count, size = 0, 0
    waiting = [(folder, True)]
    while waiting and not stopped():
        where, top = waiting.pop()
        try:
            with os.scandir(where) as found:
                entries = list(found)
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                _log.info("%s is not measured: %s", where.name, error)
            continue
        # Locks and what is just being written begin with a dot; both are as good as empty.
        count += sum(not each.name.startswith(".") for each in entries) if top else 0
        for each in entries:
            if each.is_dir(follow_symlinks=False):
                waiting.append((where / each.name, False))
            else:
                size += _size(each)
    return Kept(count, size)


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:  # it went away meanwhile
        return 0


def _index(home: Path) -> Kept:
    """SQLite's file, and what it has beside it while it is open."""
    try:
        with os.scandir(home) as found:
            files = [each for each in found if each.name.startswith(INDEX)]
    except OSError:
        return Kept(0, 0)
    return Kept(len(files), sum(map(_size, files)))
