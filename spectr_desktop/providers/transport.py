"""HTTP for the adapters: one place that makes clients, opens streams and maps their errors."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import json
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import httpx

from spectr_desktop.logs import logger
from spectr_desktop.providers.errors import (
    BadRequest,
    ConnectionLost,
    ProviderError,
    ServerFailed,
    Unreachable,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

_log = logger(__name__)

# No read timeout: while a model loads or reads, no byte comes for many minutes on a laptop.
_TIMEOUT = httpx.Timeout(connect=10.0, read=None, write=60.0, pool=5.0)
# A question for metadata is answered at once or not at all.
_SHORT = httpx.Timeout(10.0, connect=5.0)
_MAX_BODY = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Service:
    """How sentences speak of a server.

    Attributes:
        name: "Ollama", "the server", …, as it stands in a sentence.
        unreachable: the whole sentence with its remedy; `{host}` is put in.
    """

    name: str
    unreachable: str


def is_loopback(url: str) -> bool:
    """The URL's host is literally a loopback address, or `localhost`."""
    host = (urlsplit(url).hostname or "").lower()
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def host_of(url: str) -> str:
    """Host and port as a person reads them, e.g. "127.0.0.1:11434"."""
    return urlsplit(url).netloc.rpartition("@")[2] or url


def checked_url(url: str, default: str) -> str:
    """A base URL without a trailing slash or `/v1`, with a scheme.

    Raises:
        BadRequest: it cannot be a server's address (code `bad_url`).
    """
    text = url.strip() or default
    if "://" not in text:
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        usable = usable and not (parts.query or parts.fragment)
        usable = usable and text.isprintable() and " " not in text
        # A password would stand in every journal and report.
        usable = usable and "@" not in parts.netloc
        text = parts.geturl()
        httpx.URL(text)
    except (ValueError, httpx.InvalidURL):
        usable = False
    if not usable:
        shown = url.rpartition("@")[2]
        raise BadRequest(
            "bad_url",
            f"“{shown}” is not a server's address. Write it like http://127.0.0.1:11434, without "
            "a user name or password.",
            params={"url": shown},
        )
    return text.rstrip("/").removesuffix("/v1").rstrip("/")


