from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QColorDialog, QFileDialog, QLabel

from spectr_desktop.errors import SpectrError
from spectr_desktop.report.export.colors import contrast
from spectr_desktop.ui.export_logo import LARGEST, MOST_BYTES, logo_of, picture
from tests.ui.driving import button, child, name_file, opened
from tests.ui.export_samples import open_export, png, png_of

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.ui.theme import Theme


def noise(width: int, height: int) -> QImage:
    """A picture that no compression makes smaller."""
    raw = bytearray(width * height * 4)
    state = 1
    for at in range(0, len(raw), 4):
        state = (state * 1103515245 + 12345) % 2**31
        raw[at : at + 4] = state.to_bytes(4, "little")[:3] + b"\xff"
    return QImage(bytes(raw), width, height, QImage.Format.Format_ARGB32).copy()


@pytest.mark.parametrize("kind", [b"png", b"jpeg"])
def test_a_picture_becomes_a_small_png_with_nothing_else_in_it(
    qapp: object, tmp_path: Path, kind: bytes
) -> None:
    image = QImage(QSize(3000, 500), QImage.Format.Format_RGB32)
    image.fill("#cc0000")
    image.setText("Author", "Somebody's name")
    file = tmp_path / "logo.any"
    file.write_bytes(png_of(image, kind))
    assert b"Somebody" in file.read_bytes()
    logo = logo_of(file)
    shown = picture(logo)
    assert shown.size() == QSize(1200, 200)
    assert shown.textKeys() == []
    assert b"Somebody" not in logo
    assert abs(shown.pixelColor(600, 100).red() - 0xCC) < 4


def test_a_small_one_keeps_its_size_and_what_is_clear(qapp: object, tmp_path: Path) -> None:
    image = QImage(QSize(40, 30), QImage.Format.Format_ARGB32)
    image.fill("#00000000")
    (tmp_path / "logo.png").write_bytes(png_of(image))
    shown = picture(logo_of(tmp_path / "logo.png"))
    assert shown.size() == QSize(40, 30)
    assert shown.pixelColor(0, 0).alpha() == 0


def test_one_with_too_many_bytes_is_made_smaller(qapp: object, tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(png_of(noise(1100, 390)))
    logo = logo_of(tmp_path / "logo.png")
    assert len(logo) <= MOST_BYTES
    assert picture(logo).width() < LARGEST.width()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "neither PNG nor JPEG"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "neither PNG nor JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "neither PNG nor JPEG"),
        (png()[:60], "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * (20 * 1024 * 1024), "more than 20 MB"),
    ],
)
def test_what_is_no_picture_is_one_sentence(
    qapp: object, tmp_path: Path, raw: bytes, words: str
) -> None:
    (tmp_path / "logo.png").write_bytes(raw)
    with pytest.raises(SpectrError, match=words) as caught:
        logo_of(tmp_path / "logo.png")
    assert "Choose a PNG or JPEG picture." in caught.value.message


def test_a_bomb_is_not_unpacked(qapp: object, tmp_path: Path) -> None:
    huge = png(1, 1).replace((1).to_bytes(4) + (1).to_bytes(4), (30_000).to_bytes(4) * 2, 1)
    (tmp_path / "logo.png").write_bytes(huge)
    with pytest.raises(SpectrError, match="cannot be the logo"):
        logo_of(tmp_path / "logo.png")


def test_a_file_that_is_gone_is_one_sentence(qapp: object, tmp_path: Path) -> None:
    with pytest.raises(SpectrError, match="No such file"):
        logo_of(tmp_path / "logo.png")


async def test_a_logo_is_chosen_shown_and_removed(theme: Theme, tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(png(300, 200))
    (tmp_path / "bad.png").write_text("no picture")
    async with open_export(theme, tmp_path) as export:
        export.show()
        export.click("exportLogo")
        await opened(export.dialog, QFileDialog)
        await name_file(export.dialog, tmp_path / "logo.png")
        await export.idle()
        logo = export.dialog.wanted().style.look.logo
        assert picture(logo).size() == QSize(300, 200)
        label = child(export.dialog, QLabel, "exportLogoPicture")
        assert not label.isHidden()
        export.click("exportLogo")
        await opened(export.dialog, QFileDialog)
        await name_file(export.dialog, tmp_path / "bad.png")
        await export.idle()
        assert "neither PNG nor JPEG" in export.text("exportLogoFault")
        assert export.dialog.wanted().style.look.logo == logo
        export.click("exportRemoveLogo")
        assert export.dialog.wanted().style.look.logo == b""
        assert label.isHidden()
        assert not button(export.dialog, "exportRemoveLogo").isEnabled()


@pytest.mark.parametrize(
    ("color", "ratio"), [("#ffffff", 1.0), ("#000000", 21.0), ("#767676", 4.54), ("#ff0000", 4.0)]
)
def test_contrast_is_reckoned_as_the_guidelines_say(color: str, ratio: float) -> None:
    assert contrast(color, "#ffffff") == pytest.approx(ratio, abs=0.01)


async def test_the_contrast_of_a_colour_is_told(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.type_into("exportAccent", "#000080")
        assert export.text("exportContrast") == "Contrast with white paper: 16.0 to 1."
        export.type_into("exportAccent", "#ffcc00")
        assert "only 1.5 to 1" in export.text("exportContrast")
        assert export.text("exportAccentFault") == ""
        export.type_into("exportAccent", "blue")
        assert "six digits" in export.text("exportAccentFault")
        assert export.dialog.wanted().style.look.accent == ""
        assert export.text("exportContrast") == ""


async def test_a_colour_is_picked(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.click("exportPickColor")
        dialog = await opened(export.dialog, QColorDialog)
        dialog.setCurrentColor("#123456")
        dialog.accept()
        await export.idle()
        assert export.dialog.wanted().style.look.accent == "#123456"
