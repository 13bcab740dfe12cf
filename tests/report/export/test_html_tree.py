"""A page shows what the live pane shows: trees of its tokens against trees of the HTML."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.corpus import report as synthetic
from spectr_desktop.report.export.canonical import canonical
from spectr_desktop.report.export.html import sanitised
from spectr_desktop.report.export.html_tree import converted
from tests.report.commonmark_samples import EXAMPLES
from tests.report.export.html_trees import Node, of_page, of_pane
from tests.report.markdown_samples import SAMPLES

_REPORTS = sorted((Path(__file__).parents[2] / "data" / "reports").glob("*.md"))


def page(text: str) -> str:
    return sanitised(converted(canonical(text)))


# What facts about `markdown` say that it reads otherwise than CommonMark.
_CONSTRUCTS = {
    "para\n- a\n- b\n": ["root", ["p", "para"], ["ul", ["li", ["p", "a"]], ["li", ["p", "b"]]]],
    "- a\n  - b\n": ["root", ["ul", ["li", ["p", "a"], ["ul", ["li", ["p", "b"]]]]]],
    "1. a\n   - b\n": ["root", ["ol 1", ["li", ["p", "a"], ["ul", ["li", ["p", "b"]]]]]],
    "- a\n  ```sol\n  x\n\n    y\n  ```\n": [
        "root",
        ["ul", ["li", ["p", "a"], ["pre", "x\n\n  y"]]],
    ],
    "para\n| a |\n|--:|\n| 1 |\n": [
        "root",
        ["p", "para"],
        ["table", ["thead", ["tr", ["th right", "a"]]], ["tbody", ["tr", ["td right", "1"]]]],
    ],
    "#nospace\n": ["root", ["p", "#nospace"]],
    "```\nnever closed\n\nmore\n": ["root", ["pre", "never closed\n\nmore"]],
    "> ```\n> x\n>\n> y\n> ```\n": ["root", ["blockquote", ["pre", "x\n\ny"]]],
    "**bold:**text\n": ["root", ["p", "**bold:**text"]],
    "**bold:** text\n": ["root", ["p", ["strong", "bold:"], " text"]],
    "1) a\n2) b\n\n\n7. c\n": [
        "root",
        ["ol 1", ["li", ["p", "a"]], ["li", ["p", "b"]]],
        ["ol 7", ["li", ["p", "c"]]],
    ],
    "- [X] a\n- [ ] b\n": [
        "root",
        ["ul", ["li", ["p", ["box", "☑"], "a"]], ["li", ["p", ["box", "☐"], "b"]]],
    ],
    "*a _b_* ~~c~~ a\\\nb": [
        "root",
        ["p", ["em", "a ", ["em", "b"]], " ", ["del", "c"], " a", ["br"], "b"],
    ],
}


@pytest.mark.parametrize("text", _CONSTRUCTS)
def test_what_models_write_all_the_time(text: str) -> None:
    assert of_page(page(text)) == without_sections(_CONSTRUCTS[text])
    assert of_pane(text) == without_sections(_CONSTRUCTS[text])


def without_sections(node: Node) -> Node:
    """A tree whose tables have rows, and neither heads nor bodies."""
    out: Node = [node[0]]
    for child in node[1:]:
        if isinstance(child, str):
            out.append(child)
        elif child[0] in ("thead", "tbody"):
            out += without_sections(child)[1:]
        else:
            out.append(without_sections(child))
    return out


@pytest.mark.parametrize("text", [*SAMPLES, *EXAMPLES])
def test_samples_are_shown_as_the_live_pane_shows_them(text: str) -> None:
    assert of_page(page(text)) == of_pane(text)


@pytest.mark.parametrize("path", _REPORTS, ids=lambda path: path.stem)
def test_reports_are_shown_as_the_live_pane_shows_them(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert of_page(page(text)) == of_pane(text)


def test_a_long_report_is_shown_as_the_live_pane_shows_it() -> None:
    text = synthetic(60_000)
    assert of_page(page(text)) == of_pane(text)


_SIGNS = st.sampled_from(
    [
        "\n", "\n\n", "- ", "* ", "+ ", "1. ", "2) ", "0. ", "> ", "# ", "## ", "```", "~~~",
        "    ", "  ", "   ", "|", "| a | b |\n| --- | :-: |\n", "|---|", "---", "===", "a", "b c",
        "**", "*", "_", "`", "``", "[x](http://a.b/)", "[a]",
        "[a]: http://a.b/c\n", "&lt;", "&amp;lt;", "<b>", "<!--", "[ ] ", "[x] ", "<script>", "\\",
        "\t", "~~", ":", "=", "x_y", "1", ".", " ", "word", "{: #x}", "[TOC]", "*[a]: b", "[^1]",
        "wzxhzdk:0", "klzzwxh:0001", "!", "é",
    ]
)  # fmt: skip
# Not among them: links and images that are spelled out, and characters that are. Where a mark is
# glued to one, its neighbour is another sign, and the mark may be text.
# An address with a mark in the name of its host is no link in a page.
_NO_HOST = re.compile(r"a http://a\.b[^/']")


@given(st.lists(_SIGNS, max_size=20).map("".join))
@settings(max_examples=200, deadline=None)
def test_random_texts_are_shown_as_the_live_pane_shows_them(text: str) -> None:
    expected = of_pane(text)
    assume(not _NO_HOST.search(str(expected)))
    assert of_page(page(text)) == expected


def test_blanks_at_the_edge_of_a_mark_stand_outside() -> None:
    assert of_page(page("a *&#10;b* c")) == ["root", ["p", "a ", ["em", "b"], " c"]]


def test_a_line_of_46_000_characters_is_whole() -> None:
    line = "x*y[z" * 9_200
    assert of_page(page(f"a {line}")) == ["root", ["p", f"a {line}"]]
    assert of_page(page(f"```\n{line}\n```")) == ["root", ["pre", line]]
