"""Names of files that every system can unpack, made from names that others gave."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from spectr_desktop.report.export.escapes import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)
# Most programs on Windows unpack no path of more than 260 characters.
_LONGEST_PART = 80
_DEEPEST = 12


def safe_names(paths: Iterable[str]) -> list[str]:
    """A name for each path: relative, with forward slashes, no two of them alike on any system."""
    out: list[str] = []
    files: set[str] = set()
    folders: set[str] = set()
    for path in paths:
        plain = _safe(path)
        name, number = plain, 1
        while _folded(name) in files | folders or files & _folders(name):
            number += 1
            # Where a folder has the name of a file, another last part would not help.
            in_way = bool(files & _folders(plain))
            name = _other_folder(plain, number) if in_way else _numbered(plain, number)
        files.add(_folded(name))
        folders |= _folders(name)
        out.append(name)
    return out


def is_safe(name: str) -> bool:
    """Whether a name leads nowhere, hides nothing, and is a file's on every system."""
    return all(part not in ("", ".", "..") and _clean(part) == part for part in name.split("/"))


def _safe(path: str) -> str:
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    # Of what is too long the end is kept: it says what the file is.
    return "/".join(_clean(part[-_LONGEST_PART:]) for part in parts[-_DEEPEST:]) or "source"


def _clean(part: str) -> str:
    text = _UNSAFE.sub("_", unicodedata.normalize("NFC", part))
    text = "".join("_" if visible(sign) != sign else sign for sign in text)
    # Windows drops blanks and dots at an end; two dots alone lead out of the folder.
    bare = text.rstrip(". ")
    text = bare + "_" * (len(text) - len(bare))
    if text.startswith(" "):
        text = f"_{text[1:]}"
    return f"_{text}" if is_device(text) else text


def is_device(name: str) -> bool:
    """Whether Windows takes a name for a device, which it does whatever suffix it has."""
    return _DEVICE.fullmatch(name.split(".", maxsplit=1)[0].rstrip(" ")) is not None


def _numbered(name: str, number: int) -> str:
    folder, slash, last = name.rpartition("/")
    stem, dot, suffix = last.rpartition(".")
    if not stem:
        stem, dot, suffix = last, "", ""
    return f"{folder}{slash}{stem}-{number}{dot}{suffix}"


def _other_folder(name: str, number: int) -> str:
    first, _, rest = name.partition("/")
    return f"{first}-{number}/{rest}"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def _folders(name: str) -> set[str]:
    parts = _folded(name).split("/")
    return {"/".join(parts[:count]) for count in range(1, len(parts))}
