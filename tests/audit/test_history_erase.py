from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spectr_desktop import logs, paths
from spectr_desktop.audit import history_erase
from spectr_desktop.audit.run_history import RunHistory
from spectr_desktop.locks import lock
from spectr_desktop.records.decisions import NoteSet
from spectr_desktop.records.history import Wanted
from spectr_desktop.store import trash
from spectr_desktop.store.stored_runs import RunsError, run_ids
from tests.history_samples import REPORT, SOURCE, decide, keep_run, sighted

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)
# Words that stand in nothing but this client's source and report.
SECRETS = (b"zebrafish", b"Quetzalcoatl", b"wombat", b"xylophone")


@pytest.fixture
def history() -> Iterator[RunHistory]:
    made = RunHistory()
    yield made
    made.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "Kunde 'Ü' AG"
    folder.mkdir()
    return folder


@pytest.fixture
def logged() -> Iterator[None]:
    """The log is written, as when the program runs."""
    logs.start(paths.logs())
    yield
    logs.stop()


def client(root: Path) -> list[str]:
    """Everything that can be kept of a client; returns the ids of the runs."""
    source = SOURCE.replace("Vault", "Quetzalcoatl").replace("balances", "wombats")
    text = REPORT + "\n## [Low] zebrafish\n\nthe zebrafish swims\n" * 40
    runs = [
        keep_run(1, text, source=source, root=str(root)),
        keep_run(2, text, source=source, root=str(root / "src" / "deep")),
        keep_run(3, text, source=source),  # an older journal: the decisions say whose it is
    ]
    decide(root, sighted(runs[0]), sighted(runs[2], "F2", "zebrafish"), NoteSet("F1", "xylophone"))
    decide(root / "src" / "deep", sighted(runs[1], "F1", "xylophone"))
    drafts = paths.private_folder(paths.data() / "drafts")
    draft = {"root": str(root / "src"), "text": source + "xylophone"}
    (drafts / "a.json").write_text(json.dumps(draft))
    (drafts / ".b.tmp").write_text(json.dumps(draft)[:-5])  # a program died
    alone = {"root": "", "path": str(root / "A.sol"), "text": "xylophone"}
    (drafts / "c.json").write_text(json.dumps(alone))
    (drafts / "d.damaged").write_text(json.dumps(alone)[:-2])
    return runs


def others(root: Path) -> list[str]:
    """What belongs to somebody else and stays."""
    beside = root.with_name(root.name + " Nachbar")
    beside.mkdir()
    runs = [keep_run(11, root=str(beside)), keep_run(12)]
    decide(beside, sighted(runs[0]))
    drafts = paths.private_folder(paths.data() / "drafts")
    (drafts / "other.json").write_text(json.dumps({"root": str(beside), "text": "mine"}))
    (drafts / "none.json").write_text(json.dumps({"root": "", "text": "of no file"}))
    (drafts / "odd.json").write_text("[]")
    (drafts / "nul.json").write_text(json.dumps({"root": "/a\0b", "path": 3}))
    (drafts / "torn.tmp").write_text(json.dumps({"root": str(beside), "text": "mine"})[:-2])
    return runs


def words_left(home: Path) -> list[str]:
    """The files under a folder that have a word of the client."""
    found: list[str] = []
    for parent, _folders, names in os.walk(home):
        for name in names:
            raw = (Path(parent) / name).read_bytes().lower()
            found += [name for word in SECRETS if word.lower() in raw]
    return found


def test_a_client_is_gone_and_others_are_not(
    history: RunHistory, root: Path, home: Path, logged: None
) -> None:
    runs, stay = client(root), others(root)
    history.refresh()
    logs.logger("spectr_desktop.test").warning("zebrafish cannot be read")
    other = RunHistory()
    other.delete([runs[1]])  # in another window; it may still be undone there
    before = {each: (paths.runs() / each / "journal.jsonl").read_bytes() for each in stay}
    assert words_left(home)
    plan = history.erase_plan(root)
    assert plan.runs == tuple(sorted(runs))
    assert plan.decisions == 4
    assert len(plan.projects) == len(plan.roots) == 2
    assert len(plan.drafts) == 4
    assert plan.first == plan.last == "2026-11-20T00:00:00Z"
    assert plan.bytes > 10_000
    assert not plan.is_empty
    steps: list[tuple[int, int]] = []
    assert history.erase_project(root, lambda *step: steps.append(step)) == plan
    assert steps[-1][0] == steps[-1][1]
    assert words_left(home) == []
    assert run_ids() == sorted(stay, reverse=True)
    assert {each: (paths.runs() / each / "journal.jsonl").read_bytes() for each in stay} == before
    assert len(list(paths.projects().iterdir())) == 1
    names = sorted(file.name for file in (paths.data() / "drafts").iterdir())
    assert names == ["none.json", "nul.json", "odd.json", "other.json", "torn.tmp"]
    assert [row.id for row in history.search(Wanted("withdraw")).rows] == sorted(stay)[::-1]
    assert root.is_dir()
    logs.logger("spectr_desktop.test").warning("the log goes on")
    folder = paths.logs()
    assert folder is not None
    text = (folder / "spectr-desktop.log").read_text()
    assert text.endswith("the log goes on\n")
    assert "\0" not in text
    other.close()
    assert history.erase_plan(root).is_empty


