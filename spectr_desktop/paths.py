"""Where the program finds its resources and keeps what it writes."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

import platformdirs

_NAME = "spectr-desktop"
_PACKAGE = Path(__file__).resolve().parent


def resources() -> Path:
    """The folder of shipped resources: inside an installed package, beside it in a checkout."""
    inside = _PACKAGE / "resources"
    return inside if inside.is_dir() else _PACKAGE.parent / "resources"


def home() -> Path | None:
    """The folder that `SPECTR_HOME` names: all that the program writes goes there."""
    value = os.environ.get("SPECTR_HOME", "").strip()
    return Path(value).expanduser().absolute() if value else None


def data() -> Path:
    """The folder of runs and projects."""
    return home() or Path(platformdirs.user_data_dir(_NAME, appauthor=False))


def runs() -> Path:
    """One folder a run, each with its journal."""
    return data() / "runs"


def projects() -> Path:
    """One folder a project, with what the auditor decided in it."""
    return data() / "projects"


def logs() -> Path | None:
    """The folder of rotating log files, made if it is not there; None if that cannot be done."""
    root = home()
    folder = root / "logs" if root else Path(platformdirs.user_log_dir(_NAME, appauthor=False))
    try:
        return private_folder(folder)
    except OSError:
        return None


def private_folder(path: Path) -> Path:
    """Make a folder (and its parents) that only the user may enter.

    Raises:
        OSError: it cannot be made.
    """
    missing: list[Path] = []
    current = path
    while not current.exists():
        missing.append(current)
        current = current.parent
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    return path


def write_atomically(target: Path, raw: bytes) -> None:
    """Write a file in one step: afterwards it is the old one or the new one, whole.

    Raises:
        OSError: it did not work; the target is as it was.
    """
    old = target.stat() if target.exists() else None
    if old is not None and stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(target)
    if old is not None and not os.access(target, os.W_OK):
        raise PermissionError(target)  # replacing needs only the folder's permission
    temporary = target.with_name(f".{secrets.token_hex(6)}.tmp")
    try:
        # 0o666 less the umask: what any new file gets.
        descriptor = os.open(
            temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o666
        )
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        if old is not None:
            _keep_owner_and_mode(temporary, old)
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def write_private(target: Path, raw: bytes) -> None:
    """As `write_atomically`, a file that only the user may read.

    Raises:
        OSError: it did not work; the target is as it was.
    """
    write_atomically(target, raw)
    target.chmod(0o600)


def _keep_owner_and_mode(path: Path, old: os.stat_result) -> None:
    new = path.stat()
    if os.name == "posix" and (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        with contextlib.suppress(PermissionError):  # only root may give files away
            os.chown(path, old.st_uid, old.st_gid)
    path.chmod(stat.S_IMODE(old.st_mode))


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where folders can be synced."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
