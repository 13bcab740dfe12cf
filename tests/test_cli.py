from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop import __version__
from spectr_desktop.report.export.canonical import canonical
from tests.program import journal, one_sentence, outcome_of, run, start
from tests.servers.ollama_server import OllamaServer
from tests.servers.script import Gate, Pause, Request, Script, Send, reply
from tests.servers.scripted import ScriptedServer, ThreadedServer
from tests.servers.streams import Answer, Fault, prompt_tokens

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

_TEXT = "## High: Reëntrancy 🏦\r\n\x1b[31m| `withdraw` \u2028 |\n" * 5
_CLOSED = "http://127.0.0.1:1"


class NaturalEnd(OllamaServer):
    """Ends its answers by itself; the recorded one ends at its limit.

    Attributes:
        before_end: a gate before the end mark.
    """

    before_end: Gate | None = None

    def _chat(self, request: Request) -> Script:
        stop = (b'"done_reason":"length"', b'"done_reason":"stop"  ')
        steps = list(super()._chat(request))
        if self.before_end and request.json["messages"]:
            steps.insert(-2, Pause(self.before_end))
        return [Send(s.payload.replace(*stop)) if isinstance(s, Send) else s for s in steps]


def whole(text: str = _TEXT, **answer: Any) -> NaturalEnd:  # noqa: ANN401  # fields of Answer
    return NaturalEnd(Answer(text=text, seed=None, **answer))


@pytest.fixture
def ollama() -> Iterator[ScriptedServer]:
    with ThreadedServer(whole()) as server:
        yield server


def at(server: ScriptedServer, model: str = "smollm2") -> list[str]:
    return ["--provider", "ollama", "--base-url", server.base_url + "/v1", "--model", model]


def test_a_complete_run_gives_the_text_verbatim(
    ollama: ScriptedServer, vault: Path, home: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.md"
    status, out, err = run("audit", vault, *at(ollama), "--output", report)
    assert (status, out, err) == (0, _TEXT, "")
    assert report.read_text().endswith(f"---\n\n{canonical(_TEXT)}\n")
    assert "Not complete" not in report.read_text()
    header, *_, last = journal(home)
    assert header["files"][0]["path"] == vault.name
    assert (last["event"], last["outcome"]) == ("outcome", "complete")


def test_events_are_json_lines_and_the_outcome_is_last(ollama: ScriptedServer, vault: Path) -> None:
    status, out, err = run("audit", vault, *at(ollama), "--format", "events")
    assert (status, err) == (0, "")
    last = outcome_of(out)
    assert (last["outcome"], last["error"]) == ("complete", None)
    assert last["usage"]["input"] == prompt_tokens(ollama.requests[-1].json)
    events = [json.loads(line) for line in out.split("\n")[:-1]]
    assert "".join(e["text"] for e in events if e["event"] == "text_delta") == _TEXT
    phases = [event["phase"] for event in events if event["event"] == "phase"]
    assert phases == ["connecting", "loading", "reading", "writing", "finishing"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("contract Größe {}".encode("cp1252"), "contract Größe {}"),
        ("contract Größe {}".encode("utf-16"), "contract Größe {}"),
        (b"contract A {} // \x81\x8d", "contract A {} // \x81\x8d"),
        ("\ufeffcontract Größe {}\r\n".encode(), "contract Größe {}\n"),
    ],
)
def test_sources_in_other_encodings_are_read(
    ollama: ScriptedServer, tmp_path: Path, raw: bytes, expected: str
) -> None:
    path = tmp_path / "a.sol"
    path.write_bytes(raw)
    assert run("audit", path, *at(ollama))[0] == 0
    assert expected in ollama.requests[-1].json["messages"][1]["content"]


