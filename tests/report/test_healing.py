from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.corpus import report
from benchmarks.flicker import TARGET, flicker, frames
from spectr_desktop.report.blocks import Block, BlockSplitter
from spectr_desktop.report.healing import healed, shown_length
from tests.report.markdown_samples import SAMPLES

if TYPE_CHECKING:
    from markdown_it.token import Token

_SIGNS = {"strong": "**", "em": "*", "s": "~~"}


class Shown(NamedTuple):
    """An open tail in a short notation: its kinds of blocks and its inline text."""

    kinds: list[str]
    text: str


def shown(source: str) -> Shown:
    return told(BlockSplitter().feed(source).tail)


def told(blocks: list[Block]) -> Shown:
    tokens = [token for block in blocks for token in block.tokens]
    kinds = [t.type.removesuffix("_open") for t in tokens if t.nesting >= 0 and t.type != "inline"]
    return Shown(kinds, "|".join(map(written, (t for t in tokens if t.type == "inline"))))


def written(token: Token) -> str:
    """Inline tokens written in Markdown again."""
    out = ""
    for child in token.children or []:
        if child.type == "code_inline":
            out += f"`{child.content}`"
        elif child.tag in _SIGNS:
            out += _SIGNS[child.tag]
        elif child.type == "link_open":
            out += "<"
        elif child.type == "link_close":
            out += f"{token.meta.get('href', '')}>"
        elif child.type in ("softbreak", "hardbreak"):
            out += "/"
        else:
            out += child.content
    return out


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a **b", "a **b**"),
        ("a **b*", "a **b**"),
        ("a **b**", "a **b**"),
        ("a *b **c", "a *b **c***"),
        ("***a** b", "***a** b*"),
        ("a __b c", "a **b c**"),
        ("a _b c", "a *b c*"),
        ("a ~~b ~", "a ~~b~~"),
        ("**a\nb", "**a/b**"),
        ("a `b", "a `b`"),
        ("a ``b ` c`", "a `b ` c`"),
        ("a `` ` b", "a `` b`"),
        ("**a `b", "**a `b`**"),
        ("a `b\n", "a `b`"),
        ("# a `b", "a `b`"),
        ("> - **b", "**b**"),
        ("**日本**と**語", "**日本**と**語**"),
    ],
)
def test_open_marks_are_closed(source: str, text: str) -> None:
    assert shown(source).text == text


@pytest.mark.parametrize(
    "end",
    [
        *("*", "**", " **", "_", "~", "~~", "`", "``", "[", "![", "!", "**`", "\\", "!\\"),
        *("&", "&am", "&#", "&#x2", "<h", "<https://example.org/a", "<a@b"),
        *("[b", "[b]", "[b `c", "[b][", "[b][c", "![b](", "![b](https://exa", " _b"),
        *("\n-", "\n- ", "\n- [", "\n- [x", "\n- [ ] ", "\n* **", "\n1", "\n1.", "\n> ", "\n>"),
        *("\n|", "\n| a | b", "\n| a |\n", "\n| a |\n|", "\n| a |\n|--", "\n| a |\n|---|:-"),
        *(
            "\n#",
            "\n### ",
            "\n`",
            "\n```",
            "\n```sol",
            "\n~~~ x",
            "\n---",
            "\n==",
            "\n***",
            "\n    ",
        ),
        *("\n\n[b]", "\n\n[b]:", "\n\n[b]: https://example.org 'ti", "\n\n-", "\n\n1. ", "\n\n   "),
        *("\n\n# ", "\n\n> - ", "\n\n- [", "\n\n| a |\n|-", "\n\n***", "\n\n__", "\n\n<a"),
    ],
)
def test_undecided_ends_are_held_back(end: str) -> None:
    update = BlockSplitter().feed("a" + end)
    assert told(update.settled + update.tail) == (["paragraph"], "a")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("see [b](", "see b"),
        ("see [b](https://example.org/a_(c", "see b"),
        ("see [b](<https://example", "see b"),
        ("see [b](/a 'ti", "see b"),
        ("see [`b`](/a", "see `b`"),
        ("**see [b](/a", "**see b**"),
        ("see [b](/a) and [c](/d", "see <b> and c"),
        ("see [b](/a)", "see <b>"),
        ("see [b](/a 'b')", "see <b>"),
        ("see [b](no link here", "see [b](no link here"),
        ("see [b] c", "see [b] c"),
        ("range (0, 1]", "range (0, 1]"),
    ],
)
def test_a_half_received_link_is_its_text(source: str, text: str) -> None:
    assert shown(source).text == text


