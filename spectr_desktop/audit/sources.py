"""The files of a command line, as they are sent: under names that begin at their common folder."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from spectr_desktop.errors import SpectrError
from spectr_desktop.project import git
from spectr_desktop.project.discovery import NOTHING, Found, Patterns, discover, would_find
from spectr_desktop.project.document import SIZE_LIMIT, read_document
from spectr_desktop.records.source import SourceFile, source_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.project.git import Tree

_MOST_NAMED = 5
_GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be audited, as it was named.

    Attributes:
        named: files and folders; a file is always taken, a folder is searched.
        patterns: of files below `base` that are taken too.
        excluded: of what is not taken from a folder.
        base: the folder that patterns begin at, which is the project's; None where nothing says
            which it is, then the common folder of all that is named.
    """

    named: tuple[Path, ...]
    patterns: tuple[str, ...] = ()
    excluded: Patterns = NOTHING
    base: Path | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """The files that a scope means now.

    Attributes:
        root: the project's folder.
        paths: absolute, in the order in which they were named, each once.
        folders: those that were searched.
        found: in each of these.
    """

    root: Path
    paths: tuple[Path, ...]
    folders: tuple[Path, ...] = ()
    found: tuple[Found, ...] = ()


@dataclass(frozen=True, slots=True)
class Sources:
    """What can be sent.

    Attributes:
        root: the project's folder.
        files: under names that begin there.
        problems: of each file that could not be read.
    """

    root: Path
    files: tuple[SourceFile, ...]
    problems: tuple[SpectrError, ...] = field(default=())


def scope_of(
    named: Sequence[Path], base: Path | None, own_scope: Sequence[str], exclude: Sequence[str]
) -> Scope:
    """The scope of a command line and of the project's file.

    Args:
        named: what the arguments name.
        base: the folder of the project's file, None if there is none.
        own_scope: files, folders and patterns in it, for where nothing is named.
        exclude: patterns in it.

    Raises:
        SpectrError: "nothing_named".
    """
    excluded = Patterns(exclude)
    whole = tuple(_absolute(path) for path in named)
    if whole:
        inside = base is not None and all(path.is_relative_to(base) for path in whole)
        return Scope(whole, (), excluded, base if inside else None)
    if base is None or not own_scope:
        raise SpectrError(
            "nothing_named",
            "Nothing is named that could be audited. Name a contract or a folder, or give "
            ".spectr.toml a scope.",
        )
    plain = [each for each in own_scope if not _GLOB & set(each)]
    patterns = tuple(each for each in own_scope if _GLOB & set(each))
    inside = base.resolve()
    paths = [base / each for each in plain]
    # A link in the client's folder could lead to any file of the user's.
    strangers = [path for path in paths if not path.resolve().is_relative_to(inside)]
    if strangers:
        raise SpectrError(
            "scope_leaves",
            f"The scope in .spectr.toml names {strangers[0]}, a link that leads out of the folder. "
            "Name it as an argument if you want it audited.",
            params={"path": str(strangers[0])},
        )
    return Scope(tuple(_absolute(path) for path in paths), patterns, excluded, base)


def gather(scope: Scope) -> Gathered:
    """The files that the scope means now.

    Raises:
        SpectrError: "nothing_found" if there is none, or as `discovery.discover`.
    """
    paths: dict[Path, None] = {}
    folders: list[Path] = []
    found: list[Found] = []
    for path in scope.named:
        if os.path.isdir(path):  # noqa: PTH112  # the method raises without the permission
            folders.append(path)
            found.append(discover(path, scope.excluded, scope.base))
            paths.update(dict.fromkeys(found[-1].files))
        else:
            paths[path] = None
    if scope.patterns and scope.base is not None:
        wanted, everything = Patterns(scope.patterns), discover(scope.base, scope.excluded)
        folders.append(scope.base)
        files = [p for p in everything.files if wanted.match(_name(p, scope.base))]
        paths.update(dict.fromkeys(files))
        found.append(
            Found(tuple(files), everything.skipped_folders, everything.excluded, everything.links)
        )
    if not paths:
        raise SpectrError(
            "nothing_found",
            f"There is no Solidity or Vyper file in {_listed([str(path) for path in folders])}. "
            "Name a contract, or a folder that holds some.",
            params={"path": str(folders[0]) if folders else ""},
        )
    tops = [path if path in folders else path.parent for path in scope.named]
    root = scope.base or Path(os.path.commonpath(tops))
    return Gathered(root, tuple(paths), tuple(folders), tuple(found))


