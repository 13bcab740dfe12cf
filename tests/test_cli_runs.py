from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING

from spectr_desktop import cli, paths
from spectr_desktop.locks import lock
from spectr_desktop.records.decisions import NoteSet
from spectr_desktop.records.run import Outcome
from spectr_desktop.store.stored_runs import run_ids
from tests.history_samples import REPORT, decide, keep_run, sighted
from tests.program import one_sentence, run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class Terminal(io.StringIO):
    """Standard input or standard error of a person."""

    def isatty(self) -> bool:
        return True


def called(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Status, standard output and standard error."""
    status = cli.main(["runs", *map(str, arguments)])
    out, err = capsys.readouterr()
    return status, out, err


def test_runs_are_listed_the_newest_first(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert called(capsys, "list") == (0, "", "")
    one = keep_run(1, root=str(tmp_path), title="Tab\there\nand \x1b[31m")
    two = keep_run(2, outcome=Outcome.STOPPED, text="a zebrafish")
    status, out, err = called(capsys, "list")
    assert (status, err) == (0, "")
    rows = [line.split("\t") for line in out.splitlines()]
    assert [row[0] for row in rows] == [two, one]
    assert rows[0][1:5] == ["2026-11-20T00:00:00Z", "stopped", "smollm2", "0 findings"]
    assert rows[1][4:] == ["1 finding", "Tab here and [31m"]
    assert called(capsys, "list", "--project", tmp_path)[1].startswith(one)
    assert called(capsys, "list", "--search", "zebraf")[1].startswith(two)
    assert called(capsys, "list", "--search", "okapi") == (0, "", "")


def test_json_has_all_that_is_known(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    keep_run(1, root=str(tmp_path))
    descriptor = os.open(paths.runs() / keep_run(2) / "journal.jsonl", os.O_RDWR)
    lock(descriptor, wait=True)
    two, one = json.loads(called(capsys, "list", "--json")[1])
    os.close(descriptor)
    assert (one["outcome"], one["findings"], one["severities"]) == ("complete", 1, {"high": 1})
    assert (one["project"], one["provider"]) == (str(tmp_path), "ollama")
    assert two["outcome"] == "going_on"
    assert "snippet" not in one


def test_a_run_is_shown_by_the_beginning_of_its_id(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    one, two = keep_run(1, root=str(tmp_path)), keep_run(2, text="second")
    decide(tmp_path, sighted(one, "F4"), NoteSet("F4", "x"))
    status, out, err = called(capsys, "show", one[:15])
    assert (status, err) == (0, "")
    assert REPORT.strip() in out
    assert "| F4 |" in out
    assert "second" in called(capsys, "show", two)[1]
    for beginning, words in ((one[:5], "the beginning of 2 runs"), ("x", "no run"), ("", "no run")):
        status, out, err = called(capsys, "show", beginning)
        assert (status, out) == (2, "")
        assert words in one_sentence(err.replace("). Give", ") Give").replace("”. `", "” `"))


def test_what_is_left_of_a_damaged_run_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    run_id = keep_run()
    journal = paths.runs() / run_id / "journal.jsonl"
    lines = journal.read_bytes().split(b"\n")
    journal.write_bytes(b"\n".join([b"lost", *lines[1:]]))
    status, out, err = called(capsys, "show", run_id)
    assert status == 0
    assert "Not complete" in out
    assert REPORT.strip() in out
    assert "damaged in 1 places" in err
    journal.write_bytes(b"lost\nlost\n")
    status, out, err = called(capsys, "show", run_id)
    assert (status, out) == (2, "")
    assert "nothing of its report is left" in err


def test_a_run_is_exported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run_id = keep_run()
    shown = called(capsys, "show", run_id)[1]
    first, second = tmp_path / "a ü.md", tmp_path / "b.MD"
    assert called(capsys, "export", run_id, "--output", first, "--output", second) == (0, "", "")
    assert first.read_text() == second.read_text() == shown
    status, _out, err = called(
        capsys, "export", run_id, "--output", tmp_path / "c.md", "--output", tmp_path / "d.doc"
    )
    assert status == 2
    assert "End its name in .md" in err
    assert not (tmp_path / "c.md").exists()
    status, _out, err = called(capsys, "export", run_id, "--output", tmp_path / "no" / "e.md")
    assert status == 2
    assert "cannot be written" in one_sentence(err.replace("). Choose", ") Choose"))


def test_deleting_asks_or_needs_yes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, three = keep_run(1), keep_run(2), keep_run(3)
    status, _out, err = called(capsys, "delete", one)
    assert (status, len(run_ids())) == (2, 3)
    assert "cannot be undone" in err
    assert "--yes" in err
    monkeypatch.setattr("sys.stdin", Terminal("no\nyes\n"))
    monkeypatch.setattr("sys.stderr", Terminal())
    assert cli.main(["runs", "delete", one]) == 2
    assert len(run_ids()) == 3
    assert cli.main(["runs", "delete", one]) == 0
    assert run_ids() == [three, two]
    assert cli.main(["runs", "delete", "--yes", two, two, three]) == 0
    assert run_ids() == []
    assert list((paths.data() / "deleted").iterdir()) == []


def test_a_run_that_goes_on_is_not_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    one, two = keep_run(1), keep_run(2)
    descriptor = os.open(paths.runs() / two / "journal.jsonl", os.O_RDWR)
    lock(descriptor, wait=True)
    status, _out, err = called(capsys, "delete", "--yes", one, two)
    os.close(descriptor)
    assert status == 2
    assert "still being written" in err
    assert run_ids() == [two, one]


def test_a_client_is_erased_after_yes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    client = tmp_path / "client"
    client.mkdir()
    one, other = keep_run(1, root=str(client)), keep_run(2)
    decide(client, sighted(one))
    status, _out, err = called(capsys, "erase", client)
    assert status == 2
    assert f"1 run, 1 decision, 0 drafts of {client}" in err
    assert len(run_ids()) == 2
    status, _out, err = called(capsys, "erase", client, "--yes")
    assert (status, run_ids()) == (0, [other])
    assert err.startswith("Erased: 1 run")
    assert list(paths.projects().iterdir()) == []
    status, _out, err = called(capsys, "erase", client, "--yes")
    assert status == 0
    assert "nothing to erase" in err


def test_the_real_program_lists_and_says_what_is_wrong(home: Path) -> None:
    one = keep_run(1)
    status, out, err = run("runs", "list")
    assert (status, err) == (0, "")
    assert out.startswith(one)
    status, out, err = run("runs", "show", "nothing")
    assert (status, out) == (2, "")
    assert "no run" in err
    assert run("runs")[0] == 2
