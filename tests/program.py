"""The real program as a child process, and how its output and journal are read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]


def start(*arguments: str | Path, **options: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401
    """Start the program; `under` is a command that runs it, the other options are Popen's."""
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), **options.pop("env", {})}
    program = [sys.executable, "-m", "spectr_desktop", *map(str, arguments)]
    command = [*options.pop("under", ()), *program]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen[bytes](command, bufsize=0, env=environment, **pipes)


def run(*arguments: str | Path, **options: Any) -> tuple[int, str, str]:  # noqa: ANN401
    """Status, standard output and standard error of the real program."""
    with start(*arguments, **options) as process:
        out, err = process.communicate()
    return process.returncode, (out or b"").decode(), err.decode()


def outcome_of(out: str) -> dict[str, Any]:
    """The last line of an events output, all of which must be JSON objects."""
    events = [json.loads(line) for line in out.split("\n")[:-1]]
    assert all(isinstance(event, dict) for event in events)
    assert [event["event"] for event in events].count("outcome") == 1
    assert events[-1]["event"] == "outcome"
    return events[-1]


def journal(home: Path) -> list[dict[str, Any]]:
    (path,) = home.glob("runs/*/journal.jsonl")
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def one_sentence(err: str) -> str:
    """The only line of standard error, which is no traceback."""
    assert err.endswith(".\n")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err
