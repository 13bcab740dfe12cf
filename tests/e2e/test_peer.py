"""All adapters with a model server that others wrote: npm's aimock, which speaks every protocol."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest

from spectr_desktop.audit import compose
from spectr_desktop.records.server import ModelInfo, ServerConfig
from tests.served_runs import CELL, REPORT, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spectr_desktop.records.run import RunResult

pytestmark = [pytest.mark.usefixtures("no_backoff"), pytest.mark.xdist_group("peer")]

_FOLDER = Path(__file__).resolve().parents[2] / ".venv" / "peer"
_PROGRAM = _FOLDER / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
_LISTENING = re.compile(r"listening on (http://\S+)")
_LONG = REPORT * 50
_ERRORS = {401: "auth", 429: "server_busy", 500: "server_error"}


def _error(status: int) -> dict[str, Any]:
    error = {"message": "Not now", "type": "some_error"}
    return {"response": {"error": error, "status": status, "retryAfter": 0}}


# By the model that is asked for: an answer, and how it comes. Between two pieces there is always
# some time, without which a cut answer would be cut before its first byte is on its way.
_ANSWERS: dict[str, dict[str, Any]] = {
    "plain": {"response": {"content": REPORT}},
    "slow": {"response": {"content": REPORT}, "latency": 10},
    "truncated": {"response": {"content": _LONG}, "latency": 5, "truncateAfterChunks": 8},
    "disconnected": {"response": {"content": _LONG}, "latency": 5, "disconnectAfterMs": 100},
    **{str(status): _error(status) for status in _ERRORS},
}


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running aimock."""
    node = shutil.which("node")
    if node is None or not _PROGRAM.is_file():
        pytest.skip("aimock is not in .venv: `dev.py test` installs it where Node is on PATH")
    fixtures = [
        {"match": {"model": model, "systemMessage": "Audit."}, **answer}
        for model, answer in _ANSWERS.items()
    ]
    # Ollama's call that only loads the model has no message.
    fixtures.append({"match": {}, "response": {"content": ""}})
    path = tmp_path_factory.mktemp("peer") / "fixtures.json"
    path.write_text(json.dumps({"fixtures": fixtures}))
    with subprocess.Popen(
        [node, _PROGRAM, "-p", "0", "-f", path, "-c", "8"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        try:
            assert process.stdout is not None
            yield _address(process.stdout)
        finally:
            process.kill()


def _address(output: IO[str]) -> str:
    said: list[str] = []
    for line in output:
        said.append(line)
        if found := _LISTENING.search(line):
            return found[1]
    raise AssertionError(f"aimock did not start: {said}")


@pytest.fixture(params=["ollama", "openai", "anthropic"])
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """An adapter, with a key where it wants one."""
    for variable in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(variable, "sk-a-key")
    return request.param


async def _run(name: str, peer: str, model: str) -> RunResult:
    session, _ = await opened(name, peer, ModelInfo(model))
    return await session.run()


def _mended(text: str) -> str:
    """The text with the letters whole that aimock cuts in two: it counts as JavaScript does."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


async def test_its_models_are_listed(name: str, peer: str) -> None:
    offer = await compose.offer(compose.connect(ServerConfig(name, peer)))
    assert {model.id for model in offer.models} >= {"plain", "slow"}


@pytest.mark.parametrize("model", ["plain", "slow"])
async def test_an_answer_comes_whole(name: str, peer: str, model: str) -> None:
    result = await _run(name, peer, model)
    assert (result.outcome.value, result.error) == ("complete", None)
    assert _mended(result.texts[CELL]) == REPORT


@pytest.mark.parametrize("model", ["truncated", "disconnected"])
async def test_a_broken_stream_is_interrupted(name: str, peer: str, model: str) -> None:
    result = await _run(name, peer, model)
    assert result.error is not None
    assert (result.outcome.value, result.error.code) == ("interrupted", "connection_lost")
    kept = _mended(result.texts[CELL])
    assert _LONG.startswith(kept)
    assert len(kept) < len(_LONG)
    # After a reset the system may drop what had arrived but was not read.
    assert kept or model == "disconnected"


@pytest.mark.parametrize(("status", "code"), _ERRORS.items())
async def test_an_error_has_its_code(name: str, peer: str, status: int, code: str) -> None:
    result = await _run(name, peer, str(status))
    assert result.error is not None
    assert (result.outcome.value, result.error.code) == ("failed", code)
    assert result.texts[CELL] == ""


async def test_stop_ends_a_slow_answer(name: str, peer: str) -> None:
    session, screen = await opened(name, peer, ModelInfo("slow"))
    async with asyncio.TaskGroup() as tasks:
        run = tasks.create_task(session.run())
        await screen.shown()
        session.cancel()
    assert run.result().outcome.value == "stopped"
    assert run.result().texts[CELL] == screen.text
