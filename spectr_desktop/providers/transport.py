"""HTTP for the adapters: one place that makes clients, opens streams and maps their errors."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import httpx

from spectr_desktop.logs import logger
from spectr_desktop.providers.egress import EgressGuard, is_loopback
from spectr_desktop.providers.errors import (
    BadRequest,
    ConnectionLost,
    ProviderError,
    ServerFailed,
    Unreachable,
)
from spectr_desktop.providers.network import HEADERS, guarded_client
from spectr_desktop.records.request import WireRequest, masked

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from spectr_desktop.records.request import Purpose
    from spectr_desktop.records.server import ServerConfig

_log = logger(__name__)

# No read timeout: while a model loads or reads, no byte comes for many minutes on a laptop.
_TIMEOUT = httpx.Timeout(connect=10.0, read=None, write=60.0, pool=5.0)
# A question for metadata is answered at once or not at all.
SHORT = httpx.Timeout(10.0, connect=5.0)
_MAX_BODY = 16 * 1024 * 1024
_OF_THE_CONNECTION = ("host", "connection", "content-length")
_KEY_HEADERS = ("authorization", "x-api-key")
_QUOTED = re.compile(r"(?::| b['\"]| bytearray\().*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Service:
    """How sentences speak of a server.

    Attributes:
        name: "Ollama", "the server", …, as it stands in a sentence.
        unreachable: the whole sentence with its remedy; `{host}` is put in.
    """

    name: str
    unreachable: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A short answer, whole."""

    status_code: int
    headers: httpx.Headers
    content: bytes

    @property
    def content_type(self) -> str:
        """What the server says that the content is."""
        return self.headers.get("content-type", "")


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
        """The whole answer, for errors and short replies; cut at 16 MiB."""
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
        with contextlib.suppress(asyncio.CancelledError, httpx.HTTPError, ProviderError):
            response = await self._task
            await response.aclose()
        await self._client.aclose()

    async def _on_trace(self, name: str, info: Mapping[str, Any]) -> None:
        if name == "http11.send_request_headers.started":
            # What a proxy is told to open the way says nothing of the request yet.
            self._written = info["request"].method != b"CONNECT"
        elif name == "http11.send_request_body.complete" and self._written:
            self._sent.set()

    def _on_done(self, task: asyncio.Task[httpx.Response]) -> None:
        self._sent.set()
        if not task.cancelled():
            task.exception()  # marks it as retrieved: whoever awaits `response` raises it


class Transport:
    """The way to one server.

    A client lives for one request: a cancelled one can never leak a slot of a shared pool.

    Args:
        base_url: of the server.
        service: how sentences speak of it.
        egress: asked before each connection.
        config: proxy and authorities, if the server needs some.
    """

    def __init__(
        self,
        base_url: str,
        service: Service,
        egress: EgressGuard | None = None,
        config: ServerConfig | None = None,
    ) -> None:
        self.base_url = base_url
        self.service = service
        self.loopback = is_loopback(base_url)
        self._egress = egress or EgressGuard()
        self._config = config

    @property
    def host(self) -> str:
        """Host and port, as sentences name them."""
        return host_of(self.base_url)

    async def _client(self, patience: httpx.Timeout) -> httpx.AsyncClient:
        return await guarded_client(self.base_url, self._egress, self._config, patience)

    @contextlib.asynccontextmanager
    async def stream(
        self,
        path: str,
        payload: object,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[Exchange, None]:
        """POST a JSON body and hold the answer open; leaving closes the socket."""
        client = await self._client(_TIMEOUT)
        request = self._request("POST", path, payload, headers, _TIMEOUT)
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
        *,
        patience: httpx.Timeout = SHORT,
    ) -> Reply:
        """A short request with its whole answer, whatever its status; cut at 16 MiB.

        Raises:
            ProviderError: there is no answer.
        """
        async with await self._client(patience) as client:
            request = self._request(method, path, payload, headers, patience)
            body = bytearray()
            try:
                response = await client.send(request, stream=True)
                async with contextlib.aclosing(response):
                    pieces = cast("AsyncGenerator[bytes, None]", response.aiter_bytes())
                    async for piece in pieces:
                        body += piece
                        if len(body) > _MAX_BODY:
                            await response.aclose()
                            break
                    await pieces.aclose()
            except httpx.HTTPError as error:
                raise self.mapped(error, written=False) from error
        return Reply(response.status_code, response.headers, bytes(body))

    def preview(
        self,
        purpose: Purpose,
        method: str,
        path: str,
        payload: object = None,
        headers: Mapping[str, str] | None = None,
        *,
        exact: bool = True,
    ) -> WireRequest:
        """A request as `stream` and `fetch` would send it, with its keys masked; none is sent."""
        request = self._request(method, path, payload, headers, SHORT)
        shown = tuple(
            (name, _shown(name, value))
            for name, value in request.headers.items()
            if name not in _OF_THE_CONNECTION
        )
        return WireRequest(purpose, method, str(request.url), shown, request.content, exact)

    def _request(
        self,
        method: str,
        path: str,
        payload: object,
        headers: Mapping[str, str] | None,
        patience: httpx.Timeout,
    ) -> httpx.Request:
        """The one place that makes requests, for the wire and for the preview alike."""
        content = None if payload is None else _json(payload)
        kind = {"content-type": "application/json"} if content else {}
        return httpx.Request(
            method,
            self.base_url + path,
            content=content,
            headers={**HEADERS, **kind, **(headers or {})},
            extensions={"timeout": patience.as_dict()},
        )

    def mapped(self, error: Exception, *, written: bool) -> ProviderError:
        """Our error for one of httpx's; `written` tells whether the request had been begun."""
        params = {"host": self.host}
        detail = f"{type(error).__name__}: {_own_words(error)}".rstrip(": ")
        _log.info("%s: %s", self.host, detail)
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
            error,
            httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError,
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
        if isinstance(error, httpx.ProxyError):
            return Unreachable(
                "proxy",
                f"The proxy does not open the way to {self.host}. Check the proxy's address and "
                "whether it wants a name and a password.",
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
        refused = self.unreachable(detail)
        refused.repeatable = True
        return refused

    def unreachable(self, detail: str) -> Unreachable:
        """Nobody answers."""
        sentence = self.service.unreachable.format(host=self.host)
        return Unreachable("unreachable", sentence, params={"host": self.host}, detail=detail)


def _own_words(error: Exception) -> str:
    """What an error says, without the peer's words: those may repeat a key or a source.

    h11 quotes what it cannot read, and httpcore a proxy's reason. Network errors have the words of
    the system or of the TLS library.
    """
    if isinstance(error, httpx.NetworkError | httpx.TimeoutException):
        return str(error)
    if isinstance(error, httpx.ProxyError):
        return str(error).partition(" ")[0]  # the status
    return _QUOTED.sub("", str(error))


def _shown(name: str, value: str) -> str:
    """A header's value, of one with a key only its end."""
    if name not in _KEY_HEADERS:
        return value
    scheme, blank, key = value.rpartition(" ")
    return scheme + blank + masked(key)


def _json(payload: object) -> bytes:
    """ASCII, so that a lone surrogate in a source or name is an escape and not an error."""
    return json.dumps(payload).encode("ascii")
