"""A server-sent event stream over one exchange, with its errors mapped: what SSE adapters share."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from spectr_desktop.providers.errors import ServerFailed
from spectr_desktop.providers.wire import SseDecoder, SseEvent, WireError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from spectr_desktop.providers.transport import Exchange


# Comments and halves of events: the server is there.
HEARTBEAT = SseEvent("heartbeat", "")


async def sse_events(exchange: Exchange, host: str) -> AsyncGenerator[SseEvent, None]:
    """The events of an answer; `HEARTBEAT` for bytes that complete none.

    Raises:
        ProviderError: the connection was lost, or the bytes are no event stream.
    """
    decoder = SseDecoder()
    try:
        async with contextlib.aclosing(exchange.chunks()) as chunks:
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
