"""Keys are nowhere, and sources, answers and what servers say stand where they belong only."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, urlsplit

import pytest

from tests.program import one_sentence, outcome_of, run
from tests.served_runs import SERVERS
from tests.servers.script import Close, Request, Script, Send, chunk, chunked_head, head, reply
from tests.servers.scripted import ThreadedServer
from tests.servers.streams import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.model_server import ModelServer

# As no real key is written, but for what URLs and JSON would do with its characters.
_KEYS = {
    "ollama": ("OLLAMA_API_KEY", "sk-oll-SECRET-a/b+c&d=0123456789"),
    "anthropic": ("ANTHROPIC_API_KEY", "sk-ant-SECRET-a/b+c&d=0123456789"),
    "openai": ("OPENAI_API_KEY", "sk-oai-SECRET-a/b+c&d=0123456789"),
}
_SOURCE, _ANSWER, _WORDS = "SOURCE-7c1e90", "ANSWER-41fd2b", "WORDS-b83a56"
# Names of headers with values behind them.
_HEADERS = re.compile(
    r"(?i)\b(?:x-api-key|authorization|bearer|content-type|content-length|anthropic-version"
    r"|user-agent|accept|location|retry-after|transfer-encoding)\b[\"']?\s*[:=,]?\s*\S"
)
_EVENTS = {
    "ollama": {
        "text": {"message": {"role": "assistant", "content": _ANSWER}, "done": False},
        "end": {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "@"},
        "error": {"error": "@"},
    },
    "openai": {
        "text": {"choices": [{"index": 0, "delta": {"content": _ANSWER}}]},
        "end": {"choices": [{"index": 0, "delta": {}, "finish_reason": "@"}]},
        "error": {"error": {"code": 500, "message": "@", "type": "server_error"}},
    },
    "anthropic": {
        "text": {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": _ANSWER},
        },
        "end": {"type": "message_delta", "delta": {"stop_reason": "@"}},
        "stop": {"type": "message_stop"},
        "error": {"type": "error", "error": {"type": "api_error", "message": "@"}},
    },
}


@dataclass(frozen=True)
class Echo:
    """What a careless server knows of a request and repeats.

    Attributes:
        kind: of the server.
        key: that it was sent.
        source: the part of the source that tests look for, if the request had it.
    """

    kind: str
    key: str
    source: str

    def words(self) -> str:
        """The key in all its forms, and the source."""
        forms = (self.key, quote(self.key, safe=""), quote(self.key), quote_plus(self.key))
        return f"{_WORDS} {' '.join(forms)} {self.source}"

    def error(self, status: int) -> Script:
        """An error body; the key stands near the place where words are cut."""
        message = f"{'x' * 280} {self.words()}"
        body = {"error": {"type": "bad", "message": message}}
        return reply(body, status, headers={"retry-after": "0"})

    def stream(self, *names: str) -> Script:
        """Events of these names; `@` in them is replaced by the words, other names are raw."""
        body = b"".join(chunk(self.event(name)) for name in names)
        return [Send(self.stream_head() + body + chunk(b""))]

    def stream_head(self) -> bytes:
        ndjson = self.kind == "ollama"
        return chunked_head("application/x-ndjson" if ndjson else "text/event-stream")

    def event(self, name: str) -> bytes:
        value = _EVENTS[self.kind].get(name)
        text = name if value is None else json.dumps(value).replace("@", self.words())
        return (text + "\n" if self.kind == "ollama" else f"data: {text}\n\n").encode()


def _end(echo: Echo) -> Script:
    """An end for a reason that nobody knows."""
    more = {"anthropic": ["stop"], "openai": ["[DONE]"], "ollama": []}[echo.kind]
    return echo.stream("text", "end", *more)


def _cut(echo: Echo) -> Script:
    """The connection is closed in the middle of an event."""
    whole, half = chunk(echo.event("text")), chunk(echo.event("{" + echo.words() + "x" * 99))[:-50]
    return [Send(echo.stream_head() + whole + half), Close()]


# By name: what the server answers to a request for text, or for its models.
FAULTS: dict[str, Callable[[Echo], Script]] = {
    "401": lambda echo: echo.error(401),
    "400": lambda echo: echo.error(400),
    "429": lambda echo: echo.error(429),
    "500": lambda echo: echo.error(500),
    "503 text": lambda echo: reply(
        echo.words().encode() * 99, 503, "text/plain", {"retry-after": "0"}
    ),
    "502 page": lambda echo: reply(
        f"<html><title>{echo.words()}</title></html>".encode(),
        502,
        "text/html",
        {"x-should-retry": "false"},
    ),
    "redirect": lambda echo: reply(
        b"", 307, "", {"Location": f"http://127.0.0.1:1/?key={quote(echo.key, safe='')}"}
    ),
    "request id": lambda echo: reply(
        {"error": "no"}, 400, headers={"request-id": echo.key, "x-request-id": echo.key}
    ),
    "odd type": lambda echo: reply(b"{}", content_type=f"text/{quote(echo.key, safe='')}"),
    "error inside": lambda echo: echo.stream("text", "error"),
    "malformed event": lambda echo: echo.stream("text", "{" + echo.words()),
    "long malformed event": lambda echo: echo.stream("text", "{" + "x" * 180 + echo.words()),
    "odd end": _end,
    "no end": lambda echo: echo.stream("text"),
    "cut": _cut,
    "no http": lambda echo: [Send(f"{echo.words()}\r\n\r\n".encode()), Close()],
    "odd header": lambda echo: [
        Send(b"HTTP/1.1 200 OK\r\n" + echo.words().encode() + b"\r\n\r\n"),
        Close(),
    ],
    "odd chunk": lambda echo: [
        Send(echo.stream_head() + echo.words().encode() + b"\r\n"),
        Close(),
    ],
    "odd length": lambda echo: [
        Send(head(200, {"Content-Length": echo.words()}) + b"{}"),
        Close(),
    ],
}
_ANSWERED = {"error inside", "malformed event", "long malformed event", "odd end", "no end", "cut"}


def remote(server: ModelServer) -> ModelServer:
    """The server as a proxy: it answers in place of the host that it is asked for."""
    usual = server._script

    def script(request: Request) -> Script:
        return usual(replace(request, path=urlsplit(request.path).path))

    server._script = script
    return server


def echo_of(kind: str, request: Request) -> Echo:
    """What a careless server knows of this request."""
    headers = request.headers
    key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
    return Echo(kind, key, _SOURCE if _SOURCE in request.body.decode() else "")


@dataclass
class Ran:
    """What a run of the program has left."""

    status: int
    out: str
    err: str
    report: bytes
    files: dict[Path, bytes]

    @property
    def logs(self) -> str:
        found = [raw for path, raw in self.files.items() if path.parent.name == "logs"]
        return b"".join(found).decode()

    def assert_journal(self, text: str) -> None:
        """The journal, where their place is, has the source and the answer's text."""
        (raw,) = (raw for path, raw in self.files.items() if path.name == "journal.jsonl")
        header, *events = [json.loads(line) for line in raw.split(b"\n")[:-1]]
        assert _SOURCE in header["files"][0]["text"]
        assert "".join(e["text"] for e in events if e["event"] == "text_delta") == text

    def assert_private(self) -> None:
        """The key is nowhere, and nothing of the user's is where it does not belong."""
        said = {"out": self.out.encode(), "err": self.err.encode(), "report": self.report}
        everything = {**said, **{str(path): raw for path, raw in self.files.items()}}
        assert [name for name, raw in everything.items() if b"SECRET" in raw] == []
        rest = {path: raw for path, raw in self.files.items() if path.name != "journal.jsonl"}
        for words in (_SOURCE, _ANSWER, _WORDS):
            assert [path for path, raw in rest.items() if words.encode() in raw] == []
        assert not _HEADERS.search(self.logs)
        assert any(path.parent.name == "logs" for path in self.files)


