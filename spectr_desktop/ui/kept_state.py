"""What the window remembers from one start to the next: small records, a file each."""

from __future__ import annotations

import json
from typing import TypeVar

from spectr_desktop import paths
from spectr_desktop.logs import logger
from spectr_desktop.records.codec import from_json, to_json

_log = logger(__name__)
_State = TypeVar("_State")


def load(default: _State, file_name: str) -> _State:
    """What was kept, a record like the default; a damaged file is as good as none."""
    try:
        return from_json(type(default), json.loads((paths.data() / file_name).read_bytes()))
    except FileNotFoundError:
        return default
    except (OSError, ValueError, RecursionError) as error:
        _log.info("%s is left out: %s", file_name, type(error).__name__)
        return default


def save(state: object, file_name: str) -> None:
    """Keep it; a disk that cannot is no error."""
    file = paths.data() / file_name
    try:
        paths.private_folder(file.parent)
        paths.write_private(file, json.dumps(to_json(state)).encode("ascii") + b"\n")
    except OSError as error:
        _log.warning("%s is not kept: %s", file_name, error)
