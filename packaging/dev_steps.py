"""What the set-up steps share: progress lines, one-sentence errors, commands that write a log."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_CAUSES: Sequence[tuple[Sequence[str], str]] = (
    (
        ("No space left on device", "enough free space", "not enough space on the disk", "ENOSPC"),
        "the disk is full: free about 1.5 GB, then start again",
    ),
    (
        ("DO NOT MATCH THE HASHES",),
        "a downloaded package is not the locked one: check the mirror or proxy in pip's settings",
    ),
    (
        ("EINTEGRITY",),
        "a downloaded package is not the locked one: check the mirror or proxy in npm's settings",
    ),
    (("EBADENGINE",), "Node is too old: install a newer one"),
    (
        (
            "NewConnectionError",
            "Temporary failure",
            "Could not resolve",
            "Could not connect",
            "Connection refused",
            "Connection timed out",
            "ConnectTimeout",
            "Max retries exceeded",
            "Network is unreachable",
            "NameResolutionError",
            "ProtocolError",
            "ProxyError",
            "Read timed out",
            "EAI_AGAIN",
            "ECONNREFUSED",
            "ECONNRESET",
            "ENOTFOUND",
            "ETIMEDOUT",
        ),
        "the package servers cannot be reached: check the network or the proxy, then start again",
    ),
    (
        ("CERTIFICATE_VERIFY_FAILED", "SSLError"),
        "the package server's certificate is not trusted: name your company's one in PIP_CERT",
    ),
    (
        ("Permission denied", "Access is denied", "EACCES"),
        "a file may not be written: make sure that this folder is yours and no program is using it",
    ),
)


class SetupError(Exception):
    """A step failed; the message is one sentence that says what to do."""


def say(line: str) -> None:
    """Print one progress line on standard error."""
    print(line, file=sys.stderr, flush=True)


def run_logged(
    command: list[str],
    log: Path,
    env: dict[str, str] | None = None,
    *,
    keep_open: Sequence[int] = (),
) -> tuple[int, str]:
    """Run a command without input and append what it prints to the log.

    Args:
        command: the program and its arguments.
        log: the file that the output is appended to.
        env: its environment, if not this process's own.
        keep_open: file descriptors that it inherits (not on Windows).

    Returns:
        Its exit status (127 when it does not exist) and its output.
    """
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            env=env,
            encoding="utf-8",
            errors="replace",
            pass_fds=keep_open,
        )
        status, output = done.returncode, done.stdout
    except FileNotFoundError as error:
        status, output = 127, str(error)
    with log.open("a", encoding="utf-8") as file:
        file.write("$ " + " ".join(command) + "\n" + output + "\n")
    return status, output


def cause(output: str) -> str:
    """Say in words why a package tool failed, from what it printed."""
    for signs, sentence in _CAUSES:
        if any(sign in output for sign in signs):
            return sentence
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "it said nothing"
