"""Quotes with a known place, damaged as models damage them, and code that stands nowhere.

Nothing here uses what it measures: the only help is that white space and comments are taken out
with plain expressions.
"""

from __future__ import annotations

import functools
import random
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spectr_desktop.project.outline import outline
from spectr_desktop.records.findings import Claim, Location
from spectr_desktop.records.grades import Anchor
from spectr_desktop.records.source import (
    Outline,
    SourceFile,
    Symbol,
    SymbolKind,
    source_file,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from spectr_desktop.report.anchor import SourceIndex

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "tests" / "data" / "contracts"
CACHE = ROOT / ".pytest_cache" / "d" / "contracts"
PACKAGES = ("@openzeppelin/contracts@5.7.0", "solady@0.1.26")
BY_QUOTE = (Anchor.EXACT, Anchor.MOVED, Anchor.FUZZY)
_CODE = (SymbolKind.FUNCTION, SymbolKind.MODIFIER, SymbolKind.CONSTRUCTOR)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|(?<!\w)#[^\n]*", re.DOTALL)
_WORD = re.compile(r"(?<![\w$.\"'])[a-z_][A-Za-z0-9_]{2,}(?![\w$(\"'])")


def bare(code: str) -> str:
    """Code without white space and comments."""
    return "".join(_COMMENT.sub(" ", code).split())


@dataclass(frozen=True)
class Project:
    """Files that are sent together, with what is needed to make claims about them."""

    files: tuple[SourceFile, ...]
    outlines: dict[str, Outline]

    @functools.cached_property
    def bare(self) -> dict[str, str]:
        return {file.path: bare(file.text) for file in self.files}

    @functools.cached_property
    def words(self) -> set[str]:
        return {word for file in self.files for word in re.findall(r"[\w$]+", file.text)}

    def has(self, code: str) -> bool:
        """Whether the code stands somewhere, but for white space and comments."""
        wanted = bare(code)
        return any(wanted in text for text in self.bare.values())


def project(paths: Iterable[Path], root: Path) -> Project:
    files = tuple(
        source_file(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted(paths)
    )
    return Project(files, {file.path: outline(file) for file in files})


def our_project() -> Project:
    return project(CONTRACTS.iterdir(), CONTRACTS)


def fetched(package: str) -> Path | str:
    """The folder of a package from npm, or why there is none."""
    folder = CACHE / re.sub(r"\W+", "-", package).strip("-")
    if folder.is_dir():
        return folder
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not on PATH"
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as temporary:
        command = [npm, "pack", package, "--silent", "--prefer-offline", "--fetch-retries=0"]
        try:
            subprocess.run(
                [*command, "--pack-destination", temporary],
                check=True, capture_output=True, timeout=60,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            return f"npm could not fetch {package}: {type(error).__name__}"
        archive = next(Path(temporary).glob("*.tgz"))
        with tarfile.open(archive) as opened:
            opened.extractall(Path(temporary) / "out", filter="data")
        if not folder.exists():
            (Path(temporary) / "out" / "package").rename(folder)
    return folder


@dataclass(frozen=True)
class Case:
    """A quote and where it is from: the lines of what it still holds."""

    kind: str
    claim: Claim
    path: str
    start: int
    end: int
    unique: bool


@dataclass(frozen=True)
class Piece:
    """Lines of a function, the first and the last of them code."""

    file: SourceFile
    symbol: Symbol
    start: int
    lines: list[str]


def _is_code(line: str) -> bool:
    text = line.strip()
    return bool(text) and not text.startswith(("//", "/*", "*", "#", '"""'))


def pieces(source: Project, rng: random.Random, most: int = 12) -> Iterator[Piece]:
    """Runs of lines of functions, for ever; not those that say nothing, such as a lone bracket."""
    places = [
        (file, symbol)
        for file in source.files
        for symbol in source.outlines[file.path].symbols
        if symbol.kind in _CODE and symbol.end_line - symbol.start_line >= 2
    ]
    while True:
        file, symbol = rng.choice(places)
        lines = file.text.split("\n")
        first = rng.randint(symbol.start_line, symbol.end_line)
        last = min(first + rng.choice((0, 0, 1, 1, 2, 3, 4, 6, most)), symbol.end_line)
        while first < last and not _is_code(lines[first - 1]):
            first += 1
        while last > first and not _is_code(lines[last - 1]):
            last -= 1
        chosen = lines[first - 1 : last]
        words = re.findall(r"[A-Za-z_]\w{2,}", bare("\n".join(chosen)))
        if len(words) >= 3 and _is_code(chosen[0]):
            yield Piece(file, symbol, first, chosen)


def _spaces(piece: Piece, rng: random.Random) -> str | None:
    out = []
    for line in piece.lines:
        text = line.strip() if '"' in line or "'" in line else re.sub(r" +", "  ", line.strip())
        out.append(" " * rng.randrange(9) + text + " " * rng.randrange(3))
        out += [""] * (rng.random() < 0.3)
    return "\n".join(out)


def _tabs(piece: Piece, rng: random.Random) -> str | None:
    return "\r\n".join(line.replace("    ", "\t") for line in piece.lines)


def _elided(piece: Piece, rng: random.Random) -> str | None:
    if len(piece.lines) < 4:
        return None
    first = rng.randint(1, len(piece.lines) - 3)
    last = rng.randint(first + 1, len(piece.lines) - 1)
    before, after = piece.lines[:first], piece.lines[last:]
    if not (_statement_end(before[-1]) and _statement_end(piece.lines[last - 1])):
        return None
    # Which bracket is meant by one alone cannot be known.
    if not re.search(r"\w", bare(before[0])) or len(bare("".join(after))) < 3:
        return None
    mark = rng.choice(
        ("...", "    // ...", "    // ... rest of the code ...", "[...]", "\u2026", "/* ... */",
         "// existing code")
    )  # fmt: skip
    return "\n".join([*before, mark, *after])


def _statement_end(line: str) -> bool:
    return _COMMENT.sub("", line).rstrip().endswith((";", "{", "}"))


def _without_comments(piece: Piece, rng: random.Random) -> str | None:
    text = "\n".join(piece.lines)
    comment = r"#[^\n]*" if piece.file.language == "vyper" else r"//[^\n]*|/\*.*?\*/"
    out = re.sub(comment, "", text, flags=re.DOTALL)
    return out if out != text else None


def _with_comments(piece: Piece, rng: random.Random) -> str | None:
    mark = "#" if piece.file.language == "vyper" else "//"
    out = []
    for line in piece.lines:
        if rng.random() < 0.3:
            out.append(f"        {mark} @audit this is wrong")
        out.append(line + (f"  {mark} <-- vulnerable!" if rng.random() < 0.3 else ""))
    return "\n".join(out)


def _renamed(piece: Piece, rng: random.Random) -> str | None:
    text = "\n".join(piece.lines)
    names = sorted(set(_variables(piece)) & set(_WORD.findall(_COMMENT.sub("", text))))
    if not names or len(piece.lines) < 2:
        return None
    name = rng.choice(names)
    new = rng.choice((f"{name}Value", f"the{name[0].upper()}{name[1:]}", f"new_{name}", "qty"))
    if name.startswith("_"):
        new = f"{name}Arg"
    # A name in a text is no variable.
    if any(re.search(rf"\b{re.escape(name)}\b", said) for said in re.findall(r'"[^"\n]*"', text)):
        return None
    if re.search(rf"[.]{re.escape(name)}\b|\b{re.escape(name)}\s*[({{:]", text):
        return None
    return re.sub(rf"\b{re.escape(name)}\b", new, text)


def _variables(piece: Piece) -> list[str]:
    lines = piece.file.text.split("\n")[piece.symbol.start_line - 1 : piece.symbol.end_line]
    kind = r"(?:u?int\d*|address|bool|bytes\d*|string)(?: payable| memory| calldata)?"
    names = re.findall(rf"\b{kind} (\w+)(?= =|;|,|\)|\n)", _COMMENT.sub("", "\n".join(lines)))
    return [name for name in names if name not in ("memory", "calldata", "storage", "payable")]


def _joined(piece: Piece, rng: random.Random) -> str | None:
    if piece.file.language == "vyper" or len(piece.lines) < 2:
        return None
    return " ".join(_COMMENT.sub("", line).strip() for line in piece.lines)


def _split(piece: Piece, rng: random.Random) -> str | None:
    text = "\n".join(piece.lines)
    if '"' in text or "'" in text or "//" in text:
        return None
    return re.sub(r"([,(]|&&|\|\||=(?!=)) ", lambda found: found[1] + "\n        ", text)


def _numbered(style: str) -> Callable[[Piece, random.Random], str | None]:
    def damage(piece: Piece, rng: random.Random) -> str | None:
        first = rng.choice((piece.start, 1, 117))
        return "\n".join(style.format(first + at) + line for at, line in enumerate(piece.lines))

    return damage


def _signs(piece: Piece, rng: random.Random) -> str | None:
    sign = rng.choice("+-")
    return "\n".join(rng.choice((sign, sign, " ")) + line for line in piece.lines)


def _all_minus(piece: Piece, rng: random.Random) -> str | None:
    return "\n".join(f"- {line}" for line in piece.lines)


def _patch(piece: Piece, rng: random.Random) -> str | None:
    if not all(_statement_end(line) for line in piece.lines):
        return None
    return "\n".join(
        [*(f"-{line}" for line in piece.lines), "+    _checkSomethingNew(msg.sender);"]
    )


def _fenced(piece: Piece, rng: random.Random) -> str | None:
    text = "\n".join(piece.lines)
    return f"`{text.strip()}`" if len(piece.lines) == 1 else f"```solidity\n{text}\n```"


def _without_semicolons(piece: Piece, rng: random.Random) -> str | None:
    text = "\n".join(re.sub(r";(\s*(?://.*)?)$", r"\1", line) for line in piece.lines)
    return text if text != "\n".join(piece.lines) else None


def _typographic(piece: Piece, rng: random.Random) -> str | None:
    text = "\n".join(piece.lines)
    if '"' not in text:
        return text.replace("    ", "\u00a0\u00a0\u00a0 ")
    return re.sub(r'"([^"\n]*)"', "\u201c\\1\u201d", text)


def _quoted(piece: Piece, rng: random.Random) -> str | None:
    return "\n".join(f"> {line}" for line in piece.lines)


def _entities(piece: Piece, rng: random.Random) -> str | None:
    text = "\n".join(piece.lines)
    out = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return out if out != text else None


def _named(piece: Piece, rng: random.Random) -> str | None:
    mark = "#" if piece.file.language == "vyper" else "//"
    return f"{mark} {piece.file.path}:{piece.start}\n" + "\n".join(piece.lines)


def _verbatim(piece: Piece, rng: random.Random) -> str | None:
    return "\n".join(piece.lines)


def _dropped(piece: Piece, rng: random.Random, source: Project) -> str | None:
    """A statement of one line is gone, and nothing says so."""
    if len(piece.lines) < 5 or not all(_statement_end(line) for line in piece.lines):
        return None
    at = rng.randint(1, len(piece.lines) - 2)
    if not piece.lines[at].rstrip().endswith(";"):
        return None
    return "\n".join([*piece.lines[:at], *piece.lines[at + 1 :]])


DAMAGES: dict[str, Callable[[Piece, random.Random], str | None]] = {
    "verbatim": _verbatim,
    "white space": _spaces,
    "tabs, CRLF": _tabs,
    "elided": _elided,
    "comments dropped": _without_comments,
    "comments added": _with_comments,
    "renamed": _renamed,
    "joined": _joined,
    "split": _split,
    '"42: "': _numbered("{}: "),
    '"42 | "': _numbered("{:>4} | "),
    '"L42:"': _numbered("L{}:"),
    "signs of a diff": _signs,
    "minus": _all_minus,
    "a whole diff": _patch,
    "back-ticks": _fenced,
    "semicolons lost": _without_semicolons,
    "typographic": _typographic,
    "block quote": _quoted,
    "entities": _entities,
    "file name": _named,
}
"""By name; each gives None for lines that it cannot damage."""


def case(kind: str, source: Project, piece: Piece, quote: str, rng: random.Random) -> Case:
    """A claim about a piece: mostly with its function, with a line that is mostly wrong."""
    start, end = piece.start, piece.start + len(piece.lines) - 1
    wanted = bare("\n".join(piece.lines))
    count = sum(text.count(wanted) for text in source.bare.values())
    names = rng.random() < 0.7 or len(piece.lines) < 2 or len(wanted) < 40
    # Less is left of a quote that is not verbatim: a short one proves nothing by itself.
    names |= kind == "renamed" and len(piece.lines) < 4
    claimed = rng.choice((start, 0, start + rng.randint(-40, 40), rng.randint(1, 3_000)))
    claim = Claim(
        path=_path(piece.file.path, rng),
        start_line=max(claimed, 0),
        end_line=max(claimed, 0) + rng.choice((0, len(piece.lines) - 1)) if claimed > 0 else 0,
        contract=piece.symbol.container if names else "",
        function=piece.symbol.name if names else "",
        quote=quote,
    )
    return Case(kind, claim, piece.file.path, start, end, unique=count == 1)


def _path(path: str, rng: random.Random) -> str:
    return rng.choice((path, path, f"./{path}", f"src/{path}", path.replace("/", "\\")))


def signature(source: Project, piece: Piece, rng: random.Random) -> Case | None:
    """The first lines of a function alone, up to its body."""
    lines = piece.file.text.split("\n")
    first = piece.symbol.start_line
    out: list[str] = []
    for line in lines[first - 1 : piece.symbol.end_line]:
        out.append(line)
        if line.rstrip().endswith(("{", ";")):
            break
    if piece.file.language == "vyper" or not out[-1].rstrip().endswith("{"):
        return None
    text = "\n".join(out).rstrip().removesuffix("{").rstrip()
    text += rng.choice(("", ";", " {", " { ... }", " {\n    ...\n}", " {}"))
    whole = Piece(piece.file, piece.symbol, first, out)
    return case("signature", source, whole, text, rng)


def cases(source: Project, kind: str, count: int, seed: int) -> list[Case]:
    """Damaged quotes of one kind."""
    rng = random.Random(f"{kind} {seed}")  # noqa: S311 - no secret
    out: list[Case] = []
    for tried, piece in enumerate(pieces(source, rng)):
        if len(out) == count or tried > 60 * count:
            break
        if kind == "signature":
            made = signature(source, piece, rng)
            out += [made] if made else []
            continue
        quote = DAMAGES[kind](piece, rng)
        if quote is not None:
            out.append(case(kind, source, piece, quote, rng))
    return out


def is_right(source: Project, one: Case, location: Location) -> bool:
    """Whether the place is the quote's, or for code that stands in several places one of them."""
    if not location.anchor.is_found or location.anchor not in BY_QUOTE:
        return False
    if one.unique:
        near = abs(location.start_line - one.start) <= 1
        overlap = location.start_line <= one.end and location.end_line >= one.start
        return location.path == one.path and near and overlap
    file = next(file for file in source.files if file.path == location.path)
    found = file.text.split("\n")[location.start_line - 1 : location.end_line]
    truth = next(file for file in source.files if file.path == one.path).text.split("\n")
    return bare("\n".join(found))[:20] == bare("\n".join(truth[one.start - 1 : one.end]))[:20]


_SWAPS = (
    (r"(?<![<>=!])>=(?!=)", ">"), (r" > ", " >= "), (r" < ", " <= "), (r"==", "!="), (r"!=", "=="),
    (r" \+= ", " -= "), (r" -= ", " += "), (r"&&", "||"), (r"\|\|", "&&"), (r" \* ", " / "),
    (r" / ", " * "), (r" \+ ", " - "), (r" - ", " + "), (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"), (r"msg\.sender", "tx.origin"), (r"\bexternal\b", "internal"),
    (r"\bpublic\b", "private"), (r"\bview\b", "pure"), (r"\bblock\.timestamp\b", "block.number"),
    (r"!(?=\w)", ""), (r"\b1e18\b", "1e6"), (r"\b1000\b", "997"), (r"\b0\b", "1"),
    (r"\.call\{", ".delegatecall{"), (r"\.transfer\(", ".send("), (r"\bstorage\b", "memory"),
    (r"\buint256\b", "uint128"), (r"\bonlyOwner\b", "onlyAdmin"), (r"\bnonReentrant\b ", ""),
    (r"\bonly(?:Governance|Admin|Curator|Self)\b ?", ""), (r"\+\+", "--"),
)  # fmt: skip


def _swapped(piece: Piece, rng: random.Random, source: Project) -> str | None:
    text = _COMMENT.sub("", "\n".join(piece.lines))
    fitting = [(old, new) for old, new in _SWAPS if re.search(old, text)]
    if not fitting:
        return None
    old, new = rng.choice(fitting)
    spots = list(re.finditer(old, text))
    spot = rng.choice(spots)
    return text[: spot.start()] + new + text[spot.end() :]


def _exchanged(piece: Piece, rng: random.Random, source: Project) -> str | None:
    """One name is another one of the same file."""
    text = _COMMENT.sub("", "\n".join(piece.lines))
    code = re.sub(r'""".*?"""', "", piece.file.text, flags=re.DOTALL)
    code = re.sub(r'"[^"\n]*"', "", _COMMENT.sub("", code))
    known = sorted(set(_WORD.findall(code)))
    spots = list(_WORD.finditer(text))
    if not spots or len(known) < 2:
        return None
    spot = rng.choice(spots)
    return text[: spot.start()] + rng.choice(known) + text[spot.end() :]


def _inserted(piece: Piece, rng: random.Random, source: Project) -> str | None:
    if len(piece.lines) < 2 or not _statement_end(piece.lines[0]):
        return None
    new = rng.choice(
        ("        totalSupply += amount;", "        _burn(msg.sender, 1);", "        return;",
         "        require(msg.sender == owner);", "        selfdestruct(payable(msg.sender));",
         "        if (amount == 0) return;")
    )  # fmt: skip
    return "\n".join([piece.lines[0], new, *piece.lines[1:]])


def _reordered(piece: Piece, rng: random.Random, source: Project) -> str | None:
    ends = [at for at, line in enumerate(piece.lines) if line.rstrip().endswith(";")]
    pairs = [
        at
        for at in ends
        if at + 1 in ends
        and bare(piece.lines[at]) != bare(piece.lines[at + 1])
        and re.search(r"\w", piece.lines[at])
        and re.search(r"\w", piece.lines[at + 1])
    ]
    if not pairs:
        return None
    at = rng.choice(pairs)
    lines = list(piece.lines)
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    return "\n".join(lines)


def _foreign(piece: Piece, rng: random.Random, source: Project) -> str | None:
    return "\n".join(piece.lines)


INVENTIONS: dict[str, Callable[[Piece, random.Random, Project], str | None]] = {
    "operator": _swapped,
    "other name": _exchanged,
    "statement inserted": _inserted,
    "statements swapped": _reordered,
    "statement dropped": _dropped,
}


def inventions(source: Project, kind: str, count: int, seed: int) -> list[Claim]:
    """Claims with code that the source does not have, though it looks like it."""
    rng = random.Random(f"{kind} {seed}")  # noqa: S311 - no secret
    out: list[Claim] = []
    for tried, piece in enumerate(pieces(source, rng)):
        if len(out) == count or tried > 80 * count:
            break
        quote = INVENTIONS[kind](piece, rng, source)
        if quote is not None and bare(quote) and not source.has(quote.rstrip(" \n}")):
            out.append(case(kind, source, piece, quote, rng).claim)
    return out


def foreign(source: Project, other: Project, count: int, seed: int) -> list[Claim]:
    """Code of other contracts, claimed to be in a function that exists."""
    rng = random.Random(f"foreign {seed}")  # noqa: S311 - no secret
    out: list[Claim] = []
    here = pieces(source, rng)
    for piece in pieces(other, rng):
        if len(out) == count:
            break
        quote = "\n".join(piece.lines)
        if not source.has(quote):
            out.append(case("foreign", source, next(here), quote, rng).claim)
    return out


def measured(
    index: SourceIndex, source: Project, kind: str, count: int, seed: int
) -> tuple[int, int, list[tuple[Case, Location]]]:
    """How many quotes of a kind are found where they are, of how many, and the others."""
    wrong: list[tuple[Case, Location]] = []
    made = cases(source, kind, count, seed)
    for one in made:
        location = index.locate(one.claim)
        if not is_right(source, one, location):
            wrong.append((one, location))
    return len(made) - len(wrong), len(made), wrong


def anchors(index: SourceIndex, claims: Iterable[Claim]) -> Counter[Anchor]:
    return Counter(index.locate(claim).anchor for claim in claims)
