from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.project.scope import nsloc
from spectr_desktop.records.source import source_file


def count(text: str, name: str = "a.sol") -> int:
    return nsloc(source_file(name, text))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", 0),
        ("\n \n\t\n", 0),
        ("// one\n/* two\nthree */\n", 0),
        ("uint x; // why\n/* a */ uint y;\n", 2),
        ("/* never closed\nuint x;\n", 0),
        ('string s = "// not a comment"; // one\n', 1),
        ('string s = "/*"; uint x;\nuint y; // */\n', 2),
        ("string s = 'it\\'s // text';\nuint y;\n", 2),
        ("function f(\n    uint a,\n    uint b\n) external {\n    g();\n}\n", 3),
        ("function f(uint a) external;\n\nfunction g(\n    uint b\n)\n    external;\n", 2),
        ("constructor(\n    address a\n)\n{\n}\n", 2),
        ("modifier only()\n{\n    _;\n}\n", 3),
        ("receive()\n    external\n    payable\n{ }\n", 1),
        ("uint receive =\n    1;\n", 2),
        ("call(\n    a,\n    b\n);\n", 4),
        ("function function function", 1),
    ],
)
def test_lines_of_solidity(text: str, lines: int) -> None:
    assert count(text) == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('"""\nDoc\n"""\nx: uint256\n', 1),
        ("# one\nx: uint256  # two\n", 1),
        ("@external\ndef f(\n    a: uint256,\n    b: uint256,\n) -> uint256:\n    return a\n", 3),
        ("x: String[5] = '#'\ny: uint256\n", 2),
    ],
)
def test_lines_of_vyper(text: str, lines: int) -> None:
    assert count(text, "a.vy") == lines


@given(st.text(alphabet="/*\n\"'\\ {};function x#()", max_size=60))
def test_never_more_than_there_are_lines(text: str) -> None:
    for name in ("a.sol", "a.vy"):
        written = sum(1 for line in text.split("\n") if line.strip())
        assert 0 <= count(text, name) <= written


def test_a_large_file_takes_no_time_by_the_square() -> None:
    # Each of these would be looked at from each of its words, were they not read once.
    assert count("function " * 200_000) == 1
    assert count("/* " * 200_000) == 0
    assert count('"\\' * 200_000) == 1
