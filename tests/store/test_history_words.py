from __future__ import annotations

import re
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.records.history import HIT_END, HIT_START
from spectr_desktop.store.history_snippets import folded, snippet
from spectr_desktop.store.history_words import TOKENIZER, expression, fit, parts


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", ""),
        ("  ", ""),
        ("!? -", ""),
        ("reen", '"reen" *'),
        ("flash loan", '"flash" AND "loan" *'),
        ('"flash loan"', '"flash loan"'),
        ('"flash loan', '"flash loan" *'),
        ('a"b c"d', '"a" AND "b c" AND "d" *'),
        ("NOT a OR b*", '"NOT" AND "a" AND "OR" AND "b*" *'),
        ("重入", '" 重 入 " *'),
    ],
)
def test_words_become_a_search(words: str, expected: str) -> None:
    assert expression(words) == expected


def test_long_searches_are_cut() -> None:
    assert expression("a " * 5000).count("AND") == 23
    assert len(expression("x" * 100_000)) < 500


def test_parts_of_names() -> None:
    assert parts("totalAssets(_updateIndex) plain IERC20Permit") == (
        "total Assets\nupdate Index\nIERC 20 Permit"
    )
    assert parts("a_b a_b", "MAX_SUPPLY $slot0") == "a b\nMAX SUPPLY\nslot 0"
    assert parts("重入漏洞 reëntrancy") == "重 入 漏 洞"
    assert parts("", "x") == ""


def test_unfit_characters_are_left_out() -> None:
    assert fit("a\x00b\x02c\x03\ud800d\te\n") == "a b c  d\te\n"


@given(st.text())
def test_folding_keeps_every_place(text: str) -> None:
    assert len(folded(text)) == len(text)


def marked(text: str, words: str) -> str:
    """The snippet of a text, with brackets round the hits."""
    found = snippet([text], expression(words))
    return found.replace(HIT_START, "[").replace(HIT_END, "]")


def test_the_snippet_shows_the_words_where_they_stand_together() -> None:
    text = "oracle first. " + "x " * 100 + "the oracle price manipulation here. " + "y " * 100
    found = marked(text, "oracle manip")
    assert "the [oracle] price [manip]ulation here." in found
    assert found.startswith("…")
    assert found.endswith("…")
    assert len(found) < 200


def test_words_go_before_parts_of_names() -> None:
    assert marked("totalAssets then assets", "assets") == "totalAssets then [assets]"
    assert marked("totalAssets only", "assets") == "total[Assets] only"
    assert marked("Reëntrancy", "reentr") == "[Reëntr]ancy"
    assert marked("有重入漏洞", "重入") == "有[重入]漏洞"
    assert marked("a flash\n\nloan", '"flash loan"') == "a [flash\n\nloan]"
    assert marked("flashing", '"flash"') == "[flash]ing"
    assert marked("nothing", "zebra") == ""


def test_a_finding_goes_before_the_report() -> None:
    found = snippet(["Drain of funds", "drain", ""], expression("drain"))
    assert found == f"{HIT_START}Drain{HIT_END} of funds"
    both = snippet(["drain", "drain the pool"], expression("drain pool"))
    assert both == f"{HIT_START}drain{HIT_END} the {HIT_START}pool{HIT_END}"


@given(st.text(max_size=200), st.text(max_size=40))
def test_a_snippet_is_a_piece_of_the_text(text: str, words: str) -> None:
    held = fit(text)
    found = snippet([held], expression(words))
    plain = re.sub(f"[{HIT_START}{HIT_END}]", "", found)
    assert plain.removeprefix("…").removesuffix("…") in held
    assert found.count(HIT_START) == found.count(HIT_END)


@given(st.text(max_size=40))
def test_every_search_is_understood(words: str) -> None:
    db = sqlite3.connect(":memory:")
    db.execute(f'CREATE VIRTUAL TABLE t USING fts5(x, tokenize="{TOKENIZER}", prefix=1)')
    if made := expression(words):
        db.execute("SELECT * FROM t WHERE t MATCH ?", (made,)).fetchall()
    db.close()
