from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.corpus import report, tokens
from spectr_desktop.report import blocks
from spectr_desktop.report.blocks import BLOCK_LIMIT, Block, BlockSplitter, Update, parse_document
from tests.report.markdown_samples import SAMPLES

_FRAGMENTS = sorted({line for sample in SAMPLES for line in sample.splitlines(keepends=True)})
_PIECES = st.one_of(st.sampled_from(_FRAGMENTS), st.text("-*_`#|>[]():\n ab1.\t", max_size=8))
_DOCUMENTS = st.lists(_PIECES, max_size=14).map("".join)


def meaning(block: Block) -> tuple[object, ...]:
    """All of a block but its line numbers, which count from where parsing began."""
    parts: list[object] = []
    for t in block.tokens:
        parts += [t.type, t.tag, t.attrs, t.content, t.markup, t.info, t.hidden, t.level]
        parts += [(c.type, c.content, c.attrs, c.level) for c in t.children or []]
    return block.source, block.cut, parts


def stream(pieces: list[str]) -> tuple[list[Block], bool]:
    splitter = BlockSplitter()
    settled: list[Block] = []
    for piece in pieces:
        settled += splitter.feed(piece).settled
    last = splitter.finish()
    assert last.tail == []
    assert last.plain == ""
    return settled + last.settled, last.stale


def pieces_of(text: str, cuts: list[int]) -> list[str]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[a:b] for a, b in pairwise(places)]


def assert_same(text: str, pieces: list[str]) -> None:
    settled, stale = stream(pieces)
    if not stale:
        assert [meaning(b) for b in settled] == [meaning(b) for b in parse_document(text)]


@pytest.mark.parametrize("text", SAMPLES)
def test_characters_one_by_one_settle_to_what_a_whole_parse_gives(text: str) -> None:
    assert_same(text, list(text))


@given(_DOCUMENTS, st.lists(st.integers(0, 10_000), max_size=30))
@example("| a |\n|---|\n| b |", [3, 9, 14])
@settings(max_examples=150, deadline=None)
def test_any_document_cut_anywhere_settles_to_what_a_whole_parse_gives(
    text: str, cuts: list[int]
) -> None:
    assert_same(text, pieces_of(text, cuts))


def test_a_report_in_tokens_settles_to_what_a_whole_parse_gives() -> None:
    text = report(12_000)
    assert_same(text, tokens(text))


def test_stale_exactly_when_a_reference_is_used_before_its_definition() -> None:
    late = "[a] first\n\npara\n\n[a]: https://example.org\n\nend\n"
    early = "[a]: https://example.org\n\n[a] then\n\npara\n\nend\n"
    assert stream(list(late))[1]
    assert not stream(list(early))[1]
    # In one piece the definition is known in time.
    settled, stale = stream([late])
    assert stale or [meaning(b) for b in settled] == [meaning(b) for b in parse_document(late)]


def test_the_first_definition_wins_also_over_one_that_is_still_growing() -> None:
    text = "[a]: https://example.org/1\n\n[a]\n\n[a]: https://example.org/2\n\n[a]\n\nend\n"
    settled, stale = stream(list(text))
    links = [
        c.attrs["href"] for b in settled for t in b.tokens for c in t.children or () if c.attrs
    ]
    assert not stale
    assert links == ["https://example.org/1"] * 2


def test_settled_blocks_come_once_and_sources_make_up_the_text() -> None:
    text = report(6_000)
    settled, _ = stream(tokens(text))
    assert "".join(block.source for block in settled) == text


def test_a_block_settles_when_the_next_one_is_certain() -> None:
    splitter = BlockSplitter()
    assert splitter.feed("# One\n\npara").settled == []
    update = splitter.feed("graph\n")
    assert [b.source for b in update.settled] == ["# One\n\n"]
    assert [b.source for b in update.tail] == ["paragraph\n"]


@pytest.mark.parametrize(
    "start",
    ["para\n\n-", "para\n\n| a |\n|--", "para\n\n``", "[a]: /url\n'title\n\npara"],
)
def test_nothing_settles_before_an_undecided_line(start: str) -> None:
    assert BlockSplitter().feed(start).settled == []


