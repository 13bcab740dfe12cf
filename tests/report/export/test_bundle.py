from __future__ import annotations

import hashlib
import io
import json
import subprocess
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from spectr_desktop import paths
from spectr_desktop.records.report import ReportKind
from spectr_desktop.records.source import source_file
from spectr_desktop.report.export.bundle import (
    BUNDLE_SCHEMA,
    MANIFEST,
    REPORTS,
    SUMS,
    Journal,
    bundle,
    header_of,
    manifest_from,
    source_bytes,
)
from spectr_desktop.report.export.bundle_check import checked
from spectr_desktop.report.export.safe_names import is_safe
from tests.report.export.bundle_samples import (
    FILES,
    NAME,
    RUN,
    SOURCE,
    TOOL,
    contents_of,
    journal_of,
    sample,
    sample_header,
    sample_report,
    without_cells,
)

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = json.loads(
    (paths.resources() / "schemas" / "spectr-bundle-1.schema.json").read_text(encoding="utf-8")
)


def test_it_holds_the_report_and_what_it_was_made_from_and_nothing_else() -> None:
    contents = contents_of(sample())
    assert [*contents] == [
        "README.txt",
        "SHA256SUMS",
        "decisions.jsonl",
        f"journals/{RUN}/journal.jsonl",
        f"journals/{RUN}/run.json",
        "manifest.json",
        "report.csv",
        "report.html",
        "report.json",
        "report.md",
        "report.pdf",
        "report.sarif",
        "sources/Vault.sol",
        "sources/__/up/_Con.sol",
    ]
    assert contents[f"journals/{RUN}/journal.jsonl"] == journal_of(sample_header())
    assert contents["sources/Vault.sol"] == SOURCE.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("kind", list(ReportKind))
def test_the_manifest_fits_its_schema_and_the_files(kind: ReportKind) -> None:
    raw = sample(kind=kind)
    contents = contents_of(raw)
    told = json.loads(contents[MANIFEST])
    Draft202012Validator.check_schema(SCHEMA)
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(told)] == []
    assert (told["schema"], told["kind"], told["run"]) == (BUNDLE_SCHEMA, kind.value, RUN)
    assert (told["runs"], told["tool"]["version"]) == ([RUN], "9.9")
    for entry in told["entries"]:
        file = contents[entry["path"]]
        assert (entry["size"], entry["sha256"]) == (len(file), hashlib.sha256(file).hexdigest())
    assert {entry["path"] for entry in told["entries"]} | {MANIFEST, SUMS} == contents.keys()
    sent = {entry["source_path"]: entry["sha256"] for entry in told["entries"]}
    assert [sent[file.path] for file in FILES] == [file.sha256 for file in FILES]
    told["entries"][0]["more"] = 1
    assert not Draft202012Validator(SCHEMA).is_valid(told)


def test_the_same_input_gives_the_same_bytes_dated_by_the_run() -> None:
    assert sample() == sample()
    with zipfile.ZipFile(io.BytesIO(sample())) as told:
        assert told.testzip() is None
        for one in told.infolist():
            assert one.date_time == (2026, 11, 23, 9, 1, 0)
            assert (one.external_attr >> 16, one.create_system) == (0o100600, 3)


def test_usual_tools_unpack_and_check_it(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(sample())
    with zipfile.ZipFile(tmp_path / NAME) as told:
        told.extractall(tmp_path / "out")
    command = ["sha256sum", "--check", "--strict", SUMS]
    done = subprocess.run(command, cwd=tmp_path / "out", capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stdout.count(b": OK") == len(contents_of(sample())) - 1


def test_the_readme_says_what_a_check_does_not_prove() -> None:
    text = contents_of(sample(kind=ReportKind.CLIENT))["README.txt"].decode()
    for words in (RUN, "client", "runs verify", "sha256sum --check SHA256SUMS", "another way"):
        assert words in text
    assert "all texts of the\nmodel" in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_hash_that_is_told_is_the_manifest_s() -> None:
    raw = sample()
    whole = checked(raw, NAME)
    sha256 = hashlib.sha256(contents_of(raw)[MANIFEST]).hexdigest()
    assert whole == (len(contents_of(raw)), sha256, RUN)


def test_hostile_paths_are_listed_as_they_were_sent() -> None:
    names = ["../a.sol", "/etc/passwd", "C:\\x.sol", "A.sol", "a.sol", "nul.sol", "b\n\x1b[0m.sol"]
    files = tuple(source_file(name, f"// {name}\n") for name in names)
    raw = sample(sample_header(files=files))
    assert checked(raw, NAME)
    entries = manifest_from(contents_of(raw)[MANIFEST]).entries
    found = {entry.source_path: entry.path for entry in entries if entry.role == "source"}
    assert found.keys() == {*names}
    assert all(is_safe(path) for path in found.values())
    assert len({path.casefold() for path in found.values()}) == len(names)


def test_a_path_with_two_texts_is_there_twice() -> None:
    first = sample_header()
    other = replace(without_cells(first), files=(source_file("Vault.sol", "contract New {}\n"),))
    journals = (Journal(first.id, journal_of(first)), Journal(other.id, journal_of(other)))
    raw = sample(first, journals=journals)
    assert checked(raw, NAME).run == first.id
    contents = contents_of(raw)
    assert contents["sources/Vault-2.sol"] == b"contract New {}\n"
    assert f"journals/{other.id}/run.json" not in contents


def test_a_run_of_another_name_is_refused() -> None:
    made = sample_header()
    reports: dict[str, bytes] = dict.fromkeys(REPORTS, b"")
    with pytest.raises(ValueError, match="no run"):
        bundle(sample_report(made), reports, [Journal("../x", b"")], None, TOOL)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"schema": 1}', b"[" * 100_000, b"\xff"])
def test_what_is_no_manifest_and_no_header_is_told_as_such(raw: bytes) -> None:
    assert header_of(raw) is None
    with pytest.raises(ValueError):  # noqa: PT011  # any of them
        manifest_from(raw)


def test_a_source_is_hashed_as_it_was_sent() -> None:
    for file in FILES:
        assert hashlib.sha256(source_bytes(file.text)).hexdigest() == file.sha256
