"""Code as a row of tokens: what is left of it without white space and comments."""

from __future__ import annotations

import re
from typing import NamedTuple

SEPARATOR = "\x1f"
"""Stands between joined tokens and in none of them."""

_PUNCTUATION = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'",
        "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"', "\u2033": '"',
        "\u00ab": '"', "\u00bb": '"', "\u2010": "-", "\u2011": "-", "\u2012": "-",
        "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u2026": "...", "\u00a0": " ",
        "\u2264": "<=", "\u2265": ">=", "\u2260": "!=", "\u00d7": "*", "\u2192": "->",
        "\u200b": None, "\u200c": None, "\u200d": None, "\ufeff": None, "\u2060": None,
        "\u2028": " ", "\u2029": " ", "\u202a": None, "\u202b": None, "\u202c": None,
        "\u202d": None, "\u202e": None, "\u2066": None, "\u2067": None, "\u2068": None,
        "\u2069": None,
    }
)  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f`]")
_STRING = r"\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'"
_OPERATOR = r"\.{3,}|[-+*/%&|^<>=!]=|&&|\|\||\+\+|--|<<|>>|=>|->|\*\*"
_SOLIDITY = re.compile(rf"\n|[\w$]+|//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)|{_STRING}|{_OPERATOR}|[^\s]")
_VYPER = re.compile(
    r"\n|[\w$]+|#[^\n]*|\"\"\"[\s\S]*?(?:\"\"\"|\Z)|'''[\s\S]*?(?:'''|\Z)"
    rf"|{_STRING}|//|{_OPERATOR}|[^\s]"
)
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W\d][\w$]*|[$][\w$]*")


class Tokens(NamedTuple):
    """Code without its comments.

    Attributes:
        tokens: in their order; texts in quotation marks are one token.
        lines: the line of each, counted from 1.
        comments: the lines of comments, and how many tokens stand before each, with its text.
    """

    tokens: list[str]
    lines: list[int]
    comments: list[tuple[int, int, str]]


def normalised(text: str) -> str:
    """The text with typewriter quotation marks, without control characters and back-ticks."""
    if not text.isascii():
        text = text.translate(_PUNCTUATION)
    return _CONTROL.sub("", text)


def tokens_of(text: str, language: str) -> Tokens:
    r"""Take code apart; any text gives some tokens.

    Args:
        text: as `normalised` gives it.
        language: "vyper" has comments of its own; everything else is read as Solidity.
    """
    vyper = language == "vyper"
    tokens: list[str] = []
    lines: list[int] = []
    comments: list[tuple[int, int, str]] = []
    line = 1
    openers = ("#", '"""', "'''") if vyper else ("//", "/*")
    for token in (_VYPER if vyper else _SOLIDITY).findall(text):
        first = token[0]
        if first == "\n":
            line += 1
        elif first in "/#\"'":
            if token.startswith(openers):
                comments.append((line, len(tokens), token))
                line += token.count("\n")
            else:
                tokens.append(_string(token) if first in "\"'" and len(token) > 1 else token)
                lines.append(line)
        else:
            tokens.append(token)
            lines.append(line)
    return Tokens(tokens, lines, comments)


def _string(token: str) -> str:
    return '"' + _SPACE.sub(" ", token[1:-1]) + '"'


def is_word(token: str) -> bool:
    """Whether it is an identifier or a keyword."""
    return _WORD.fullmatch(token) is not None


def is_string(token: str) -> bool:
    """Whether it is a text in quotation marks."""
    return len(token) > 1 and token[0] == '"'


def _split(words: str) -> frozenset[str]:
    return frozenset(words.split())


DEFINITIONS = _split(
    "function def modifier constructor receive fallback event error contract interface library"
    " struct"
)
"""Words that begin a definition."""

BUILT_IN = _split(
    "abi abstract address after anonymous as assembly assert balance basefee blobhash block"
    " blockhash bool break byte bytes call calldata case catch chainid code codehash coinbase"
    " concat constant constructor continue contract create create2 data days decode def default"
    " delegatecall delete difficulty do ecrecover elif else emit encode encodeCall encodePacked"
    " encodeWithSelector encodeWithSignature enum error ether event extcodesize external fallback"
    " false False final fixed flag for from function gas gaslimit gasleft gasprice gwei hours if"
    " immutable import in indexed interface internal is keccak256 length let library log log1"
    " log2 log3 log4 mapping max memory min minutes mload modifier msg mstore new None not now"
    " number or and origin override pass payable pop pragma prevrandao private public pure push"
    " raise receive require return returndatasize returns revert ripemd160 seconds selector self"
    " selfdestruct send sender sha256 sha3 sig sload sstore staticcall storage string struct"
    " suicide super super_call switch this throw timestamp transfer transferFrom transient true"
    " True try tx type typeof ufixed unchecked unsafe using uint int value var view virtual weeks"
    " wei while years nonreentrant deploy HashMap DynArray Bytes String constant range empty"
    " convert raw_call send_ slice extract32 isqrt sqrt print nonpayable"
)
"""Words of the languages and of what they offer; another one of them means something else."""

_COMMON = _split(
    "a account accounts admin amount amounts approve approved assets b balanceOf balances c caller"
    " count d deadline decimals from_ hash i id ids index info init initialize j k key l limit m"
    " mint burn n name nonce nonces o ok onlyOwner operator order orders owner owners p params"
    " paused price proof q r receiver recipient res result results ret root s shares signature"
    " signer size spender success sum supply symbol t temp time to token tokens total totalSupply"
    " u uint256 user users v val values w x y z Ownable ERC20 IERC20 initializer"
)
_TYPE = re.compile(r"(?:u?int|bytes|u?fixed)\d+(?:x\d+)?")
_PLAIN_NUMBERS = frozenset({"0", "1", "2", "0x0", "0x", "10"})
_SAYING = re.compile(r"\w{3}")


def is_built_in(token: str) -> bool:
    """Whether the language gives the word its meaning."""
    return token in BUILT_IN or _TYPE.fullmatch(token) is not None


def weight(tokens: list[str], *, verbatim: bool = True) -> float:
    """How much it means that these tokens stand somewhere: about 2 is strong.

    Args:
        tokens: in order.
        verbatim: they stand there in this order, so that how many different ones there are counts
            as well; otherwise only names, numbers and texts do.
    """
    total = 0.0
    different = set(tokens)
    for token in different:
        first = token[0]
        if first == '"':
            total += 1 if _SAYING.search(token) else 0.2
        elif first.isdigit():
            total += 0.0 if token in _PLAIN_NUMBERS else 0.7
        elif not (first.isalpha() or first in "_$") or is_built_in(token):
            continue
        elif len(token) <= 1:
            total += 0.2
        else:
            total += 0.5 if token in _COMMON else 1.0
    if verbatim:
        total += 0.15 * min(len(different), 12)
        total += 0.5 * (len(tokens) > 2 and not DEFINITIONS.isdisjoint(tokens))  # noqa: PLR2004
    return total
