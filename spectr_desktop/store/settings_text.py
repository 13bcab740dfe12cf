"""Changes in the text of a settings file: what the user wrote around them stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from spectr_desktop.store.settings_file import VERSION, DamagedError, migrate, parse
from spectr_desktop.store.settings_servers import fields_of, ids_of

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from spectr_desktop.records.settings import SavedServer
    from spectr_desktop.store.settings_table import Value


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
    if isinstance(found, AoT) and order == identities:
        return
    rest = _rearrange(by_id, identities, order)
    rebuilt: Any = tomlkit.aot()
    for identity in order:
        rebuilt.append(by_id[identity])
        # `append` puts a blank line before a table, also where one or a comment is already.
        by_id[identity].trivia.indent = by_id[identity].trivia.indent.lstrip("\n")
    if "servers" in document and not (order and isinstance(found, AoT)):
        del document["servers"]
    if order:
        document["servers"] = rebuilt
    for item in rest:
        cast("Any", document).add(item)


def _rearrange(by_id: dict[str, Any], identities: list[str], order: list[str]) -> list[Any]:
    """Let comments that stand before a table go with it; those before the first one stay there.

    `tomlkit` keeps them at the end of the table before. What stands behind the last table stays
    behind the last.

    Args:
        by_id: the tables; changed in place.
        identities: their order in the file.
        order: their new one.

    Returns:
        Comments that no table is left for.
    """
    import tomlkit  # noqa: PLC0415  # as above

    leads: dict[str, list[Any]] = {}
    rest: list[Any] = []
    for identity in identities:
        leads[identity] = rest
        rest = _cut_end(by_id[identity])
    for at, identity in enumerate(order):
        lead = [] if at or identity in identities[:1] else leads.get(identity, [])
        table = by_id[identity] = _as_table(by_id[identity], lead)
        following = rest
        if at + 1 < len(order):
            following = leads.get(order[at + 1]) or [tomlkit.nl()]
        table.value.body.extend((None, item) for item in following)
    return [] if order else [item for item in rest if _is_comment(item)]


def _cut_end(table: Any) -> list[Any]:  # noqa: ANN401  # a table of tomlkit
    """Take off what stands between a table and the next one: blank lines and comments."""
    from tomlkit.items import Table  # noqa: PLC0415  # as above

    out: list[Any] = []
    body: list[Any] = table.value.body if isinstance(table, Table) else []
    while body and body[-1][0] is None:
        out.insert(0, body.pop()[1])
    return out


def _is_comment(item: object) -> bool:
    from tomlkit.items import Comment  # noqa: PLC0415  # as above

    return isinstance(item, Comment)


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


def _as_table(entry: Any, lead: list[Any]) -> Any:  # noqa: ANN401  # a table of tomlkit
    """The table; one made of an inline table, or one that begins with comments, is a new one."""
    import tomlkit  # noqa: PLC0415  # as above
    from tomlkit.items import Table  # noqa: PLC0415  # as above

    comments = [item for item in lead if _is_comment(item)]
    if isinstance(entry, Table) and not comments:
        return entry
    table: Any = tomlkit.table()
    for item in comments:
        table.add(item)
    if not isinstance(entry, Table):
        table.update(entry)
        return table
    for key, item in entry.value.body:
        table.add(item) if key is None else table.append(key, item)
    return table
