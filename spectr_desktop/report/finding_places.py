"""Places that a report names: files, lines, contracts and functions."""

from __future__ import annotations

import re
from dataclasses import replace

from spectr_desktop.records.findings import Claim

_LONGEST = 2000
_MOST = 40

_SUFFIX = r"\.(?:sol|vyi?|rs|move|cairo|fc|tact|yul|huff)(?![\w])"
_PLACE = re.compile(
    rf"(?P<path>`[^`\n]{{1,160}}{_SUFFIX}|(?<![\w./-])[\w./@~+-]{{1,200}}{_SUFFIX})"
    r"(?:[`)]{0,2}[ \t]{0,2}(?:[:#]{1,2}|"
    r"\([ \t]?)L?(?P<at>\d{1,7})(?:[ \t]?[-–][ \t]?L?(?P<to>\d{1,7}))?)?"
    r"|(?<![\w])(?:lines?(?:[ \t]numbers?)?|zeilen?|lignes?|líneas?|lineas?|linhas?|righ[ei]|"
    r"riga|строк[аиуе]?|行号?|"
    r"第)[ \t*`:：#(]{0,6}L?(?P<line>\d{1,7})(?:[ \t]?(?:-|–|—|~|to|bis|à|a|até|al?|по|до|到|至|"
    r"から|"
    r"through|and)[ \t]?L?"
    r"(?P<last>\d{1,7}))?"
    r"|(?<![\w])L(?P<l1>\d{1,7})(?:[ \t]?[-–][ \t]?L?(?P<l2>\d{1,7}))?(?![\w])"
    r"|(?<!\w)(?P<j1>\d{1,7})(?:[ \t]?[-–~〜][ \t]?(?P<j2>\d{1,7}))?[ \t]?行"
    r"|(?<![\w.])(?P<contract>[A-Z]\w{0,80})(?:\.|::|#|"
    r"->)(?P<member>(?!sol\b)[a-z_]\w{0,80})(?P<args>[ \t]?\()?"
    r"|(?<![\w.])(?P<call>[a-z_$]\w{0,80})\("
    r"|\b(?:function|funktion|fonction|función|função|funzione|method|modifier|modificador|"
    r"функци[яию]|函数|関数)[ \t:：]{0,3}\*{0,2}`"
    r"(?P<named>[A-Za-z_]\w{0,80})"
    r"|`(?P<before>[a-z_]\w{0,80})`[ \t]?(?:function\b|method\b|函数|方法|関数|メソッド)"
    r"|\b(?:contract|vertrag|contrat|contrato|library|interface|合约|"
    r"контракт)[ \t:]{1,3}[`*]{0,3}(?P<of>[A-Z]\w{0,80})"
    r"|(?<!\w)[`*]{0,3}(?P<cbefore>[A-Z]\w{0,80})[`*]{0,3}[ \t](?:contract|library|合约|"
    r"コントラクト)\b",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"`(?P<name>[A-Za-z_]\w{0,80})`|(?:\A|"
    r"(?<=[\s,;/]))(?P<word>[A-Za-z_]\w{0,80})(?=\s*(?:[,;/\n]|\Z))"
)
_NUMBERS = re.compile(r"(\d{1,7})(?:[ \t]?(?:[-–—~]|to|bis|à|until)[ \t]?L?(\d{1,7}))?")
_NO_FUNCTION = frozenset(
    re.split(
        r"\s+",
        """require assert revert if for while emit return returns keccak256 sha256 address
        payable uint256 uint int bool bytes bytes32 string mapping function functions
        modifier line lines event error abi encode encodepacked encodewithselector type this
        super new and or in at see via the call staticcall delegatecall send selfdestruct
        ecrecover unchecked try catch constant view pure external public internal private
        override virtual file files contract contracts path all na none uint128 uint8 on
        struct using import pragma""",
    )
)
_NO_CONTRACT = frozenset(
    re.split(
        r"\s+",
        """the this a an any smart each every your target vulnerable address entire whole
        solidity all that external in token""",
    )
)
# Of others' contracts: a title names what is called, not where.
_CALLED = frozenset(
    (
        *("transfer", "transferFrom", "safeTransfer", "approve", "balanceOf", "mint", "burn"),
        *("owner", "timestamp", "ecrecover"),
    )
)
# "Natspec of `getPrice`" names a function, "Visibility of `buyers`" a variable.
_VERB = re.compile(
    r"(?:get|set|add|remove|update|withdraw|deposit|mint|burn|claim|buy|sell|swap|stake|unstake|redeem|"
    r"execute?|init|create|cancel|pay|send|check|verify|calculate|compute|register|vote|borrow|repay|"
    r"liquidate|is|has)[A-Z_]"
)
# "https://host/owner/name/blob/branch/src/A.sol": the path is what follows the branch.
_ADDRESS = re.compile(r"//.{0,200}?/(?:blob|tree|raw)/[^/]{1,100}/")
_DEFINED = re.compile(
    r"\bfunction[ \t]+(?P<function>\w{1,80})[ \t]*\(|(?P<special>\b(?:constructor|receive|"
    r"fallback))[ \t]*\(|"
    r"\b(?:def)[ \t]+(?P<vyper>\w{1,80})[ \t]*\("
)
_CONTRACT = re.compile(r"^[ \t]*(?:abstract )?(?:contract|library)[ \t]+(\w{1,80})", re.MULTILINE)
_IN_TITLE = re.compile(
    r"\b(?:in|by|from|via|on|dans|von|en|durch|through|within|inside|during|em|na|of(?= `)|"
    r"for(?= `))[ \t]+(?:the |der |die |la |las |el |função |función |fonction |funktion )?"
    r"(?P<ticked>`?)(?P<word>[a-z_]\w{2,80})(?=`|\b(?!\.\w))|"
    r"\A[\W\d]{0,20}`(?P<first>[a-z_]\w{2,80})`|"
    r"`(?P<last>[a-z_]\w{2,80})`?\Z|"
    r"`(?P<cjk>[a-z_]\w{2,80})`(?=[ \t]?(?:中|函数|関数|の|における|function|method|"
    r"モディファイア))"
)


