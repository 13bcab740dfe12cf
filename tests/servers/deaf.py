"""A port that answers no connection, and the system's table of who tries all the same (Linux)."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Columns of the table, and two of the states in it.
_LOCAL, _REMOTE, _STATE, _QUEUES, INODE = 1, 2, 3, 4, 9
_SYN_SENT, _LISTEN = "02", "0A"


def connecting(port: int) -> list[list[str]]:
    """The rows of sockets that try to connect to a port, by either protocol."""
    return [
        row
        for table in ("tcp", "tcp6")
        for row in _rows(table)
        if row[_STATE] == _SYN_SENT and row[_REMOTE].endswith(f":{port:04X}")
    ]


@contextlib.contextmanager
def deaf() -> Iterator[socket.socket]:
    """A listening socket whose queue of connections is full, so that it hears no SYN."""
    with socket.socket() as listening, socket.socket() as waiting:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting.connect(listening.getsockname())
        end = f":{listening.getsockname()[1]:04X}"
        # Of a listening socket the second queue is that of connections nobody has accepted.
        while not any(
            row[_STATE] == _LISTEN and row[_LOCAL].endswith(end) and int(row[_QUEUES][9:], 16)
            for row in _rows("tcp")
        ):
            pass
        yield listening


def _rows(table: str) -> list[list[str]]:
    path = Path("/proc/net", table)
    lines = path.read_text().splitlines()[1:] if path.exists() else []
    return [line.split() for line in lines]
