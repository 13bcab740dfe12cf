"""The findings of one run: read from its text while it streams, looked up in what was sent."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from spectr_desktop.logs import logger
from spectr_desktop.project.outline import outline
from spectr_desktop.records.events import (
    CellFinished,
    FindingAdded,
    FindingChanged,
    Notice,
    RunEntry,
    TextDelta,
)
from spectr_desktop.records.findings import Finding, Sighting, Texts
from spectr_desktop.records.run import FOLLOW_UPS
from spectr_desktop.report.anchor import SourceIndex
from spectr_desktop.report.parser import FindingParser
from spectr_desktop.report.taxonomy import category_in, category_of, rating_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from spectr_desktop.records.events import RunEvent
    from spectr_desktop.records.findings import Category, Claim, Location, ParsedFinding
    from spectr_desktop.records.run import Cell, Header
    from spectr_desktop.report.parser import Changes

_log = logger(__name__)
# Places that are looked up for one batch, at most; a look-up takes 2 ms at the worst.
_LOOK_UPS = 12
_MOST_CLAIMS = 20
_LONG_QUOTE = 4000


@dataclass(slots=True)
class _CellText:
    """The findings of one request's text.

    Attributes:
        parser: reads them.
        numbers: by the parser's index, the finding's number in the run.
        waiting: indexes that have changed and are not looked up yet, in order.
        ended: the request ended, by itself or not; None while it goes on.
        finished: the parser has been told.
    """

    parser: FindingParser = field(default_factory=FindingParser)
    numbers: dict[int, int] = field(default_factory=dict[int, int])
    waiting: dict[int, None] = field(default_factory=dict[int, None])
    ended: bool | None = None
    finished: bool = False


class RunFindings:
    """Reads a run's findings from its entries; what it finds out are entries again.

    Args:
        header: of the run: its files are what places are looked up in.
        without: paths of those that are too long for the model and were not sent to it.
    """

    def __init__(self, header: Header, without: Collection[str] = ()) -> None:
        self._header = header
        self._without = without
        self._cells: dict[str, _CellText] = {}
        self._sightings: dict[int, Sighting] = {}
        self._number = 0
        self._places: dict[Claim, Location] = {}
        self._failed = False

    def prepare(self) -> None:
        """Make the index of the source now, in any thread: it takes 10 ms for a thousand lines."""
        try:
            _ = self._index
        except Exception:  # noqa: BLE001  # logged; it will be tried again where that is told
            _log.exception("the source could not be indexed")

    @property
    def sightings(self) -> list[Sighting]:
        """All findings and leads so far, in the order in which they appeared."""
        return [*self._sightings.values()]

    def findings(self) -> list[Finding]:
        """What was found, numbered in this run, without any decision of a project."""
        return [as_finding(f"F{number}", one) for number, one in self._sightings.items()]

    @property
    def pending(self) -> bool:
        """Whether text of an ended request is still to be read or looked up."""
        cells = self._cells.values()
        return not self._failed and any(
            cell.waiting or (cell.ended is not None and not cell.finished) for cell in cells
        )

    def extended(self, batch: Sequence[RunEntry]) -> list[RunEntry]:
        """The batch, and behind each text what it says of findings.

        Bounded work: the rest is done with the next batch, also with an empty one.
        """
        if self._failed:
            return [*batch]
        out: list[RunEntry] = []
        try:
            for entry in batch:
                out.append(entry)
                self._read(entry)
            for name, cell in self._cells.items():
                t = batch[-1].t if batch else 0
                out += [RunEntry(t, name, event) for event in self._events(name, cell)]
        except Exception:  # noqa: BLE001  # logged, and told
            # A mistake in reading must not touch the run; its text is whole in any case.
            _log.exception("findings could not be read")
            self._failed = True
            sentence = "The program could not read the findings of this report; its text is whole."
            notice = Notice("findings_unread", sentence)
            return [RunEntry(batch[0].t if batch else 0, "", notice), *batch]
        return out

    @cached_property
    def _index(self) -> SourceIndex:
        files = [file for file in self._header.files if file.path not in self._without]
        return SourceIndex(files, {file.path: outline(file) for file in files})

    def _read(self, entry: RunEntry) -> None:
        event = entry.event
        if entry.cell.partition(".")[2] in FOLLOW_UPS:
            return
        if isinstance(event, TextDelta):
            cell = self._cells.setdefault(entry.cell, _CellText())
            self._take(cell, cell.parser.feed(event.text))
        elif isinstance(event, CellFinished) and entry.cell in self._cells:
            self._cells[entry.cell].ended = event.outcome.finished

    def _take(self, cell: _CellText, changes: Changes) -> None:
        if changes.cleared:
            # What was read was a thought, and is none of the answer.
            for number in cell.numbers.values():
                self._sightings.pop(number, None)
            cell.numbers.clear()
            cell.waiting.clear()
        cell.waiting.update(dict.fromkeys((*changes.added, *changes.changed)))

    def _events(self, name: str, cell: _CellText) -> list[RunEvent]:
        if cell.ended is not None and not cell.finished:
            if cell.parser.is_behind:
                self._take(cell, cell.parser.feed(""))
            else:
                cell.finished = True
                self._take(cell, cell.parser.finish(ended=cell.ended))
        out: list[RunEvent] = []
        for _ in range(min(_LOOK_UPS, len(cell.waiting))):
            index = next(iter(cell.waiting))
            del cell.waiting[index]
            sighting = self._sighting(name, index, cell.parser.finding(index))
            number = cell.numbers.get(index)
            if number is None:
                self._number += 1
                number = cell.numbers[index] = self._number
                out.append(FindingAdded(number, as_finding("", sighting).is_lead, sighting))
            elif _says_more(self._sightings[number], sighting):
                out.append(FindingChanged(number, as_finding("", sighting).is_lead, sighting))
            self._sightings[number] = sighting
        return out

    def _sighting(self, cell: str, index: int, parsed: ParsedFinding) -> Sighting:
        locations = tuple(self._locate(claim) for claim in parsed.claims[:_MOST_CLAIMS])
        place = next((place for place in locations if place.anchor.is_found), None)
        path = place.path if place else ""
        rating = rating_of(parsed)
        hashes = {file.path: file.sha256 for file in self._header.files}
        return Sighting(
            run=self._header.id,
            cell=cell,
            index=index,
            model=self._header.model.id,
            texts=Texts(
                parsed.title,
                parsed.description,
                parsed.exploit_scenario,
                parsed.proof_of_concept,
                parsed.recommendation,
                parsed.suggested_fix,
            ),
            severity=rating.severity,
            severity_origin=rating.origin,
            impact=parsed.impact,
            likelihood=parsed.likelihood,
            category=_category(parsed),
            confidence=parsed.confidence,
            locations=locations,
            start=parsed.start,
            end=parsed.end,
            complete=parsed.complete,
            source_sha256=hashes.get(path, ""),
        )

    def _locate(self, claim: Claim) -> Location:
        place = self._places.get(claim)
        if place is None:
            place = self._index.locate(claim)
            # Of a quote that grows without end every line would be kept.
            if len(claim.quote) < _LONG_QUOTE:
                self._places[claim] = place
        return place


def unsent(cells: Sequence[Cell], refused: Collection[str]) -> set[str]:
    """The paths that no request has but those that are refused.

    Args:
        cells: of a run.
        refused: ids of those whose request is not sent.
    """
    sent = {span.path for cell in cells if cell.id not in refused for span in cell.spans}
    return {span.path for cell in cells for span in cell.spans} - sent


def _category(parsed: ParsedFinding) -> Category:
    return category_of(parsed.category) if parsed.category else category_in(parsed.title)


def _says_more(old: Sighting, new: Sighting) -> bool:
    """Whether a change is worth telling: words that still come are told when they are all there."""
    if new.complete:
        return new != old
    words = Texts(new.texts.title)
    told = replace(old, texts=Texts(old.texts.title), end=0, complete=False)
    return told != replace(new, texts=words, end=0)


def as_finding(key: str, sighting: Sighting) -> Finding:
    """A finding that nothing is known of but one sighting."""
    return Finding(
        key,
        (sighting,),
        sighting.texts,
        sighting.severity,
        sighting.severity_origin,
        sighting.locations,
    )
