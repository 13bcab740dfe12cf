from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.project.outline import outline
from spectr_desktop.records.findings import Claim, Location
from spectr_desktop.records.grades import Anchor
from spectr_desktop.records.source import Outline, source_file
from spectr_desktop.report.anchor import SourceIndex
from tests.report.quote_damage import (
    BY_QUOTE,
    DAMAGES,
    INVENTIONS,
    PACKAGES,
    ROOT,
    fetched,
    foreign,
    inventions,
    measured,
    our_project,
    project,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.report.quote_damage import Project

KINDS = [*DAMAGES, "signature"]
VAULT = (ROOT / "resources" / "examples" / "Vault.sol").read_text(encoding="utf-8")
TWINS = """\
contract First {
    uint256 public total;
    function add(uint256 amount) external {
        total += amount * 1000;
    }
    function take(uint256 amount) external returns (bool) {
        total -= amount;
        return true;
    }
}

contract Second is First {
    uint256 public sum;
    function add(uint256 amount) external {
        total += amount * 1000;
    }
    function other() external {
        sum = 12345;
    }
}

interface ISecond {
    function other() external;
}
"""


def index(sources: Mapping[str, str]) -> SourceIndex:
    files = [source_file(path, text) for path, text in sources.items()]
    return SourceIndex(files, {file.path: outline(file) for file in files})


@pytest.fixture(scope="module")
def vault() -> SourceIndex:
    return index({"src/Vault.sol": VAULT})


@pytest.fixture(scope="module")
def twins() -> SourceIndex:
    return index({"src/Twins.sol": TWINS})


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def place(location: Location) -> tuple[Anchor, int, int]:
    return location.anchor, location.start_line, location.end_line


# Known places, damaged


@pytest.fixture(scope="module")
def ours() -> tuple[SourceIndex, Project]:
    source = our_project()
    return SourceIndex(source.files, source.outlines), source


@pytest.fixture(scope="module", params=PACKAGES)
def theirs(request: pytest.FixtureRequest) -> tuple[SourceIndex, Project]:
    folder = fetched(request.param)
    if not isinstance(folder, Path):
        pytest.skip(folder)
    source = project(folder.rglob("*.sol"), folder)
    return SourceIndex(source.files, source.outlines), source


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_quotes_of_our_contracts_are_found(
    ours: tuple[SourceIndex, Project], kind: str
) -> None:
    right, made, wrong = measured(*ours, kind, 120, seed=7)
    assert made >= 20
    assert right >= 0.97 * made, wrong[:3]


@pytest.mark.parametrize("kind", [*INVENTIONS, "foreign"])
def test_invented_code_is_never_found_in_our_contracts(
    ours: tuple[SourceIndex, Project], kind: str
) -> None:
    made, source = ours
    if kind == "foreign":
        other = project([ROOT / "resources" / "examples" / "Vault.sol"], ROOT)
        claims = foreign(source, other, 60, seed=7)
    else:
        claims = inventions(source, kind, 150, seed=7)
    assert len(claims) >= 15
    assert [claim for claim in claims if made.locate(claim).anchor in BY_QUOTE] == []


def test_damaged_quotes_of_published_contracts_are_found(
    theirs: tuple[SourceIndex, Project],
) -> None:
    rates = {}
    for kind in KINDS:
        right, made, _ = measured(*theirs, kind, 40, seed=7)
        rates[kind] = (right, made)
    assert sum(right for right, _ in rates.values()) >= 0.97 * sum(
        made for _, made in rates.values()
    ), rates


def test_invented_code_is_never_found_in_published_contracts(
    theirs: tuple[SourceIndex, Project],
) -> None:
    made, source = theirs
    claims = foreign(source, our_project(), 100, seed=7)
    for kind in INVENTIONS:
        claims += inventions(source, kind, 60, seed=7)
    assert [claim for claim in claims if made.locate(claim).anchor in BY_QUOTE] == []


# What an anchor says


QUOTE = '(bool ok, ) = msg.sender.call{value: amount}("");'


@pytest.mark.parametrize(
    ("line", "anchor"), [(0, Anchor.EXACT), (35, Anchor.EXACT), (12, Anchor.MOVED)]
)
def test_the_claimed_line_says_only_whether_it_moved(
    vault: SourceIndex, line: int, anchor: Anchor
) -> None:
    found = vault.locate(Claim("Vault.sol", line, line, "Vault", "withdraw", QUOTE))
    assert found == Location("src/Vault.sol", 35, 35, "Vault", "withdraw", QUOTE, line, anchor)


def test_a_quote_in_another_function_than_the_named_one_has_moved(vault: SourceIndex) -> None:
    found = vault.locate(Claim(function="sweep", quote=QUOTE))
    assert place(found) == (Anchor.MOVED, 35, 35)
    assert found.function == "withdraw"


def test_the_named_function_decides_between_places(twins: SourceIndex) -> None:
    quote = "total += amount * 1000;"
    for contract, line in (("First", 4), ("Second", 15)):
        found = twins.locate(Claim(contract=contract, function="add", quote=quote))
        assert place(found) == (Anchor.EXACT, line, line)
        assert (found.contract, found.function) == (contract, "add")


def test_then_the_claimed_line_decides(twins: SourceIndex) -> None:
    quote = "total += amount * 1000;"
    assert place(twins.locate(Claim(start_line=15, quote=quote))) == (Anchor.EXACT, 15, 15)
    assert place(twins.locate(Claim(start_line=13, quote=quote))) == (Anchor.MOVED, 15, 15)
    assert place(twins.locate(Claim(start_line=1, quote=quote))) == (Anchor.MOVED, 4, 4)


def test_one_of_several_places_is_not_exact_if_nothing_decides(twins: SourceIndex) -> None:
    found = twins.locate(Claim(quote="total += amount * 1000;"))
    assert place(found) == (Anchor.FUZZY, 4, 4)


@pytest.mark.parametrize("quote", ["return true;", "}", "require(ok);", "_;", ");", "return"])
def test_code_that_says_nothing_proves_nothing(twins: SourceIndex, quote: str) -> None:
    assert twins.locate(Claim(start_line=8, quote=quote)).anchor is Anchor.UNVERIFIED


def test_it_counts_in_the_named_function(twins: SourceIndex) -> None:
    found = twins.locate(Claim(function="take", quote="return true;"))
    assert place(found) == (Anchor.EXACT, 8, 8)
    missing = twins.locate(Claim(contract="First", function="add", quote="return true;"))
    assert place(missing) == (Anchor.SYMBOL_ONLY, 3, 5)


INVENTED = "if (!whitelist[msg.sender]) revert NotAllowed();"


@pytest.mark.parametrize("quote", ["", INVENTED])
def test_without_a_quote_the_symbol_is_what_exists(vault: SourceIndex, quote: str) -> None:
    found = vault.locate(Claim("Vault.sol", 3, 3, "Vault", "withdraw", quote))
    start = line_of(VAULT, "function withdraw")
    assert place(found) == (Anchor.SYMBOL_ONLY, start, start + 8)
    assert found.function == "withdraw"
    invented = vault.locate(Claim("Vault.sol", 3, 3, "Vault", "liquidate", quote))
    assert invented.anchor is Anchor.UNVERIFIED
    assert (invented.contract, invented.function) == ("Vault", "liquidate")
    whole = vault.locate(Claim("Vault.sol", 3, 3, "Vault", "", quote))
    assert whole.anchor is Anchor.SYMBOL_ONLY
    assert (whole.contract, whole.function) == ("Vault", "")


@pytest.mark.parametrize(
    "claim", [Claim(), Claim("Vault.sol", 36, 36), Claim(quote=INVENTED), Claim(function="nowhere")]
)
def test_what_names_nothing_that_exists_is_unverified(vault: SourceIndex, claim: Claim) -> None:
    found = vault.locate(claim)
    assert found == Location(
        "src/Vault.sol", 0, 0, "", claim.function, claim.quote, claim.start_line, Anchor.UNVERIFIED
    )


@pytest.mark.parametrize(
    "function", ["withdraw()", "Vault.withdraw", "`withdraw`", "function withdraw", "WITHDRAW"]
)
def test_a_function_may_be_written_in_several_ways(vault: SourceIndex, function: str) -> None:
    assert vault.locate(Claim(function=function)).function == "withdraw"


def test_an_implementation_goes_before_its_interface(twins: SourceIndex) -> None:
    assert twins.locate(Claim(function="other")).start_line == 17
    assert twins.locate(Claim(contract="ISecond", function="other")).start_line == 23


def test_an_inherited_function_is_found_in_the_base() -> None:
    base, derived = TWINS.split("contract Second")
    made = index({"A.sol": base, "B.sol": 'import "./A.sol";\ncontract Second' + derived})
    found = made.locate(Claim(path="B.sol", contract="Second", function="take"))
    assert (found.path, found.start_line, found.anchor) == ("A.sol", 6, Anchor.SYMBOL_ONLY)
    quoted = made.locate(Claim("B.sol", 0, 0, "Second", "take", "return true;"))
    assert (quoted.path, *place(quoted)) == ("A.sol", Anchor.MOVED, 8, 8)


# What must not pass


@pytest.mark.parametrize(
    "quote",
    [
        "require(amount >= 0, \"nothing to withdraw\");",
        "balances[msg.sender] -= amount;",
        "uint256 amount = balances[tx.origin];",
        "(bool ok, ) = msg.sender.delegatecall{value: amount}(\"\");",
        "function withdraw() external nonReentrant {",
        "function withdraw() public {",
        "totalShares -= balances;",
        # a name that was exchanged in one place only
        "uint256 sum = balances[msg.sender];\nrequire(amount > 0, \"nothing to withdraw\");",
        # a statement left out silently, or two in another order
        "uint256 amount = balances[msg.sender];\n(bool ok, ) = msg.sender.call{value: amount}",
        "balances[msg.sender] = 0;\n(bool ok, ) = msg.sender.call{value: amount}(\"\");",
        "function setOracle(IOracle next) external onlyOwner {\n    oracle = next;",
        "emit OracleChanged(oracle);",
        "return (address(this).balance * oracle.price());",
    ],
)  # fmt: skip
def test_other_code_of_known_names_is_not_found(vault: SourceIndex, quote: str) -> None:
    assert vault.locate(Claim(quote=quote)).anchor is Anchor.UNVERIFIED
    assert vault.locate(Claim(function="withdraw", quote=quote)).anchor is Anchor.SYMBOL_ONLY


@pytest.mark.parametrize(
    "quote",
    [
        "require(amount > 0);",
        "function setOracle(IOracle)",
        "uint due = balances[msg.sender];\nrequire(due > 0, \"nothing to withdraw\");",
        "function deposit() external payable;",
        "function sweep(address payable to) external {}",
    ],
)  # fmt: skip
def test_small_differences_are_fuzzy(vault: SourceIndex, quote: str) -> None:
    names = {"require(amount > 0);": "withdraw"}
    found = vault.locate(Claim(function=names.get(quote, ""), quote=quote))
    assert found.anchor is Anchor.FUZZY


@pytest.mark.parametrize(
    "quote",
    [
        "emit Withdrawn(..., amount);",
        'require(..., "nothing to withdraw");',
        "function withdraw() external {\n    ...\n    balances[msg.sender] = 0;\n    // snip\n}",
        "function withdraw() external { ... }",
        "... \ntotalShares -= amount;\n...",
    ],
)
def test_what_is_left_out_visibly_may_be_anything(vault: SourceIndex, quote: str) -> None:
    found = vault.locate(Claim(quote=quote))
    assert (found.anchor, found.function) == (Anchor.EXACT, "withdraw")


@pytest.mark.parametrize(
    "quote",
    [
        "emit Withdrawn(..., oracle);",
        "emit Deposited(...);\n...\nreturn oracle;",
        # from one function into another
        "totalShares += msg.value;\n...\ntotalShares -= amount;",
        "oracle = ... + first;",
    ],
)
def test_but_the_rest_has_to_be_there(vault: SourceIndex, quote: str) -> None:
    assert vault.locate(Claim(quote=quote)).anchor is Anchor.UNVERIFIED


def test_the_head_of_a_contract_is_no_part_of_the_range(vault: SourceIndex) -> None:
    quote = "contract Vault {\n    function sweep(address payable to) external {"
    line = line_of(VAULT, "function sweep")
    found = vault.locate(Claim(quote=quote))
    assert (*place(found), found.function) == (Anchor.EXACT, line, line, "sweep")


def test_comments_are_part_of_the_range(vault: SourceIndex) -> None:
    line = line_of(VAULT, "/// @notice Withdraws")
    quote = "/// @notice Withdraws the caller's whole balance.\nfunction withdraw() external {"
    assert place(vault.locate(Claim(quote=quote))) == (Anchor.EXACT, line, line + 1)
    alone = vault.locate(Claim(quote=quote.split("\n", maxsplit=1)[0]))
    assert place(alone) == (Anchor.EXACT, line, line)


# Paths


@pytest.mark.parametrize(
    "path",
    ["Vault.sol", "./src/Vault.sol", "contracts/Vault.sol", "src\\Vault.sol", "SRC/vault.SOL",
     "`src/Vault.sol`", "/home/me/x/src/Vault.sol", "src/Vault.sol:36", "Vault.sol#L36-L40",
     "Vault", "Vault.sol:Vault", "../src/Vault.sol", ""],
)  # fmt: skip
def test_a_path_may_be_written_in_several_ways(vault: SourceIndex, path: str) -> None:
    found = vault.locate(Claim(path=path, function="withdraw", quote=QUOTE))
    assert (found.path, found.anchor) == ("src/Vault.sol", Anchor.EXACT)


@pytest.mark.parametrize("path", ["../../etc/passwd", "Token.sol", "/", "..", "\0", "a" * 100_000])
def test_a_file_that_was_not_sent_is_missing(vault: SourceIndex, path: str) -> None:
    claim = Claim(path, 3, 4, "Vault", "withdraw", "return true;")
    found = vault.locate(claim)
    names = ("Vault", "withdraw")
    assert found == Location(path, 0, 0, *names, "return true;", 3, Anchor.MISSING_FILE)


def test_a_file_that_was_not_sent_is_mixed_up_if_the_quote_has_one_place(
    vault: SourceIndex, twins: SourceIndex
) -> None:
    found = vault.locate(Claim("Token.sol", 36, 36, "", "", QUOTE))
    assert (found.path, *place(found)) == ("src/Vault.sol", Anchor.MOVED, 35, 35)
    several = Claim("Token.sol", quote="total += amount * 1000;")
    assert twins.locate(several).anchor is Anchor.MISSING_FILE
    named = replace(several, contract="Second", function="add")
    assert place(twins.locate(named)) == (Anchor.MOVED, 15, 15)


def test_folders_decide_between_files_of_one_name() -> None:
    texts = {f"{folder}/A.sol": f"contract A{folder} {{}}" for folder in ("x", "y")}
    made = index({**texts, "A.sol": "contract A {}"})
    for path in ("x/A.sol", "y/A.sol", "A.sol"):
        contract = "A" + path.split("/", maxsplit=1)[0] if "/" in path else "A"
        assert made.locate(Claim(path=path, contract=contract)).path == path
    assert made.locate(Claim(path="lib/y/A.sol", contract="Ay")).path == "y/A.sol"


def test_a_quote_in_another_file_than_the_named_one_has_moved() -> None:
    made = index({"Vault.sol": VAULT, "Twins.sol": TWINS})
    found = made.locate(Claim("Twins.sol", 36, 36, "", "", QUOTE))
    assert (found.path, *place(found)) == ("Vault.sol", Anchor.MOVED, 35, 35)


def test_nothing_was_sent() -> None:
    made = index({})
    assert made.locate(Claim(quote=QUOTE)).anchor is Anchor.UNVERIFIED
    assert made.locate(Claim("A.sol", quote=QUOTE)).anchor is Anchor.MISSING_FILE


def test_a_file_without_an_outline_is_searched() -> None:
    made = SourceIndex(
        [source_file("a.sol", VAULT), source_file("b.txt", "x")], {"b.txt": Outline()}
    )
    assert made.locate(Claim(quote=QUOTE)).anchor is Anchor.EXACT


# Vyper


def test_vyper_is_found_with_its_own_comments(ours: tuple[SourceIndex, Project]) -> None:
    made, _ = ours
    quote = (
        "raw_call(msg.sender, b'', value=amount)  # <- here\nself.deposits[msg.sender] -= amount"
    )
    found = made.locate(Claim("Pool.vy", 1, 1, "Pool", "withdraw", quote))
    assert found.anchor is Anchor.MOVED
    assert (found.start_line, found.end_line, found.function) == (55, 56, "withdraw")
    wrong = quote.replace("-=", "+=")
    assert made.locate(Claim("Pool.vy", quote=wrong)).anchor is Anchor.UNVERIFIED
    renamed = "price: uint256 = sold * self.rate // 10**18"
    assert made.locate(Claim("Pool.vy", function="_bought", quote=renamed)).anchor not in BY_QUOTE


@pytest.mark.parametrize("bracket", "})];{")
def test_any_number_of_brackets_says_nothing(bracket: str) -> None:
    made = index({"a.sol": "contract A {" + bracket * 10_000})
    assert made.locate(Claim(quote=bracket * 5_000)).anchor is Anchor.UNVERIFIED


# Hostile text


def _hostile() -> list[str]:
    line = "total += amount * 1000;"
    return [
        "a" * 1_000_000, "(" * 1_000_000, '"' * 1_000_000, "\\" * 1_000_000, "/*" * 500_000,
        "\n" * 1_000_000, " " * 1_000_000, "`" * 1_000_000, "> " * 500_000, "...\n" * 250_000,
        "1: \n" * 250_000, "- x\n+ y\n" * 100_000, (line + "\n") * 40_000, "}\n" * 400_000,
        (line + "\n...\n") * 40_000, "total\n...\n" * 80_000, "\u201c" * 500_000,
        "\x00\x1b[31m\u202e" * 100_000, "a.sol/" * 200_000, "* \n" * 300_000, "&lt;" * 250_000,
        "".join(chr(33 + at % 90) for at in range(1_000_000)), "x " * 500_000,
        "f(" * 100_000 + "..." + ")" * 100_000, "'\"" * 300_000, "\ud800" * 1_000,
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(len(_hostile())))
def test_a_hostile_quote_ends(number: int) -> None:
    quote = _hostile()[number]
    body = "        total += amount * 1000;\n" * 3_000
    text = TWINS.replace("        total -= amount;\n", body)
    made = index({"a.sol": text, "b.sol": "contract B { uint x = " + "1 + " * 15_000 + "1; }"})
    for claim in (Claim(quote=quote), Claim("a.sol", 7, 9, quote[:5_000], quote[:5_000], quote)):
        assert made.locate(claim).path in ("a.sol", "b.sol", "")


@pytest.mark.parametrize("text", ["", "\0", '"' * 46_000, "x" * 46_000, "/*", "a = b; " * 7_000])
def test_a_hostile_file_is_indexed(text: str) -> None:
    made = index({"a.sol": text, "b.vy": text})
    assert made.locate(Claim(quote="a = bcd + efg;")).anchor is Anchor.UNVERIFIED


@given(st.text(max_size=40), st.integers(-5, 10**12), st.text(max_size=20), st.text(max_size=200))
def test_nothing_raises(path: str, line: int, name: str, quote: str) -> None:
    made = index({"src/Twins.sol": TWINS})
    claim = Claim(path, line, line - 3, name, name, quote)
    assert made.locate(claim) == made.locate(claim)


def test_a_quote_that_is_too_long_is_never_exact() -> None:
    lines = [f"    uint256 public value{at} = {at} * 12345;" for at in range(1_000)]
    made = index({"a.sol": "contract A {\n" + "\n".join(lines) + "\n}\n"})
    assert made.locate(Claim(quote="\n".join(lines[:100]))).anchor is Anchor.EXACT
    assert made.locate(Claim(quote="\n".join(lines))).anchor not in (Anchor.EXACT, Anchor.MOVED)


def test_five_thousand_findings_are_located(ours: tuple[SourceIndex, Project]) -> None:
    made, source = ours
    rng = random.Random(3)  # noqa: S311 - no secret
    lines = [line for file in source.files for line in file.text.split("\n")]
    found = [
        made.locate(Claim(quote=rng.choice(lines), function="withdraw", start_line=at))
        for at in range(5_000)
    ]
    assert len(found) == 5_000
