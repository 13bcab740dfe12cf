from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectr_desktop.project.outline import EditedOutline, outline
from spectr_desktop.project.solidity import SolidityOutline, solidity_outline
from spectr_desktop.records.source import Outline, Symbol, SymbolKind, source_file

CONTRACTS = Path(__file__).parents[1] / "data" / "contracts"
EVERYTHING = """\
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;
import {A} from "./a.sol";
type Price is uint256;
struct Point { uint x; }
enum Side { Buy, Sell }
error Bad(uint x);
event Seen(uint indexed a);
uint256 constant ONE = 1;
function free(uint a) pure returns (uint) { return a; }
abstract contract Vault is Base(1), lib.Other {
    using X for uint;
    mapping(address => mapping(uint => bool)) public seen;
    uint256 public immutable limit = 3;
    event Deposited(address indexed a, uint b);
    error NotOwner();
    struct Position { uint a; }
    enum State { Open }
    modifier only(uint a) { _; }
    constructor(address first) payable Base(2) { limit = 1; }
    receive() external payable {}
    fallback(bytes calldata d) external returns (bytes memory) {}
    /// @notice a comment is not part of a function
    function set(
        uint256[] memory values, // first
        address payable to /* second */
    )
        external
        virtual
        override(A, B)
        only(1)
        returns (uint256)
    {
        return 1;
    }
    function missing() external;
}
library Math {}
interface IVault is J, K { function get() external view returns (uint); }
"""


def found(text: str) -> list[tuple[SymbolKind, str, str, int, int]]:
    return [
        (one.kind, one.name, one.container, one.start_line, one.end_line)
        for one in solidity_outline(text).symbols
    ]


def symbol(text: str, name: str) -> Symbol:
    return next(one for one in solidity_outline(text).symbols if one.name == name)


def test_every_kind_of_symbol_is_found_in_order() -> None:
    kind = SymbolKind
    assert found(EVERYTHING) == [
        (kind.IMPORT, "./a.sol", "", 3, 3),
        (kind.TYPE, "Price", "", 4, 4),
        (kind.STRUCT, "Point", "", 5, 5),
        (kind.ENUM, "Side", "", 6, 6),
        (kind.ERROR, "Bad", "", 7, 7),
        (kind.EVENT, "Seen", "", 8, 8),
        (kind.STATE_VARIABLE, "ONE", "", 9, 9),
        (kind.FUNCTION, "free", "", 10, 10),
        (kind.CONTRACT, "Vault", "", 11, 37),
        (kind.STATE_VARIABLE, "seen", "Vault", 13, 13),
        (kind.STATE_VARIABLE, "limit", "Vault", 14, 14),
        (kind.EVENT, "Deposited", "Vault", 15, 15),
        (kind.ERROR, "NotOwner", "Vault", 16, 16),
        (kind.STRUCT, "Position", "Vault", 17, 17),
        (kind.ENUM, "State", "Vault", 18, 18),
        (kind.MODIFIER, "only", "Vault", 19, 19),
        (kind.CONSTRUCTOR, "constructor", "Vault", 20, 20),
        (kind.FUNCTION, "receive", "Vault", 21, 21),
        (kind.FUNCTION, "fallback", "Vault", 22, 22),
        (kind.FUNCTION, "set", "Vault", 24, 35),
        (kind.FUNCTION, "missing", "Vault", 36, 36),
        (kind.LIBRARY, "Math", "", 38, 38),
        (kind.INTERFACE, "IVault", "", 39, 39),
        (kind.FUNCTION, "get", "IVault", 39, 39),
    ]
    assert not solidity_outline(EVERYTHING).broken


def test_a_signature_is_one_line_without_comments() -> None:
    assert symbol(EVERYTHING, "set").signature == (
        "function set( uint256[] memory values, address payable to ) external virtual "
        "override(A, B) only(1) returns (uint256)"
    )
    assert symbol(EVERYTHING, "missing").signature == "function missing() external"
    assert symbol(EVERYTHING, "Vault").signature == "abstract contract Vault is Base(1), lib.Other"


def test_bases_are_in_order() -> None:
    assert symbol(EVERYTHING, "Vault").bases == ("Base", "lib.Other")
    assert symbol(EVERYTHING, "IVault").bases == ("J", "K")
    assert symbol(EVERYTHING, "Math").bases == ()


def test_a_fallback_without_a_name_is_the_old_one() -> None:
    text = "contract A {\n  function () external payable {}\n}\n"
    assert found(text)[1][:2] == (SymbolKind.FUNCTION, "fallback")


