"""Which hosts the source of a project may go to: what the user answered, in `project.json`."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any, NamedTuple, cast

from spectr_desktop import paths
from spectr_desktop.logs import logger
from spectr_desktop.store.decisions import (
    PROJECT_FILE_NAME,
    DecisionsError,
    project_folder,
    project_path,
)
from spectr_desktop.store.projects import projects

_log = logger(__name__)
_KEY = "consents"


class Consent(NamedTuple):
    """A host that may get the source of a project.

    Attributes:
        root: the project's folder.
        host: as a person reads it.
        at: since when, UTC.
    """

    root: Path
    host: str
    at: str


def consents(root: Path) -> dict[str, str]:
    """The hosts that were allowed for a project, and when; none if its file cannot be read.

    A file that says something unclear allows nothing: the user is asked again.
    """
    given = _read(root).get(_KEY)
    if not isinstance(given, dict):
        return {}
    pairs = cast("dict[str, object]", given)
    return {host: at for host, at in pairs.items() if isinstance(at, str)}


def allow(root: Path, host: str) -> None:
    """The user lets the project's source go to a host.

    Raises:
        DecisionsError: it cannot be kept; the user will be asked again.
    """
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    project_folder(root)
    _write(root, {**consents(root), host: now.replace("+00:00", "Z")})


def forget(root: Path, host: str = "") -> None:
    """The user wants to be asked again before the project's source goes to a host, or anywhere.

    Raises:
        DecisionsError: it cannot be kept; what was allowed still is.
    """
    given = consents(root)
    left = {other: at for other, at in given.items() if host and other != host}
    if left != given:
        _write(root, left)


def all_consents() -> list[Consent]:
    """What was allowed for any project, ordered by project; it reads a file of each."""
    roots = sorted({project.root for project in projects() if project.root})
    return [
        Consent(Path(root), host, at)
        for root in roots
        for host, at in sorted(consents(Path(root)).items())
    ]


def _read(root: Path) -> dict[str, Any]:
    try:
        value: object = json.loads((project_path(root) / PROJECT_FILE_NAME).read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        _log.warning("%s is left out: %s", PROJECT_FILE_NAME, type(error).__name__)
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _write(root: Path, given: dict[str, str]) -> None:
    file = project_path(root) / PROJECT_FILE_NAME
    known = {"root": str(root.resolve()), **_read(root), _KEY: given}
    try:
        paths.write_private(file, json.dumps(known, indent=1).encode("ascii") + b"\n")
    except OSError as error:
        raise DecisionsError(
            "consent_failed",
            f"Your answer cannot be kept in {file.parent} ({error.strerror or error}), so it holds "
            "for this run only. Make room or make the folder writable.",
            params={"folder": str(file.parent)},
            detail=str(error),
        ) from error
