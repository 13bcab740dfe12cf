from __future__ import annotations

import asyncio
import errno
import json
import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from spectr_desktop import paths
from spectr_desktop.audit import evidence, exporting
from spectr_desktop.audit.exporting import Export, exported, write
from spectr_desktop.audit.past_findings import joined_findings
from spectr_desktop.audit.run_history import RunHistory
from spectr_desktop.errors import SpectrError
from spectr_desktop.locks import lock
from spectr_desktop.project.scope import nsloc
from spectr_desktop.records.decisions import NoteSet
from spectr_desktop.records.house_style import Look
from spectr_desktop.records.report import Report, ReportKind
from spectr_desktop.report.export import formats, stored_zip
from spectr_desktop.report.export.assembly import report_of
from spectr_desktop.report.export.bundle import manifest_from
from spectr_desktop.report.export.bundle_check import BundleError, checked
from spectr_desktop.report.export.formats import TEXT_SUFFIXES
from tests.history_samples import REPORT, decide, keep_run, sighted
from tests.report.export.bundle_samples import contents_of
from tests.report.export.report_samples import finding, report
from tests.run_samples import header

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.audit.exporting import Progress
    from spectr_desktop.audit.run_history import OpenedRun

PAGES = b"%PDF-1.7 pages"
LOOK = Look(accent="#123456")


async def pages(_report: Report, look: Look, progress: Progress | None) -> bytes:
    assert look == LOOK
    if progress is not None:
        progress(1, 2)
    return PAGES


def opened(run: str) -> OpenedRun:
    history = RunHistory()
    try:
        return history.open(run)
    finally:
        history.close()


