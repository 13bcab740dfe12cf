"""Erasing a client, or what is old: counted first, then removed so that nothing is left."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from spectr_desktop import paths
from spectr_desktop.logs import logger
from spectr_desktop.records.history import ErasePlan
from spectr_desktop.store.decisions import project_path
from spectr_desktop.store.history import IndexLost
from spectr_desktop.store.journal import FILE_NAME as JOURNAL_NAME
from spectr_desktop.store.projects import path_text, projects, sighters, size_of
from spectr_desktop.store.stored_runs import RunsError, is_writing
from spectr_desktop.store.trash import put_aside, remove_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spectr_desktop.store.history import History, Known
    from spectr_desktop.store.projects import StoredProject

_log = logger(__name__)
_MOST_NAMED = 3


class Eraser:
    """Says what would go, and removes it.

    Args:
        index: as the last refresh has left it.
    """

    def __init__(self, index: History) -> None:
        self._index = index

    def of_project(self, root: Path) -> ErasePlan:
        """All that is kept of a project, and of those whose folders lie in it."""
        goal = root.resolve()
        known = self._known()
        mine = [
            project
            for project in projects()
            if is_inside(project.root, goal) or project.folder == project_path(goal)
        ]
        sighted = frozenset[str]().union(*(sighters(project.folder).runs for project in mine))
        runs = {
            run
            for run, each in known.items()
            if is_inside(each.project, goal) or (not each.project and run in sighted)
        }
        aside = [
            folder
            for folder in put_aside()
            if is_inside(_root_of(folder), goal)
            or (not _root_of(folder) and folder.name in sighted)
        ]
        drafts = [file for file in _drafts() if _is_draft_of(file, goal)]
        return _plan(goal, 0, runs, known, mine, aside, drafts)

    def older_than(self, days: int, now: datetime.datetime) -> ErasePlan:
        """Runs and drafts that nothing has happened to for so many days.

        Projects go with them if nothing newer of them is kept.
        """
        limit = now - datetime.timedelta(days=days)
        known = self._known()
        runs = {run for run, each in known.items() if _last(each) < limit}
        kept = {known[run].project for run in known.keys() - runs}
        mine = [
            project
            for project in projects()
            if path_text(project.root) not in kept and _changed_at(project.folder) < limit
        ]
        aside = [folder for folder in put_aside() if _changed_at(folder) < limit]
        drafts = [file for file in _drafts() if _time(file) < limit]
        return _plan(None, days, runs, known, mine, aside, drafts)

    def erase(self, plan: ErasePlan, progress: Callable[[int, int], None] | None = None) -> None:
        """Remove what a plan names, its words in the index, and all logs.

        Raises:
            RunsError: a run is still being written, and nothing was removed; or something of it
                cannot be removed.
        """
        for run in plan.runs:
            if is_writing(run):
                raise _going_on(run)
        # The projects last: if this breaks off, they still say which runs belong to them.
        aside = [folder for folder in put_aside() if folder.name in plan.runs]
        folders = [*(paths.runs() / run for run in plan.runs), *aside, *plan.drafts, *plan.projects]
        left: list[str] = []
        for count, folder in enumerate(folders, 1):
            try:
                if folder.is_dir():
                    remove_folder(folder)
                else:
                    folder.unlink(missing_ok=True)
            except OSError as error:
                left.append(f"{folder} ({error.strerror or error})")
            if progress is not None:
                progress(count, len(folders) + 1)
        try:
            self._index.remove(plan.runs)
            self._index.scrub()
        except IndexLost:
            _log.info("the index was removed as a whole")
        left += _empty_logs()
        if progress is not None:
            progress(len(folders) + 1, len(folders) + 1)
        if left:
            raise _not_all(left)

    def _known(self) -> dict[str, Known]:
        try:
            return self._index.known()
        except IndexLost as error:
            raise RunsError(
                "index_lost",
                "The list of runs was damaged and has to be built again first. Try again.",
            ) from error


def is_inside(root: str, goal: Path) -> bool:
    """Whether a project's folder is this one or lies in it."""
    if not root:
        return False
    here, there = Path(path_text(root)), Path(path_text(goal))
    return here == there or there in here.parents


