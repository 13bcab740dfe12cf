"""The README's commands: everything that a checkout needs, then the program, tests or checks."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dev_steps import SetupError, say
from dev_venv import PACKAGE_PARTS, PRACTICE, PROJECT, Environment

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
WINDOW, SCREEN = "window", "screen"
USAGE = """\
usage: python3 packaging/dev.py COMMAND [ARGS…]

  run [ARGS…]    set up what is missing, then start Spectr Desktop with ARGS
  test [ARGS…]   set up what is missing, then run pytest (the whole suite without ARGS)
  check          set up what is missing, then ruff, pyright and import-linter
  lock [ARGS…]   make packaging/locks again; ARGS go to uv (for instance --upgrade)
"""
# These show no window, so they do without its libraries.
NO_WINDOW = ("audit", "models", "runs", "--version", "--help", "-h")
INTERRUPTED, WRONG = 130, 2


def keys_of(environment: Environment, parts: Sequence[str]) -> dict[str, str]:
    """The key of each part, from the files and lists that it is set up from."""
    return {part: environment.key(part) for part in parts}


def set_up(environment: Environment, parts: Sequence[str], *, window: bool = True) -> None:
    """Bring these parts of the set-up to where the locks say they should be.

    Without anything to do this reads a few files and starts no process.

    Args:
        environment: the checkout's .venv.
        parts: names of locks, "project", "window" or "screen".
        window: whether this start shows a window.

    Raises:
        SetupError: a step failed.
    """
    keys = keys_of(environment, parts)
    if not environment.missing(keys):
        return
    with environment.exclusive():
        missing = environment.missing(keys)
        if not missing:
            return
        done = dict(keys)
        _set_up_system(environment, missing, done, window=window)
        environment.make()
        missing = environment.missing(keys)  # a .venv that was made again lacks everything
        packages = [p for p in missing if p in (*PACKAGE_PARTS, PRACTICE, PROJECT)]
        if packages:
            say(f"Installing Python packages into .venv: {', '.join(packages)}")
            environment.install(packages)
        environment.write_stamp(done)


def _set_up_system(
    environment: Environment, missing: Sequence[str], done: dict[str, str], *, window: bool
) -> None:
    """Install system packages; a part that is not complete is taken out of `done`."""
    import dev_system  # noqa: PLC0415 - a start with nothing to do is kept short

    log = environment.log
    dev_system.ensure_venv_module(log)
    if not sys.platform.startswith("linux"):
        return
    if WINDOW in missing and not dev_system.ensure_window(log, needed=window):
        del done[WINDOW]
    if SCREEN in missing:
        dev_system.ensure_screen(log)
    if PRACTICE in missing:
        dev_system.ensure_engine(log)


def set_up_practice(environment: Environment, *, always: bool) -> None:
    """Install the practice engine where it helps; once it is there nothing is probed.

    Args:
        environment: the checkout's .venv, already set up.
        always: for tests: also when another engine answers, and a failure is an error.

    Raises:
        SetupError: it could not be installed, and `always` was given.
    """
    if not environment.missing(keys_of(environment, [PRACTICE])):
        return
    import dev_practice  # noqa: PLC0415 - a start with nothing to do is kept short

    if not always and dev_practice.has_engine():
        return
    if not dev_practice.supported():
        say("There is no practice engine for this system; going on without it.")
        with environment.exclusive():
            environment.write_stamp(keys_of(environment, [PRACTICE]))
        return
    reason = "" if always else "No Ollama answers and llama-server is not on PATH: "
    say(f"{reason}installing the practice engine ({dev_practice.MEGABYTES} MB)…")
    try:
        set_up(environment, [PRACTICE])
    except SetupError as error:
        if always:
            raise
        say(f"{error} Going on without the practice engine.")


def run(environment: Environment, arguments: list[str]) -> int:
    """Set up, then become the program."""
    window = not (arguments and arguments[0] in NO_WINDOW)
    set_up(environment, [WINDOW, "run", PROJECT], window=window)
    set_up_practice(environment, always=False)
    # -P: the user's folder may hold a client's files; none of them may pass for a Python module.
    command = [str(environment.python), "-P", "-m", "spectr_desktop", *arguments]
    if sys.platform != "win32":
        os.execv(command[0], command)  # noqa: S606 - the program takes this process's place
    return subprocess.call(command)


def test(environment: Environment, arguments: list[str]) -> int:
    """Set up, then run pytest; without arguments the whole suite with coverage."""
    import dev_peer  # noqa: PLC0415 - only this command needs it

    set_up(environment, [WINDOW, SCREEN, "run", "test", PROJECT])
    set_up_practice(environment, always=True)
    dev_peer.set_up_peer(environment)
    whole = ["-n", "2", "--dist", "loadgroup", "--cov", "--cov-report", "term"]
    command = [str(environment.python), "-m", "pytest", *(arguments or whole)]
    env = dict(os.environ, QT_QPA_PLATFORM="offscreen")
    return subprocess.call(command, cwd=ROOT, env=env)


def check(environment: Environment, arguments: list[str]) -> int:
    """Set up, then run every check, also after one has failed."""
    if arguments:
        raise SetupError("check takes no arguments.")
    set_up(environment, ["run", "test", "check", PROJECT])
    failed: list[str] = []
    for command in (
        ["ruff", "format", "--check", "."],
        ["ruff", "check", "."],
        ["pyright"],
        ["lint-imports", "--no-logo"],
    ):
        say(f"$ {' '.join(command)}")
        path = str(environment.scripts / command[0])
        env = dict(os.environ, PYRIGHT_PYTHON_IGNORE_WARNINGS="1")
        if subprocess.call([path, *command[1:]], cwd=ROOT, env=env):
            failed.append(command[0])
    if failed:
        say(f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


def lock(environment: Environment, arguments: list[str]) -> int:
    """Make the locks again."""
    import dev_locks  # noqa: PLC0415 - only this command needs it

    dev_locks.regenerate(ROOT, environment.scripts, arguments)
    return 0


COMMANDS = {"run": run, "test": test, "check": check, "lock": lock}


def main(argv: list[str]) -> int:
    """Run one command; every foreseeable failure is one sentence on standard error.

    Returns:
        The command's own exit status; 2 for a set-up that failed, 130 after Ctrl+C.
    """
    if not argv or argv[0] not in COMMANDS:
        wants_help = bool(argv) and argv[0] in {"-h", "--help", "help"}
        print(USAGE, end="", file=sys.stdout if wants_help else sys.stderr)
        return 0 if wants_help else WRONG
    if sys.version_info[:2] < OLDEST:
        version = ".".join(map(str, sys.version_info[:3]))
        say(
            f"Spectr Desktop needs Python 3.11 or newer, and this is {version}: "
            "start this script with a newer one, for instance `python3.12 packaging/dev.py run`."
        )
        return WRONG
    try:
        return COMMANDS[argv[0]](Environment(ROOT), argv[1:])
    except SetupError as error:
        say(str(error))
    except KeyboardInterrupt:
        say("Interrupted: the next start repairs what was left half done.")
        return INTERRUPTED
    except OSError as error:
        if error.errno == errno.ENOSPC:
            say("The disk is full: free about 1.5 GB, then start again.")
        else:
            say(f"The set-up stopped: {error}. Make sure that this folder is yours and writable.")
    return WRONG


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
