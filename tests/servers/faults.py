"""What can go wrong with an answer, and what comes in place of one whatever the protocol."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


class Fault(enum.Enum):
    """What goes wrong with an answer."""

    # In place of the stream, with a status.
    UNAUTHORIZED = "401"
    FORBIDDEN = "403, empty"
    NOT_FOUND = "404"
    BAD_REQUEST = "400"
    OVERFLOW = "400, the input is longer than the context"
    TOO_LARGE = "413, a web page"
    REQUEST_TIMEOUT = "408"
    CONFLICT = "409"
    RATE_LIMITED = "429"
    SERVER_ERROR = "500, empty"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT = "504, a web page"
    OVERLOADED = "529"
    REDIRECT = "307 to another port"
    ERROR_BODY = "200 with an error object instead of a stream"
    WRONG_TYPE = "200 with a web page"
    GARBAGE = "200 of the right type with random bytes"

    # Before the head.
    CLOSED_BEFORE_HEAD = "the connection is closed before the status"
    RESET_BEFORE_HEAD = "the connection is reset before the status"
    HALF_OPEN = "the request is read, then the server is gone without a word"

    # Inside the stream.
    ERROR_INSIDE = "200, then an error in the stream"
    NO_END_MARK = "a clean end without the protocol's end mark"
    HALF_EVENT = "a clean end in the middle of an event's JSON"
    CUT = "the connection is closed in the middle of an event"
    CUT_LETTER = "the connection is closed between two bytes of a letter"
    RESET = "the connection is reset in the middle of an event"
    STALL = "silence after some deltas, the connection stays open"
    HUGE_LINE = "nine megabytes without a line end"
    ENDLESS = "deltas until the client leaves"

    # Nothing is wrong, but it comes in an unusual way.
    SLOW_HEAD = "the head comes byte by byte"
    DELAYED = "the pieces come apart"
    GZIP = "the stream is compressed"


@dataclass(frozen=True)
class Refusal:
    """What comes in place of a stream."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Refusals = Mapping[Fault, Refusal]


def _page(title: str) -> bytes:
    """A proxy's web page."""
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n"
        "</body>\r\n</html>\r\n"
    ).encode()


# What does not come from the model server itself, or has no body.
EVERYWHERE: Refusals = {
    Fault.FORBIDDEN: Refusal(403, content_type=""),
    Fault.REQUEST_TIMEOUT: Refusal(408, content_type=""),
    Fault.CONFLICT: Refusal(409, content_type=""),
    Fault.TOO_LARGE: Refusal(413, _page("413 Request Entity Too Large"), "text/html"),
    Fault.SERVER_ERROR: Refusal(500, content_type=""),
    Fault.GATEWAY_TIMEOUT: Refusal(504, _page("504 Gateway Time-out"), "text/html"),
    Fault.WRONG_TYPE: Refusal(200, _page("Welcome to nginx!"), "text/html; charset=utf-8"),
}
