"""What it costs to open a project again, and to follow an edit of its source.

    python benchmarks/decisions.py [DECISIONS]

Replay: DECISIONS entries about a tenth as many findings are applied and all findings are made,
in CPU time; target 100 ms for 10,000. Beside it, without targets, to match a sighting with
findings that are all in one function, and to read the same entries from their file. Edit: the
lines of a file of 10,000 lines are followed through fifty local edits, and through edits that
leave little in common; target 50 ms.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT))

from spectr_desktop.records.decisions import (
    Merged,
    NoteSet,
    Sighted,
    StateSet,
    TextsSet,
    Undone,
    Unmoved,
    new_entry,
)
from spectr_desktop.records.findings import Category, Location, Sighting, Texts
from spectr_desktop.records.grades import Anchor, Severity, State
from spectr_desktop.report.line_map import LineMap
from spectr_desktop.report.sightings import ProjectFindings
from spectr_desktop.store.decisions import DecisionFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectr_desktop.records.decisions import Decision, Entry

SEED = 20261124
ROUNDS = 7
LINES = 10_000


def _sighted(key: str, run: int, number: int) -> Sighted:
    place = Location("src/Vault.sol", 40, 42, "Vault", "take", "x" * 120, 40, Anchor.EXACT)
    texts = Texts(f"Title {number}", "d" * 600, "e" * 300, "", "r" * 200)
    category = Category("SCWE-046", "SC08", 2026, 1265, "reentrancy")
    sighting = Sighting(
        f"run{run}",
        "1.quick",
        number,
        "model",
        texts,
        Severity.HIGH,
        "model",
        category=category,
        locations=(place,),
        source_sha256="a" * 64,
    )
    return Sighted(key, sighting)


def entries(count: int) -> list[Entry]:
    """Entries as a long audit has them: 30 % sightings, 60 % decisions, 3 % merges, 5 % undone."""
    choice = random.Random(SEED)  # noqa: S311 - no secret
    keys = [f"F{number}" for number in range(1, count // 10 + 1)]
    out = [new_entry(_sighted(key, 1, number)) for number, key in enumerate(keys)]
    while len(out) < count:
        key = choice.choice(keys)
        made: tuple[Decision, ...] = (
            _sighted(key, choice.randint(2, 9), len(out)),
            StateSet(key, choice.choice(list(State))),
            NoteSet(key, "a note of the auditor"),
            TextsSet(key, Texts("edited")),
            Unmoved((key,), "src/Vault.sol", "a" * 64),
            Merged(key, choice.choice(keys[:50])),
            Undone(choice.choice(out).id),
        )
        out += [new_entry(one) for one in choice.choices(made, (22, 35, 20, 5, 10, 3, 5))]
    return out


def _cpu(work: Callable[[], object]) -> float:
    """Milliseconds of CPU, the middle of several rounds."""
    took: list[float] = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        took.append((time.process_time() - began) * 1_000)
    return sorted(took)[ROUNDS // 2]


def _show(name: str, took: float, target: float | None) -> None:
    missed = "  MISSED" if target is not None and took > target else ""
    beside = "" if target is None else f"  (target {target:.0f})"
    print(f"{name:44} {took:7.1f} ms{beside}{missed}")


def replay(count: int) -> None:
    made = entries(count)
    _show(f"replay of {count:,} entries", _cpu(lambda: ProjectFindings(made)), None)
    both = _cpu(lambda: ProjectFindings(made).findings)
    _show("the same, and all findings made", both, 100)
    found = ProjectFindings(made)
    sighting = _sighted("F1", 9, 1).sighting
    _show("to match one sighting", _cpu(lambda: found.match(sighting)), None)
    with tempfile.TemporaryDirectory() as folder:
        file = DecisionFile(Path(folder))
        file.append(made)
        size = file.path.stat().st_size
        _show(f"to read them from {size / 1e6:.1f} MB", _cpu(file.read), None)


def edits() -> None:
    choice = random.Random(SEED)  # noqa: S311 - no secret
    shapes = ("    }", "}", "", "    total += N;", "    function fN() external {")
    old = [choice.choice(shapes).replace("N", str(number)) for number in range(LINES)]
    new = list(old)
    for _ in range(50):
        at = choice.randrange(LINES)
        new[at : at + choice.randrange(4)] = [f"    added{at}();"] * choice.randrange(4)
    pairs = {
        "fifty local edits": (old, new),
        "another file altogether": (old, [f"line {number}" for number in range(LINES)]),
        "the same lines in another order": (old, choice.sample(old, LINES)),
        "few kinds of lines": (["a", "b"] * (LINES // 2), ["b", "c", "a"] * (LINES // 3)),
    }
    for name, (before, after) in pairs.items():
        texts = "\n".join(before), "\n".join(after)
        _show(f"{LINES:,} lines: {name}", _cpu(lambda texts=texts: LineMap(*texts)), 50)


def main() -> None:
    replay(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
    edits()


if __name__ == "__main__":
    main()
