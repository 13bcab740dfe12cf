"""Servers in the settings file: what each field may be, and how a table of the file is read."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from spectr_desktop.errors import SpectrError
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.records.settings import SavedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PROVIDERS = ("ollama", "anthropic", "openai", "builtin")
FIELDS = ("name", "base_url", "model_file", "parallel", "keep_alive", "proxy", "ca_file")
"""Fields of `ServerConfig` that the file may have beside `provider`."""

MOST_PARALLEL = 64  # more than any server of one's own answers
_LONGEST_ID = 100
_LONGEST_NAME = 100
_LONGEST_TEXT = 4096
# Seconds, or Go's durations such as 1h30m; negative for ever: as Ollama reads it.
_DURATION = re.compile(r"-?(\d+|(\d+(\.\d+)?(ms|s|m|h))+)")
# Without these the source could go elsewhere than the user said: such a server stays off.
_LEADS = ("base_url", "model_file", "proxy", "ca_file")

_PASSWORD = {
    "proxy": (
        "A name or password cannot be kept in the settings file. Put such a proxy into the "
        "environment variable HTTPS_PROXY and leave this field empty."
    ),
    "base_url": (
        "A name or password cannot be kept in the settings file. Leave it out of the address; "
        "a key is saved in the keychain below."
    ),
}


def new_id() -> str:
    """An id for a new server."""
    return secrets.token_hex(6)


def check_field(name: str, value: object) -> None:
    """Nothing, if a server may have this value.

    Args:
        name: one of `FIELDS`.
        value: text; a number or None for `parallel`.

    Raises:
        SpectrError: "bad_server"; the sentence says what is allowed. It never repeats the value,
            which may hold a password.
    """
    if name == "parallel":
        known = value is None or (type(value) is int and 1 <= value <= MOST_PARALLEL)
        sentence = "" if known else f"Requests at a time: a whole number from 1 to {MOST_PARALLEL}."
    elif not isinstance(value, str):
        sentence = "This must be text."
    elif not value:
        sentence = ""
    elif len(value) > _LONGEST_TEXT or not _savable(value):
        sentence = "This is too long, or has characters that no file and no address has."
    else:
        sentence = _CHECKS.get(name, _fine)(value)
    if sentence:
        raise SpectrError("bad_server", sentence, params={"field": name})


def check_server(server: SavedServer) -> None:
    """Nothing, if the settings may keep this server.

    Raises:
        SpectrError: "bad_server", as `check_field`.
    """
    if server.config.provider not in PROVIDERS:
        raise SpectrError(
            "bad_server",
            f"The kind of a server must be one of {', '.join(PROVIDERS)}.",
            params={"field": "provider"},
        )
    for name in FIELDS:
        check_field(name, getattr(server.config, name))


def ids_of(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """The id of each table. One that has none, or that of another, gets one from its content.

    Two programs that read the same file so give it the same one.
    """
    out: list[str] = []
    for entry in entries:
        given = entry.get("id")
        usable = isinstance(given, str) and 0 < len(given) <= _LONGEST_ID and given.isprintable()
        found = str(given) if usable else ""
        copies = 0
        while not found or found in out:
            words = [str(entry.get(name, "")) for name in ("id", "provider", "name", "base_url")]
            text = "\0".join([*words, str(copies)])
            found = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
            copies += 1
        out.append(found)
    return out


def read_servers(value: object, problems: list[str]) -> tuple[SavedServer, ...]:
    """The servers of a parsed file; a sentence for each that is not as it should be."""
    if value is None:
        return ()
    entries = cast("list[object]", value) if isinstance(value, list) else [value]
    tables = [cast("dict[str, Any]", entry) for entry in entries if isinstance(entry, dict)]
    if len(tables) < len(entries):
        problems.append(
            "In the settings file `servers` must be tables, each begun with [[servers]]. "
            "What else is there is not used."
        )
    out: list[SavedServer] = []
    for identity, entry in zip(ids_of(tables), tables, strict=True):
        server = _read_server(identity, entry, problems)
        if server is not None:
            out.append(server)
    return tuple(out)


def _read_server(
    identity: str, entry: Mapping[str, Any], problems: list[str]
) -> SavedServer | None:
    provider = entry.get("provider")
    title = entry.get("name") or provider
    told = str(title) if isinstance(title, str) else identity
    if provider not in PROVIDERS:
        problems.append(
            f"The server “{told}” in the settings file is not used: its provider must be one of "
            f"{', '.join(PROVIDERS)}."
        )
        return None
    config = ServerConfig(str(provider))
    enabled = entry.get("enabled", True)
    if not isinstance(enabled, bool):
        problems.append(f"The server “{told}” is off: `enabled` must be true or false.")
        enabled = False
    for name in FIELDS:
        if name not in entry:
            continue
        try:
            check_field(name, entry[name])
        except SpectrError as error:
            what = "it is off until you correct it" if name in _LEADS else "the default is used"
            problems.append(f"The server “{told}”, `{name}`: {what}. {error.message}")
            enabled = enabled and name not in _LEADS
        else:
            config = replace(config, **{name: entry[name]})
    return SavedServer(identity, config, enabled)


def fields_of(server: SavedServer) -> dict[str, str | int | bool | None]:
    """What the file says of a server, in order; None or "" for what it leaves out."""
    config = server.config
    return {
        "id": server.id,
        "provider": config.provider,
        "enabled": server.enabled,
        **{name: getattr(config, name) for name in FIELDS},
    }


def _savable(text: str) -> bool:
    # Control characters, and the surrogates that stand for undecodable bytes of a file's name.
    return not any(ord(char) < 0x20 or 0xD800 <= ord(char) < 0xE000 for char in text)  # noqa: PLR2004


def _fine(_value: str) -> str:
    return ""


def _check_name(value: str) -> str:
    return "" if len(value) <= _LONGEST_NAME else f"At most {_LONGEST_NAME} characters."


def _check_duration(value: str) -> str:
    return "" if _DURATION.fullmatch(value) else "A time such as 30m or 1h; 0, or -1 for ever."


def _check_address(value: str) -> str:
    # A password may itself have / or @, so any @ counts but that of a path such as /@cf/model.
    return _PASSWORD["base_url"] if re.search(r"(?<!/)@", value) else _address_fault(value)


def _check_proxy(value: str) -> str:
    return _PASSWORD["proxy"] if "@" in value else _address_fault(value)


def _address_fault(value: str) -> str:
    if "?" in value or "#" in value:
        return "An address ends before any ? or #. A key belongs into the keychain."
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        port_only = parts.port is not None  # as in ":8080", which is a port of this machine
        usable = parts.scheme in {"http", "https"} and (bool(parts.hostname) or port_only)
    except ValueError:  # half a pair of brackets, or a port that is no number
        usable = False
    if usable and not re.search(r"[\s\\]", value):
        return ""
    return "An address such as https://host:port, with or without /v1."


_CHECKS: dict[str, Callable[[str], str]] = {
    "name": _check_name,
    "keep_alive": _check_duration,
    "base_url": _check_address,
    "proxy": _check_proxy,
}
