from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spectr_desktop.report.export.canonical import DEEPEST_OWN, canonical
from spectr_desktop.report.inlines import MARKDOWN
from tests.report.commonmark_samples import EXAMPLES
from tests.report.markdown_samples import SAMPLES

_SPACE = re.compile(r"\s+")


def tree(text: str) -> list[Any]:
    """What a reader sees of a text: its blocks, its marks and its words."""
    out: list[Any] = []
    for token in MARKDOWN.parse(text):
        if token.type in ("fence", "code_block"):
            out.append(("code", token.content.strip("\n")))
        elif token.type == "inline":
            for child in token.children or ():
                if child.type == "text" and out and out[-1][0] == "text":
                    out[-1] = ("text", out[-1][1] + child.content)
                elif child.content or child.type != "text":
                    out.append((child.type, child.content))
        elif token.type.startswith("heading"):
            out.append((token.type,))
        else:
            out.append((token.type, token.hidden, token.attrGet("start")))
    return out


def blocks(text: str) -> list[tuple[str, str]]:
    """The blocks alone, without empty ones, and the letters of each."""
    out: list[tuple[str, str]] = []
    for token in MARKDOWN.parse(text):
        if token.type in ("fence", "code_block"):
            out.append(("code", _SPACE.sub("", token.content)))
        elif token.type == "inline":
            words = "".join(one.content for one in token.children or () if one.type != "image")
            letters = "".join(sign for sign in words if sign.isalnum())
            if letters:
                out.append(("words", letters))
        elif token.nesting == 1 and token.type not in ("paragraph_open", "heading_open"):
            out.append((token.type, ""))
    return out


# What is written otherwise on purpose: images, links that lead nowhere, signs that hide, and
# blocks of nothing.
_OTHERWISE = ("![", "](#", "&#x202e", "\x00", "\u202e", "\u2028", '"glued', "> [q]")


@pytest.mark.parametrize(
    "text", [one for one in SAMPLES if not any(sign in one for sign in _OTHERWISE)]
)
def test_the_same_is_seen(text: str) -> None:
    assert tree(canonical(text)) == tree(text)


@pytest.mark.parametrize("text", SAMPLES)
def test_what_is_canonical_stays_as_it_is(text: str) -> None:
    once = canonical(text)
    again = canonical(once)
    assert tree(again) == tree(once)
    assert blocks(again) == blocks(once)


def closed(text: str) -> list[str]:
    """The types of tokens behind a text, in a report that goes on."""
    report = f"# Ours\n\n{text}\n\n## Ours too\n\nThe end\n"
    tokens = MARKDOWN.parse(report)
    own = [token for token in tokens if token.type == "heading_open" and token.level == 0]
    assert [token.tag for token in own if int(token.tag[1:]) <= DEEPEST_OWN] == ["h1", "h2"]
    assert all(
        int(token.tag[1:]) > DEEPEST_OWN
        for token in tokens
        if token.type == "heading_open" and token not in (own[0], own[-1])
    )
    flat = [child for token in tokens for child in (token, *(token.children or ()))]
    assert not {child.type for child in flat} & {"html_block", "html_inline", "image"}
    for child in flat:
        if child.type == "link_open":
            assert re.match(r"(?i)(https?://|mailto:)", str(child.attrGet("href")))
    return [token.type for token in tokens[-6:]]


_END = [
    "heading_open",
    "inline",
    "heading_close",
    "paragraph_open",
    "inline",
    "paragraph_close",
]
_SIGNS = st.sampled_from(
    [
        "\n", "\n\n", "- ", "* ", "+ ", "1. ", "2) ", "> ", "# ", "## ", "```", "~~~", "    ",
        "|", "| --- |", "|---|", "---", "===", "a", "b c", "**", "*", "_", "`", "``", "[x](http://a.b)",
        "[x](#y)", "![x](http://a.b)", "[a]", "[a]: http://a.b", "&lt;", "&#10;", "<b>", "<!--",
        "<script>", "\\", "\t", "~~", ":", "=", "x_y", "1", ".", " ", "\r", "\u202e", "\x00",
    ]
)  # fmt: skip


@given(st.lists(_SIGNS, max_size=25).map("".join))
@settings(max_examples=400, deadline=None)
def test_nothing_reaches_beyond_its_place(text: str) -> None:
    assert closed(canonical(text)) == _END


def leads_elsewhere(text: str) -> bool:
    """Whether it has images, or links that are shown and not followed: these are spelled out."""
    children = [child for token in MARKDOWN.parse(text) for child in token.children or ()]
    return any(
        child.type == "image"
        or (child.type == "link_open" and not str(child.attrGet("href")).startswith("http:"))
        for child in children
    )


