"""What the file of a report is called: a pattern filled in, safe on every system."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from spectr_desktop.report.export.safe_names import is_device

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectr_desktop.records.report import Report

MOST_BYTES = 150
"""Of a file's name with its suffix, in UTF-8: it has to fit into folders with long paths too."""
_NAMELESS = "report"
_LONGEST_SUFFIX = 16
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
# What separates folders or streams, or means something to a shell or to Windows.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]+')
_SPACES = re.compile(r"\s+")
_SOURCE = re.compile(r"\.(?:sol|vyi?)$", re.IGNORECASE)
_EDGES = " .-_"
_VALUES: dict[str, Callable[[Report], str]] = {
    "project": lambda report: report.project.name,
    "title": lambda report: _without_source_suffix(report.title),
    "kind": lambda report: report.kind.value,
    "client": lambda report: report.document.client,
    "date": lambda report: (report.finished_at or report.created_at)[:10],
    "version": lambda report: report.document.version,
    "run": lambda report: report.id,
}
PLACEHOLDERS = tuple(_VALUES)
"""The names that a pattern may have in braces."""


def file_name(pattern: str, report: Report, suffix: str = "") -> str:
    """A safe name of one file; the same report gives the same name.

    Args:
        pattern: text with placeholders in braces; unknown ones stay as they are.
        report: what fills them in; {date} is the day on which its run ended, in UTC.
        suffix: of the format, with its dot; "" for none.
    """

    def value(found: re.Match[str]) -> str:
        known = _VALUES.get(found[1])
        return known(report) if known is not None else found[0]

    return _with_suffix(_safe(_PLACEHOLDER.sub(value, pattern)), suffix)


def unknown_placeholders(pattern: str) -> tuple[str, ...]:
    """What stands in braces and means nothing, each once, with its braces."""
    found = (one[0] for one in _PLACEHOLDER.finditer(pattern) if one[1] not in _VALUES)
    return tuple(dict.fromkeys(found))


def numbered(name: str, number: int) -> str:
    """The name of another file beside one: "report.pdf" and 2 make "report 2.pdf"."""
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix) > _LONGEST_SUFFIX:
        stem, dot, suffix = name, "", ""
    return _with_suffix(stem, f" {number}{dot}{suffix}")


def _without_source_suffix(title: str) -> str:
    """The title of a run of one file is the file's name."""
    return _SOURCE.sub("", title)


def _safe(text: str) -> str:
    # macOS takes composed and decomposed letters for the same, others do not.
    text = unicodedata.normalize("NFC", _SPACES.sub(" ", text))
    # Control characters, format characters (bidi, zero width), lone surrogates, unassigned ones.
    text = "".join(one for one in text if unicodedata.category(one)[0] != "C")
    name = _FORBIDDEN.sub("-", text).strip(_EDGES)
    return f"_{name}" if is_device(name) else name or _NAMELESS


def _with_suffix(stem: str, suffix: str) -> str:
    room = MOST_BYTES - len(suffix.encode())
    if len(stem.encode()) > room:
        # A character that is cut in its middle goes, and so does a mark that lost its letter.
        stem = stem.encode()[:room].decode(errors="ignore").rstrip(_EDGES)
    return (stem or _NAMELESS) + suffix
