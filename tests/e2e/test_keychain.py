"""Keys in a real Secret Service, and the whole program with a key from nowhere else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.secret_service import SecretService, missing
from tests.program import one_sentence, outcome_of, run
from tests.served_runs import SERVERS
from tests.servers.faults import Fault
from tests.servers.script import Request, Script, reply
from tests.servers.scripted import ThreadedServer
from tests.servers.streams import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.model_server import ModelServer

_ROOT = Path(__file__).parents[2]
_PASSWORD = "a password of the keychain"  # noqa: S105  # of a keychain that ends with its test
_KEY = "sk-ant-api03-SECRET-a/b+c&d=0123456789"
# What another program of ours does with the key of a server: provider, address, key.
_START = """
import asyncio
import sys
from spectr_desktop.audit.keys import ServerKeys
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.server import ServerConfig
"""
_SAVE = f"""{_START}
what, provider, address, *key = sys.argv[1:]
keys, server = ServerKeys(), ServerConfig(provider, address)
async def main():
    print(await getattr(keys, what)(server, *key))
    print(keys.source(server)() or "none")
try:
    asyncio.run(main())
except SpectrError as error:
    print(error.code, error.message, error.detail)
    print(keys.source(server)() or "none")
"""
# A key is saved, the keychain goes away, and the key is asked for.
_GONE = f"""{_START}
keys, server = ServerKeys(), ServerConfig("anthropic", "https://api.example.org")
async def main():
    print(await keys.save(server, sys.argv[1]), flush=True)
    sys.stdin.readline()
    for asking in (keys.load((server,)), keys.forget(server)):
        try:
            await asking
        except SpectrError as error:
            print(error.code, keys.source(server)() or "none")
asyncio.run(main())
"""
# The keychain is asked, and the program ends before it has answered.
_ENDED = f"""{_START}
async def main():
    asking = asyncio.create_task(ServerKeys().load((ServerConfig("anthropic"),)))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait((asking,))
    print("ended", asking.cancelled())
