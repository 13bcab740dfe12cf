"""What the quick reader of inline content gives is what the full parser gives."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it.rules_core import StateCore, inline, text_join
from markdown_it.token import Token

from benchmarks.corpus import report as synthetic
from spectr_desktop.report.inlines import MARKDOWN
from spectr_desktop.report.simple_inlines import simple_children
from tests.report.commonmark_samples import EXAMPLES
from tests.report.markdown_samples import SAMPLES

_DEFINED = {"A": {"href": "http://a.b/", "title": ""}}


def full(text: str, *, references: bool) -> list[Token]:
    """The children that the full parser gives."""
    token = Token("inline", "", 0, content=text, children=[])
    env = {"references": _DEFINED if references else {}}
    state = StateCore("", MARKDOWN, env, [token])
    inline(state)
    text_join(state)
    return token.children or []


def seen(tokens: list[Token]) -> list[tuple[object, ...]]:
    """All that anything reads of them."""
    return [
        (
            token.type,
            token.tag,
            token.nesting,
            token.level,
            token.content,
            "" if token.type == "text" else token.markup,
            token.attrs,
            token.children,
            token.meta,
        )
        for token in tokens
    ]


_SIGNS = st.sampled_from(
    [
        "\n", "  \n", " \n", "\n ", "\\\n", "a", "b c", "**", "*", "***", "_", "__", "`", "``",
        "```", "\\", "\\*", "\\`", "\\ ", "[", "]", "[a]", "](", ")",
        "[x](http://a.b)", "[y z](https://a-b.c/d_e/#f)",
        "[", "](http://a.b)", "!", "&lt;",
        "&amp;", "&", "&#42;", "&copy;", "& ", "<", ">", "<b>", "<http://a.b>", "~", "~~", " ",
        "\t",
        "x_y", "é", "€", "\u00a0", "\u3000", ".", ":", "(", '"', "😀", "\x00", "\u202e",
    ]
)  # fmt: skip


@given(st.lists(_SIGNS, max_size=14).map("".join), st.booleans())
@settings(max_examples=400, deadline=None)
def test_random_text_is_read_as_the_full_parser_reads_it(text: str, references: bool) -> None:
    quick = simple_children(text, references=references)
    if quick is not None:
        assert seen(quick) == seen(full(text, references=references))


@pytest.mark.parametrize("text", [*SAMPLES, *EXAMPLES, synthetic(30_000)])
def test_samples_are_read_as_the_full_parser_reads_them(text: str) -> None:
    for block in MARKDOWN.parse(text):
        if block.type == "inline":
            quick = simple_children(block.content, references=False)
            assert quick is None or seen(quick) == seen(full(block.content, references=False))


def test_most_of_a_report_needs_no_full_parser() -> None:
    texts = [one.content for one in MARKDOWN.parse(synthetic(30_000)) if one.type == "inline"]
    quick = [one for one in texts if simple_children(one, references=False) is not None]
    assert len(quick) > 0.95 * len(texts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("words", [("text", "words")]),
        ("a `b  c` d", [("text", "a "), ("code_inline", "b  c"), ("text", " d")]),
        ("`` ` ``", [("code_inline", "`")]),
        ("a  \n b\nc", [
            ("text", "a"), ("hardbreak", ""), ("text", "b"), ("softbreak", ""), ("text", "c"),
        ]),
        ("*a* total_assets 2 * 3", [
            ("em_open", ""), ("text", "a"), ("em_close", ""), ("text", " total_assets 2 * 3"),
        ]),
        ("\\*a\\* &lt;b&gt;", [("text", "*a* <b>")]),
        ("[ ] a task", [("text", "[ ] a task")]),
        ("a < b", [("text", "a < b")]),
        ("[a](http://b.c/d)", [("link_open", ""), ("text", "a"), ("link_close", "")]),
    ],
)  # fmt: skip
def test_what_it_reads(text: str, expected: list[tuple[str, str]]) -> None:
    read = simple_children(text, references=False)
    assert read is not None
    assert [(token.type, token.content) for token in read] == expected


@pytest.mark.parametrize(
    "text",
    ["[a](/b)", "![a](http://a.b)", "[[a](http://a.b)", "[*a*](http://a.b)",
     "<http://a.b>", "~~a~~", "***a***", "a*b*c", "*a", "a*",
     "*a **b* c**",
     "`a", "\\", "a\\\nb", "&#42;", "&copy;"],
)  # fmt: skip
def test_what_it_leaves_to_the_full_parser(text: str) -> None:
    assert simple_children(text, references=False) is None


def test_brackets_are_left_where_something_is_defined() -> None:
    assert simple_children("see [a]", references=True) is None
    assert simple_children("see [a]", references=False) is not None
    assert simple_children("see", references=True) is not None
