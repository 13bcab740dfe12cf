"""The History tab at work: searched, opened, renamed, deleted and erased in one thread."""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from spectr_desktop.errors import SpectrError
from spectr_desktop.ui.history_model import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from PySide6.QtWidgets import QWidget

    from spectr_desktop.audit.history_thread import HistoryThread
    from spectr_desktop.audit.run_history import OpenedRun, RunHistory
    from spectr_desktop.records.history import ErasePlan, Wanted
    from spectr_desktop.ui.erase_dialog import EraseDialog
    from spectr_desktop.ui.history_view import HistoryView
    from spectr_desktop.ui.tasks import TaskOwner

# So many runs are read until the list is shown anew while the index is built.
_PORTION = 25


class HistoryControl(QObject):
    """Does what the tab asks for; the newest search wins.

    Signals:
        open_requested: (OpenedRun) a run was read and is to be shown.
        told: (str) a sentence for the status line.
        failed: (SpectrError) something could not be done.
        erase_requested: (str root) whoever has that project open closes it and then awaits
            `erase_client`.
        erased: something was erased: lists of recent files may name it still.
    """

    open_requested = Signal(object)
    told = Signal(str)
    failed = Signal(object)
    erase_requested = Signal(str)
    erased = Signal()

    def __init__(self, view: HistoryView, tasks: TaskOwner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._view, self._tasks = view, tasks
        self._made: HistoryThread | None = None
        self._closed = False
        self._search_number = 0
        self._deleted: list[tuple[str, int]] = []
        view.shown.connect(self.refresh)
        view.search_requested.connect(self._on_search_requested)
        view.more_requested.connect(self._on_more_requested)
        view.open_requested.connect(lambda run: self._start(self._open(run), "open run"))
        view.rename_requested.connect(
            lambda run, title: self._start(self._rename(run, title), "rename run")
        )
        view.delete_requested.connect(self.delete)
        view.undo_requested.connect(self._on_undo_requested)
        view.erase_requested.connect(self.erase_requested)
        view.erase_older_requested.connect(
            lambda: self._start(self.erase_older(view.window()), "erase what is old")
        )

    def refresh(self) -> None:
        """Show what is known at once, and look whether runs have come, changed or gone."""
        if self._closed:
            return
        self._search_again()
        self._thread.refresh(self._on_refreshed)

    async def close(self) -> None:
        """Delete for good what was deleted, and end the thread."""
        self._closed = True
        if self._made is not None:
            await self._made.close()

    async def erase_client(self, root: str, parent: QWidget) -> bool:
        """Ask, and erase a project with all that is kept of it; False if nothing was erased."""
        from spectr_desktop.ui.erase_dialog import EraseDialog  # noqa: PLC0415  # seldom needed

        goal = Path(root)
        try:
            plan = await self._thread.call(lambda history: history.erase_plan(goal))
        except SpectrError as error:
            self.failed.emit(error)
            return False
        dialog = EraseDialog(parent, by_age=False)
        dialog.show_plan(plan)
        return await self._asked_and_erased(
            dialog, lambda history, _plan, told: history.erase_project(goal, told)
        )

    async def erase_older(self, parent: QWidget) -> bool:
        """Ask for an age, and erase what is older; False if nothing was erased."""
        from spectr_desktop.ui.erase_dialog import EraseDialog  # noqa: PLC0415  # as above

        now = datetime.datetime.now(datetime.UTC)
        dialog = EraseDialog(parent, by_age=True)

        async def count(days: int) -> None:
            plan = await self._thread.call(lambda history: history.erase_plan_older(days, now))
            if dialog.days == days:
                dialog.show_plan(plan)

        try:
            await count(dialog.days)
        except SpectrError as error:
            dialog.deleteLater()
            self.failed.emit(error)
            return False
        dialog.days_changed.connect(lambda days: self._start(count(days), "count what is old"))
        return await self._asked_and_erased(
            dialog, lambda history, plan, told: history.erase_older_than(plan.days, now, told)
        )

    async def _asked_and_erased(
        self,
        dialog: EraseDialog,
        erase: Callable[[RunHistory, ErasePlan, Callable[[int, int], None]], ErasePlan],
    ) -> bool:
        from spectr_desktop.ui.erase_dialog import answered  # noqa: PLC0415  # as above

        plan = await answered(dialog)
        if plan is None:
            return False
        loop = asyncio.get_running_loop()

        def told(done: int, total: int) -> None:
            loop.call_soon_threadsafe(self._view.show_progress, done, total, True)

        try:
            gone = await self._thread.call(lambda history: erase(history, plan, told))
        except SpectrError as error:
            self.failed.emit(error)
            return False
        finally:
            self._view.show_progress(0, 0)
            self.refresh()
        runs = len(gone.runs)
        words = self.tr("1 run erased") if runs == 1 else self.tr("{n} runs erased")
        self.told.emit(words.format(n=runs))
        self.erased.emit()
        return True

    # The thread

    @property
    def _thread(self) -> HistoryThread:
        if self._made is None:
            # SQLite and what reads findings are not needed until the tab is.
            from spectr_desktop.audit.history_thread import HistoryThread  # noqa: PLC0415

            self._made = HistoryThread()
        return self._made

    def _start(self, coroutine: Coroutine[object, object, object], name: str) -> None:
        if self._closed:
            coroutine.close()
        else:
            self._tasks.start(self._spoken_of(coroutine), name)

    async def _spoken_of(self, coroutine: Coroutine[object, object, object]) -> None:
        try:
            await coroutine
        except SpectrError as error:
            self.failed.emit(error)

    def _on_refreshed(self, done: int, total: int, changed: bool) -> None:
        if self._closed:
            return
        self._view.show_progress(done, total)
        if changed and (done == total or (done and done % _PORTION == 0)):
            self._search_again()

    # What is asked for

    def _on_search_requested(self, wanted: Wanted) -> None:
        self._search_number += 1
        self._start(self._search(wanted, PAGE, self._search_number), "search runs")

    def _search_again(self) -> None:
        """The same search, with as many rows as are shown."""
        self._search_number += 1
        wanted = self._view.filters.wanted
        limit = max(PAGE, len(self._view.model.rows))
        self._start(self._search(wanted, limit, self._search_number, facets=True), "search runs")

    async def _search(
        self, wanted: Wanted, limit: int, number: int, *, facets: bool = False
    ) -> None:
        def work(history: RunHistory) -> tuple[object, object] | None:
            if number != self._search_number:
                return None  # something newer is wanted already
            page = history.search(wanted, limit)
            return page, history.facets() if facets else None

        found = await self._thread.call(work)
        if found is None or number != self._search_number:
            return
        page, offered = found
        if offered is not None:
            self._view.show_facets(offered)  # type: ignore[arg-type]
        self._view.show_page(wanted, page)  # type: ignore[arg-type]
        if page.lost:  # type: ignore[attr-defined]
            self._thread.refresh(self._on_refreshed)

    def _on_more_requested(self, wanted: Wanted, offset: int) -> None:
        self._start(self._more(wanted, offset), "more runs")

    async def _more(self, wanted: Wanted, offset: int) -> None:
        page = await self._thread.call(lambda history: history.search(wanted, PAGE, offset))
        self._view.add_page(wanted, page, offset)

    async def opened(self, run: str) -> OpenedRun:
        """A run, to be shown.

        Raises:
            SpectrError: there is none, or it cannot be read.
        """
        return await self._thread.call(lambda history: history.open(run))

    async def _open(self, run: str) -> None:
        self.open_requested.emit(await self.opened(run))

    async def _rename(self, run: str, title: str) -> None:
        await self._thread.call(lambda history: history.rename(run, title))
        self._search_again()

    def delete(self, runs: Sequence[str]) -> None:
        """Delete runs; the view offers to undo it."""
        self._start(self._delete(list(runs)), "delete runs")

    async def _delete(self, runs: list[str]) -> None:
        token = await self._thread.call(lambda history: history.delete(runs))
        self._deleted.append((token, len(runs)))
        self._view.show_deleted(len(runs))
        self._search_again()

    def _on_undo_requested(self) -> None:
        if self._deleted:
            token, _count = self._deleted.pop()
            self._view.show_deleted(self._deleted[-1][1] if self._deleted else 0)
            self._start(self._undelete(token), "bring runs back")

    async def _undelete(self, token: str) -> None:
        runs = await self._thread.call(lambda history: history.undelete(token))
        words = self.tr("1 run is back") if len(runs) == 1 else self.tr("{n} runs are back")
        self.told.emit(words.format(n=len(runs)))
        self._search_again()