def places_in(text: str, *, bare: bool = False) -> list[Claim]:
    """The places that a text names, in order; parts of one place are put together.

    Args:
        text: a value of a location's label, a title or prose; only its beginning is read.
        bare: a name alone counts too: `Vault` is a contract, `withdraw` a function.
    """
    text = text[:_LONGEST]
    claims: list[Claim] = []
    spans: list[tuple[int, int]] = []
    current = Claim()
    for found in _PLACE.finditer(text):
        part = _part(found)
        if part is None:
            continue
        spans.append(found.span())
        merged = _merged(current, part)
        if merged is None:
            claims.append(current)
            merged = _carried(current, part)
        current = merged
        if len(claims) >= _MOST:
            break
    if bare:
        current = _with_bare(text, spans, current)
    return [*claims, current] if current != Claim() else claims


def lines_in(text: str) -> tuple[int, int]:
    """The first and last line of a value such as "12-18" or "L42"; zeros if there is none."""
    found = _NUMBERS.search(text[:200])
    if found is None:
        return 0, 0
    first = int(found[1])
    last = int(found[2] or first)
    return (first, last) if last >= first else (first, first)


def defined_in(quote: str) -> Claim:
    """The contract and the first function that a quote defines."""
    head = quote[:20_000]
    contract = _CONTRACT.search(head)
    found = _DEFINED.search(head)
    name = "" if found is None else found["function"] or found["special"] or found["vyper"]
    return Claim(contract=contract[1] if contract else "", function=name)


