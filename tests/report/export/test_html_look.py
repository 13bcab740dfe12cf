from __future__ import annotations

import base64
import struct
import zlib

import pytest

from spectr_desktop.report.export.html_look import ACCENT, accent, contrast, logo_uri
from tests.report.export.pictures import png


def test_a_png_picture_is_held_in_its_address() -> None:
    raw = png()
    kind, _, held = logo_uri(raw).partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(held) == raw


def _without_width() -> bytes:
    raw = bytearray(png())
    raw[16:20] = bytes(4)
    raw[29:33] = struct.pack(">I", zlib.crc32(bytes(raw[12:29])))
    return bytes(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"GIF89a",
        b"<svg onload=alert(1)>",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + png()[-12:],
        png()[:-1],
        png() + b"<script>",
        png().replace(b"IHDR", b"IHDX"),
        png()[:20] + b"\xff" + png()[21:],
        _without_width(),
    ],
)
def test_what_is_no_png_picture_is_left_out(raw: bytes) -> None:
    assert logo_uri(raw) == ""


@pytest.mark.parametrize(
    "color", ["#000000", "#ffffff", "#ffee00", "#1F6FEB", "#7a1fa2", "#808080", "#00ff00"]
)
def test_every_colour_can_be_read_on_light_and_dark(color: str) -> None:
    made = accent(color)
    assert contrast(made.light, "#ffffff") >= 4.5
    assert contrast(made.dark, "#1e2125") >= 4.5


def test_a_colour_that_can_be_read_stays() -> None:
    assert accent("#1F6FEB").light == "#1f6feb"
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize(
    "color", ["", "red", "#fff", "#12345g", "#123456;}", " #123456", "#1234567"]
)
def test_what_is_no_colour_is_the_usual_one(color: str) -> None:
    assert accent(color) == accent(ACCENT)
