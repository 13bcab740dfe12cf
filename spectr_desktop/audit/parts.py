"""A source as the prompts of a run hold it: in one part if it fits, otherwise in several."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spectr_desktop.audit import budget, prompts
from spectr_desktop.audit.pack import packed
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.run import FOLLOW_UPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.audit.pack import Part
    from spectr_desktop.audit.plan import FollowUp
    from spectr_desktop.records.source import SourceFile

# Characters between two files in a prompt.
_BETWEEN = 2
# As `part_title` makes it; a damaged journal may have any.
_TITLE = re.compile(r"part ([0-9]{1,6}) of ([0-9]{1,6}): ")


class SourceParts:
    """Divides files, and puts them into a prompt.

    Args:
        files: what is sent, in order.
        ask: what is asked about them.
        version: of the prompt, "" for the newest.
        room: tokens that the input of one of several requests may have; None if no limit is known.

    Attributes:
        files: those that are not empty.
        prompt: as it is sent.

    Raises:
        SpectrError: all files are empty, or this version of the prompt is not there.
    """

    def __init__(
        self, files: Sequence[SourceFile], ask: FollowUp, version: str, room: int | None
    ) -> None:
        self.files: Part = tuple(file for file in files if file.text.strip())
        if not self.files:
            raise SpectrError(
                "nothing_to_audit",
                "There is nothing to audit: the source is empty. Open a contract.",
            )
        self.prompt = prompts.prompt(ask.kind, version)
        self._ask = ask
        self._room = room
        # A question is about all of the source, and a single file is not divided.
        self._whole = room is None or len(self.files) == 1 or ask.kind in FOLLOW_UPS

    def divided(self, share: float = 1.0) -> list[Part]:
        """The files in as few parts as they fit into.

        Args:
            share: of the tokens that we estimate, how many a text really has.
        """
        room = self._room
        if self._whole or room is None or self._estimate(self.files, "") * share <= room:
            return [self.files]
        # No part has a longer title than this one.
        count = len(self.files)
        title = max((part_title(count, count, (file,) * count) for file in self.files), key=len)
        empty = len(self.composed((), title).user)
        sizes = [
            budget.tokens(len(self.composed((file,), title).user) - empty + _BETWEEN) * share
            for file in self.files
        ]
        around = budget.tokens(len(self.prompt.system) + empty) * share
        return packed(self.files, sizes, room - around)

    def holds(self, part: Part, counted: int | None) -> bool:
        """Whether a part fits into one request, or cannot be made smaller.

        Args:
            part: some of the files.
            counted: its tokens by the server's count; None for our estimate.
        """
        if self._whole or self._room is None or len(part) == 1:
            return True
        if counted is None:
            counted = self._estimate(part, part_title(1, 2, part))
        return counted <= self._room

    def composed(self, part: Part, title: str = "") -> prompts.Composed:
        """The prompt with some of the files; without a title it is that of all of them."""
        title = title or run_title(self.files)
        return prompts.compose(self.prompt, title, part, self._ask.subject, self._ask.question)

    def _estimate(self, part: Part, title: str) -> int:
        composed = self.composed(part, title)
        return budget.estimate(composed.system, composed.user)


def run_title(files: Sequence[SourceFile]) -> str:
    """What a run of these files is called."""
    return f"{files[0].path} and {len(files) - 1} more" if len(files) > 1 else files[0].path


def part_title(number: int, count: int, part: Part) -> str:
    """What the prompt calls a part, so that the model knows that there are others."""
    return f"part {number} of {count}: {run_title(part)}"


def numbers_of(title: str) -> tuple[int, int]:
    """The number of a part and how many there are, by its title; zeros where it is none."""
    found = _TITLE.match(title)
    return (int(found[1]), int(found[2])) if found is not None else (0, 0)
