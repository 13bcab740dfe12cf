from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QFont, QTextDocument
from PySide6.QtWidgets import QPlainTextEdit

from spectr_desktop.ui.highlighter import (
    LINE_LIMIT,
    SolidityHighlighter,
    formats,
    tokenize,
)
from spectr_desktop.ui.theme import DARK, LIGHT, Scheme, Theme

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def editor(qtbot: QtBot) -> QPlainTextEdit:
    editor = QPlainTextEdit()
    qtbot.addWidget(editor)
    return editor


def _kinds(source: str, language: str = "solidity") -> list[tuple[str, str]]:
    """(text, kind) of every token of a source."""
    out: list[tuple[str, str]] = []
    state = 0
    for line in source.split("\n"):
        tokens, state = tokenize(line, state, language)
        out += [(line[start:end], kind) for start, end, kind in tokens]
    return out


def _shown(document: QTextDocument, line: int) -> list[tuple[str, str]]:
    """(text, colour) of every coloured part of a line; the text is cut as Qt counts."""
    block = document.findBlockByNumber(line)
    units = block.text().encode("utf-16-le", "surrogatepass")
    return [
        (
            units[2 * part.start : 2 * (part.start + part.length)].decode("utf-16-le"),
            part.format.foreground().color().name(),
        )
        for part in block.layout().formats()
    ]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("contract A is B {", {"contract": "keyword", "A": "definition", "is": "keyword"}),
        ("abstract contract A {", {"abstract": "keyword", "A": "definition"}),
        ("function f(uint256 x) external", {"f": "definition", "uint256": "type"}),
        ("event Deposited(address who);", {"Deposited": "definition", "address": "type"}),
        ("modifier onlyOwner() {", {"modifier": "keyword", "onlyOwner": "definition"}),
        ("error Denied(bytes32 why);", {"error": "keyword", "Denied": "definition"}),
        ("mapping(address => bytes4) m;", {"mapping": "type", "bytes4": "type"}),
        ("msg.sender.call", {"msg.sender": "global"}),
        ("a = 1_000 + 0xFf + 1.5e18 ether", {"1_000": "number", "0xFf": "number"}),
        ("pragma solidity ^0.8.20;", {"pragma": "keyword", "0.8.20": "number"}),
        ('revert("no // \\" end"); x', {"revert": "keyword", '"no // \\" end"': "string"}),
        ("import {A} from './A.sol';", {"from": "keyword", "'./A.sol'": "string"}),
        ("x = 'open // and done", {"'open // and done": "string"}),
        ("receive() external payable", {"receive": "keyword", "payable": "keyword"}),
    ],
)
def test_solidity_kinds(source: str, wanted: dict[str, str]) -> None:
    kinds = dict(_kinds(source))
    assert wanted.items() <= kinds.items()


@pytest.mark.parametrize(
    "source",
    ["transferFrom(from, to)", "x.error = errors", "uint257x", "functional", "$if", "type_", "a.b"],
)
def test_ordinary_names_have_no_colour(source: str) -> None:
    assert _kinds(source) == []


def test_a_function_type_is_no_definition() -> None:
    assert ("external", "keyword") in _kinds("function (uint) external f")
    assert not [text for text, kind in _kinds("function (uint) f") if kind == "definition"]


def test_block_comments_go_on_over_lines() -> None:
    source = "/* a\n@dev if\n*/ if /**/ else /** @notice n\n * @param x if\n */ for // while\nif"
    assert _kinds(source) == [
        ("/* a", "comment"),
        ("@dev if", "comment"),
        ("*/", "comment"),
        ("if", "keyword"),
        ("/**/", "comment"),
        ("else", "keyword"),
        ("/** @notice n", "comment"),
        ("@notice", "tag"),
        (" * @param x if", "comment"),
        ("@param", "tag"),
        (" */", "comment"),
        ("for", "keyword"),
        ("// while", "comment"),
        ("if", "keyword"),
    ]


def test_an_open_string_ends_with_its_line() -> None:
    assert _kinds('"open /*\nif "a\\') == [
        ('"open /*', "string"),
        ("if", "keyword"),
        ('"a\\', "string"),
    ]


