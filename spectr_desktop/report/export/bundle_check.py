"""The check of an evidence bundle: all of it is read, nothing is unpacked."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from spectr_desktop.errors import SpectrError
from spectr_desktop.records.codec import RecordError
from spectr_desktop.report.export.bundle import (
    MANIFEST,
    REPORT_JSON,
    REPORTS,
    SUMS,
    header_of,
    manifest_from,
    source_bytes,
    sums,
)
from spectr_desktop.report.export.escapes import one_line
from spectr_desktop.report.export.json import report_from_json
from spectr_desktop.report.export.safe_names import is_safe
from spectr_desktop.report.export.stored_zip import ZipFault, content, members, pieces

if TYPE_CHECKING:
    from spectr_desktop.report.export.bundle import BundleEntry, Manifest
    from spectr_desktop.report.export.stored_zip import Member

_MOST_MANIFEST = 64 * 1024**2
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST_NAME = 120
_SINGLE_ROLES = {"decisions": "decisions.jsonl", "readme": "README.txt"}


class BundleError(SpectrError):
    """A bundle is not whole; `params["entry"]` names the first file that is not as it should be."""


class Whole(NamedTuple):
    """A bundle in which everything agrees.

    Attributes:
        entries: files in it, the manifest and the hashes too.
        manifest_sha256: what the client has to get by another way.
        run: whose report it is.
    """

    entries: int
    manifest_sha256: str
    run: str


def checked(raw: bytes, name: str) -> Whole:
    """Check a bundle: its zip, every file by the manifest, and that the files agree.

    At last the zip is written anew from its files and compared, so that no byte is without a
    meaning: what a zip program ignores is found too.

    Args:
        raw: the file.
        name: of it, for the sentence.

    Raises:
        BundleError: something does not match.
    """
    try:
        return _checked(raw)
    except ZipFault as error:
        what = one_line(error.entry)[:_LONGEST_NAME]
        subject = f"in it “{what}” {error.fault}" if what else f"it {error.fault}"
        raise BundleError(
            "bundle_not_whole",
            f"{one_line(name)} is not a whole bundle: {subject}. Ask its sender for it again.",
            params={"name": name, "entry": error.entry, "fault": error.fault},
        ) from error


def seal_of(raw: bytes) -> str:
    """The SHA-256 of the manifest of a bundle that is known to be whole."""
    manifest = next(one for one in members(raw) if one.name == MANIFEST)
    return hashlib.sha256(content(raw, manifest, _MOST_MANIFEST)).hexdigest()


def _checked(raw: bytes) -> Whole:
    listed = members(raw)
    by_name = {one.name: one for one in listed}
    count = Counter(one.name for one in listed)
    raw_manifest = _only(raw, MANIFEST, by_name, count, _MOST_MANIFEST)
    try:
        manifest = manifest_from(raw_manifest)
    except ValueError as error:
        raise ZipFault("cannot be read as one of the schema spectr-bundle/1", MANIFEST) from error
    _check_listed(manifest)
    contents: dict[str, bytes] = {MANIFEST: raw_manifest}
    for entry in manifest.entries:
        contents[entry.path] = _entry(raw, entry, by_name, count)
    known = sums(manifest, raw_manifest)
    contents[SUMS] = _only(raw, SUMS, by_name, count, len(known))
    if contents[SUMS] != known:
        raise ZipFault("does not say what the manifest says", SUMS)
    for one in listed:
        if one.name not in contents:
            raise ZipFault("is not in the manifest", one.name)
    _check_agreement(manifest, contents)
    _check_form(raw, manifest, contents)
    return Whole(len(contents), hashlib.sha256(raw_manifest).hexdigest(), manifest.run)


def _check_listed(manifest: Manifest) -> None:
    """What a manifest must not say, whatever the files are."""
    names = [entry.path for entry in manifest.entries]
    if names != sorted(set(names)):
        raise ZipFault("lists files twice or not in order", MANIFEST)
    for entry in manifest.entries:
        if not is_safe(entry.path) or entry.path in (MANIFEST, SUMS):
            raise ZipFault("has a name that no file of a bundle can have", entry.path)
        if entry.path != _place(entry):
            raise ZipFault("does not stand where files of its role do", entry.path)
        if entry.size < 0 or not _SHA256.fullmatch(entry.sha256):
            raise ZipFault("has no size or hash in the manifest", entry.path)
    missing = [f"report{suffix}" for suffix in REPORTS if f"report{suffix}" not in names]
    if missing:
        raise ZipFault("is missing", missing[0])
    journals = sorted(entry.run for entry in manifest.entries if entry.role == "journal")
    if sorted(manifest.runs) != journals or manifest.run not in manifest.runs:
        raise ZipFault("lists other runs than there are journals", MANIFEST)


def _place(entry: BundleEntry) -> str:
    """Where a file of this role stands."""
    if entry.role == "journal":
        return f"journals/{entry.run}/journal.jsonl"
    if entry.role == "note":
        return f"journals/{entry.run}/run.json"
    if entry.role == "source":
        return "sources/" + entry.path.removeprefix("sources/")
    if entry.role == "report":
        return next((f"report{s}" for s in REPORTS if entry.path == f"report{s}"), "")
    return _SINGLE_ROLES.get(entry.role, "")


def _only(
    raw: bytes, name: str, by_name: dict[str, Member], count: Counter[str], most: int
) -> bytes:
    """The content of a file that has to be there once.

    Raises:
        ZipFault: it is not, or not in full.
    """
    if not count[name]:
        raise ZipFault("is missing", name)
    if count[name] > 1:
        raise ZipFault("is there twice", name)
    return content(raw, by_name[name], most)


def _entry(
    raw: bytes, entry: BundleEntry, by_name: dict[str, Member], count: Counter[str]
) -> bytes:
    found = _only(raw, entry.path, by_name, count, entry.size)
    if len(found) != entry.size:
        raise ZipFault("has another size", entry.path)
    if hashlib.sha256(found).hexdigest() != entry.sha256:
        raise ZipFault("has another content than the manifest says", entry.path)
    return found


def _check_agreement(manifest: Manifest, contents: dict[str, bytes]) -> None:
    """Report, sources and journals tell of the same run and the same files."""
    try:
        report = report_from_json(contents[REPORT_JSON])
    except RecordError as error:
        raise ZipFault("cannot be read as a report", REPORT_JSON) from error
    told = (report.id, report.kind.value, report.title, report.finished_at)
    if told != (manifest.run, manifest.kind, manifest.title, manifest.finished_at):
        raise ZipFault("is the report of another run than the manifest names", REPORT_JSON)
    sources = {
        (entry.source_path, entry.sha256): entry.path
        for entry in manifest.entries
        if entry.role == "source"
    }
    for file in report.scope.files:
        if (file.path, file.sha256) not in sources:
            raise ZipFault("names a source that is not in the bundle", REPORT_JSON)
    sent: set[tuple[str, str]] = set()
    for entry in manifest.entries:
        if entry.role == "journal":
            sent |= _sent(entry, contents[entry.path], sources)
    for key, path in sources.items():
        if key not in sent:
            raise ZipFault("was sent by no run of the bundle", path)


def _sent(
    entry: BundleEntry, journal: bytes, sources: dict[tuple[str, str], str]
) -> set[tuple[str, str]]:
    """The sources that a journal names; a damaged one names none."""
    header = header_of(journal)
    if header is None:
        return set()
    if header.id != entry.run:
        raise ZipFault("is the journal of another run", entry.path)
    for file in header.files:
        if hashlib.sha256(source_bytes(file.text)).hexdigest() != file.sha256:
            raise ZipFault("has a source that does not fit its hash", entry.path)
        if (file.path, file.sha256) not in sources:
            raise ZipFault("names a source that is not in the bundle", entry.path)
    return {(file.path, file.sha256) for file in header.files}


def _check_form(raw: bytes, manifest: Manifest, contents: dict[str, bytes]) -> None:
    """Nothing stands in the zip but what the program writes.

    Raises:
        ZipFault: a byte differs; the file to which it belongs, if it belongs to one.
    """
    at = 0
    for name, piece in pieces(sorted(contents.items()), manifest.finished_at):
        if raw[at : at + len(piece)] != piece:
            raise ZipFault("has bytes that no bundle has", name)
        at += len(piece)
    if at != len(raw):
        raise ZipFault("has bytes that no bundle has")
