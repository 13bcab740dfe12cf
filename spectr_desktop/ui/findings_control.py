"""Findings in the window: list, pane and marks in the source, and what the auditor does."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from spectr_desktop.errors import SpectrError
from spectr_desktop.records.findings import Finding, Location, Texts
from spectr_desktop.records.grades import Anchor, Severity, State
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.source_gutter import Mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import ModuleType

    from spectr_desktop.audit.findings_book import FindingsBook, Recorded
    from spectr_desktop.records.decisions import Decision
    from spectr_desktop.records.findings import Sighting
    from spectr_desktop.records.source import SourceFile
    from spectr_desktop.ui.finding_pane import FindingPane
    from spectr_desktop.ui.findings_view import FindingsView
    from spectr_desktop.ui.report_pane import ReportPane
    from spectr_desktop.ui.run_control import RunControl
    from spectr_desktop.ui.source_editor import SourceEditor

SELECTION = "selection"
"""Stands for a key where the pane shows selected lines that are no finding yet."""

_EDIT_MS = 300
_REFRESH_MS = 100
# A list of more would stop the window; nobody works through it.
_MOST_SHOWN = 1000


class FindingsControl(QObject):
    """Keeps list, pane, source and report at the same finding.

    Signals:
        failed: (SpectrError) something could not be kept.
        told: (str) a sentence for the status line.
        written: (FindingsBook) something was written to it, or could not be.
        counted: (int, int) so many findings and leads are in the list.
        pane_wanted: the finding's pane is to be seen.
        report_wanted: the live report is to be seen.
    """

    failed = Signal(object)
    told = Signal(str)
    written = Signal(object)
    counted = Signal(int, int)
    pane_wanted = Signal()
    report_wanted = Signal()

    def __init__(
        self,
        view: FindingsView,
        pane: FindingPane,
        report: ReportPane,
        editor: SourceEditor,
        runs: RunControl,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._view, self._pane, self._report = view, pane, report
        self._editor, self._runs = editor, runs
        self._book_made: FindingsBook | None = None
        # Of the newest run, while it goes on and after: another file may be open by then.
        self._run_book: FindingsBook | None = None
        self._run_place: tuple[Path | None, str] = (None, "")
        self._going_on = False
        self._root: Path | None = None
        self._path = ""
        self._key = ""
        self._past = False  # the findings are those of long ago, and nothing is kept of them
        self._selection: Finding | None = None
        self._recording: Iterator[Recorded] | None = None
        self._recorded: Recorded | None = None
        self._record_timer = QTimer(self, singleShot=True, interval=0)
        self._record_timer.timeout.connect(self._record)
        self._edit_timer = QTimer(self, singleShot=True, interval=_EDIT_MS)
        self._edit_timer.timeout.connect(self.take_source)
        self._refresh_timer = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._refresh_timer.timeout.connect(self.refresh)
        self._wire()

    def _wire(self) -> None:
        view, pane = self._view, self._pane
        view.selected.connect(self.choose)
        view.shown.connect(self._on_shown)
        view.state_requested.connect(self._on_states)
        view.merge_requested.connect(self._on_merge)
        view.split_requested.connect(lambda key: self.decide(_decisions().Split(key)))
        view.undo_requested.connect(self.undo)
        view.redo_requested.connect(self.redo)
        view.edit_requested.connect(self._on_edit)
        view.note_requested.connect(self._on_note_wanted)
        pane.state_requested.connect(lambda key, state: self._on_states([key], state))
        pane.severity_requested.connect(self._on_severity)
        pane.note_changed.connect(self._on_note)
        pane.texts_changed.connect(self._on_texts)
        pane.rechecked.connect(lambda key: self.decide(_decisions().Rechecked(key)))
        pane.same_answered.connect(self._on_same)
        pane.split_requested.connect(self._on_split_off)
        pane.location_activated.connect(self._on_location)
        pane.sighting_activated.connect(self._on_sighting)
        self._editor.gutter.mark_activated.connect(self._on_mark)
        self._editor.textChanged.connect(self._edit_timer.start)
        self._report.view.cursorPositionChanged.connect(self._on_report_caret)

    @property
    def _book(self) -> FindingsBook:
        """Made when it is first asked for, after the window is shown."""
        if self._book_made is None:
            from spectr_desktop.audit.findings_book import FindingsBook  # noqa: PLC0415

            self._book_made = FindingsBook()
        return self._book_made

    # What the window says

    @property
    def root(self) -> Path | None:
        """The folder of the project that is open."""
        return self._root

    def open_project(self, root: Path | None, path: str, *, again: bool = False) -> None:
        """Another file is open, or it has another name: its project's findings are shown.

        Args:
            root: the project's folder, None if there is none.
            path: the file, relative to it.
            again: read the project's file also if it is open already.
        """
        if (root, path) == (self._root, self._path) and not (again or self._past):
            return
        self._past = False
        self.finish_recording()
        self._root, self._path, self._key = root, path, ""
        self._edit_timer.stop()
        self._editor.show_lines(0, 0)
        if self._going_on and self._run_place == (root, path):
            self._book_made = self._run_book
            self._book.source_changed(path, self._editor.text())
            self.refresh()
            return
        self._book_made = None
        try:
            damaged = self._book.open(root, path, self._editor.text())
        except SpectrError as error:
            self.failed.emit(error)
        else:
            if damaged:
                sentence = self.tr("{count} damaged lines of the decisions are left out.")
                self.told.emit(sentence.format(count=damaged))
        self.refresh()
        self._view.settle()

    def show_past(self, path: str, findings: Sequence[Finding]) -> None:
        """Show the findings of runs of long ago, at their places in what these have sent.

        Args:
            path: the file that is open.
            findings: theirs.
        """
        from spectr_desktop.audit.past_findings import PastFindings  # noqa: PLC0415  # rarely

        self.finish_recording()
        self._edit_timer.stop()
        self._book_made = PastFindings(findings, {path: self._editor.text()})
        self._past = True
        self._show_run()

    def show_run(self) -> None:
        """The report on the screen is that of another run, whose findings are the project's."""
        self.finish_recording()
        self._show_run()

    def _show_run(self) -> None:
        self._run_book, self._run_place = self._book, (self._root, self._path)
        self._going_on = False
        self._key = ""
        self.refresh()
        self._view.settle()

    def take_source(self) -> None:
        """The source was edited: findings follow their lines."""
        self._edit_timer.stop()
        if self._path and self._book.source_changed(self._path, self._editor.text()):
            self.refresh()

    def on_saved(self) -> None:
        """The source is on the disk."""
        self.take_source()
        self._kept(self._book.save)

    def begin_run(self, files: Sequence[SourceFile]) -> None:
        """A run is going to send these files."""
        self.finish_recording()
        if files and files[0].path != self._path:  # a new file that has no name yet
            self.open_project(None, files[0].path)
        elif self._past:
            self.open_project(self._root, self._path)
        self.take_source()
        self._run_book, self._run_place = self._book, (self._root, self._path)
        self._going_on = True
        self._kept(lambda: self._book.begin_run(self._root, files))
        self._view.set_running(True)
        self.refresh()

    def tell(self, event: object) -> None:
        """The run says something of a finding; shown a little later, with what comes meanwhile."""
        if self._run_book is None:
            return
        self._run_book.tell(event)  # type: ignore[arg-type]  # Qt's signals carry objects
        if not self._refresh_timer.isActive():
            self._refresh_timer.start()

    def end_run(self, sightings: Sequence[Sighting]) -> None:
        """The run ended, with these findings; none if it did not begin."""
        self.finish_recording()
        self._refresh_timer.stop()
        self._going_on = False
        if self._run_book is not None:
            self._recording = self._run_book.recording(sightings)
            self._record()

    def finish_recording(self) -> None:
        """Record at once what is left of a run's findings."""
        while self._recording is not None:
            self._record()

    def _record(self) -> None:
        """Record a portion; thousands of findings must not stop the window."""
        recording = self._recording
        if recording is None:
            return
        try:
            self._recorded = next(recording)
        except StopIteration:
            self._recording = None
        except SpectrError as error:
            self._recording = None
            self.failed.emit(error)
        if self._recording is not None:
            self._record_timer.start()
            return
        self._record_timer.stop()
        self.written.emit(self._run_book)
        recorded, self._recorded = self._recorded, None
        if recorded is not None and self._run_book is self._book_made:
            self._key = recorded.keys.get(self._key, self._key)
            for new, known in recorded.probable.items():
                sentence = self.tr("{new} is probably {known} again: its pane asks.")
                self.told.emit(sentence.format(new=new, known=known))
        self._view.set_running(False)
        self.refresh()
        if self._key:
            self._view.select(self._key)
        self._view.settle()

    def of_runs(self, runs: Sequence[str]) -> list[Finding]:
        """The project's findings that these runs reported, with what was decided."""
        self.finish_recording()
        here = self._run_book is None or self._run_place == (self._root, self._path)
        book = self._book if here else self._run_book
        return [
            one
            for one in (book or self._book).findings()
            if any(sighting.run in runs for sighting in one.sightings)
        ]

    def finding(self) -> Finding | None:
        """The finding that is shown, or the lines that were selected to ask about."""
        if self._key == SELECTION:
            return self._selection
        return self._book.finding(self._key) if self._key else None

    # What the auditor does

    def choose(self, key: str) -> None:
        """Show a finding in the pane, and its lines in the source."""
        self._key = key
        found = self.finding()
        self._show(found)
        place = found.place if found is not None else None
        if place is not None and place.path == self._path and place.start_line:
            self._editor.show_lines(place.start_line, place.end_line)
        else:
            self._editor.show_lines(0, 0)

    def decide(self, *decisions: Decision) -> None:
        """Write decisions down and show them."""

        def keep() -> None:
            for decision in decisions:
                self._book.decide(decision)

        self._kept(keep)
        self.refresh()

    def undo(self) -> None:
        """Undo the last decision, without an end."""
        self._kept(lambda: self._tell_undone(self._book.undo(), self.tr("Nothing to undo.")))
        self.refresh()

    def redo(self) -> None:
        """Decide again what was undone."""
        self._kept(lambda: self._tell_undone(self._book.redo(), self.tr("Nothing to redo.")))
        self.refresh()

    def write_finding(self) -> None:
        """A finding of the auditor's own about the selected lines."""
        self.take_source()
        start, end = self.selected_lines()
        if not self._path or not self._editor.text().strip():
            self.told.emit(self.tr("Open a contract first."))
            return
        key = ""

        def keep() -> None:
            nonlocal key
            texts = Texts(self.tr("New finding"))
            key = self._book.write_finding(texts, None, self._path, start, end)

        self._kept(keep)
        self.refresh()
        if not key:  # it is kept in memory all the same, as the newest one
            found = [one for one in self._book.findings() if one.by_hand]
            key = found[-1].key if found else ""
        self._view.select(key)
        self.choose(key)
        self._on_edit(key)

    def show_selection(self) -> None:
        """Show the selected lines in the pane, to ask about them."""
        self.take_source()
        start, end = self.selected_lines()
        if not self._path or not self._editor.text().strip():
            self.told.emit(self.tr("Open a contract first."))
            return
        lines = f"{start}–{end}" if end > start else f"{start}"
        title = self.tr("Lines {lines} of {path}").format(lines=lines, path=self._path)
        quote = "\n".join(self._editor.text().split("\n")[start - 1 : end])
        place = Location(self._path, start, end, "", "", quote, start, Anchor.EXACT)
        self._key = SELECTION
        self._selection = Finding(SELECTION, texts=Texts(title), locations=(place,), by_hand=True)
        self._show(self._selection)
        self.pane_wanted.emit()
        self._pane.ask()

    def selected_lines(self) -> tuple[int, int]:
        """The first and last line of the selection in the source, from 1."""
        cursor, document = self._editor.textCursor(), self._editor.document()
        first = document.findBlock(cursor.selectionStart()).blockNumber() + 1
        last_block = document.findBlock(cursor.selectionEnd())
        last = last_block.blockNumber() + 1
        if last > first and cursor.selectionEnd() == last_block.position():
            last -= 1
        return first, last

    def refresh(self) -> None:
        """Show what the book says now."""
        found = self._book.findings()
        self._view.set_findings(found[:_MOST_SHOWN])
        if len(found) > _MOST_SHOWN:
            sentence = self.tr("The list shows {shown} of {count}; export has all of them.")
            self.told.emit(sentence.format(shown=f"{_MOST_SHOWN:,}", count=f"{len(found):,}"))
        standing = [one for one in found if not one.duplicate_of]
        leads = sum(one.is_lead for one in standing)
        self.counted.emit(len(standing) - leads, leads)
        marks = [
            Mark(one.key, place.start_line, place.end_line, one.severity, visible(one.texts.title))
            for one in standing[:_MOST_SHOWN]
            if not one.is_lead
            for place in one.locations
            if place.anchor.is_found and place.path == self._path
        ]
        self._editor.gutter.set_marks(marks)
        if self._key:
            self._show(self.finding())

    def _kept(self, keep: object) -> None:
        try:
            keep()  # type: ignore[operator]
        except SpectrError as error:
            self.failed.emit(error)
        self.written.emit(self._book)

    def _tell_undone(self, done: bool, nothing: str) -> None:
        if not done:
            self.told.emit(nothing)

    def _decided(self, key: str) -> bool:
        """Whether a finding can be decided on; those of a run that goes on have to be all there."""
        if self._recording is not None:
            self.told.emit(self.tr("The run's findings are being recorded: a moment."))
        elif key == SELECTION:
            self.told.emit(self.tr("Selected lines are no finding yet: Ctrl+Shift+N makes one."))
        elif key.startswith("new "):
            self.told.emit(self.tr("It can be decided on when the run has ended."))
        else:
            return bool(key)
        return False

    def _on_shown(self, key: str) -> None:
        self.choose(key)
        self.pane_wanted.emit()

    def _on_states(self, keys: list[str], state: State) -> None:
        self.decide(*(_decisions().StateSet(key, state) for key in keys if self._decided(key)))

    def _on_merge(self, keys: list[str], into: str) -> None:
        if self._decided(into):
            self.decide(
                *(_decisions().Merged(k, into) for k in keys if k != into and self._decided(k))
            )

    def _on_same(self, key: str, same: bool) -> None:
        known = self._book.probable.pop(key, "")
        if same and known:
            self._key = known
            self.decide(_decisions().Merged(key, known))
            self._view.select(known)
        else:
            self.refresh()

    def _on_split_off(self, sighting: Sighting) -> None:
        decision = self._book.split_off(sighting)
        if decision is not None and self._decided(decision.key):
            self.decide(decision)
            self.told.emit(self.tr("Split off as {key}.").format(key=decision.new_key))

    def _show(self, found: Finding | None) -> None:
        probable = self._book.probable.get(found.key, "") if found is not None else ""
        self._pane.show_finding(found, self._book.source_of, probable)

    def _on_severity(self, key: str, severity: Severity | None) -> None:
        if self._decided(key):
            self.decide(_decisions().SeveritySet(key, severity))

    def _on_note(self, key: str, note: str) -> None:
        found = self._book.finding(key)
        if found is not None and found.note != note and self._decided(key):
            self.decide(_decisions().NoteSet(key, note))

    def _on_texts(self, key: str, texts: Texts | None) -> None:
        if self._decided(key):
            self.decide(_decisions().TextsSet(key, texts))

    def _on_edit(self, key: str) -> None:
        if self._decided(key):
            self._on_shown(key)
            self._pane.edit()

    def _on_note_wanted(self, key: str) -> None:
        if self._decided(key):
            self._on_shown(key)
            self._pane.write_note()

    def _on_location(self, path: str, start: int, end: int) -> None:
        if path == self._path:
            self._editor.show_lines(start, end)
            self._editor.setFocus()
        else:
            self.told.emit(self.tr("{path} is not open.").format(path=visible(path)))

    def _on_sighting(self, run: str, cell: str, start: int) -> None:
        """Show the paragraph of the report that says it."""
        first = self._runs.starts.get((run, cell))
        if first is None:
            self.told.emit(self.tr("The report of that run is not open."))
            return
        view = self._report.view
        line = _lines_before(view.text(), first + start)
        self.report_wanted.emit()
        view.go_to(view.sources.place_of(line))

    def _on_mark(self, keys: list[str]) -> None:
        """A click on a mark shows its finding; one more the next one there."""
        at = keys.index(self._key) + 1 if self._key in keys else 0
        key = keys[at % len(keys)]
        self._view.select(key)
        self._on_shown(key)

    def _on_report_caret(self) -> None:
        """Where the reader clicks into the report, its finding is chosen in the list."""
        view = self._report.view
        if not view.hasFocus():
            return
        text = view.text()
        at = _offset_of(text, view.sources.line_at(view.textCursor().position()))
        for one in self._book.findings():
            for sighting in one.sightings:
                first = self._runs.starts.get((sighting.run, sighting.cell))
                if first is not None and sighting.start <= at - first < sighting.end:
                    if one.key != self._key:
                        self._view.select(one.key)
                        self._key = one.key
                        self._show(one)
                    return


def _decisions() -> ModuleType:
    """The decisions, loaded with the first one: the start of the window does not wait for them."""
    from spectr_desktop.records import decisions  # noqa: PLC0415

    return decisions


def _offset_of(text: str, line: int) -> int:
    """Where a line begins, the first being 0; line ends of all kinds count."""
    ends = re.finditer(r"\r\n?|\n", text)
    return next((end.end() for end in itertools.islice(ends, line - 1, None)), 0) if line else 0


def _lines_before(text: str, offset: int) -> int:
    """How many lines end before an offset; line ends of all kinds count."""
    before = text[:offset]
    return before.count("\n") + before.count("\r") - before.count("\r\n")
