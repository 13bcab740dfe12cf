"""Questions about one finding or some lines: sent, streamed into the finding's pane, stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from spectr_desktop.ui.findings_control import SELECTION
from spectr_desktop.ui.run_control import RunControl

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from spectr_desktop.audit.plan import FollowUp
    from spectr_desktop.records.findings import Finding
    from spectr_desktop.records.source import SourceFile
    from spectr_desktop.ui.finding_pane import FindingPane
    from spectr_desktop.ui.model_picker import Choice
    from spectr_desktop.ui.tasks import TaskOwner

_LONGEST_SUBJECT = 12_000


class AskControl(QObject):
    """Asks one question at a time, each a run with a journal of its own.

    Signals:
        told: (str) why nothing was asked.
        running_changed: (bool) a question is being answered.
    """

    told = Signal(str)
    running_changed = Signal(bool)

    def __init__(
        self,
        runs: RunControl,
        pane: FindingPane,
        tasks: TaskOwner,
        source: Callable[[], SourceFile | None],
        choice: Callable[[], Choice | None],
        may_send: Callable[[Choice], Awaitable[bool]],
        root: Callable[[], Path | None],
    ) -> None:
        """A control of questions.

        Args:
            runs: the window's audits, whose servers are asked.
            pane: where answers go.
            tasks: owns what runs.
            source: gives what is in the editor.
            choice: gives the model that is picked.
            may_send: asks the user, where that is due, whether the source may leave the machine.
            root: gives the project's folder, by which a question is found and erased later.
        """
        super().__init__(pane)
        self._window_runs = runs
        self.runs = RunControl(self, shared=runs)
        self._pane, self._tasks = pane, tasks
        self._source, self._choice, self._may_send = source, choice, may_send
        self._root = root
        self._asking = False
        self.runs.text_received.connect(pane.append_answer)
        self.runs.failed.connect(self._on_failed)
        self.runs.finished.connect(self._on_finished)
        pane.stop_requested.connect(self.stop)

    @property
    def running(self) -> bool:
        """A question is being answered."""
        return self._asking

    def ask(self, found: Finding | None, question: str) -> None:
        """Ask about a finding."""
        if found is not None and question.strip():
            title = self.tr("Question about {name}").format(name=_name(found))
            self._start("ask", title, subject_of(found), question.strip())

    def draft(self, found: Finding | None) -> None:
        """Ask for a test that would show a finding; nothing is ever executed."""
        if found is not None:
            title = self.tr("Draft of a test for {name}").format(name=_name(found))
            self._start("draft", title, subject_of(found), "")

    def stop(self) -> None:
        """Stop the answer, in whatever phase it is."""
        self.runs.stop()

    def _start(self, kind: str, title: str, subject: str, question: str) -> None:
        if self._asking:
            self.told.emit(self.tr("One question at a time: stop the answer first."))
            return
        source, choice = self._source(), self._choice()
        if source is None or choice is None:
            self.told.emit(self.tr("Open a contract and pick a model first."))
            return
        from spectr_desktop.audit.plan import FollowUp  # noqa: PLC0415  # after the window is shown

        root = self._root()
        follow_up = FollowUp(kind, f"{title} · {source.path}", subject, question)
        self._asking = True
        self.running_changed.emit(True)
        self._tasks.start(self._run(source, choice, follow_up, title, root), "question")

    async def _run(
        self,
        source: SourceFile,
        choice: Choice,
        follow_up: FollowUp,
        title: str,
        root: Path | None,
    ) -> None:
        try:
            if await self._may_send(choice):
                words = f"{title}: {follow_up.question}" if follow_up.question else title
                self._pane.start_answer(words)
                self.runs.thinking = self._window_runs.thinking
                await self.runs.run([source], choice, follow_up, root)
        finally:
            self._asking = False
            self.running_changed.emit(False)

    def _on_failed(self, sentence: str, _detail: str) -> None:
        self._pane.finish_answer(sentence, "error")

    def _on_finished(self) -> None:
        verdict = self.runs.verdict()
        self._pane.finish_answer(verdict.text, verdict.kind)


def _name(found: Finding) -> str:
    """The key; lines that are no finding have only a title."""
    return found.key if found.key != SELECTION else found.texts.title


def subject_of(found: Finding) -> str:
    """What the model is told of a finding, in the words that stand in the pane."""
    place = found.place
    names = ".".join(n for n in (place.contract, place.function) if n) if place else ""
    parts = [f"Claim: {found.texts.title}"]
    if place is not None:
        parts.append(f"Where: {place.path} {names}".strip())
        if place.quote:
            parts.append(f"Code:\n{place.quote}")
    texts = found.texts
    for name, text in (
        ("Description", texts.description),
        ("Scenario", texts.exploit_scenario),
        ("Recommendation", texts.recommendation),
        ("The auditor's note", found.note),
    ):
        if text.strip():
            parts.append(f"{name}: {text.strip()}")
    return _cut("\n\n".join(parts))


def _cut(text: str) -> str:
    """A subject that leaves room for the source; it says so where it is cut."""
    if len(text) <= _LONGEST_SUBJECT:
        return text
    return text[:_LONGEST_SUBJECT] + "\n(cut here)"
