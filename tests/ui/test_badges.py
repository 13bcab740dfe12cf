"""The badge for every kind of server, and what a proxy changes: nothing."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QLabel

from spectr_desktop.records.server import ModelInfo, ServerConfig
from spectr_desktop.ui.model_picker import Choice
from tests.ui.driving import REPORT, child, ran, start

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.ui.main_window import MainWindow
    from tests.ui.conftest import Ollama

_PROXY = "http://proxy.example.org:3128"
_MODEL, _CLOUD = ModelInfo("m"), ModelInfo("m", remote=True)
_CASES = [
    ("ollama", "", _MODEL, "Local"),
    ("ollama", "http://localhost:11434", _MODEL, "Local"),
    ("ollama", "http://127.5.5.5:11434/v1", _MODEL, "Local"),
    ("ollama", "http://[::1]:11434", _MODEL, "Local"),
    ("ollama", "http://[::ffff:127.0.0.1]:11434", _MODEL, "Local"),
    ("ollama", "", _CLOUD, "Remote"),
    ("ollama", "http://10.1.2.3:11434", _MODEL, "Remote"),
    ("ollama", "http://10.1.2.3:11434", _CLOUD, "Remote"),
    ("ollama", "http://[fe80::1]:11434", _MODEL, "Remote"),
    ("ollama", "http://localhost.example.org:11434", _MODEL, "Remote"),
    ("ollama", "https://ollama.com", _MODEL, "Remote"),
    # llama-server, or what says that it is one, may forward to others as well.
    ("openai", "http://127.0.0.1:8080", _MODEL, "Local port"),
    ("openai", "http://localhost:1234/v1", _MODEL, "Local port"),
    ("openai", "http://[::1]:8080", _MODEL, "Local port"),
    ("openai", "http://192.168.1.5:8000", _MODEL, "Remote"),
    ("openai", "http://[fd00::1]:8000", _MODEL, "Remote"),
    ("openai", "http://0.0.0.0:8000", _MODEL, "Remote"),
    ("openai", "https://api.openai.com", _MODEL, "Remote"),
    ("anthropic", "", _MODEL, "Remote"),
    ("anthropic", "http://127.0.0.1:4000", _MODEL, "Local port"),
    ("anthropic", "https://claude.example.org", _MODEL, "Remote"),
    ("builtin", "", _MODEL, "Local"),
]


@pytest.mark.parametrize("proxy", ["", _PROXY])
@pytest.mark.parametrize(("provider", "url", "model", "words"), _CASES)
async def test_the_badge_says_where_the_source_goes(
    window: MainWindow, provider: str, url: str, model: ModelInfo, words: str, proxy: str
) -> None:
    await start(window, None)
    config = ServerConfig(provider, url, proxy=proxy)
    locality = window.runs.provider(config).locality(model)
    window.top.picker.set_rows([Choice(config, model, "A server", locality)], [])
    assert window.top.picker.pick("m")
    badge = child(window, QLabel, "privacyBadge")
    assert badge.isVisible()
    assert badge.text() == words
    assert badge.accessibleDescription() == badge.toolTip() != ""
    if words == "Remote":
        choice = window.top.picker.choice()
        assert choice is not None
        assert window.models.host(choice) in badge.toolTip()


async def test_a_proxy_is_never_used_on_this_machine(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.setblocking(False)
        there = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        await start(window, contract, ServerConfig("ollama", ollama.base_url, proxy=there))
        assert child(window, QLabel, "privacyBadge").text() == "Local"
        await ran(window)
        assert window.report.text() == REPORT
        with pytest.raises(BlockingIOError):
            proxy.accept()
