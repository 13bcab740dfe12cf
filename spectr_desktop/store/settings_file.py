"""The settings file itself: read, migrated, locked, and set aside where it is damaged."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from spectr_desktop import locks, paths
from spectr_desktop.logs import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, MutableMapping
    from pathlib import Path

_log = logger(__name__)

VERSION = 1
_LARGEST = 4 * 1024 * 1024  # bytes; more is not what a person or this program wrote

MIGRATIONS: dict[int, Callable[[MutableMapping[str, Any]], None]] = {}
"""Version → what makes the next version of a file that has it. Works on what `tomllib` gives, and
in the same way on what `tomlkit` gives, so that comments stay."""


class DamagedError(Exception):
    """The file is no TOML."""


def read_text(path: Path) -> str:
    """The file's text, "" if there is none.

    Raises:
        DamagedError: it is no text, or far too long.
        OSError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    if len(raw) > _LARGEST:
        raise DamagedError
    try:
        return raw.decode("utf-8-sig")  # some editors put a byte order mark first
    except UnicodeDecodeError as error:
        raise DamagedError from error


def parse(text: str) -> dict[str, Any]:
    """What the text says.

    Raises:
        DamagedError: it is no TOML.
    """
    if not text.strip():
        return {}
    import tomllib  # noqa: PLC0415  # not every start has a file to read

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedError from error


def version_of(document: MutableMapping[str, Any]) -> int:
    """The version that a file says it has; one that says none was written for this one."""
    version: object = document.get("version")
    if isinstance(version, int) and not isinstance(version, bool) and version > 0:
        return version
    return VERSION


def migrate(document: MutableMapping[str, Any]) -> None:
    """Bring an older document up to this version; a newer one stays what it is."""
    version = version_of(document)
    while version < VERSION:
        MIGRATIONS[version](document)
        version += 1
        document["version"] = version


def set_aside(path: Path) -> Path:
    """Give a damaged file another name beside its own, which no other file has.

    Raises:
        OSError: it cannot be renamed; it is where it was.
    """
    import datetime  # noqa: PLC0415  # 10 ms that a sound file need not pay

    now = datetime.datetime.now(datetime.UTC)
    first = path.with_name(f"{path.name}.damaged-{now:%Y%m%dT%H%M%SZ}")
    target, number = first, 1
    while target.exists():
        number += 1
        target = first.with_name(f"{first.name}-{number}")
    path.rename(target)
    _log.warning("damaged settings set aside as %s", target.name)
    return target


@contextlib.contextmanager
def held(path: Path) -> Generator[None, None, None]:
    """Let no other program change the file meanwhile.

    Raises:
        OSError: there is no place for the lock.
    """
    paths.private_folder(path.parent)
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        locks.lock(descriptor, wait=True)
        yield
    finally:
        os.close(descriptor)
