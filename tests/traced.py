"""Whom a program talks to, as strace saw it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Of a call that strace tells in two lines the first has the address.
_CALL = re.compile(r"\b(?:connect|sendto|sendmsg|sendmmsg)\(")
_ADDRESS = re.compile(
    r"sa_family=(AF_\w+)"
    r"(?:, (?:sin6?_port=htons\((?P<port>\d+)\)|sun_path=@?\"(?P<path>[^\"]*)\"))?"
    r"(?:, sin6_flowinfo=htonl\(\d+\))?"
    r"(?:, (?:sin_addr=inet_addr|inet_pton)\((?:AF_INET6, )?\"(?P<host>[^\"]*)\")?"
)


def under_strace(trace: str | Path) -> list[str]:
    """What stands before a command whose network calls are written to a file."""
    return ["strace", "-f", "-qq", "-s", "256", "-e", "trace=network", "-o", str(trace)]


def reached(trace: Path) -> set[str]:
    """All addresses that were connected or sent to: "host:port", a path, or a family's name."""
    found: set[str] = set()
    for line in trace.read_text().splitlines():
        if not _CALL.search(line):
            continue
        for match in _ADDRESS.finditer(line):
            host, port, path = match["host"], match["port"], match["path"]
            found.add(f"{host}:{port}" if host is not None else path or match[1])
    return found
