"""Servers and models as the program knows them."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Locality(enum.Enum):
    """Where the source goes when a model is asked.

    LOCAL: a server known to run on this machine, and a model known to run in it.
    LOCAL_PORT: an unknown server on a loopback port, which may forward.
    REMOTE: everything else.
    """

    LOCAL = "local"
    LOCAL_PORT = "local_port"
    REMOTE = "remote"


class ServerState(enum.Enum):
    """What a server does after a request to it was stopped."""

    IDLE = "idle"
    READING = "reading"
    WORKING = "working"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Which service to ask and where.

    Attributes:
        provider: a name that the registry knows.
        base_url: with or without a trailing /v1; empty for the provider's usual address.
        model_file: for the built-in engine: a .gguf file; empty for the practice model.
        parallel: requests at a time; None for the provider's usual number.
        keep_alive: how long Ollama keeps a model loaded after an answer, in seconds or as a
            duration such as "30m"; empty leaves it to the server.
        proxy: address of an HTTP proxy; empty for the environment's. Never used on loopback.
        ca_file: a PEM file of authorities that are trusted beside the usual ones.
        name: what the user calls it; empty for the provider's own title.
    """

    provider: str
    base_url: str = ""
    model_file: str = ""
    parallel: int | None = None
    keep_alive: str = ""
    proxy: str = ""
    ca_file: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as its server lists it; None where the server does not say.

    Attributes:
        id: what the server wants to read in a request.
        label: what a person reads.
        context: tokens that the model can hold at most.
        own_context: the context that the model's own settings ask for.
        loaded_context: the context that the server has it loaded with now.
        max_output: tokens that one answer can have at most.
        size_bytes: size of the weights.
        capabilities: what the server says that it can do, in the adapter's words; empty where it
            does not say. "thinking" means that it can think before it answers.
        remote: the server forwards it to somebody else's machine.
        practice: shows that the program works; its findings are worth nothing.
    """

    id: str
    label: str = ""
    context: int | None = None
    own_context: int | None = None
    loaded_context: int | None = None
    max_output: int | None = None
    size_bytes: int | None = None
    parameter_size: str = ""
    quantization: str = ""
    digest: str = ""
    capabilities: frozenset[str] = field(default_factory=frozenset[str])
    remote: bool = False
    practice: bool = False

    @property
    def title(self) -> str:
        """The label, or the id where there is none."""
        return self.label or self.id
