"""How often shown text of a growing report changes afterwards, at a stream's pace and by tokens.

    python benchmarks/flicker.py [KILOBYTES ...]

A stream of 1,000 tokens a second at 30 frames a second: a frame is 33 tokens. No document is
needed: the lines that two frames in a row would show are compared. Text flickers when what was
shown is not the beginning of what is shown next: its characters, its bold, italic, struck and
code marks, or the kind, indent and quote of its line. Links that gain their colour and lines
whose spacing changes keep their text; they are counted apart.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.corpus import report, tokens
from spectr_desktop.report.blocks import BlockSplitter
from spectr_desktop.ui.markdown_lines import Line, Table, block_lines, plain_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spectr_desktop.report.blocks import Update

TARGET = 0.001

_TOKENS_A_FRAME = 33

Lines = list[Line | Table]
Marks = list[tuple[str, int]]


class Change(NamedTuple):
    """What was shown before and what is shown in its place."""

    frame: int
    before: Line | Table
    after: Line | Table | None


class Flicker:
    """Compares each frame of a stream with the one before it."""

    def __init__(self) -> None:
        self.frames = 0
        self.changes: list[Change] = []
        self.recolored = 0
        self.moved = 0
        self._tail: Lines = []

    def see(self, update: Update) -> None:
        """Take what the next frame changes."""
        settled = [line for block in update.settled for line in block_lines(block)]
        tail = [line for block in update.tail for line in block_lines(block)]
        if update.plain:
            tail += plain_lines(update.plain)
        self.frames += 1
        self._compare(self._tail, settled + tail)
        self._tail = tail

    @property
    def share(self) -> float:
        """The share of frames in which shown text changed."""
        return len(self.changes) / max(1, self.frames)

    def _compare(self, old: Lines, new: Lines) -> None:
        for number, before in enumerate(old):
            after = new[number] if number < len(new) else None
            if not goes_on(before, after, last=number == len(old) - 1):
                self.changes.append(Change(self.frames, before, after))
                return
        pairs = list(zip(old, new, strict=False))
        self.recolored += any(_links(a) != _links(b)[: len(_links(a))] for a, b in pairs)
        self.moved += any(
            a.gap != b.gap for a, b in pairs if isinstance(a, Line) and isinstance(b, Line)
        )


def goes_on(before: Line | Table, after: Line | Table | None, *, last: bool) -> bool:
    """Whether shown text is still there; only the last line may have grown."""
    if isinstance(before, Line) and isinstance(after, Line):
        same = _place(before) == _place(after)
        old, new = _marks(before.runs), _marks(after.runs)
        return same and (old == new[: len(old)] if last else old == new)
    if isinstance(before, Table) and isinstance(after, Table):
        rows = [[_marks(cell) for cell in row] for row in after.rows]
        same = [[_marks(cell) for cell in row] for row in before.rows] == rows[: len(before.rows)]
        return same and before[2:] == after[2:] and (last or len(before.rows) == len(rows))
    return False


def flicker(pieces: Iterable[str]) -> Flicker:
    """Stream pieces, a frame each, to the end; a re-render for late references is no frame."""
    splitter, seen = BlockSplitter(), Flicker()
    for piece in pieces:
        seen.see(splitter.feed(piece))
    end = splitter.finish()
    if not end.stale:
        seen.see(end)
    return seen


def frames(text: str, count: int = _TOKENS_A_FRAME) -> list[str]:
    """The text in pieces of so many tokens."""
    parts = tokens(text)
    return ["".join(parts[at : at + count]) for at in range(0, len(parts), count)]


def _place(line: Line) -> tuple[int, int, int, bool]:
    return line.kind, line.indent, line.quote, line.hang


def _marks(runs: Iterable[tuple[str, int, str]]) -> Marks:
    return [(character, style) for text, style, _href in runs for character in text]


def _links(line: Line | Table) -> list[str]:
    cells = [line.runs] if isinstance(line, Line) else [cell for row in line.rows for cell in row]
    return [run.href for runs in cells for run in runs for _ in run.text]


def main() -> None:
    arguments = [argument for argument in sys.argv[1:] if argument != "-v"]
    sizes = [int(argument) for argument in arguments] or [10, 50, 200]
    changed = count = 0
    for size in sizes:
        # A text that breaks off inside a link changes when that is known.
        text = report(size * 1000).rpartition("\n\n")[0]
        for name, step in (("33 tokens a frame", _TOKENS_A_FRAME), ("token by token", 1)):
            seen = flicker(frames(text, step))
            print(
                f"{size:4} KB  {name:18} {seen.frames:6} frames: {len(seen.changes):5} changed "
                f"shown text ({seen.share:.3%}), {seen.recolored} coloured a link, "
                f"{seen.moved} spaced lines anew"
            )
            if step > 1:
                changed, count = changed + len(seen.changes), count + seen.frames
            if "-v" in sys.argv:
                for change in seen.changes[:12]:
                    print(f"      {change.frame}: {change.before}\n        -> {change.after}")
    share = changed / max(1, count)
    verdict = "met" if share <= TARGET else "missed"
    print(f"shown text changes in {share:.3%} of frames; target {TARGET:.1%}: {verdict}")


if __name__ == "__main__":
    main()
