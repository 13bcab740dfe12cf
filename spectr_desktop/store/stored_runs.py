"""Runs read back from their folders: whole, interrupted or damaged."""

from __future__ import annotations

import datetime
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from spectr_desktop import paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.locks import is_locked
from spectr_desktop.logs import logger
from spectr_desktop.records.codec import RecordError, from_json, to_json
from spectr_desktop.records.events import (
    CellFinished,
    RunEntry,
    RunFinished,
    TextDelta,
    UsageReported,
    event_from_json,
)
from spectr_desktop.records.run import (
    CellResult,
    ErrorInfo,
    Header,
    Outcome,
    RunResult,
    Usage,
    worst,
)
from spectr_desktop.records.stored_run import RunNote, StoredRun
from spectr_desktop.store.journal import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_log = logger(__name__)
NOTE_NAME = "run.json"
_TAIL = 64 * 1024
_BINARY = getattr(os, "O_BINARY", 0)

# Stands in the text where lines of the journal are lost: glued together it would read as whole.
DAMAGE = "\n\n> **Some of this report may be missing here: its file is damaged.**\n\n"
DIED = ErrorInfo(
    "program_died",
    "The program ended before the run did. What had arrived until then is kept.",
)


class RunsError(SpectrError):
    """A run cannot be read, renamed, or deleted."""


class ReadLines(NamedTuple):
    """What the lines of a journal say.

    Attributes:
        header: None if the first line is none.
        entries: the events, in order; None stands for damage.
        damaged: lines that cannot be read.
        unknown: lines of a kind that only a newer version knows.
    """

    header: Header | None
    entries: tuple[RunEntry | None, ...]
    damaged: int = 0
    unknown: int = 0


