"""What the export dialog remembers: folder, formats, kind, and whether the preview is shown."""

from __future__ import annotations

from dataclasses import dataclass

from spectr_desktop.ui import kept_state

_FILE_NAME = "export.json"


@dataclass(frozen=True, slots=True)
class ExportState:
    """What was chosen last.

    Attributes:
        folder: where files went, "" for none yet.
        formats: suffixes.
        kind: a value of `ReportKind`, "" if nothing was exported yet.
        preview: the preview was shown.
    """

    folder: str = ""
    formats: tuple[str, ...] = (".md", ".pdf")
    kind: str = ""
    preview: bool = True


def load() -> ExportState:
    """What was kept; a damaged file is as good as none."""
    return kept_state.load(ExportState(), _FILE_NAME)


def save(state: ExportState) -> None:
    """Keep it; a disk that cannot is no error."""
    kept_state.save(state, _FILE_NAME)
