"""The auditor's own prompts: numbered versions that are added to and never changed."""

from __future__ import annotations

import re
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spectr_desktop import paths
from spectr_desktop.errors import SpectrError

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"[a-z][a-z_]*")
_PREFIX = "own-"
MOST_BYTES = 256 * 1024
"""Of one of the two texts; more is no prompt."""


@dataclass(frozen=True, slots=True)
class OwnPrompt:
    """The two texts of one own version."""

    system: str
    user: str


class OwnPrompts:
    """Keeps `prompts/<name>/<n>/{system,user}.md`; version n is called "own-n".

    A run names the version of its prompt, and can be repeated only as long as that is there:
    therefore no version is ever changed or removed.

    Args:
        folder: where they are, None for their place among the program's data.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or paths.data() / "prompts"

    def versions(self, name: str) -> list[str]:
        """The own versions of a prompt, the oldest first."""
        return [f"{_PREFIX}{number}" for number in self._numbers(name)]

    def read(self, name: str, version: str) -> OwnPrompt:
        """One version.

        Raises:
            SpectrError: "prompt_missing", or "prompt_unreadable".
        """
        number = version.removeprefix(_PREFIX)
        if not number.isdecimal() or int(number) not in self._numbers(name):
            raise SpectrError(
                "prompt_missing",
                f"Version “{version}” of the prompt “{name}” is not on this machine; choose "
                "another one in the settings.",
                params={"name": name, "version": version},
            )
        folder = self._folder / name / number
        try:
            return OwnPrompt(_text(folder / "system.md"), _text(folder / "user.md"))
        except (OSError, ValueError) as error:
            raise SpectrError(
                "prompt_unreadable",
                f"Version “{version}” of the prompt “{name}” cannot be read from {folder}; choose "
                "another one in the settings.",
                params={"name": name, "version": version, "folder": str(folder)},
                detail=str(error),
            ) from error

    def add(self, name: str, system: str, user: str) -> str:
        """Keep two texts as a new version, both or neither; returns what it is called.

        Raises:
            SpectrError: "prompt_too_long", or "prompt_not_kept".
        """
        texts = {"system.md": system, "user.md": user}
        raw = {file: text.encode("utf-8", "replace") for file, text in texts.items()}
        if max(map(len, raw.values())) > MOST_BYTES:
            raise SpectrError(
                "prompt_too_long",
                f"The prompt is longer than {MOST_BYTES // 1024} KB; shorten it.",
                params={"limit": MOST_BYTES},
            )
        if not _NAME.fullmatch(name):
            raise ValueError(name)
        home = self._folder / name
        made = home / f".{secrets.token_hex(6)}.tmp"
        try:
            paths.private_folder(made)
            for file, content in raw.items():
                paths.write_private(made / file, content)
            return f"{_PREFIX}{self._number(made, home, name)}"
        except OSError as error:
            shutil.rmtree(made, ignore_errors=True)
            raise SpectrError(
                "prompt_not_kept",
                f"The prompt cannot be kept in {home} ({error.strerror or error}). Your text is "
                "still in the window: copy it, or try again.",
                params={"folder": str(home)},
                detail=str(error),
            ) from error

    def _number(self, made: Path, home: Path, name: str) -> int:
        """Give a finished folder the next number, in one step.

        Raises:
            OSError: it cannot be given one.
        """
        number = max(self._numbers(name), default=0)
        while True:
            number += 1
            if (home / str(number)).exists():  # damaged, or another program was faster
                continue
            made.rename(home / str(number))
            return number

    def _numbers(self, name: str) -> list[int]:
        home = self._folder / name
        if not _NAME.fullmatch(name) or not home.is_dir():
            return []
        return sorted(int(entry.name) for entry in home.iterdir() if _is_version(entry))


def _is_version(folder: Path) -> bool:
    number = folder.name
    plain = number.isascii() and number.isdecimal() and not number.startswith("0")
    return plain and (folder / "user.md").is_file()


def _text(file: Path) -> str:
    with file.open("rb") as opened:
        raw = opened.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise ValueError(f"{file.name} is longer than {MOST_BYTES} bytes")
    return raw.decode("utf-8").replace("\r\n", "\n")
