"""What `runs export` and `runs verify` do: files of a run's report, and the check of a bundle."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from spectr_desktop.audit import exporting
from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger
from spectr_desktop.records.report import ReportKind
from spectr_desktop.terminal import progress_of, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spectr_desktop.audit.exporting import Export, Progress
    from spectr_desktop.audit.run_history import OpenedRun
    from spectr_desktop.records.findings import Finding
    from spectr_desktop.records.house_style import Look
    from spectr_desktop.records.report import Report

_log = logger(__name__)
_MOST_NAMED = 20


class Wish(NamedTuple):
    """What of a run is to be written.

    Attributes:
        opened: the run.
        export: its report; None if the beginning of its journal is lost, and with it the source.
    """

    opened: OpenedRun
    export: Export | None


def chosen(outputs: Iterable[Path]) -> list[Path]:
    """The files to write, each once.

    Raises:
        SpectrError: one of them cannot be written.
    """
    once = [*dict.fromkeys(outputs)]
    exporting.check_outputs(once)
    return once


def wish_of(
    opened: OpenedRun, kind: str = "working", keys: str | None = None, style: str = ""
) -> Wish:
    """What is to be written of a run.

    Args:
        opened: the run; what it goes on with belongs to its report.
        kind: "client" or "working".
        keys: of findings, with commas between them; None for all.
        style: the name of a house style that was saved in the window; "" for the plain one.

    Raises:
        SpectrError: a key is none of the run's, there is nothing to choose from, or there is no
            such house style.
    """
    from spectr_desktop.project.scope import nsloc  # noqa: PLC0415  # not for verify
    from spectr_desktop.report.export.assembly import report_of  # noqa: PLC0415  # as above
    from spectr_desktop.store.house_styles import HouseStyles  # noqa: PLC0415  # not for verify

    header = opened.stored.header
    if header is None:
        if kind != "working" or keys is not None:
            raise _no_header(opened)
        return Wish(opened, None)
    runs = exporting.chain_of(opened)
    header, result, findings = exporting.whole(header, opened, _earlier(runs[:-1]))
    wanted = None if keys is None else _known_keys(keys, findings)
    house = HouseStyles().read(style)
    report = report_of(
        header,
        result,
        findings,
        kind=ReportKind(kind),
        states=house.states,
        keys=wanted,
        nsloc=nsloc,
        document=house.document,
        title=house.title,
    )
    return Wish(opened, exporting.Export(report, house.look, runs))


def _earlier(runs: Sequence[str]) -> list[OpenedRun]:
    if not runs:
        return []
    from spectr_desktop.audit.run_history import RunHistory  # noqa: PLC0415  # rarely

    history = RunHistory()
    try:
        return [history.open(run) for run in runs]
    finally:
        history.close()


def _known_keys(keys: str, findings: Sequence[Finding]) -> list[str]:
    wanted = [key for key in (part.strip() for part in keys.split(",")) if key]
    known = [one.key for one in findings if not one.duplicate_of]
    unknown = [key for key in wanted if key not in known]
    if unknown or not wanted:
        named = ", ".join(known[:_MOST_NAMED]) + (", …" if len(known) > _MOST_NAMED else "")
        wrong = f"This run has no finding “{unknown[0]}”." if unknown else "No finding is named."
        raise SpectrError(
            "finding_missing",
            f"{wrong} It has {named}." if known else f"{wrong} It has none at all.",
            params={"key": unknown[0] if unknown else ""},
        )
    return wanted


async def write_all(wish: Wish, outputs: Sequence[Path]) -> bool:
    """Write the files; one that fails is said, and the others are written.

    Returns:
        Whether all of them are.
    """
    done = True
    for path in outputs:
        try:
            raw = await _bytes(wish, path)
            await exporting.write(path, raw)
        except SpectrError as error:
            _log.warning("not exported: %s (%s)", error.code, error.detail)
            say(error.message)
            done = False
        else:
            _tell_bundle(path, raw)
    report = wish.export.report if wish.export else None
    if report is not None and report.kind is ReportKind.CLIENT and report.left_out:
        count = report.left_out
        say(
            f"{count:,} finding{' is' if count == 1 else 's are'} left out of the report: not in a "
            "state for a client, or not chosen."
        )
    return done


async def shown(opened: OpenedRun) -> bytes:
    """The report of a run as Markdown, to work with.

    Raises:
        SpectrError: nothing of it is left.
    """
    return await _bytes(wish_of(opened), Path("report.md"))


def existing(outputs: Iterable[Path]) -> list[str]:
    """Those of the files that are there already, also as a link that leads nowhere."""
    return [str(path) for path in outputs if os.path.lexists(path)]


async def write(export: Export, path: Path) -> bytes:
    """Write one file; on a terminal it is seen how far that is.

    Returns:
        What was written.

    Raises:
        SpectrError: it could not be made, or not be written ("not_written").
    """
    raw = await _made(export, path)
    await exporting.write(path, raw)
    return raw


async def _bytes(wish: Wish, path: Path) -> bytes:
    if wish.export is not None:
        return await _made(wish.export, path)
    if path.suffix.lower() != ".md":
        raise _no_header(wish.opened)
    return _remains(wish.opened).encode("utf-8", "replace")


async def _made(export: Export, path: Path) -> bytes:
    with progress_of(f"writing {path.name}") as progress:
        return await exporting.exported(export, path.suffix.lower(), _pdf, progress)


async def _pdf(report: Report, look: Look, progress: Progress | None) -> bytes:
    from spectr_desktop.ui.pdf import pdf  # noqa: PLC0415  # the only reason to load Qt

    return await pdf(report, look, progress)


def _tell_bundle(path: Path, raw: bytes) -> None:
    if path.suffix.lower() != ".zip":
        return
    from spectr_desktop.report.export.bundle import HOLDS  # noqa: PLC0415  # rarely
    from spectr_desktop.report.export.bundle_check import seal_of  # noqa: PLC0415  # as above

    say(HOLDS)
    say(
        f"The SHA-256 of the manifest of {path} is {seal_of(raw)}. Give "
        "it to the client by another way than the bundle."
    )


async def verified(path: Path) -> str:
    """Check a bundle; returns what is said of a whole one.

    Raises:
        SpectrError: it is not whole, or it cannot be read.
    """
    from spectr_desktop.report.export.bundle_check import checked  # noqa: PLC0415  # rarely
    from spectr_desktop.report.export.stored_zip import MOST_BYTES  # noqa: PLC0415  # as above

    def check() -> str:
        try:
            with path.open("rb") as file:
                # One byte more tells that it is too large; a device has no size to be asked for.
                raw = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise SpectrError(
                "bundle_unreadable",
                f"{path} cannot be read ({error.strerror or error}). Make it readable.",
                params={"path": str(path)},
                detail=str(error),
            ) from error
        whole = checked(raw, str(path))
        return (
            f"{path} is whole: {whole.entries:,} entries, manifest sha256 {whole.manifest_sha256}"
        )

    return await asyncio.to_thread(check)


def _no_header(opened: OpenedRun) -> SpectrError:
    return SpectrError(
        "run_without_header",
        f"The beginning of the file of the run {opened.stored.id} is damaged, so that only "
        "its texts are known. Export it as .md, of the kind “working”.",
        params={"run": opened.stored.id},
    )


def _remains(opened: OpenedRun) -> str:
    from spectr_desktop.report.export.canonical import canonical  # noqa: PLC0415  # rarely

    stored = opened.stored
    texts = [canonical(text) for text in stored.result.texts.values() if text.strip()]
    if not texts:
        raise SpectrError(
            "run_unreadable",
            f"The file of the run {stored.id} is damaged, and nothing of its report is left.",
            params={"run": stored.id},
        )
    about = (
        f"# Security review {stored.id}\n\n> **Not complete. The beginning of this run's file is "
        "damaged: what was audited, and by which model, is not known.**\n\n---\n\n"
    )
    return about + "\n\n---\n\n".join(texts) + "\n"
