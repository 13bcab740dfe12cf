"""A source file between the disk and the editor: read and written without damage."""

from __future__ import annotations

import codecs
import contextlib
import difflib
import os
import re
import stat
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from spectr_desktop import paths
from spectr_desktop.errors import SpectrError

SIZE_LIMIT = 5 * 1024 * 1024
"""Bytes; a file of exactly this size still opens."""

_BOMS = {
    "utf-8-sig": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
_LINE_END = re.compile(r"\r\n|\r|\n")
# Above this many changed lines a line diff could take seconds; lines are then matched by position.
_DIFF_LIMIT = 50_000


@dataclass(frozen=True, slots=True)
class Document:
    r"""A source file as it was read: its text, and all that is needed to write it back.

    Attributes:
        path: as it was given.
        text: with `\n` line ends and without a byte order mark.
        encoding: "utf-8", "utf-8-sig", "utf-16-le" or "utf-16-be" (these three with a byte order
            mark), or "cp1252" or "latin-1" for bytes that are none of them.
        newline: the line end that most lines have: "\n", "\r\n" or "\r".
        line_ends: the end of each line of a file that mixes them; empty for all other files.
        mtime_ns: when the file was last changed, to notice later that another program did it.
        size: of the file, in bytes.
    """

    path: Path
    text: str = field(repr=False)
    encoding: str = "utf-8"
    newline: str = "\n"
    line_ends: tuple[str, ...] = field(default=(), repr=False)
    mtime_ns: int = 0
    size: int = 0

    def encode(self, text: str) -> bytes:
        r"""The bytes of a text in this file's encoding, with its line ends.

        The unchanged text gives the very bytes that were read. In a file with mixed line ends an
        untouched or edited line keeps its own end, and a new line gets `newline`.

        Args:
            text: with `\n` line ends.

        Raises:
            SpectrError: "unencodable", a character that the file's encoding does not have.
        """
        if self.line_ends:
            lines = text.split("\n")
            ends = self._line_ends_of(lines)
            full = "".join(line + end for line, end in zip(lines, (*ends, ""), strict=True))
        else:
            full = text if self.newline == "\n" else text.replace("\n", self.newline)
        try:
            return _BOMS.get(self.encoding, b"") + full.encode(*_codec(self.encoding))
        except UnicodeEncodeError as error:
            line = len(_LINE_END.findall(full, 0, error.start)) + 1
            raise SpectrError(
                "unencodable",
                f"Line {line} has a character that {self.path.name} cannot hold in its encoding "
                f"({self.encoding}); remove it, or save the file as UTF-8.",
                params={"path": str(self.path), "line": line, "encoding": self.encoding},
            ) from None

    def _line_ends_of(self, lines: list[str]) -> tuple[str, ...]:
        """The ends of all lines but the last, found by comparing with the text that was read."""
        old = self.text.split("\n")
        known = (*self.line_ends, self.newline)
        start = 0
        shorter = min(len(old), len(lines))
        while start < shorter and old[start] == lines[start]:
            start += 1
        tail = 0
        while tail < shorter - start and old[-1 - tail] == lines[-1 - tail]:
            tail += 1
        ends = [self.newline] * len(lines)
        ends[:start] = known[:start]
        if tail:
            ends[-tail:] = known[-tail:]
        before, after = old[start : len(old) - tail], lines[start : len(lines) - tail]
        for first, second, count in _matches(before, after):
            ends[start + second : start + second + count] = known[
                start + first : start + first + count
            ]
        return tuple(ends[:-1])


def _matches(before: list[str], after: list[str]) -> list[tuple[int, int, int]]:
    """Which lines correspond: (first line before, first line after, how many)."""
    if max(len(before), len(after)) > _DIFF_LIMIT:
        return [(0, 0, min(len(before), len(after)))]
    opcodes = difflib.SequenceMatcher(None, before, after).get_opcodes()
    return [(i1, j1, min(i2 - i1, j2 - j1)) for _, i1, i2, j1, j2 in opcodes]


def read_document(path: Path) -> Document:
    """Read a source file.

    Raises:
        SpectrError: "file_missing", "is_folder", "not_a_file", "no_permission", "too_large",
            "binary" or "read_failed".
    """
    try:
        info = path.stat()
        if stat.S_ISDIR(info.st_mode):
            raise _refusal("is_folder", path, f"{path} is a folder; choose a file in it.")
        if not stat.S_ISREG(info.st_mode):
            # Opening a named pipe would wait for its other end, possibly for ever.
            raise _refusal("not_a_file", path, f"{path} is not a regular file.")
        _refuse_size(path, info.st_size)
        with path.open("rb") as file:
            raw = file.read(SIZE_LIMIT + 1)
            info = os.fstat(file.fileno())
    except OSError as error:
        raise _os_refusal(path, error, "read") from error
    except ValueError as error:  # a NUL in the name
        raise _refusal("file_missing", path, f"There is no file {path!s}.") from error
    _refuse_size(path, len(raw))
    text, encoding = _decode(raw)
    if "\0" in text:
        raise _refusal("binary", path, f"{path.name} is not a text file: it contains NUL bytes.")
    newline, line_ends = _line_ends(text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Document(path, text, encoding, newline, line_ends, info.st_mtime_ns, len(raw))


def write_document(path: Path, document: Document, text: str) -> Document:
    r"""Write a text to a file, in one step: afterwards the file is the old one or the new one.

    A symbolic link stays one, its target is written; the file keeps its mode.

    Args:
        path: where to; another path than the document's own for "save as".
        document: says encoding and line ends.
        text: with `\n` line ends.

    Returns:
        The document as it is on the disk now.

    Raises:
        SpectrError: "unencodable", "no_permission", "is_folder", "file_missing" (the folder is
            gone) or "write_failed"; the file on the disk is the old one.
    """
    raw = document.encode(text)
    try:
        target = path.resolve()
        paths.write_atomically(target, raw)
        info = target.stat()
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise _os_refusal(path, error, "written") from error
    newline, line_ends = document.newline, document.line_ends
    if line_ends:
        newline, line_ends = _line_ends(_decode_as(raw, document.encoding))
    return replace(
        document,
        path=path,
        text=text,
        newline=newline,
        line_ends=line_ends,
        mtime_ns=info.st_mtime_ns,
        size=info.st_size,
    )


def changed_on_disk(document: Document) -> bool:
    """Another program changed or removed the file since it was read or written."""
    try:
        info = document.path.stat()
    except OSError:
        return True
    return (info.st_mtime_ns, info.st_size) != (document.mtime_ns, document.size)


def _codec(encoding: str) -> tuple[str, str]:
    """The codec's name and how it treats errors."""
    if encoding.startswith("utf-16"):
        return encoding, "surrogatepass"  # half a pair is damaged text, but it is their text
    return ("utf-8" if encoding == "utf-8-sig" else encoding), "strict"


def _decode_as(raw: bytes, encoding: str) -> str:
    return raw[len(_BOMS.get(encoding, b"")) :].decode(*_codec(encoding))


def _decode(raw: bytes) -> tuple[str, str]:
    """Text and encoding; `latin-1` takes whatever nothing else takes."""
    marked = [name for name, bom in _BOMS.items() if raw.startswith(bom)]
    for encoding in (*marked, "utf-8", "cp1252"):
        with contextlib.suppress(UnicodeDecodeError):
            return _decode_as(raw, encoding), encoding
    return raw.decode("latin-1"), "latin-1"


def _line_ends(text: str) -> tuple[str, tuple[str, ...]]:
    """The most frequent line end, and every line's end if they differ."""
    if "\r" not in text:
        return "\n", ()
    ends = _LINE_END.findall(text)
    counted = Counter(ends)
    newline = counted.most_common(1)[0][0]
    return newline, tuple(ends) if len(counted) > 1 else ()


def _refuse_size(path: Path, size: int) -> None:
    if size > SIZE_LIMIT:
        raise SpectrError(
            "too_large",
            f"{path.name} is too large: it has {size:,} bytes, and the limit is "
            f"{SIZE_LIMIT // 1024**2} MB ({SIZE_LIMIT:,} bytes).",
            params={"path": str(path), "size": size, "limit": SIZE_LIMIT},
        )


def _refusal(code: str, path: Path, message: str, detail: str = "") -> SpectrError:
    return SpectrError(code, message, params={"path": str(path)}, detail=detail)


def _os_refusal(path: Path, error: Exception, verb: str) -> SpectrError:
    """The error for what the system said; `verb` is "read" or "written"."""
    match error:
        case FileNotFoundError() | NotADirectoryError():
            what = "file" if verb == "read" else "folder for"
            code = "file_missing"
            message = f"There is no {what} {path}; it may have been moved, renamed or deleted."
        case PermissionError():
            code = "no_permission"
            message = f"{path} cannot be {verb}: you do not have the permission."
        case IsADirectoryError():
            code, message = "is_folder", f"{path} is a folder; choose a file in it."
        case _:
            code = "read_failed" if verb == "read" else "write_failed"
            reason = getattr(error, "strerror", None) or str(error)
            message = f"{path} cannot be {verb}: {reason}."
    return _refusal(code, path, message, str(error))
