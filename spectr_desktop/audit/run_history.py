"""The history of runs: what the index says, kept true to the folders, and what is done with runs.

All of it takes a while and belongs to one thread, as the index does.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING

from spectr_desktop.audit import history_rows, recovery
from spectr_desktop.audit.history_erase import Eraser
from spectr_desktop.audit.history_projects import Projects, changed, stamp_of
from spectr_desktop.logs import logger
from spectr_desktop.records.findings import Finding  # a dataclass has it
from spectr_desktop.records.history import Facets, Page, RunRow, RunTexts, Wanted
from spectr_desktop.records.run import Outcome
from spectr_desktop.records.stored_run import StoredRun  # as above
from spectr_desktop.store import trash
from spectr_desktop.store.history import History, IndexLost
from spectr_desktop.store.stored_runs import (
    RunsError,
    read_note,
    read_run,
    run_ids,
    write_note,
)

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Generator, Iterator, Sequence
    from pathlib import Path

    from spectr_desktop.records.history import ErasePlan
    from spectr_desktop.store.history import Known

_log = logger(__name__)
_PORTION = 20
_LONGEST_TITLE = 200
# The first loss makes a new file; the second one goes on in memory.
_ATTEMPTS = 3


@dataclasses.dataclass(frozen=True, slots=True)
class OpenedRun:
    """A run as it was.

    Attributes:
        stored: header with the sources that were sent, texts, outcome.
        findings: of this run, at their places in these sources, with what was decided since.
        chain: the runs that it goes on with, the nearest first, the first one last.
    """

    stored: StoredRun
    findings: tuple[Finding, ...]
    chain: tuple[StoredRun, ...] = ()


class RunHistory:
    """Searches, opens, renames, deletes and erases runs.

    Args:
        index: None for the program's own.

    Attributes:
        changed: the last refresh found something new.
    """

    def __init__(self, index: History | None = None) -> None:
        self._index = index or History()
        self._trash = trash.Trash()
        self.changed = False

    # The index

    def refreshing(self) -> Iterator[tuple[int, int]]:
        """Bring the index to what the folders hold, a run at a step.

        Yields:
            How many runs have been read, and how many there are to read.
        """
        self.changed = False
        for attempt in range(_ATTEMPTS):
            try:
                yield from self._refreshing()
            except IndexLost:
                self.changed = True
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                self._index.built()
                return

    def refresh(
        self,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> bool:
        """As `refreshing`, at once; False if it was cancelled."""
        for done, total in self.refreshing():
            if progress is not None:
                progress(done, total)
            if cancelled is not None and cancelled():
                return False
        return True

    def search(self, wanted: Wanted, limit: int = 30, offset: int = 0) -> Page:
        """The runs that are wanted, the newest first."""
        try:
            return self._index.search(wanted, limit, offset)
        except IndexLost:
            return Page(lost=True)

    def facets(self) -> Facets:
        """What projects, models and outcomes there are."""
        try:
            return self._index.facets()
        except IndexLost:
            return Facets()

    def _refreshing(self) -> Iterator[tuple[int, int]]:
        known, found = self._index.known(), run_ids()
        gone = known.keys() - set(found)
        self._index.remove(gone)
        projects_now = Projects()
        todo = [
            (run, what == "decisions")
            for run in found
            if (what := changed(run, known.get(run), projects_now))
        ]
        self.changed = self.changed or bool(gone or todo)
        yield 0, len(todo)
        for count, (run, only_decisions) in enumerate(todo, 1):
            if only_decisions:
                self._decide(run, known[run], projects_now)
            else:
                self._take(run, projects_now)
            if count % _PORTION == 0:
                self._index.commit()
            yield count, len(todo)
        self._index.commit()

    def _take(self, run: str, projects_now: Projects) -> None:
        stamp = stamp_of(run)
        try:
            stored = read_run(run)
            root = projects_now.root_of(stored)
            decided = history_rows.decided(run, projects_now.findings(root))
            findings = decided or history_rows.findings_of(stored, None)
            row = history_rows.row_of(stored, root, findings)
            texts = history_rows.texts_of(stored, findings)
            stamp = dataclasses.replace(stamp, decisions_size=projects_now.size(root))
        except Exception as error:  # noqa: BLE001  # logged, and the row says so
            if isinstance(error, RunsError) and error.code == "run_missing":
                self._index.remove([run])  # it was deleted since it was listed
                return
            # One run that cannot be read must not hide the others.
            _log.warning("a run is not read: %s", type(error).__name__, exc_info=error)
            row = RunRow(run, run, outcome=Outcome.INTERRUPTED, damaged_lines=1)
            texts = RunTexts()
        self._index.put(row, texts, stamp)

    def _decide(self, run: str, known: Known, projects_now: Projects) -> None:
        """Take in what was decided since, without reading the journal again."""
        row = self._index.row(run)
        decided = history_rows.decided(run, projects_now.findings(known.project))
        if row is None or not decided:
            self._take(run, projects_now)
            return
        stamp = dataclasses.replace(known.stamp, decisions_size=projects_now.size(known.project))
        counted = history_rows.counted(row, decided)
        self._index.decide(counted, history_rows.words_of(decided), stamp)

    # One run

    def open(self, run: str) -> OpenedRun:
        """A run with its findings and the runs that it goes on with.

        Raises:
            RunsError: there is no such run, or it cannot be read.
        """
        stored = read_run(run)
        projects_now = Projects()
        found = projects_now.findings(projects_now.root_of(stored))
        findings = tuple(history_rows.findings_of(stored, found))
        return OpenedRun(stored, findings, tuple(reversed(recovery.chain(stored)[:-1])))

    def rename(self, run: str, title: str) -> str:
        """Call a run something else, "" for its own title; returns what it is called now.

        Raises:
            RunsError: that cannot be kept, or there is no such run.
        """
        plain = " ".join(title.split())[:_LONGEST_TITLE]
        write_note(run, dataclasses.replace(read_note(run), title=plain))
        self._take_now([run])
        return plain

    # Deleting

    def delete(self, runs: Sequence[str]) -> str:
        """Put runs aside until the program ends; returns what `undelete` takes.

        Raises:
            RunsError: one is still being written, or it cannot be moved; all are still there.
        """
        token = self._trash.delete(runs)
        with _if_it_is_there():
            self._index.remove(runs)
            self._index.commit()
        return token

    def undelete(self, token: str) -> list[str]:
        """Put back what was deleted; returns the runs.

        Raises:
            RunsError: they cannot be moved back.
        """
        runs = self._trash.restore(token)
        self._take_now(runs)
        return runs

    def sweep(self) -> None:
        """Delete for good what programs put aside that have died since."""
        trash.sweep()

    def close(self) -> None:
        """Delete for good what was put aside, and close the index."""
        self._trash.close()
        self._index.close()

    # Erasing

    def erase_plan(self, root: Path) -> ErasePlan:
        """What `erase_project` would take away."""
        self.refresh()
        return Eraser(self._index).of_project(root)

    def erase_plan_older(self, days: int, now: datetime.datetime) -> ErasePlan:
        """What `erase_older_than` would take away."""
        self.refresh()
        return Eraser(self._index).older_than(days, now)

    def erase_project(
        self, root: Path, progress: Callable[[int, int], None] | None = None
    ) -> ErasePlan:
        """Erase a project and what lies in its folder: runs, decisions, drafts, index, logs.

        Raises:
            RunsError: a run is still being written; or not all of it could be removed.
        """
        plan = self.erase_plan(root)
        Eraser(self._index).erase(plan, progress)
        return plan

    def erase_older_than(
        self,
        days: int,
        now: datetime.datetime,
        progress: Callable[[int, int], None] | None = None,
    ) -> ErasePlan:
        """Erase what nothing has happened to for so many days.

        Raises:
            RunsError: a run is still being written; or not all of it could be removed.
        """
        plan = self.erase_plan_older(days, now)
        Eraser(self._index).erase(plan, progress)
        return plan

    def _take_now(self, runs: Sequence[str]) -> None:
        with _if_it_is_there():
            projects_now = Projects()
            for run in runs:
                self._take(run, projects_now)
            self._index.commit()


@contextlib.contextmanager
def _if_it_is_there() -> Generator[None]:
    """A lost index has been logged, and is built with the next refresh."""
    with contextlib.suppress(IndexLost):
        yield
