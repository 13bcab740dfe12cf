"""A report as CSV: a row a finding, for a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from spectr_desktop.records.report import ReportKind
from spectr_desktop.report.export.escapes import visible
from spectr_desktop.report.export.wording import CODE_FOUND, lines_of, severity_word, symbol_of

if TYPE_CHECKING:
    from spectr_desktop.records.report import Report, ReportFinding

_BYTE_ORDER_MARK = "\ufeff"
# A spreadsheet takes a cell that begins like this for a formula, also behind blanks; the last four
# are the wide forms of = + - @.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", *"\uff1d\uff0b\uff0d\uff20")
_COMMON = (
    "type",
    "id",
    "key",
    "title",
    "severity",
    "impact",
    "likelihood",
    "scwe",
    "owasp_sc",
    "cwe",
    "path",
    "start_line",
    "end_line",
    "symbol",
    "other_locations",
    "state",
    "description",
    "exploit_scenario",
    "proof_of_concept",
    "recommendation",
    "suggested_fix",
    "report_outcome",
    "report_notices",
)
_WORKING = ("code_found", "note", "sightings", "models", "confidence", "recheck")


def csv_text(report: Report) -> str:
    r"""The report as CSV by RFC 4180: commas, `\r\n`, quotation marks doubled, one head line.

    It begins with a byte order mark, without which spreadsheets take UTF-8 for something older.
    A cell that would be a formula has an apostrophe before it. Each row says how the run ended;
    a report that is not complete and has no findings has one row that says so.
    """
    names = _COMMON if report.kind is ReportKind.CLIENT else (*_COMMON, *_WORKING)
    out = io.StringIO()
    out.write(_BYTE_ORDER_MARK)
    writer: csv.DictWriter[str] = csv.DictWriter(out, names, restval="", extrasaction="ignore")
    writer.writeheader()
    rows = [_row(one, "finding") for one in report.findings]
    rows += [_row(one, "lead") for one in report.leads]
    if not rows and report.notices:
        rows = [{"type": "notice"}]
    stamp = {"report_outcome": report.outcome.value, "report_notices": "\n".join(report.notices)}
    for row in rows:
        writer.writerow({name: _harmless(value) for name, value in (row | stamp).items()})
    return out.getvalue()


def _row(finding: ReportFinding, kind: str) -> dict[str, str]:
    place, category = finding.place, finding.category
    others = [one for one in finding.locations if one is not place]
    row = {
        "type": kind,
        "id": finding.label,
        "key": finding.key,
        "title": finding.title,
        "severity": severity_word(finding.severity),
        "impact": finding.impact,
        "likelihood": finding.likelihood,
        "scwe": category.scwe,
        "owasp_sc": f"{category.owasp_sc}:{category.year}" if category.owasp_sc else "",
        "cwe": f"CWE-{category.cwe}" if category.cwe else "",
        "other_locations": "\n".join(one.path + lines_of(one) for one in others),
        "state": finding.state.value,
        "description": finding.description,
        "exploit_scenario": finding.exploit_scenario,
        "proof_of_concept": finding.proof_of_concept,
        "recommendation": finding.recommendation,
        "suggested_fix": finding.suggested_fix,
        "note": finding.note,
    }
    if place is not None:
        row |= {
            "path": place.path,
            "start_line": str(place.start_line) if place.start_line else "",
            "end_line": str(place.end_line) if place.end_line else "",
            "symbol": symbol_of(place),
            "code_found": CODE_FOUND[place.anchor],
        }
    if finding.evidence is not None:
        row |= {
            "sightings": str(finding.evidence.sightings),
            "models": "\n".join(finding.evidence.models),
            "confidence": "\n".join(finding.evidence.confidence),
            "recheck": "yes" if finding.evidence.recheck else "no",
        }
    return row


def _harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula; what hides is spelled out."""
    plain = visible(text.replace("\r\n", "\n").replace("\r", "\n"))
    return f"'{plain}" if plain.lstrip(" ").startswith(_FORMULA) else plain
