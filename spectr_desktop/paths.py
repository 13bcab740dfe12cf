"""Where the program finds its resources and keeps what it writes."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_NAME = "spectr-desktop"
_PACKAGE = Path(__file__).resolve().parent


def resources() -> Path:
    """The folder of shipped resources: inside an installed package, beside it in a checkout."""
    inside = _PACKAGE / "resources"
    return inside if inside.is_dir() else _PACKAGE.parent / "resources"


def home() -> Path | None:
    """The folder that `SPECTR_HOME` names: all that the program writes goes there."""
    value = os.environ.get("SPECTR_HOME", "").strip()
    return Path(value).expanduser().absolute() if value else None


def data() -> Path:
    """The folder of runs and projects."""
    return home() or Path(platformdirs.user_data_dir(_NAME, appauthor=False))


def runs() -> Path:
    """One folder a run, each with its journal."""
    return data() / "runs"


def logs() -> Path:
    """Rotating log files."""
    root = home()
    return root / "logs" if root else Path(platformdirs.user_log_dir(_NAME, appauthor=False))


def private_folder(path: Path) -> Path:
    """Make a folder (and its parents) that only the user may enter.

    Raises:
        OSError: it cannot be made.
    """
    missing: list[Path] = []
    current = path
    while not current.exists():
        missing.append(current)
        current = current.parent
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    return path
