"""Findings of a project: what its runs see, what the auditor decides, kept on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from spectr_desktop.audit.run_findings import as_finding
from spectr_desktop.project.outline import EditedOutline, outline
from spectr_desktop.records.decisions import Relocated, Sighted, Unmoved, Written, new_entry
from spectr_desktop.records.findings import Location, Texts
from spectr_desktop.records.grades import Anchor
from spectr_desktop.records.source import SourceFile, source_file
from spectr_desktop.report.named_symbols import NamedSymbols
from spectr_desktop.report.sightings import ProjectFindings
from spectr_desktop.store.decisions import DecisionFile, project_folder, project_path
from spectr_desktop.store.journal import sent_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from spectr_desktop.records.decisions import Decision, Entry, SightingSplit
    from spectr_desktop.records.events import FindingAdded, FindingChanged
    from spectr_desktop.records.findings import Finding, Sighting
    from spectr_desktop.records.grades import Severity

_LIVE = "new "
# Findings that are recorded at a time: a few milliseconds.
_PORTION = 8


class Recorded(NamedTuple):
    """What became of a run's findings.

    Attributes:
        keys: by the key that each had while the run went on, the one that it has now.
        probable: by a new finding's key, the one that it probably is again.
    """

    keys: dict[str, str]
    probable: dict[str, str]


class FindingsBook:
    """Findings of one project, with those of a run that goes on.

    What the auditor decides is on the disk at once. What an edit of the source does to findings is
    written when the source is saved or sent, so that an edit that is given up leaves no trace.
    """

    def __init__(self) -> None:
        self._file: DecisionFile | None = None
        self._project = ProjectFindings()
        self._live: dict[int, Finding] = {}
        self._texts: dict[str, str] = {}
        self._sent: dict[str, SourceFile] = {}
        self._edited: dict[str, EditedOutline] = {}
        self._unsaved: list[Entry] = []
        self.probable: dict[str, str] = {}

    def open(self, root: Path | None, path: str, text: str) -> int:
        """Take the findings of a project in place of those that were there.

        Args:
            root: the project's folder; None keeps all in memory.
            path: the file that is open, relative to the root.
            text: its text.

        Returns:
            How many lines of the project's file are damaged and left out.

        Raises:
            SpectrError: the file of decisions cannot be read; there are no findings then.
        """
        self._file = DecisionFile(project_path(root)) if root is not None else None
        self._project = ProjectFindings()
        self._live, self._unsaved, self.probable = {}, [], {}
        self._texts = {path: text} if path else {}
        self._edited = {}
        if self._file is None:
            return 0
        read = self._file.read()
        self._project = ProjectFindings(read.entries)
        if path:
            self._catch_up(path, text, read.entries)
        return read.damaged_lines

    def findings(self) -> list[Finding]:
        """All findings, those of a run that goes on last."""
        return [*self._project.findings, *self._live.values()]

    def finding(self, key: str) -> Finding | None:
        """One of them; None if it is not there any more."""
        number = key.removeprefix(_LIVE)
        if number != key:
            return self._live.get(int(number)) if number.isdecimal() else None
        return self._project.finding(key)

    # A run

    def begin_run(self, root: Path | None, files: Sequence[SourceFile]) -> None:
        """These files are sent now; what edits did to findings is written down.

        Raises:
            SpectrError: it cannot be written; it is kept in memory.
        """
        self._live = {}
        self._sent = {file.path: file for file in files}
        if root is not None and self._file is not None:
            project_folder(root)
        self.save()

    def tell(self, event: FindingAdded | FindingChanged) -> None:
        """A run that goes on says something of a finding."""
        self._live[event.number] = as_finding(f"{_LIVE}{event.number}", event.sighting)

    def end_run(self, sightings: Sequence[Sighting]) -> Recorded:
        """The run ended: its findings are the project's now, or are known there already.

        Raises:
            SpectrError: they cannot be written; they are kept in memory.
        """
        *_, recorded = self.recording(sightings)
        return recorded

    def recording(self, sightings: Sequence[Sighting]) -> Iterator[Recorded]:
        """As `end_run`, in portions; a decision has to wait until the last one.

        Yields:
            What has become of the findings so far.
        """
        recorded = Recorded({}, self.probable)
        seen = {number: one.sightings[0] for number, one in self._live.items()}
        numbers = {(one.cell, one.index): number for number, one in seen.items()}
        entries: list[Entry] = []
        touched: dict[str, None] = {}
        for count, sighting in enumerate(sightings, start=1):
            match = self._project.match(sighting)
            key = match.key if match.kind == "exact" else self._project.next_key()
            if match.kind == "probable":
                self.probable[key] = match.key
            touched[key] = None
            entry = new_entry(Sighted(key, sighting))
            self._project.apply(entry)
            entries.append(entry)
            number = numbers.get((sighting.cell, sighting.index))
            if number is not None:
                recorded.keys[f"{_LIVE}{number}"] = key
                self._live.pop(number, None)
            if count % _PORTION == 0:
                self._append(entries)
                entries = []
                yield recorded
        self._live = {}
        for path, sent in self._sent.items():
            now = self._texts.get(path, sent.text)
            if now != sent.text:
                moves = self._project.relocate(path, sent.text, now, outline(sent))
                entries += self._applied(moves)
        self._append(entries)
        yield recorded
        # Made now, in portions too: the list asks for all of them at once.
        for count, key in enumerate(touched, start=1):
            self._project.finding(key)
            if count % (_PORTION * 10) == 0:
                yield recorded
        yield recorded

    # The auditor

    def decide(self, decision: Decision) -> None:
        """Write a decision down.

        Raises:
            SpectrError: it cannot be written; it holds, in memory.
        """
        entry = new_entry(decision)
        self._project.apply(entry)
        self._append([entry])

    def write_finding(
        self, texts: Texts, severity: Severity | None, path: str, start: int, end: int
    ) -> str:
        """A finding of the auditor's own about lines of the source; returns its key.

        Raises:
            SpectrError: it cannot be written; it is kept in memory.
        """
        text = self._texts.get(path, "")
        quote = "\n".join(text.split("\n")[start - 1 : end])
        edited = self._edited.get(path)
        holder = edited.outline if edited else outline(source_file(path, text))
        name = NamedSymbols([holder]).around(0, start, end)
        place = Location(path, start, end, name.contract, name.function, quote, start, Anchor.EXACT)
        key = self._project.next_key()
        sha256 = source_file(path, text).sha256
        self.decide(Written(key, texts, severity, (place,), sha256))
        return key

    def split_off(self, sighting: Sighting) -> SightingSplit | None:
        """What makes one sighting a finding of its own; None if it is one."""
        return self._project.split_off(sighting)

    def undo(self) -> bool:
        """Undo the auditor's last decision; False if there is none."""
        undone = self._project.undo()
        if undone is not None:
            self.decide(undone)
        return undone is not None

    def redo(self) -> bool:
        """Decide again what was undone last; False if there is nothing."""
        undone = self._project.redo()
        if undone is not None:
            self.decide(undone)
        return undone is not None

    # The source

    def source_changed(self, path: str, text: str) -> bool:
        """The source has another text now; whether findings look different."""
        old = self._texts.get(path)
        self._texts[path] = text
        if old is None or old == text:
            return False
        edited = self._edited.get(path)
        if edited is None:
            edited = self._edited[path] = EditedOutline(source_file(path, old))
        before = edited.outline
        edited.update(text)
        moves = self._project.relocate(path, old, text, before)
        self._unsaved += self._applied(moves)
        return any(isinstance(move, Relocated) for move in moves)

    def source_of(self, path: str) -> str | None:
        """The newest text of a file of the project, None if it is not open."""
        return self._texts.get(path)

    def save(self) -> None:
        """The source is on the disk now: what became of the findings is written down too.

        Raises:
            SpectrError: it cannot be written; it is kept in memory.
        """
        unsaved, self._unsaved = self._unsaved, []
        self._append(unsaved)

    @property
    def unsettled(self) -> bool:
        """Something that was written is not known to survive a power cut yet, or failed."""
        return self._file is not None and self._file.unsettled

    def settle(self) -> None:
        """Try again what failed, and bring it to the disk; call it in a thread.

        Raises:
            SpectrError: it cannot be written yet; it is kept in memory.
        """
        if self._file is not None:
            self._file.settle()

    def _append(self, entries: Sequence[Entry]) -> None:
        if self._file is not None and (entries or self._file.unwritten):
            self._file.append(entries)

    def _applied(self, moves: Iterable[Relocated | Unmoved]) -> list[Entry]:
        entries = [new_entry(move) for move in moves]
        for entry in entries:
            self._project.apply(entry)
        return entries

    def _catch_up(self, path: str, text: str, entries: Sequence[Entry]) -> None:
        """The file may have changed while nobody looked: findings follow from what was sent."""
        now = source_file(path, text).sha256
        runs = dict.fromkeys(
            entry.decision.sighting.run
            for entry in reversed(entries)
            if isinstance(entry.decision, Sighted)
        )
        seen: set[str] = {now}
        for run in runs:
            for file in sent_files(run):
                if file.path == path and file.sha256 not in seen:
                    seen.add(file.sha256)
                    moves = self._project.relocate(path, file.text, text, outline(file))
                    self._unsaved += self._applied(moves)
