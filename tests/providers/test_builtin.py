"""The built-in engine as a provider: with the real llama-server and the practice model."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, TypeAlias

import psutil
import pytest

from spectr_desktop.providers.builtin import DEFAULT_CONTEXT, Builtin
from spectr_desktop.providers.egress import EgressGuard
from spectr_desktop.providers.errors import ContextOverflow, ModelMissing
from spectr_desktop.providers.registry import provider
from spectr_desktop.records.events import (
    GenerationEnded,
    PhaseChanged,
    StreamEvent,
    TextDelta,
    UsageReported,
)
from spectr_desktop.records.run import GenerationRequest, Parameters, Phase
from spectr_desktop.records.server import Locality, ServerConfig, ServerState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.providers.conftest import Watch

Children: TypeAlias = "Callable[[], list[int]]"

_PRACTICE = "smollm2-135m-practice"


def _builtin(model_file: str = "") -> Builtin:
    made = provider(ServerConfig("builtin", model_file=model_file), EgressGuard())
    assert isinstance(made, Builtin)
    return made


def _request(
    prompt: str = "Name two colours.", model: str = _PRACTICE, context: int | None = 1024
) -> GenerationRequest:
    return GenerationRequest(model, "You audit.", prompt, Parameters(8, context=context))


async def _run(builtin: Builtin, request: GenerationRequest) -> list[StreamEvent]:
    async with contextlib.aclosing(builtin.generate(request)) as events:
        return [event async for event in events]


def _phases(events: list[StreamEvent]) -> list[Phase]:
    return [event.phase for event in events if isinstance(event, PhaseChanged)]


@pytest.fixture
def children() -> Children:
    """The processes that the test itself has started; an engine of the session may run beside."""
    before = {child.pid for child in psutil.Process().children()}
    return lambda: [c.pid for c in psutil.Process().children() if c.pid not in before]


async def test_the_practice_model_is_labelled_without_starting_anything(children: Children) -> None:
    builtin = _builtin()
    (model,) = await builtin.models()
    assert (model.id, model.practice) == (_PRACTICE, True)
    assert model.label == "Practice model (SmolLM2 135M)"
    assert (model.context, model.own_context) == (8192, DEFAULT_CONTEXT)
    assert builtin.locality(model) is Locality.LOCAL
    assert await builtin.model(_PRACTICE) == model
    assert builtin.config.base_url == ""
    assert not children()
    await builtin.close()


@pytest.mark.usefixtures("fake_program")
async def test_a_users_own_file_is_no_practice_model(model_file: Path) -> None:
    (model,) = await _builtin(str(model_file)).models()
    assert (model.title, model.practice) == ("Modell- größer", False)
    assert (model.context, model.own_context) == (2048, 2048)


async def test_another_model_is_missing(children: Children) -> None:
    with pytest.raises(ModelMissing, match="another"):
        await _builtin().model("another")
    with pytest.raises(ModelMissing):
        await _run(_builtin(), _request(model="another"))
    assert not children()


@pytest.mark.engine
@pytest.mark.xdist_group("engine")
async def test_the_first_run_starts_the_engine_and_the_second_finds_it(children: Children) -> None:
    builtin = _builtin()
    first = await _run(builtin, _request())
    (pid,) = children()
    second = await _run(builtin, _request())
    assert children() == [pid]
    assert builtin.config.base_url.startswith("http://127.0.0.1:")
    assert _phases(first) == [Phase.CONNECTING, Phase.LOADING, Phase.READING]
    assert _phases(second) == [Phase.CONNECTING, Phase.READING]
    for events in (first, second):
        assert any(isinstance(event, TextDelta) for event in events)
        assert isinstance(events[-1], GenerationEnded)
        (usage,) = (event.usage for event in events if isinstance(event, UsageReported))
        assert usage.output is not None
        assert 0 < usage.output <= 8
    await builtin.close()
    assert not children()


@pytest.mark.engine
@pytest.mark.xdist_group("engine")
async def test_the_engine_counts_and_tells_what_it_does(children: Children) -> None:
    builtin = _builtin()
    assert await builtin.count_tokens(_request()) is None
    assert (await builtin.alive(), await builtin.state()) == (True, ServerState.IDLE)
    assert not children()
    events = await _run(builtin, _request())
    (usage,) = (event.usage for event in events if isinstance(event, UsageReported))
    assert await builtin.count_tokens(_request()) == usage.input
    assert (await builtin.alive(), await builtin.state()) == (True, ServerState.IDLE)
    assert await builtin.unload(_PRACTICE)
    assert not children()


@pytest.mark.engine
@pytest.mark.xdist_group("engine")
async def test_a_larger_context_restarts_the_engine_and_a_smaller_one_does_not(
    children: Children,
) -> None:
    builtin = _builtin()
    long = "word " * 300
    with pytest.raises(ContextOverflow):
        await _run(builtin, _request(long, context=256))
    before = children()
    events = await _run(builtin, _request(long, context=512))
    after = children()
    await _run(builtin, _request(context=256))
    assert isinstance(events[-1], GenerationEnded)
    assert len(after) == 1
    assert before != after
    assert children() == after
    await builtin.close()


@pytest.mark.engine
@pytest.mark.xdist_group("engine")
async def test_an_engine_that_died_is_started_again() -> None:
    builtin = _builtin()
    await _run(builtin, _request())
    assert builtin._running is not None
    os.kill(builtin._running.process.pid, signal.SIGKILL)
    await builtin._running.process.ended()
    events = await _run(builtin, _request())
    assert Phase.LOADING in _phases(events)
    assert isinstance(events[-1], GenerationEnded)
    await builtin.close()


@pytest.mark.usefixtures("fake_program")
async def test_stop_while_loading_leaves_no_child(
    children: Children, model_file: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "slow deaf")
    builtin = _builtin(str(model_file))
    (model,) = await builtin.models()
    task = asyncio.create_task(_run(builtin, _request(model=model.id)))
    await watch.started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await watch.gone.wait()
    assert not children()
    await builtin.close()


_PROGRAM = """
import asyncio, contextlib, psutil, sys
from spectr_desktop.providers.builtin import Builtin
from spectr_desktop.records.run import GenerationRequest, Parameters
from spectr_desktop.records.server import ServerConfig

async def main():
    builtin = Builtin(ServerConfig("builtin"), lambda: None)
    request = GenerationRequest("smollm2-135m-practice", "", "Hello", Parameters(4, context=512))
    async with contextlib.aclosing(builtin.generate(request)) as events:
        async for event in events:
            pass
    print(psutil.Process().children()[0].pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.engine
@pytest.mark.xdist_group("engine")
@pytest.mark.skipif(sys.platform != "linux", reason="the others are bound by other means")
def test_the_engine_does_not_outlive_a_program_that_is_killed() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as program:
        assert program.stdout is not None
        child = psutil.Process(int(program.stdout.readline()))
        assert "llama-server" in child.name()
        program.kill()
    _, alive = psutil.wait_procs([child], timeout=30)
    assert not alive
