from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import platformdirs
import pytest

from spectr_desktop import paths


def test_one_variable_moves_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    assert (paths.home(), paths.data(), paths.runs()) == (home, home, home / "runs")
    assert paths.logs() == home / "logs"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPECTR_HOME", " über hier ")
    assert paths.data() == tmp_path / "über hier"


def test_without_it_the_platform_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPECTR_HOME", " ")
    assert paths.home() is None
    assert paths.data() == Path(platformdirs.user_data_dir("spectr-desktop", appauthor=False))


def test_the_resources_are_there() -> None:
    assert (paths.resources() / "prompts" / "quick").is_dir()


def test_private_folders_are_private_and_old_ones_stay_as_they_are(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir(mode=0o755)
    made = paths.private_folder(old / "a" / "b")
    assert [stat.S_IMODE(p.stat().st_mode) for p in (made, made.parent)] == [0o700, 0o700]
    assert stat.S_IMODE(old.stat().st_mode) == 0o755
    assert paths.private_folder(made) == made


def test_logs_without_a_place_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SPECTR_HOME", str(tmp_path / "file"))
    assert paths.logs() is None


def test_a_file_is_replaced_in_one_step_and_keeps_its_mode(tmp_path: Path) -> None:
    target = tmp_path / "report.md"
    paths.write_atomically(target, b"one")
    target.chmod(0o640)
    before = target.stat().st_ino
    paths.write_atomically(target, b"two")
    assert target.read_bytes() == b"two"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert target.stat().st_ino != before
    assert list(tmp_path.iterdir()) == [target]


def test_a_failure_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report.md"
    target.write_bytes(b"one")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        paths.write_atomically(target, b"two")
    assert target.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_or_a_protected_file_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(IsADirectoryError):
        paths.write_atomically(tmp_path, b"x")
    target = tmp_path / "protected.md"
    target.write_bytes(b"one")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError):
        paths.write_atomically(target, b"two")
    assert target.read_bytes() == b"one"


def test_a_file_keeps_its_owner_where_that_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report.md"
    target.write_bytes(b"one")
    real = Path.stat
    mine = real(target)
    values = [*mine[:4], mine.st_uid + 1, *mine[5:]]
    asked: list[tuple[int, int]] = []

    def of_another(path: Path, **options: bool) -> os.stat_result:
        return os.stat_result(values) if path == target else real(path, **options)

    def refuse(path: Path, user: int, group: int) -> None:
        asked.append((user, group))
        raise PermissionError

    monkeypatch.setattr(Path, "stat", of_another)
    monkeypatch.setattr(os, "chown", refuse)
    paths.write_atomically(target, b"two")
    assert asked == [(mine.st_uid + 1, mine.st_gid)]
    assert target.read_bytes() == b"two"
