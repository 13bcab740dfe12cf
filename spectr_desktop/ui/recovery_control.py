"""What programs that were killed have left: unsaved edits and interrupted runs, offered again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger
from spectr_desktop.ui.change_bar import CLOSED
from spectr_desktop.ui.when import moment

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from PySide6.QtWidgets import QWidget

    from spectr_desktop.audit.recovery import Interrupted
    from spectr_desktop.records.stored_run import StoredRun
    from spectr_desktop.ui.change_bar import ChangeBar
    from spectr_desktop.ui.tasks import TaskOwner

_log = logger(__name__)
_MISSING = "missing_part"
_TOPIC = "interrupted:"


class RecoveryControl(QObject):
    """Offers each interrupted run in a bar above the report; nothing is sent unasked.

    Args:
        bar: where it is offered.
        open_run: shows a run by its id; False if that was not done.
        run_again: asks again for what an interrupted run has left open; False if that did not
            begin.
        delete_run: deletes a run, in a way that can be undone.
        tasks: owns what an answer begins.
        window: what all this belongs to.

    Signals:
        failed: (SpectrError) an answer could not be followed.
    """

    failed = Signal(object)

    def __init__(
        self,
        bar: ChangeBar,
        open_run: Callable[[str], Awaitable[bool]],
        run_again: Callable[[StoredRun], Awaitable[bool]],
        delete_run: Callable[[str], None],
        tasks: TaskOwner,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._bar, self._tasks = bar, tasks
        self._open_run, self._run_again, self._delete_run = open_run, run_again, delete_run

    async def offer_interrupted(self) -> None:
        """Look for runs that died, and offer them, the newest first."""
        from spectr_desktop.audit import recovery  # noqa: PLC0415  # after the window is shown

        interrupted = await asyncio.to_thread(recovery.interrupted)
        self._bar.withdraw_all(_TOPIC)
        for found in interrupted:
            self._offer(found)

    def offer_missing(self, stored: StoredRun) -> None:
        """A run is shown: offer to ask for what it lacks, whenever that was."""
        from spectr_desktop.audit import recovery  # noqa: PLC0415  # as above

        self.withdraw_missing()
        if stored.header is None or stored.writing or not stored.missing:
            return
        if recovery.is_follow_up(stored.header):
            return

        def on_answer(key: str) -> None:
            if key == "again":
                self._tasks.start(self._again(stored), "run the missing part")

        self._bar.show_offer(
            _MISSING,
            self.tr("Not all of this report is there."),
            {"again": self.tr("Run the missing part again")},
            on_answer,
            kind="info",
        )

    def withdraw_missing(self) -> None:
        """Another report is shown."""
        self._bar.withdraw(_MISSING)

    async def _again(self, stored: StoredRun) -> None:
        if not await self._run_again(stored):
            self.offer_missing(stored)  # nothing came of the answer

    def sentence(self, found: Interrupted) -> str:
        """What happened to a run, as the bar says it."""
        text = self.tr("The report on {name} was interrupted at {time}: {counts}.")
        counts = [
            self.tr("1 line") if found.lines == 1 else self.tr("{n} lines").format(n=found.lines),
            self.tr("1 finding")
            if found.findings == 1
            else self.tr("{n} findings").format(n=found.findings),
        ]
        if found.leads:
            many = self.tr("{n} leads").format(n=found.leads)
            counts.append(self.tr("1 lead") if found.leads == 1 else many)
        return text.format(
            name=" ".join(found.stored.title.split()),  # a name may hold line ends
            time=moment(found.stored.last_at),
            counts=", ".join(counts),
        )

    def _offer(self, found: Interrupted) -> None:
        stored = found.stored
        answers = {"open": self.tr("Open")}
        if stored.header is not None and stored.missing:
            answers["again"] = self.tr("Run the missing part again")
        answers["delete"] = self.tr("Delete")

        def on_answer(key: str) -> None:
            self._tasks.start(self._follow(key, found), f"interrupted run: {key or 'close'}")

        self._bar.show_offer(_TOPIC + stored.id, self.sentence(found), answers, on_answer)

    async def _follow(self, key: str, found: Interrupted) -> None:
        from spectr_desktop.audit import recovery  # noqa: PLC0415  # as above

        stored = found.stored
        if key == "delete":
            self._delete_run(stored.id)
        elif key == CLOSED:
            await self._settle(stored)
        elif await asyncio.to_thread(recovery.is_answered, stored.id):
            sentence = self.tr("This run was looked after in another window. History has it.")
            self.failed.emit(SpectrError("answered_elsewhere", sentence))
        else:
            done = False
            try:
                shown = await self._open_run(stored.id)
                if key == "again":
                    done = shown and await self._run_again(stored)
                elif shown:
                    done = True
                    await self._settle(stored)
            finally:
                if not done:  # nothing came of the answer: another one may be given
                    self._offer(found)

    async def _settle(self, stored: StoredRun) -> None:
        from spectr_desktop.audit import recovery  # noqa: PLC0415  # as above

        try:
            await asyncio.to_thread(recovery.settle, stored.id)
        except SpectrError as error:  # it is offered again at the next start: no harm
            _log.warning("%s", error.message)
