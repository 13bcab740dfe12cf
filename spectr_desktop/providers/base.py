"""What every adapter offers: models, and text as a stream of typed events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from spectr_desktop.records.events import StreamEvent
    from spectr_desktop.records.request import WireRequest
    from spectr_desktop.records.run import GenerationRequest
    from spectr_desktop.records.server import Locality, ModelInfo, ServerConfig, ServerState

# Gives the key when a request is made, so that no object holds it for longer.
KeySource: TypeAlias = Callable[[], str | None]


class Provider(Protocol):
    """A service that answers.

    All methods raise `ProviderError` (providers/errors.py) and nothing else that is expected.
    """

    @property
    def config(self) -> ServerConfig:
        """Who is asked, with the base URL in the form that is really used."""
        ...

    @property
    def never_cuts(self) -> bool:
        """The server refuses an over-long input rather than cut it, and counts what it read."""
        ...

    def locality(self, model: ModelInfo) -> Locality:
        """Where the source goes when this model is asked."""
        ...

    async def models(self) -> tuple[ModelInfo, ...]:
        """The models that the server offers now, in the order to show them."""
        ...

    async def model(self, model_id: str) -> ModelInfo:
        """All that the server says of one model.

        Raises:
            ProviderError: with code `model_missing` if the server does not have it.
        """
        ...

    async def count_tokens(self, request: GenerationRequest) -> int | None:
        """How many tokens the request's input has, as the server counts; None if it cannot.

        This sends the source.
        """
        ...

    async def alive(self) -> bool:
        """The server answers a short question now; for services that are watched no other way."""
        ...

    async def state(self) -> ServerState:
        """What the server does now, as far as it says so; raises nothing that is expected."""
        ...

    async def unload(self, model_id: str) -> bool:
        """Free the memory that the model takes; False if the server has no way to."""
        ...

    def generate(self, request: GenerationRequest) -> AsyncGenerator[StreamEvent, None]:
        """Send the request and yield what happens: its place in the queue, phases, text.

        It is sent again only as `providers/retry.py` allows.

        The caller holds the generator in `contextlib.aclosing`: leaving it closes the socket.
        A stream that ends without `GenerationEnded` was interrupted.
        """
        ...

    def preview(self, request: GenerationRequest) -> tuple[WireRequest, ...]:
        """What `count_tokens` and then `generate` would send, in order; nothing is sent.

        Made by the functions that make the real requests. Where no key can be sent the requests
        are shown without it. The server's models were listed before: what is asked may depend on
        which server it is.
        """
        ...

    async def close(self) -> None:
        """Let go of connections and child processes."""
        ...
