"""A server-sent event stream over one exchange, with its errors mapped: what SSE adapters share."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from spectr_desktop.providers.errors import ServerFailed
from spectr_desktop.providers.wire import SseDecoder, SseEvent, WireError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

# Comments and halves of events: the server is there.
HEARTBEAT = SseEvent("heartbeat", "")


class Chunks(Protocol):
    """Where the bytes of an answer come from: an exchange, or what has looked at its beginning."""

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """The bytes as they arrive."""
        ...


async def sse_events(source: Chunks, host: str) -> AsyncGenerator[SseEvent, None]:
    """The events of an answer; `HEARTBEAT` for bytes that complete none.

    Raises:
        ProviderError: the connection was lost, or the bytes are no event stream.
    """
    decoder = SseDecoder()
    try:
        async with contextlib.aclosing(source.chunks()) as chunks:
            async for chunk in chunks:
                quiet = True
                for event in decoder.feed(chunk):
                    quiet = False
                    yield event
                if quiet:
                    yield HEARTBEAT
        for event in decoder.finish():
            yield event
    except WireError as error:
        raise ServerFailed(
            "protocol",
            f"{host} sent something that is not an event stream. What had arrived is kept.",
            params={"host": host},
            detail=str(error),
        ) from error