def test_natspec_tags_are_no_addresses() -> None:
    assert _kinds("/// @notice mail me@here.org, @custom:audit x") == [
        ("/// @notice mail me@here.org, @custom:audit x", "comment"),
        ("@notice", "tag"),
        ("@custom:audit", "tag"),
    ]
    assert _kinds("// @notice x") == [("// @notice x", "comment")]


@pytest.mark.parametrize("end", ["\v", "\f", "\x85", "\u2028", "\u2029"])
def test_code_behind_a_hidden_line_end_is_not_shown_as_comment(end: str) -> None:
    assert _kinds(f"// note{end}delete") == [("// note", "comment"), ("delete", "keyword")]


def test_vyper() -> None:
    source = '@external\ndef pay(to: address):  # if\n    """\n    @notice Pays\n    """\n'
    source += "    assert msg.sender == self.owner, 'no'\nevent Paid:\n    amount: uint256"
    kinds = _kinds(source, "vyper")
    assert kinds == [
        ("@external", "keyword"),
        ("def", "keyword"),
        ("pay", "definition"),
        ("address", "type"),
        ("# if", "comment"),
        ('"""', "comment"),
        ("    @notice Pays", "comment"),
        ("@notice", "tag"),
        ('    """', "comment"),
        ("assert", "keyword"),
        ("msg.sender", "global"),
        ("self.owner", "global"),
        ("'no'", "string"),
        ("event", "keyword"),
        ("Paid", "definition"),
        ("uint256", "type"),
    ]


def test_another_language_has_no_colours() -> None:
    assert tokenize("/* if", 1, "") == ([], 0)


def test_a_very_long_line_only_carries_the_comment_on() -> None:
    padding = "uint256 x; " * (LINE_LIMIT // 11 + 1)
    assert tokenize(padding, 0, "solidity") == ([], 0)
    tokens, state = tokenize(f'{padding}"/*" /* a', 0, "solidity")
    assert (tokens, state) == ([], tokenize("/* a", 0, "solidity")[1])
    assert tokenize(f"{padding}*/ // /*", state, "solidity") == ([], 0)
    assert tokenize("if", state, "solidity")[0] == [(0, 2, "comment")]


@pytest.mark.parametrize("piece", ['"\\', "'a\\\\", "/*", "0x", "error ", "msg . ", "/** @a:"])
def test_hostile_long_lines_end(piece: str) -> None:
    line = piece * 6_000
    tokens, _ = tokenize(line[:LINE_LIMIT], 0, "solidity")
    assert all(0 <= start < end <= LINE_LIMIT for start, end, _ in tokens)


def test_colours_in_the_widget_follow_edits_and_theme(theme: Theme, editor: QPlainTextEdit) -> None:
    document = editor.document()
    highlighter = SolidityHighlighter(document, theme)
    editor.setPlainText("if\nelse")
    assert _shown(document, 1) == [("else", LIGHT.keyword)]
    editor.textCursor().insertText("/*")
    assert _shown(document, 0) == [("/*if", LIGHT.comment)]
    assert _shown(document, 1) == [("else", LIGHT.comment)]
    theme.choose(Scheme.DARK)
    assert _shown(document, 1) == [("else", DARK.comment)]
    assert document.isModified()
    editor.undo()
    assert _shown(document, 1) == [("else", DARK.keyword)]
    highlighter.language = ""
    highlighter.rehighlight()
    assert _shown(document, 1) == []


def test_characters_beyond_the_first_plane_do_not_shift_colours(
    theme: Theme, editor: QPlainTextEdit
) -> None:
    SolidityHighlighter(editor.document(), theme)
    editor.setPlainText('x = "\U0001f600"; if /* \U0001f600 */ else')
    assert _shown(editor.document(), 0) == [
        ('"\U0001f600"', LIGHT.string),
        ("if", LIGHT.keyword),
        ("/* \U0001f600 */", LIGHT.comment),
        ("else", LIGHT.keyword),
    ]


def test_every_kind_has_a_look_that_differs_from_text() -> None:
    for colors in (LIGHT, DARK):
        looks = formats(colors)
        assert {look.foreground().color().name() for look in looks.values()} >= {
            colors.keyword,
            colors.type_name,
            colors.function,
            colors.comment,
            colors.string,
        }
        assert looks["tag"].fontWeight() > QFont.Weight.Normal
        assert colors.text not in {look.foreground().color().name() for look in looks.values()}
