from __future__ import annotations

import json
import random
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectr_desktop.records.grades import Severity
from spectr_desktop.report.parser import Changes, FindingParser, parse_findings
from tests.report.report_corpus import Report, faults, reports

if TYPE_CHECKING:
    from spectr_desktop.records.findings import ParsedFinding

_NAMED = pytest.mark.parametrize("report", reports(), ids=lambda report: report.name)
_LINES = sorted({line for report in reports() for line in report.text.splitlines(keepends=True)})
_SIGNS = "-*_`#|>[](){}\"':：,.\n\r\t 12aHigh严\\<>"
_PIECES = st.one_of(st.sampled_from(_LINES), st.text(_SIGNS, max_size=12))
_DOCUMENTS = st.lists(_PIECES, max_size=25).map("".join)


def stream(pieces: list[str], *, ended: bool = True) -> list[ParsedFinding]:
    """Feed pieces; what was announced must agree with what there is."""
    parser = FindingParser()
    known = 0
    for piece in pieces:
        known = follow(parser, parser.feed(piece), known)
    known = follow(parser, parser.finish(ended=ended), known)
    assert known == len(parser)
    return parser.findings


def follow(parser: FindingParser, changes: Changes, known: int) -> int:
    if changes.cleared:
        known = 0
    assert list(changes.added) == list(range(known, known + len(changes.added)))
    known += len(changes.added)
    assert known == len(parser)
    assert all(0 <= index < known for index in changes.changed)
    return known


def pieces_of(text: str, cuts: list[int]) -> list[str]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[a:b] for a, b in pairwise(places)]


@_NAMED
def test_the_corpus_is_read_as_an_auditor_reads_it(report: Report) -> None:
    assert faults(report.findings, parse_findings(report.text, ended=report.ended)) == []


@_NAMED
def test_character_by_character_gives_the_same(report: Report) -> None:
    whole = parse_findings(report.text, ended=report.ended)
    assert stream(list(report.text), ended=report.ended) == whole


@_NAMED
def test_offsets_are_those_of_the_raw_text(report: Report) -> None:
    for finding in parse_findings(report.text):
        part = report.text[finding.start : finding.end]
        assert part
        assert part == part.rstrip("\r\n")
        first = max(finding.title.split(), key=len).strip("`()*")
        assert first in report.text[finding.start : finding.end].replace("`", "")


@_NAMED
def test_every_word_of_a_text_is_in_the_report(report: Report) -> None:
    words = set(report.text.replace("\\n", " ").replace("\\", "").split())
    glued = "".join(report.text.replace("\\n", "").replace("\\", "").split())
    for finding in parse_findings(report.text):
        texts = (finding.description, finding.exploit_scenario, finding.proof_of_concept)
        for text in (*texts, finding.recommendation, finding.suggested_fix, finding.title):
            for word in text.split():
                assert word in words or word in glued.replace("`", "") or word in glued


@given(_DOCUMENTS, st.lists(st.integers(0, 10_000), max_size=30), st.booleans())
@settings(max_examples=200, deadline=None)
def test_text_cut_anywhere_gives_the_same(text: str, cuts: list[int], ended: bool) -> None:
    assert stream(pieces_of(text, cuts), ended=ended) == parse_findings(text, ended=ended)


@given(st.sampled_from(reports()), st.integers(0, 100_000))
@settings(max_examples=150, deadline=None)
def test_a_report_that_breaks_off_keeps_its_first_findings(report: Report, place: int) -> None:
    text = report.text[: place % (len(report.text) + 1)]
    found = parse_findings(text, ended=False)
    assert all(finding.title for finding in found)
    assert all(0 <= finding.start < finding.end <= len(text) for finding in found)


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_text_is_taken(text: str) -> None:
    parse_findings(text)
    parse_findings("## High: x\n\n" + text)
    parse_findings('{"findings": [{"title": "x", "severity": "high", "a": "' + text)


def test_a_finding_is_announced_with_its_heading_and_grows() -> None:
    parser = FindingParser()
    assert parser.feed("# Report\n\n## High: Reentr") == Changes()
    assert parser.feed("ancy\n") == Changes(added=(0,))
    assert parser.finding(0).title == "Reentrancy"
    assert not parser.finding(0).complete
    assert parser.feed("\n**Description:** Bad.\n") == Changes(changed=(0,))
    assert parser.finding(0).description == "Bad."
    changes = parser.feed("## Low: Event\n")
    assert changes == Changes(added=(1,), changed=(0,))
    assert parser.finding(0).complete
    parser.finish()
    assert parser.finding(1).complete


def test_stop_leaves_the_last_one_incomplete() -> None:
    text = "## High: A fault\n\nIt is\n\n## Low: Another\n\nIt al"
    first, last = parse_findings(text, ended=False)
    assert first.complete
    assert not last.complete
    assert last.description == "It al"
    assert all(finding.complete for finding in parse_findings(text))


