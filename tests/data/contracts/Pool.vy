# SPDX-License-Identifier: MIT
# pragma version ^0.4.0
"""
@title Pool swaps two tokens at a price that its owner sets
@notice An example for tests; it has faults on purpose. Never deploy it.
"""
from ethereum.ercs import IERC20

event Swapped:
    trader: indexed(address)
    sold: uint256
    bought: uint256

event PriceSet:
    price: uint256

struct Order:
    maker: address
    volume: uint256
    limit_price: uint256

FEE_BASE: constant(uint256) = 10_000
fee: public(uint256)
price: public(uint256)
owner: public(address)
base_token: immutable(address)
quote_token: immutable(address)
deposits: public(HashMap[address, uint256])
book: HashMap[uint256, Order]
next_order: uint256

@deploy
def __init__(base: address, quote: address, first_price: uint256):
    base_token = base
    quote_token = quote
    self.price = first_price
    self.owner = msg.sender
    self.fee = 30

@external
def set_price(new_price: uint256):
    assert tx.origin == self.owner, "Pool: not the owner"
    self.price = new_price
    log PriceSet(new_price)

@external
@payable
def deposit():
    self.deposits[msg.sender] += msg.value

@external
def withdraw(amount: uint256):
    assert self.deposits[msg.sender] >= amount, "Pool: too much"
    # The money leaves before the books are changed.
    raw_call(msg.sender, b"", value=amount)
    self.deposits[msg.sender] -= amount

@internal
@view
def _bought(sold: uint256) -> uint256:
    gross: uint256 = sold * self.price // 10**18
    return gross - gross * self.fee // FEE_BASE

@external
@nonreentrant
def swap(sold: uint256, least: uint256) -> uint256:
    bought: uint256 = self._bought(sold)
    assert bought >= least, "Pool: slippage"
    extcall IERC20(base_token).transferFrom(msg.sender, self, sold)
    extcall IERC20(quote_token).transfer(msg.sender, bought)
    log Swapped(msg.sender, sold, bought)
    return bought

@external
def place(volume: uint256, limit_price: uint256) -> uint256:
    number: uint256 = self.next_order
    self.book[number] = Order(
        maker=msg.sender,
        volume=volume,
        limit_price=limit_price,
    )
    self.next_order = number + 1
    return number

@external
def fill(number: uint256, volume: uint256):
    order: Order = self.book[number]
    assert order.volume >= volume, "Pool: order too small"
    self.book[number].volume = order.volume - volume
    extcall IERC20(quote_token).transferFrom(msg.sender, order.maker, volume * order.limit_price)

@external
@view
def quote(sold: uint256) -> uint256:
    return self._bought(sold)