def run_ids() -> list[str]:
    """The names of all runs, the newest first; none if there is no place for them.

    A folder without a journal is none: nothing of its run was shown before the program died.
    """
    try:
        with os.scandir(paths.runs()) as found:
            names = [each.name for each in found if each.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    kept = (name for name in names if not name.startswith(".") and _has_journal(name))
    return sorted(kept, reverse=True)


def folder_of(run: str) -> Path:
    """The folder of a run.

    Raises:
        RunsError: the name is none that a run can have.
    """
    if not run or run.startswith(".") or "/" in run or "\\" in run or "\0" in run:
        raise _missing(run)
    return paths.runs() / run


def read_run(run: str) -> StoredRun:
    """A run from its journal. It takes a while: call it in a thread.

    Raises:
        RunsError: there is no such run, or its journal cannot be read at all.
    """
    folder = folder_of(run)
    try:
        raw = (folder / FILE_NAME).read_bytes()
    except FileNotFoundError as error:
        raise _missing(run) from error
    except OSError as error:
        raise RunsError(
            "run_unreadable",
            f"The run {run} cannot be read from {folder} ({error.strerror or error}). Make the "
            "folder readable and try again.",
            params={"run": run, "folder": str(folder)},
            detail=str(error),
        ) from error
    return stored_run(run, read_lines(raw), read_note(run), writing=is_writing(run))


def read_lines(raw: bytes) -> ReadLines:
    """The lines of a journal. A last line without its end counts only if it is whole."""
    lines = _lines(raw)
    first, is_whole = next(lines, (b"", False))
    header = _header(first)
    entries: list[RunEntry | None] = []
    damaged = int(header is None and is_whole)
    unknown = 0
    for line, is_whole in lines:
        try:
            entry = _entry(line)
        except (ValueError, RecursionError):
            if is_whole:
                damaged += 1
                entries.append(None)
            continue
        if entry is None:
            unknown += 1
        else:
            entries.append(entry)
    return ReadLines(header, tuple(entries), damaged, unknown)


def _lines(raw: bytes) -> Iterator[tuple[bytes, bool]]:
    """The lines that are not empty, and whether they have their end; one at a time, for memory."""
    start = 0
    while start < len(raw):
        end = raw.find(b"\n", start)
        if end == -1:
            yield raw[start:], False
            return
        if start == 0 or end > start:
            yield raw[start:end], True
        start = end + 1


def stored_run(run: str, read: ReadLines, note: RunNote, *, writing: bool) -> StoredRun:
    """The run that these lines tell."""
    texts: dict[str, list[str]] = {}
    ended: dict[str, CellResult] = {}
    usages: dict[str, Usage] = {}
    finished: RunFinished | None = None
    last_t, last_cell = 0, ""
    is_torn = False
    for entry in read.entries:
        if entry is None:
            is_torn = True
            continue
        event = entry.event
        # What is lost may have been the end of the last text, or the beginning of the next.
        if is_torn and last_cell and entry.cell != last_cell and last_cell not in ended:
            texts.setdefault(last_cell, []).append(DAMAGE)
            is_torn = False
        elif is_torn and isinstance(event, TextDelta | CellFinished):
            texts.setdefault(entry.cell, []).append(DAMAGE)
            is_torn = False
        last_t, last_cell = entry.t, entry.cell or last_cell
        if entry.cell:
            usages.setdefault(entry.cell, Usage())
        if isinstance(event, TextDelta):
            texts.setdefault(entry.cell, []).append(event.text)
        elif isinstance(event, UsageReported):
            usages[entry.cell] = event.usage
        elif isinstance(event, CellFinished):
            ended[entry.cell] = _result(entry.cell, event)
        elif isinstance(event, RunFinished):
            finished = event
    if is_torn and last_cell and last_cell not in ended:
        texts.setdefault(last_cell, []).append(DAMAGE)
    header = read.header
    planned = [cell.id for cell in header.cells] if header else list(usages)
    cells = tuple(_cell(name, ended, usages, finished) for name in planned)
    last_at = (finished and finished.finished_at) or _later(header, last_t)
    result = RunResult(
        outcome=finished.outcome if finished else _without_end(cells),
        finished_at=last_at,
        cells=cells,
        texts={cell: "".join(pieces) for cell, pieces in texts.items()},
        error=finished.error if finished else next((c.error for c in cells if c.error), None),
        usage=finished.usage if finished else Usage(),
    )
    return StoredRun(
        run,
        header,
        result,
        note,
        last_at,
        finished is not None,
        writing,
        read.damaged,
        read.unknown,
    )


def is_closed(run: str) -> bool:
    """Whether the journal has its end, from its last lines alone."""
    try:
        with (folder_of(run) / FILE_NAME).open("rb") as journal:
            size = journal.seek(0, os.SEEK_END)
            journal.seek(max(0, size - _TAIL))
            tail = journal.read()
    except OSError:
        return True  # nothing can be done about it
    for line in reversed(tail.split(b"\n")):
        if line:
            try:
                entry = _entry(line)
            except (ValueError, RecursionError):
                continue  # torn
            return entry is not None and isinstance(entry.event, RunFinished)
    return False


def is_writing(run: str) -> bool:
    """Whether a program that lives is writing the journal."""
    try:
        descriptor = os.open(folder_of(run) / FILE_NAME, os.O_RDWR | _BINARY)
    except OSError:
        return False
    try:
        return is_locked(descriptor)
    finally:
        os.close(descriptor)


def read_note(run: str) -> RunNote:
    """What is kept beside the journal; a damaged file is as good as none."""
    file = folder_of(run) / NOTE_NAME
    try:
        return from_json(RunNote, json.loads(file.read_bytes()))
    except FileNotFoundError:
        return RunNote()
    except (OSError, ValueError, RecursionError) as error:
        _log.warning("%s is left out: %s", NOTE_NAME, type(error).__name__)
        return RunNote()


def write_note(run: str, note: RunNote) -> None:
    """Keep something beside the journal.

    Raises:
        RunsError: the disk is full, read-only or gone, or the run is.
    """
    file = folder_of(run) / NOTE_NAME
    try:
        paths.write_private(file, json.dumps(to_json(note)).encode("ascii") + b"\n")
    except FileNotFoundError as error:
        raise _missing(run) from error
    except OSError as error:
        raise RunsError(
            "run_not_kept",
            f"This cannot be kept in {file.parent} ({error.strerror or error}). Make room or make "
            "the folder writable, and try again.",
            params={"folder": str(file.parent)},
            detail=str(error),
        ) from error


def _has_journal(run: str) -> bool:
    try:
        return (folder_of(run) / FILE_NAME).exists()
    except OSError:
        return True  # who reads it is told what is wrong


def _header(line: bytes) -> Header | None:
    try:
        return from_json(Header, json.loads(line))
    except (ValueError, RecursionError) as error:
        _log.info("a journal has no header: %s", type(error).__name__)
        return None


def _entry(line: bytes) -> RunEntry | None:
    """The entry of a line; None for one that only a newer version knows.

    Raises:
        ValueError, RecursionError: the line is damaged.
    """
    value: object = json.loads(line)
    if not isinstance(value, dict):
        raise RecordError("no object")
    fields = cast("dict[str, Any]", value)
    t, cell = fields.get("t"), fields.get("cell")
    if not isinstance(t, int) or not isinstance(cell, str):
        raise RecordError("no time or no cell")
    event = event_from_json(fields)
    return None if event is None else RunEntry(t, cell, event)


def _result(cell: str, event: CellFinished) -> CellResult:
    return CellResult(
        cell,
        event.outcome,
        event.stop_reason,
        event.error,
        event.usage,
        event.timings,
        event.complete_input,
        event.explanation,
    )


def _cell(
    name: str, ended: dict[str, CellResult], usages: dict[str, Usage], finished: RunFinished | None
) -> CellResult:
    if name in ended:
        return ended[name]
    if finished is not None and finished.outcome.finished:  # its own line is damaged
        return CellResult(name, Outcome.COMPLETE, usage=usages.get(name, Usage()))
    if name in usages:
        return CellResult(name, Outcome.INTERRUPTED, error=DIED, usage=usages[name])
    return CellResult(name, Outcome.NOT_SENT)


def _without_end(cells: tuple[CellResult, ...]) -> Outcome:
    outcome = worst([cell.outcome for cell in cells])
    started = bool(cells) and outcome is not Outcome.NOT_SENT
    return outcome if started else Outcome.INTERRUPTED


def _later(header: Header | None, milliseconds: int) -> str:
    """The time so long after a run's start, as headers write it; "" if that is not known."""
    try:
        began = datetime.datetime.fromisoformat(header.created_at) if header else None
        if began is None:
            return ""
        then = began + datetime.timedelta(milliseconds=milliseconds)
        return then.isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return header.created_at if header else ""


def _missing(run: str) -> RunsError:
    return RunsError(
        "run_missing",
        f"There is no run “{run}”. `spectr-desktop runs list` names all of them.",
        params={"run": run},
    )
