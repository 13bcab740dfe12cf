"""Deleted runs, kept aside as long as the program runs that deleted them."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from typing import TYPE_CHECKING

from spectr_desktop import paths
from spectr_desktop.locks import is_locked, lock
from spectr_desktop.logs import logger
from spectr_desktop.store.stored_runs import RunsError, folder_of, is_writing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_log = logger(__name__)
_LOCK = ".lock"
_BINARY = getattr(os, "O_BINARY", 0)


def deleted() -> Path:
    """The folder of what was deleted: in it a folder for each program, in that one a deletion."""
    return paths.data() / "deleted"


class Trash:
    """What this program has deleted. A locked file beside its folder says that it lives."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._lock = -1

    def delete(self, runs: Sequence[str]) -> str:
        """Put runs aside: all of them, or none.

        Returns:
            What `restore` takes.

        Raises:
            RunsError: one is still being written, or it cannot be moved.
        """
        for run in runs:
            if is_writing(run):
                raise _going_on(run)
        token = secrets.token_hex(6)
        moved: list[str] = []
        try:
            goal = paths.private_folder(self._own() / token)
        except OSError as error:
            raise _kept(error) from error
        try:
            for run in runs:
                source = folder_of(run)
                if source.exists():  # else another program has deleted it
                    source.rename(goal / run)
                    moved.append(run)
        except OSError as error:
            for run in moved:
                with contextlib.suppress(OSError):
                    (goal / run).rename(folder_of(run))
            raise _kept(error) from error
        return token

    def restore(self, token: str) -> list[str]:
        """Put back what was deleted; returns the runs.

        Raises:
            RunsError: it is gone, or it cannot be moved.
        """
        folder = self._own() / token
        back: list[str] = []
        try:
            for each in sorted(folder.iterdir()):
                each.rename(paths.private_folder(paths.runs()) / each.name)
                back.append(each.name)
            folder.rmdir()
        except OSError as error:
            raise RunsError(
                "undo_failed",
                f"The deleted runs cannot be brought back ({error.strerror or error}). What is "
                f"left of them lies in {folder} until the program ends.",
                params={"folder": str(folder)},
                detail=str(error),
            ) from error
        return back

    def close(self) -> None:
        """Delete for good what this program put aside."""
        if self._folder is None:
            return
        _remove(self._folder)
        os.close(self._lock)
        _lock_of(self._folder).unlink(missing_ok=True)
        self._folder, self._lock = None, -1

    def _own(self) -> Path:
        """This program's folder, made at the first deletion."""
        if self._folder is None:
            folder = paths.private_folder(deleted()) / secrets.token_hex(6)
            # The lock first: a folder without one is taken for a dead program's.
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY
            self._lock = os.open(_lock_of(folder), flags, 0o600)
            lock(self._lock, wait=True)
            paths.private_folder(folder)
            self._folder = folder
        return self._folder


def sweep() -> None:
    """Delete for good what programs have left that did not end in order."""
    for folder in _folders(deleted()):
        if not _is_alive(folder):
            _remove(folder)
            with contextlib.suppress(OSError):
                _lock_of(folder).unlink(missing_ok=True)


def put_aside() -> list[Path]:
    """The folders of all deleted runs that are still there, of whatever program."""
    return [
        run
        for program in _folders(deleted())
        for deletion in _folders(program)
        for run in _folders(deletion)
    ]


def remove_folder(folder: Path) -> None:
    """Remove a folder and all that is in it, for good.

    Raises:
        OSError: something of it is still there.
    """
    if folder.exists():
        shutil.rmtree(folder)


def _remove(folder: Path) -> None:
    try:
        remove_folder(folder)
    except OSError as error:
        _log.warning("deleted runs are still there: %s", error)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + _LOCK)


def _is_alive(folder: Path) -> bool:
    try:
        descriptor = os.open(_lock_of(folder), os.O_RDWR | _BINARY)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        return is_locked(descriptor)
    finally:
        os.close(descriptor)


def _folders(parent: Path) -> list[Path]:
    try:
        with os.scandir(parent) as found:
            return sorted(
                parent / each.name for each in found if each.is_dir(follow_symlinks=False)
            )
    except OSError:
        return []


def _going_on(run: str) -> RunsError:
    return RunsError(
        "run_going_on",
        f"The run {run} is still being written. Stop it first, then delete it.",
        params={"run": run},
    )


def _kept(error: OSError) -> RunsError:
    return RunsError(
        "not_deleted",
        f"Nothing was deleted, because the runs cannot be moved ({error.strerror or error}). Make "
        "the program's folder writable and try again.",
        detail=str(error),
    )