class Exchange:
    """One streaming request: `sent()`, then `status`, then `chunks()`.

    Made by `Transport.stream`, which closes it.
    """

    def __init__(
        self, transport: Transport, request: httpx.Request, client: httpx.AsyncClient
    ) -> None:
        self._transport = transport
        self._client = client
        self._sent = asyncio.Event()
        self._written = False
        request.extensions = {**request.extensions, "trace": self._on_trace}
        self._task = asyncio.create_task(client.send(request, stream=True))
        self._task.add_done_callback(self._on_done)

    async def sent(self) -> None:
        """Wait until the whole request is written.

        Raises:
            ProviderError: no connection, or it was lost while writing.
        """
        await self._sent.wait()
        if self._task.done():
            await self.response()

    async def response(self) -> httpx.Response:
        """Wait for status and headers.

        Raises:
            ProviderError: no connection, or it was lost before them.
        """
        try:
            # Shielded: closing cancels the task once, and once only (httpx #3782).
            return await asyncio.shield(self._task)
        except httpx.HTTPError as error:
            raise self._transport.mapped(error, written=self._written) from error

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The bytes of the answer as they arrive.

        Raises:
            ProviderError: the connection was lost.
        """
        response = await self.response()
        raw = response.headers.get("content-encoding", "identity") == "identity"
        pieces = cast(
            "AsyncGenerator[bytes, None]", response.aiter_raw() if raw else response.aiter_bytes()
        )
        try:
            async for chunk in pieces:
                yield chunk
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise self._transport.mapped(error, written=True) from error
        finally:
            # The response first: then no generator inside httpx has to await when it is dropped.
            await response.aclose()
            await pieces.aclose()

    async def body(self) -> bytes:
        """The whole answer, for errors and short replies; cut at 4 MiB."""
        parts: list[bytes] = []
        size = 0
        async with contextlib.aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                parts.append(chunk)
                size += len(chunk)
                if size > _MAX_BODY:
                    break
        return b"".join(parts)

    async def close(self) -> None:
        """Close the socket, in whatever state the request is."""
        if not self._task.done():
            self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, httpx.HTTPError):
            response = await self._task
            await response.aclose()
        await self._client.aclose()

    async def _on_trace(self, name: str, _info: Mapping[str, Any]) -> None:
        if name == "http11.send_request_headers.started":
            self._written = True
        elif name == "http11.send_request_body.complete":
            self._sent.set()

    def _on_done(self, task: asyncio.Task[httpx.Response]) -> None:
        self._sent.set()
        if not task.cancelled():
            task.exception()  # marks it as retrieved: whoever awaits `response` raises it


class Transport:
    """The way to one server.

    A client lives for one request: a cancelled one can never leak a slot of a shared pool.
    """

    def __init__(self, base_url: str, service: Service) -> None:
        self.base_url = base_url
        self.service = service
        self.loopback = is_loopback(base_url)

    @property
    def host(self) -> str:
        """Host and port, as sentences name them."""
        return host_of(self.base_url)

    async def _client(self, patience: httpx.Timeout) -> httpx.AsyncClient:
        secure = self.base_url.startswith("https:")
        context = await _tls_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            return httpx.AsyncClient(
                timeout=patience,
                verify=context,
                trust_env=not self.loopback,
                headers={"accept-encoding": "identity"},
            )
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            raise BadRequest(
                "bad_proxy",
                "The proxy in the environment cannot be used. Correct HTTP_PROXY, HTTPS_PROXY, "
                "ALL_PROXY or NO_PROXY, or remove them.",
                detail=str(error),
            ) from error

    @contextlib.asynccontextmanager
    async def stream(
        self,
        path: str,
        payload: object,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[Exchange, None]:
        """POST a JSON body and hold the answer open; leaving closes the socket."""
        client = await self._client(_TIMEOUT)
        request = client.build_request(
            "POST",
            self.base_url + path,
            content=_json(payload),
            headers={"content-type": "application/json", **(headers or {})},
        )
        exchange = Exchange(self, request, client)
        try:
            yield exchange
        finally:
            await exchange.close()

    async def fetch(
        self,
        method: str,
        path: str,
        payload: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """A short request with its whole answer, whatever its status.

        Raises:
            ProviderError: there is no answer.
        """
        content = None if payload is None else _json(payload)
        kind = {"content-type": "application/json"} if content else {}
        async with await self._client(_SHORT) as client:
            try:
                return await client.request(
                    method,
                    self.base_url + path,
                    content=content,
                    headers={**kind, **(headers or {})},
                )
            except httpx.HTTPError as error:
                raise self.mapped(error, written=False) from error

    def mapped(self, error: Exception, *, written: bool) -> ProviderError:
        """Our error for one of httpx's; `written` tells whether the request had been begun."""
        _log.info("%s: %s: %s", self.host, type(error).__name__, error)
        params = {"host": self.host}
        detail = f"{type(error).__name__}: {error}".rstrip(": ")
        if isinstance(
            error, httpx.UnsupportedProtocol | httpx.TooManyRedirects | httpx.DecodingError
        ):
            return ServerFailed(
                "protocol",
                f"{self.host} answered with something that cannot be read. Check the address.",
                params=params,
                detail=detail,
            )
        if written or not isinstance(
            error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout
        ):
            if not written and isinstance(error, httpx.TimeoutException):
                return self.unreachable(detail)
            return ConnectionLost(
                "connection_lost",
                f"The connection to {self.host} was lost. What had arrived is kept; run the audit "
                "again when the server is back.",
                params=params,
                detail=detail,
            )
        if "certificate" in detail.lower() or "ssl" in detail.lower():
            return Unreachable(
                "tls",
                f"{self.host} has no certificate that this machine trusts. Check the address.",
                params=params,
                detail=detail,
            )
        return self.unreachable(detail)

    def unreachable(self, detail: str) -> Unreachable:
        """Nobody answers."""
        sentence = self.service.unreachable.format(host=self.host)
        return Unreachable("unreachable", sentence, params={"host": self.host}, detail=detail)


def _json(payload: object) -> bytes:
    """ASCII, so that a lone surrogate in a source or name is an escape and not an error."""
    return json.dumps(payload).encode("ascii")


@functools.cache
def _load_tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


async def _tls_context() -> ssl.SSLContext:
    """The context of all https clients, read once and off the loop: it costs up to 150 ms."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[ssl.SSLContext] = loop.create_future()

    def deliver(context: ssl.SSLContext) -> None:
        if not done.done():
            done.set_result(context)

    def load() -> None:
        context = _load_tls()
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(deliver, context)

    threading.Thread(target=load, name="tls-context", daemon=True).start()
    return await done
