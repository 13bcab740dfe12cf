"""Blocks without end: ended by the text alone, however it arrives."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.report import blocks
from spectr_desktop.report.block_limits import Window
from spectr_desktop.report.blocks import Block, BlockSplitter, parse_document

_PARTS = [
    "- item\n",
    "  - nested `code`\n",
    "1. first\n",
    "2) other\n",
    "    more\n",
    "\n",
    "\n\n",
    "   \n",
    "word *emphasis* and [link][a]\n",
    "[a]: https://example.org\n",
    "[b]: <x>\n",
    '"title"\n',
    "# heading\n",
    "===\n",
    "---\n",
    "> quote\n",
    ">\n",
    "```\n",
    "  ```sol\n",
    "~~~\n",
    "````\n",
    "| a | b |\n",
    "|---|---|\n",
    "| 1 |\n",
    "\tcode\n",
    "\r\n",
    "\r",
    "x" * 50 + "\n",
    "- " * 20 + "deep\n",
]


def _shape(settled: list[Block]) -> list[tuple[str, bool, list[tuple[str, str, int]]]]:
    """What is shown of blocks: blank lines may stand behind one or before the next."""
    return [
        (
            block.source.strip("\n"),
            block.cut,
            [(t.type, t.content, len(t.children or [])) for t in block.tokens],
        )
        for block in settled
        if block.tokens
    ]


def _streamed(text: str, cuts: list[int]) -> list[Block]:
    splitter = BlockSplitter()
    out: list[Block] = []
    places = sorted({0, *cuts, len(text)})
    for start, end in pairwise(places):
        out += splitter.feed(text[start:end]).settled
    update = splitter.finish()
    if update.stale:
        known = splitter.again()
        return [*known.feed(text).settled, *known.finish().settled]
    return [*out, *update.settled]


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "LIST_WINDOW", Window(60, 5))
    monkeypatch.setattr(blocks, "WINDOW", Window(160, 12))


@given(
    parts=st.lists(st.sampled_from(_PARTS), max_size=60),
    seed=st.integers(0, 2**32 - 1),
)
def test_ends_do_not_depend_on_the_pieces(parts: list[str], seed: int) -> None:
    text = "".join(parts)
    dice = random.Random(seed)  # noqa: S311  # where to cut
    whole = _shape(_streamed(text, []))
    for _ in range(3):
        cuts = [dice.randrange(len(text) + 1) for _ in range(dice.randrange(30))]
        assert _shape(_streamed(text, cuts)) == whole
    assert _shape(_streamed(text, list(range(len(text))))) == whole


@given(parts=st.lists(st.sampled_from(_PARTS), max_size=60))
def test_no_line_is_lost(parts: list[str]) -> None:
    # Blank lines and definitions at the very end belong to no block.
    text = "".join(parts) + "\n\nend\n"
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    assert "".join(block.source for block in _streamed(text, [])) == plain
    assert "".join(block.source for block in parse_document(text)) == plain