def names_in(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


def export_of(run: str, kind: ReportKind = ReportKind.WORKING) -> Export:
    """As the command line makes one."""
    last = opened(run)
    runs = exporting.chain_of(last)
    assert last.stored.header
    told = exporting.whole(last.stored.header, last, [opened(one) for one in runs[:-1]])
    return Export(report_of(*told, kind=kind, nsloc=nsloc), LOOK, runs)


@pytest.mark.parametrize("suffix", TEXT_SUFFIXES)
async def test_text_is_written_as_its_format_writes_it(suffix: str) -> None:
    told: list[tuple[int, int]] = []
    raw = await exported(
        Export(report(), LOOK), suffix.upper(), pages, lambda *done: told.append(done)
    )
    assert raw == formats.exported(report(), suffix, LOOK)
    assert told == [(1, 1)]


async def test_pages_are_the_maker_s() -> None:
    told: list[tuple[int, int]] = []
    raw = await exported(Export(report(), LOOK), ".pdf", pages, lambda *done: told.append(done))
    assert (raw, told) == (PAGES, [(1, 2)])
    with pytest.raises(SpectrError, match="no format"):
        await exported(Export(report(), LOOK), ".doc", pages)


async def test_the_loop_goes_on_while_text_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, answered = asyncio.get_running_loop(), asyncio.Event()

    def slow(*_given: object) -> bytes:
        # It comes back only if the loop still runs what it is handed.
        asyncio.run_coroutine_threadsafe(_set(answered), loop).result(60)
        return b"text"

    monkeypatch.setattr(exporting, "text_of", slow)
    assert await exported(Export(report()), ".md", pages) == b"text"
    assert answered.is_set()


async def _set(event: asyncio.Event) -> None:
    event.set()


@pytest.mark.parametrize("suffix", [".pdf", ".zip"])
async def test_cancelling_ends_the_maker_of_pages(suffix: str) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def endless(_report: Report, _look: Look, _progress: Progress | None) -> bytes:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    task = asyncio.create_task(exported(export_of(keep_run()), suffix, endless))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


@pytest.mark.parametrize("kind", list(ReportKind))
async def test_a_bundle_holds_the_run_the_project_and_nothing_else(
    tmp_path: Path, kind: ReportKind
) -> None:
    run = keep_run(root=str(tmp_path))
    decide(tmp_path, sighted(run, "F4"), NoteSet("F4", "seen"))
    other = keep_run(9)
    folder = paths.runs() / run
    (folder / "key.txt").write_text("secret")
    (folder / "run.json").write_text('{"title": "Renamed"}')
    told: list[tuple[int, int]] = []
    made = export_of(run, kind)
    raw = await exported(made, ".zip", pages, lambda *done: told.append(done))
    assert checked(raw, "x").run == run
    contents = contents_of(raw)
    assert contents[f"journals/{run}/journal.jsonl"] == (folder / "journal.jsonl").read_bytes()
    assert contents[f"journals/{run}/run.json"] == b'{"title": "Renamed"}'
    (decisions,) = paths.projects().glob("*/decisions.jsonl")
    assert contents["decisions.jsonl"] == decisions.read_bytes()
    assert contents["report.pdf"] == PAGES
    for suffix in TEXT_SUFFIXES:
        assert contents[f"report{suffix}"] == formats.exported(made.report, suffix, LOOK)
    assert [name for name in contents if name.startswith(("journals", "sources"))] == [
        f"journals/{run}/journal.jsonl",
        f"journals/{run}/run.json",
        "sources/Vault.sol",
    ]
    assert all(b"secret" not in one and other.encode() not in one for one in contents.values())
    assert told == [(0, 100), (10, 100), (50, 100), (90, 100), (100, 100)]
    assert raw == await exported(made, ".zip", pages)


async def test_a_bundle_has_the_journals_of_all_runs() -> None:
    made = header(cells=2)
    first = keep_run(1, outcome=None, cells=made.cells)
    last = keep_run(2, cells=made.cells[:1], continues=first)
    contents = contents_of(await exported(export_of(last), ".zip", pages))
    manifest = manifest_from(contents["manifest.json"])
    assert (manifest.runs, manifest.run) == ((first, last), last)
    for run in (first, last):
        journal = paths.runs() / run / "journal.jsonl"
        assert contents[f"journals/{run}/journal.jsonl"] == journal.read_bytes()
    assert "decisions.jsonl" not in contents


async def test_a_bundle_that_would_prove_nothing_is_not_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def code(export: Export) -> str:
        with pytest.raises(SpectrError) as told:
            await exported(export, ".zip", pages)
        return told.value.code

    run, other = keep_run(1), keep_run(2)
    made = export_of(run)
    assert await code(Export(made.report, LOOK)) == "no_evidence"
    with pytest.raises(BundleError):
        await exported(Export(made.report, LOOK, (other,)), ".zip", pages)
    descriptor = os.open(paths.runs() / run / "journal.jsonl", os.O_RDWR)
    lock(descriptor, wait=True)
    assert await code(made) == "run_going_on"
    os.close(descriptor)
    with monkeypatch.context() as patch:
        patch.setattr(stored_zip, "MOST_BYTES", 3000)
        assert await code(made) == "bundle_too_large"
        patch.undo()
        patch.setattr(evidence, "MOST_BYTES", 1000)
        assert await code(made) == "bundle_too_large"
    (paths.runs() / other / "journal.jsonl").rename(paths.runs() / other / "gone")
    assert await code(Export(made.report, LOOK, (other, run))) == "run_missing"
    (paths.runs() / other / "journal.jsonl").mkdir()
    assert await code(Export(made.report, LOOK, (other, run))) == "evidence_unreadable"


async def test_a_file_is_replaced_whole_and_a_link_stays_one(tmp_path: Path) -> None:
    target, link = tmp_path / "a", tmp_path / "b"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    await write(link, b"new")
    assert link.is_symlink()
    assert (target.read_bytes(), stat.S_IMODE(target.stat().st_mode)) == (b"new", 0o640)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
async def test_what_cannot_be_written_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    target = tmp_path / "a.md"
    target.write_bytes(b"old")

    def fails(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(SpectrError) as told:
        await write(target, b"new")
    assert told.value.code == "not_written"
    assert told.value.message == (
        f"{target} cannot be written ({os.strerror(number)}). Choose another place."
    )
    assert target.read_bytes() == b"old"
    assert names_in(tmp_path) <= {"a.md", "home"}


async def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SpectrError, match="cannot be written"):
        await write(tmp_path, b"new")
    for path in (tmp_path, tmp_path / "no" / "a.md", tmp_path / "a.doc"):
        with pytest.raises(SpectrError) as told:
            exporting.check_outputs([tmp_path / "good.md", path])
        assert told.value.code == "bad_output"
    exporting.check_outputs([tmp_path / "a.md", tmp_path / "b.ZIP"])


def test_findings_of_several_runs_are_joined() -> None:
    one, two = finding(1), finding(2)
    again = replace(one.sightings[0], run="run-2")
    # A project's finding has the same key in both runs.
    both = replace(one, sightings=(one.sightings[0], again))
    assert joined_findings([[one, two], [both]]) == [both, two]
    # Without a project each run counts for itself.
    stranger = replace(one, sightings=(again,))
    joined = joined_findings([[one, two], [stranger]])
    assert [(each.key, each.sightings) for each in joined] == [
        ("F1", one.sightings),
        ("F2", two.sightings),
        ("F3", (again,)),
    ]
    by_hand = replace(one, sightings=(), by_hand=True)
    assert joined_findings([[by_hand], [by_hand]]) == [by_hand]


async def test_a_report_of_a_run_is_whole(tmp_path: Path) -> None:
    run = keep_run(root=str(tmp_path))
    told = json.loads(await exported(export_of(run), ".json", pages))
    assert [each["text"] for each in told["texts"]] == [REPORT]
    assert told["id"] == run