def told(gathered: Gathered) -> str:
    """How many contracts were found and what was left out, as a sentence; "" without a folder."""
    if not gathered.folders:
        return ""
    count = sum(len(found.files) for found in gathered.found)
    where = _listed([str(folder) for folder in gathered.folders])
    skipped = [name for found in gathered.found for name in found.skipped_folders]
    excluded = sum(found.excluded for found in gathered.found)
    links = sum(found.links for found in gathered.found)
    left = [f"{_counted(len(skipped), 'folder')} ({_listed(skipped)})"] if skipped else []
    left += [f"{excluded} excluded by .spectr.toml"] if excluded else []
    left += [_counted(links, "link")] if links else []
    behind = f"; left out: {', '.join(left)}" if left else ""
    return f"Found {_counted(count, 'contract')} in {where}{behind}."


def changed(gathered: Gathered, ref: str, scope: Scope) -> tuple[Gathered, str]:
    """Only the files that a commit does not have as they are, and a sentence on the others.

    It waits for git: call it in a thread.

    Raises:
        SpectrError: as `git.tree_of`.
    """
    tree = git.tree_of(gathered.root, ref)
    left = tuple(path for path in gathered.paths if not _is_in(tree, path))
    gone = _deleted(tree, scope)
    sentence = f"{len(left)} of {_counted(len(gathered.paths), 'contract')} changed since {ref}"
    sentence += f"; deleted: {_listed(gone)}." if gone else "."
    return Gathered(gathered.root, left, gathered.folders, gathered.found), sentence


def read_sources(gathered: Gathered) -> Sources:
    """Read the files; one that cannot be read is no obstacle for the others.

    Raises:
        SpectrError: none can be read; of the first of them.
    """
    files: list[SourceFile] = []
    problems: list[SpectrError] = []
    for path in gathered.paths:
        try:
            text = read_document(path).text
        except SpectrError as error:
            problems.append(error)
        else:
            files.append(source_file(_name(path, gathered.root), text))
    if problems and not files:
        raise problems[0]
    return Sources(gathered.root, tuple(files), tuple(problems))


def _is_in(tree: Tree, path: Path) -> bool:
    """Whether the commit has the file; one that cannot be read is reported by whoever sends it."""
    try:
        info = path.stat()
        readable = stat.S_ISREG(info.st_mode) and info.st_size <= SIZE_LIMIT
        return readable and tree.holds(path, path.read_bytes())
    except (OSError, ValueError):
        return False


def _deleted(tree: Tree, scope: Scope) -> list[str]:
    """Contracts of the commit that the scope would mean, and that are not there."""
    gone: list[str] = []
    named = [path.resolve() for path in scope.named if os.path.isdir(path)]  # noqa: PTH112  # as above
    base = scope.base and scope.base.resolve()
    wanted = Patterns(scope.patterns)
    for name in sorted(tree.blobs):
        path = tree.top / name
        if not would_find(name.rpartition("/")[2]) or os.path.lexists(path):
            continue
        below = [folder for folder in named if path.is_relative_to(folder)]
        if base is not None and path.is_relative_to(base) and wanted.match(_name(path, base)):
            below.append(base)
        if any(
            would_find(_name(path, folder)) and not _left_out(path, base or folder, scope)
            for folder in below
        ):
            gone.append(name)
    return gone


def _left_out(path: Path, base: Path, scope: Scope) -> bool:
    return path.is_relative_to(base) and scope.excluded.match(_name(path, base))


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  # links are kept as they are named


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _listed(names: Sequence[str]) -> str:
    """Some of the names, and how many more there are."""
    more = len(names) - _MOST_NAMED
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
