from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from spectr_desktop.report.cell_texts import ReportText, closing
from tests.run_samples import header


def in_parts(*names: str) -> ReportText:
    cells = header(cells=len(names)).cells
    titles = [f"part {n} of {len(names)}: {name}" for n, name in enumerate(names, 1)]
    return ReportText([replace(c, title=t) for c, t in zip(cells, titles, strict=True)])


def top_level(text: str) -> list[str]:
    tokens = MarkdownIt().parse(text)
    return [token.type for token in tokens if token.level == 0 and token.nesting >= 0]


def test_a_run_of_one_request_is_its_text() -> None:
    report = ReportText(header().cells)
    assert report.add("1.quick", "One ") + report.add("1.quick", "and two") == "One and two"
    assert report.starts == {"1.quick": 0}


def test_each_part_has_its_title_and_a_rule_before_it() -> None:
    report = in_parts("src/A.sol", "src/B.sol and 1 more")
    pieces = [("1.quick", "# A\n\nwo"), ("1.quick", "rds"), ("2.quick", "# B\n"), ("2.quick", "!")]
    text = "".join(report.add(cell, piece) for cell, piece in pieces)
    assert text == (
        "> **Part 1 of 2: src/A.sol**\n\n# A\n\nwords\n"
        "\n---\n\n> **Part 2 of 2: src/B.sol and 1 more**\n\n# B\n!"
    )
    assert text[report.starts["1.quick"] :].startswith("# A")
    assert text[report.starts["2.quick"] :] == "# B\n!"


def test_without_titles_there_is_a_rule() -> None:
    report = ReportText()
    text = report.add_all({"1.quick": "One", "2.quick": "", "3.quick": "Three"})
    assert text == "One\n\n---\n\nThree"
    assert report.starts == {"1.quick": 0, "3.quick": 10}


def test_texts_come_as_they_were_planned() -> None:
    report = in_parts("A.sol", "B.sol")
    text = report.add_all({"x": "else", "2.quick": "two", "1.quick": "one"})
    starts = report.starts
    assert starts["1.quick"] < starts["2.quick"] < starts["x"]
    assert text[starts["x"] :] == "else"


def test_a_hostile_file_name_stays_a_name() -> None:
    name = "a**\n# Fixed\n<img src=x>`[b](http://c)\u202e.sol"
    text = in_parts(name, "B.sol").add("1.quick", "Words")
    tokens = MarkdownIt("commonmark").parse(text)
    kinds = {child.type for token in tokens for child in token.children or ()}
    assert kinds <= {"strong_open", "strong_close", "text", "text_special"}
    assert "\u202e" not in text
    assert top_level(text) == ["blockquote_open", "paragraph_open"]


@pytest.mark.parametrize(
    "text",
    [
        "word",
        "# Title\n",
        "```solidity\ncontract",
        "~~~~\n```\n~~~",
        "````\n```\n",
        "1. One\n\n   ```solidity\n   contract",
        "- One\n  ~~~\n  contract\n",
        "> ```\n> contract",
        "```\n- x\n  ```y\n",
    ],
)
def test_the_next_part_never_begins_inside_code(text: str) -> None:
    report = in_parts("A.sol", "B.sol")
    shown = report.add("1.quick", text) + report.add("2.quick", "# New")
    assert top_level(shown)[-3:] == ["hr", "blockquote_open", "heading_open"]


def test_a_new_answer_of_the_last_text_has_a_seam() -> None:
    report = in_parts("A.sol", "B.sol")
    report.add("1.quick", "```\nhalf")
    between = report.again("1.quick", "2026-11-24T10:00:00Z")
    assert between.startswith("\n```\n\n---\n\n> **The run was interrupted here.** What follows")
    assert "Part 1" not in between
    assert report.add("1.quick", "Words") == "Words"


def test_a_new_answer_of_an_earlier_text_says_which_part_it_is() -> None:
    report = in_parts("A.sol", "B.sol")
    text = report.add_all({"1.quick": "half", "2.quick": "two"})
    between = report.again("1.quick", "2026-11-24T10:00:00Z")
    assert "Part 1 of 2: A.sol" in between
    assert "new answer to the same request, asked for at 2026-11-24T10:00:00Z" in between
    assert "interrupted here" not in between
    text += between + report.add("1.quick", "Words")
    assert text[report.starts["1.quick"] :] == "Words"


@given(st.lists(st.sampled_from(["a", "\n", "```", "~~~", " ", "- ", "> "]), max_size=12))
def test_a_text_is_only_ended(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert (text + closing(text)).endswith("\n")
    assert set(closing(text)) <= set("\n`~")
