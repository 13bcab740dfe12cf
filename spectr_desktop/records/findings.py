"""What a report claims about the source, and where the source bears it out."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Severity(enum.Enum):
    """How bad a finding is, the worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Anchor(enum.Enum):
    """How a claimed location was found in the source.

    EXACT: the quote stands where it was claimed, or in the one place that has it.
    MOVED: the quote stands there, but the claimed line is another.
    FUZZY: the quote stands there with small differences.
    SYMBOL_ONLY: no quote was found; the named function or contract exists.
    UNVERIFIED: nothing of it was found.
    MISSING_FILE: the named file is not among those that were sent.
    """

    EXACT = "exact"
    MOVED = "moved"
    FUZZY = "fuzzy"
    SYMBOL_ONLY = "symbol_only"
    UNVERIFIED = "unverified"
    MISSING_FILE = "missing_file"

    @property
    def is_found(self) -> bool:
        """Whether code exists there: a finding has such a location, a lead has none."""
        return self not in (Anchor.UNVERIFIED, Anchor.MISSING_FILE)


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
        contract: the contract around these lines, "" if there is none.
        function: the function around them, "" if there is none.
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
        suggested_fix: code that mends it.
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
