"""What a user may send with a report of a mistake: no name of theirs, no source, no key."""

from __future__ import annotations

import contextlib
import os
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import qVersion

from spectr_desktop import __version__, logs

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOG_LINES = 40
# A quoted name may have blanks in it; an unquoted one is taken with the folders before it.
_SOURCE = re.compile(
    r"(?i)([\"'])[^\"'\n]*\.(?:sol|vyi?)\1|[^\s\"']*[^\s\"'.]\.(?:sol|vyi?)(?![a-z0-9_])"
)


def diagnostics(stories: Sequence[str], folder: Path | None) -> str:
    """A text to copy.

    Args:
        stories: redacted tracebacks, or what a dead program left.
        folder: of the log, None if there is none.
    """
    import PySide6  # noqa: PLC0415  # only here, for its version

    facts = (
        f"Spectr Desktop {__version__}\n"
        f"Python {platform.python_version()}, Qt {qVersion()}, PySide {PySide6.__version__}\n"
        f"{platform.platform()}"
    )
    lines = logs.last_lines(folder, _LOG_LINES)
    parts = [facts, *stories]
    if lines:
        parts.append(f"The last lines of the log:\n{lines}")
    return without_names("\n\n".join(parts)) + "\n"


def without_names(text: str) -> str:
    """The text without keys, names of source files, and the name of the user's home."""
    for home in _homes():
        text = re.sub(re.escape(home) + r"(?![\w.-])", "~", text)
    return logs.redacted(_SOURCE.sub("[source]", text))


def _homes() -> list[str]:
    """The user's home as it may be written, the longest first."""
    named = os.environ.get("HOME") or os.environ.get("USERPROFILE") or ""
    homes = {named.rstrip("/\\")}
    with contextlib.suppress(RuntimeError):  # there is none
        homes |= {str(Path.home()), str(Path.home().resolve())}
    homes |= {home.replace("\\", "/") for home in homes}
    return sorted((home for home in homes if len(home) > 1), key=len, reverse=True)
