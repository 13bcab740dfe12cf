"""Who makes what the export dialog shows and writes; imported when it is needed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable  # a dataclass reads them, and those below
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from spectr_desktop.records.house_style import Look
    from spectr_desktop.records.report import Report

Progress = Callable[[int, int], None]
"""Told how much is done, and of how much."""


class PagesMaker(Protocol):
    """Makes pictures of the first pages of a report."""

    async def __call__(self, report: Report, look: Look, *, pages: int, width: int) -> list[bytes]:
        """PNG pictures so many pixels wide."""
        ...


class BytesMaker(Protocol):
    """Makes the bytes of a file."""

    async def __call__(
        self, report: Report, look: Look, runs: tuple[str, ...], suffix: str, progress: Progress
    ) -> bytes:
        """The report in the format of a suffix; cancelling it ends whatever makes it."""
        ...


async def _first_pages(report: Report, look: Look, *, pages: int, width: int) -> list[bytes]:
    from spectr_desktop.ui.pdf import first_pages  # noqa: PLC0415  # rarely

    return await first_pages(report, look, pages=pages, width=width)


async def _exported(
    report: Report, look: Look, runs: tuple[str, ...], suffix: str, progress: Progress
) -> bytes:
    from spectr_desktop.audit.exporting import Export, exported  # noqa: PLC0415  # rarely
    from spectr_desktop.ui.pdf import pdf  # noqa: PLC0415  # rarely

    return await exported(Export(report, look, runs), suffix, pdf, progress)


async def _write(path: Path, raw: bytes) -> None:
    from spectr_desktop.audit.exporting import write  # noqa: PLC0415  # rarely

    await write(path, raw)


def _seal(raw: bytes) -> str:
    from spectr_desktop.report.export.bundle_check import seal_of  # noqa: PLC0415  # rarely

    return seal_of(raw)


@dataclass(frozen=True, slots=True)
class Makers:
    """The program's own, unless others are given.

    Attributes:
        first_pages: for the preview.
        exported: of every format.
        write: in one step; a SpectrError leaves what was there.
        seal: of a bundle the SHA-256 of its manifest, by which the client knows it.
    """

    first_pages: PagesMaker = _first_pages
    exported: BytesMaker = _exported
    write: Callable[[Path, bytes], Awaitable[None]] = _write
    seal: Callable[[bytes], str] = _seal
