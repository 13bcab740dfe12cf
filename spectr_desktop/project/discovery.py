"""The contracts in a folder: found by their names, without what is installed or built."""

from __future__ import annotations

import fnmatch
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spectr_desktop.errors import SpectrError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SUFFIXES = (".sol", ".vy", ".vyi")
"""Of the names of contracts, in lower case."""
FILE_LIMIT = 2_000
BYTES_LIMIT = 32 * 1024 * 1024
ENTRY_LIMIT = 200_000
"""Names in all folders together that are looked at."""
_SKIPPED = frozenset(
    ("node_modules", "lib", "out", "artifacts", "cache", "build", "broadcast"),
)
_SKIPPED_BEGINNING = ("typechain", ".")


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a folder.

    Attributes:
        files: the contracts, ordered by their names below the folder.
        skipped_folders: names below the folder of those that were not entered because of what they
            are called, with forward slashes.
        excluded: how many contracts and folders the patterns left out.
        links: how many links were not followed.
    """

    files: tuple[Path, ...] = ()
    skipped_folders: tuple[str, ...] = ()
    excluded: int = 0
    links: int = 0


class Patterns:
    """Which names are meant by patterns such as "test/**", "**/mocks/*.sol" or "Old.sol".

    A pattern with a slash begins at the folder that it is for; one without means any file or folder
    of that name below it. A folder that is meant is meant with all that is in it.

    Args:
        patterns: `*` and `?` stand for letters within a name, `**` for any number of folders.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        # An empty one would mean everything.
        self._patterns = [_parts(pattern) for pattern in patterns if pattern.strip("./")]

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def match(self, name: str) -> bool:
        """Whether a relative name with forward slashes, or a folder above it, is meant."""
        parts = name.split("/")
        return any(_matches(pattern, parts) for pattern in self._patterns)


NOTHING = Patterns()


def discover(folder: Path, excluded: Patterns = NOTHING, base: Path | None = None) -> Found:
    """All contracts in a folder. No link is followed, so that none leads out of it or round.

    Args:
        folder: where to look; whatever its own name is.
        excluded: what is left out.
        base: the folder that these patterns begin at, None for the folder itself.

    Raises:
        SpectrError: "folder_unreadable", or "folder_too_large" where a limit is passed.
    """
    return _Walk(folder, excluded, base or folder).found()


def would_find(name: str) -> bool:
    """Whether a contract of this name below a folder would be found, if it was there."""
    *folders, last = name.split("/")
    skipped = any(_is_skipped(folder) for folder in folders)
    return _is_contract(last) and not skipped


class _Walk:
    """One look through a folder.

    Args: as of `discover`.
    """

    def __init__(self, folder: Path, excluded: Patterns, base: Path) -> None:
        self._folder = folder
        self._excluded = excluded
        self._prefix = _below(folder, base)
        self._files: dict[str, Path] = {}
        self._skipped: list[str] = []
        self._left_out = self._links = self._bytes = self._entries = 0

    def found(self) -> Found:
        waiting = [""]
        while waiting:
            waiting += self._look(waiting.pop())
        ordered = tuple(self._files[name] for name in sorted(self._files))
        return Found(ordered, tuple(sorted(self._skipped)), self._left_out, self._links)

    def _look(self, below: str) -> list[str]:
        """Take the contracts of one folder; the names of those in it that are to be looked at."""
        try:
            with os.scandir(self._folder / below) as entries:
                listed = list(entries)
        except OSError as error:
            raise SpectrError(
                "folder_unreadable",
                f"The folder {self._folder / below} cannot be read ({error.strerror or error}). "
                "Exclude it, or name the contracts one by one.",
                params={"path": str(self._folder / below)},
            ) from error
        self._entries += len(listed)
        if self._entries > ENTRY_LIMIT:
            raise self._too_large(f"more than {ENTRY_LIMIT:,} names")
        folders: list[str] = []
        for entry in listed:
            name = f"{below}/{entry.name}" if below else entry.name
            if _is_link(entry):
                self._links += not entry.name.startswith(".")
            elif entry.is_dir(follow_symlinks=False):
                if self._enters(name, entry.name):
                    folders.append(name)
            elif _is_contract(entry.name):
                self._take(name, entry)
        return folders

    def _enters(self, name: str, last: str) -> bool:
        if _is_skipped(last):
            if not last.startswith("."):
                self._skipped.append(name)
            return False
        if self._excluded.match(self._prefix + name):
            self._left_out += 1
            return False
        return True

    def _take(self, name: str, entry: os.DirEntry[str]) -> None:
        if self._excluded.match(self._prefix + name):
            self._left_out += 1
            return
        info = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(info.st_mode):
            return  # a pipe, which would be waited for
        self._files[name] = self._folder / name
        self._bytes += info.st_size
        if len(self._files) > FILE_LIMIT:
            raise self._too_large(f"more than {FILE_LIMIT:,} contracts")
        if self._bytes > BYTES_LIMIT:
            raise self._too_large(f"more than {BYTES_LIMIT // 1024**2} MB of contracts")

    def _too_large(self, what: str) -> SpectrError:
        return SpectrError(
            "folder_too_large",
            f"{self._folder} has {what}. Name a folder within it, or exclude some in .spectr.toml.",
            params={"path": str(self._folder)},
        )


def _is_link(entry: os.DirEntry[str]) -> bool:
    is_junction = getattr(entry, "is_junction", None)  # of Windows, from Python 3.12 on
    return entry.is_symlink() or (is_junction is not None and is_junction())


def _is_contract(name: str) -> bool:
    # "._A.sol" is what macOS keeps beside A.sol on other systems' disks.
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def _is_skipped(folder: str) -> bool:
    return folder in _SKIPPED or folder.startswith(_SKIPPED_BEGINNING)


def _below(folder: Path, base: Path) -> str:
    """What stands before names below the folder in names below the base, "" if it is not in it."""
    try:
        below = folder.relative_to(base).as_posix()
    except ValueError:
        return ""
    return "" if below == "." else f"{below}/"


def _parts(pattern: str) -> list[str]:
    cleaned = pattern.removeprefix("./").rstrip("/")
    parts = [part for part in cleaned.split("/") if part]
    return parts if "/" in cleaned else ["**", *parts]


def _matches(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether the pattern means these names, or a beginning of them: a folder.

    All positions in the pattern are followed at once: a pattern of a stranger's cannot make this
    take longer than its length times theirs.
    """
    at = _spread({0}, pattern)
    at.discard(len(pattern))  # it means something in the folder, not the folder
    for part in parts:
        step = {
            position if pattern[position] == "**" else position + 1
            for position in at
            if pattern[position] == "**" or fnmatch.fnmatchcase(part, pattern[position])
        }
        at = _spread(step, pattern)
        if len(pattern) in at:
            return True
    return False


def _spread(positions: set[int], pattern: Sequence[str]) -> set[int]:
    """The positions, and those that are reached because `**` stands for no folder too."""
    reached = set(positions)
    for position in sorted(positions):
        following = position
        while following < len(pattern) and pattern[following] == "**":
            following += 1
            reached.add(following)
    return reached
