from __future__ import annotations

import io
import json
import struct
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectr_desktop.records.codec import to_json
from spectr_desktop.records.source import source_file
from spectr_desktop.report.export import stored_zip
from spectr_desktop.report.export.bundle import MANIFEST, README, SUMS
from spectr_desktop.report.export.bundle_check import BundleError, checked
from spectr_desktop.report.export.stored_zip import ZipFault, members, written
from tests.report.export.bundle_samples import (
    NAME,
    RUN,
    contents_of,
    forged,
    journal_of,
    packed,
    sample,
    sample_header,
)

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = sample()
CONTENTS = contents_of(GOOD)
JOURNAL = f"journals/{RUN}/journal.jsonl"
LOCAL, CENTRAL, END = 30, 46, 22


def refused(raw: bytes) -> tuple[str, str]:
    """The first entry that does not match, and what is wrong with it."""
    with pytest.raises(BundleError) as told:
        checked(raw, NAME)
    error = told.value
    assert error.message.startswith(f"{NAME} is not a whole bundle: ")
    assert "\n" not in error.message
    assert str(error.params["fault"]) in error.message
    return str(error.params["entry"]), str(error.params["fault"])


def structure() -> list[int]:
    """Where the zip's own records stand: all bytes that are in no file's content."""
    places: list[int] = []
    for one in members(GOOD):
        places += range(one.offset, one.offset + LOCAL + len(one.name.encode()))
    return [*places, *range(max(places) + 1 + len(CONTENTS[members(GOOD)[-1].name]), len(GOOD))]


def flipped(raw: bytes, at: int, bit: int) -> bytes:
    changed = bytearray(raw)
    changed[at] ^= 1 << bit
    return bytes(changed)


def test_no_bit_of_the_zip_s_own_records_can_change() -> None:
    for at in structure():
        refused(flipped(GOOD, at, at % 8))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 7))
def test_no_bit_can_change(at: int, bit: int) -> None:
    refused(flipped(GOOD, at, bit))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(GOOD) - 1))
def test_it_cannot_be_cut(length: int) -> None:
    refused(GOOD[:length])
    refused(GOOD[length + 1 :])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_other_bytes_are_no_bundle(raw: bytes) -> None:
    refused(raw)
    refused(GOOD + b"\0" + raw)
    refused(raw + b"\0" + GOOD)


@pytest.mark.parametrize("name", sorted(CONTENTS))
def test_each_file_that_changes_is_named(name: str) -> None:
    changed = {**CONTENTS, name: bytes(255 - one for one in CONTENTS[name])}
    assert refused(packed(changed))[0] == name
    shorter = {**CONTENTS, name: CONTENTS[name][:-1]}
    # Without its last line end a manifest means the same, but the sums do not.
    assert refused(packed(shorter))[0] == (SUMS if name == MANIFEST else name)
    missing = {one: raw for one, raw in CONTENTS.items() if one != name}
    assert refused(packed(missing)) == (name, "is missing")


def test_the_first_file_in_the_order_of_the_manifest_is_named() -> None:
    changed = {**CONTENTS, "sources/Vault.sol": b"x", "report.md": b"y", "report.pdf": b"z"}
    assert refused(packed(changed))[0] == "report.md"


@pytest.mark.parametrize("name", ["more.txt", "../../etc/cron.d/x", "/x", "a\x1b\n\u202e"])
def test_a_file_more_is_named(name: str) -> None:
    assert refused(packed({**CONTENTS, name: b""})) == (name, "is not in the manifest")


def test_a_name_that_is_there_twice_is_named() -> None:
    files = sorted(CONTENTS.items())
    twice = written([*files, ("report.md", b"other")], "2026-11-23T09:01:00Z")
    assert refused(twice) == ("report.md", "is there twice")
    twice = written([*files, (MANIFEST, CONTENTS[MANIFEST])], "2026-11-23T09:01:00Z")
    assert refused(twice) == (MANIFEST, "is there twice")


def test_another_order_or_date_is_no_bundle() -> None:
    files = sorted(CONTENTS.items(), reverse=True)
    assert "bytes that no bundle has" in refused(written(files, "2026-11-23T09:01:00Z"))[1]
    assert "bytes that no bundle has" in refused(written(files[::-1], "2026-11-24"))[1]


def central(raw: bytes, name: str) -> int:
    """Where the directory's record of a file begins."""
    return raw.rindex(name.encode()) - CENTRAL


