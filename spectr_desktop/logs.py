"""Log files: rotating, private, without keys, sources or answers."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_ROOT = "spectr_desktop"
# What keys look like, and the headers that carry them: a net under code that never logs them.
_SECRET = re.compile(
    r"(?i)\b(sk-[a-z0-9_-]{8,}|(?:x-api-key|authorization|api[_-]?key)\b\W{1,4}(?:bearer\s+)?[^\s'\",}]+)"
)


class _Redacted(logging.Formatter):
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
            os.close(os.open(file, os.O_CREAT | os.O_APPEND, 0o600))
            handler = logging.handlers.RotatingFileHandler(
                file, maxBytes=1_000_000, backupCount=3, encoding="utf-8"
            )
    handler.setFormatter(_Redacted("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)


def stop() -> None:
    """Close the log files."""
    root = logging.getLogger(_ROOT)
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