def audited(kind: str, server: ModelServer, tmp_path: Path) -> Ran:
    """Run an audit with a key, over a proxy, because Ollama's is for other machines only."""
    source, report = tmp_path / "Vault.sol", tmp_path / "report.md"
    source.write_text(f"contract Vault {{ string constant name = '{_SOURCE}'; }}\n")
    variable, key = _KEYS[kind]
    with ThreadedServer(remote(server)):
        proxy = server.base_url.replace("//", "//user:SECRET-password@")
        where = ["--base-url", "http://model.example.org", "--proxy", proxy]
        who = ["--provider", kind, "--model", SERVERS[kind][1], *where]
        options = ["--format", "events", "--output", report]
        status, out, err = run("audit", source, *who, *options, env={variable: key})
    files = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    return Ran(
        status,
        out,
        err,
        report.read_bytes() if report.exists() else b"",
        {path: path.read_bytes() for path in files},
    )


@pytest.mark.parametrize(("kind", "fault"), list(product(SERVERS, FAULTS)))
def test_what_a_server_repeats_stays_out(kind: str, fault: str, tmp_path: Path) -> None:
    server = SERVERS[kind][0](Answer(_ANSWER, natural=True))
    usual = server.routes["POST", server.generating]
    keys: list[str] = []

    def answer(request: Request) -> Script:
        if not server.generates(request):
            assert callable(usual)
            return usual(request)
        echo = echo_of(kind, request)
        assert echo.source
        keys.append(echo.key)
        return FAULTS[fault](echo)

    server.routes["POST", server.generating] = answer
    ran = audited(kind, server, tmp_path)
    assert ran.status == 2
    assert "readable" in ran.out
    assert set(keys) == {_KEYS[kind][1]}
    last = outcome_of(ran.out)
    assert last["outcome"] in ("failed", "interrupted")
    assert (last["error"]["code"] == "auth") == (fault == "401")
    if fault in ("400", "429", "500", "error inside", "malformed event"):
        assert "[key]" in last["error"]["detail"]
    ran.assert_journal(_ANSWER if fault in _ANSWERED else "")
    one_sentence(ran.err)
    ran.assert_private()


