"""Pictures that tests make up."""

from __future__ import annotations

import struct
import zlib


def png(width: int = 4, height: int = 2, color: tuple[int, int, int] = (120, 40, 160)) -> bytes:
    """A picture of one colour."""
    rows = b"".join(b"\0" + bytes(color) * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )
