"""The report of an audit as a record, schema `spectr-report/1`: what every export is made from."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from spectr_desktop.records.findings import Location
from spectr_desktop.records.grades import Severity, State
from spectr_desktop.records.run import CompleteInput, Outcome, Parameters, Timings, Usage
from spectr_desktop.records.server import Locality
from spectr_desktop.records.source import Span

REPORT_SCHEMA = "spectr-report/1"


class ReportKind(enum.Enum):
    """Who a report is for.

    CLIENT: findings that the auditor stands for, in his words, and nothing of how they were found.
    WORKING: everything.
    """

    CLIENT = "client"
    WORKING = "working"


@dataclass(frozen=True, slots=True)
class ReportDocument:
    """What the auditor puts around the findings; "" is left out everywhere.

    Attributes:
        auditor: who answers for the report, one line.
        client: whom it is for, one line.
        version: of the document, one line.
        before: sections of his own in front of the scope, Markdown.
        after: sections of his own at the end, Markdown.
    """

    auditor: str = ""
    client: str = ""
    version: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class ReportTool:
    """The program that wrote the report."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class ReportProject:
    """What was audited; nothing of it is invented.

    Attributes:
        name: what a person calls it: its folder, or the title of a text without one.
        root_label: the name of the project's folder, never its path; "" if there is none.
        commit: the full hash, "" if it is not known.
        branch: "" if it is not known.
        dirty: the source had changes that are in no commit; None if it is not known.
    """

    name: str
    root_label: str = ""
    commit: str = ""
    branch: str = ""
    dirty: bool | None = None


@dataclass(frozen=True, slots=True)
class Engine:
    """The model that was asked, and how it went. A client's report has the first three alone.

    Attributes:
        provider: the service.
        locality: where the source went.
        model: as its server calls it.
        host: name or address of the server, with its port; "" if it is not told.
        digest: of the weights, "" if it is not known.
        quantization: "" if it is not known.
        parameters: what was asked for; None if it is not told.
        prompt_versions: by pass.
        timings: of all requests together: the first one's beginning, the sum of their times (ms),
            and the tokens a second over all of them.
        usage: tokens of all requests.
    """

    provider: str
    locality: Locality
    model: str
    host: str = ""
    digest: str = ""
    quantization: str = ""
    parameters: Parameters | None = None
    prompt_versions: dict[str, str] = field(default_factory=dict[str, str])
    timings: Timings = field(default_factory=Timings)
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class ScopeFile:
    """A file that was sent.

    Attributes:
        path: relative to the project, with forward slashes.
        sha256: of the text that was sent, in UTF-8.
        lines: how many it has.
        nsloc: lines of code without comments and blanks, None if it was not counted.
        language: "solidity", "vyper" or "".
        role: "in_scope" or "reference".
    """

    path: str
    sha256: str
    lines: int
    nsloc: int | None
    language: str
    role: str


@dataclass(frozen=True, slots=True)
class CoveredCell:
    """One request: part and pass, and how it ended."""

    part: int
    pass_name: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was sent, which is not to say that it was examined.

    Attributes:
        complete_input: whether the model read all that was sent: the worst of all requests.
        cells: every request that was planned.
        unread_lines: lines in scope that no request has read: it was not sent, or failed before
            the answer began.
    """

    complete_input: CompleteInput = CompleteInput.UNKNOWN
    cells: tuple[CoveredCell, ...] = ()
    unread_lines: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportScope:
    """Which files, and what of them was read."""

    files: tuple[ScopeFile, ...] = ()
    coverage: Coverage = field(default_factory=Coverage)


@dataclass(frozen=True, slots=True)
class ReportCategory:
    """The kind of a weakness by public lists; "" and 0 where it is in none.

    Attributes:
        scwe: such as "SCWE-046".
        owasp_sc: such as "SC08".
        year: the edition of that list, 0 without an id.
        cwe: a number of the Common Weakness Enumeration.
    """

    scwe: str = ""
    owasp_sc: str = ""
    year: int = 0
    cwe: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a finding, counted; only a working report has it.

    Attributes:
        sightings: how often it was reported.
        runs: by how many runs.
        models: by which models.
        merged: keys of the findings that were merged into it.
        severity_origin: "auditor", "matrix", "model" or "".
        confidence: the models' own words or figures, only recorded.
        by_hand: the auditor wrote it.
        edited: its texts are no longer the model's.
        recheck: its code has changed since it was decided.
        stale: its code has changed since it was found.
    """

    sightings: int = 0
    runs: int = 0
    models: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    severity_origin: str = ""
    confidence: tuple[str, ...] = ()
    by_hand: bool = False
    edited: bool = False
    recheck: bool = False
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Original:
    """What the first model that reported it said, unchanged; the texts are Markdown."""

    title: str = ""
    severity: Severity | None = None
    impact: str = ""
    likelihood: str = ""
    category_label: str = ""
    description: str = ""
    exploit_scenario: str = ""
    proof_of_concept: str = ""
    recommendation: str = ""
    suggested_fix: str = ""