asyncio.run(main())
"""


@pytest.fixture
def service(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SecretService]:
    """An unlocked keychain with nothing in it; all children of the test use it."""
    if missing():
        pytest.skip(f"{missing()} is not installed")
    service = SecretService(tmp_path_factory.mktemp("k"))
    with service.bus():
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
        service.start(_PASSWORD)
        yield service


def _in_another_process(*arguments: str) -> tuple[str, str]:
    """A sentence, and the key that a request would have now."""
    command = [sys.executable, "-c", _SAVE, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=_ROOT, check=True)
    said, key = done.stdout.splitlines()
    return said, key


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_key_is_saved_read_by_another_process_and_forgotten(service: SecretService) -> None:
    where = ("anthropic", "https://api.example.org")
    assert _in_another_process("stored", *where) == ("There is no key for this server.", "none")
    said, key = _in_another_process("save", *where, _KEY)
    assert said == "The key is saved in the system's keychain (Secret Service)."
    assert key == _KEY
    said, key = _in_another_process("stored", *where)
    assert said == "A key is saved in the system's keychain (Secret Service): ••••••6789"
    assert key == _KEY
    other = _in_another_process("stored", "anthropic", "https://other.example.org")
    assert other == ("There is no key for this server.", "none")
    said, _ = _in_another_process("forget", *where)
    assert said == "The key is deleted from the system's keychain."
    assert _in_another_process("stored", *where)[1] == "none"


def test_a_locked_keychain_is_a_sentence_and_the_key_stays_in_memory(
    service: SecretService,
) -> None:
    where = ("anthropic", "https://api.example.org")
    _in_another_process("save", *where, _KEY)
    service.start()
    said, key = _in_another_process("stored", *where)
    assert said.startswith("keychain The system's keychain (Secret Service) is locked")
    assert key == "none"
    said, key = _in_another_process("save", *where, "sk-ant-another-0123456789")
    assert "kept in memory" in said
    assert key == "sk-ant-another-0123456789"
    service.start(_PASSWORD)
    assert _in_another_process("stored", *where)[1] == _KEY  # the old one was not touched


def test_without_a_keychain_on_the_bus_the_key_stays_in_memory(service: SecretService) -> None:
    service.stop()
    said, key = _in_another_process("save", "anthropic", "https://api.example.org", _KEY)
    assert said.startswith("This system has no keychain")
    assert key == _KEY
    assert not [name for name, raw in _files(service.home).items() if b"SECRET" in raw]


def test_a_keychain_that_goes_away_is_a_sentence(service: SecretService) -> None:
    command = [sys.executable, "-c", _GONE, _KEY]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=_ROOT) as program:
        assert program.stdout is not None
        assert "Secret Service" in program.stdout.readline()
        service.stop()
        out, _ = program.communicate("\n")
    # The key that is loaded stays until it is to be forgotten.
    assert out.splitlines() == [f"keychain {_KEY}", "keychain none"]


def test_the_program_ends_though_the_keychain_does_not_answer(service: SecretService) -> None:
    service.freeze()
    command = [sys.executable, "-c", _ENDED]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=_ROOT, check=True, timeout=60
    )
    assert done.stdout == "ended True\n"
    assert done.stderr == ""


def test_a_backend_that_writes_files_is_not_used_though_it_is_asked_for(
    service: SecretService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")
    said, _ = _in_another_process("save", "anthropic", "https://api.example.org", _KEY)
    assert "memory" in said
    assert not [name for name, raw in _files(service.home).items() if b"SECRET" in raw]


def _error(request: Request) -> Script:
    """A careless server: it repeats the headers that it was sent."""
    message = " ".join(request.headers.values())
    return reply({"error": {"type": "bad", "message": message}}, 401)


@pytest.mark.parametrize("fault", ["none", "cut", "error body", "repeats the key"])
@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_a_run_with_a_saved_key_leaves_it_nowhere(
    kind: str, fault: str, service: SecretService, vault: Path, tmp_path: Path
) -> None:
    faults = {"cut": Fault.CUT, "error body": Fault.ERROR_BODY}
    answer = Answer("Nothing was found. " * 4, natural=True, fault=faults.get(fault))
    server: ModelServer = SERVERS[kind][0](answer)
    if fault == "repeats the key":
        server.routes["POST", server.generating] = _error
    report = tmp_path / "report.md"
    with ThreadedServer(server):
        _in_another_process("save", kind, server.base_url, _KEY)
        where = ["--provider", kind, "--base-url", server.base_url, "--model", SERVERS[kind][1]]
        arguments = [*where, "--format", "events", "--output", report]
        status, out, err = run("audit", vault, *arguments)
        _, listed, _ = run("models", *where[:4])
    sent = [r.headers.get("x-api-key") or r.headers.get("authorization") for r in server.requests]
    assert {(key or "").removeprefix("Bearer ") for key in sent if key} == {_KEY}
    assert all(key for r, key in zip(server.requests, sent, strict=True) if r.path != "/health")
    assert (outcome_of(out)["outcome"] == "complete") == (fault == "none")
    if fault != "none":
        one_sentence(err)
    said = {"out": out.encode(), "err": err.encode(), "listed": listed.encode()}
    written = {**_files(tmp_path / "home"), **_files(service.home)}
    assert any(name.endswith("journal.jsonl") for name in written)
    assert any(name.endswith("spectr-desktop.log") for name in written)
    assert any(name.endswith(".keyring") for name in written)
    everything = {**said, **written, "report": report.read_bytes()}
    assert [name for name, raw in everything.items() if b"SECRET" in raw] == []
    assert (status == 0) == (fault == "none")


def test_a_saved_key_goes_before_the_environment_and_to_its_own_server_only(
    service: SecretService, vault: Path
) -> None:
    first, second = (SERVERS["openai"][0](Answer("Fine.", natural=True)) for _ in range(2))
    with ThreadedServer(first), ThreadedServer(second):
        _in_another_process("save", "openai", first.base_url, _KEY)
        for server in (first, second):
            where = ["--provider", "openai", "--base-url", server.base_url, "--model", "smollm2"]
            status, _, _ = run("audit", vault, *where, env={"OPENAI_API_KEY": "sk-environment"})
            assert status == 0
    for server, key in ((first, _KEY), (second, "sk-environment")):
        (generation,) = [r for r in server.requests if server.generates(r)]
        assert generation.headers["authorization"] == f"Bearer {key}"


def test_a_locked_keychain_is_said_and_the_run_goes_on(service: SecretService, vault: Path) -> None:
    server = SERVERS["openai"][0](Answer("Fine.", natural=True))
    with ThreadedServer(server):
        _in_another_process("save", "openai", server.base_url, _KEY)
        service.start()
        where = ["--provider", "openai", "--base-url", server.base_url, "--model", "smollm2"]
        status, _, err = run("audit", vault, *where, env={"OPENAI_API_KEY": "sk-environment"})
    assert status == 0
    assert "locked" in one_sentence(err)
    keys = {r.headers.get("authorization") for r in server.requests if server.generates(r)}
    assert keys == {"Bearer sk-environment"}
