"""Locks on open files: the system gives them up when a program dies, however it does."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

# Windows locks bytes, and keeps others from reading them: one that no file has.
_BYTE = 2**40


def lock(descriptor: int, *, wait: bool) -> None:
    """Take the lock of an open file; closing the descriptor gives it back.

    Raises:
        OSError: somebody else has it, and we do not wait.
    """
    if sys.platform == "win32":
        where = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, _BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(descriptor, where, os.SEEK_SET)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def is_locked(descriptor: int) -> bool:
    """Whether another open file has the lock; asking takes it for an instant.

    The descriptor has to be one that was opened for writing.
    """
    try:
        lock(descriptor, wait=False)
    except OSError:
        return True
    if sys.platform == "win32":
        where = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, _BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        finally:
            os.lseek(descriptor, where, os.SEEK_SET)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False