@dataclass(frozen=True, slots=True)
class ReportFinding:
    """A finding or a lead as it is reported.

    Attributes:
        key: of the project, never changes.
        number: by severity, given at export ("H-01"); "" in a working report.
        title: one line of plain text.
        severity: None if nobody rated it.
        impact: "high", "medium", "low" or ""; also "" where the auditor's severity replaces it.
        likelihood: as `impact`.
        category: the kind of weakness.
        locations: the main one first; lines are those that were looked up, 0 if none was found.
        description: Markdown, as all texts that follow.
        exploit_scenario: how it is attacked.
        proof_of_concept: what shows it.
        recommendation: what to do.
        suggested_fix: code, or a diff, that mends it.
        state: what the auditor decided.
        note: the auditor's words; "" in a client's report.
        evidence: None in a client's report.
        original: the model's words; None in a client's report, or if the auditor wrote it.
    """

    key: str
    number: str
    title: str
    severity: Severity | None
    impact: str
    likelihood: str
    category: ReportCategory
    locations: tuple[Location, ...]
    description: str
    exploit_scenario: str
    proof_of_concept: str
    recommendation: str
    suggested_fix: str
    state: State
    note: str = ""
    evidence: Evidence | None = None
    original: Original | None = None

    @property
    def label(self) -> str:
        """What it is called in the report: its number, or its key where it has none."""
        return self.number or self.key

    @property
    def place(self) -> Location | None:
        """The first place that exists, else the first that was claimed."""
        found = (place for place in self.locations if place.anchor.is_found)
        return next(found, self.locations[0] if self.locations else None)


@dataclass(frozen=True, slots=True)
class CellText:
    """The model's Markdown in answer to one request, verbatim."""

    cell: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that an export says.

    Attributes:
        schema: `REPORT_SCHEMA`.
        kind: who it is for.
        id: of the run.
        title: what was audited.
        created_at: the run began, in UTC.
        finished_at: it ended.
        outcome: only a complete one may look finished.
        notices: sentences that stand before everything else: that it is not complete, that only a
            part was read, that the practice model wrote it. Empty if all is well.
        tool: what wrote it.
        project: what was audited.
        engine: the model.
        scope: the files, and what of them was read.
        findings: the worst first.
        leads: claims whose code was not found; empty in a client's report.
        left_out: findings that are not in this report, because of their state or by choice.
        texts: what the model wrote; empty in a client's report.
        document: what the auditor puts around the findings.
    """

    schema: str
    kind: ReportKind
    id: str
    title: str
    created_at: str
    finished_at: str
    outcome: Outcome
    notices: tuple[str, ...]
    tool: ReportTool
    project: ReportProject
    engine: Engine
    scope: ReportScope
    findings: tuple[ReportFinding, ...] = ()
    leads: tuple[ReportFinding, ...] = ()
    left_out: int = 0
    texts: tuple[CellText, ...] = ()
    document: ReportDocument = field(default_factory=ReportDocument)