@given(st.lists(_SIGNS, max_size=20).map("".join))
@settings(max_examples=400, deadline=None)
def test_no_block_and_no_letter_is_lost(text: str) -> None:
    text = text.replace("\u202e", "")
    assume(not leads_elsewhere(text))
    without = [one for one in blocks(text) if one[0] != "blockquote_open"]
    again = [one for one in blocks(canonical(text)) if one[0] != "blockquote_open"]
    assert again == without


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_samples_of_commonmark_stay_in_their_place(text: str) -> None:
    assert closed(canonical(text)) == _END


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("\n \n", ""),
        ("# One\n\n### Two #\n", "##### One\n\n###### Two"),
        ("a <b>x</b> & &amp;amp;", "a &lt;b&gt;x&lt;/b&gt; & &amp;amp;"),
        ("total_assets _em_ **s**", "total_assets *em* **s**"),
        ("- a\n- b\n  - c", "-   a\n-   b\n    -   c"),
        ("- a\n\n- b", "-   a\n\n-   b"),
        ("* a\n+ b", "-   a\n\n+   b"),
        ("9. a\n10. b", "9.  a\n10. b"),
        ("```sol x\ncode", "```sol\ncode\n```"),
        ("````\n```\n````", "````\n```\n````"),
        ("    code", "```\ncode\n```"),
        ("> a\n\nb", "> a\n\nb"),
        ("| a |\n|:-:|\n| `x\\|y` |", "| a |\n| :---: |\n| `x\\|y` |"),
        ("[a](javascript:b) [c](/d)", "\\[a\\](javascript:b) c (`/d`)"),
        ("![a](http://192.0.2.1/x.png)", "Image: a (`http://192.0.2.1/x.png`)"),
        ("a  \nb", "a  \nb"),
        ("- a  \n  b", "-   a  \n    b"),
        ("- &#45;&nbsp;", "-   -\u00a0"),
        ("*&#10;| --- |*", "*&#124; &#45;&#45;&#45; &#124;*"),
        ("*&#10;**", "\\*"),
        ("*_a_*", "*_a_*"),
        ("*a*_b_ **c**__d__", "*a*_b_ **c**__d__"),
        ("0. a", "0.  a"),
        ("- [X] a\n- [ ] *b*\n- \\[ ] c", "-   [X] a\n-   [ ] *b*\n-   \\[ \\] c"),
        ("---", "***"),
        ("x\u202ey", "x⟦U+202E⟧y"),
    ],
)  # fmt: skip
def test_how_it_is_written(text: str, expected: str) -> None:
    assert canonical(text) == expected


_DEEP = {
    "lists": "\n".join(f"{'  ' * n}- word{n}" for n in range(40)),
    "loose lists": "\n\n".join(f"{'  ' * n}- word{n}" for n in range(40)),
    "numbers": "\n".join(f"{'   ' * n}1. word{n}" for n in range(40)),
    "quotes": "\n".join(f"{'>' * n} word{n}" for n in range(40)),
    "lists in quotes": "\n".join(f"{'> - ' * n}word{n}\n" for n in range(40)),
    "one line": "- " * 40 + "> " * 40 + " ".join(f"word{n}" for n in range(40)),
}


@pytest.mark.parametrize("name", _DEEP)
def test_what_is_nested_too_deep_stays_as_text(name: str) -> None:
    made = canonical(_DEEP[name])
    for number in range(40):
        assert re.search(rf"\bword{number}\b", made)
    assert closed(made) == _END
    assert canonical(made) == made


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("- a", "- b", "+   b"),
        ("- a\n\n+ b", "- c", "-   c"),
        ("- a\n  - b", "* c\n\n+ d", "+   c\n\n-   d"),
        ("1. a", "3. b", "3)  b"),
        ("1. a\n\n2) b", "3. c", "3.  c"),
        ("- a\n\n      code", "- b", "+   b"),
        ("- a", "1. b", "1.  b"),
        ("1. a", "- b", "-   b"),
        ("- a\n\nb", "- c", "-   c"),
        ("```\n- a\n```", "- c", "-   c"),
        ("", "- c", "-   c"),
    ],
)  # fmt: skip
def test_two_lists_that_meet_stay_two(before: str, after: str, expected: str) -> None:
    first = canonical(before)
    second = canonical(after, behind=first)
    assert second == expected
    assert blocks(f"{first}\n\n{second}") == blocks(before) + blocks(after)


def test_an_endless_line_is_whole() -> None:
    line = "word *x* [" * 5_000
    assert canonical(line).count("word") == 5_000
    assert canonical("a " + "`" * 50_000 + "x").count("`") == 50_000
    assert "0x" + "ab" * 23_000 in canonical("0x" + "ab" * 23_000)
