"""What tells whether the index still holds: the projects and the files as they are now."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from spectr_desktop import paths
from spectr_desktop.logs import logger
from spectr_desktop.records.history import Stamp
from spectr_desktop.report.sightings import ProjectFindings
from spectr_desktop.store.decisions import DecisionFile, DecisionsError
from spectr_desktop.store.journal import FILE_NAME as JOURNAL_NAME
from spectr_desktop.store.projects import path_text, projects, sighters
from spectr_desktop.store.stored_runs import NOTE_NAME, is_writing

if TYPE_CHECKING:
    from spectr_desktop.records.stored_run import StoredRun
    from spectr_desktop.store.history import Known

_log = logger(__name__)


class Projects:
    """The projects as they are now, each read when it is asked for."""

    def __init__(self) -> None:
        self._by_root = {path_text(one.root): one for one in projects() if one.root}
        self._read: dict[str, ProjectFindings | None] = {}
        self._owners: dict[str, str] | None = None

    def root_of(self, stored: StoredRun) -> str:
        """The project's folder; of an older run, of the project that has its findings."""
        if stored.header is not None and stored.header.root:
            return path_text(Path(stored.header.root).resolve())
        if self._owners is None:
            self._owners = {
                run: root
                for root, project in self._by_root.items()
                for run in sighters(project.folder).runs
            }
        return self._owners.get(stored.id, "")

    def size(self, root: str) -> int:
        """Bytes of what was decided in a project."""
        project = self._by_root.get(root)
        return project.decisions_size if project else 0

    def findings(self, root: str) -> ProjectFindings | None:
        """The findings of a project; None if there are none."""
        if root not in self._by_root:
            return None
        if root not in self._read:
            try:
                entries = DecisionFile(self._by_root[root].folder).read().entries
                self._read[root] = ProjectFindings(entries)
            except DecisionsError as error:
                _log.warning("decisions are left out: %s", error.detail)
                self._read[root] = None
        return self._read[root]


def changed(run: str, known: Known | None, projects_now: Projects) -> str:
    """Whether a run has to be read again: "" for no, "decisions" if only these have changed."""
    stamp = stamp_of(run)
    if known is None:
        return "new" if stamp.journal_size or stamp.journal_mtime else ""
    old = dataclasses.replace(known.stamp, decisions_size=0)
    if stamp != old or (known.going_on and not is_writing(run)):
        return "changed"
    size = projects_now.size(known.project)
    return "decisions" if size != known.stamp.decisions_size else ""


def stamp_of(run: str) -> Stamp:
    """By what the files of a run are known; the decisions of its project apart."""
    folder = paths.runs() / run
    journal, note = _stat(folder / JOURNAL_NAME), _stat(folder / NOTE_NAME)
    return Stamp(*journal, *note)


def _stat(file: Path) -> tuple[int, int]:
    try:
        found = os.stat(file)  # noqa: PTH116  # twice as fast, and asked for thousands
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns
