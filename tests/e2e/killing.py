"""Programs that are killed while they stream, and what must be left of their runs."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectr_desktop.records.run import Outcome
from spectr_desktop.store import stored_runs
from tests.program import start
from tests.servers.faults import Fault
from tests.servers.ollama_server import OllamaServer
from tests.servers.streams import Answer

if TYPE_CHECKING:
    from spectr_desktop.records.stored_run import StoredRun

_ROOT = Path(__file__).parents[2]
_MOST_BYTES = 300_000
_TEXT = "".join(
    f"### [High] Finding {n}: reëntrancy 🏦\n\nIt is number {n}.\n\n" for n in range(50)
)
# They follow from the text, or tell of the journal itself.
_NOT_KEPT = ("finding_added", "finding_changed", "notice")


def endless_server() -> OllamaServer:
    """A server whose answers never end and come as fast as they are read."""
    return OllamaServer(Answer(text=_TEXT, fault=Fault.ENDLESS, seed=None))


def command_line(server: OllamaServer, home: Path, source: Path) -> subprocess.Popen[bytes]:
    """The command line, telling its events."""
    options = ("--provider", "ollama", "--base-url", server.base_url)
    named = ("--model", server.installed[0]["name"], "--format", "events")
    return start("audit", source, *options, *named, env={"SPECTR_HOME": str(home)})


def window(server: OllamaServer, home: Path, source: Path) -> subprocess.Popen[bytes]:
    """The window, telling what its report shows."""
    return driver("window_stream", server.base_url, server.installed[0]["name"], source, home=home)


def driver(module: str, *arguments: str | Path, home: Path) -> subprocess.Popen[bytes]:
    """One of the modules beside this one as a program."""
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "SPECTR_HOME": str(home)}
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.e2e.{module}", *map(str, arguments)],
        bufsize=0,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=_ROOT,
    )


@dataclass
class Shown:
    """What a program had shown when it was dead.

    Attributes:
        seed: of the moment at which it was killed.
        events: the lines of the command line, parsed.
        text: of the answer.
    """

    seed: int
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    text: str = ""


def killed(child: subprocess.Popen[bytes], seed: int) -> Shown:
    """Kill a program when a random number of bytes has been read of what it shows."""
    wanted = int(math.exp(random.Random(seed).uniform(0, math.log(_MOST_BYTES)))) - 1  # noqa: S311
    assert child.stdout is not None
    raw = bytearray()
    while len(raw) < wanted and (more := child.stdout.read(min(4096, wanted - len(raw)))):
        raw += more
    assert len(raw) == wanted, f"seed {seed}: it ended by itself"
    child.kill()
    return rest(child, bytes(raw), seed)


def rest(child: subprocess.Popen[bytes], raw: bytes = b"", seed: int = 0) -> Shown:
    """What a dead program had shown, of which some has been read already."""
    out, err = child.communicate()
    assert b"Traceback" not in err, err.decode()
    lines = [json.loads(line) for line in (raw + out).split(b"\n")[:-1]]
    events = [line for line in lines if isinstance(line, dict)]
    told = [e["text"] for e in events if e["event"] == "text_delta"]
    return Shown(seed, events, "".join(told) + "".join(x for x in lines if isinstance(x, str)))


def survived(home: Path, shown: Shown) -> list[StoredRun]:
    """The runs at a home where programs were killed; fails where one is not as it must be."""
    os.environ["SPECTR_HOME"] = str(home)
    where = f"seed {shown.seed}"
    runs = [stored_runs.read_run(run) for run in stored_runs.run_ids()]
    for run in runs:
        assert run.damaged_lines == 0, where
        assert not run.closed, where
        assert not run.writing, where
        assert run.result.outcome is Outcome.INTERRUPTED, where
    if not shown.text and not shown.events:
        return runs
    (run,) = [each for each in runs if each.header is not None]
    assert run.header is not None
    assert run.header.files[0].text, where
    text = "".join(run.result.texts.values())
    assert text.startswith(shown.text), f"{where}: something that was shown is lost"
    raw = (home / "runs" / run.id / "journal.jsonl").read_bytes().split(b"\n")[1:-1]
    kept = [json.loads(line) for line in raw]
    told = [event for event in shown.events if event["event"] not in _NOT_KEPT]
    assert kept[: len(told)] == told, where
    return runs