@pytest.mark.parametrize(
    "source",
    [
        *(
            "2 * 3 and 4 * 5",
            "2**128 wei",
            "a*b is c",
            "x_y_z and c",
            "a ~ b",
            "5 > 3 & 1 < 2",
            "a \\*b c",
        ),
        *(
            "_mintShares(x) is c",
            "a \\` b",
            "a [0, 1) b" + " c" * 60,
            "a | b",
            "1.5 ETH",
            "-1 is",
            "#1 is",
        ),
        *("a ** b", "[a]: b c", "<a b", "&a b", "1) b".replace(" ", ""), "``a` b"),
    ],
)
def test_plain_text_with_signs_is_left_alone(source: str) -> None:
    text = shown(source).text.replace("`", "")
    assert text == source.replace("\\", "").replace("`", "")
    assert "*" not in text or "*" in source


def test_only_the_end_of_a_tail_is_healed() -> None:
    update = BlockSplitter().feed("a **b\n\nc **d")
    assert told(update.settled + update.tail).text == "a **b|c **d**"
    assert shown("a **b\n\n").text == "a **b"
    assert shown("# a **b\n").text == "a **b"
    assert shown("- a **b\n- c **d").text == "a **b|c **d**"
    assert shown("- a `b\n  ***\n").text == "a `b"
    assert shown("| **a |\n|---|\n| `b |\n").text == "**a|`b"


def test_what_is_settled_is_what_was_written() -> None:
    splitter = BlockSplitter()
    splitter.feed("a **b [c")
    assert [told([b]).text for b in splitter.finish().settled] == ["a **b [c"]


@pytest.mark.parametrize(
    ("source", "text"),
    [("| a |\n| b |\n", "| a |"), ("| a |\nb", "| a |/b"), ("| a |\n\n", "| a |")],
)
def test_pipes_without_a_delimiter_row_are_shown_in_the_end(source: str, text: str) -> None:
    assert shown(source).text == text


@pytest.mark.parametrize(
    "sign", ["[a](x", "- ", "> ", "1. ", "[", "](", "`", "*a ", "_a ", "<a", "&a", "| ", "\\"]
)
def test_endless_signs_are_shown_and_cost_no_more_than_their_length(sign: str) -> None:
    source = "a\n" + sign * (12_000 // len(sign))
    assert shown_length(source) == len(source)
    assert len(healed(source, ended=False)) > 11_000


def test_boxes_of_tasks() -> None:
    source = "- [ ] a\n- [x] *b*\n  1. [X] c\n- [ ]d\n- \\[x] e\n- [x](/f) g\n- # [ ] h\n"
    (block,) = BlockSplitter().feed(source).tail
    boxes = [t.meta.get("task") for t in block.tokens if t.type == "list_item_open"]
    assert boxes == ["☐", "☑", "☑", None, None, None, None]
    assert told([block]).text == "a|*b*|c|[ ]d|[x] e|<x> g|[ ] h"
    assert block.source == source


@pytest.mark.parametrize("item", ["- [ ] **b** `c` d", "- [ ] [b](/c) d", "1. [x] `b`\n\n   c"])
def test_a_task_does_not_flash(item: str) -> None:
    assert flicker(list("- [x] a\n" + item)).changes == []


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a `` b ` c `` d",
            "``` a ```",
            "a **b `c` *d*** e",
            "a ~~b~~ c ![d](/e) f <https://g.h>",
        ),
        *(
            "a\n> **b**\n\n1. c\n   - `d`\n\n***\n",
            "a \\* b &amp; c \\\nd  \ne",
            "# a *b*\n\n## c `d` ##\n",
        ),
        *("| a | b |\n|---|:-:|\n| `c` | **d** |\n\ne", "a | b\nc", "```sol\na\n``\n\n```\nb"),
    ],
)
def test_marks_do_not_flash_by_single_characters(text: str) -> None:
    assert flicker(list(text)).changes == []


def test_a_box_that_is_a_link_stays_one() -> None:
    update = BlockSplitter().feed("[x]: /a\n\n- [x] b\n\nend\n")
    assert told(update.settled).text == "<x> b"


@pytest.mark.parametrize("seed", [7, 8])
@pytest.mark.parametrize("count", [1, 33])
def test_text_of_a_report_that_is_shown_stays(seed: int, count: int) -> None:
    text = report(12_000 if count > 1 else 6_000, seed)
    text = text[: text.rindex("\n\n")]
    seen = flicker(frames(text, count))
    assert seen.share <= TARGET, seen.changes[:3]


@given(st.lists(st.sampled_from(SAMPLES), max_size=4), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_held_back_text_comes_with_the_end(samples: list[str], seed: int) -> None:
    """No characters are lost: the end of the stream shows what the whole parse shows."""
    source = random.Random(seed)  # noqa: S311 - only cuts a text
    splitter, text = BlockSplitter(), "\n\n".join(samples)
    at = 0
    while at < len(text):
        step = source.randint(1, 9)
        splitter.feed(text[at : at + step])
        at += step
    assert splitter.finish().tail == []


def test_the_beginnings_of_undecided_lines_are_undecided() -> None:
    lines = ["- [x] ", "> 1. - **", "```solidity", "~~~ x `", "| a | b |", "12.", "***", " - - -"]
    for line in lines:
        assert [shown_length(line[:end]) for end in range(1, len(line) + 1)] == [0] * len(line)
