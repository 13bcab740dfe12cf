from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.report.export.html_code import CODE_CLASSES, code_block


def block(text: str, language: str = "solidity") -> Element:
    parent = Element("root")
    code_block(parent, text, language)
    code = parent.find("div/pre/code")
    assert code is not None
    return code


def colours(text: str, language: str = "solidity") -> list[tuple[str, str]]:
    return [(one.get("class", ""), one.text or "") for one in block(text, language)]


def test_solidity_has_colours() -> None:
    text = 'uint256 x = 0x1F; // "no string"\nrequire(ok, "not \\" owner"); /* a\nb */ transient y'
    assert colours(text) == [
        ("kt", "uint256"),
        ("mi", "0x1F"),
        ("c", '// "no string"'),
        ("s", '"not \\" owner"'),
        ("c", "/* a\nb */"),
        ("k", "transient"),
    ]


def test_vyper_has_colours() -> None:
    assert colours('def f(x: DynArray[address, 3]):  # "a"\n    """doc\n# x"""', "vyper") == [
        ("k", "def"),
        ("kt", "DynArray"),
        ("kt", "address"),
        ("mi", "3"),
        ("c", '# "a"'),
        ("s", '"""doc\n# x"""'),
    ]


def test_a_difference_has_colours_by_line() -> None:
    assert colours(" a\n-b\n+c\n…\n@@ -1 +1 @@", "diff") == [
        ("gd", "-b"),
        ("gi", "+c"),
        ("gu", "…"),
        ("gu", "@@ -1 +1 @@"),
    ]


@pytest.mark.parametrize("language", ["", "rust", "solidity", "vyper", "diff"])
@given(text=st.text(alphabet="+-@ab \n\"'\\/*#0x…<&\t$_") | st.text())
def test_the_text_stays_as_it_is(language: str, text: str) -> None:
    code = block(text, language)
    assert "".join(code.itertext()) == text
    assert {one.get("class") for one in code} <= CODE_CLASSES


def test_what_is_very_long_stays_plain() -> None:
    assert len(block("uint x;" * 3_000)) == 0
    assert len(block("uint x;", "rust")) == 0


@pytest.mark.parametrize(("lines", "name"), [(1, "code"), (25, "code"), (26, "code long")])
def test_only_a_long_block_may_break_over_pages(lines: int, name: str) -> None:
    parent = Element("root")
    code_block(parent, "\n".join(["x"] * lines), "solidity")
    assert parent[0].get("class") == name
