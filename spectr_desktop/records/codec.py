"""JSON for records, both ways: plain values out, typed records in, unknown keys ignored."""

from __future__ import annotations

import base64
import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar, cast

T = TypeVar("T")
_PLAIN = (str, int, bool)


class RecordError(ValueError):
    """A JSON value does not have the shape of the record that it should be."""


def to_json(value: object) -> Any:  # noqa: ANN401, PLR0911  # JSON has no narrower type
    """The JSON value of a record.

    Objects for dataclasses, arrays for tuples, names for enums, base64 for bytes.
    """
    if isinstance(value, enum.Enum):
        return value.value
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value)
        return {key: to_json(item) for key, item in items.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in cast("tuple[object, ...]", value)]
    if isinstance(value, (frozenset, set)):
        return sorted(to_json(item) for item in cast("frozenset[str]", value))
    raise TypeError(f"no JSON form for {type(value).__name__}")


def from_json(cls: type[T], value: object) -> T:
    """The record of class `cls` that a JSON value describes.

    Keys that the record does not know are ignored, so that older programs read newer files.

    Raises:
        RecordError: a required key is missing or a value has another type.
    """
    return cast("T", _read(cls, value, cls.__name__))


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _read(hint: Any, value: object, where: str) -> object:  # noqa: ANN401, PLR0911  # a hint each
    origin = typing.get_origin(hint)
    if origin is typing.Union or origin is types.UnionType:
        return _read_union(typing.get_args(hint), value, where)
    if origin is not None:
        return _read_container(origin, typing.get_args(hint), value, where)
    if dataclasses.is_dataclass(hint):
        return _read_record(cast("type", hint), value, where)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _read_name(hint, value, where)
    if hint is bytes and isinstance(value, str):
        return _read_bytes(value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is int and isinstance(value, bool):
        raise RecordError(f"{where}: a boolean is no number")
    if isinstance(value, hint):
        return value
    raise RecordError(f"{where}: expected {hint.__name__}, found {type(value).__name__}")


def _read_name(hint: type[enum.Enum], value: object, where: str) -> enum.Enum:
    try:
        return hint(value)
    except ValueError as error:
        raise RecordError(f"{where}: {error}") from error


def _read_bytes(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise RecordError(f"{where}: this is no base64") from error


def _read_union(args: tuple[Any, ...], value: object, where: str) -> object:
    if value is None and type(None) in args:
        return None
    errors: list[str] = []
    for arg in args:
        if arg is type(None):
            continue
        try:
            return _read(arg, value, where)
        except RecordError as error:
            errors.append(str(error))
    raise RecordError("; ".join(errors) or f"{where}: null is not allowed")


def _read_container(
    origin: Any,  # noqa: ANN401
    args: tuple[Any, ...],
    value: object,
    where: str,
) -> object:
    if origin in (tuple, list, frozenset):
        if not isinstance(value, list):
            raise RecordError(f"{where}: expected a list, found {type(value).__name__}")
        items = [
            _read(args[0], item, f"{where}[{i}]")
            for i, item in enumerate(cast("list[object]", value))
        ]
        return cast("object", origin(items))
    if not isinstance(value, dict):
        raise RecordError(f"{where}: expected an object, found {type(value).__name__}")
    pairs = cast("dict[str, object]", value)
    return {key: _read(args[1], item, f"{where}.{key}") for key, item in pairs.items()}


def _read_record(cls: type, value: object, where: str) -> object:
    if not isinstance(value, dict):
        raise RecordError(f"{where}: expected an object, found {type(value).__name__}")
    pairs = cast("dict[str, object]", value)
    hints = _hints(cls)
    given: dict[str, object] = {}
    for field in dataclasses.fields(cls):
        if field.name in pairs:
            hint, item = hints[field.name], pairs[field.name]
            # Most values are plain; to say where they are takes longer than to read them.
            plain = type(item) is hint and hint in _PLAIN
            given[field.name] = item if plain else _read(hint, item, f"{where}.{field.name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise RecordError(f"{where}: {field.name} is missing")
    return cls(**given)
