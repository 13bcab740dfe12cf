"""Synthetic audit reports, the same on every machine: what the figures are measured with."""

from __future__ import annotations

import random


def _split(text: str) -> list[str]:
    return text.split()


_WORDS = _split(
    "the contract function allows attacker to drain funds because external call is performed "
    "before state update reentrancy guard missing owner privileged role can upgrade proxy "
    "implementation without timelock oracle price manipulation flash loan slippage tolerance "
    "unchecked arithmetic overflow rounding error share inflation first depositor donation attack "
    "liquidity pool reserves signature replay nonce domain separator chain id access control "
    "modifier initializer front running mempool sandwich gas griefing denial of service loop "
    "unbounded array storage collision delegatecall selfdestruct msg.sender tx.origin timestamp "
    "dependence randomness block hash validator merkle proof leaf"
)
_FUNCTIONS = _split(
    "withdraw deposit claimRewards setOracle liquidate mintShares _updateIndex executeProposal "
    "permit bridgeIn sweepToken rebalance"
)
_CONTRACTS = _split(
    "Vault LendingPool StakingRewards PriceOracle Governor TokenBridge FeeSplitter AuctionHouse"
)
_SEVERITIES = ("Critical", "High", "Medium", "Low", "Informational")
_STATES = ("Open", "Fixed", "Acknowledged")


def report(size: int, seed: int = 7) -> str:
    """A report of `size` characters with headings, lists, tables, code and inline marks."""
    return _Report(seed).text(size)


def tokens(text: str, seed: int = 3) -> list[str]:
    """The text in pieces of two to six characters, four on average."""
    source = random.Random(seed)  # noqa: S311 - no secret depends on it
    out: list[str] = []
    at = 0
    while at < len(text):
        length = source.choice((2, 3, 4, 4, 4, 5, 6))
        out.append(text[at : at + length])
        at += length
    return out


class _Report:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secret depends on it

    def text(self, size: int) -> str:
        parts = ["# Security Audit Report", "## Executive Summary", self._paragraph()]
        parts += [self._paragraph(), self._table(), self._list(), "## Findings"]
        length = sum(len(part) + 2 for part in parts)
        number = 0
        while length < size:
            number += 1
            new = [f"## Section {number // 6}\n\n{self._table()}"] if number % 6 == 0 else []
            new.append(self._finding(number))
            length += sum(len(part) + 2 for part in new)
            parts += new
        return "\n\n".join(parts)[:size]

    def _pick(self, choices: tuple[str, ...] | list[str]) -> str:
        return self._random.choice(choices)

    def _words(self, least: int, most: int) -> str:
        return " ".join(self._pick(_WORDS) for _ in range(self._random.randint(least, most)))

    def _marked(self, least: int, most: int) -> str:
        out: list[str] = []
        for word in self._words(least, most).split():
            share = self._random.random()
            marked = word
            if share < 0.04:
                marked = f"**{word}**"
            elif share < 0.09:
                marked = f"`{self._pick(_FUNCTIONS)}()`"
            elif share < 0.11:
                marked = f"[{word}](https://example.org/swc/{self._random.randint(100, 136)})"
            elif share < 0.13:
                marked = f"*{word}*"
            out.append(marked)
        return " ".join(out)

    def _paragraph(self) -> str:
        return (self._marked(25, 80).capitalize() + ".").replace("Https", "https")

    def _code(self) -> str:
        function, contract = self._pick(_FUNCTIONS), self._pick(_CONTRACTS)
        count = self._random.randint(3, 22)
        lines = [
            "```solidity",
            f"// {contract}.sol#L{self._random.randint(10, 900)}",
            (
                f"function {function}(uint256 amount, address to) external nonReentrant "
                "returns (uint256) {"
            ),
            *(self._statement(index) for index in range(count)),
        ]
        return "\n".join([*lines, "    return amount;", "}", "```"])

    def _statement(self, index: int) -> str:
        word, remark = self._pick(_WORDS), self._words(3, 7)
        number, days = self._random.getrandbits(64), self._random.randint(1, 90)
        short_remark = self._words(3, 6)
        choices = (
            f"uint256 shares{index} = (amount * totalSupply()) / totalAssets();",
            f'require(balances[msg.sender] >= amount, "insufficient {word}");',
            f'(bool ok{index}, bytes memory data) = to.call{{value: amount}}("");',
            f"balances[msg.sender] -= amount; // {remark}",
            f"emit Transfer(address(this), to, 0x{number:x});",
            f"if (block.timestamp < lastUpdate + {days} days) revert TooEarly();",
            f"/* {short_remark} */ _updateIndex({index});",
        )
        return "    " + self._pick(choices)

    def _table(self) -> str:
        count = self._random.randint(3, 14)
        lines = ["| ID | Severity | Contract | Line | Description | Status |"]
        lines.append("|----|:--------:|----------|-----:|-------------|--------|")
        lines += [self._row() for _ in range(count)]
        return "\n".join(lines)

    def _row(self) -> str:
        number, severity = self._random.randint(1, 999), self._pick(_SEVERITIES)
        contract, line = self._pick(_CONTRACTS), self._random.randint(1, 900)
        text, state = self._marked(4, 12), self._pick(_STATES)
        return f"| SC-{number:03d} | **{severity}** | `{contract}` | {line} | {text} | {state} |"

    def _list(self) -> str:
        lines: list[str] = []
        ordered = self._random.random() < 0.5
        indent = "   " if ordered else "  "
        for item in range(1, self._random.randint(3, 8) + 1):
            lines.append((f"{item}. " if ordered else "- ") + self._marked(6, 24))
            if self._random.random() >= 0.4:
                continue
            for _ in range(self._random.randint(1, 4)):
                lines.append(f"{indent}- {self._marked(4, 14)}")
                if self._random.random() < 0.2:
                    lines.append(f"{indent}  - {self._marked(4, 10)}")
        return "\n".join(lines)

    def _finding(self, number: int) -> str:
        chance = self._random.random
        severity, title = self._pick(_SEVERITIES), self._words(3, 7)
        contract, function = self._pick(_CONTRACTS), self._pick(_FUNCTIONS)
        level, likelihood = self._pick(_SEVERITIES), self._pick(_SEVERITIES)
        place = f"src/{self._pick(_CONTRACTS)}.sol:{self._random.randint(1, 900)}"
        parts = [
            f"### {number}. {severity}: {title} in `{contract}.{function}`",
            f"**Severity:** {level} | **Likelihood:** {likelihood} | **Location:** `{place}`",
            "#### Description",
            self._paragraph(),
        ]
        parts += [self._paragraph()] if chance() < 0.7 else []
        parts += [self._code(), "#### Impact", self._paragraph()]
        parts += [self._list()] if chance() < 0.6 else []
        parts += ["#### Recommendation", self._paragraph()]
        parts += [self._list()] if chance() < 0.5 else []
        parts += [self._code()] if chance() < 0.4 else []
        parts += [self._table()] if chance() < 0.25 else []
        parts += ["> " + self._paragraph()] if chance() < 0.3 else []
        return "\n\n".join([*parts, "---"])
