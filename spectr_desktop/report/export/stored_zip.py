"""A zip of which there is one form only: the same files give the same bytes, on every system.

Nothing is compressed: what compresses differs from system to system, and no reader can be made to
unpack without end. Every zip program reads it; this one reads no other form.
"""

from __future__ import annotations

import contextlib
import datetime
import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_BYTES = 256 * 1024**2
"""The largest file that is written or read: a check holds twice as much in memory."""
MOST_ENTRIES = 20_000

# APPNOTE 6.3, 4.3.7, 4.3.12 and 4.3.16, little endian.
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_NEEDED = 20
_MADE_BY = 3 << 8 | _NEEDED  # 3: Unix, for the mode
_UTF_8 = 0x800
_ENCRYPTED = 0x1
_MODE = 0o100600 << 16
_LONGEST_NAME = 0xFFFF


class ZipFault(ValueError):
    """A file is no zip of this form.

    Attributes:
        entry: the first one that is not as it should be, "" if that cannot be told.
        fault: what is wrong with it, as the end of a sentence that begins with its name.
    """

    def __init__(self, fault: str, entry: str = "") -> None:
        super().__init__(f"{entry}: {fault}")
        self.entry, self.fault = entry, fault


class Member(NamedTuple):
    """What the directory of a zip says of a file.

    Attributes:
        name: of the file.
        flags, method, size, stored_size, offset: as in the directory, not checked.
    """

    name: str
    flags: int
    method: int
    size: int
    stored_size: int
    offset: int


def written(files: Sequence[tuple[str, bytes]], when: str) -> bytes:
    """The zip.

    Args:
        files: names and contents, in the order in which they are to stand.
        when: the date of all of them, ISO 8601; of what is none the earliest that a zip can say.

    Raises:
        ZipFault: they are too many or too large.
    """
    return b"".join(piece for _, piece in pieces(files, when))


def pieces(files: Sequence[tuple[str, bytes]], when: str) -> Iterator[tuple[str, bytes]]:
    """What the zip consists of, from its beginning to its end; as `written`.

    Yields:
        The name of the file that a piece belongs to, "" for the directory; and the piece.
    """
    if len(files) > MOST_ENTRIES:
        raise ZipFault(f"has {len(files):,} entries, and {MOST_ENTRIES:,} is the most")
    day, time = _dos_date(when)
    directory: list[bytes] = []
    offset = 0
    for name, raw in files:
        encoded = name.encode("utf-8")
        if len(encoded) > _LONGEST_NAME or offset + len(raw) > MOST_BYTES:
            raise ZipFault("is too large", name)
        sums = (zlib.crc32(raw), len(raw), len(raw), len(encoded), 0)
        same = (_NEEDED, _UTF_8, 0, time, day, *sums)
        directory += [
            _CENTRAL.pack(_CENTRAL_MARK, _MADE_BY, *same, 0, 0, 0, _MODE, offset),
            encoded,
        ]
        yield name, _LOCAL.pack(_LOCAL_MARK, *same) + encoded
        yield name, raw
        offset += _LOCAL.size + len(encoded) + len(raw)
    listed = b"".join(directory)
    if offset + len(listed) + _END.size > MOST_BYTES:
        raise ZipFault("is too large")
    yield "", listed
    yield "", _END.pack(_END_MARK, 0, 0, len(files), len(files), len(listed), offset, 0)


def members(raw: bytes) -> list[Member]:
    """What the directory lists, in its order. Nothing else of the file is looked at.

    Raises:
        ZipFault: the directory is not whole, or does not end where the file does.
    """
    if len(raw) > MOST_BYTES:
        raise ZipFault("is larger than any bundle")
    if len(raw) < _END.size or raw[-_END.size :][:4] != _END_MARK:
        raise ZipFault("is cut, or something was added at its end")
    _, disk, first_disk, here, count, size, start, comment = _END.unpack_from(
        raw, len(raw) - _END.size
    )
    if disk or first_disk or comment or here != count or count > MOST_ENTRIES:
        raise ZipFault("has a damaged end")
    if start + size != len(raw) - _END.size:
        raise ZipFault("is cut, or something was added to it")
    found: list[Member] = []
    at, end = start, start + size
    for _ in range(count):
        member, at = _member(raw, at, end)
        found.append(member)
    if at != end:
        raise ZipFault("has a damaged directory")
    return found


def _member(raw: bytes, at: int, end: int) -> tuple[Member, int]:
    if at + _CENTRAL.size > end or raw[at : at + 4] != _CENTRAL_MARK:
        raise ZipFault("has a damaged directory")
    values = _CENTRAL.unpack_from(raw, at)
    flags, method = values[3], values[4]
    stored_size, size, length, extra, comment = values[8:13]
    after = at + _CENTRAL.size + length
    if extra or comment or after > end:
        raise ZipFault("has a damaged directory")
    try:
        name = raw[at + _CENTRAL.size : after].decode("utf-8")
    except UnicodeDecodeError as error:
        raise ZipFault("has a damaged directory") from error
    return Member(name, flags, method, size, stored_size, values[16]), after


def content(raw: bytes, member: Member, most: int) -> bytes:
    """The content of a file, never more than was asked for.

    Args:
        raw: the whole zip.
        member: the file, as `members` lists it.
        most: bytes that it may have.

    Raises:
        ZipFault: it is encrypted, compressed or larger, or stands elsewhere.
    """
    name = member.name
    if member.flags & _ENCRYPTED:
        raise ZipFault("is encrypted", name)
    if member.method:
        raise ZipFault("is compressed, which no entry of a bundle is", name)
    if member.size > most or member.size != member.stored_size:
        raise ZipFault("has another size", name)
    start = member.offset + _LOCAL.size
    if start > len(raw) or raw[member.offset : member.offset + 4] != _LOCAL_MARK:
        raise ZipFault("does not stand where the directory says", name)
    head = _LOCAL.unpack_from(raw, member.offset)
    start += head[9] + head[10]
    named = raw[member.offset + _LOCAL.size : member.offset + _LOCAL.size + head[9]]
    if named != name.encode("utf-8") or head[7:9] != (member.size, member.size):
        raise ZipFault("has another name or size than the directory says", name)
    if start + member.size > len(raw):
        raise ZipFault("is cut", name)
    return raw[start : start + member.size]


def _dos_date(when: str) -> tuple[int, int]:
    """Day and time as a zip says them: years from 1980 on, every second second."""
    at = None
    with contextlib.suppress(ValueError, OverflowError):
        at = datetime.datetime.fromisoformat(when)
        # A time of no zone is ours, which is UTC everywhere.
        at = at.replace(tzinfo=at.tzinfo or datetime.UTC).astimezone(datetime.UTC)
    if at is None or not 1980 <= at.year <= 2107:  # noqa: PLR2004  # seven bits
        return 1 << 5 | 1, 0
    day = (at.year - 1980) << 9 | at.month << 5 | at.day
    return day, at.hour << 11 | at.minute << 5 | at.second // 2
