"""An evidence bundle: a report with all that it was made from, in one zip that can be checked."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, cast

from spectr_desktop.records.codec import RecordError, from_json, to_json
from spectr_desktop.records.report import Report, ReportTool
from spectr_desktop.records.run import Header
from spectr_desktop.report.export.escapes import one_line
from spectr_desktop.report.export.safe_names import safe_names
from spectr_desktop.report.export.stored_zip import written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BUNDLE_SCHEMA = "spectr-bundle/1"
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
README = "README.txt"
REPORT_JSON = "report.json"
REPORTS = {
    ".md": "text/markdown",
    ".html": "text/html",
    ".pdf": "application/pdf",
    ".json": "application/json",
    ".sarif": "application/sarif+json",
    ".csv": "text/csv",
}
"""The formats of the report in a bundle, and their media types."""
HOLDS = (
    "A bundle holds the sources, all texts of the model, and every decision and note on the "
    "project, whatever kind its report is of."
)
"""Said to whoever makes one."""
_RUN = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True, slots=True)
class BundleEntry:
    """A file of a bundle, as the manifest lists it.

    Attributes:
        path: in the zip; safe on every system.
        role: "report", "journal", "note", "decisions", "source" or "readme".
        media_type: such as "text/markdown".
        size: bytes.
        sha256: of the bytes.
        run: whose journal or note it is, "" for other roles.
        source_path: of a source, its path as it was sent, which may be no name for a file here.
    """

    path: str
    role: str
    media_type: str
    size: int
    sha256: str
    run: str = ""
    source_path: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle is.

    Attributes:
        schema: `BUNDLE_SCHEMA`.
        tool: the program that made the bundle.
        kind: of the report.
        title: of the report.
        run: whose report it is.
        runs: that one and those that it goes on with, the first one first.
        finished_at: the run ended; the date of all files in the zip.
        entries: all files but the manifest and SHA256SUMS, sorted by path.
    """

    schema: str
    tool: ReportTool
    kind: str
    title: str
    run: str
    runs: tuple[str, ...]
    finished_at: str
    entries: tuple[BundleEntry, ...]


class Journal(NamedTuple):
    """A run as its folder has it.

    Attributes:
        run: its id.
        raw: the journal.
        note: what is kept beside it, None if nothing is.
    """

    run: str
    raw: bytes
    note: bytes | None = None


def bundle(
    report: Report,
    reports: Mapping[str, bytes],
    journals: Sequence[Journal],
    decisions: bytes | None,
    tool: ReportTool,
) -> bytes:
    """The bytes of a bundle; the same input gives the same bytes.

    Args:
        report: that the bundle is about.
        reports: by suffix, the report in all formats of `REPORTS`.
        journals: of the run and of those that it goes on with, the first one first. Their headers
            have the sources.
        decisions: the project's, None if it has none.
        tool: this program.

    Raises:
        ZipFault: it would be too large.
        ValueError: the id of a run is none.
    """
    files: list[tuple[BundleEntry, bytes]] = []
    for suffix, media_type in REPORTS.items():
        files.append(_file(f"report{suffix}", "report", media_type, reports[suffix]))
    for one in journals:
        if not _RUN.fullmatch(one.run):
            raise ValueError(f"{one.run!r} is no run")
        folder = f"journals/{one.run}"
        media_type = "application/jsonl"
        files.append(_file(f"{folder}/journal.jsonl", "journal", media_type, one.raw, run=one.run))
        if one.note is not None:
            told = _file(f"{folder}/run.json", "note", "application/json", one.note, run=one.run)
            files.append(told)
    files += _sources(journals)
    if decisions is not None:
        files.append(_file("decisions.jsonl", "decisions", "application/jsonl", decisions))
    files.append(_file(README, "readme", "text/plain", _readme(report).encode("utf-8", "replace")))
    files.sort(key=lambda file: file[0].path)
    manifest = Manifest(
        schema=BUNDLE_SCHEMA,
        tool=tool,
        kind=report.kind.value,
        title=report.title,
        run=report.id,
        runs=tuple(one.run for one in journals),
        finished_at=report.finished_at,
        entries=tuple(entry for entry, _ in files),
    )
    raw_manifest = manifest_bytes(manifest)
    contents = {entry.path: raw for entry, raw in files}
    contents |= {MANIFEST: raw_manifest, SUMS: sums(manifest, raw_manifest)}
    return written(sorted(contents.items()), report.finished_at)


