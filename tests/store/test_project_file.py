from __future__ import annotations

import os
from pathlib import Path

import pytest

from spectr_desktop.store.project_file import (
    FILE_NAME,
    ProjectFile,
    find_project_file,
    read_project_file,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


def test_all_that_may_be_said(file: Path) -> None:
    file.write_text(
        'model = "qwen3:8b"\nprovider = "ollama"\nserver = "house"\nscope = ["src", "a/**/*.sol"]\n'
        'exclude = ["test/**"]\nfail_on = "high"\ncontext = 16384\nmax_tokens = 700\n'
    )
    found = read_project_file(file)
    assert found == ProjectFile(
        file.parent, "qwen3:8b", "ollama", "house", ("src", "a/**/*.sol"), ("test/**",), "high",
        16384, 700,
    )  # fmt: skip
    assert found.said() == (
        "model", "provider", "server", "scope", "exclude", "fail_on", "context", "max_tokens",
    )  # fmt: skip
    file.write_text("\ufeff# nothing\r\n")
    assert read_project_file(file) == ProjectFile(file.parent)
    assert read_project_file(file).said() == ()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("model = 3", "model is not a short text"),
        ('model = "a\\u001b[31m"', "model is not a short text"),
        ('model = "../../weights.GGUF"', "model names a file"),
        ('server = ["a"]', "server is not a short text"),
        ('fail_on = "bad"', "fail_on is none of critical"),
        ('context = "many"', "context is not a number"),
        ("context = true", "context is not a number"),
        ("context = 1.5", "context is not a number"),
        ("max_tokens = 0", "max_tokens is not a number"),
        ('scope = "src"', "scope is not a list"),
        ("scope = [1]", "scope has an entry that is not"),
        ('exclude = [""]', "exclude has an entry that is not"),
        ('scope = ["/etc"]', "“/etc”, which is not in the folder"),
        ('scope = ["a/../../b"]', "not in the folder"),
        ('scope = ["..\\\\b"]', "not in the folder"),
        ('scope = ["C:\\\\b"]', "not in the folder"),
        ('scope = ["~/b"]', "not in the folder"),
        ('exclude = ["../b"]', "not in the folder"),
        ('base_url = "http://evil.example"', "may not say base_url"),
        ('api_key = "k"', "may not say api_key"),
        ('proxy = "http://evil.example"', "may not say proxy"),
        ('output = "/etc/passwd"', "may not say output"),
        ("air_gap = false", "may not say air_gap"),
        ("modell = 3", "a name “modell” that is not known"),
    ],
)
def test_what_is_wrong_is_a_sentence_and_the_rest_holds(file: Path, line: str, words: str) -> None:
    file.write_text(f"{line}\n{'' if line.startswith('max_tokens') else 'max_tokens = 5'}\n")
    found = read_project_file(file)
    (problem,) = found.problems
    assert words in problem
    assert problem.endswith(".")
    rest = 5 if not line.startswith("max_tokens") else None
    assert found == ProjectFile(file.parent, max_tokens=rest, problems=found.problems)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"model = ", "is not TOML"),
        (b"\xff\xfe", "not UTF-8"),
        (b"a = " + b"[" * 20_000, "nested too deeply"),
        (b"#" * 70_000, "more than 64 KB"),
    ],
)
def test_a_file_that_cannot_be_understood_is_left_out(file: Path, raw: bytes, words: str) -> None:
    file.write_bytes(raw)
    found = read_project_file(file)
    assert (found.said(), len(found.problems)) == ((), 1)
    assert words in found.problems[0]


def test_what_is_no_file_is_left_out(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text('model = "m"\n')
    file.symlink_to(other)
    assert read_project_file(file).said() == ()
    file.unlink()
    if hasattr(os, "mkfifo"):
        os.mkfifo(file)
        assert "no regular file" in read_project_file(file).problems[0]
        file.unlink()
    assert "cannot be read" in read_project_file(file).problems[0]


def test_it_is_looked_for_upwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "outer" / "repo" / "src"
    inner.mkdir(parents=True)
    contract = inner / "A.sol"
    contract.write_text("")
    outer = tmp_path / "outer" / FILE_NAME
    outer.write_text("")
    assert find_project_file(contract) == outer
    assert find_project_file(inner / "not there.sol") == outer
    # A repository is the client's; what lies above it is somebody else's.
    (inner.parent / ".git").mkdir()
    assert find_project_file(contract) is None
    own = inner.parent / FILE_NAME
    own.write_text("")
    assert find_project_file(contract) == own
    monkeypatch.chdir(inner)
    assert find_project_file(Path("A.sol")) == own
    own.unlink()
    (inner.parent / ".git").rmdir()
    monkeypatch.setattr(Path, "home", lambda: inner.parent)
    assert find_project_file(contract) is None
