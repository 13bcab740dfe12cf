"""Makes packaging/'s modules importable and builds small checkouts for them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"
sys.path.append(str(PACKAGING))

from dev_venv import Environment  # noqa: E402 - found by the line above

LOCKS = ("run", "test", "check", "build", "practice")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the files that set-up reads, and a .venv that looks whole."""
    root = tmp_path / "a checkout"
    locks = root / "packaging" / "locks"
    locks.mkdir(parents=True)
    for name in LOCKS:
        (locks / f"{name}.txt").write_text(f"{name}==1\n", encoding="utf-8")
    (root / "packaging" / "peer").mkdir()
    for name in ("package.json", "package-lock.json"):
        (root / "packaging" / "peer" / name).write_text("{}\n", encoding="utf-8")
    (root / "packaging" / "dev_system.py").write_text("WINDOW = {}\n", encoding="utf-8")
    (root / "pyproject.toml").write_text(
        '[project]\nname = "x"\n\n[tool.ruff]\nline-length = 100\n', encoding="utf-8"
    )
    environment = Environment(root)
    environment.scripts.mkdir(parents=True)
    environment.python.touch()
    site_packages(root).mkdir(parents=True)
    (site_packages(root) / "httpx").mkdir()
    return root


def site_packages(root: Path) -> Path:
    """Where a checkout's .venv keeps its packages."""
    if sys.platform == "win32":
        return root / ".venv" / "Lib" / "site-packages"
    minor = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return root / ".venv" / "lib" / minor / "site-packages"
