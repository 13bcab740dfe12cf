from __future__ import annotations

import json

import pytest

from spectr_desktop.errors import SpectrError
from spectr_desktop.records.report import ReportKind
from spectr_desktop.report.export.formats import SUFFIXES, TEXT_SUFFIXES, check_suffix, exported
from tests.report.export.report_samples import report, result


@pytest.mark.parametrize("suffix", TEXT_SUFFIXES)
@pytest.mark.parametrize("kind", list(ReportKind))
def test_the_same_report_gives_the_same_bytes_of_utf_8(suffix: str, kind: ReportKind) -> None:
    hostile = result(text="Größe \ud800 🏦")
    raw = exported(report(kind, ended=hostile, title="\ud800"), suffix)
    assert raw == exported(report(kind, ended=hostile, title="\ud800"), suffix.upper())
    raw.decode("utf-8")


def test_the_suffix_chooses_the_format() -> None:
    made = report()
    assert exported(made, ".md").startswith(b"# Security review")
    assert json.loads(exported(made, ".json"))["schema"] == "spectr-report/1"
    assert json.loads(exported(made, ".sarif"))["version"] == "2.1.0"
    assert exported(made, ".csv").startswith(b"\xef\xbb\xbftype,")


@pytest.mark.parametrize("suffix", ["", ".docx", "md", ".html "])
def test_other_formats_are_refused_with_a_sentence(suffix: str) -> None:
    with pytest.raises(SpectrError) as told:
        check_suffix("report.docx", suffix)
    assert told.value.code == "bad_output"
    assert told.value.message == (
        "report.docx has no format that can be written. End its name in .md, .html, .pdf, .json, "
        ".sarif, .csv or .zip."
    )
    with pytest.raises(SpectrError):
        exported(report(), suffix)


def test_known_formats_pass_in_any_case() -> None:
    for suffix in SUFFIXES:
        check_suffix("x", suffix.upper())
