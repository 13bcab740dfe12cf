"""Exports, as window and command line both write them: the bytes of every format, and the file."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from spectr_desktop import __version__, paths
from spectr_desktop.audit.past_findings import joined_findings
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.house_style import Look
from spectr_desktop.records.report import Report, ReportTool
from spectr_desktop.report.export.formats import check_suffix
from spectr_desktop.report.export.formats import exported as text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spectr_desktop.audit.run_history import OpenedRun
    from spectr_desktop.records.findings import Finding
    from spectr_desktop.records.run import Header, RunResult

Progress = Callable[[int, int], None]
"""Told how much is done, and of how much."""
PdfMaker = Callable[[Report, Look, Progress | None], Awaitable[bytes]]
"""`ui.pdf.pdf`: pages need Qt, which this room must not know."""

# Of a bundle, in hundredths: the text formats are fast, pages are not.
_TEXTS_DONE, _PAGES_DONE, _ALL_DONE = 10, 90, 100


@dataclasses.dataclass(frozen=True, slots=True)
class Export:
    """What is to be written.

    Attributes:
        report: for a client or to work with.
        look: logo and colour, for HTML and PDF.
        runs: whose report it is and those that it goes on with, the first one first; only a bundle
            needs them.
    """

    report: Report
    look: Look = dataclasses.field(default_factory=Look)
    runs: tuple[str, ...] = ()


async def exported(
    export: Export, suffix: str, make_pdf: PdfMaker, progress: Progress | None = None
) -> bytes:
    """The bytes of a file; the loop goes on meanwhile.

    Cancelling ends the maker of pages; what a thread makes then is thrown away.

    Args:
        export: what to write.
        suffix: one of `SUFFIXES`, in any case.
        make_pdf: makes pages.
        progress: told in this thread.

    Raises:
        SpectrError: no such format, or it cannot be made.
    """
    suffix = suffix.lower()
    check_suffix(f"A file that ends in “{suffix}”", suffix)
    if suffix == ".pdf":
        return await make_pdf(export.report, export.look, progress)
    if suffix == ".zip":
        return await _bundle(export, make_pdf, progress or _untold)
    raw = await asyncio.to_thread(text_of, export.report, suffix, export.look)
    (progress or _untold)(1, 1)
    return raw


async def _bundle(export: Export, make_pdf: PdfMaker, progress: Progress) -> bytes:
    """A bundle, checked as its reader will check it."""
    from spectr_desktop.audit.evidence import evidence_of, too_large  # noqa: PLC0415  # rarely
    from spectr_desktop.report.export.bundle import REPORTS, bundle  # noqa: PLC0415  # as above
    from spectr_desktop.report.export.bundle_check import checked  # noqa: PLC0415
    from spectr_desktop.report.export.stored_zip import ZipFault  # noqa: PLC0415

    if not export.runs:
        raise SpectrError(
            "no_evidence",
            "This report is of no run that is kept, and a bundle without one proves nothing. "
            "Export another format.",
        )
    progress(0, _ALL_DONE)
    evidence = await asyncio.to_thread(evidence_of, export.runs)
    reports = {
        suffix: await asyncio.to_thread(text_of, export.report, suffix, export.look)
        for suffix in REPORTS
        if suffix != ".pdf"
    }
    progress(_TEXTS_DONE, _ALL_DONE)

    def told(done: int, total: int) -> None:
        share = (_PAGES_DONE - _TEXTS_DONE) * min(done, total) // max(total, 1)
        progress(_TEXTS_DONE + share, _ALL_DONE)

    reports[".pdf"] = await make_pdf(export.report, export.look, told)
    progress(_PAGES_DONE, _ALL_DONE)

    def packed() -> bytes:
        tool = ReportTool(export.report.tool.name, __version__)
        try:
            raw = bundle(export.report, reports, evidence.journals, evidence.decisions, tool)
        except ZipFault as error:
            size = sum(len(one) for one in (*reports.values(), *(j.raw for j in evidence.journals)))
            raise too_large(size) from error
        checked(raw, "The bundle")
        return raw

    raw = await asyncio.to_thread(packed)
    progress(_ALL_DONE, _ALL_DONE)
    return raw


def _untold(_done: int, _total: int) -> None:
    pass


def check_outputs(outputs: Iterable[Path]) -> None:
    """Refuse what could not be written before half an hour is spent on it.

    Raises:
        SpectrError: a format that is none, a folder that is missing, a name that is a folder's.
    """
    for path in outputs:
        check_suffix(str(path), path.suffix)
        if not path.absolute().parent.is_dir() or path.is_dir():
            raise SpectrError(
                "bad_output",
                f"{path} cannot be written: its folder is missing or it is a folder itself.",
                params={"path": str(path)},
            )


async def write(path: Path, raw: bytes) -> None:
    """Write a file in one step; one that is there is replaced, a link stays one.

    Raises:
        SpectrError: it cannot be written; what was there is as it was.
    """
    try:
        await asyncio.to_thread(_write, path, raw)
    except OSError as error:
        raise SpectrError(
            "not_written",
            f"{path} cannot be written ({error.strerror or error}). Choose another place.",
            params={"path": str(path), "reason": error.strerror or str(error)},
            detail=str(error),
        ) from error


def _write(path: Path, raw: bytes) -> None:
    paths.write_atomically(Path(os.path.realpath(path)), raw)


def chain_of(opened: OpenedRun) -> tuple[str, ...]:
    """The runs that a run's report is made of, the first one first: see `Export.runs`."""
    if not opened.chain or opened.chain[-1].header is None:
        return (opened.stored.id,)
    return (*(run.id for run in reversed(opened.chain)), opened.stored.id)


def whole(
    header: Header, opened: OpenedRun, earlier: Sequence[OpenedRun]
) -> tuple[Header, RunResult, list[Finding]]:
    """A run with those that it goes on with, whose cells it did not ask for again.

    Args:
        header: of the run, which has one.
        opened: the run.
        earlier: the other runs of `chain_of`, in that order.
    """
    from spectr_desktop.audit import recovery  # noqa: PLC0415  # an export of a new run needs none

    runs = [*earlier, opened]
    first = runs[0].stored.header or header
    named = dataclasses.replace(first, id=opened.stored.id, title=opened.stored.title)
    result = recovery.joined([one.stored for one in runs])
    return named, result, joined_findings([one.findings for one in runs])
