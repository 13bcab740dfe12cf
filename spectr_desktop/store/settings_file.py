"""The settings file itself: read, migrated, changed where this program changed it, and kept."""

from __future__ import annotations

import contextlib
import datetime
import os
import tomllib
from typing import TYPE_CHECKING, Any, cast

from spectr_desktop import locks, paths
from spectr_desktop.logs import logger
from spectr_desktop.store.settings_servers import fields_of, ids_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, MutableMapping, Sequence
    from pathlib import Path

    from spectr_desktop.records.settings import SavedServer
    from spectr_desktop.store.settings_table import Value

_log = logger(__name__)

VERSION = 1
_LARGEST = 4 * 1024 * 1024  # bytes; more is not what a person or this program wrote

MIGRATIONS: dict[int, Callable[[MutableMapping[str, Any]], None]] = {}
"""Version → what makes the next version of a file that has it. Works on what `tomllib` gives, and
in the same way on what `tomlkit` gives, so that comments stay."""


class DamagedError(Exception):
    """The file is no TOML."""


def read_text(path: Path) -> str:
    """The file's text, "" if there is none.

    Raises:
        DamagedError: it is no text, or far too long.
        OSError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    if len(raw) > _LARGEST:
        raise DamagedError
    try:
        return raw.decode("utf-8-sig")  # some editors put a byte order mark first
    except UnicodeDecodeError as error:
        raise DamagedError from error


def parse(text: str) -> dict[str, Any]:
    """What the text says.

    Raises:
        DamagedError: it is no TOML.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedError from error


def version_of(document: MutableMapping[str, Any]) -> int:
    """The version that a file says it has; one that says none was written for this one."""
    version: object = document.get("version")
    if isinstance(version, int) and not isinstance(version, bool) and version > 0:
        return version
    return VERSION


def migrate(document: MutableMapping[str, Any]) -> None:
    """Bring an older document up to this version; a newer one stays what it is."""
    version = version_of(document)
    while version < VERSION:
        MIGRATIONS[version](document)
        version += 1
        document["version"] = version


def set_aside(path: Path) -> Path:
    """Give a damaged file another name beside its own, which no other file has.

    Raises:
        OSError: it cannot be renamed; it is where it was.
    """
    now = datetime.datetime.now(datetime.UTC)
    first = path.with_name(f"{path.name}.damaged-{now:%Y%m%dT%H%M%SZ}")
    target, number = first, 1
    while target.exists():
        number += 1
        target = first.with_name(f"{first.name}-{number}")
    path.rename(target)
    _log.warning("damaged settings set aside as %s", target.name)
    return target


@contextlib.contextmanager
def held(path: Path) -> Generator[None, None, None]:
    """Let no other program change the file meanwhile.

    Raises:
        OSError: there is no place for the lock.
    """
    paths.private_folder(path.parent)
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        locks.lock(descriptor, wait=True)
        yield
    finally:
        os.close(descriptor)


def changed_text(
    text: str,
    values: dict[str, Value],
    before: Sequence[SavedServer],
    servers: Sequence[SavedServer],
) -> str:
    """The text with some settings and servers changed; comments, order and all else stay.

    Args:
        text: a settings file, sound or empty.
        values: key → value; None takes the key out.
        before: the servers as this program has read them.
        servers: as they are now.

    Raises:
        DamagedError: the text is no TOML after all.
    """
    import tomlkit  # noqa: PLC0415  # 40 ms that only saving needs
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415  # as above

    try:
        document = cast("MutableMapping[str, Any]", tomlkit.parse(text))
        if not text.strip():
            cast("Any", document).add(tomlkit.comment("Settings of Spectr Desktop."))
        if "version" not in document:
            document["version"] = VERSION
        migrate(document)
        for key, value in values.items():
            _put(document, key, value)
        if tuple(before) != tuple(servers):
            _put_servers(document, before, servers)
        out = tomlkit.dumps(cast("Any", document))
        parse(out)
    except (TOMLKitError, ValueError, RecursionError) as error:
        raise DamagedError from error
    return out


def _put(document: MutableMapping[str, Any], key: str, value: Value) -> None:
    import tomlkit  # noqa: PLC0415  # as above

    section, name = key.split(".")
    table = document.get(section)
    if not hasattr(table, "keys"):
        if value is None:
            return
        if section in document:
            del document[section]
        document[section] = table = tomlkit.table()
    _set(cast("MutableMapping[str, Any]", table), name, value)


def _set(table: MutableMapping[str, Any], name: str, value: Value) -> None:
    """Change one key of a table; a new one comes behind the last, before what follows it."""
    from tomlkit.items import Table  # noqa: PLC0415  # as above

    if value is None:
        if name in table:
            del table[name]
        return
    # What stands between a table and the next one, such as the comment on that, is a part of it.
    rest: list[Any] = []
    if isinstance(table, Table) and name not in table:
        body = cast("list[Any]", table.value.body)
        while body and body[-1][0] is None:
            rest.insert(0, body.pop())
        table[name] = value
        body += rest
        return
    table[name] = value


def _put_servers(
    document: MutableMapping[str, Any],
    before: Sequence[SavedServer],
    servers: Sequence[SavedServer],
) -> None:
    """Change, add, remove and order servers as this program did, and no others."""
    import tomlkit  # noqa: PLC0415  # as above
    from tomlkit.items import AoT  # noqa: PLC0415  # as above

    found: Any = document.get("servers")
    tables: list[Any] = [t for t in found if hasattr(t, "keys")] if _is_list(found) else []
    identities = ids_of(tables)
    by_id: dict[str, Any] = dict(zip(identities, tables, strict=True))
    for identity, table in by_id.items():
        if table.get("id") != identity:
            _set(table, "id", identity)
    known = {server.id: server for server in before}
    for server in servers:
        if known.get(server.id) != server:
            _fill(by_id.setdefault(server.id, tomlkit.table()), server)
    order = _order(identities, [s.id for s in before], [s.id for s in servers if s.id in by_id])
    if isinstance(found, AoT) and order[: len(identities)] == identities:
        cast("list[Any]", found).extend(by_id[identity] for identity in order[len(identities) :])
        return
    rebuilt: Any = tomlkit.aot()
    for identity in order:
        rebuilt.append(_as_table(by_id[identity]))
    if "servers" in document and not (order and isinstance(found, AoT)):
        del document["servers"]
    if order:
        document["servers"] = rebuilt


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _order(in_file: list[str], before: list[str], now: list[str]) -> list[str]:
    """The ids in their new order: ours if we moved any, else the file's; others' come last."""
    removed = set(before) - set(now)
    kept = [identity for identity in in_file if identity not in removed]
    ours = [identity for identity in before if identity in now]
    added = [identity for identity in now if identity not in before]
    if now == ours + added:
        return kept + [identity for identity in now if identity not in kept]
    return now + [identity for identity in kept if identity not in now]


def _fill(table: Any, server: SavedServer) -> None:  # noqa: ANN401  # a table of tomlkit
    for name, value in fields_of(server).items():
        _set(table, name, None if value == "" else value)


def _as_table(entry: Any) -> Any:  # noqa: ANN401  # a table of tomlkit, also an inline one
    import tomlkit  # noqa: PLC0415  # as above
    from tomlkit.items import Table  # noqa: PLC0415  # as above

    if isinstance(entry, Table):
        return entry
    table: Any = tomlkit.table()
    table.update(entry)
    return table