@pytest.mark.parametrize(("kind", "fault"), list(product(SERVERS, ["401", "500", "odd header"])))
def test_what_a_server_repeats_before_the_run_stays_out(
    kind: str, fault: str, tmp_path: Path
) -> None:
    server = SERVERS[kind][0]()
    for route in server.routes:
        server.routes[route] = lambda request: FAULTS[fault](echo_of(kind, request))
    ran = audited(kind, server, tmp_path)
    assert ran.status == 2
    assert outcome_of(ran.out)["outcome"] == "failed"
    one_sentence(ran.err)
    ran.assert_private()


@pytest.mark.parametrize("kind", SERVERS)
def test_a_good_run_leaves_no_key(kind: str, tmp_path: Path) -> None:
    ran = audited(kind, SERVERS[kind][0](Answer(_ANSWER, natural=True)), tmp_path)
    assert ran.status == 0
    assert outcome_of(ran.out)["outcome"] == "complete"
    assert _ANSWER.encode() in ran.report
    ran.assert_journal(_ANSWER)
    ran.assert_private()


def test_a_damaged_key_is_one_sentence_without_the_key(vault: Path, home: Path) -> None:
    arguments = ["--provider", "anthropic", "--model", "m", "--format", "events"]
    variables = {"ANTHROPIC_API_KEY": "sk-ant-SECRET\nKEY"}
    status, out, err = run("audit", vault, *arguments, env=variables)
    assert status == 2
    assert outcome_of(out)["error"]["code"] == "key_malformed"
    one_sentence(err)
    logs = "".join(path.read_text() for path in home.rglob("*.log*"))
    assert "SECRET" not in out + err + logs