def manifest_bytes(manifest: Manifest) -> bytes:
    """The manifest as JSON: keys sorted, two blanks a level, ASCII alone, a line end last."""
    return json.dumps(to_json(manifest), indent=2, sort_keys=True).encode("ascii") + b"\n"


def sums(manifest: Manifest, raw_manifest: bytes) -> bytes:
    """What `sha256sum --check` reads: the hashes of all files but this one."""
    hashes = {entry.path: entry.sha256 for entry in manifest.entries}
    hashes[MANIFEST] = hashlib.sha256(raw_manifest).hexdigest()
    return "".join(f"{sha}  {path}\n" for path, sha in sorted(hashes.items())).encode()


def header_of(journal: bytes) -> Header | None:
    """The header of a journal; None if its first line is none."""
    try:
        value = json.loads(journal.partition(b"\n")[0])
        return from_json(Header, value)
    except (ValueError, RecursionError):
        return None


def source_bytes(text: str) -> bytes:
    """A source as it was hashed when it was sent."""
    return text.encode("utf-8", "surrogatepass")


def _sources(journals: Sequence[Journal]) -> list[tuple[BundleEntry, bytes]]:
    """Every source that was sent, once; if a path had two texts, both."""
    sent: dict[tuple[str, str], bytes] = {}
    for one in journals:
        header = header_of(one.raw)
        for file in header.files if header else ():
            sent.setdefault((file.path, file.sha256), source_bytes(file.text))
    names = safe_names(path for path, _ in sent)
    found: list[tuple[BundleEntry, bytes]] = []
    for name, ((path, _), raw) in zip(names, sent.items(), strict=True):
        entry, _ = _file(f"sources/{name}", "source", "text/plain", raw)
        found.append((replace(entry, source_path=path), raw))
    return found


def _file(
    path: str, role: str, media_type: str, raw: bytes, run: str = ""
) -> tuple[BundleEntry, bytes]:
    sha256 = hashlib.sha256(raw).hexdigest()
    return BundleEntry(path, role, media_type, len(raw), sha256, run), raw


def manifest_from(raw: bytes) -> Manifest:
    """The manifest that these bytes are.

    Raises:
        ValueError: they are no JSON, or no manifest of this schema.
    """
    try:
        value: object = json.loads(raw)
    except RecursionError as error:
        raise RecordError("too deep") from error
    if not isinstance(value, dict):
        raise RecordError("no object")
    told = cast("dict[str, object]", value)
    if told.get("schema") != BUNDLE_SCHEMA:
        raise RecordError(f"not of the schema {BUNDLE_SCHEMA}")
    return from_json(Manifest, told)


def _readme(report: Report) -> str:
    return f"""EVIDENCE OF A SECURITY REVIEW

Report:  {one_line(report.title)}
Run:     {one_line(report.id)}
Kind:    {report.kind.value}
Outcome: {report.outcome.value}

This zip holds a report and what it was made from.

report.*         the report in all formats
journals/        what was sent to the model and all that it answered, as it was recorded
sources/         the files as they were sent; their hashes are in the report
decisions.jsonl  what the auditor decided about the findings of the project, if anything
manifest.json    a list of all files with size, SHA-256 and role; names of sources that are no
                 names for files everywhere are changed, and listed as they were sent
SHA256SUMS       the same hashes in the form of sha256sum

CONFIDENTIAL. Whatever kind the report is of, the bundle holds the sources, all texts of the
model, and every decision and note on the project, also those that the report leaves out. The
journals name the auditor's folder and the server that was asked, and the decisions tell of other
runs on the project. No keys are in it. Give it only to those who may read all of that.

HOW TO CHECK IT

With Spectr Desktop, without a network:

    spectr-desktop runs verify FILE.zip

It says that all is whole, or names the first file that is not as the manifest says, and exits
with 2. It also compares the report with the sources and the journals.

With usual tools: unpack the zip into an empty folder, and there

    sha256sum --check SHA256SUMS        (macOS: shasum -a 256 --check SHA256SUMS)
    sha256sum manifest.json

WHAT A CHECK DOES NOT PROVE

Whoever can change a file in the zip can change the manifest too. A check proves that the bundle
is what its manifest says. That this manifest is the auditor's is proved only by its SHA-256, got
from the auditor by another way: a call, a signed letter, a signed mail. The program prints it
when it makes the bundle, and again when it checks one.

A check does not prove when the review was done, nor that the findings are right or complete, nor
that the recorded answer is the model's: the auditor's machine recorded it.
"""
