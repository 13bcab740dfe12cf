"""The window is killed while a report streams and edits are not saved; the next one has both."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.killing import driver
from tests.servers.ollama_server import OllamaServer
from tests.servers.script import Gate
from tests.servers.scripted import ThreadedServer
from tests.servers.streams import Answer

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

_TEXT = "".join(f"## [High] Finding {n}\n\nIt is reëntrancy {n}.\n\n" for n in range(4))
_SOURCE = "contract Vault {\n    function withdraw() external {}\n}\n"
_TYPED = "// typed and not saved "


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    """It holds its first answer in the middle."""
    answer = Answer(text=_TEXT, natural=True, seed=None, within=Gate(), within_after=30)
    server = OllamaServer(answer)
    with ThreadedServer(server):
        yield server


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    path = tmp_path / "mit Leerzeichen & 'ü'.sol"
    path.write_text(_SOURCE)
    return path


def started(what: str, server: OllamaServer, home: Path, vault: Path) -> subprocess.Popen[bytes]:
    name = server.installed[0]["name"]
    return driver("window_recovery", what, server.base_url, name, vault, home=home)


def told_until(child: subprocess.Popen[bytes], *wanted: str) -> dict[str, Any]:
    """The newest of what a program tells, once it has told of all that is wanted."""
    assert child.stdout is not None
    told: dict[str, Any] = {}
    while not set(wanted) <= told.keys():
        line = child.stdout.readline()
        assert line, child.stderr.read().decode() if child.stderr else ""
        what, words = json.loads(line)
        told[what] = words
    return told


def asked(server: OllamaServer) -> list[dict[str, Any]]:
    """The requests that carried source."""
    bodies = [r.json for r in server.requests if r.path == "/api/chat"]
    return [body for body in bodies if body["messages"]]


def test_a_killed_window_is_taken_up_by_the_next_one(
    server: OllamaServer, home: Path, vault: Path
) -> None:
    with started("type", server, home, vault) as child:
        shown = told_until(child, "kept", "report")
        child.kill()
        rest, _ = child.communicate()
    shown |= dict(json.loads(line) for line in rest.split(b"\n")[:-1])
    assert shown["kept"] == _TYPED + _SOURCE
    assert vault.read_text() == _SOURCE
    part = shown["report"]
    assert part
    assert _TEXT.startswith(part)
    assert server.answer.within is not None
    server.answer.within.open()
    server.answer = Answer(text=_TEXT, natural=True, seed=None)
    assert len(asked(server)) == 1

    with started("again", server, home, vault) as child:
        out, err = child.communicate()
    assert child.returncode == 0, err.decode()
    told = dict(json.loads(line) for line in out.splitlines())
    assert f"Unsaved changes to {vault.name}" in told["source bar"]
    assert f"The report on {vault.name} was interrupted at" in told["report bar"]
    assert told["answers"] == ["open", "again", "delete"]
    # What was typed was sent too: the next window shows it as the source of that run.
    assert told["sent source"] == _TYPED + _SOURCE
    assert told["report"].startswith(part)
    assert told["report"].count("The run was interrupted here.") == 1
    assert told["report"].endswith(_TEXT)
    assert told["banner"] == ""
    assert told["on the disk"] == _SOURCE
    assert told["editor"] == _TYPED + _SOURCE
    first, second = asked(server)
    assert first["messages"] == second["messages"]
    assert first["options"] == second["options"]


def test_killed_at_once_nothing_is_sent_unasked(
    server: OllamaServer, home: Path, vault: Path
) -> None:
    with started("type", server, home, vault) as child:
        told_until(child, "report")
        child.kill()
        child.communicate()
    before = len(server.requests)
    other = OllamaServer()
    with ThreadedServer(other), started("again", other, home, vault) as child:
        told = told_until(child, "report bar", "answers")
        child.kill()
        child.communicate()
    assert "was interrupted at" in told["report bar"]
    assert len(server.requests) == before
