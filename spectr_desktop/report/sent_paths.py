"""Which of the files that were sent a model means by a path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 1_000
_PLACE = re.compile(r"(?:[#:]L?\d[\d\s:,L-]*|:[A-Za-z_]\w*(?:[.:]\w*)*(?:\(\))?)$")
_SUFFIXES = (".sol", ".vy", ".vyi")


class SentPaths:
    """The paths of the files that were sent, compared as text; nothing is opened or resolved.

    Args:
        paths: relative to the project, with forward slashes.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = list(paths)
        self._parts = [_parts(path) for path in paths]
        self._by_name: dict[str, list[int]] = {}
        for number, parts in enumerate(self._parts):
            for name in {parts[-1], _stem(parts[-1])} if parts else ():
                self._by_name.setdefault(name, []).append(number)

    def find(self, claimed: str) -> list[int]:
        r"""The files that a path may mean, by their numbers; the more likely first.

        `.`, `..`, back-slashes, case, a missing suffix and a line number behind it do not matter,
        and of the folders those that both paths have in common decide: with `src/Vault.sol` alone
        sent, `contracts/Vault.sol` means it.

        Args:
            claimed: as the model wrote it.
        """
        text = _cleaned(claimed)
        parts = _parts(text)
        if not parts:
            return []
        found = self._by_name.get(parts[-1], [])
        if len(found) < 2:  # noqa: PLR2004
            return list(found)
        alike = {number: _common_end(parts, self._parts[number]) for number in found}
        best = max(alike.values())
        out = [number for number in found if alike[number] == best]
        whole = [number for number in out if len(self._parts[number]) == len(parts) == best]
        same_case = [number for number in whole if self._paths[number] == text]
        return same_case or whole or out


def _cleaned(claimed: str) -> str:
    text = claimed[:_LONGEST].strip().strip("`'\"()[]<>*").replace("\\", "/").strip()
    return _PLACE.sub("", text)


def _parts(path: str) -> list[str]:
    parts = path.replace("\\", "/").casefold().split("/")
    return [part.strip() for part in parts if part.strip() not in {"", ".", ".."}]


def _stem(name: str) -> str:
    for suffix in _SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name


def _common_end(first: list[str], second: list[str]) -> int:
    count = 0
    for one, other in zip(reversed(first), reversed(second), strict=False):
        if one != other:
            break
        count += 1
    return count
