"""Which hosts the source of a project may go to: what the user answered, in `project.json`."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any, cast

from spectr_desktop import paths
from spectr_desktop.logs import logger
from spectr_desktop.store.decisions import (
    PROJECT_FILE_NAME,
    DecisionsError,
    project_folder,
    project_path,
)

if TYPE_CHECKING:
    from pathlib import Path

_log = logger(__name__)
_KEY = "consents"


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


def forget(root: Path) -> None:
    """The user wants to be asked again before the project's source goes anywhere.

    Raises:
        DecisionsError: it cannot be kept; what was allowed still is.
    """
    if consents(root):
        _write(root, {})


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
        paths.write_atomically(file, json.dumps(known, indent=1).encode("ascii") + b"\n")
        file.chmod(0o600)
    except OSError as error:
        raise DecisionsError(
            "consent_failed",
            f"Your answer cannot be kept in {file.parent} ({error.strerror or error}), so it holds "
            "for this run only. Make room or make the folder writable.",
            params={"folder": str(file.parent)},
            detail=str(error),
        ) from error
