"""Where Ollama is, by the rules of its own client."""

from __future__ import annotations

from urllib.parse import urlsplit

DEFAULT = "http://127.0.0.1:11434"


def host_address(value: str) -> str:
    """The base URL that a value of OLLAMA_HOST means, by the rules of Ollama's own client.

    Blanks and quotes go; no scheme is http with port 11434; a scheme brings its usual port;
    an address to listen on (0.0.0.0, ::, none) is this machine's loopback.
    """
    text = value.strip().strip("\"'").strip()
    if not text:
        return DEFAULT
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    port = {"http": 80, "https": 443}.get(scheme, 11434) if separator else 11434
    authority, _, path = rest.partition("/")
    if authority.count(":") > 1 and not authority.startswith("["):
        authority = f"[{authority}]"
    try:
        parts = urlsplit(f"{scheme}://{authority}")
    except ValueError:  # half a pair of brackets: whoever uses the address says that it is none
        return value
    if not separator and parts.hostname == "ollama.com":
        scheme, port = "https", 443
    try:
        port = parts.port or port
    except ValueError:
        port = 11434 if not separator else port
    host = parts.hostname or "127.0.0.1"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}:{port}" + (f"/{path.strip('/')}" if path.strip("/") else "")
