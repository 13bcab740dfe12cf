"""What goes through the pipes between the program and the child that makes a PDF.

A frame is eight bytes that say how long it is, and so many bytes. The child gets one frame, and
answers with one for the PDF or one for each picture; its progress is lines on standard error.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import IO

from spectr_desktop.records.codec import RecordError, from_json, to_json
from spectr_desktop.records.house_style import Look
from spectr_desktop.records.report import Report
from spectr_desktop.report.export.json import json_text, report_from_json

FLAG = "--make-pdf"
"""The program's only argument when it is such a child."""
PROGRESS = "pages "
"""Begins a line of progress: pages done, a blank, all pages."""

_SIZE = 8


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made.

    Attributes:
        report: to be laid out.
        look: of its pages.
        pictures: how many pages as PNG pictures; 0 for all of it as a PDF.
        width: of a picture, in pixels.
    """

    report: Report
    look: Look
    pictures: int = 0
    width: int = 0


def packed(order: Order) -> bytes:
    """An order as the bytes of a frame."""
    value = {
        "report": json_text(order.report),
        "look": to_json(order.look),
        "pictures": order.pictures,
        "width": order.width,
    }
    return json.dumps(value).encode("ascii")


def unpacked(raw: bytes) -> Order:
    """The order in a frame.

    Raises:
        RecordError: it is none.
    """
    try:
        value = json.loads(raw)
        report, look = value["report"], value["look"]
        pictures, width = int(value["pictures"]), int(value["width"])
    except (ValueError, KeyError, TypeError) as error:
        raise RecordError("this is no order for a PDF") from error
    return Order(report_from_json(report), from_json(Look, look), pictures, width)


def write_frame(pipe: IO[bytes], raw: bytes) -> None:
    """Write one frame.

    Raises:
        OSError: nobody reads any more.
    """
    pipe.write(len(raw).to_bytes(_SIZE, "big"))
    pipe.write(raw)
    pipe.flush()


def read_frame(pipe: IO[bytes]) -> bytes | None:
    """Read one frame; None if it is not whole."""
    size = pipe.read(_SIZE)
    if len(size) < _SIZE:
        return None
    raw = pipe.read(int.from_bytes(size, "big"))
    return raw if len(raw) == int.from_bytes(size, "big") else None
