"""Log files: rotating, private, without keys, sources or answers."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import re
import traceback
from opcode import opmap
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import io
    from types import TracebackType

_ROOT = "spectr_desktop"
_FILE = "spectr-desktop.log"
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
# Errors whose words the interpreter makes of names and types. Others may quote what they could not
# read: a source, a server's words.
_OWN_WORDS = (AttributeError, NameError, RuntimeError, TypeError)
_RAISE = opmap["RAISE_VARARGS"]
_LAST_BYTES = 64 * 1024


class _PrivateFile(logging.handlers.RotatingFileHandler):
    """A rotating file, each of which only the user may read; several programs may share it."""

    def _open(self) -> io.TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802  # logging's name
        """Whether the file is full; one that another program has rotated away is left first."""
        stream = self.stream
        # Without this, two programs would rotate in turn, and old lines would be gone early.
        if stream is not None and not _is_named(stream.fileno(), self.baseFilename):
            stream.close()
            self.stream = self._open()
        return bool(super().shouldRollover(record))

    def doRollover(self) -> None:  # noqa: N802  # logging's name
        """Rotate; where that cannot be done, the file grows on."""
        try:
            super().doRollover()
        except OSError:  # Windows: another program has it open
            self.stream = self._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """A log that cannot be written (the disk is full) is no reason to disturb anybody."""


def _is_named(descriptor: int, path: str) -> bool:
    """Whether a file of this name is the one that is open."""
    try:
        return os.path.samestat(os.fstat(descriptor), Path(path).stat())
    except FileNotFoundError:
        return False


class _Redacted(logging.Formatter):
    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802  # logging's own signature
        """Where an error happened and of which kind it is, and what it says if that is safe."""
        return told(ei[1])

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def redacted(text: str) -> str:
    """The text without whatever looks like a key."""
    return _SECRET.sub("[redacted]", text)


def told(error: BaseException | None) -> str:
    """An error with its causes: kinds, places, and words only where they cannot quote anybody."""
    lines: list[str] = []
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        lines.append(f"{type(current).__name__}{_words(current)}\n")
        lines += traceback.format_tb(current.__traceback__)
        context = None if current.__suppress_context__ else current.__context__
        waiting.append(current.__cause__ or context)
        if isinstance(current, BaseExceptionGroup):
            waiting += cast("BaseExceptionGroup[BaseException]", current).exceptions
    return redacted("".join(lines).rstrip())


def _words(error: BaseException) -> str:
    if isinstance(error, OSError):  # whose other words are names of files
        return f": [Errno {error.errno}] {error.strerror}" if error.errno else ""
    said = isinstance(error, _OWN_WORDS) and not _was_raised_by_hand(error.__traceback__)
    return f": {error}" if said else ""


def _was_raised_by_hand(place: TracebackType | None) -> bool:
    """Whether a `raise` in Python chose the words: they may quote anything.

    The traceback shows the line of that `raise`, so that words which are fixed are seen anyway.
    """
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return place is None or place.tb_frame.f_code.co_code[place.tb_lasti] == _RAISE


def last_lines(folder: Path | None, count: int) -> str:
    """The newest lines of the log, without keys; "" if there are none."""
    try:
        raw = (folder / _FILE).read_bytes()[-_LAST_BYTES:] if folder is not None else b""
    except OSError:
        return ""
    lines = raw.decode("utf-8", "replace").split("\n")
    return redacted("\n".join(lines[-count - 1 :]).rstrip("\n"))


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
        file = folder / _FILE
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
