"""The one place that every connection passes: it knows whom we may talk to."""

from __future__ import annotations

import contextlib
import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from spectr_desktop.logs import logger
from spectr_desktop.providers.errors import EgressRefused
from spectr_desktop.records.server import Locality, ModelInfo

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logger(__name__)


def is_loopback_host(host: str) -> bool:
    """The host is literally a loopback address, or `localhost`; nothing is resolved."""
    host = host.lower().strip("[]")
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return (mapped or address).is_loopback
    return False


def is_loopback(url: str) -> bool:
    """The URL's host is literally a loopback address, or `localhost`."""
    return is_loopback_host(urlsplit(url).hostname or "")


class EgressGuard:
    """Decides before a name is resolved whether a connection may be made.

    One for the whole program; shared by all transports.

    Attributes:
        air_gap: nothing but literal loopback may be reached, not even through a proxy.
        refusals: connections that were refused so far.
        on_refused: called after each.
    """

    def __init__(self, *, air_gap: bool = False) -> None:
        self.air_gap = air_gap
        self.refusals = 0
        self.on_refused: Callable[[], None] = lambda: None

    def check(self, host: str, *, target: str, allowed: frozenset[str]) -> None:
        """Let a connection pass.

        Args:
            host: where the socket would go: the server, or a proxy.
            target: the server that it is for.
            allowed: hosts that this transport was made for.

        Raises:
            EgressRefused: it may not be made.
        """
        if self.air_gap and not (is_loopback_host(host) and is_loopback_host(target)):
            raise self._refused(target)
        if host.lower() not in allowed:
            self._count()
            raise EgressRefused(
                "egress",
                f"A connection to {host} was refused, because nobody asked for it. Check the "
                "server's address and the proxy.",
                params={"host": host},
            )

    def check_model(self, model: ModelInfo, locality: Locality) -> None:
        """Let a model be asked: a server on this machine may forward to somebody else's.

        Raises:
            EgressRefused: it may not.
        """
        if self.air_gap and (model.remote or locality is Locality.REMOTE):
            raise self._refused(f"“{model.title}”")

    def _refused(self, what: str) -> EgressRefused:
        self._count()
        return EgressRefused(
            "air_gap",
            f"Air-gap mode is on, so {what} was not contacted. Pick a model on this machine, or "
            "switch the mode off.",
            params={"host": what},
        )

    def _count(self) -> None:
        self.refusals += 1
        _log.info("a connection was refused (%d so far)", self.refusals)
        self.on_refused()
