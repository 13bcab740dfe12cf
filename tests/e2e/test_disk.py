"""The disk gets full, read-only, or is gone in the middle of a run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.disk_inside import PROGRAMS, SESSIONS

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unshare(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that gives a program mounts of its own."""
    if sys.platform != "linux":
        pytest.skip("mount namespaces are Linux's")
    place = tmp_path_factory.mktemp("place")
    for command in (["unshare", "-m"], ["unshare", "-rm"]):
        tried = [*command, "mount", "-t", "tmpfs", "tmpfs", str(place)]
        if subprocess.run(tried, check=False, capture_output=True).returncode == 0:
            return command
    pytest.skip("unshare is missing, or may not mount anything here")


@pytest.mark.parametrize("scene", [*SESSIONS, *PROGRAMS])
def test_a_disk_that_fails_costs_nothing(scene: str, unshare: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    inside = [sys.executable, "-m", "tests.e2e.disk_inside", str(folder), scene]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(
        [*unshare, *inside],
        check=False,
        capture_output=True,
        text=True,
        cwd=_ROOT,
        env=environment,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