def _plan(
    root: Path | None,
    days: int,
    runs: set[str],
    known: dict[str, Known],
    mine: list[StoredProject],
    aside: list[Path],
    drafts: list[Path],
) -> ErasePlan:
    folders = [*(paths.runs() / run for run in runs), *aside, *(each.folder for each in mine)]
    size = sum(size_of(file) for folder in folders for file in _files(folder))
    began = sorted(at for run in runs if (at := known[run].created_at))
    roots = {path_text(each.root) for each in mine} | {known[run].project for run in runs}
    return ErasePlan(
        root=root,
        days=days,
        runs=tuple(sorted(runs | {folder.name for folder in aside})),
        projects=tuple(each.folder for each in mine),
        drafts=tuple(drafts),
        roots=tuple(sorted(roots - {""})),
        bytes=size + sum(size_of(file) for file in drafts),
        decisions=sum(sighters(each.folder).entries for each in mine),
        first=began[0] if began else "",
        last=began[-1] if began else "",
    )


def _drafts() -> list[Path]:
    folder = paths.data() / "drafts"
    try:
        return sorted(folder / name for name in os.listdir(folder))  # noqa: PTH208  # hidden too
    except OSError:
        return []


def _is_draft_of(file: Path, goal: Path) -> bool:
    """Whether a draft belongs to a project, by its root or its file.

    Of one that broke off the folder's name is looked for, as JSON writes it.
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        _log.warning("a draft is not read: %s", error)
        return False
    try:
        value: object = json.loads(raw)
    except (ValueError, RecursionError):
        name, below = json.dumps(str(goal)), json.dumps(f"{goal}{os.sep}")[:-1]
        return name.encode("ascii") in raw or below.encode("ascii") in raw
    if not isinstance(value, dict):
        return False
    fields = cast("dict[str, Any]", value)
    named = (fields.get("root"), fields.get("path"))
    return any(isinstance(each, str) and is_inside(_resolved(each), goal) for each in named)


def _root_of(folder: Path) -> str:
    """The project of a run that was put aside, from its first line."""
    try:
        with (folder / JOURNAL_NAME).open("rb") as journal:
            value: object = json.loads(journal.readline())
    except (OSError, ValueError, RecursionError):
        return ""
    root = cast("dict[str, Any]", value).get("root") if isinstance(value, dict) else None
    return _resolved(root) if isinstance(root, str) else ""


def _resolved(path: str) -> str:
    """A path without links, "" for none."""
    try:
        return str(Path(path).resolve()) if path else ""
    except (OSError, ValueError):  # it is no path
        return path


def _last(known: Known) -> datetime.datetime:
    """When something happened to a run last; its file says so if it does not itself."""
    for text in (known.finished_at, known.created_at):
        try:
            at = datetime.datetime.fromisoformat(text)
        except ValueError:
            continue
        return at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
    return datetime.datetime.fromtimestamp(known.stamp.journal_mtime / 1e9, datetime.UTC)


def _changed_at(folder: Path) -> datetime.datetime:
    """When a file of a folder was changed last."""
    return max(
        (_time(file) for file in _files(folder)),
        default=datetime.datetime.min.replace(tzinfo=datetime.UTC),
    )


def _time(file: Path) -> datetime.datetime:
    try:
        return datetime.datetime.fromtimestamp(file.stat().st_mtime, datetime.UTC)
    except OSError:
        return datetime.datetime.max.replace(tzinfo=datetime.UTC)


def _files(folder: Path) -> Iterator[Path]:
    for parent, _folders, names in os.walk(folder):
        yield from (Path(parent) / name for name in names)


def _empty_logs() -> list[str]:
    """Empty the program's log files, also the one that is open; returns what cannot be."""
    folder = paths.logs()
    left: list[str] = []
    for file in folder.glob("spectr-desktop.log*") if folder else ():
        try:
            os.truncate(file, 0)
        except OSError as error:
            left.append(f"{file} ({error.strerror or error})")
    return left


def _going_on(run: str) -> RunsError:
    return RunsError(
        "run_going_on",
        f"The run {run} is still being written. Stop it first; nothing has been erased.",
        params={"run": run},
    )


def _not_all(left: list[str]) -> RunsError:
    named = "; ".join(left[:_MOST_NAMED]) + ("; …" if len(left) > _MOST_NAMED else "")
    return RunsError(
        "not_erased",
        f"Not all of it could be erased. Make these writable and erase again: {named}.",
        params={"left": len(left)},
        detail="\n".join(left),
    )
