"""A report as SARIF 2.1.0, within what GitHub's code scanning takes."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from spectr_desktop.records.grades import State
from spectr_desktop.report.code_tokens import SEPARATOR, normalised, tokens_of
from spectr_desktop.report.export.escapes import one_line, visible
from spectr_desktop.report.export.sarif_rules import level_of, rule, rule_id
from spectr_desktop.report.export.wording import NO_TITLE, counted, severity_word, symbol_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.records.findings import Location
    from spectr_desktop.records.report import Report, ReportFinding, ScopeFile

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
MOST_RESULTS = 25_000
"""Results of a run that GitHub takes; of these it keeps the first 5,000."""
MOST_LOCATIONS = 100
"""Locations of a result that GitHub keeps; it takes a thousand and shows the first."""
MOST_BYTES = 10 * 1024 * 1024
"""Of the file, compressed with gzip."""
MOST_MESSAGE = 4_000
"""Characters of a message; what is longer is cut, and says so."""

_ROOT = "%SRCROOT%"
_SHORT_MESSAGE = 300
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_SEMANTIC = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?")
_LINK = re.compile(r"\[(?=[^\[\]]*\]\()")
_QUOTE_LIMIT = 8_000
_SUPPRESSED = {
    State.FALSE_POSITIVE: "The auditor judged it a false positive.",
    State.DUPLICATE: "It is the same as another finding.",
}


@dataclass(slots=True)
class _Rules:
    """The rules of a run, in the order in which results need them."""

    index: dict[str, int] = field(default_factory=dict[str, int])
    rules: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def of(self, finding: ReportFinding) -> tuple[str, int]:
        """The id and the place of a finding's rule."""
        name = rule_id(finding)
        if name not in self.index:
            self.index[name] = len(self.rules)
            self.rules.append(rule(name, finding.severity))
        return name, self.index[name]


def sarif_text(report: Report) -> str:
    """The report as a SARIF log, ending in a line end.

    Leads, and findings whose code is nowhere any more, have no line that is known, so they are
    left out; so is what is beyond GitHub's limits. Notifications of the invocation say how many.
    """
    placed = [one for one in report.findings if _found(one)]
    most, longest = min(len(placed), MOST_RESULTS), MOST_MESSAGE
    while True:
        log = _log(report, placed[:most], len(placed), longest)
        text = json.dumps(log, ensure_ascii=True, allow_nan=False, indent=2, sort_keys=True) + "\n"
        if len(text) <= MOST_BYTES or len(gzip.compress(text.encode("ascii"))) <= MOST_BYTES:
            return text
        # First words go, then what is least severe: results stand the worst first.
        if longest > _SHORT_MESSAGE:
            longest = _SHORT_MESSAGE
        elif most == 0:
            return text
        else:
            most //= 2


