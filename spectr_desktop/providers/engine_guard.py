"""Keeps the engine from outliving the program, on each platform by its own means."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

from spectr_desktop import paths

if TYPE_CHECKING:
    from collections.abc import Callable

# A process: its number, and when it started, so that a number used again is not mistaken for it.
_Identity: TypeAlias = tuple[int, str]

# `$0` is our process number. The signal is asked for after the fork: if we died in between it
# would never come, but then the parent is another one already.
_IF_PARENT_LIVES = '[ "$PPID" = "$0" ] || exit 70; exec "$@"'


def guarded(command: list[str]) -> list[str]:
    """The command that starts another one which the system kills when this thread's process dies.

    On Linux the parent-death signal is set by `setpriv` (util-linux) between fork and exec: code
    of ours there is unsafe with threads, and a frozen program has no Python to start. The signal
    comes when the *thread* that started the child ends, so that must be the main one. Elsewhere,
    and on a Linux without setpriv, the command is as it was, and `watched` does the rest.
    """
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    if setpriv is None:
        return command
    shell = ["/bin/sh", "-c", _IF_PARENT_LIVES, str(os.getpid())]
    return [setpriv, "--pdeathsig", "KILL", "--", *shell, *command]


def watched(process: subprocess.Popen[bytes]) -> Callable[[], None]:
    """Bind a started child to this program; call the result when the child has ended.

    On Windows the child joins a job that ends with us. Elsewhere a file notes child and program,
    and the next program to start an engine sweeps what was left behind.
    """
    if sys.platform == "win32":
        from spectr_desktop.providers.engine_job import join_job  # noqa: PLC0415

        return join_job(process)
    file = _folder() / f"{process.pid}.json"
    engine, program = identity(process.pid), identity(os.getpid())
    with contextlib.suppress(OSError):  # a full or read-only disk must not stop an audit
        paths.private_folder(file.parent)
        whole = file.with_suffix(".new")
        whole.touch(mode=0o600)
        whole.write_text(json.dumps({"engine": engine, "program": program}), encoding="utf-8")
        whole.replace(file)
    return lambda: file.unlink(missing_ok=True)


def sweep() -> None:
    """Kill engines whose program is gone, and forget them."""
    if sys.platform == "win32":
        return
    for file in _folder().glob("*.json"):
        noted = _noted(file)
        if noted is not None:
            engine, program = noted
            if identity(program[0]) == program:
                continue
            if identity(engine[0]) == engine:
                with contextlib.suppress(OSError):
                    os.kill(engine[0], signal.SIGKILL)
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)


def identity(pid: int) -> _Identity:
    """A process's number with the time when it started, "" if there is no such process."""
    try:
        if sys.platform == "linux":
            # Field 22 counted from after the command's name, which may hold anything.
            fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2]
            return pid, fields.split()[19]
        asked = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
        said = subprocess.run(asked, capture_output=True, check=False, timeout=5)  # noqa: S603
        return pid, said.stdout.decode("ascii", "replace").strip()
    except (OSError, IndexError, subprocess.SubprocessError):
        return pid, ""


def _folder() -> Path:
    return paths.data() / "engines"


def _noted(file: Path) -> tuple[_Identity, _Identity] | None:
    try:
        value: object = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(value, dict):
        return None
    pairs = cast("dict[str, object]", value)
    engine, program = _read(pairs.get("engine")), _read(pairs.get("program"))
    return (engine, program) if engine and program else None


def _read(value: object) -> _Identity | None:
    match value:
        case [int(pid), str(started)] if pid > 1 and started:
            return pid, started
        case _:
            return None