def test_a_half_row_and_a_half_closing_fence_are_held_back() -> None:
    splitter = BlockSplitter()
    tail = splitter.feed("| a |\n|---|\n| 1 |\n| 2").tail
    assert [t.content for t in tail[0].tokens if t.type == "inline"] == ["a", "1"]
    tail = splitter.feed(" |\n").tail
    assert [t.content for t in tail[0].tokens if t.type == "inline"] == ["a", "1", "2"]
    splitter = BlockSplitter()
    splitter.feed("```\ncode\n")
    assert splitter.feed("``").tail[0].tokens[0].content == "code\n"
    assert splitter.feed("x").tail[0].tokens[0].content == "code\n``x"


def test_carriage_returns_cut_from_their_newlines() -> None:
    assert [b.source for b in stream(["a\r", "\nb\r", "\r", "\nc\r"])[0]] == ["a\nb\n\n", "c\n"]


class _Counting:
    """Counts the characters that the block parser reads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read = 0
        parse = blocks._parse

        def counted(source: str, references: dict[str, object]) -> object:
            self.read += len(source)
            return parse(source, references)

        monkeypatch.setattr(blocks, "_parse", counted)


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        ("```\n", "let x = 1;\n"),
        ("", "endless "),
        ("", "line after line\n"),
        ("", "- item\n"),
        ("| a |\n|---|\n", "| row |\n"),
        ("", "- loose\n\n"),
    ],
)
def test_one_huge_block_is_not_parsed_again_at_every_feed(
    start: str, piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = _Counting(monkeypatch)
    splitter = BlockSplitter()
    splitter.feed(start)
    size = 160_000
    frame = piece * (256 // len(piece))
    for _ in range(size // len(frame)):
        splitter.feed(frame)
    # Every feed on its own would read 50 million characters.
    assert counting.read < 4_000_000


def test_the_work_of_a_feed_does_not_grow_with_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    counting = _Counting(monkeypatch)
    splitter = BlockSplitter()
    pieces = tokens(report(60_000))
    read: list[int] = []
    for half in (pieces[: len(pieces) // 2], pieces[len(pieces) // 2 :]):
        counting.read = 0
        for at in range(0, len(half), 33):
            splitter.feed("".join(half[at : at + 33]))
        read.append(counting.read)
    assert read[1] < 1.5 * read[0]


def test_an_over_long_tail_gives_its_newest_text_unparsed() -> None:
    splitter = BlockSplitter()
    splitter.feed("word " * 4000)
    update = splitter.feed("and *more*")
    assert update.plain == "and *more*"
    assert splitter.feed("").plain == "and *more*"
    assert splitter.finish().settled[0].source.endswith("and *more*")


def test_a_block_over_the_limit_is_cut_and_not_parsed() -> None:
    text = "*x* " * (BLOCK_LIMIT // 4 + 1) + "\n\nafter\n"
    whole = parse_document(text)
    assert [b.cut for b in whole] == [True, False]
    assert not any(t.children for t in whole[0].tokens)
    assert_same(text, pieces_of(text, list(range(0, len(text), 997))))


def test_the_marks_of_an_over_long_paragraph_are_not_parsed() -> None:
    text = "`a" * 10_000
    (block,) = parse_document(text + "\n")
    (children,) = (token.children for token in block.tokens if token.type == "inline")
    assert [(c.type, c.content) for c in children or []] == [("text", text)]
    assert_same(text, pieces_of(text, list(range(0, len(text), 997))))


def test_an_endless_line_is_kept_only_as_far_as_its_block_is_cut() -> None:
    splitter = BlockSplitter()
    updates: list[Update] = [splitter.feed("x" * 50_000) for _ in range(40)]
    assert updates[-1].tail[0].cut
    assert updates[-1].plain == ""
    end = splitter.feed("\n\nafter\n")
    assert [len(b.source) for b in end.settled] == [BLOCK_LIMIT + 3]
    assert end.tail[0].source == "after\n"


def test_random_chunks_of_an_endless_fence() -> None:
    source = random.Random(5)  # noqa: S311 - only cuts a text
    text = "```solidity\n" + "".join(f"uint x{i}; `` ```x\n" for i in range(400)) + "```\nend\n"
    cuts = [source.randrange(len(text)) for _ in range(300)]
    assert_same(text, pieces_of(text, cuts))