@pytest.mark.parametrize(
    ("fault", "outcome", "code", "kept"),
    [
        (None, "length_limit", None, True),
        (Fault.NO_END_MARK, "interrupted", "no_end_mark", True),
        (Fault.CUT, "interrupted", "connection_lost", True),
        (Fault.ERROR_INSIDE, "failed", "server_error", True),
        (Fault.OVERFLOW, "failed", "context_overflow", False),
        (Fault.BAD_REQUEST, "failed", "bad_request", False),
    ],
)
def test_any_other_end_is_2_one_sentence_and_a_stamped_report(
    vault: Path, tmp_path: Path, fault: Fault | None, outcome: str, code: str | None, kept: bool
) -> None:
    report = tmp_path / "report.md"
    with ThreadedServer(OllamaServer(Answer(text=_TEXT, fault=fault, seed=1))) as server:
        options = ["--format", "events", "--output", report]
        status, out, err = run("audit", vault, *at(server), *options)
    last = outcome_of(out)
    assert status == 2
    assert (last["outcome"], (last["error"] or {"code": None})["code"]) == (outcome, code)
    assert one_sentence(err)
    written = report.read_text()
    assert "> **Not complete." in written
    assert (f"---\n\n{canonical(_TEXT[:12])}" in written) == kept


_FILES = {
    "empty": (b"", "nothing_to_audit"),
    "blank": (b" \n\n", "nothing_to_audit"),
    "binary": (b"\x00\x01\x02" * 99, "binary"),
    "too large": (b"x" * (5 * 1024 * 1024 + 1), "too_large"),
    "missing": (None, "file_missing"),
    "folder": (None, "nothing_found"),
    "line\nbreak": (None, "file_missing"),
}


@pytest.mark.parametrize("name", _FILES)
def test_a_bad_file_is_one_sentence(ollama: ScriptedServer, tmp_path: Path, name: str) -> None:
    content, code = _FILES[name]
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    elif name == "folder":
        path.mkdir()
    status, out, err = run("audit", path, *at(ollama), "--format", "events")
    assert status == 2
    one_sentence(err)
    last = outcome_of(out)
    assert (last["outcome"], last["error"]["code"]) == ("failed", code)
    assert not any(request.path == "/api/chat" for request in ollama.requests)


_NO_MODEL = ["--model", "m"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--provider", "gpt"], "unknown_provider", "ollama, anthropic, openai, builtin"),
        (["--provider", "ollama", "--base-url", "ftp://a", *_NO_MODEL], "bad_url", "ftp://a"),
        (["--provider", "openai", "--base-url", "http://a:b", *_NO_MODEL], "bad_url", "http"),
        (["--provider", "ollama", "--base-url", _CLOSED], "unreachable", "`ollama serve`"),
        (["--base-url", _CLOSED], "unreachable", "127.0.0.1:1"),
        (["--provider", "openai", "--base-url", _CLOSED], "unreachable", "127.0.0.1:1"),
        (["--provider", "anthropic", *_NO_MODEL], "key_missing", "ANTHROPIC_API_KEY"),
        (["--output", "report.docx"], "bad_output", ".md"),
        (["--output", "no/such/folder/report.md"], "bad_output", "folder"),
        (["--output", "."], "bad_output", "."),
    ],
)
def test_a_bad_choice_is_one_sentence(
    vault: Path, tmp_path: Path, arguments: list[str], code: str, words: str
) -> None:
    status, out, err = run("audit", vault, *arguments, "--format", "events", cwd=tmp_path)
    assert status == 2
    assert words in one_sentence(err)
    assert outcome_of(out)["error"]["code"] == code
    assert run("audit", vault, *arguments, cwd=tmp_path) == (2, "", err)


def _web_page(_: Request) -> Script:
    return reply(b"<h1>It works</h1>", content_type="text/html")


def test_a_wrong_server_or_model_is_one_sentence(ollama: ScriptedServer, vault: Path) -> None:
    gone = run("audit", vault, *at(ollama, "gone"))
    assert gone[:2] == (2, "")
    assert "`ollama pull gone`" in one_sentence(gone[2])
    page = ScriptedServer({("POST", "/api/show"): _web_page})
    for wrong in (page, ScriptedServer()):
        with ThreadedServer(wrong) as server:
            status, out, err = run("audit", vault, *at(server))
        assert (status, out) == (2, "")
        assert "address" in one_sentence(err)


