from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop.audit.findings_book import FindingsBook
from spectr_desktop.store.decisions import project_path
from tests.program import journal, one_sentence, run
from tests.servers.openai_server import OpenAIServer
from tests.servers.scripted import ThreadedServer
from tests.servers.streams import Answer
from tests.test_cli import at, whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.scripted import ScriptedServer

REPORT = (
    "## [Critical] The whole balance can be drawn twice\n\n- Impact: High\n- Likelihood: High\n\n"
    '```solidity\n(bool ok, ) = msg.sender.call{value: amount}("");\n```\n'
)
SOURCE = (
    "contract Vault {\n    function withdraw(uint amount) external {\n"
    '        (bool ok, ) = msg.sender.call{value: amount}("");\n    }\n}\n'
)


@pytest.fixture
def ollama() -> Iterator[ScriptedServer]:
    with ThreadedServer(whole(REPORT)) as server:
        yield server


def settings(home: Path, text: str) -> Path:
    home.mkdir(exist_ok=True)
    path = home / "settings.toml"
    path.write_text(text)
    return path


def parameters(home: Path) -> dict[str, Any]:
    return journal(home)[0]["parameters"]


# -- what is asked of a run -------------------------------------------------------------------

_DEFAULTS = (
    '[audit]\ncontext = 16384\nmax_tokens = 700\ntemperature = 0.5\nseed = 7\nthinking = "off"\n'
)


def test_a_run_is_asked_for_as_the_settings_say(
    ollama: ScriptedServer, vault: Path, home: Path
) -> None:
    settings(home, _DEFAULTS)
    status, _, err = run("audit", vault, *at(ollama, "gemma3-270m"))
    assert (status, err) == (0, "")
    found = parameters(home)
    assert (found["context"], found["max_tokens"]) == (16384, 700)
    assert (found["temperature"], found["seed"], found["thinking"]) == (0.5, 7, "off")
    options = ollama.requests[-1].json["options"]
    assert (options["num_ctx"], options["num_predict"], options["seed"]) == (16384, 700, 7)


def test_an_argument_goes_before_a_setting(ollama: ScriptedServer, vault: Path, home: Path) -> None:
    settings(home, _DEFAULTS)
    options = ["--context", "9000", "--max-tokens", "500"]
    assert run("audit", vault, *at(ollama, "gemma3-270m"), *options)[0] == 0
    found = parameters(home)
    assert (found["context"], found["max_tokens"], found["seed"]) == (9000, 500, 7)


def test_the_chosen_version_of_a_prompt_is_sent(
    ollama: ScriptedServer, vault: Path, home: Path
) -> None:
    settings(home, '[prompts]\nquick = "own-9"\n')
    status, _, err = run("audit", vault, *at(ollama))
    assert status == 2
    assert "own-9" in one_sentence(err)
    assert all(request.method == "GET" or not request.json.get("messages")
               for request in ollama.requests)  # fmt: skip


def test_a_damaged_file_is_a_sentence_and_no_obstacle(
    ollama: ScriptedServer, vault: Path, home: Path
) -> None:
    path = settings(home, "[audit\nseed = ?")
    status, out, err = run("audit", vault, *at(ollama))
    assert (status, out) == (0, REPORT)
    assert "was damaged" in one_sentence(err)
    (kept,) = home.glob("settings.toml.damaged-*")
    assert kept.read_text() == "[audit\nseed = ?"
    assert not path.exists()


def test_a_value_that_cannot_be_used_is_named(
    ollama: ScriptedServer, vault: Path, home: Path
) -> None:
    settings(home, '[audit]\nseed = "many"\nmax_tokens = 650\n')
    status, _, err = run("audit", vault, *at(ollama))
    assert status == 0
    assert "audit.seed" in err
    assert err.count("\n") == 1
    assert parameters(home)["max_tokens"] == 650


# -- servers ----------------------------------------------------------------------------------


def server_table(name: str, url: str, more: str = "", identity: str = "a1") -> str:
    return (
        f'[[servers]]\nid = "{identity}"\nprovider = "openai"\nname = "{name}"\n'
        f'base_url = "{url}"\n{more}'
    )


@pytest.fixture
def openai() -> Iterator[OpenAIServer]:
    with ThreadedServer(server := OpenAIServer(Answer(REPORT, natural=True))):
        yield server


@pytest.mark.parametrize("name", ["Bänke & Co", "a1"])
def test_a_server_of_the_settings_is_named(
    openai: OpenAIServer, vault: Path, home: Path, name: str
) -> None:
    settings(home, server_table("Bänke & Co", openai.base_url))
    status, out, err = run("audit", vault, "--server", name)
    assert (status, out, err) == (0, REPORT, "")
    header = journal(home)[0]
    assert (header["provider"], header["base_url"]) == ("openai", openai.base_url)


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("", ["--server", "x"], "no server “x”. Name one of these: none"),
        ("one", ["--server", "x"], "Name one of these: one"),
        ("off", ["--server", "off"], "“off” is off"),
        ("twice", ["--server", "twice"], "2 servers “twice”. Name one by its id: a1, b2"),
        ("one", ["--server", "one", "--provider", "ollama"], "Leave --provider"),
        ("one", ["--server", "one", "--base-url", "http://x"], "Leave --provider"),
    ],
)
@pytest.mark.parametrize("command", ["audit", "models"])
def test_a_server_that_cannot_be_meant_is_a_sentence(
    vault: Path, home: Path, text: str, arguments: list[str], words: str, command: str
) -> None:
    tables = {
        "": "",
        "one": server_table("one", "http://127.0.0.1:1"),
        "off": server_table("off", "http://127.0.0.1:1", "enabled = false\n"),
        "twice": server_table("twice", "http://127.0.0.1:1")
        + server_table("twice", "http://127.0.0.1:2", identity="b2"),
    }
    settings(home, tables[text])
    named = [vault] if command == "audit" else []
    status, out, err = run(command, *named, *arguments)
    assert (status, out) == (2, "")
    assert words in one_sentence(err)


