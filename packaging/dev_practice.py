"""When the practice engine (a small llama-server and model) is installed."""

from __future__ import annotations

import http.client
import ipaddress
import os
import platform
import shutil
import sys

MEGABYTES = 158
_DEFAULT = ("http", "127.0.0.1", 11434)
_SECONDS = 0.5
_OLDEST_GLIBC = (2, 35)  # the wheel is built for manylinux_2_35


def supported() -> bool:
    """Whether the engine's package has a wheel for this machine."""
    if not sys.platform.startswith("linux") or platform.machine() != "x86_64":
        return False
    kind, version = platform.libc_ver()
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    return kind == "glibc" and numbers >= _OLDEST_GLIBC


def ollama_address(value: str) -> tuple[str, str, int]:
    """Read OLLAMA_HOST the way Ollama does: any of scheme, host and port may be left out.

    Returns:
        Scheme, host and port. A host that means every interface becomes 127.0.0.1.
    """
    text = value.strip().strip("\"'").strip()
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = _DEFAULT[0], text
    port = {"https": 443, "http": 80}.get(scheme, _DEFAULT[2]) if found else _DEFAULT[2]
    authority = rest.split("/", 1)[0]
    host, colon, digits = authority.rpartition(":")
    if not colon or authority.endswith("]") or (":" in host and not host.startswith("[")):
        host, digits = authority, ""
    if digits.isdigit() and 0 < int(digits) < 65536:  # noqa: PLR2004 - the range of ports
        port = int(digits)
    host = host.strip("[]")
    if host in {"", "0.0.0.0", "::"}:  # noqa: S104 - compared, nothing is bound
        host = _DEFAULT[1]
    return scheme, host, port


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its literal name; nothing is resolved."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def ollama_answers(value: str) -> bool:
    """Ask an Ollama on this machine for its version; other machines are never asked.

    Args:
        value: what OLLAMA_HOST says, possibly nothing.
    """
    scheme, host, port = ollama_address(value)
    if not is_loopback(host):
        scheme, host, port = _DEFAULT
    if host.lower() == "localhost":
        host = _DEFAULT[1]
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    connection = kind(host, port, timeout=_SECONDS)
    try:
        connection.request("GET", "/api/version")
        answer = connection.getresponse()
        return answer.status == http.client.OK and b'"version"' in answer.read(4096)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def has_engine() -> bool:
    """Whether a model can already answer on this machine: Ollama, or llama-server on PATH."""
    return shutil.which("llama-server") is not None or ollama_answers(
        os.environ.get("OLLAMA_HOST", "")
    )