def edited(name: str, at: int, form: str, value: int, *, local: bool = False) -> bytes:
    """A bundle in which one field of a file's record says something else."""
    changed = bytearray(GOOD)
    (offset,) = (one.offset for one in members(GOOD) if one.name == name)
    struct.pack_into(form, changed, (offset if local else central(GOOD, name)) + at, value)
    return bytes(changed)


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (edited("report.md", 8, "<H", 0x801), "is encrypted"),
        (edited("report.md", 10, "<H", 8), "is compressed, which no entry of a bundle is"),
        (edited("report.md", 24, "<I", 2**32 - 1), "has another size"),
        (edited("report.md", 24, "<I", 3), "has another size"),
        (edited("report.md", 42, "<I", 2**32 - 1), "does not stand where the directory says"),
        (edited("report.md", 42, "<I", 0), "has another name or size than the directory says"),
        (edited("report.md", 22, "<I", 3, local=True), "has another name or size than the direct"),
        (edited("report.md", 14, "<I", 3, local=True), "has bytes that no bundle has"),
        (edited("report.md", 38, "<I", 3), "has bytes that no bundle has"),
        (edited("report.md", 28, "<H", 0xFFFF, local=True), ""),
    ],
)
def test_a_record_that_disagrees_is_named(raw: bytes, fault: str) -> None:
    entry, told = refused(raw)
    assert told.startswith(fault)
    # What only the directory says belongs to no file.
    assert entry == "report.md" or (entry, fault) == ("", "has bytes that no bundle has")


@pytest.mark.parametrize(
    ("at", "form", "value"),
    [(8, "<H", 0xFFFF), (10, "<H", 0xFFFF), (12, "<I", 2**32 - 1), (16, "<I", 2**32 - 1)],
)
def test_absurd_counts_are_refused_before_anything_is_read(at: int, form: str, value: int) -> None:
    changed = bytearray(GOOD)
    struct.pack_into(form, changed, len(GOOD) - END + at, value)
    assert refused(bytes(changed))[0] == ""
    struct.pack_into("<2H", changed, len(GOOD) - END + 8, 0xFFFF, 0xFFFF)
    assert refused(bytes(changed))[0] == ""


def test_a_bomb_is_not_unpacked() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as told:
        for name, raw in sorted(CONTENTS.items()):
            packing = zipfile.ZIP_DEFLATED if name == "report.md" else zipfile.ZIP_STORED
            told.writestr(name, b"\0" * 2**26 if name == "report.md" else raw, packing)
    assert len(made.getvalue()) < 2**20
    assert refused(made.getvalue()) == (
        "report.md",
        "is compressed, which no entry of a bundle is",
    )


def test_a_zip_of_another_program_is_no_bundle() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as told:
        for name, raw in sorted(CONTENTS.items()):
            told.writestr(name, raw)
    assert refused(made.getvalue())[1] == "has bytes that no bundle has"
    with zipfile.ZipFile(made, "a") as told:
        told.comment = b"x"
    refused(made.getvalue())


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[]", b"\xff", b'{"schema":"spectr-bundle/2"}', b"[" * 100_000]
)
def test_a_manifest_that_is_none_is_named(raw: bytes) -> None:
    assert refused(packed({**CONTENTS, MANIFEST: raw}))[0] == MANIFEST


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_zip, "MOST_BYTES", 1000)
    assert refused(GOOD) == ("", "is larger than any bundle")
    with pytest.raises(ZipFault, match="a: is too large"):
        written([("a", bytes(1001))], "")
    with pytest.raises(ZipFault, match=": is too large"):
        written([("a", bytes(960))], "")
    monkeypatch.setattr(stored_zip, "MOST_ENTRIES", 1)
    with pytest.raises(ZipFault, match="2 entries"):
        written([("a", b""), ("b", b"")], "")