def test_a_line_of_garbage_costs_no_function() -> None:
    lines = EVERYTHING.split("\n")
    lines.insert(18, "    @@ this is no code ((")
    broken = solidity_outline("\n".join(lines))
    assert broken.broken
    names = [one.name for one in broken.symbols]
    for name in ("Vault", "only", "set", "missing", "get"):
        assert name in names


def test_a_contract_that_does_not_end_still_holds_its_functions() -> None:
    text = "contract A is B {\n  uint x;\n  function f() public { x = 1; }\n  function g() public {"
    outlined = solidity_outline(text)
    assert outlined.broken
    assert (SymbolKind.CONTRACT, "A") in [(one.kind, one.name) for one in outlined.symbols]
    assert [one.container for one in outlined.symbols if one.name == "f"] == ["A"]


@pytest.mark.parametrize(
    "text",
    ["", "\0", "\ud800", "{" * 2_000, "contract A { " * 500, "contract", 'x = "', "/*", "\ufeff"],
)
def test_nothing_raises(text: str) -> None:
    SolidityOutline(text).update(text + " ")


def test_letters_of_several_bytes_before_a_symbol_move_no_line() -> None:
    text = 'contract Ä {}\ncontract A { string s = "üü€😀"; function f() public {} }\n'
    assert symbol(text, "f").start_line == 2
    assert symbol(text, "s").signature == 'string s = "üü€😀"'


def edited(text: str, source: random.Random) -> str:
    start = source.randrange(len(text) + 1)
    end = min(len(text), start + source.choice((0, 0, 1, 5, 200)))
    piece = source.choice(("", "x", "\n", "}", "{", "ü€😀", "function q() public {}", "/*", '"'))
    return text[:start] + piece + text[end:]


@pytest.mark.parametrize("seed", range(8))
def test_an_edited_text_has_the_outline_of_a_new_one(seed: int) -> None:
    source = random.Random(seed)  # noqa: S311 - no secret
    text = EVERYTHING.replace("a comment", "ein Kommentär 😀")
    live = SolidityOutline(text)
    for _ in range(40):
        changed = edited(text, source)
        new = solidity_outline(changed)
        assert live.update(changed) == new
        if not new.broken:
            text = changed
        elif source.random() < 0.5:
            assert live.update(text) == solidity_outline(text)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="aü😀\n{}();", max_size=30), st.text(alphabet="aü😀\n{}();", max_size=30))
def test_any_change_is_taken(before: str, after: str) -> None:
    live = SolidityOutline("contract A {" + before + "}")
    text = "contract A {" + after + "}"
    assert live.update(text) == solidity_outline(text)


def test_the_same_text_is_not_parsed_again() -> None:
    live = SolidityOutline(EVERYTHING)
    before = live.outline
    assert live.update(EVERYTHING) is before


@pytest.mark.parametrize("path", sorted(CONTRACTS.glob("*.sol")), ids=lambda path: path.name)
def test_our_contracts_are_understood(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    outlined = solidity_outline(text)
    assert not outlined.broken
    lines = text.split("\n")
    for one in outlined.symbols:
        if one.kind is SymbolKind.FUNCTION and one.name not in ("receive", "fallback"):
            assert f"function {one.name}" in lines[one.start_line - 1]
            assert lines[one.end_line - 1].rstrip().endswith(("}", ";"))


def test_a_large_file_is_read() -> None:
    body = "".join(f"    function f{n}(uint a) public {{ a += {n}; }}\n" for n in range(8_000))
    outlined = solidity_outline("contract A {\n" + body + "}\n")
    assert len(outlined.symbols) == 8_001
    assert outlined.symbols[-1].start_line == 8_001


def test_the_parser_is_loaded_when_it_is_needed() -> None:
    code = "import sys, spectr_desktop.project.outline; print('tree_sitter' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"


def test_the_language_decides() -> None:
    assert outline(source_file("A.sol", "contract A {}")).symbols[0].name == "A"
    assert outline(source_file("a.vy", "x: uint256\n")).symbols[0].name == "x"
    assert outline(source_file("a.txt", "contract A {}")) == Outline()


@pytest.mark.parametrize("path", ["A.sol", "a.vy", "a.txt"])
def test_an_edited_file_has_the_outline_of_its_new_text(path: str) -> None:
    before = source_file(path, "contract A {\n    function f() external {}\n}\n")
    after = source_file(path, "// one\n" + before.text.replace("f()", "g(uint256 x)"))
    edited = EditedOutline(before)
    assert edited.outline == outline(before)
    assert edited.update(after.text) == edited.outline == outline(after)
