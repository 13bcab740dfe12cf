"""The PDF as the tools of others read it."""

from __future__ import annotations

import asyncio
import io
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader

from spectr_desktop.records.house_style import Look
from spectr_desktop.ui.pdf import pdf
from tests.ui import pdf_samples

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.records.report import Report

_TOOLS = ("qpdf", "pdftotext", "pdffonts")
pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in _TOOLS), reason="needs qpdf and poppler-utils"
)

_SHIPPED = ("IBMPlex", "DejaVuSans", "DroidSansFallback", "NotoEmoji")
_SAMPLES = ("client", "working", "stopped", "hostile")
_WORD = re.compile(r'<word xMin="([^"]+)" yMin="([^"]+)" xMax="([^"]+)" yMax="([^"]+)">')
_LISTED = re.compile(r"^ *(\S.*?) +(\d+)$", re.MULTILINE)


def _report(name: str) -> Report:
    return getattr(pdf_samples, f"{name}_report")()


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A PDF of each sample."""
    folder = tmp_path_factory.mktemp("pdf")
    out = {name: folder / f"{name}.pdf" for name in _SAMPLES}
    for name, file in out.items():
        file.write_bytes(asyncio.run(pdf(_report(name), Look(accent="#0a6b5b"))))
    return out


def _said(*command: str) -> str:
    said = subprocess.run(command, capture_output=True, check=True).stdout
    # Poppler writes the halves of a pair one by one in the title of `-bbox`.
    return said.decode("utf-8", "replace")


def _pages(file: Path) -> list[str]:
    return _said("pdftotext", "-layout", str(file), "-").split("\f")[:-1]


@pytest.mark.parametrize("name", _SAMPLES)
def test_it_is_sound_and_all_fonts_are_ours_and_inside(files: dict[str, Path], name: str) -> None:
    _said("qpdf", "--check", str(files[name]))
    rows = _said("pdffonts", str(files[name])).splitlines()[2:]
    assert rows
    for row in rows:
        assert row.startswith(_SHIPPED)
        assert row.split()[-5:-2] == ["yes", "no", "yes"]


@pytest.mark.parametrize("name", _SAMPLES)
def test_no_word_leaves_the_page(files: dict[str, Path], name: str) -> None:
    found = _WORD.findall(_said("pdftotext", "-bbox", str(files[name]), "-"))
    assert len(found) > 100
    for left, top, right, bottom in found:
        assert 60 < float(left) <= float(right) < 595 - 55
        assert 40 < float(top) <= float(bottom) < 842 - 40


def test_every_finding_is_there_and_the_contents_name_its_page(files: dict[str, Path]) -> None:
    pages = _pages(files["client"])
    whole = " ".join("".join(pages).split())
    listed = dict(_LISTED.findall(pages[1]))
    for finding in _report("client").findings:
        number = finding.key[1:]
        heading = f"{finding.label} {finding.title}"
        assert heading in pages[int(listed[heading]) - 1]
        for word in ("Description", "Scenario", "Proof", "Advice"):
            assert f"{word}{number}" in whole
    for heading in ("Disclaimer", "How we work", "Scope", "Summary", "Findings", "About us"):
        assert heading in pages[int(listed[heading]) - 1]


def test_code_has_the_numbers_of_its_file(files: dict[str, Path]) -> None:
    text = "".join(_pages(files["client"]))
    assert re.search(r"^ *41 +function withdraw1\(\) external \{$", text, re.MULTILINE)
    assert re.search(r"^ *1 +contract Proof1 \{$", text, re.MULTILINE)


def test_each_page_of_a_stopped_run_says_so_and_no_other_does(files: dict[str, Path]) -> None:
    assert all("not complete" in page.lower() for page in _pages(files["stopped"]))
    assert all("not complete" not in page.lower() for page in _pages(files["client"]))


def test_each_page_has_its_number(files: dict[str, Path]) -> None:
    for name in _SAMPLES:
        pages = _pages(files[name])
        for number, page in enumerate(pages, 1):
            assert f"Page {number} of {len(pages)}" in page


def test_hostile_words_are_all_there(files: dict[str, Path]) -> None:
    text = _said("pdftotext", "-raw", str(files["hostile"]), "-")
    joined = re.sub(r"\s", "", text)
    for word in (
        "汉字",
        "한국어",
        "Кириллица",
        "<script>alert(1)</script>",
        "call119()",
        "cell5x11",
    ):
        assert word in joined
    assert "abcdefghi" * 20 in joined
    assert joined.count("W" * 10) >= 3000 / 10 / 2


def test_links_bookmarks_and_properties(files: dict[str, Path]) -> None:
    reader = PdfReader(io.BytesIO(files["client"].read_bytes()))
    told = reader.metadata
    assert told is not None
    assert told.title == "Security review of Vault of Größe AG"
    assert told.author == "Ada Auditor & Co."
    assert told["/CreationDate"] == "D:20261123090100Z"
    names = [entry["/Title"] for entry in reader.outline if isinstance(entry, dict)]
    assert names[:2] == ["Disclaimer", "How we work"]
    annotations = [
        found.get_object() for page in reader.pages for found in page.get("/Annots") or []
    ]
    addresses = {one["/A"]["/URI"] for one in annotations if "/A" in one}
    assert addresses == {
        "https://cwe.mitre.org/data/definitions/367.html",
        "https://example.org/about",
    }
    assert sum("/Dest" in one for one in annotations) >= 30


@pytest.mark.parametrize("name", _SAMPLES)
def test_it_does_nothing_and_carries_nothing(files: dict[str, Path], name: str) -> None:
    shown = _said("qpdf", "--json", "--json-key=qpdf", str(files[name]))
    for word in (
        "/JavaScript",
        "/JS",
        "/Launch",
        "/OpenAction",
        "/EmbeddedFile",
        "/AA",
        "/SubmitForm",
    ):
        assert f'"{word}"' not in shown
    assert "javascript:" not in shown
