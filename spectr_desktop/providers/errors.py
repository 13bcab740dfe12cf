"""What can go wrong between us and a server: mapped once, each with a code and a remedy."""

from __future__ import annotations

from spectr_desktop.errors import SpectrError


class ProviderError(SpectrError):
    """A request failed.

    Attributes:
        status: the HTTP status, None where there was none.
        request_id: the provider's id of the request, "" where there is none.
        repeatable: the request may be sent again: nothing of it was written, or the status says
            so and no byte of an answer came.
        retry_after_s: the seconds that the server asked to wait before that, None if it did not.
    """

    status: int | None = None
    request_id: str = ""
    repeatable: bool = False
    retry_after_s: float | None = None


class Unreachable(ProviderError):
    """No connection: refused, no route, no such host. Nothing was written."""


class EgressRefused(ProviderError):
    """We did not let the connection out: air-gap mode, or a host that nobody named."""


class ConnectionLost(ProviderError):
    """The connection broke after the request was written."""


class AuthFailed(ProviderError):
    """The key is missing, wrong, or not allowed to do this."""


class ModelMissing(ProviderError):
    """The server does not have the model."""


class ContextOverflow(ProviderError):
    """The input is longer than the model's context; nothing was generated."""


class ServerBusy(ProviderError):
    """The server has no room now."""


class BadRequest(ProviderError):
    """The server did not accept the request."""


class ServerFailed(ProviderError):
    """The server broke, or answered with something that is not its protocol."""


class EngineFailed(ProviderError):
    """The built-in engine did not start."""
