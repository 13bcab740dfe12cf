"""A report as canonical JSON, schema `spectr-report/1`, and back."""

from __future__ import annotations

import json
import math
import re
from typing import Any, cast

from spectr_desktop.records.codec import RecordError, from_json, to_json
from spectr_desktop.records.report import REPORT_SCHEMA, Report

_SURROGATE = re.compile("[\ud800-\udfff]")
# Measured, but not part of a report: waits of the server, which its load decides.
_NOT_REPORTED = ("loading_ms", "reading_ms")


def report_to_json(report: Report) -> dict[str, Any]:
    """The report as plain values, as the schema has them."""
    value = to_json(report)
    for cell in value["scope"]["coverage"]["cells"]:
        cell["pass"] = cell.pop("pass_name")
    timings: dict[str, Any] = value["engine"]["timings"]
    for name in _NOT_REPORTED:
        del timings[name]
    for name, figure in timings.items():
        # JSON has no word for what is no number; and 5 and 5.0 are one figure, written one way.
        if figure is not None:
            timings[name] = float(figure) if math.isfinite(figure) else None
    return value


def json_text(report: Report) -> str:
    """The report as JSON: keys sorted, two blanks a level, letters as they are, a final line end.

    The same report gives the same text. A lone surrogate, which UTF-8 has no bytes for, is
    written as an escape.
    """
    text = json.dumps(
        report_to_json(report), ensure_ascii=False, allow_nan=False, indent=2, sort_keys=True
    )
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def report_from_json(text: str | bytes) -> Report:
    """The report that a text describes; keys that this version does not know are ignored.

    Raises:
        RecordError: it is no JSON, or no report of this schema.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"this is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise RecordError("this is no report: it is no object")
    report = cast("dict[str, Any]", value)
    if report.get("schema") != REPORT_SCHEMA:
        raise RecordError(f"this is no report of the schema {REPORT_SCHEMA}")
    _rename_passes(report)
    return from_json(Report, report)


def _rename_passes(report: dict[str, Any]) -> None:
    """`pass` is the schema's name, and a word of Python's own."""
    try:
        cells = report["scope"]["coverage"]["cells"]
        for cell in cells:
            cell["pass_name"] = cell.pop("pass")
    except (KeyError, TypeError, AttributeError) as error:
        raise RecordError("this is no report: its coverage is not complete") from error