def test_thoughts_are_void_when_their_end_comes() -> None:
    parser = FindingParser()
    assert parser.feed("## High: A guess\n\n").added == (0,)
    assert parser.feed("No.\n</think>\n\n").cleared
    assert len(parser) == 0
    assert parser.feed("## Low: The fault\n").added == (0,)
    assert parser.finding(0).title == "The fault"


def test_nothing_is_found_twice_by_finish() -> None:
    parser = FindingParser()
    parser.feed("| Title | Severity |\n|---|---|\n| One | High |\n")
    assert parser.finish().added == (0,)
    assert parser.finish() == Changes()


@pytest.mark.parametrize(
    ("heading", "title", "severity"),
    [
        ("## High: Reentrancy", "Reentrancy", Severity.HIGH),
        ("#### 3.2 Critical — Anyone can mint", "Anyone can mint", Severity.CRITICAL),
        (
            "### [M-02] Low-level call without a check",
            "Low-level call without a check",
            Severity.MEDIUM,
        ),
        ("## Finding 3: Overflow (Severity: Low)", "Overflow", Severity.LOW),
        ("### 🔴 [HIGH] `withdraw` re-enters", "withdraw re-enters", Severity.HIGH),
        ("## Issue #4 - Missing event - Informational", "Missing event", Severity.INFO),
        ("## Gas: Cache the length", "Cache the length", Severity.INFO),
        ("## SWC-107: Reentrancy [High Severity]", "Reentrancy", Severity.HIGH),
        (
            "### H-1. Medium of exchange can be drained",
            "Medium of exchange can be drained",
            Severity.HIGH,
        ),
        ("## [Hoch] Wiedereintritt", "Wiedereintritt", Severity.HIGH),
        ("## 【严重】任意铸币", "任意铸币", Severity.CRITICAL),
        ("## **Medium | Rounding**", "Rounding", Severity.MEDIUM),
        ("##High: no blank behind the signs", "no blank behind the signs", Severity.HIGH),
        ("### 51% attack: High", "51% attack", Severity.HIGH),
        ("## ERC-20 approve race (Low)", "ERC-20 approve race", Severity.LOW),
    ],
)
def test_headings(heading: str, title: str, severity: Severity) -> None:
    (found,) = parse_findings(f"{heading}\n\nText.\n")
    assert (found.title, found.severity) == (title, severity)


@pytest.mark.parametrize(
    "text",
    [
        "# Report on Vault.sol\n\nFine.\n\nNo fault found.\n",
        "## High: none\n\nNothing.\n",
        "## Critical Issues\n\nNone found.\n\n## Conclusion\n\nHigh: quality.\n",
        "The impact is high: many users lose funds.\n",
        "Severity scale:\n\n- High: loss of funds\n",
        "```solidity\n## High: in a fence\n```\n",
        "- High: 2\n- Low: 3\n",
        "1. Use a guard.\n2. Add `onlyOwner`.\n",
        '[{"name": "transfer", "type": "function", "inputs": []}]\n',
        "| Severity | Count |\n|---|---|\n| High | 2 |\n",
        "",
        "\n\n\n",
    ],
)
def test_no_finding_is_invented(text: str) -> None:
    assert parse_findings(text) == []


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("`src/Vault.sol:42`", ("src/Vault.sol", 42, 42, "", "")),
        ("Vault.sol#L10-L20", ("Vault.sol", 10, 20, "", "")),
        (
            "`Vault.sol`, lines 12-18, `Vault.withdraw()`",
            ("Vault.sol", 12, 18, "Vault", "withdraw"),
        ),
        (
            "withdraw() in contracts/Vault.sol (L36–L40)",
            ("contracts/Vault.sol", 36, 40, "", "withdraw"),
        ),
        ("`my dir/Vault.sol`", ("my dir/Vault.sol", 0, 0, "", "")),
        ("Vault::withdraw", ("", 0, 0, "Vault", "withdraw")),
        ("`withdraw(uint256 amount)`", ("", 0, 0, "", "withdraw")),
        ("contract `Vault`, function `sweep`", ("", 0, 0, "Vault", "sweep")),
        ("Vault.sol, Zeile 7", ("Vault.sol", 7, 7, "", "")),
        ("Vault.sol 第 3-9 行", ("Vault.sol", 3, 9, "", "")),
        ("`Vault.vy:5`", ("Vault.vy", 5, 5, "", "")),
        ("constructor", ("", 0, 0, "", "constructor")),
    ],
)
def test_locations(location: str, expected: tuple[str, int, int, str, str]) -> None:
    (found,) = parse_findings(f"## High: A fault\n\n- **Location:** {location}\n")
    (claim,) = found.claims
    place = claim.path, claim.start_line, claim.end_line, claim.contract, claim.function
    assert place == expected


