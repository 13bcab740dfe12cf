"""Logo and colour of a page: what they have to be, and how they stay readable."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from spectr_desktop.report.export.colors import ACCENT, contrast, parts_of

if TYPE_CHECKING:
    from collections.abc import Callable

"""The usual colour, that of the program."""

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_PAPER = "#ffffff"
_NIGHT = "#1e2125"
_READABLE = 4.5
_STEPS = 20
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEAD = struct.Struct(">I4sII")
_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_HEAD_BYTES = 13


class Accent(NamedTuple):
    """A colour for light pages and for dark ones, each with a contrast of at least 4.5:1."""

    light: str
    dark: str


def accent(color: str) -> Accent:
    """The colour that was chosen, darkened or lightened until it can be read.

    Args:
        color: such as "#1f6feb"; anything else is the usual one.
    """
    chosen = color if _COLOR.fullmatch(color) else ACCENT
    return Accent(
        _readable(chosen, _PAPER, lambda part, share: part * (1 - share)),
        _readable(chosen, _NIGHT, lambda part, share: part + (255 - part) * share),
    )


def logo_uri(logo: bytes) -> str:
    """A picture as an address that holds it; "" for what is no PNG picture."""
    if not _is_png(logo):
        return ""
    return f"data:image/png;base64,{base64.b64encode(logo).decode('ascii')}"


def _is_png(raw: bytes) -> bool:
    """Whether its head and its end are those of a PNG picture; browsers look at the rest."""
    if not (raw.startswith(_SIGNATURE) and raw.endswith(_END)):
        return False
    head = raw[len(_SIGNATURE) :]
    if len(head) < _HEAD.size + _HEAD_BYTES:
        return False
    size, kind, width, height = _HEAD.unpack_from(head)
    body = head[4 : 8 + _HEAD_BYTES]
    checked = int.from_bytes(head[8 + _HEAD_BYTES : 12 + _HEAD_BYTES], "big")
    return (
        (size, kind) == (_HEAD_BYTES, b"IHDR")
        and width > 0
        and height > 0
        and zlib.crc32(body) == checked
    )


def _readable(color: str, behind: str, step: Callable[[float, float], float]) -> str:
    parts = parts_of(color)
    made = color
    for number in range(_STEPS + 1):
        made = "#" + "".join(f"{round(step(part, number / _STEPS)):02x}" for part in parts)
        if contrast(made, behind) >= _READABLE:
            return made
    return made
