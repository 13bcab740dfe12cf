"""Log files: rotating, private, without keys, sources or answers."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import re
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import io
    from pathlib import Path

_ROOT = "spectr_desktop"
# What keys look like, and the headers that carry them: a net under code that never logs them.
_SECRET = re.compile(
    r"(?i)\bsk-[a-z0-9_-]{8,}"
    r"|\b(?:gsk|hf|r8)_[a-z0-9_-]{16,}|\b(?:xai|pplx|nvapi|csk)-[a-z0-9_-]{16,}"
    r"|\baiza[a-z0-9_-]{20,}"
    r"|[?&]key=[^\s&'\"]+"
    # What words are not: long, and with a digit.
    r"|\bbearer\s+(?=[^\s'\"]*\d)[a-z0-9._~+/=%-]{12,}"
    r"|(?:\b|_)keys?\b[\"']?(?:\s*[:=]|\s+is)?\s*[\"']?(?=[^\s'\"]*\d)[a-z0-9+_=%-][a-z0-9+/_=%.-]{23,}"
    r"|(?:x-api-key|authorization|api[_-]?key)[\"']?\s?[:=,]\s?(?:b?[\"'])?"
    r"(?:(?:bearer|basic)\s+)?[^\s'\",}]+"
)
# Errors that speak of code or of the system. Others may quote what they could not read: a source,
# a server's words.
_OWN_WORDS = (AttributeError, NameError, OSError, RuntimeError, TypeError)


class _PrivateFile(logging.handlers.RotatingFileHandler):
    """A rotating file, each of which only the user may read."""

    def _open(self) -> io.TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """A log that cannot be written (the disk is full) is no reason to disturb anybody."""


class _Redacted(logging.Formatter):
    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802  # logging's own signature
        """Where an error happened and of which kind it is, and what it says if that is safe."""
        error: BaseException | None = ei[1]
        lines: list[str] = []
        while error is not None:
            said = f": {error}" if isinstance(error, _OWN_WORDS) else ""
            lines.append(f"{type(error).__name__}{said}\n")
            lines += traceback.format_tb(error.__traceback__)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "".join(lines).rstrip()

    def format(self, record: logging.LogRecord) -> str:
        return _SECRET.sub("[redacted]", super().format(record))


def logger(name: str) -> logging.Logger:
    """The logger of a module."""
    return logging.getLogger(name)


def start(folder: Path | None) -> None:
    """Write the program's log to files in a folder; without one, nowhere."""
    root = logging.getLogger(_ROOT)
    root.setLevel(logging.INFO)
    root.propagate = False
    handler: logging.Handler = logging.NullHandler()
    if folder is not None:
        file = folder / "spectr-desktop.log"
        with contextlib.suppress(OSError):
            handler = _PrivateFile(file, maxBytes=1_000_000, backupCount=3, encoding="utf-8")
    handler.setFormatter(_Redacted("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)


def stop() -> None:
    """Close the log files."""
    root = logging.getLogger(_ROOT)
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
