"""The auditor's house styles: one private file each, under a name that a person gave."""

from __future__ import annotations

import contextlib
import json
import os
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from spectr_desktop import locks, paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger
from spectr_desktop.records.codec import from_json, to_json
from spectr_desktop.records.house_style import HouseStyle

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_log = logger(__name__)
# A name of 80 bytes has 240 when it is encoded: with these a file's name has less than 255.
_PREFIX, _SUFFIX = "style-", ".json"
_LAST, _LOCK = "last", ".lock"
MOST_NAME_BYTES = 80
MOST_BYTES = 4 * 1024 * 1024
"""Of a file: a logo of 1 MB has 1.4 MB in it, the rest is text."""


class HouseStyles:
    """Keeps `house-styles/style-<name>.json`; the name of a file says that of its profile.

    Names that differ in case alone are the same one: some disks would mix them up. Several
    programs may write; who is last wins, and each file is whole.

    Args:
        folder: where they are, None for their place among the program's data.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or paths.data() / "house-styles"

    def names(self) -> list[str]:
        """The names of all profiles, in the order of the alphabet; of damaged ones too."""
        return sorted(self._files(), key=str.casefold)

    def read(self, name: str) -> HouseStyle:
        """A profile; "" is the one that the program comes with.

        Raises:
            SpectrError: "style_missing", or "style_damaged".
        """
        if not name:
            return HouseStyle()
        known, file = self._known(name)
        try:
            style = from_json(HouseStyle, json.loads(_content(file)))
        except FileNotFoundError as error:
            raise _missing(name) from error
        except (OSError, ValueError, RecursionError) as error:
            raise SpectrError(
                "style_damaged",
                f"The house style “{known}” cannot be read from {file}. The usual style is shown "
                "instead; delete the profile, or save it anew.",
                params={"name": known, "path": str(file)},
                detail=str(error),
            ) from error
        return replace(style, name=known)

    def write(self, style: HouseStyle, *, new: bool = False) -> None:
        """Keep a profile under its name.

        Args:
            style: what is kept.
            new: refuse to replace another one.

        Raises:
            SpectrError: "style_name", "style_exists", "style_too_large" or "style_not_kept".
        """
        name = checked_name(style.name)
        # A file of text: a lone surrogate is written as an escape.
        raw = json.dumps(to_json(replace(style, name=name)), indent=1).encode("ascii") + b"\n"
        if len(raw) > MOST_BYTES:
            raise SpectrError(
                "style_too_large",
                f"The house style “{name}” has more than {MOST_BYTES // 1024 // 1024} MB; shorten "
                "its own sections.",
                params={"name": name, "limit": MOST_BYTES},
            )
        with self._changing():
            known, file = self._known(name)
            if new and file.exists():
                raise _exists(known)
            paths.write_private(file, raw)

    def rename(self, name: str, to: str) -> None:
        """Give a profile another name.

        Raises:
            SpectrError: "style_name", "style_exists", "style_missing" or "style_not_kept".
        """
        to = checked_name(to)
        with self._changing():
            known, file = self._known(name)
            taken, other = self._known(to)
            if not file.exists():
                raise _missing(name)
            if other.exists() and other != file:
                raise _exists(taken)
            was_last = self.last() == known
            file.rename(self._path(to))
            if was_last:
                self._keep_last(to)

    def delete(self, name: str) -> None:
        """Forget a profile; that it is gone already is no error.

        Raises:
            SpectrError: "style_not_kept".
        """
        with self._changing():
            self._known(name)[1].unlink(missing_ok=True)

    def last(self) -> str:
        """The profile that was used last, "" if it is gone."""
        try:
            name = (self._folder / _LAST).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            _log.info("the last house style is not known: %s", type(error).__name__)
            return ""
        return name if name in self._files() else ""

    def set_last(self, name: str) -> None:
        """This profile is used now.

        Raises:
            SpectrError: "style_not_kept".
        """
        if name != self.last():
            with self._changing():
                self._keep_last(name)

    def _keep_last(self, name: str) -> None:
        paths.write_private(self._folder / _LAST, name.encode("utf-8", "replace"))

    def _files(self) -> dict[str, Path]:
        try:
            entries = list(self._folder.iterdir())
        except FileNotFoundError:
            return {}
        except OSError as error:
            _log.warning("house styles cannot be listed: %s", error)
            return {}
        found: dict[str, Path] = {}
        for entry in entries:
            if entry.name.startswith(_PREFIX) and entry.name.endswith(_SUFFIX):
                name = unquote(entry.name[len(_PREFIX) : -len(_SUFFIX)])
                if entry == self._path(name):  # else nobody of ours has written it
                    found[name] = entry
        return found

    def _path(self, name: str) -> Path:
        return self._folder / f"{_PREFIX}{quote(name, safe=' ', errors='replace')}{_SUFFIX}"

    def _known(self, name: str) -> tuple[str, Path]:
        """The name and the file of a profile as they are, or as they would be."""
        wanted = name.casefold()
        for known, file in self._files().items():
            if known.casefold() == wanted:
                return known, file
        return name, self._path(name)

    @contextlib.contextmanager
    def _changing(self) -> Generator[None, None, None]:
        """One program at a time looks which names there are, and changes them.

        Raises:
            SpectrError: "style_not_kept".
        """
        try:
            paths.private_folder(self._folder)
            descriptor = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                locks.lock(descriptor, wait=True)
                yield
            finally:
                os.close(descriptor)
        except OSError as error:
            raise SpectrError(
                "style_not_kept",
                f"The house styles in {self._folder} cannot be changed "
                f"({error.strerror or error}). Make room or make the folder writable; what you "
                "typed is still in the window.",
                params={"folder": str(self._folder)},
                detail=str(error),
            ) from error


def checked_name(text: str) -> str:
    """The name of a profile, tidied.

    Raises:
        SpectrError: "style_name": it is empty, too long, or has characters that nobody sees.
    """
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    hidden = any(unicodedata.category(one)[0] == "C" for one in name)
    if not name or hidden or len(name.encode("utf-8", "replace")) > MOST_NAME_BYTES:
        raise SpectrError(
            "style_name",
            f"A house style needs a name of at most {MOST_NAME_BYTES} letters (fewer if they are "
            "not Latin), none of them hidden; choose another name.",
            params={"limit": MOST_NAME_BYTES},
        )
    return name


def _content(file: Path) -> bytes:
    with file.open("rb") as opened:
        raw = opened.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES} bytes")
    return raw


def _missing(name: str) -> SpectrError:
    return SpectrError(
        "style_missing",
        f"The house style “{name}” is not there any more. The usual style is shown instead.",
        params={"name": name},
    )


def _exists(name: str) -> SpectrError:
    return SpectrError(
        "style_exists",
        f"There is a house style “{name}” already; choose another name, or delete that one first.",
        params={"name": name},
    )
