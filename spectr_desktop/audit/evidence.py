"""What an evidence bundle holds beside the report: read from the folders of runs and projects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from spectr_desktop import paths
from spectr_desktop.audit.history_projects import Projects
from spectr_desktop.errors import SpectrError
from spectr_desktop.report.export.bundle import Journal
from spectr_desktop.report.export.stored_zip import MOST_BYTES
from spectr_desktop.store.decisions import FILE_NAME as DECISIONS_NAME
from spectr_desktop.store.decisions import project_path
from spectr_desktop.store.journal import FILE_NAME as JOURNAL_NAME
from spectr_desktop.store.stored_runs import NOTE_NAME, folder_of, is_writing, read_run

if TYPE_CHECKING:
    from collections.abc import Sequence

_MEGABYTE = 1024**2


class Evidence(NamedTuple):
    """What was recorded.

    Attributes:
        journals: of the runs, in their order, byte for byte.
        decisions: of the project of the last run; None if nothing was decided.
    """

    journals: tuple[Journal, ...]
    decisions: bytes | None


def evidence_of(runs: Sequence[str]) -> Evidence:
    """Read what belongs to runs. Nothing else of their folders is touched.

    It takes a while: call it in a thread.

    Args:
        runs: the first one first, at least one.

    Raises:
        SpectrError: one is still being written, or a file cannot be read, or they are too large.
    """
    for run in runs:
        if is_writing(run):
            raise SpectrError(
                "run_going_on",
                f"The run {run} is still being written. Stop it or wait for its end, then export.",
                params={"run": run},
            )
    root = Projects().root_of(read_run(runs[-1]))
    decided = project_path(Path(root)) / DECISIONS_NAME if root else None
    _check_size([folder_of(run) / JOURNAL_NAME for run in runs] + ([decided] if decided else []))
    journals = tuple(_journal(run) for run in runs)
    return Evidence(journals, _read(decided) if decided else None)


def _journal(run: str) -> Journal:
    folder = folder_of(run)
    raw = _read(folder / JOURNAL_NAME)
    if raw is None:
        raise SpectrError(
            "run_missing",
            f"The run {run} is not on the disk, and a bundle without it proves nothing. Export "
            "another format.",
            params={"run": run},
        )
    return Journal(run, raw, _read(folder / NOTE_NAME))


def _read(file: Path) -> bytes | None:
    """The bytes of a file, None if there is none.

    Raises:
        SpectrError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SpectrError(
            "evidence_unreadable",
            f"{file} cannot be read ({error.strerror or error}), and belongs into the bundle. Make "
            "it readable and try again.",
            params={"path": str(file)},
            detail=str(error),
        ) from error


def _check_size(files: Sequence[Path]) -> None:
    """Refuse before memory is filled.

    Raises:
        SpectrError: they are larger than a bundle may be.
    """
    total = sum(file.stat().st_size for file in files if file.is_file())
    if total > MOST_BYTES:
        raise too_large(total)


def too_large(size: int) -> SpectrError:
    """What is said of a bundle of so many bytes."""
    most = MOST_BYTES // _MEGABYTE
    return SpectrError(
        "bundle_too_large",
        f"What belongs into this bundle has {-(-size // _MEGABYTE)} MB, and {most} MB is the most. "
        f"Export another format; the journals lie in {paths.runs()}.",
        params={"size": size, "most": MOST_BYTES},
    )
