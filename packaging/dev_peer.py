"""Programs that others wrote, for tests: a model server and a judge of SARIF, where Node is."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from dev_steps import cause, say
from dev_venv import PEER

if TYPE_CHECKING:
    from pathlib import Path

    from dev_venv import Environment

MEGABYTES = 115
# The lock names no registry: npm asks the one in its own settings, and checks the hash. In
# packaging/peer it is made by `npm install --package-lock-only --omit-lockfile-registry-resolved`.
_FILES = ("package.json", "package-lock.json")
_OPTIONS = (
    "--engine-strict",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
)


def program(folder: Path) -> Path:
    """Where the model server is in a .venv: a script for Node."""
    return folder / "peer" / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"


def set_up_peer(environment: Environment) -> None:
    """Install them, or say in one sentence why not; once they are there nothing is started.

    Whatever npm does, the tests go on: those that need the programs are skipped.

    Args:
        environment: the checkout's .venv, already set up.
    """
    if _installed(environment):
        return
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        say("Node and npm are not on PATH: the tests with programs of others are skipped.")
        return
    with environment.exclusive():
        if not _installed(environment):
            say(f"Installing the programs of others for tests into .venv ({MEGABYTES} MB)")
            _install(environment, npm)


def _installed(environment: Environment) -> bool:
    missing = environment.missing({PEER: environment.key(PEER)})
    return not missing and program(environment.folder).is_file()


def _install(environment: Environment, npm: str) -> None:
    folder = environment.folder / "peer"
    folder.mkdir(exist_ok=True)
    for name in _FILES:
        shutil.copyfile(environment.root / "packaging" / "peer" / name, folder / name)
    status, output = environment.run([npm, "ci", "--prefix", str(folder), *_OPTIONS])
    if not status:
        environment.write_stamp({PEER: environment.key(PEER)})
        return
    shutil.rmtree(folder, ignore_errors=True)  # half a program would be started
    say(
        f"npm could not install the programs of others: {cause(output)} (see {environment.log}). "
        "Their tests are skipped."
    )
