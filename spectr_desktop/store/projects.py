"""The projects that something is kept of, and which runs belong to which."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from spectr_desktop import paths
from spectr_desktop.logs import logger
from spectr_desktop.store.decisions import FILE_NAME, PROJECT_FILE_NAME

if TYPE_CHECKING:
    from pathlib import Path

_log = logger(__name__)


class StoredProject(NamedTuple):
    """A project that has a folder of its own here.

    Attributes:
        folder: among the program's files.
        root: the folder that is audited; "" if the file that says so is gone or damaged.
        decisions_size: bytes of what was decided, 0 if nothing was.
    """

    folder: Path
    root: str
    decisions_size: int


class Sighters(NamedTuple):
    """What a project's decisions tell of runs.

    Attributes:
        runs: those that reported findings.
        entries: how many entries there are.
    """

    runs: frozenset[str]
    entries: int


def projects() -> list[StoredProject]:
    """All of them; none if there is no place for them."""
    try:
        with os.scandir(paths.projects()) as found:
            names = sorted(each.name for each in found if each.is_dir(follow_symlinks=False))
    except OSError:
        return []
    folders = (paths.projects() / name for name in names)
    return [StoredProject(folder, _root(folder), size_of(folder / FILE_NAME)) for folder in folders]


def sighters(folder: Path) -> Sighters:
    """The runs that a project's decisions name: older journals do not say whose they are."""
    runs: set[str] = set()
    entries = 0
    try:
        with (folder / FILE_NAME).open("rb") as file:
            for line in file:
                value = _object(line)
                entries += bool(value)
                if value.get("kind") == "sighted" and isinstance(value.get("sighting"), dict):
                    runs.add(str(value["sighting"].get("run", "")))
    except OSError as error:
        if not isinstance(error, FileNotFoundError):
            _log.warning("decisions of %s are not read: %s", folder.name, error)
    return Sighters(frozenset(runs - {""}), entries)


def path_text(path: str | Path) -> str:
    """A path as text that every file can hold: what is no text in it is spelled out."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def size_of(file: Path) -> int:
    """The bytes of a file, 0 if it is not there."""
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _root(folder: Path) -> str:
    try:
        root = _object((folder / PROJECT_FILE_NAME).read_bytes()).get("root")
    except OSError as error:
        _log.info("a project has no name: %s", error)
        return ""
    return root if isinstance(root, str) else ""


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value: object = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
