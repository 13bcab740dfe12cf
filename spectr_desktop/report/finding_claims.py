"""The places of a finding: those that it names as such, completed by its title, code and prose."""

from __future__ import annotations

from dataclasses import replace

from spectr_desktop.records.findings import Claim
from spectr_desktop.report.finding_places import defined_in, filled, function_in_title, places_in

_LONGEST_COMMENT = 300
_PROSE = 600
_BORNE_OUT = 4000


def claims_of(
    places: list[Claim], title: str, quotes: list[str], fixes: list[str], description: str
) -> tuple[Claim, ...]:
    """Put the places of a finding together, the main one first.

    Args:
        places: as its labels name them.
        title: its first line as it is written.
        quotes: the code that shows the fault.
        fixes: code that mends it: it bears out a function that the title names.
        description: names the place of those that have no label for it.
    """
    codes = [_quoted(quote) for quote in quotes]
    first = places[0] if places else Claim()
    for claim in (*places_in(title)[:1], *codes[:1]):
        first = filled(first, claim)
    if codes:
        defined = defined_in(codes[0].quote)
        first = filled(first, replace(defined, function="") if first.function else defined)
    if not first.function:
        texts = (title, description, *quotes, *fixes)
        joined = "\n".join(text[:_BORNE_OUT] for text in texts)
        first = replace(first, function=function_in_title(title, joined))
    first = _from_prose(first, description[:_PROSE])
    if codes and not first.quote:
        first = replace(first, quote=codes[0].quote)
    claims = [first, *places[1:]] if first != Claim() else []
    for number, code in enumerate(codes[1:], 1):
        if number < len(claims):
            claims[number] = replace(filled(claims[number], code), quote=code.quote)
        else:
            claims.append(filled(code, defined_in(code.quote)))
    return tuple(claims)


def _from_prose(claim: Claim, text: str) -> Claim:
    if claim.function and claim.start_line:
        return claim
    # Prose names other contracts too: those whose place is known are not moved there.
    found = [
        place
        for place in places_in(text)
        if not (claim.path or claim.contract) or place.contract in ("", claim.contract)
    ]
    for first in found[:1]:
        if not claim.function or first.function in ("", claim.function):
            claim = filled(claim, first)
    lines = next((place for place in found if place.start_line), None)
    if claim.start_line or lines is None or lines.function not in ("", claim.function):
        return claim
    return filled(claim, lines) if lines.path in ("", claim.path) else claim


def _quoted(code: str) -> Claim:
    """A quote, and the place that a comment above it names."""
    first, _, rest = code.partition("\n")
    if first.lstrip().startswith(("//", "#", "/*")) and rest and len(first) < _LONGEST_COMMENT:
        places = places_in(first)
        if places and (places[0].path or places[0].start_line):
            return replace(places[0], quote=rest)
    return Claim(quote=code)