HOSTILE = {
    "line ends": "\n" * 200_000,
    "blanks": " " * 300_000,
    "stars": "*" * 300_000,
    "star lines": "**\n" * 60_000,
    "brackets": "[" * 300_000,
    "bracket lines": "[{\n" * 60_000,
    "bold openings": "**a " * 80_000,
    "pipes": "|" * 300_000,
    "pipe lines": "|a|\n" * 60_000,
    "short rows": "|a|b|\n" * 40_000,
    "headings": "# a\n" * 60_000,
    "short findings": "## High: a\n" * 25_000,
    "one-letter lines": "a\n" * 100_000,
    "dashes": "- \n" * 80_000,
    "labels": "Severity: High\n" * 15_000,
    "titles": "Title: a b\n" * 20_000,
    "colons": ":" * 300_000,
    "colon lines": "a:\n" * 80_000,
    "fences": "```\n" * 60_000,
    "json objects": "{" * 300_000,
    "json arrays": '[{"a":' * 50_000,
    "json objects in a list": '[{"title": "a", "severity": "low"}, ' * 9_000,
    "json keys": "{" + '"a": {' * 60_000,
    "json brackets": '{"a": ' + "[" * 300_000,
    "json commas": '[{"title": "a"' + ",  " * 100_000,
    "json strings": '{"a": "' + "\\" * 300_000,
    "json empties": "[" + "{}," * 100_000,
    "digits": "1." * 150_000,
    "numbered": "1. **a b** c\n" * 20_000,
    "latent": "**ab cd**\n" * 25_000,
    "control": "".join(map(chr, range(32))) * 8_000,
    "words": "high low medium " * 20_000,
    "quotes": "> " * 150_000,
    "dotted path": "a." * 150_000,
    "thoughts": "<think>\n</think>\n" * 15_000,
    "location": "## High: x\n\nLocation: " + "`a.sol:1`, " * 30_000,
}


def before(name: str) -> str:
    """What stands before a hostile text; JSON is read only where no finding is open."""
    return "" if name.startswith("json") else "## High: A fault\n\n"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_ends_and_hides_nothing_behind_it(name: str) -> None:
    text = before(name) + HOSTILE[name] + "\n## Low: The end\n"
    assert len(streamed(text)) == len(parse_findings(text))


def streamed(text: str) -> list[ParsedFinding]:
    parser = FindingParser()
    for start in range(0, len(text), 16_384):
        parser.feed(text[start : start + 16_384])
    parser.finish()
    return parser.findings


def test_five_thousand_findings() -> None:
    part = "## {0}: Fault number {1}\n\n- **Location:** `A.sol`, `A.f{1}`\n\n**Description:** d\n\n"
    levels = ("High", "Low")
    text = "".join(part.format(levels[number % 2], number) for number in range(5_000))
    found = parse_findings(text)
    assert len(found) == 5_000
    assert found[77].claims[0].function == "f77"


def test_a_quote_of_a_megabyte_is_kept_whole() -> None:
    code = "\n".join(f"uint256 x{number} = {number};" for number in range(50_000))
    text = f"## High: Long\n\n```solidity\n{code}\n```\n\n**Description:** d\n"
    pieces = [text[start : start + 4_000] for start in range(0, len(text), 4_000)]
    (found,) = stream(pieces)
    assert found.claims[0].quote == code
    assert found.description == "d"


def test_json_with_a_long_line_is_read_in_slices() -> None:
    entries = [
        {"title": f"Fault {n}", "severity": "low", "description": "d" * 500, "line": n}
        for n in range(1, 2_001)
    ]
    text = json.dumps({"findings": entries})
    parser = FindingParser()
    source = random.Random(3)  # noqa: S311  # no secret
    start = 0
    while start < len(text):
        length = source.randint(1, 9_000)
        parser.feed(text[start : start + length])
        start += length
    parser.finish()
    assert [finding.title for finding in parser.findings] == [entry["title"] for entry in entries]
    assert parser.finding(41).claims[0].start_line == 42


_WITH_FIX = """## High: Balance is cleared late

- **Location:** `Vault.withdraw`

**Description:** Whoever is called can call again.

| Caller | May call | Should |
| --- | :-: | --- |
| owner | yes | yes |
| **others** | yes | no |

**Suggested fix:**

   ```diff
   -a();
    b();
   +a();
   ```
"""


def test_a_fix_is_a_block_of_code_and_a_table_in_a_text_stays_one() -> None:
    for text in (_WITH_FIX, _WITH_FIX.rstrip().removesuffix("```")):  # also where it is cut
        (found,) = parse_findings(text)
        assert found.suggested_fix == "```diff\n-a();\n b();\n+a();\n```"
        assert found.description.endswith(
            "| Caller | May call | Should |\n| --- | :-: | --- |\n| owner | yes | yes |\n"
            "| **others** | yes | no |"
        )
