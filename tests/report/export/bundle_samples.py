"""A bundle that tests make up, and how it is changed by somebody who knows the format."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING, Any

from spectr_desktop.project.scope import nsloc
from spectr_desktop.records.codec import to_json
from spectr_desktop.records.report import ReportKind, ReportTool
from spectr_desktop.records.source import source_file
from spectr_desktop.report.export.assembly import report_of
from spectr_desktop.report.export.bundle import (
    MANIFEST,
    REPORTS,
    SUMS,
    Journal,
    bundle,
    manifest_from,
    sums,
)
from spectr_desktop.report.export.formats import TEXT_SUFFIXES, exported
from spectr_desktop.report.export.stored_zip import content, members, written
from tests.report.export.report_samples import findings, result
from tests.run_samples import header

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spectr_desktop.records.report import Report
    from spectr_desktop.records.run import Header

RUN = "20261123T090000Z-0a1b2c"
NAME = "evidence.zip"
SOURCE = "contract Größe {\n    // \ud800 lone\n}\n"
FILES = (source_file("Vault.sol", SOURCE), source_file("../up/Con.sol", "contract C {}\n"))
TOOL = ReportTool("Spectr Desktop", "9.9")


def sample_header(**changes: object) -> Header:
    return header(**{"id": RUN, "files": FILES, "root": "/home/me/client", **changes})


def journal_of(made: Header) -> bytes:
    lines: list[dict[str, Any]] = [to_json(made), {"t": 1, "cell": "1.quick", "event": "x"}]
    return "".join(json.dumps(line) + "\n" for line in lines).encode("ascii")


def sample_report(made: Header, kind: ReportKind = ReportKind.WORKING) -> Report:
    return report_of(made, result(), findings(), kind=kind, nsloc=nsloc)


def sample(
    made: Header | None = None,
    kind: ReportKind = ReportKind.WORKING,
    journals: tuple[Journal, ...] | None = None,
) -> bytes:
    """A bundle of one run, or of these."""
    made = made or sample_header()
    report = sample_report(made, kind)
    reports = {suffix: exported(report, suffix) for suffix in TEXT_SUFFIXES}
    reports[".pdf"] = b"%PDF-1.7 \x00\xff"
    assert reports.keys() == REPORTS.keys()
    known = (Journal(made.id, journal_of(made), b'{"title": "x"}\n'),)
    return bundle(report, reports, journals or known, b'{"id": "d1"}\n', TOOL)


def contents_of(raw: bytes) -> dict[str, bytes]:
    return {one.name: content(raw, one, one.size) for one in members(raw)}


def packed(contents: Mapping[str, bytes]) -> bytes:
    """As the program packs it, whatever is in it."""
    return written(sorted(contents.items()), result().finished_at)


def forged(raw: bytes, change: Callable[[dict[str, bytes], dict[str, Any]], None]) -> bytes:
    """A bundle whose manifest fits what was changed, as somebody makes it who wants it to.

    Args:
        raw: a bundle.
        change: of the contents and of the manifest as JSON; sizes and hashes follow from them.
    """
    contents = contents_of(raw)
    told = json.loads(contents.pop(MANIFEST))
    del contents[SUMS]
    change(contents, told)
    for entry in told["entries"]:
        if entry["path"] in contents:
            entry["size"] = len(contents[entry["path"]])
            entry["sha256"] = hashlib.sha256(contents[entry["path"]]).hexdigest()
    raw_manifest = json.dumps(told, indent=2, sort_keys=True).encode("ascii") + b"\n"
    contents[MANIFEST] = raw_manifest
    contents[SUMS] = sums(manifest_from(raw_manifest), raw_manifest)
    return packed(contents)


def without_cells(made: Header) -> Header:
    """The header of a run that went on with this one."""
    return dataclasses.replace(made, id="20261123T100000Z-0a1b2d", continues=made.id)
