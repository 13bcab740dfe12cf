"""What every test gets: an offscreen Qt, and storage of its own."""

from __future__ import annotations

import importlib
import importlib.util
import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")


from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_RETRY = "spectr_desktop.providers.retry"
_KEYS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OLLAMA_HOST", "OLLAMA_API_KEY")


@pytest.fixture(autouse=True)
def _own_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a test writes lands in the user's folders, and no key of theirs is read."""
    monkeypatch.setenv("SPECTR_HOME", str(tmp_path / "home"))
    # Nor does one reach the desktop of whoever runs the tests.
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "disabled:")
    for name in _KEYS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that a server had no room for is sent again at once."""
    if importlib.util.find_spec(_RETRY):
        monkeypatch.setattr(importlib.import_module(_RETRY), "FIRST_DELAY_S", 0.0)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    path = tmp_path / "mit Leerzeichen & 'ü'.sol"
    path.write_text("contract Vault {}\n")
    return path
