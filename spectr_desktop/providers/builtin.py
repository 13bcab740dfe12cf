"""The built-in engine: a llama-server child with the practice model or any .gguf file."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spectr_desktop.providers.engine_files import find_model, find_program
from spectr_desktop.providers.engine_process import EngineProcess, Launch, start
from spectr_desktop.providers.errors import ModelMissing
from spectr_desktop.providers.openai_compatible import OpenAICompatible
from spectr_desktop.providers.openai_servers import Flavour
from spectr_desktop.providers.turns import Turns
from spectr_desktop.records.events import PhaseChanged, StreamEvent
from spectr_desktop.records.request import Purpose, WireRequest
from spectr_desktop.records.run import GenerationRequest, Phase
from spectr_desktop.records.server import Locality, ModelInfo, ServerConfig, ServerState

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from spectr_desktop.providers.base import KeySource
    from spectr_desktop.providers.egress import EgressGuard

DEFAULT_CONTEXT = 8192  # tokens
_COUNTING = (Purpose.TEMPLATE, Purpose.COUNT)  # done before the engine is started


@dataclass(frozen=True, slots=True)
class _Running:
    process: EngineProcess
    adapter: OpenAICompatible
    context: int


class Builtin:
    """A model on this machine with nothing else installed.

    The child is started by the first request, answers the next ones too, and ends with `close`.
    """

    never_cuts = True

    def __init__(
        self, config: ServerConfig, key: KeySource, egress: EgressGuard | None = None
    ) -> None:
        del key  # the engine's key is made for each child
        self._config = config
        self._egress = egress
        self._running: _Running | None = None
        # The engine answers one request at a time, and a restart must not cut one off.
        self._turns = Turns(f"builtin {os.getpid()} {id(self)}", 1)

    @property
    def config(self) -> ServerConfig:
        """The configuration, with the child's address once it runs."""
        address = self._running.process.base_url if self._running else ""
        return replace(self._config, base_url=address)

    def locality(self, model: ModelInfo) -> Locality:
        """Always this machine."""
        del model
        return Locality.LOCAL

    async def models(self) -> tuple[ModelInfo, ...]:
        """The one model that the engine would load, without starting it.

        Raises:
            ProviderError: the engine or its model is not there.
        """
        find_program()
        file = find_model(self._config.model_file)
        context = file.context or DEFAULT_CONTEXT
        info = ModelInfo(
            id=file.id,
            label=file.label,
            context=file.context,
            own_context=min(context, DEFAULT_CONTEXT),
            size_bytes=file.size,
            capabilities=frozenset({"completion"}),
            practice=file.practice,
        )
        return (info,)

    async def model(self, model_id: str) -> ModelInfo:
        """The one model, if it has this id."""
        for model in await self.models():
            if model.id == model_id:
                return model
        raise ModelMissing(
            "model_missing",
            f"The built-in engine has no model “{model_id}”. Choose a .gguf file.",
            params={"model": model_id},
        )

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[StreamEvent, None]:
        """Start the engine if it does not run, then one completion."""
        turn = self._turns.in_turn(lambda: self._attempt(request))
        async with contextlib.aclosing(turn) as events:
            async for event in events:
                yield event

    async def count_tokens(self, request: GenerationRequest) -> int | None:
        """As the engine counts, if it runs: it is not started for that."""
        running = self._running
        if running is None or not running.process.alive:
            return None
        return await running.adapter.count_tokens(request)

    def preview(self, request: GenerationRequest) -> tuple[WireRequest, ...]:
        """As the child is asked; one that is started for it has no address before."""
        running, counting = self._running, ()
        if running is not None and running.process.alive:
            steps = running.adapter.preview(request)
            if running.context >= _wanted(request, find_model(self._config.model_file).context):
                return steps
            counting = tuple(step for step in steps if step.purpose in _COUNTING)
        shown = self._adapter("http://127.0.0.1", secrets.token_urlsafe()).preview(request)
        started = (replace(step, exact=False) for step in shown if step.purpose not in _COUNTING)
        return (*counting, *started)

    async def alive(self) -> bool:
        """The child runs and answers; one that is being started is not asked."""
        running = self._running
        return running is None or (running.process.alive and await running.adapter.alive())

    async def state(self) -> ServerState:
        """What the child does; without one nothing."""
        running = self._running
        if running is None or not running.process.alive:
            return ServerState.IDLE
        return await running.adapter.state()

    async def unload(self, model_id: str) -> bool:
        """End the child; the next request starts it again."""
        del model_id
        await self.close()
        return True

    async def _attempt(self, request: GenerationRequest) -> AsyncGenerator[StreamEvent, None]:
        connecting = PhaseChanged(Phase.CONNECTING)
        yield connecting
        model = await self.model(request.model)
        wanted = _wanted(request, model.context)
        running = self._running
        if running is None or not running.process.alive or running.context < wanted:
            yield PhaseChanged(Phase.LOADING)
            running = await self._start(wanted)
        async with contextlib.aclosing(running.adapter.generate(request)) as events:
            async for event in events:
                if event != connecting:
                    yield event

    async def close(self) -> None:
        """End the child."""
        running, self._running = self._running, None
        if running is not None:
            await running.process.stop()

    async def _start(self, context: int) -> _Running:
        await self.close()
        key = secrets.token_urlsafe()
        model = find_model(self._config.model_file)
        process = await start(Launch(find_program(), model, context, key))
        self._running = _Running(process, self._adapter(process.base_url, key), context)
        return self._running

    def _adapter(self, base_url: str, key: str) -> OpenAICompatible:
        address = ServerConfig(self._config.provider, base_url)
        return OpenAICompatible(address, lambda: key, self._egress, flavour=Flavour.LLAMA_CPP)


def _wanted(request: GenerationRequest, most: int | None) -> int:
    """The context that a request needs, of a model that can hold so much at most."""
    wanted = request.parameters.context or DEFAULT_CONTEXT
    return min(wanted, most or wanted)