def test_nothing_goes_while_a_run_is_being_written(history: RunHistory, root: Path) -> None:
    runs = client(root)
    descriptor = os.open(paths.runs() / runs[1] / "journal.jsonl", os.O_RDWR)
    lock(descriptor, wait=True)
    with pytest.raises(RunsError, match="nothing has been erased"):
        history.erase_project(root)
    os.close(descriptor)
    assert len(run_ids()) == 3
    assert history.erase_plan(root).decisions == 4


def test_what_cannot_be_removed_is_named_and_the_rest_goes(
    history: RunHistory, root: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = client(root)
    remove = history_erase.remove_folder

    def fails(folder: Path) -> None:
        if folder.name == runs[0]:
            raise PermissionError(13, "Permission denied")
        remove(folder)

    with monkeypatch.context() as patched:
        patched.setattr(history_erase, "remove_folder", fails)
        with pytest.raises(RunsError, match="Not all of it could be erased") as error:
            history.erase_project(root)
    assert runs[0] in error.value.message
    assert run_ids() == [runs[0]]
    history.erase_project(root)
    assert words_left(home) == []


def test_what_a_window_put_aside_is_erased_too(history: RunHistory, root: Path) -> None:
    runs = client(root)
    history.delete(runs)
    assert history.erase_plan(root).runs == tuple(sorted(runs))
    history.erase_project(root)
    assert trash.put_aside() == []


def test_a_project_whose_name_is_lost_is_found_by_its_folder(
    history: RunHistory, root: Path
) -> None:
    run = keep_run()
    decide(root, sighted(run))
    (project,) = paths.projects().iterdir()
    (project / "project.json").unlink()
    history.erase_project(root)
    assert list(paths.projects().iterdir()) == []
    assert run_ids() == []


def old(path: Path, days: int) -> None:
    """Make a file as old as that."""
    at = (NOW - datetime.timedelta(days=days)).timestamp()
    os.utime(path, (at, at))


def test_what_is_older_than_an_age_goes(history: RunHistory, root: Path, tmp_path: Path) -> None:
    long_ago = keep_run(1, day="20260101", root=str(root))
    lately = keep_run(2, day="20261120", root=str(root))
    gone = tmp_path / "gone"
    alone = keep_run(3, day="20260301", root=str(gone))
    odd = keep_run(4, day="20261120", created_at="never")
    for journal in paths.runs().glob("*/journal.jsonl"):
        old(journal, 1)
    decide(root, sighted(long_ago))
    decide(gone, sighted(alone))
    for file in paths.projects().glob("*/*"):
        old(file, 200)
    drafts = paths.private_folder(paths.data() / "drafts")
    for name, days in (("old.json", 200), ("new.json", 1)):
        (drafts / name).write_text("{}")
        old(drafts / name, days)
    plan = history.erase_plan_older(90, NOW)
    assert plan.runs == (long_ago, alone)
    assert [file.name for file in plan.drafts] == ["old.json"]
    assert plan.roots == tuple(sorted((str(root), str(gone))))
    assert (plan.days, plan.root, plan.decisions) == (90, None, 1)
    assert plan.first == "2026-01-01T00:00:00Z"
    assert plan.last == "2026-03-01T00:00:00Z"
    assert history.erase_older_than(90, NOW) == plan
    assert run_ids() == [odd, lately]
    # The decisions of a project that has newer runs stay.
    assert len(list(paths.projects().iterdir())) == 1
    assert [file.name for file in drafts.iterdir()] == ["new.json"]
    assert history.erase_plan_older(90, NOW).is_empty


def test_a_project_that_was_decided_on_lately_stays(history: RunHistory, root: Path) -> None:
    run = keep_run(1, day="20260101", root=str(root))
    decide(root, sighted(run))
    plan = history.erase_plan_older(90, datetime.datetime.now(datetime.UTC))
    assert plan.runs == (run,)
    assert plan.projects == ()


def test_a_folder_whose_name_is_no_text_is_erased(history: RunHistory, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"client \xff")
    odd.mkdir()
    near = tmp_path / os.fsdecode(b"client \xfe")
    gone, stays = keep_run(1, root=str(odd)), keep_run(2, root=str(near))
    decide(odd, sighted(gone))
    history.refresh()
    (row,) = (each for each in history.search(Wanted()).rows if each.id == gone)
    assert history.search(Wanted(project=row.project)).total == 1
    assert not history.refresh() or not history.changed
    history.erase_project(Path(row.project))
    assert run_ids() == [stays]
    assert list(paths.projects().iterdir()) == []
