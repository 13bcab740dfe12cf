"""Writing a report in several formats: one that fails does not keep the others from it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger
from spectr_desktop.report.export.file_names import numbered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from spectr_desktop.records.house_style import Look
    from spectr_desktop.records.report import Report
    from spectr_desktop.ui.export_makers import Makers
    from spectr_desktop.ui.export_results import ResultLine

_log = logger(__name__)


async def write_all(
    makers: Makers,
    report: Report,
    look: Look,
    runs: tuple[str, ...],
    files: Sequence[tuple[Path, ResultLine]],
    on_written: Callable[[Path], None],
    on_failed: Callable[[SpectrError], None],
) -> None:
    """Write all files one after another, each line saying how it goes.

    Cancelling ends what is being made; a file whose bytes are on their way to the disk is finished.

    Args:
        makers: make and write the bytes.
        report: what is written.
        look: logo and colour.
        runs: whose report it is.
        files: where to, with the line that tells of it; the suffix is the format.
        on_written: told of each file.
        on_failed: told of each that was not written.
    """
    mistakes: list[Exception] = []
    for at, (path, line) in enumerate(files):
        try:
            await _write(makers, report, look, runs, path, line)
        except asyncio.CancelledError:
            _show_cancelled([line for _, line in files[at:]])
            raise
        except _Finished:
            on_written(path)
            _show_cancelled([line for _, line in files[at + 1 :]])
            raise asyncio.CancelledError from None
        except SpectrError as error:
            _log.warning("export to %s: %s", path.suffix, error.code)
            line.show_fault(error.message)
            on_failed(error)
        except Exception as error:  # noqa: BLE001  # raised below; the other formats come first
            _log.error("export to %s failed", path.suffix, exc_info=error)
            line.show_fault(_tr("not written, by a mistake of the program."))
            mistakes.append(error)
        else:
            on_written(path)
    if mistakes:
        raise mistakes[0]


class _Finished(Exception):
    """It was cancelled when the bytes were on their way to the disk; they are there now."""


async def _write(
    makers: Makers,
    report: Report,
    look: Look,
    runs: tuple[str, ...],
    path: Path,
    line: ResultLine,
) -> None:
    line.say(_tr("is being made…"))
    raw = await makers.exported(report, look, runs, path.suffix, line.show_progress)
    if path.suffix == ".zip":
        line.note_seal(makers.seal(raw))
    line.say(_tr("is being written…"))
    writing = asyncio.create_task(_written(makers, path, raw), name="write an export")
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        # A thread cannot be ended in the middle of a file, and the line has to tell the truth.
        await asyncio.wait([writing])
        writing.result()
        line.show_written()
        raise _Finished from None
    line.show_written()


async def _written(makers: Makers, path: Path, raw: bytes) -> None:
    try:
        await makers.write(path, raw)
    except OSError as error:
        sentence = _tr("{path} cannot be written ({reason}). Choose another place.")
        reason = error.strerror or str(error)
        raise SpectrError("not_written", sentence.format(path=path, reason=reason)) from error


def _show_cancelled(lines: Sequence[ResultLine]) -> None:
    for line in lines:
        line.say(_tr("cancelled; what was there is as it was."))


def beside(paths: Sequence[Path]) -> list[Path]:
    """Names for the same files beside those that are there: all with the same number, from 2."""
    number = 2
    while True:
        others = [path.with_name(numbered(path.name, number)) for path in paths]
        if not any(other.exists() for other in others):
            return others
        number += 1


def _tr(text: str) -> str:
    return QCoreApplication.translate("export", text)
