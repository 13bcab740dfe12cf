from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.records.report import ReportDocument, ReportKind
from spectr_desktop.report.export.file_names import (
    MOST_BYTES,
    PLACEHOLDERS,
    file_name,
    numbered,
    unknown_placeholders,
)
from spectr_desktop.report.export.formats import SUFFIXES
from tests.report.export.report_samples import report

REPORT = replace(
    report(ReportKind.CLIENT),
    title="contracts/Vault.sol",
    document=ReportDocument(client="Ätna AG", version="1.2"),
)


def test_each_placeholder_is_filled_in() -> None:
    pattern = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    assert file_name(pattern, REPORT, ".pdf") == (
        f"secret-client contracts-Vault client Ätna AG 2026-11-23 1.2 {REPORT.id}.pdf"
    )


def test_a_run_without_an_end_has_the_day_on_which_it_began() -> None:
    begun = replace(REPORT, finished_at="", created_at="2026-02-03T04:05:06Z")
    assert file_name("{date}", begun) == "2026-02-03"


def test_what_is_unknown_stays_and_is_told() -> None:
    assert file_name("{titel}-{kind}-{}-{", REPORT) == "{titel}-client-{}-{"
    assert unknown_placeholders("{titel} {kind} {titel} {} {x y}") == ("{titel}", "{}")


def test_a_value_is_never_taken_for_a_placeholder() -> None:
    assert file_name("{title}", replace(REPORT, title="{run}")) == "{run}"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("a/b\\c:d", "a-b-c-d"),
        ('x<>"|?*y', "x-y"),
        (".hidden", "hidden"),
        ("end. . .", "end"),
        ("two\nlines\tand\u2028more", "two lines and more"),
        ("gnp\u202efdp.exe", "gnpfdp.exe"),
        ("a\u200bb\ufeffc\x00d\x7f", "abcd"),
        ("lone\ud800", "lone"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("com1", "_com1"),
        ("LPT\u00b9 .tar.gz", "_LPT\u00b9 .tar.gz"),
        ("console", "console"),
        ("e\u0301", "\u00e9"),
        ("", "report"),
        ("///", "report"),
        ("日本", "日本"),
    ],
)
def test_a_name_is_one_safe_file(text: str, name: str) -> None:
    assert file_name(text, REPORT) == name


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_long_name_is_cut_between_letters_and_keeps_its_suffix(suffix: str) -> None:
    name = file_name("日" * 400, REPORT, suffix)
    assert MOST_BYTES - 3 < len(name.encode()) <= MOST_BYTES
    assert set(name.removesuffix(suffix)) == {"日"}
    assert name.endswith(suffix)


def test_a_file_beside_another_one_has_a_number() -> None:
    assert numbered("Vault report.pdf", 2) == "Vault report 2.pdf"
    assert numbered("report", 3) == "report 3"
    assert numbered(".md", 2) == ".md 2"
    assert numbered(f"v1.{'x' * 30}", 2) == f"v1.{'x' * 30} 2"
    assert len(numbered("é" * 73 + ".pdf", 12).encode()) <= MOST_BYTES
    assert numbered("é" * 73 + ".pdf", 12).endswith("é 12.pdf")


@given(st.text(max_size=400), st.sampled_from(SUFFIXES))
def test_any_words_make_a_name_that_every_system_takes(text: str, suffix: str) -> None:
    name = file_name(f"{{title}}{text}", replace(REPORT, title=text), suffix)
    assert name.endswith(suffix)
    assert 0 < len(name.encode()) <= MOST_BYTES
    assert not set(name) & set('<>:"/\\|?*')
    assert not [one for one in name if unicodedata.category(one)[0] == "C"]
    assert name.removesuffix(suffix).strip(" .") == name.removesuffix(suffix)
    assert name.removesuffix(suffix)
