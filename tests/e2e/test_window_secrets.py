"""Keys are nowhere that the window writes, shows, copies, or hands to a child."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.report.export.formats import SUFFIXES
from tests.e2e.secret_service import SecretService, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the keychain is Linux's")

_ROOT = Path(__file__).parents[2]
_PASSWORD = "a password of the keychain"  # noqa: S105  # of a keychain that ends with its test
_SAVED = "sk-ant-api03-SECRET-a/b+c&d=0123456789"
_KEYS = {
    "ANTHROPIC_API_KEY": "sk-env-SECRET-a/b+c&d=0123456789",
    "OPENAI_API_KEY": "sk-oai-SECRET-a/b+c&d=0123456789",
    "OLLAMA_API_KEY": "sk-oll-SECRET-a/b+c&d=0123456789",
}
_TABLE = """
[[servers]]
id = "{provider}"
provider = "{provider}"
name = "Far {provider}"
base_url = "http://{provider}.example.org"
"""
_SAVE = """
import asyncio, sys
from spectr_desktop.audit.keys import ServerKeys
from spectr_desktop.records.server import ServerConfig
server = ServerConfig("anthropic", "http://anthropic.example.org")
print(asyncio.run(ServerKeys().save(server, sys.argv[1])))
"""


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections as long as the test runs."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecretService]:
    """An unlocked keychain with nothing in it."""
    if missing():
        pytest.skip(f"{missing()} is not installed")
    service = SecretService(tmp_path_factory.mktemp("k"))
    with service.bus():
        service.start(_PASSWORD)
        yield service


def test_no_key_is_shown_copied_handed_on_or_written(
    service: SecretService, tmp_path: Path, closed_port: int
) -> None:
    home, source = tmp_path / "home", tmp_path / "Vault.sol"
    home.mkdir()
    source.write_text("contract Vault {}\n")
    tables = [_TABLE.format(provider=name) for name in ("anthropic", "openai", "ollama")]
    (home / "settings.toml").write_text("".join(tables))
    environment = {
        **os.environ,
        **service.environment,
        **_KEYS,
        "OLLAMA_HOST": f"127.0.0.1:{closed_port}",
        "PYTHONPATH": str(_ROOT),
        "SPECTR_HOME": str(home),
        "QT_QPA_PLATFORM": "offscreen",
        # Nobody answers for the names of the servers; what would ask for them goes here.
        "HTTP_PROXY": f"http://127.0.0.1:{closed_port}",
        "http_proxy": f"http://127.0.0.1:{closed_port}",
    }
    environment.pop("PYTHON_KEYRING_BACKEND", None)
    saving = [sys.executable, "-c", _SAVE, _SAVED]
    saved = subprocess.run(saving, env=environment, capture_output=True, check=True, text=True)
    assert "keychain" in saved.stdout
    driver = [sys.executable, "-m", "tests.e2e.secrets_window", str(source)]
    done = subprocess.run(
        driver, env=environment, capture_output=True, check=False, cwd=_ROOT, timeout=110
    )
    assert done.returncode == 0, done.stderr.decode()[-4000:]
    found = json.loads(done.stdout)
    assert set(found) >= {"shown", "copied", "arguments", "children"}
    assert "--make-pdf" in found["arguments"]
    # The faults were there to be seen: what the servers repeated has something else in its place.
    assert "[key]" in found["shown"]
    assert "anthropic.example.org" in found["copied"]
    assert "RuntimeError" in found["copied"]
    assert "••••6789" in found["shown"].replace("•" * 6, "•" * 4)  # at most the end of a key
    assert [where for where, text in found.items() if "SECRET" in text] == []
    files = [path for path in home.rglob("*") if path.is_file()]
    assert {"journal.jsonl", "settings.toml"} <= {path.name for path in files}
    exported = [*tmp_path.glob("Vault-report.*")]
    assert len(exported) == len(SUFFIXES)
    written = [*files, *exported]
    assert [path for path in written if b"SECRET" in path.read_bytes()] == []
    assert b"SECRET" not in done.stderr
