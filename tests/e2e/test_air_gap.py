"""Air-gap mode as the system sees it: which addresses the program asks it for (strace)."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop.providers.egress import is_loopback_host
from tests.e2e.air_gap_inside import TEXT
from tests.program import one_sentence, run
from tests.traced import reached, under_strace

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="strace and unshare are Linux's")

_ROOT = Path(__file__).parents[2]
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def _works(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def _strace() -> None:
    if not _works(*under_strace(os.devnull), "true"):
        pytest.skip("strace is missing, or may not watch a program here")


@pytest.fixture(scope="module")
def unshare() -> list[str]:
    """The command that gives a program a network of its own."""
    for command in (["unshare", "-n"], ["unshare", "-rn"]):
        if _works(*command, "true"):
            return command
    pytest.skip("unshare is missing, or may not make a network here")


@pytest.fixture
def proxy() -> Iterator[socket.socket]:
    """A listening port that nobody accepts at."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def proxied(proxy: socket.socket) -> dict[str, str]:
    """An environment that sends everything through the proxy."""
    url = f"http://127.0.0.1:{proxy.getsockname()[1]}"
    names = [*_PROXIES, *(name.lower() for name in _PROXIES)]
    return {**dict.fromkeys(names, url), "NO_PROXY": "", "no_proxy": ""}


def assert_not_asked(proxy: socket.socket) -> None:
    with pytest.raises(BlockingIOError):
        proxy.accept()


_OPENAI = ["--provider", "openai", "--base-url"]
_REFUSED = [
    *([*_OPENAI, f"http://{host}"] for host in (
        "example.org",
        "10.1.2.3:8000",
        "[::ffff:10.1.2.3]:8000",
        "2130706433:8000",
        "localhost.example.org",
        "127.0.0.1.example.org:8000",
        "0.0.0.0:8000",
        "[fe80::1]:8000",
    )),
    [*_OPENAI, "https://example.org", "--model", "m"],
    [*_OPENAI, "http://example.org", "--proxy", "http://10.1.2.3:3128"],
    ["--provider", "anthropic", "--model", "claude-scripted"],
    ["--provider", "ollama", "--base-url", "http://10.1.2.3:11434"],
    ["--base-url", "http://10.1.2.3:11434"],
]  # fmt: skip


@pytest.mark.usefixtures("_strace")
@pytest.mark.parametrize("arguments", _REFUSED, ids=" ".join)
def test_nothing_leaves_this_machine(
    arguments: list[str], vault: Path, tmp_path: Path, proxy: socket.socket
) -> None:
    trace = tmp_path / "trace"
    environment = {**proxied(proxy), "ANTHROPIC_API_KEY": "sk-ant-key"}
    status, out, err = run(
        "audit", vault, "--air-gap", *arguments, under=under_strace(trace), env=environment
    )
    assert (status, out) == (2, "")
    assert "Air-gap mode" in one_sentence(err)
    assert "socketpair(" in trace.read_text()  # the trace is one
    # Not even a resolver: neither its port nor a daemon that is asked by a path.
    assert reached(trace) == set()
    assert_not_asked(proxy)


@pytest.mark.usefixtures("_strace")
def test_without_the_mode_the_trace_shows_the_way_out(vault: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    arguments = [*_OPENAI, "http://example.org", "--model", "m"]
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        port = refusing.getsockname()[1]
        status, _, err = run(
            "audit", vault, *arguments, under=under_strace(trace), env=proxied(refusing)
        )
    assert status == 2
    assert "Air-gap" not in err
    assert reached(trace) == {f"127.0.0.1:{port}"}


@pytest.mark.usefixtures("_strace")
def test_the_trace_shows_every_kind_of_address(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    script = """
import socket
for family, address in ((socket.AF_INET, "192.0.2.7"), (socket.AF_INET6, "2001:db8::7")):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        try:
            with socket.socket(family, kind) as one:
                one.setblocking(False)
                one.connect((address, 53 + kind))
        except OSError:
            pass
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    try:
        one.sendto(b"x", ("192.0.2.8", 53))
    except OSError:
        pass
with socket.socket(socket.AF_UNIX) as one:
    try:
        one.connect("/nowhere/nscd")
    except OSError:
        pass
"""
    command = [*under_strace(trace), sys.executable, "-c", script]
    subprocess.run(command, check=True)
    assert reached(trace) == {
        "192.0.2.7:54", "192.0.2.7:55", "2001:db8::7:54", "2001:db8::7:55", "192.0.2.8:53",
        "/nowhere/nscd",
    }  # fmt: skip


def inside(
    unshare: list[str], behaviour: str, host: str, source: Path, trace: Path, env: dict[str, str]
) -> dict[str, Any]:
    """What the program did in a network that has loopback only."""
    arguments = [behaviour, host, str(source), str(trace)]
    command = [*unshare, sys.executable, "-m", "tests.e2e.air_gap_inside", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), **env}
    done = subprocess.run(command, capture_output=True, check=False, env=environment, cwd=_ROOT)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.mark.usefixtures("_strace")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]"])
def test_this_machine_needs_no_network_and_no_resolver(
    host: str, unshare: list[str], vault: Path, tmp_path: Path, proxy: socket.socket
) -> None:
    trace = tmp_path / "trace"
    done = inside(unshare, "good", host, vault, trace, proxied(proxy))
    assert (done["status"], done["out"], done["err"]) == (0, TEXT, "")
    address = host.strip("[]").replace("localhost", "127.0.0.1")
    assert is_loopback_host(address)
    assert reached(trace) == {f"{address}:{done['port']}"}


@pytest.mark.usefixtures("_strace")
@pytest.mark.parametrize("behaviour", ["list", "generation"])
def test_a_redirect_is_no_way_out(
    behaviour: str, unshare: list[str], vault: Path, tmp_path: Path, proxy: socket.socket
) -> None:
    trace = tmp_path / "trace"
    done = inside(unshare, behaviour, "127.0.0.1", vault, trace, proxied(proxy))
    assert (done["status"], done["out"]) == (2, "")
    assert "sends the request elsewhere" in one_sentence(done["err"])
    assert reached(trace) == {f"127.0.0.1:{done['port']}"}
