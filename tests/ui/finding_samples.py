"""Findings as a run of a model leaves them, for tests of the list and of the pane."""

from __future__ import annotations

from spectr_desktop.records.findings import Finding, Location, Sighting, Texts
from spectr_desktop.records.grades import Anchor, Severity, State

SOURCE = "\n".join(
    [
        "// SPDX-License-Identifier: MIT",
        "pragma solidity ^0.8.20;",
        "",
        "contract Vault {",
        "    mapping(address => uint256) public balances;",
        "",
        "    /* The caller's",
        "       whole balance. */",
        "    function withdraw() external {",
        "        uint256 amount = balances[msg.sender];",
        '        (bool ok, ) = msg.sender.call{value: amount}("");',
        "        require(ok);",
        "        balances[msg.sender] = 0;",
        "    }",
        "}",
    ]
)
TITLES = (
    "Balance is cleared after the external call",
    "Anyone can replace the oracle",
    "Share price can be moved by a donation",
    "Missing event in harvest",
    "Rounding favours the caller",
)
_SEVERITIES = (Severity.HIGH, Severity.HIGH, Severity.MEDIUM, Severity.INFO, Severity.LOW)


def place(anchor: Anchor = Anchor.EXACT, path: str = "src/Vault.sol", line: int = 9) -> Location:
    found = anchor.is_found
    quote = '(bool ok, ) = msg.sender.call{value: amount}("");\nrequire(ok);'
    start, end = (line, line + 5) if found else (0, 0)
    return Location(path, start, end, "Vault", "withdraw", quote, 12, anchor)


def finding(
    number: int,
    *,
    title: str = "",
    severity: Severity | None = Severity.HIGH,
    lead: bool = False,
    state: State = State.OPEN,
    path: str = "src/Vault.sol",
    **fields: object,
) -> Finding:
    where = place(Anchor.UNVERIFIED if lead else Anchor.EXACT, path, 9 + (number % 3))
    texts = Texts(
        title=title or TITLES[(number - 1) % len(TITLES)],
        description="`withdraw` sends ether **before** it clears the balance.",
        exploit_scenario="1. A contract deposits.\n2. It calls `withdraw` and re-enters.",
        recommendation="Clear the balance before the call.",
        suggested_fix="```solidity\nbalances[msg.sender] = 0;\n```",
    )
    seen = Sighting(
        run="20261124T101500-a1b2c3",
        cell="all:open",
        model="qwen3-coder:30b",
        texts=texts,
        severity=severity,
        severity_origin="matrix",
        impact="high",
        likelihood="high",
        locations=(where,),
        start=40 * number,
        end=40 * number + 30,
    )
    given = {"sightings": (seen,), "texts": texts, **fields}
    return Finding(
        f"F{number}",
        severity=severity,
        severity_origin="matrix",
        locations=(where,),
        state=state,
        **given,  # type: ignore[arg-type]
    )


def sample() -> list[Finding]:
    """Five findings of four severities, and two leads."""
    out = [finding(n, severity=_SEVERITIES[n - 1]) for n in range(1, 6)]
    leads = [finding(n, severity=Severity.MEDIUM, lead=True) for n in (6, 7)]
    return [*out, *leads]
