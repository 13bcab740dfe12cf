from __future__ import annotations

from pathlib import Path

import pytest

from spectr_desktop.audit.sources import read_sources
from spectr_desktop.errors import SpectrError


def test_one_file_belongs_to_its_folder(vault: Path) -> None:
    root, (file,) = read_sources([vault])
    assert root == vault.parent
    assert (file.path, file.text) == (vault.name, "contract Vault {}\n")


def test_names_begin_at_the_common_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("src/a b/A.sol", "src/ü/B.sol", "srcs/C.sol"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("contract C {}\n")
    monkeypatch.chdir(tmp_path / "src")
    root, files = read_sources([Path("a b/A.sol"), tmp_path / "src" / "ü" / "B.sol"])
    assert root == tmp_path / "src"
    assert [file.path for file in files] == ["a b/A.sol", "ü/B.sol"]
    root, files = read_sources([Path("a b/A.sol"), tmp_path / "srcs" / "C.sol"])
    assert root == tmp_path
    assert [file.path for file in files] == ["src/a b/A.sol", "srcs/C.sol"]


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SpectrError):
        read_sources([tmp_path / "none.sol"])