def fingerprint(place: Location) -> str:
    """A hash of where code is by name and of what it says: lines that move do not change it."""
    language = "vyper" if place.path.lower().endswith((".vy", ".vyi")) else ""
    code = tokens_of(normalised(place.quote[:_QUOTE_LIMIT]), language).tokens
    said = "\n".join((symbol_of(place), SEPARATOR.join(code)))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _log(
    report: Report, findings: Sequence[ReportFinding], placed: int, longest: int
) -> dict[str, Any]:
    rules, seen = _Rules(), Counter[str]()
    files = {file.path: index for index, file in enumerate(report.scope.files)}
    results = [_result(one, rules, files, seen, longest) for one in findings]
    run: dict[str, Any] = {
        "tool": {"driver": _driver(report, rules)},
        "automationDetails": {"id": f"spectr-desktop/{visible(report.id)}"},
        "invocations": [_invocation(report, placed, len(findings))],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The folder of the project."}}},
        "artifacts": [_artifact(file) for file in report.scope.files],
        "results": results,
        "properties": {
            "kind": report.kind.value,
            "outcome": report.outcome.value,
            "model": report.engine.model,
            "provider": report.engine.provider,
            "locality": report.engine.locality.value,
        },
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _driver(report: Report, rules: _Rules) -> dict[str, Any]:
    driver: dict[str, Any] = {"name": report.tool.name, "rules": rules.rules}
    if report.tool.version:
        driver["version"] = report.tool.version
    if _SEMANTIC.fullmatch(report.tool.version):
        driver["semanticVersion"] = report.tool.version
    return driver


def _invocation(report: Report, placed: int, told: int) -> dict[str, Any]:
    finished = report.outcome.finished
    notes = [("error" if not finished else "warning", text) for text in report.notices]
    unread = sum(one.end_line - one.start_line + 1 for one in report.scope.coverage.unread_lines)
    nowhere = len(report.findings) - placed
    left_out = [
        (unread, "warning", "line", "in scope that no request has read."),
        (len(report.leads), "note", "lead", "left out: no code was found for that."),
        (nowhere, "warning", "finding", "left out: the code is nowhere any more."),
        (placed - told, "warning", "finding", "left out: code scanning takes no more."),
        (report.left_out, "note", "finding", "left out because of the state that was set."),
    ]
    notes += [
        (level, f"{counted(count, word)} {why}") for count, level, word, why in left_out if count
    ]
    invocation: dict[str, Any] = {
        "executionSuccessful": finished,
        "toolExecutionNotifications": [
            {"level": level, "message": {"text": _plain(text)}} for level, text in notes
        ],
    }
    times = {"startTimeUtc": report.created_at, "endTimeUtc": report.finished_at}
    return invocation | {name: at for name, at in times.items() if _TIME.fullmatch(at)}


def _artifact(file: ScopeFile) -> dict[str, Any]:
    artifact: dict[str, Any] = {
        "location": {"uri": _uri(file.path), "uriBaseId": _ROOT},
        "hashes": {"sha-256": file.sha256},
        "roles": ["analysisTarget"] if file.role == "in_scope" else [],
    }
    if file.language:
        artifact["sourceLanguage"] = file.language
    return artifact


def _result(
    finding: ReportFinding,
    rules: _Rules,
    files: dict[str, int],
    seen: Counter[str],
    longest: int,
) -> dict[str, Any]:
    name, index = rules.of(finding)
    main, *others = _found(finding)[:MOST_LOCATIONS]
    mark = fingerprint(main)
    seen[name + mark] += 1
    result: dict[str, Any] = {
        "ruleId": name,
        "ruleIndex": index,
        "level": level_of(finding.severity),
        "message": {"text": _message(finding, longest)},
        "locations": [_location(main, files)],
        "partialFingerprints": {"primaryLocationLineHash": f"{mark}:{seen[name + mark]}"},
        "properties": _properties(finding, main),
    }
    if others:
        result["relatedLocations"] = [
            {"id": number, **_location(one, files)} for number, one in enumerate(others, 1)
        ]
    reason = _SUPPRESSED.get(finding.state)
    if reason is not None:
        note = _plain(finding.note.strip()) or reason
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": note}]
    return result


def _properties(finding: ReportFinding, place: Location) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "key": finding.key,
        "state": finding.state.value,
        "severity": severity_word(finding.severity),
        "anchor": place.anchor.value,
    }
    if finding.number:
        properties["number"] = finding.number
    if finding.evidence is not None:
        properties["sightings"] = finding.evidence.sightings
        properties["models"] = [*finding.evidence.models]
        properties["confidence"] = [*finding.evidence.confidence]
        properties["recheck"] = finding.evidence.recheck
    return properties


def _message(finding: ReportFinding, longest: int) -> str:
    title = one_line(finding.title) or NO_TITLE
    label = f"{finding.number}: " if finding.number else ""
    text = _plain(f"{label}{title}\n\n{finding.description.strip()}".strip())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _location(place: Location, files: dict[str, int]) -> dict[str, Any]:
    """Whole lines: SARIF's columns, left out, mean the first and the last of them."""
    artifact: dict[str, Any] = {"uri": _uri(place.path), "uriBaseId": _ROOT}
    if place.path in files:
        artifact["index"] = files[place.path]
    end = max(place.start_line, place.end_line)
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": artifact,
            "region": {"startLine": place.start_line, "startColumn": 1, "endLine": end},
        }
    }
    symbol = symbol_of(place)
    if symbol:
        kind = "function" if place.function else "type"
        location["logicalLocations"] = [{"fullyQualifiedName": visible(symbol), "kind": kind}]
    return location


def _found(finding: ReportFinding) -> list[Location]:
    return [one for one in finding.locations if one.anchor.is_found and one.start_line > 0]


def _uri(path: str) -> str:
    """A relative reference: a colon would make a scheme of its beginning, a slash a root."""
    return quote(path.replace("\\", "/").lstrip("/"), safe="/", errors="replace")


def _plain(text: str) -> str:
    """Words of others, in which no link of SARIF's own syntax is left."""
    return _LINK.sub(r"\\[", visible(text))
