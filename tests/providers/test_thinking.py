from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spectr_desktop.providers.thinking import ThinkSplitter

_FORM = re.compile(r"([ \t\r\n]*)<(think|thinking)>(?:(.*?)</\2>[ \t\r\n]*(.*)|(.*))", re.DOTALL)
_WORDS = [
    "<think>",
    "</think>",
    "<thinking>",
    "</thinking>",
    "<thin",
    "</",
    "<",
    "think>",
    " ",
    "\n",
    "\u2028",
    "a",
    "🏦",
]
_TEXTS = st.lists(st.sampled_from(_WORDS), max_size=8).map("".join)


def _expected(text: str) -> tuple[str, str]:
    """Thinking and answer of a whole text."""
    form = _FORM.fullmatch(text)
    if form is None:
        return "", text
    lead, _, thought, answer, open_thought = form.groups()
    return lead + (thought or "") + (open_thought or ""), answer or ""


def _split(pieces: list[str]) -> tuple[str, str]:
    splitter = ThinkSplitter()
    given_out = [part for piece in pieces for part in splitter.feed(piece)] + splitter.finish()
    assert all(text for _, text in given_out)
    kinds = [thinking for thinking, _ in given_out]
    assert kinds == sorted(kinds, reverse=True), "thinking after the answer"
    assert splitter.finish() == []
    joined = [
        "".join(text for kind, text in given_out if kind is wanted) for wanted in (True, False)
    ]
    return joined[0], joined[1]


@given(_TEXTS, st.lists(st.integers(0, 40)))
@example("<think>a</think>\n\nb", [])
@example(" \n<thinking>a</think></thinking>b", [])
@example("a<think>b</think>", [])
def test_any_split_gives_the_same(text: str, cuts: list[int]) -> None:
    ends = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    pieces = [text[start:end] for start, end in itertools.pairwise(ends)]
    assert _split(pieces) == _expected(text)
    assert _split(list(text)) == _expected(text)


@pytest.mark.parametrize(
    ("text", "thinking", "answer"),
    [
        ("", "", ""),
        ("# Report", "", "# Report"),
        ("\n\n# Report", "", "\n\n# Report"),
        ("<think>Hm.</think>\r\n\r\n# Report\n", "Hm.", "# Report\n"),
        ("\n<think>\nHm.\n</think>Yes", "\n\nHm.\n", "Yes"),
        ("<thinking>a</think>b</thinking> c", "a</think>b", "c"),
        ("<think>a</thinking>b</think>c", "a</thinking>b", "c"),
        ("<think>a</think>b<think>c</think>", "a", "b<think>c</think>"),
        ("<think></think>x", "", "x"),
        ("<think>cut off </thi", "cut off </thi", ""),
        ("<thinker>x", "", "<thinker>x"),
        ("<Think>x", "", "<Think>x"),
        ("<thin", "", "<thin"),
        ("  ", "", "  "),
        ("</think>x", "", "</think>x"),
    ],
)
def test_only_a_tag_at_the_start_opens(text: str, thinking: str, answer: str) -> None:
    assert _split([text]) == (thinking, answer)


def test_nothing_is_held_longer_than_it_may_be_a_tag() -> None:
    splitter = ThinkSplitter()
    assert splitter.feed(" <thi") == []
    assert splitter.feed("s") == [(False, " <this")]
    assert splitter.feed("<") == [(False, "<")]

    splitter = ThinkSplitter()
    assert splitter.feed("<think>a</th") == [(True, "a")]
    assert splitter.feed("en <") == [(True, "</then ")]
    assert splitter.feed("/think>") == []
    assert splitter.feed("\n") == []
    assert splitter.feed(" b\n") == [(False, "b\n")]
