"""What is exported: a run with its findings, what is wanted of it, and the report of both."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from spectr_desktop.records.findings import Finding  # a dataclass reads it, and those below
from spectr_desktop.records.grades import State
from spectr_desktop.records.house_style import HouseStyle
from spectr_desktop.records.report import Report, ReportKind
from spectr_desktop.records.run import Header, RunResult
from spectr_desktop.ui.finding_words import state_word

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True)
class Subject:
    """A run that is over.

    Attributes:
        header, result: of the run, or of the chain of runs.
        findings: that the project has of it, leads too.
        runs: its id, and before it those of the runs that it goes on with.
    """

    header: Header
    result: RunResult
    findings: tuple[Finding, ...]
    runs: tuple[str, ...]

    @property
    def standing(self) -> list[Finding]:
        """What can be chosen: all that was not merged into another one."""
        return [one for one in self.findings if not one.duplicate_of]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user wants of the run.

    Attributes:
        kind: who the report is for.
        style: the house style.
        unchosen: keys of findings and leads that the user does not want.
    """

    kind: ReportKind = ReportKind.WORKING
    style: HouseStyle = field(default_factory=HouseStyle)
    unchosen: frozenset[str] = frozenset()


def usual_kind(findings: Collection[Finding], states: Collection[State]) -> ReportKind:
    """For a client if the auditor stands for any finding, else to work with."""
    stands = any(
        one.state in states and not one.is_lead and not one.duplicate_of for one in findings
    )
    return ReportKind.CLIENT if stands else ReportKind.WORKING


def why_not(finding: Finding, wanted: Wanted) -> str:
    """Why a report of this kind cannot have a finding, "" if it can."""
    if wanted.kind is ReportKind.WORKING:
        return ""
    if finding.is_lead:
        return _tr("A lead, not for clients")
    return "" if finding.state in wanted.style.states else _tr("Its state is not for clients")


def left_out(subject: Subject, wanted: Wanted) -> str:
    """How much of the run the report leaves out, and why, as a sentence."""
    why: Counter[str] = Counter()
    leads = 0
    by_state = {state: state_word(state).lower() for state in State}
    for one in subject.standing:
        barred = bool(why_not(one, wanted))
        if not barred and one.key not in wanted.unchosen:
            continue
        if one.is_lead:
            leads += 1
        else:
            why[by_state[one.state] if barred else _tr("not chosen")] += 1
    count = why.total()
    of_leads = _tr("1 lead") if leads == 1 else _tr("{n} leads").format(n=leads)
    if not count:
        if not leads:
            return _tr("Nothing is left out.")
        return _tr("No finding is left out; {leads}.").format(leads=_left_out(of_leads, leads))
    order = [*by_state.values(), _tr("not chosen")]
    reasons = ", ".join(f"{why[word]} {word}" for word in order if why[word])
    sentence = (
        _tr("1 finding is left out: {reasons}")
        if count == 1
        else _tr("{n} findings are left out: {reasons}")
    )
    tail = f"; {of_leads}" if leads else ""
    return sentence.format(n=count, reasons=reasons) + tail + "."


def _left_out(of_leads: str, leads: int) -> str:
    words = _tr("{leads} is") if leads == 1 else _tr("{leads} are")
    return words.format(leads=of_leads)


def report_for(subject: Subject, wanted: Wanted) -> Report:
    """The report; may take long for a large source, and needs no Qt: for a thread."""
    from spectr_desktop.project.scope import nsloc  # noqa: PLC0415  # rarely
    from spectr_desktop.report.export.assembly import report_of  # noqa: PLC0415  # rarely

    style = wanted.style
    chosen = {one.key for one in subject.findings} - wanted.unchosen
    return report_of(
        subject.header,
        subject.result,
        subject.findings,
        kind=wanted.kind,
        states=style.states,
        keys=chosen if wanted.unchosen else None,
        nsloc=nsloc,
        document=style.document,
        title=style.title,
    )


def outline_of(subject: Subject) -> Report:
    """The report without findings and without counted lines: what names of files need."""
    from spectr_desktop.report.export.assembly import report_of  # noqa: PLC0415  # rarely

    header = replace(subject.header, files=())
    return report_of(header, subject.result, (), kind=ReportKind.WORKING)


def dressed(outline: Report, wanted: Wanted) -> Report:
    """An outline with what the user wants of the report's head."""
    style = wanted.style
    title = style.title or outline.title
    return replace(outline, kind=wanted.kind, title=title, document=style.document)


def first_page_words(subject: Subject, kind: ReportKind) -> str:
    """What the report says before everything else, "" if all is well."""
    from spectr_desktop.report.export.stamps import notices  # noqa: PLC0415  # rarely

    return " ".join(notices(subject.header, subject.result, kind))


def _tr(text: str) -> str:
    return QCoreApplication.translate("export", text)
