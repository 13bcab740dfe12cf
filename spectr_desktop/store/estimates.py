"""How long a model took to load and to read on this machine, learned from the runs before."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from spectr_desktop import paths
from spectr_desktop.logs import logger

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.records.run import Timings

_log = logger(__name__)

_KEPT = 5  # measurements of each kind
_MODELS = 200  # the ones that were used last
_LOADING, _READING = "loading_ms", "reading_ms_per_token"


@dataclass(frozen=True, slots=True)
class Expected:
    """The longest that a phase took lately, in seconds; None if it never happened here."""

    loading_s: float | None = None
    reading_s: float | None = None


class Estimates:
    """Reads and writes `estimates.json`; a damaged file is as good as none.

    Args:
        file: where it is, None for its place among the program's data.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or paths.data() / "estimates.json"

    def expected(self, key: str, tokens: int) -> Expected:
        """What to expect of a model for an input of so many tokens."""
        known = _object(self._read().get(key))
        loading, reading = _numbers(known.get(_LOADING)), _numbers(known.get(_READING))
        return Expected(
            max(loading) / 1000 if loading else None,
            max(reading) * tokens / 1000 if reading else None,
        )

    def learn(self, key: str, timings: Timings, tokens: int | None) -> None:
        """Take in what one request measured; a file that cannot be written is no error."""
        all_known = self._read()
        known = _object(all_known.pop(key, {}))
        if timings.loading_ms is not None:
            known[_LOADING] = [*_numbers(known.get(_LOADING)), timings.loading_ms][-_KEPT:]
        if timings.reading_ms is not None and tokens:
            rate = round(timings.reading_ms / tokens, 3)
            known[_READING] = [*_numbers(known.get(_READING)), rate][-_KEPT:]
        all_known[key] = known
        kept = dict(list(all_known.items())[-_MODELS:])
        try:
            paths.private_folder(self._file.parent)
            paths.write_private(self._file, json.dumps(kept, indent=1).encode("ascii"))
        except OSError as error:
            _log.warning("estimates not kept: %s", error)

    def _read(self) -> dict[str, Any]:
        try:
            return _object(json.loads(self._file.read_bytes()))
        except (OSError, ValueError, RecursionError):
            return {}


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _numbers(value: object) -> list[float]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [float(item) for item in items if isinstance(item, int | float) and item >= 0]
