from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.records.run import Timings
from spectr_desktop.store.estimates import Estimates, Expected

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a folder" / "estimates.json"


def test_nothing_is_expected_of_a_model_that_never_ran(file: Path) -> None:
    assert Estimates(file).expected("m", 1000) == Expected(None, None)


def test_the_slowest_of_the_last_five_is_expected(file: Path) -> None:
    estimates = Estimates(file)
    for seconds in (90, 2, 4, 8, 6, 3):
        estimates.learn("m", Timings(loading_ms=seconds * 1000, reading_ms=seconds * 10), 100)
    assert Estimates(file).expected("m", 2000) == Expected(8.0, 1.6)
    assert Estimates(file).expected("other", 2000) == Expected(None, None)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_part_may_be_missing(file: Path) -> None:
    estimates = Estimates(file)
    estimates.learn("m", Timings(reading_ms=50), None)
    assert estimates.expected("m", 10) == Expected(None, None)
    estimates.learn("m", Timings(reading_ms=50), 10)
    assert estimates.expected("m", 20) == Expected(None, 0.1)


def test_only_so_many_models_are_kept(file: Path) -> None:
    estimates = Estimates(file)
    for number in range(205):
        estimates.learn(f"m{number}", Timings(loading_ms=1), None)
    assert len(json.loads(file.read_bytes())) == 200
    assert estimates.expected("m4", 1).loading_s is None
    assert estimates.expected("m204", 1).loading_s == 0.001


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"7", b"\xff", b'{"m": 7}', b'{"m": {"loading_ms": "x"}}', b"[" * 99999],
)
def test_a_damaged_file_is_as_good_as_none(file: Path, damage: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(damage)
    estimates = Estimates(file)
    assert estimates.expected("m", 1) == Expected(None, None)
    estimates.learn("m", Timings(loading_ms=1000), None)
    assert estimates.expected("m", 1).loading_s == 1.0


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    Estimates(tmp_path / "file" / "estimates.json").learn("m", Timings(loading_ms=1), None)
