"""What a report claims about the source, and where the source bears it out."""

from __future__ import annotations

from dataclasses import dataclass, field

from spectr_desktop.records.grades import Anchor, Severity, State


@dataclass(frozen=True, slots=True)
class Category:
    """The kind of a weakness, as far as it is in the shipped tables.

    Attributes:
        scwe: an id of OWASP's Smart Contract Weakness Enumeration such as "SCWE-046", "" if none.
        owasp_sc: an id of OWASP's Smart Contract Top 10 such as "SC08", "" if none.
        year: the edition of that list, 0 without an id: the same number means another weakness in
            another year.
        cwe: a number of the Common Weakness Enumeration, 0 if none.
        model_label: the model's words, also where they name nothing that is known.
    """

    scwe: str = ""
    owasp_sc: str = ""
    year: int = 0
    cwe: int = 0
    model_label: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A place in the source as the model names it; none of it is believed.

    Attributes:
        path: the file as named, "" if none is.
        start_line: the first line, counted from 1; 0 if none is named.
        end_line: the last line, included; 0 if none is named.
        contract: the contract, "" if none is named.
        function: the function without its parameters, "" if none is named.
        quote: the code, verbatim from the report; "" if there is none.
    """

    path: str = ""
    start_line: int = 0
    end_line: int = 0
    contract: str = ""
    function: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the source as the source has it.

    Attributes:
        path: the file as it was sent; as claimed if it is missing.
        start_line: the first line, counted from 1; 0 if nothing was found.
        end_line: the last line, included; 0 if nothing was found.
        contract: the contract around these lines, "" if there is none; as claimed if nothing was
            found.
        function: the function around them, "" if there is none; as claimed if nothing was found.
        quote: the code as the model gave it.
        claimed_line: the first line that the model named, 0 if none.
        anchor: how the place was found.
    """

    path: str
    start_line: int
    end_line: int
    contract: str
    function: str
    quote: str
    claimed_line: int
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class ParsedFinding:
    """A finding as it stands in a report: the model's words, nothing added.

    Attributes:
        title: without its number and its severity.
        severity: as named, None if none is.
        impact: "high", "medium", "low" or "".
        likelihood: "high", "medium", "low" or "".
        category: the model's words for the kind of weakness, with ids such as SWC-107.
        claims: the places that it names, the main one first.
        description: Markdown; the other texts too.
        exploit_scenario: how it is attacked.
        proof_of_concept: code or steps that show it.
        recommendation: what to do.
        suggested_fix: code that mends it, in a fence or between back-ticks.
        confidence: the model's own word or figure, only recorded.
        start: the offset in the report's text at which the finding begins.
        end: the offset behind its last character.
        complete: it ended by itself: False for the last one of a text that goes on or broke off.
    """

    title: str
    severity: Severity | None = None
    impact: str = ""
    likelihood: str = ""
    category: str = ""
    claims: tuple[Claim, ...] = ()
    description: str = ""
    exploit_scenario: str = ""
    proof_of_concept: str = ""
    recommendation: str = ""
    suggested_fix: str = ""
    confidence: str = ""
    start: int = 0
    end: int = 0
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Texts:
    """The words of a finding; each but the title is Markdown."""

    title: str = ""
    description: str = ""
    exploit_scenario: str = ""
    proof_of_concept: str = ""
    recommendation: str = ""
    suggested_fix: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One run's report of a finding.

    Attributes:
        run: the run's id, "" for a finding that the auditor wrote.
        cell: the request of the run, part and pass.
        index: which finding of the cell's report it is, from 0.
        model: the model's id.
        texts: the model's words, never changed.
        severity: by the matrix if impact and likelihood are named, else as named; or None.
        severity_origin: "matrix", "model" or "".
        impact: "high", "medium", "low" or "".
        likelihood: "high", "medium", "low" or "".
        category: the kind of weakness.
        confidence: the model's own word or figure, only recorded.
        locations: where it points to, the main one first.
        start: the offset in the cell's text at which it begins.
        end: the offset behind its last character.
        complete: it ended by itself.
        source_sha256: of the file of its first location, as it was sent.
    """

    run: str = ""
    cell: str = ""
    index: int = 0
    model: str = ""
    texts: Texts = field(default_factory=Texts)
    severity: Severity | None = None
    severity_origin: str = ""
    impact: str = ""
    likelihood: str = ""
    category: Category = field(default_factory=Category)
    confidence: str = ""
    locations: tuple[Location, ...] = ()
    start: int = 0
    end: int = 0
    complete: bool = True
    source_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a project knows of one weakness: what models said, and what the auditor decided.

    Attributes:
        key: "F1", "F2", … in order of appearance; never changes.
        sightings: the runs that reported it, the first one first; empty for the auditor's own.
        texts: the words as they are now, edited or the first sighting's.
        severity: the auditor's if he chose one, else the worst of the sightings.
        severity_origin: "auditor", "matrix", "model" or "".
        locations: in the newest source, the main one first.
        state: what the auditor decided.
        note: the auditor's words.
        edited: the texts are no longer the model's.
        recheck: its code has changed since it was decided.
        stale: its code has changed since it was found: its lines follow through the diff, and
            nothing may call it found.
        duplicate_of: the key of the finding that it was merged into, "" if it stands for itself.
        by_hand: the auditor wrote it.
    """

    key: str
    sightings: tuple[Sighting, ...] = ()
    texts: Texts = field(default_factory=Texts)
    severity: Severity | None = None
    severity_origin: str = ""
    locations: tuple[Location, ...] = ()
    state: State = State.OPEN
    note: str = ""
    edited: bool = False
    recheck: bool = False
    stale: bool = False
    duplicate_of: str = ""
    by_hand: bool = False

    @property
    def is_lead(self) -> bool:
        """Whether none of its places was ever found in the source.

        A finding whose code was removed afterwards stays one.
        """
        seen = (place for sighting in self.sightings for place in sighting.locations)
        places = (*self.locations, *seen)
        return not self.by_hand and not any(place.anchor.is_found for place in places)

    @property
    def place(self) -> Location | None:
        """The first of its places that exists, else the first that was claimed."""
        found = (place for place in self.locations if place.anchor.is_found)
        return next(found, self.locations[0] if self.locations else None)