@pytest.mark.parametrize(
    "arguments",
    [
        ["audit"],
        ["audit", "a.sol", "--context", "many"],
        ["audit", "a.sol", "--max-tokens", "0"],
        ["audit", "a.sol", "--format", "pdf"],
        ["audit", "a.sol", "--what\nis", "this"],
        ["models", "--model", "m"],
        ["models", "--provider", "gpt"],
        ["--provider", "gpt"],
        ["--nonsense"],
    ],
)
def test_bad_arguments_are_2_and_one_sentence(arguments: list[str]) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    one_sentence(err)


def test_the_version_is_told() -> None:
    assert run("--version") == (0, f"Spectr Desktop {__version__}\n", "")


def test_models_are_listed_for_people_and_programs(ollama: ScriptedServer) -> None:
    server = at(ollama)[:4]
    status, out, err = run("models", *server)
    assert (status, err) == (0, "")
    assert [line.split("\t")[:2] for line in out.splitlines()] == [
        ["ollama", "gemma3-270m:latest"],
        ["ollama", "smollm2:latest"],
    ]
    rows = json.loads(run("models", *server, "--json")[1])
    assert [row["id"] for row in rows] == ["gemma3-270m:latest", "smollm2:latest"]
    assert {row["provider"] for row in rows} == {"ollama"}
    status, out, err = run("models", "--provider", "ollama", "--base-url", _CLOSED, "--json")
    assert (status, json.loads(out)) == (2, [])
    one_sentence(err)


async def shown(process: subprocess.Popen[bytes], text: str) -> bytes:
    """Standard output until it contains the text."""
    seen = b""
    assert process.stdout is not None
    while text.encode() not in seen:
        piece = await asyncio.to_thread(process.stdout.read, 4096)
        assert piece, seen
        seen += piece
    return seen


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
async def test_ctrl_c_keeps_the_partial_everywhere(
    name: signal.Signals, vault: Path, home: Path, tmp_path: Path
) -> None:
    gate, report = Gate(), tmp_path / "report.md"
    with ThreadedServer(whole(within=gate, within_after=3)) as server:
        process = start("audit", vault, *at(server), "--output", report)
        with process:
            await gate.reached()
            seen = await shown(process, _TEXT[:12])
            process.send_signal(name)
            out, err = await asyncio.to_thread(process.communicate)
        await server.disconnected()
    assert process.returncode == 130
    assert (seen + out).decode() == _TEXT[:12] + "\n"
    one_sentence(err.decode())
    assert report.read_text().endswith(f"---\n\n{canonical(_TEXT[:12])}\n")
    assert "Not complete" in report.read_text()
    assert journal(home)[-1]["outcome"] == "stopped"


async def test_ctrl_c_before_the_run_is_an_outcome_too(vault: Path) -> None:
    gate = Gate()
    silent = ScriptedServer({("POST", "/api/show"): [Pause(gate)]})
    with (
        ThreadedServer(silent) as server,
        start("audit", vault, *at(server), "--format", "events") as process,
    ):
        await gate.reached()
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.to_thread(process.communicate)
    assert (process.returncode, err) == (130, b"")
    assert outcome_of(out.decode())["outcome"] == "stopped"


@pytest.mark.parametrize("form", ["markdown", "events"])
async def test_a_reader_that_leaves_ends_the_run_quietly(
    form: str, vault: Path, home: Path
) -> None:
    gate, holding = Gate(), whole()
    holding.answer.within, holding.before_end = gate, Gate()
    with (
        ThreadedServer(holding) as server,
        start("audit", vault, *at(server), "--format", form) as process,
    ):
        await gate.reached()
        assert process.stdout is not None
        await shown(process, "e")
        process.stdout.close()
        gate.open()
        await server.disconnected()
        assert process.stderr is not None
        err = await asyncio.to_thread(process.stderr.read)
    assert process.returncode == 2
    one_sentence(err.decode())
    assert journal(home)[-1]["event"] == "outcome"


