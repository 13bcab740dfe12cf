"""What the export dialog remembers: folder, formats, kind, and whether the preview is shown."""

from __future__ import annotations

import json
from dataclasses import dataclass

from spectr_desktop import paths
from spectr_desktop.logs import logger
from spectr_desktop.records.codec import from_json, to_json

_log = logger(__name__)
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
    try:
        return from_json(ExportState, json.loads((paths.data() / _FILE_NAME).read_bytes()))
    except FileNotFoundError:
        return ExportState()
    except (OSError, ValueError, RecursionError) as error:
        _log.info("%s is left out: %s", _FILE_NAME, type(error).__name__)
        return ExportState()


def save(state: ExportState) -> None:
    """Keep it; a disk that cannot is no error."""
    file = paths.data() / _FILE_NAME
    try:
        paths.private_folder(file.parent)
        paths.write_private(file, json.dumps(to_json(state)).encode("ascii") + b"\n")
    except OSError as error:
        _log.warning("%s is not kept: %s", _FILE_NAME, error)