def rename(told: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    (entry,) = (one for one in told["entries"] if one["path"] == old)
    entry["path"] = new
    told["entries"].sort(key=lambda one: one["path"])
    return entry


def moved(contents: dict[str, bytes], told: dict[str, Any], old: str, new: str) -> None:
    contents[new] = contents.pop(old)
    rename(told, old, new)


def edit_report(contents: dict[str, bytes], change: Callable[[dict[str, Any]], None]) -> None:
    report = json.loads(contents["report.json"])
    change(report)
    contents["report.json"] = json.dumps(report).encode()


def new_journal(**changes: object) -> bytes:
    return journal_of(replace(sample_header(), **changes))  # type: ignore[arg-type]


def source_that_lies() -> bytes:
    lying = replace(source_file("Vault.sol", "x\n"), sha256=sample_header().files[0].sha256)
    return new_journal(files=(lying, sample_header().files[1]))


FORGERIES: list[tuple[str, Callable[[dict[str, bytes], dict[str, Any]], None]]] = [
    ("../x", lambda files, told: moved(files, told, "sources/Vault.sol", "../x")),
    ("sources/a\\b", lambda files, told: moved(files, told, "sources/Vault.sol", "sources/a\\b")),
    ("x.sol", lambda files, told: moved(files, told, "sources/Vault.sol", "x.sol")),
    ("report.md", lambda _files, told: told["entries"].remove(rename(told, "report.md", "z"))),
    (MANIFEST, lambda _files, told: told["entries"].append(told["entries"][0])),
    (MANIFEST, lambda _files, told: told["entries"].reverse()),
    (MANIFEST, lambda _files, told: told.update(runs=[])),
    (MANIFEST, lambda _files, told: told.update(run="other")),
    (MANIFEST, lambda _files, told: told.update(runs=[RUN, RUN])),
    ("report.json", lambda _files, told: told.update(kind="client")),
    ("report.json", lambda _files, told: told.update(title="other")),
    ("report.json", lambda files, _told: files.update({"report.json": b"{}"})),
    ("report.json", lambda files, _told: edit_report(files, lambda one: one.update(id="other"))),
    (
        "report.json",
        lambda files, _told: edit_report(
            files, lambda one: one["scope"]["files"][0].update(sha256="0" * 64)
        ),
    ),
    ("report.json", lambda files, _told: files.update({"sources/Vault.sol": b"other"})),
    (JOURNAL, lambda files, _told: files.update({JOURNAL: new_journal(id="other")})),
    (JOURNAL, lambda files, _told: files.update({JOURNAL: source_that_lies()})),
    (
        JOURNAL,
        lambda files, _told: files.update(
            {JOURNAL: new_journal(files=(source_file("Other.sol", "x"),))}
        ),
    ),
    ("sources/Vault.sol", lambda files, _told: files.update({JOURNAL: b"damaged\n"})),
    (
        "sources/Vault.sol",
        lambda files, _told: files.update({JOURNAL: new_journal(files=sample_header().files[1:])}),
    ),
]


@pytest.mark.parametrize(("entry", "change"), FORGERIES)
def test_files_that_disagree_are_found_though_their_hashes_fit(
    entry: str, change: Callable[[dict[str, bytes], dict[str, Any]], None]
) -> None:
    assert refused(forged(GOOD, change))[0] == entry


def test_a_forger_who_changes_all_of_it_is_found_by_the_manifest_s_hash_alone() -> None:
    changed = forged(GOOD, lambda files, _told: files.update({README: b"Trust me."}))
    assert checked(changed, NAME).manifest_sha256 != checked(GOOD, NAME).manifest_sha256


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(st.data(), _JSON, st.sampled_from(["report.json", MANIFEST, JOURNAL]))
def test_no_value_in_a_forged_file_ends_in_a_traceback(
    data: st.DataObject, value: object, name: str
) -> None:
    """A value somewhere in the file is another one, and all hashes fit it."""

    def change(files: dict[str, bytes], told: dict[str, Any]) -> None:
        root = {
            "report.json": lambda: json.loads(files["report.json"]),
            MANIFEST: lambda: told,
            JOURNAL: lambda: to_json(sample_header()),
        }[name]()
        inner = root
        while True:
            keys = sorted(inner) if isinstance(inner, dict) else range(len(inner))
            key = data.draw(st.sampled_from([*keys]))
            if (
                not isinstance(inner[key], dict | list)
                or not inner[key]
                or data.draw(st.booleans())
            ):
                inner[key] = value
                break
            inner = inner[key]
        if name != MANIFEST:
            files[name] = json.dumps(root).encode() + b"\n"

    try:
        raw = forged(GOOD, change)
    except (ValueError, KeyError, TypeError, AttributeError):
        return  # a manifest that has no sums cannot be forged; the test above has those
    try:
        checked(raw, NAME)
    except BundleError as error:
        assert "\n" not in error.message  # noqa: PT017  # whole or refused, both are right