@pytest.mark.parametrize("arguments", [["models"], ["audit", "no-such-file", "--format", "events"]])
def test_nobody_reads_at_all(ollama: ScriptedServer, arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    status, _, err = run(*arguments, *at(ollama)[:4], stdout=writing)
    os.close(writing)
    assert status == 2
    assert "Traceback" not in err
    assert "Exception" not in err


def test_without_a_place_for_the_journal_the_run_goes_on(
    ollama: ScriptedServer, vault: Path, home: Path
) -> None:
    home.write_text("a file where the folder should be")
    status, out, err = run("audit", vault, *at(ollama))
    assert (status, out) == (0, _TEXT)
    assert "in memory" in err
    one_sentence(err)


def test_an_output_that_cannot_be_written_costs_no_other(
    ollama: ScriptedServer, vault: Path, tmp_path: Path
) -> None:
    taken, good = tmp_path / "taken.md", tmp_path / "good.md"
    gate_keeper = whole()
    real = gate_keeper._chat

    def occupy(request: Request) -> Script:
        taken.mkdir(exist_ok=True)  # after the check, before the end
        return real(request)

    gate_keeper.routes[("POST", "/api/chat")] = occupy
    with ThreadedServer(gate_keeper) as server:
        options = ["--output", taken, "--output", good, "--format", "events"]
        status, out, err = run("audit", vault, *at(server), *options)
    assert status == 2
    assert "taken.md" in one_sentence(err)
    assert outcome_of(out)["outcome"] == "complete"
    assert good.read_text().endswith(f"---\n\n{canonical(_TEXT)}\n")


_FINDINGS = """# Report

## Medium: Anybody withdraws

- **Location:** `Vault.sol`, `Vault.withdraw`

```solidity
function withdraw() external {}
```

**Description:** Nobody is asked.

## Critical: Burning

- **Location:** `Vault.sol`, `Vault.burn`

```solidity
function burn(uint256 x) external { _burn(msg.sender, x); }
```

**Description:** Anybody burns.
"""


@pytest.mark.parametrize(
    ("level", "expected"), [("critical", 0), ("high", 0), ("medium", 1), ("info", 1)]
)
def test_a_finding_fails_the_run_and_a_lead_does_not(
    level: str, expected: int, tmp_path: Path
) -> None:
    source, report = tmp_path / "Vault.sol", tmp_path / "report.md"
    source.write_text("contract Vault {\n    function withdraw() external {}\n}\n")
    with ThreadedServer(whole(_FINDINGS, natural=True)) as server:
        status, out, err = run("audit", source, *at(server), "--fail-on", level, "--output", report)
    assert (status, out, err) == (expected, _FINDINGS, "")
    table, _, leads = report.read_text().partition("## Leads")
    row = "| F1 | Anybody withdraws | medium | `Vault.sol:2` `Vault.withdraw` | yes | open |"
    assert row in table
    assert "| F2 | Burning | critical | `Vault.sol` `Vault.burn` | no |" in leads


def test_a_run_that_is_not_complete_is_2_whatever_was_found(tmp_path: Path) -> None:
    source = tmp_path / "Vault.sol"
    source.write_text("contract Vault {\n    function withdraw() external {}\n}\n")
    with ThreadedServer(whole(_FINDINGS, fault=Fault.CUT, fault_after=60)) as server:
        status, _, _ = run("audit", source, *at(server), "--fail-on", "info")
    assert status == 2


def test_findings_are_events_behind_their_text(tmp_path: Path) -> None:
    source = tmp_path / "Vault.sol"
    source.write_text("contract Vault {\n    function withdraw() external {}\n}\n")
    with ThreadedServer(whole(_FINDINGS, natural=True)) as server:
        status, out, _ = run("audit", source, *at(server), "--format", "events")
    events = [json.loads(line) for line in out.split("\n")[:-1]]
    told = [event for event in events if event["event"] in ("finding_added", "finding_changed")]
    assert status == 0
    assert [e["number"] for e in told if e["event"] == "finding_added"] == [1, 2]
    last = {event["number"]: event for event in told}
    assert [last[n]["lead"] for n in (1, 2)] == [False, True]
    place = last[1]["sighting"]["locations"][0]
    assert (place["anchor"], place["start_line"], place["function"]) == ("exact", 2, "withdraw")
    assert events[-1]["event"] == "outcome"
