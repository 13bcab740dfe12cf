from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.audit.letters import Letters


def joined(*deltas: str) -> str:
    letters = Letters()
    return "".join([*(letters.feed(delta) for delta in deltas), letters.rest()])


@pytest.mark.parametrize(
    ("deltas", "expected"),
    [
        (["a", "b"], "ab"),
        (["\ud83c", "\udfe6"], "🏦"),
        (["a\ud83c", "\udfe6b"], "a🏦b"),
        (["\ud83c", "", "\udfe6"], "🏦"),
        (["\ud83c\udfe6"], "🏦"),
        (["🏦"], "🏦"),
        (["\ud83c"], "\ud83c"),
        (["\ud83c", "x"], "\ud83cx"),
        (["\udfe6", "\ud83c"], "\udfe6\ud83c"),
        (["\ud83c", "\ud83c", "\udfe6"], "\ud83c🏦"),
        (["ü", "ö"], "üö"),
    ],
)
def test_halves_become_letters(deltas: list[str], expected: str) -> None:
    assert joined(*deltas) == expected


def test_nothing_but_a_half_is_held_back() -> None:
    letters = Letters()
    assert [letters.feed("ab"), letters.feed("é"), letters.feed("c\ud83c")] == ["ab", "é", "c"]


@given(st.text(), st.lists(st.integers(0, 200)))
def test_any_text_cut_anywhere_comes_back(text: str, cuts: list[int]) -> None:
    units = text.encode("utf-16-le", "surrogatepass")
    count = len(units) // 2
    places = sorted({0, count, *(cut % (count + 1) for cut in cuts)})
    deltas = [
        "".join(chr(int.from_bytes(units[2 * i : 2 * i + 2], "little")) for i in range(start, end))
        for start, end in pairwise(places)
    ]
    assert joined(*deltas) == units.decode("utf-16-le", "surrogatepass")
