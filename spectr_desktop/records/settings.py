"""A server as the settings keep it."""

from __future__ import annotations

from dataclasses import dataclass

from spectr_desktop.records.server import ServerConfig


@dataclass(frozen=True, slots=True)
class SavedServer:
    """A server that the user set up.

    Attributes:
        id: never changes, whatever else of the server does.
        config: where it is and how to ask it.
        enabled: the program asks it for models.
    """

    id: str
    config: ServerConfig
    enabled: bool = True