def test_options_of_a_server_hold_and_those_of_the_arguments_before_them(
    vault: Path, home: Path, openai: OpenAIServer
) -> None:
    # Whether a proxy is used shows where the request arrives.
    where = "http://model.example.org"
    settings(home, server_table("far", where, 'proxy = "http://127.0.0.1:1"\n'))
    arguments = ["--server", "far", "--model", "m", "--proxy", openai.base_url]
    run("audit", vault, *arguments)
    assert any("model.example.org" in request.path for request in openai.requests)
    count = len(openai.requests)
    status, _, err = run("audit", vault, *arguments[:4])
    assert status == 2
    assert "No model server answers at model.example.org" in one_sentence(err)
    assert len(openai.requests) == count


def test_models_are_asked_of_the_servers_of_the_settings(
    openai: OpenAIServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    settings(home, server_table("mine", openai.base_url))
    status, out, _ = run("models", "--json")
    assert status == 0
    assert {row["base_url"] for row in json.loads(out) if row["provider"] == "openai"} == {
        openai.base_url
    }


# -- air-gap mode -----------------------------------------------------------------------------

_AIR_GAP = "[privacy]\nair_gap = true\n"


@pytest.mark.parametrize("command", ["audit", "models"])
def test_the_mode_of_the_settings_holds(vault: Path, home: Path, command: str) -> None:
    settings(home, _AIR_GAP + server_table("far", "http://model.example.org"))
    named = [vault] if command == "audit" else []
    status, out, err = run(command, *named, "--server", "far")
    assert (status, out) == (2, "")
    assert "Air-gap mode is on, so model.example.org was not contacted" in one_sentence(err)
    assert "--no-air-gap" in err


def test_the_mode_can_be_switched_off_for_one_call(
    vault: Path, home: Path, openai: OpenAIServer
) -> None:
    more = f'proxy = "{openai.base_url}"\n'
    settings(home, _AIR_GAP + server_table("far", "http://model.example.org", more))
    arguments = ["--server", "far", "--model", "m", "--no-air-gap"]
    _, _, err = run("audit", vault, *arguments)
    assert "Air-gap" not in err
    assert any("model.example.org" in request.path for request in openai.requests)


def test_the_mode_of_an_argument_is_not_blamed_on_the_settings(vault: Path, home: Path) -> None:
    settings(home, server_table("far", "http://model.example.org"))
    _, _, err = run("audit", vault, "--server", "far", "--air-gap")
    assert "Air-gap mode is on" in one_sentence(err)
    assert "settings" not in err


# -- the project ------------------------------------------------------------------------------


def test_the_findings_are_the_projects(ollama: ScriptedServer, tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "Kunde ü"
    (folder / "src").mkdir(parents=True)
    paths = [folder / "src" / "Vault.sol", folder / "Other.sol"]
    for path in paths:
        path.write_text(SOURCE)
    assert run("audit", *paths, *at(ollama))[0] == 0
    header = journal(home)[0]
    assert header["root"] == str(folder)
    assert [file["path"] for file in header["files"]] == ["src/Vault.sol", "Other.sol"]
    book = FindingsBook()
    book.open(folder, "src/Vault.sol", SOURCE)
    titles = [(found.key, found.texts.title) for found in book.findings()]
    assert titles == [("F1", "The whole balance can be drawn twice")]
    (sighting,) = book.findings()[0].sightings
    assert sighting.run == header["id"]


def test_a_partial_run_gives_its_findings_too(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "Vault.sol"
    path.write_text(SOURCE)
    answer = Answer(REPORT)  # ends at the limit
    with ThreadedServer(OpenAIServer(answer)) as server:
        arguments = ["--provider", "openai", "--base-url", server.base_url]
        status, _, err = run("audit", path, *arguments)
    assert status == 2
    one_sentence(err)
    assert (project_path(tmp_path) / "decisions.jsonl").exists()


def test_findings_that_cannot_be_added_are_a_sentence(
    ollama: ScriptedServer, tmp_path: Path, home: Path
) -> None:
    path = tmp_path / "Vault.sol"
    path.write_text(SOURCE)
    home.mkdir()
    (home / "projects").write_text("no folder")
    status, out, err = run("audit", path, *at(ollama))
    assert (status, out) == (0, REPORT)
    assert "The findings were not added to the project's." in one_sentence(err)
    assert journal(home)[-1]["outcome"] == "complete"


def test_a_run_without_findings_makes_no_project(tmp_path: Path, home: Path, vault: Path) -> None:
    with ThreadedServer(whole("All is well.\n")) as server:
        assert run("audit", vault, *at(server))[0] == 0
    assert not (home / "projects").exists()
