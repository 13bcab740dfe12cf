"""How an HTTP client reaches the network: past the guard, through a proxy, over TLS."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import ssl
import threading
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpcore
import httpx
from httpcore import AnyIOBackend

from spectr_desktop.providers.egress import is_loopback
from spectr_desktop.providers.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spectr_desktop.providers.egress import EgressGuard
    from spectr_desktop.records.server import ServerConfig

# Resolvers may be told to send `localhost` elsewhere, so that we map it ourselves.
_LOCALHOST = ("127.0.0.1", "::1")
# A peer that vanished without a word is noticed after about six minutes of silence.
_KEEPALIVE = (
    ("TCP_KEEPIDLE", 60),
    ("TCP_KEEPALIVE", 60),
    ("TCP_KEEPINTVL", 60),
    ("TCP_KEEPCNT", 5),
)


# What every request carries beside its own headers, so that it can be shown before it is sent.
HEADERS = {
    "accept": "*/*",
    "accept-encoding": "identity",
    "connection": "keep-alive",
    "user-agent": f"python-httpx/{httpx.__version__}",
}


async def guarded_client(
    base_url: str, egress: EgressGuard, config: ServerConfig | None, patience: httpx.Timeout
) -> httpx.AsyncClient:
    """A client for one request to this server.

    Raises:
        BadRequest: the proxy or the file of authorities cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # for plain connections: never used
    proxy = "" if is_loopback(base_url) else _proxy(base_url, config)
    if "https:" in (base_url[:6], proxy[:6]):
        context = await _tls_context(config.ca_file if config else "")
    host = urlsplit(base_url).hostname or ""
    backend = _GuardedBackend(egress, host, urlsplit(proxy).hostname or "")
    return httpx.AsyncClient(
        timeout=patience,
        transport=_GuardedTransport(backend, context, proxy),
        # Nothing of the environment but the proxy, which was read above.
        trust_env=False,
        headers=HEADERS,
    )


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """The network of one HTTP client: asks the guard, maps `localhost`, keeps sockets alive.

    Args:
        guard: asked for each connection.
        target: host of the server.
        proxy: host of the proxy, "" without one.
    """

    def __init__(self, guard: EgressGuard, target: str, proxy: str = "") -> None:
        self._guard = guard
        self._target = target.lower()
        self._allowed = frozenset(host.lower() for host in (target, proxy) if host)
        self._network = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's name
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect, if the guard lets it.

        Raises:
            EgressRefused: it does not.
            httpcore.ConnectError: nobody answers there.
        """
        self._guard.check(host, target=self._target, allowed=self._allowed)
        options = [*(socket_options or ()), *_keepalive_options()]
        places = _LOCALHOST if host.lower() == "localhost" else (host,)
        for place in places[:-1]:
            with contextlib.suppress(httpcore.ConnectError):
                return await self._network.connect_tcp(place, port, timeout, local_address, options)
        return await self._network.connect_tcp(places[-1], port, timeout, local_address, options)

    async def sleep(self, seconds: float) -> None:
        """Wait, between httpcore's own attempts (it makes none)."""
        await self._network.sleep(seconds)


def _keepalive_options() -> list[httpcore.SOCKET_OPTION]:
    known = [
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in _KEEPALIVE
        if hasattr(socket, name)
    ]
    return [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *known]


class _GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's transport over our own network backend, which httpx gives no way to name.

    Args:
        backend: makes the connections.
        context: of https connections.
        proxy: its URL, "" without one.
    """

    def __init__(self, backend: _GuardedBackend, context: ssl.SSLContext, proxy: str) -> None:
        if not proxy:
            self._pool = httpcore.AsyncConnectionPool(ssl_context=context, network_backend=backend)
            return
        given = httpx.Proxy(proxy)
        self._pool = httpcore.AsyncHTTPProxy(
            proxy_url=str(given.url),
            proxy_auth=given.raw_auth,
            ssl_context=context,
            proxy_ssl_context=context if given.url.scheme == "https" else None,
            network_backend=backend,
        )


def _proxy(url: str, config: ServerConfig | None) -> str:
    """The proxy on the way to a remote server; "" for none.

    Raises:
        BadRequest: it is none that can be used.
    """
    parts = urlsplit(url)
    proxy = config.proxy if config else ""
    if not proxy and not urllib.request.proxy_bypass(parts.netloc):
        known = urllib.request.getproxies()
        proxy = known.get(parts.scheme) or known.get("all") or ""
    if not proxy:
        return ""
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    try:
        usable = httpx.URL(proxy).scheme in ("http", "https") and bool(urlsplit(proxy).hostname)
    except (ValueError, httpx.InvalidURL):
        usable = False
    if not usable:
        raise BadRequest(
            "bad_proxy",
            "The proxy cannot be used: its address must begin with http:// or https://. Correct "
            "it, also in HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, or remove it.",
        )
    return proxy


@functools.cache
def _load_tls(ca_file: str) -> ssl.SSLContext:
    context = httpx.create_ssl_context()
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context


async def _tls_context(ca_file: str) -> ssl.SSLContext:
    """The context of all https clients, read once and off the loop: it costs up to 150 ms.

    Raises:
        BadRequest: the file of authorities cannot be read.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[ssl.SSLContext] = loop.create_future()

    def deliver(context: ssl.SSLContext | None, error: Exception | None) -> None:
        if done.done():
            return
        if context is not None:
            done.set_result(context)
        else:
            done.set_exception(error or RuntimeError())

    def load() -> None:
        context, failure = None, None
        try:
            context = _load_tls(ca_file)
        except (OSError, ValueError) as error:  # ssl's own errors are OSErrors
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(deliver, context, failure)

    threading.Thread(target=load, name="tls-context", daemon=True).start()
    try:
        return await done
    except (OSError, ValueError) as error:
        raise BadRequest(
            "bad_ca",
            f"The certificates in {ca_file} cannot be read. Name a PEM file."
            if ca_file
            else "This machine's trusted certificates cannot be read. Check SSL_CERT_FILE.",
            params={"file": ca_file},
            detail=str(error),
        ) from error
