"""Both HTTP protocols of the real llama-server, through the program's adapters."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.providers.anthropic import Anthropic
from spectr_desktop.providers.engine_process import start
from spectr_desktop.providers.errors import ConnectionLost, ContextOverflow
from spectr_desktop.providers.openai_compatible import OpenAICompatible
from spectr_desktop.providers.openai_questions import Questions
from spectr_desktop.providers.openai_servers import Flavour
from spectr_desktop.providers.transport import Service, Transport
from spectr_desktop.records.events import (
    GenerationEnded,
    PhaseChanged,
    StreamEvent,
    TextDelta,
    UsageReported,
)
from spectr_desktop.records.run import GenerationRequest, Parameters, Phase, StopReason
from spectr_desktop.records.server import ModelInfo, ServerConfig, ServerState
from tests.e2e.conftest import Engine, launch

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectr_desktop.providers.base import Provider

    Connect = Callable[[str], Provider]

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

_LONG = "Count from 1 to 1000. Write one number in each line."


def _openai(base_url: str) -> Provider:
    return OpenAICompatible(ServerConfig("openai", f"{base_url}/v1"), lambda: None)


def _anthropic(base_url: str) -> Provider:
    return Anthropic(ServerConfig("anthropic", base_url), lambda: None)


@pytest.fixture(params=[_openai, _anthropic], ids=["chat_completions", "messages"])
def connect(request: pytest.FixtureRequest) -> Connect:
    """Makes an adapter for a server's address."""
    return request.param


def _request(prompt: str, max_tokens: int, model: str) -> GenerationRequest:
    parameters = Parameters(max_tokens, temperature=0.0)
    return GenerationRequest(model, "You audit Solidity contracts.", prompt, parameters)


async def _run(
    provider: Provider, request: GenerationRequest, into: list[StreamEvent] | None = None
) -> list[StreamEvent]:
    """All events, which are in `into` even if the stream raises."""
    events: list[StreamEvent] = [] if into is None else into
    async with contextlib.aclosing(provider.generate(request)) as stream:
        async for event in stream:
            events.append(event)  # noqa: PERF401  # a comprehension would lose them
    return events


async def test_the_model_is_listed(engine: Engine, connect: Connect) -> None:
    models = await connect(engine.base_url).models()
    assert engine.model in {model.id for model in models}


async def test_a_stream_runs_to_its_end(engine: Engine, connect: Connect) -> None:
    events = await _run(connect(engine.base_url), _request("Name two colours.", 32, engine.model))
    phases = [event.phase for event in events if isinstance(event, PhaseChanged)]
    deltas = [event.text for event in events if isinstance(event, TextDelta)]
    usage = [event.usage for event in events if isinstance(event, UsageReported)][-1]
    assert phases == [Phase.CONNECTING, Phase.READING]
    assert len(deltas) > 1
    assert all(deltas)
    assert usage.input is not None
    assert 10 < usage.input < 100
    assert usage.output is not None
    assert 0 < usage.output <= 32
    assert isinstance(events[-1], GenerationEnded)
    assert events[-1].stop_reason in (StopReason.NATURAL, StopReason.LENGTH)


async def test_the_output_limit_is_the_end(engine: Engine, connect: Connect) -> None:
    events = await _run(connect(engine.base_url), _request(_LONG, 4, engine.model))
    usage = [event.usage for event in events if isinstance(event, UsageReported)][-1]
    assert events[-1] == GenerationEnded(StopReason.LENGTH)
    assert usage.output == 4


async def test_an_input_beyond_the_context_is_refused(engine: Engine, connect: Connect) -> None:
    request = _request("word " * (engine.context + 100), 4, engine.model)
    events: list[StreamEvent] = []
    with pytest.raises(ContextOverflow) as caught:
        await _run(connect(engine.base_url), request, events)
    assert caught.value.code == "context_overflow"
    assert str(engine.context) in caught.value.detail
    assert not any(isinstance(event, TextDelta | GenerationEnded) for event in events)


async def test_stop_midway_frees_the_server(engine: Engine, connect: Connect) -> None:
    request = _request(_LONG, 1024, engine.model)
    text: list[str] = []
    async with contextlib.aclosing(connect(engine.base_url).generate(request)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                # The first one: on a busy machine the server may be far ahead of what is read.
                text.append(event.text)
                break
        busy = not await engine.slots_idle()
    await engine.until_idle()
    assert busy
    assert all(text)


async def test_a_server_that_is_killed_midway_is_no_end(connect: Connect) -> None:
    process = await start(launch(context=512))
    request = _request(_LONG, 256, launch().model.id)
    events: list[StreamEvent] = []
    try:
        with contextlib.suppress(ConnectionLost):
            async with contextlib.aclosing(connect(process.base_url).generate(request)) as stream:
                async for event in stream:
                    events.append(event)
                    if sum(isinstance(event, TextDelta) for event in events) == 3:
                        os.kill(process.pid, signal.SIGKILL)
    finally:
        await process.stop()
    assert sum(isinstance(event, TextDelta) for event in events) >= 3
    assert not any(isinstance(event, GenerationEnded) for event in events)


# What only chat completions' adapter asks


_SOURCES = (
    "Name two colours.",
    "<|im_start|>user\nIgnore this.<|im_end|> <|endoftext|> ünïcode ✓ 🏦\n\n  x",
    "contract Vault { function withdraw(uint256 amount) external {} }\n" * 8,
)


@pytest.mark.parametrize("prompt", _SOURCES)
async def test_tokens_are_counted_exactly(engine: Engine, prompt: str) -> None:
    provider = _openai(engine.base_url)
    request = _request(prompt, 1, engine.model)
    counted = await provider.count_tokens(request)
    events = await _run(provider, request)
    usage = [event.usage for event in events if isinstance(event, UsageReported)][-1]
    assert counted is not None
    assert counted == usage.input
    assert provider.never_cuts


async def test_the_context_is_the_loaded_one(engine: Engine) -> None:
    model = await _openai(engine.base_url).model(engine.model)
    assert (model.context, model.loaded_context) == (engine.context, engine.context)
    # Older builds do not tell it in their list.
    questions = Questions(Transport(engine.base_url, Service("", "")), dict)
    asked = await questions.with_context(ModelInfo(engine.model, context=1), Flavour.LLAMA_CPP)
    assert (asked.context, asked.loaded_context) == (engine.context, engine.context)


async def _until_idle(provider: Provider) -> None:
    async with asyncio.timeout(60):
        while await provider.state() is not ServerState.IDLE:
            pass


async def test_the_server_says_that_it_works_and_that_it_stopped(engine: Engine) -> None:
    provider = _openai(engine.base_url)
    await provider.models()
    await _until_idle(provider)
    deltas = 0
    request = _request(_LONG, 1024, engine.model)
    async with contextlib.aclosing(provider.generate(request)) as events:
        async for event in events:
            deltas += isinstance(event, TextDelta)
            if deltas == 3:
                break
        state = await provider.state()
        alive = await provider.alive()
    assert (state, alive) == (ServerState.WORKING, True)
    await _until_idle(provider)


async def test_the_server_says_that_it_still_reads(engine: Engine) -> None:
    provider = _openai(engine.base_url)
    await provider.models()
    request = _request("contract A { uint256 b; }\n" * 60, 8, engine.model)
    states: list[ServerState] = []

    async def first_word() -> None:
        async with contextlib.aclosing(provider.generate(request)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    return

    reading = asyncio.create_task(first_word())
    while not reading.done():
        states.append(await provider.state())
        assert await provider.alive()
    await reading
    assert ServerState.READING in states
    await _until_idle(provider)
