"""The engine's program and model are found where they may be, and a model's header is read."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.providers import engine_files
from spectr_desktop.providers.engine_files import find_model, find_program, trained_context
from spectr_desktop.providers.errors import EngineFailed, ModelMissing
from tests.providers.conftest import gguf

if TYPE_CHECKING:
    from pathlib import Path

_LENGTH = ("llama.context_length", 4, struct.pack("<I", 4096))
_TEXT = struct.pack("<Q", 3) + b"abc"


def _executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o700)
    return path


def test_the_variable_comes_first_then_path_then_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = _executable(tmp_path / "named")
    on_path = _executable(tmp_path / "bin" / "llama-server")
    packaged = _executable(tmp_path / "package" / "bin" / "llama-server")
    monkeypatch.setattr(engine_files, "_package", lambda _: tmp_path / "package")
    monkeypatch.setenv("PATH", str(on_path.parent))
    monkeypatch.setenv("SPECTR_LLAMA_SERVER", str(named))
    assert find_program().path == named
    monkeypatch.delenv("SPECTR_LLAMA_SERVER")
    assert find_program().path == on_path
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_program()
    assert found.path == packaged
    assert found.environment == {"LD_LIBRARY_PATH": str(packaged.parent)}


def test_without_a_program_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_files, "_package", lambda _: None)
    monkeypatch.delenv("SPECTR_LLAMA_SERVER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineFailed, match="Install Ollama, or put llama-server on PATH") as caught:
        find_program()
    assert caught.value.code == "engine_missing"


@pytest.mark.parametrize("name", ["gone", "folder", "no program"])
def test_a_wrong_variable_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "no program").write_text("text")
    monkeypatch.setenv("SPECTR_LLAMA_SERVER", str(tmp_path / name))
    with pytest.raises(EngineFailed, match="SPECTR_LLAMA_SERVER") as caught:
        find_program()
    assert name in caught.value.message


def test_a_users_model_is_described_by_its_file(model_file: Path) -> None:
    found = find_model(str(model_file))
    assert (found.id, found.label) == ("Modell- größer", "Modell- größer")
    assert (found.context, found.practice) == (2048, False)
    assert found.size == model_file.stat().st_size


def test_without_a_practice_model_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_files, "_package", lambda _: None)
    with pytest.raises(EngineFailed, match=r"choose a \.gguf file"):
        find_model("")


def test_a_file_that_is_not_there_is_a_missing_model(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"gone\.gguf"):
        find_model(str(tmp_path / "gone.gguf"))


@pytest.mark.parametrize("content", [b"", b"GGU", b"%PDF-1.7 and more"])
def test_a_file_of_another_kind_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "report.gguf"
    path.write_bytes(content)
    with pytest.raises(EngineFailed) as caught:
        find_model(str(path))
    assert caught.value.code == "engine_model_invalid"


@pytest.mark.parametrize(
    "before",
    [
        ("general.name", 8, _TEXT),
        ("numbers", 9, struct.pack("<IQ", 4, 2) + bytes(8)),
        ("texts", 9, struct.pack("<IQ", 8, 2) + _TEXT + _TEXT),
        ("flag", 7, b"\1"),
        ("ratio", 12, bytes(8)),
    ],
)
def test_values_of_every_kind_are_passed_over(before: tuple[str, int, bytes]) -> None:
    assert trained_context(io.BytesIO(gguf(before, _LENGTH))) == 4096


@pytest.mark.parametrize(
    "content",
    [
        gguf(),
        gguf(("x.context_length", 4, bytes(4))),
        gguf(("unknown", 99, b""), _LENGTH),
        gguf(("nested", 9, struct.pack("<IQ", 9, 1)), _LENGTH),
        gguf(("long", 8, struct.pack("<Q", 1 << 40)), _LENGTH),
        gguf(_LENGTH)[:-2],
        gguf(_LENGTH).replace(b"\3\0\0\0", b"\1\0\0\0", 1),
    ],
)
def test_a_header_without_a_readable_length_says_nothing(content: bytes) -> None:
    assert trained_context(io.BytesIO(content)) is None


@given(st.binary(max_size=200))
def test_no_header_raises(tail: bytes) -> None:
    content = struct.pack("<4sIQQ", b"GGUF", 3, 0, 5) + tail
    assert trained_context(io.BytesIO(content)) is None
