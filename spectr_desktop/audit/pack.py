"""Whole files put into parts that a model can hold, in their order."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.records.source import SourceFile

# The files of one request.
Part: TypeAlias = tuple["SourceFile", ...]


def packed(files: Sequence[SourceFile], sizes: Sequence[float], room: float) -> list[Part]:
    """The parts that hold all the files, each file in one of them, none of them empty.

    Neighbours of one folder stay together if they fit into one part. A file that is larger than
    the room is a part of its own.

    Args:
        files: in the order in which they shall be sent.
        sizes: of the files, in the same order.
        room: that a part has, in the same unit.
    """
    parts: list[Part] = []
    current: list[SourceFile] = []
    used = 0.0
    sized = zip(files, sizes, strict=True)
    for _, neighbours in itertools.groupby(sized, lambda one: one[0].path.rpartition("/")[0]):
        group = list(neighbours)
        whole = sum(size for _, size in group)
        # If they do not fit into any part, what is left of this one may as well be used.
        if current and used + whole > room >= whole:
            parts.append(tuple(current))
            current, used = [], 0.0
        for file, size in group:
            if current and used + size > room:
                parts.append(tuple(current))
                current, used = [], 0.0
            current.append(file)
            used += size
    if current:
        parts.append(tuple(current))
    return parts


def halves(part: Part) -> tuple[Part, Part]:
    """A part of several files as two, in order."""
    middle = len(part) // 2
    return part[:middle], part[middle:]
