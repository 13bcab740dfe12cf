"""Interrupted runs: found after a crash, shown as far as they came, and asked again in part."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from spectr_desktop.audit import budget, prompts
from spectr_desktop.audit.findings_book import FindingsBook
from spectr_desktop.audit.parts import run_title
from spectr_desktop.audit.plan import (
    PlannedRequest,
    RunPlan,
    chooses_context,
    new_run_id,
    utc_now,
)
from spectr_desktop.audit.run_findings import RunFindings, unsent
from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger
from spectr_desktop.project.document import read_document
from spectr_desktop.providers.errors import ContextOverflow
from spectr_desktop.records.events import CellFinished, RunEntry, TextDelta
from spectr_desktop.records.run import (
    FOLLOW_UPS,
    GenerationRequest,
    Outcome,
    RunResult,
    Timings,
    Usage,
    worst,
)
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.report.cell_texts import seam
from spectr_desktop.store import stored_runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.providers.base import Provider
    from spectr_desktop.records.run import Cell, Header
    from spectr_desktop.records.server import ModelInfo
    from spectr_desktop.records.stored_run import StoredRun

_log = logger(__name__)
# Chains are short; one that names itself must not be followed for ever.
_LONGEST_CHAIN = 100


class Interrupted(NamedTuple):
    """A run that a crash has ended, as a person is asked about it.

    Attributes:
        stored: the run.
        lines: of what the model had written.
        findings: that are in it.
        leads: that are in it, apart.
    """

    stored: StoredRun
    lines: int
    findings: int
    leads: int = 0


def interrupted() -> list[Interrupted]:
    """The audits that died and that nobody has decided about, the newest first.

    It reads the ends of all journals: call it in a thread.
    """
    found: list[Interrupted] = []
    continued_ones: set[str] = set()
    for run in stored_runs.run_ids():
        if stored_runs.is_closed(run) or stored_runs.read_note(run).answered:
            continue
        try:
            stored = stored_runs.read_run(run)
        except SpectrError as error:
            _log.warning("%s (%s)", error.message, error.detail)
            continue
        if stored.header is not None:
            continued_ones.add(stored.header.continues)
        if stored.writing or stored.closed or is_follow_up(stored.header):
            continue
        found.append(_counted(stored))
    # The program may have died just when it had gone on with one: that other one is asked about.
    return [one for one in found if one.stored.id not in continued_ones]


def is_answered(run: str) -> bool:
    """Whether the user has decided about an interrupted run, perhaps in another window."""
    return stored_runs.read_note(run).answered


def _counted(stored: StoredRun) -> Interrupted:
    """What is in a run, with those that it goes on with: that is what will be shown."""
    lines = findings = leads = 0
    for run in chain(stored):
        lines += sum(
            len(text.rstrip("\n").split("\n")) for text in run.result.texts.values() if text
        )
        found = findings_of(run).findings() if run.header else []
        leads += sum(one.is_lead for one in found)
        findings += sum(not one.is_lead for one in found)
    return Interrupted(stored, lines, findings, leads)


def settle(run: str) -> None:
    """The user has decided about an interrupted run: it is not asked about again.

    Raises:
        SpectrError: this cannot be kept.
    """
    stored_runs.write_note(run, replace(stored_runs.read_note(run), answered=True))


def is_follow_up(header: Header | None) -> bool:
    """Whether a run asked about one point: it is no report."""
    passes = {cell.pass_name for cell in header.cells} if header is not None else set[str]()
    return bool(passes) and passes <= set(FOLLOW_UPS)


def findings_of(stored: StoredRun) -> RunFindings:
    """What was found in a run's texts.

    Raises:
        RunsError: its header is lost, and with it the source.
    """
    if stored.header is None:
        raise stored_runs.RunsError(
            "run_without_header",
            "The beginning of this run's file is damaged, so that its source is not known. Its "
            "text can be read and copied.",
        )
    found = RunFindings(stored.header, _never_sent(stored))
    entries = [RunEntry(0, cell, TextDelta(text)) for cell, text in stored.result.texts.items()]
    entries += [RunEntry(0, cell.cell, CellFinished(cell.outcome)) for cell in stored.result.cells]
    found.extended(entries)
    while found.pending:
        found.extended(())
    return found


def _never_sent(stored: StoredRun) -> set[str]:
    """The files that were refused before anything was sent, so that no time was measured."""
    header = stored.header
    refused = {
        end.cell
        for end in stored.result.cells
        if end.error is not None
        and end.error.code == "context_overflow"
        and end.timings == Timings()
    }
    return unsent(header.cells, refused) if header is not None else set()


def record(stored: StoredRun) -> int:
    """Give a project the findings of a run that its program could not, or did not, record.

    It reads the project's decisions and the file: call it in a thread.

    Returns:
        How many there were; 0 if the project has them already.

    Raises:
        SpectrError: they cannot be written.
    """
    header = stored.header
    if header is None or not header.root or is_follow_up(header):
        return 0
    sightings = findings_of(stored).sightings
    if not sightings:
        return 0
    root, first = Path(header.root), header.files[0]
    now = first.text
    with contextlib.suppress(SpectrError):
        now = read_document(root / first.path).text
    book = FindingsBook()
    book.open(root, first.path, now)
    if any(one.run == stored.id for found in book.findings() for one in found.sightings):
        return 0
    book.begin_run(root, header.files)
    book.end_run(sightings)
    return len(sightings)


def source_now(header: Header) -> Path | None:
    """The file that a run sent first, if it still has that text; None if it has not."""
    if not header.root:
        return None
    path = Path(header.root) / header.files[0].path
    try:
        return path if read_document(path).text == header.files[0].text else None
    except SpectrError:
        return None


def chain(stored: StoredRun) -> list[StoredRun]:
    """The runs that this one goes on with, the first one first, and itself last."""
    runs = [stored]
    while (header := runs[0].header) is not None and header.continues:
        if len(runs) > _LONGEST_CHAIN or header.continues in {run.id for run in runs}:
            break
        try:
            runs.insert(0, stored_runs.read_run(header.continues))
        except SpectrError as error:
            _log.info("%s", error.message)
            break
    return runs


def joined(runs: Sequence[StoredRun]) -> RunResult:
    """The result of a chain: for each cell the newest end, and all its texts, with seams.

    Args:
        runs: as `chain` gives them.
    """
    first, *later = runs
    result = first.result
    for run in later:
        result = continued(result, run.result, when=run.header.created_at if run.header else "")
    return result


def continued(before: RunResult, after: RunResult, *, when: str) -> RunResult:
    """The result of a run that asked again for what another one had left open.

    Args:
        before: of the interrupted run.
        after: of the one that went on.
        when: the second began, in UTC.
    """
    cells = {cell.cell: cell for cell in before.cells}
    cells |= {cell.cell: cell for cell in after.cells}
    texts = dict(before.texts)
    for cell, text in after.texts.items():
        texts[cell] = texts[cell] + seam(texts[cell], when) + text if texts.get(cell) else text
    ends = tuple(cells.values())
    outcome = worst([cell.outcome for cell in ends])
    if outcome is Outcome.NOT_SENT:
        outcome = Outcome.INTERRUPTED
    error = next((cell.error for cell in ends if cell.outcome is outcome), None)
    usage = Usage(
        _sum(before.usage.input, after.usage.input),
        _sum(before.usage.output, after.usage.output),
        _sum(before.usage.thinking, after.usage.thinking),
        _sum(before.usage.cached, after.usage.cached),
    )
    return RunResult(outcome, after.finished_at, ends, texts, error, usage)


def plan_missing(stored: StoredRun, model: ModelInfo, provider: Provider) -> RunPlan:
    """The requests of a run that have no complete answer, exactly as they were planned.

    Args:
        stored: the interrupted run.
        model: the same one, as its server describes it now.
        provider: asks the same server.

    Raises:
        SpectrError: the run cannot be repeated: its header is damaged, it was a question, the
            version of its prompt is not there any more, or none of what is missing fits into the
            model's context.
    """
    header = stored.header
    if header is None or is_follow_up(header) or not stored.missing:
        raise SpectrError(
            "not_repeatable",
            "This run cannot be asked again: the beginning of its file is damaged, or nothing of "
            "it is missing. Run the audit again from the source.",
        )
    cells = tuple(cell for cell in header.cells if cell.id in stored.missing)
    again = replace(
        header,
        id=new_run_id(),
        created_at=utc_now(),
        base_url=provider.config.base_url,
        locality=provider.locality(model),
        model=model,
        cells=cells,
        continues=stored.id,
    )
    requests = tuple(_again(cell, header, model, provider) for cell in cells)
    if all(planned.refused is not None for planned in requests):
        raise next(planned.refused for planned in requests if planned.refused is not None)
    return RunPlan(again, requests)


def _again(cell: Cell, header: Header, model: ModelInfo, provider: Provider) -> PlannedRequest:
    """One request of a run as it was planned; refused if its file does not fit now either."""
    paths = {span.path for span in cell.spans}
    files = [file for file in header.files if file.path in paths]
    chosen = prompts.prompt(cell.pass_name, header.prompt_versions[cell.pass_name])
    composed = prompts.compose(chosen, cell.title or run_title(header.files), files)
    if composed.sha256 != cell.prompt_sha256:
        raise SpectrError(
            "prompt_changed",
            "This run cannot be asked again: the prompt that it used is another one now. Run "
            "the audit again from the source.",
        )
    usual = header.parameters
    wanted = replace(usual, max_tokens=cell.max_tokens or usual.max_tokens)
    request = GenerationRequest(
        model.id, composed.system, composed.user, wanted, model.capabilities
    )
    try:
        budget.parameters(
            model,
            cell.counted_input or cell.estimated_input,
            chooses_context=chooses_context(provider),
            context=usual.context,
            max_tokens=wanted.max_tokens,
            counted=cell.counted_input is not None,
            path=cell.spans[0].path if cell.title else "",
        )
    except ContextOverflow as error:
        return PlannedRequest(cell, request, error)
    return PlannedRequest(cell, request)


def server_of(header: Header, known: Sequence[ServerConfig]) -> ServerConfig:
    """The server that a run asked: as it is configured now, or by its address alone."""
    for config in known:
        if (config.provider, config.base_url) == (header.provider, header.base_url):
            return config
    own = "" if header.provider == "builtin" else header.base_url
    return ServerConfig(header.provider, own)


def _sum(first: int | None, second: int | None) -> int | None:
    return second if first is None else first if second is None else first + second
