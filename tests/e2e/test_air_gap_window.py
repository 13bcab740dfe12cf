"""Every feature of the window in air-gap mode, as the system sees it: nothing leaves (strace)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from spectr_desktop.providers.egress import is_loopback_host
from tests.e2e.secret_service import SecretService, missing
from tests.e2e.test_air_gap import _works
from tests.traced import reached, under_strace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="strace and unshare are Linux's")

_ROOT = Path(__file__).parents[2]
_PASSWORD = "a password of the keychain"  # noqa: S105  # of a keychain that ends with its test
_SAVED_KEY = "sk-ant-api03-SECRET-saved-0123456789"
_KEYS = {
    "ANTHROPIC_API_KEY": "sk-ant-api03-SECRET-environment-0123",
    "OPENAI_API_KEY": "sk-SECRET-environment-01234567",
    "OLLAMA_API_KEY": "SECRET-environment-0123456789",
}
_PROXY = "http://proxy.example.org:3128"
_SOURCE = (
    "contract Vault {\n    function withdraw(uint amount) external {\n"
    '        (bool ok, ) = msg.sender.call{value: amount}("");\n    }\n}\n'
)
_SETTINGS = """
[privacy]
air_gap = AIR_GAP
notify = true

[[servers]]
id = "c1"
provider = "anthropic"
name = "Claude far"
base_url = "https://claude.example.org"
proxy = "http://proxy.example.org:3128"

[[servers]]
id = "o1"
provider = "openai"
name = "Gateway"
base_url = "http://gateway.example.org:8000"

[[servers]]
id = "l1"
provider = "ollama"
name = "Big box"
base_url = "http://10.1.2.3:11434"
"""
_SAVE = """
import asyncio, sys
from spectr_desktop.audit.keys import ServerKeys
from spectr_desktop.records.server import ServerConfig
server = ServerConfig("anthropic", "https://claude.example.org")
print(asyncio.run(ServerKeys().save(server, sys.argv[1])))
"""
# All that is done in the window, in this order; models and tests of servers tell more.
_STEPS = [
    "open", "models", "run", "link", "stop", "run again", "decide", "ask", "draft",
    "finding by hand", "refused big:cloud", "refused far-anthropic", "refused far-openai",
    "refused far-ollama", "history", "test 0", "test 1", "test 2", "key", "notification",
    "crash", "export", "file changed", "erase",
]  # fmt: skip


@dataclass
class Ran:
    """What a run of the window has left: its own words, and what strace saw."""

    result: dict[str, Any]
    reached: set[str]

    @property
    def elsewhere(self) -> set[str]:
        """Addresses of the network that are not on this machine; families that have none too."""
        return {
            one
            for one in self.reached
            if not one.startswith("/") and not is_loopback_host(one.rpartition(":")[0])
        }


@pytest.fixture(scope="module")
def unshare() -> list[str]:
    """The command that gives a program a network of its own, and lets strace watch it there."""
    for command in (["unshare", "-n"], ["unshare", "-rn"]):
        if _works(*command, *under_strace(os.devnull), "true"):
            return command
    pytest.skip("strace or unshare is missing, or not allowed here")


def _environment(service: SecretService, home: Path) -> dict[str, str]:
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    names = [*proxies, *(name.lower() for name in proxies)]
    environment = {
        **os.environ,
        **service.environment,
        **_KEYS,
        **dict.fromkeys(names, _PROXY),
        # One server is asked directly, the others over a proxy.
        "NO_PROXY": "10.1.2.3",
        "no_proxy": "10.1.2.3",
        "PYTHONPATH": str(_ROOT),
        "SPECTR_HOME": str(home),
        "QT_QPA_PLATFORM": "offscreen",
    }
    environment.pop("PYTHON_KEYRING_BACKEND", None)
    return environment


def _used(
    what: str, unshare: list[str], service: SecretService, folder: Path, *, air_gap: bool
) -> Ran:
    """Use the window in a network that has loopback only."""
    home, source, trace = folder / "home", folder / "Vault.sol", folder / "trace"
    home.mkdir(exist_ok=True)
    source.write_text(_SOURCE)
    text = _SETTINGS.replace("AIR_GAP", "true" if air_gap else "false")
    (home / "settings.toml").write_text(text)
    environment = _environment(service, home)
    saving = [sys.executable, "-c", _SAVE, _SAVED_KEY]
    saved = subprocess.run(saving, env=environment, capture_output=True, check=True, text=True)
    assert "keychain" in saved.stdout
    driver = [sys.executable, "-m", "tests.e2e.air_gap_window", str(source), what]
    command = [*unshare, *under_strace(trace), *driver]
    done = subprocess.run(command, capture_output=True, check=False, env=environment, cwd=_ROOT)
    assert done.returncode == 0, done.stderr.decode()[-4000:]
    return Ran(json.loads(done.stdout), reached(trace))


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401  # of a generator
    """An unlocked keychain with nothing in it."""
    if missing():
        pytest.skip(f"{missing()} is not installed")
    service = SecretService(tmp_path_factory.mktemp("k"))
    with service.bus():
        service.start(_PASSWORD)
        yield service


def test_nothing_leaves_whatever_is_used(
    unshare: list[str], service: SecretService, tmp_path: Path
) -> None:
    ran = _used("all", unshare, service, tmp_path, air_gap=True)
    steps = ran.result["steps"]
    assert [step.partition(":")[0] if step[:4] in ("test", "key:") else step for step in steps] == (
        _STEPS
    )
    tests = [step for step in steps if step.startswith("test ")]
    assert all("Air-gap mode is on" in step for step in tests)
    (key,) = [step for step in steps if step.startswith("key: ")]
    assert "keychain" in key
    # Not even a resolver: neither its port nor a daemon that is asked by a path.
    assert ran.elsewhere == set()
    address = service.environment["DBUS_SESSION_BUS_ADDRESS"].removeprefix("unix:path=")
    # logind, which keeps the machine awake, is asked over the system's bus.
    allowed = {address, "/run/dbus/system_bus_socket", "/var/run/dbus/system_bus_socket"}
    assert {one for one in ran.reached if one.startswith("/")} <= allowed
    assert address in ran.reached  # the keychain was asked: the trace is one
    assert f"127.0.0.1:{ran.result['port']}" in ran.reached
    refused = ran.result["refused"]
    assert refused >= len([step for step in steps if step.startswith(("test ", "refused "))])
    assert ran.result["counted"] == refused
    assert ran.result["badge"] == f"Air-gapped · {refused} refused"


def test_without_the_mode_the_same_trace_shows_the_ways_out(
    unshare: list[str], service: SecretService, tmp_path: Path
) -> None:
    ran = _used("servers", unshare, service, tmp_path, air_gap=False)
    assert ran.result["refused"] == ran.result["counted"] == 0
    assert "Air-gap" not in ran.result["badge"]
    tests = [step for step in ran.result["steps"] if step.startswith("test ")]
    assert len(tests) == 3
    assert not any("Air-gap" in step for step in tests)
    assert "10.1.2.3:11434" in ran.elsewhere
    # The proxies have names: somebody who knows names is asked.
    resolvers = {one for one in ran.reached if one.endswith((":53", "nscd/socket"))}
    assert resolvers
