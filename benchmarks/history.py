"""What a long history costs: to build its index, to search in it as one types, to look for changes.

    python benchmarks/history.py [RUNS]

RUNS (2,000) runs with reports of 4,000 to 40,000 characters over four files, of twenty projects.
Each search gives a page of thirty rows with snippets; every beginning of each of many words is
searched for, as it would be while it is typed. Target: 50 ms for each of them.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT))

from benchmarks.corpus import report
from spectr_desktop import paths
from spectr_desktop.audit.run_history import RunHistory
from spectr_desktop.records.codec import to_json
from spectr_desktop.records.events import CellFinished, RunFinished, TextDelta, event_to_json
from spectr_desktop.records.history import Wanted
from spectr_desktop.records.run import JOURNAL_SCHEMA, Cell, Header, Outcome, Parameters
from spectr_desktop.records.server import Locality, ModelInfo
from spectr_desktop.records.source import Span, source_file


def _split(text: str) -> list[str]:
    return text.split()


SEED = 20261124
REPORTS = 60
PROJECTS = 20
TARGET_MS = 50
WORDS = _split(
    "reentrancy withdraw totalAssets oracle price manipulation slippage claimRewards merkle proof "
    "unchecked initializer delegatecall timelock nonce zzz Vault1234 donation shares _updateIndex"
)
PAIRS = ("oracle manipulation", "flash loan", '"flash loan" slippage', "the contract function all")


def make(count: int) -> int:
    """Write the runs; returns the bytes of their journals."""
    choice = random.Random(SEED)  # noqa: S311 - no secret
    texts = [report(choice.choice((4_000, 12_000, 40_000)), seed) for seed in range(REPORTS)]
    contracts = sorted((_ROOT / "tests" / "data" / "contracts").glob("*.sol"))[:4]
    files = tuple(source_file(f"src/{each.name}", each.read_text()) for each in contracts)
    cell = Cell("1.quick", 1, "quick", (Span(files[0].path, 1, 9),), 100, "ab" * 32)
    size = 0
    for number in range(count):
        at = f"2026-{number // 150 % 12 + 1:02}-{number % 28 + 1:02}T10:00:00Z"
        run = f"{at[:4]}{at[5:7]}{at[8:10]}T100000Z-{number:06x}"
        header = Header(
            schema=JOURNAL_SCHEMA,
            id=run,
            title=f"Vault{number}",
            created_at=at,
            tool_version="0.1.0",
            provider="ollama",
            base_url="http://127.0.0.1:11434",
            locality=Locality.LOCAL,
            model=ModelInfo(f"model-{number % 5}"),
            parameters=Parameters(4096),
            prompt_versions={"quick": "1"},
            cells=(cell,),
            files=files,
            root=f"/clients/{number % PROJECTS}",
        )
        text = choice.choice(texts)
        events = [
            *(TextDelta(text[at : at + 60]) for at in range(0, len(text), 60)),
            CellFinished(Outcome.COMPLETE),
            RunFinished(Outcome.COMPLETE, finished_at=at),
        ]
        lines = [to_json(header)]
        lines += [{"t": n, "cell": "1.quick", **event_to_json(e)} for n, e in enumerate(events)]
        raw = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        folder = paths.private_folder(paths.runs() / run)
        (folder / "journal.jsonl").write_text(raw, encoding="ascii")
        size += len(raw)
    return size


def timed(history: RunHistory, words: str) -> float:
    """Milliseconds that a search takes."""
    began = time.perf_counter()
    history.search(Wanted(words))
    return (time.perf_counter() - began) * 1_000


def searches() -> list[str]:
    """All that is searched for while these words are typed."""
    return [word[:end] for word in (*WORDS, *PAIRS) for end in range(1, len(word) + 1)]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    with tempfile.TemporaryDirectory() as home:
        os.environ["SPECTR_HOME"] = home
        size = make(count)
        history = RunHistory()
        began = time.perf_counter()
        history.refresh()
        took = time.perf_counter() - began
        print(f"index of {count:,} runs, {size / 1e6:.0f} MB of journals: {took:.1f} s")
        history.close()
        file = paths.data() / "history.sqlite"
        print(f"size: {file.stat().st_size / 1e6:.1f} MB")
        history = RunHistory()
        began = time.perf_counter()
        history.search(Wanted())
        print(f"opened and first page: {(time.perf_counter() - began) * 1_000:.0f} ms")
        began = time.perf_counter()
        history.refresh()
        print(f"nothing has changed: {(time.perf_counter() - began) * 1_000:.0f} ms")
        wanted = searches()
        times = sorted((timed(history, words), words) for words in wanted)
        middle, late, worst = times[len(times) // 2], times[len(times) * 99 // 100], times[-1]
        missed = "  MISSED" if late[0] > TARGET_MS else ""
        print(
            f"{len(wanted)} searches: p50 {middle[0]:.1f} ms, p99 {late[0]:.1f} ms,"
            f" worst {worst[0]:.1f} ms (“{worst[1]}”)  (target {TARGET_MS}){missed}"
        )
        history.close()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"memory at most: {peak:.0f} MB")


if __name__ == "__main__":
    main()