def function_in_title(title: str, texts: str) -> str:
    """The function that a title names without brackets, as the texts bear it out, or "".

    Args:
        title: as it is written.
        texts: what the finding says, with its quotes.
    """
    for found in _IN_TITLE.finditer(title[:_LONGEST]):
        word = found["word"] or found["first"] or found["cjk"] or found["last"]
        if not _is_function(word) or word in _CALLED:
            continue
        of = found[0].lower().startswith(("of ", "for "))
        if of and not _VERB.match(word) and f"function {word}" not in texts:
            continue
        if found["ticked"] or found["cjk"] or f"function {word}" in texts:
            return word
        if found["last"]:
            continue
        if (
            f"{word}()" in texts
            or (f"`{word}`" in texts and not found["first"])
            or f"`{word}(" in texts
        ):
            return word
    return ""


def filled(claim: Claim, other: Claim) -> Claim:
    """A claim whose missing parts come from another one that does not contradict it."""
    if claim.path and other.path and claim.path != other.path:
        return claim
    lines = claim if claim.start_line else other
    return replace(
        claim,
        path=claim.path or other.path,
        contract=claim.contract or other.contract,
        function=claim.function or other.function,
        start_line=lines.start_line,
        end_line=lines.end_line,
    )


def _part(found: re.Match[str]) -> Claim | None:
    """What one match says; None if it is no place after all."""
    group = found.groupdict()
    claim: Claim | None = None
    if group["path"]:
        first, last = _range(group["at"], group["to"])
        path = _ADDRESS.sub("", group["path"].strip("`").strip(), count=1)
        claim = Claim(path=path, start_line=first, end_line=last)
    elif number := group["line"] or group["l1"] or group["j1"]:
        first, last = _range(number, group["last"] or group["l2"] or group["j2"])
        claim = Claim(start_line=first, end_line=last)
    elif group["contract"]:
        claim = _member(group["contract"], group["member"])
    elif name := group["call"] or group["named"] or group["before"]:
        is_cast = bool(group["call"]) and name[0].isupper()
        claim = Claim(function=name) if _is_function(name) and not is_cast else None
    elif (contract := group["of"] or group["cbefore"]) and contract[0].isupper():
        claim = None if contract.lower() in _NO_CONTRACT else Claim(contract=contract)
    return claim


def _member(contract: str, member: str) -> Claim | None:
    if not contract[0].isupper() or member.lower() in ("sol", "vy", "length", "com", "org", "js"):
        return None
    return Claim(contract=contract, function=member)


def _is_function(name: str) -> bool:
    return name.lower() not in _NO_FUNCTION


def _range(first: str | None, last: str | None) -> tuple[int, int]:
    start = int(first or 0)
    end = int(last or start)
    return (start, end) if end >= start else (start, start)


def _merged(current: Claim, part: Claim) -> Claim | None:
    """The claim with a further part of the same place, None if the part begins another place."""
    for name in ("path", "contract", "function"):
        before, new = getattr(current, name), getattr(part, name)
        if before and new and before != new:
            return None
    if current.start_line and part.start_line and current.start_line != part.start_line:
        return None
    if part.path and current.start_line and not current.path and part.start_line:
        return None
    return filled(part, current)


def _carried(current: Claim, part: Claim) -> Claim:
    """A new place; what a list names once for all its entries is carried on."""
    if part.path:
        return part
    contract = part.contract or ("" if part.function and part.contract else current.contract)
    if part.contract and part.contract != current.contract:
        return replace(part, path=current.path if not current.contract else "")
    function = part.function or (current.function if part.start_line else "")
    return replace(part, path=current.path, contract=contract, function=function)


def _with_bare(text: str, spans: list[tuple[int, int]], current: Claim) -> Claim:
    for found in _BARE.finditer(text):
        if any(start <= found.start() < end or start < found.end() <= end for start, end in spans):
            continue
        name = found["name"] or found["word"]
        if name[0].isupper() and not current.contract and name.lower() not in _NO_CONTRACT:
            # A word in prose is a contract only if it looks like an identifier alone in its place.
            current = replace(current, contract=name)
        elif not name[0].isupper() and not current.function and _is_function(name):
            current = replace(current, function=name)
    return current
