from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.project.vyper import vyper_outline
from spectr_desktop.records.source import Symbol, SymbolKind

POOL = '''\
# pragma version ^0.4.0
"""
@title Pool (with a bracket
def no_function(): pass
"""
from ethereum.ercs import IERC20
import lib.math as math
implements: IERC20

interface Oracle:
    def price(token: address) -> uint256: view
    def poke(): nonpayable

event Swap:
    sender: indexed(address)
    amount: uint256

struct Position:
    owner: address

flag Roles:
    ADMIN

FEE: constant(uint256) = 30  # a comment (
owner: public(address)
balances: HashMap[
    address,
    uint256
]

@deploy
@payable
def __init__(
    owner: address,  # the owner
    fee: uint256,
):
    """
    doc ( string
    """
    self.owner = owner

@external
@nonreentrant
def withdraw(amount: uint256) -> uint256:
    x: uint256 = 1

    # in the function
    return x
@internal
@view
def _f(): pass

@external
@payable
def __default__():
    log Swap(msg.sender, 1)
'''


def test_every_kind_of_symbol_is_found() -> None:
    kind = SymbolKind
    outlined = vyper_outline(POOL)
    assert not outlined.broken
    assert [
        (one.kind, one.name, one.container, one.start_line, one.end_line)
        for one in outlined.symbols
    ] == [
        (kind.IMPORT, "ethereum.ercs.IERC20", "", 6, 6),
        (kind.IMPORT, "lib.math", "", 7, 7),
        (kind.INTERFACE, "Oracle", "", 10, 12),
        (kind.FUNCTION, "price", "Oracle", 11, 11),
        (kind.FUNCTION, "poke", "Oracle", 12, 12),
        (kind.EVENT, "Swap", "", 14, 16),
        (kind.STRUCT, "Position", "", 18, 19),
        (kind.ENUM, "Roles", "", 21, 22),
        (kind.STATE_VARIABLE, "FEE", "", 24, 24),
        (kind.STATE_VARIABLE, "owner", "", 25, 25),
        (kind.STATE_VARIABLE, "balances", "", 26, 29),
        (kind.CONSTRUCTOR, "constructor", "", 31, 40),
        (kind.FUNCTION, "withdraw", "", 42, 48),
        (kind.FUNCTION, "_f", "", 49, 51),
        (kind.FUNCTION, "fallback", "", 53, 56),
    ]


def one(name: str) -> Symbol:
    return next(symbol for symbol in vyper_outline(POOL).symbols if symbol.name == name)


def test_a_signature_has_its_decorators() -> None:
    assert one("withdraw").signature == (
        "@external @nonreentrant def withdraw(amount: uint256) -> uint256"
    )
    assert one("constructor").signature == (
        "@deploy @payable def __init__( owner: address, fee: uint256, )"
    )
    assert one("FEE").signature == "FEE: constant(uint256) = 30"


@pytest.mark.parametrize(
    "text",
    ["def f(\n\n@external\ndef g():\n    pass\n", "x: HashMap[\ndef g():\n    pass\n"],
)
def test_an_open_bracket_does_not_swallow_the_file(text: str) -> None:
    outlined = vyper_outline(text)
    assert outlined.broken
    assert "g" in [symbol.name for symbol in outlined.symbols]


@pytest.mark.parametrize("text", [")", '"""', "(", "def f(x:\n"])
def test_what_is_open_is_broken(text: str) -> None:
    assert vyper_outline(text).broken


def test_what_declares_nothing_is_no_symbol() -> None:
    assert vyper_outline("implements: A\nuses: b\nx = 1\n\n# y: uint256\n").symbols == ()


@given(st.text(alphabet="ab:@#'\"()[]\n \\def", max_size=80))
def test_nothing_raises(text: str) -> None:
    vyper_outline(text)
