"""A request as it goes over the wire, to be shown before it is sent."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from typing import cast

_LEAST_SHOWN = 20  # characters of a key; the end of a shorter one would tell too much
_SHOWN_END = 4
HIDDEN = "••••••"
# What the readable form writes in one line; longer texts stand below their name.
_INLINE = 100


def masked(key: str) -> str:
    """A key as it may be shown: at most its last four characters, of a short one nothing."""
    if not key:
        return ""
    return HIDDEN + (key[-_SHOWN_END:] if len(key) >= _LEAST_SHOWN else "")


class Purpose(enum.StrEnum):
    """What a request is for; `ui` translates it."""

    MODELS = "ask for the models"
    READY = "ask whether the server is ready"
    LOAD = "load the model"
    LOADED = "ask what is loaded"
    TEMPLATE = "put the text into the model's own form"
    COUNT = "count the tokens"
    GENERATE = "generate"


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One HTTP request.

    Attributes:
        purpose: what it is for.
        method: of HTTP.
        url: whole.
        headers: in order; keys are masked, and those of the connection are left out.
        body: the bytes; empty where there are none.
        exact: False where a part is not known before: the server's answer to an earlier step,
            which stands between ⟦ and ⟧, or the port of an engine that does not run yet.
    """

    purpose: Purpose
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    exact: bool = True

    def readable(self) -> str:
        """The body for a person: a line for each value, texts with their real line ends."""
        if not self.body:
            return ""
        try:
            value: object = json.loads(self.body)
        except (ValueError, RecursionError):
            return self.body.decode("utf-8", "replace")
        lines: list[str] = []
        _write("", value, lines)
        return "\n".join(lines)


def _write(name: str, value: object, lines: list[str]) -> None:
    """Write a JSON value under a name such as `messages 2 content`."""
    if isinstance(value, dict) and value:
        for key, inner in cast("dict[str, object]", value).items():
            _write(f"{name} {key}".strip(), inner, lines)
    elif isinstance(value, list) and value:
        for number, inner in enumerate(cast("list[object]", value), 1):
            _write(f"{name} {number}".strip(), inner, lines)
    elif isinstance(value, str) and ("\n" in value or len(value) > _INLINE):
        lines += ["", f"── {name} ──", *value.split("\n"), ""]
    elif isinstance(value, str):
        lines.append(f"{name}: {value}")
    else:
        lines.append(f"{name}: {json.dumps(value)}")
