"""The formats of files that a report can be written to, by their suffix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop.errors import SpectrError
from spectr_desktop.records.house_style import Look

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectr_desktop.records.report import Report

SUFFIXES = (".md", ".html", ".pdf", ".json", ".sarif", ".csv", ".zip")
"""What a report can be written to, in lower case."""
TEXT_SUFFIXES = tuple(suffix for suffix in SUFFIXES if suffix not in (".pdf", ".zip"))
"""Those that `exported` writes: a page needs Qt, and a bundle all the others."""
_PLAIN = Look()


def exported(report: Report, suffix: str, look: Look = _PLAIN) -> bytes:
    """The report as the bytes of a file; the same report gives the same bytes.

    Args:
        report: for a client or to work with.
        suffix: one of `TEXT_SUFFIXES`, in any case.
        look: logo and colour, for HTML.

    Raises:
        SpectrError: there is no such format.
    """
    text = _writer(suffix.lower(), look)(report)
    # A lone surrogate has no bytes; JSON and SARIF have written it as an escape before.
    return text.encode("utf-8", "replace")


def check_suffix(name: str, suffix: str) -> None:
    """Refuse a format that cannot be written, before half an hour is spent on it.

    Args:
        name: of the file, for the sentence.
        suffix: of it, with its dot; "" if it has none.

    Raises:
        SpectrError: there is no such format.
    """
    if suffix.lower() not in SUFFIXES:
        endings = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        raise SpectrError(
            "bad_output",
            f"{name} has no format that can be written. End its name in {endings}.",
            params={"path": name},
        )


def _writer(suffix: str, look: Look) -> Callable[[Report], str]:
    """The writer of a format; each is imported when it is needed."""
    if suffix == ".md":
        from spectr_desktop.report.export.markdown import markdown  # noqa: PLC0415

        return markdown
    if suffix == ".html":
        from spectr_desktop.report.export.html import html  # noqa: PLC0415

        return lambda report: html(report, look)
    if suffix == ".json":
        from spectr_desktop.report.export.json import json_text  # noqa: PLC0415

        return json_text
    if suffix == ".sarif":
        from spectr_desktop.report.export.sarif import sarif_text  # noqa: PLC0415

        return sarif_text
    check_suffix(f"A file that ends in “{suffix}”", suffix)
    if suffix not in TEXT_SUFFIXES:
        raise ValueError(f"{suffix} is not written here")
    from spectr_desktop.report.export.csv import csv_text  # noqa: PLC0415

    return csv_text
