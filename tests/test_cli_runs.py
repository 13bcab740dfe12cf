from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop import cli, paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.locks import lock
from spectr_desktop.records.decisions import NoteSet, StateSet
from spectr_desktop.records.grades import State
from spectr_desktop.records.house_style import HouseStyle, Look
from spectr_desktop.records.report import ReportDocument
from spectr_desktop.records.run import Outcome
from spectr_desktop.report.export.canonical import canonical
from spectr_desktop.report.export.formats import SUFFIXES
from spectr_desktop.store.house_styles import HouseStyles
from spectr_desktop.store.stored_runs import run_ids
from tests.history_samples import REPORT, decide, keep_run, sighted
from tests.program import one_sentence, run
from tests.report.export.bundle_samples import contents_of
from tests.run_samples import header

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.audit.exporting import Progress
    from spectr_desktop.records.report import Report


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
    assert canonical(REPORT) in out
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
    assert canonical(REPORT) in out
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


def exports(
    capsys: pytest.CaptureFixture[str], run_id: str, target: Path, *options: str
) -> dict[str, Any]:
    """The report of a run as JSON."""
    done = called(capsys, "export", run_id, "--output", target, *options)
    assert done == (0, "", "")
    return json.loads(target.read_bytes())


def test_a_run_is_exported_by_suffix_and_kind(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    one = keep_run(1, root=str(tmp_path))
    decide(tmp_path, sighted(one, "F4"), StateSet("F4", State.CONFIRMED))
    names = [tmp_path / f"r{suffix}" for suffix in (".md", ".json", ".sarif", ".csv")]
    wanted = [part for name in names for part in ("--output", name)]
    assert called(capsys, "export", one, *wanted, "--kind", "client") == (0, "", "")
    assert names[0].read_text().startswith("# Security review of Vault.sol\n")
    report = json.loads(names[1].read_bytes())
    assert (report["kind"], report["id"], report["texts"]) == ("client", one, [])
    assert [(found["number"], found["key"]) for found in report["findings"]] == [("H-01", "F4")]
    assert report["scope"]["files"][0]["nsloc"] == 7
    (run_told,) = json.loads(names[2].read_bytes())["runs"]
    assert run_told["results"][0]["message"]["text"].startswith("H-01: ")
    assert "H-01" in names[3].read_text()
    working = exports(capsys, one, tmp_path / "w.json")
    assert working["kind"] == "working"
    assert [each["text"] for each in working["texts"]] == [REPORT]


def test_a_run_is_exported_with_a_house_style(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run_id = keep_run(1, root=str(tmp_path))
    decide(tmp_path, sighted(run_id, "F4"), StateSet("F4", State.WONT_FIX))
    own = ReportDocument("Ada", "Client & Co", "1.0", "# Method\n\nBy hand.")
    states = (State.WONT_FIX,)
    HouseStyles().write(HouseStyle("Big house", "Vault", own, Look(), states))
    options = ("--kind", "client", "--style", "big house")
    report = exports(capsys, run_id, tmp_path / "r.json", *options)
    assert (report["title"], report["document"]["client"]) == ("Vault", "Client & Co")
    assert [found["number"] for found in report["findings"]] == ["H-01"]
    target = tmp_path / "r.html"
    status, _out, err = called(
        capsys, "export", run_id, "--output", target, "--style", "small house"
    )
    assert status == 2
    assert "small house" in one_sentence(err)
    assert not target.exists()


def test_a_run_that_went_on_is_exported_with_what_came_before(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    made = header(cells=2)
    first = keep_run(1, outcome=None, cells=made.cells)
    text = REPORT.replace("Reëntrancy", "Burning")
    last = keep_run(2, text=text, cells=made.cells[:1], continues=first)
    report = exports(capsys, last, tmp_path / "a.json")
    assert report["id"] == last
    cells = report["scope"]["coverage"]["cells"]
    assert [(cell["part"], cell["outcome"]) for cell in cells] == [(1, "complete"), (2, "not_sent")]
    (told,) = report["texts"]
    assert told["text"].startswith(REPORT)
    assert told["text"].endswith(text)
    titles = {each["key"]: each["title"] for each in (*report["findings"], *report["leads"])}
    assert sorted(titles.values()) == ["Burning in withdraw", "Reëntrancy in withdraw"]


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[Report]:
    """Pages without Qt; the reports that they were asked for."""
    asked: list[Report] = []

    async def pdf(report: Report, _look: Look, _progress: Progress | None = None) -> bytes:
        asked.append(report)
        if report.title == "Ill":
            raise SpectrError("pdf_failed", "The pages cannot be made. Export .html.")
        return b"%PDF-1.7"

    made = ModuleType("spectr_desktop.ui.pdf")
    monkeypatch.setattr(made, "pdf", pdf, raising=False)
    monkeypatch.setitem(sys.modules, "spectr_desktop.ui.pdf", made)
    return asked


def test_every_format_is_exported_and_a_bundle_is_verified(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, pages: list[Report]
) -> None:
    run_id = keep_run(root=str(tmp_path))
    names = [tmp_path / f"r{suffix}" for suffix in SUFFIXES]
    wanted = [part for name in names for part in ("--output", name)]
    status, out, err = called(capsys, "export", run_id, *wanted)
    assert (status, out) == (0, "")
    assert all(name.stat().st_size for name in names)
    assert [one.id for one in pages] == [run_id, run_id]
    contents = contents_of(names[-1].read_bytes())
    for name in names[:-1]:
        assert contents[f"report{name.suffix}"] == name.read_bytes()
    said = err.splitlines()
    assert "all texts of the model" in said[0]
    sha256 = hashlib.sha256(contents["manifest.json"]).hexdigest()
    assert f"{names[-1]} is {sha256}." in said[1]
    told = called(capsys, "verify", names[-1])
    whole = f"{names[-1]} is whole: {len(contents)} entries, manifest sha256 {sha256}\n"
    assert told == (0, whole, "")


def test_what_is_no_whole_bundle_is_told_in_a_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, pages: list[Report]
) -> None:
    target = tmp_path / "b.zip"
    assert called(capsys, "export", keep_run(), "--output", target)[0] == 0
    raw = bytearray(target.read_bytes())
    raw[raw.index(b"contract Vault {\n")] ^= 1
    target.write_bytes(raw)
    status, out, err = called(capsys, "verify", target)
    assert (status, out) == (2, "")
    assert "“sources/Vault.sol” has another content" in err
    for path in (tmp_path / "missing.zip", tmp_path):
        status, out, err = called(capsys, "verify", path)
        assert (status, out) == (2, "")
        assert "cannot be read" in one_sentence(err.replace("). Make", ") Make"))


def test_an_output_that_fails_costs_no_other(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, pages: list[Report]
) -> None:
    run_id = keep_run(title="Ill")
    names = [tmp_path / name for name in ("a.pdf", "b.zip", "c.md")]
    wanted = [part for name in names for part in ("--output", name)]
    status, out, err = called(capsys, "export", run_id, *wanted)
    assert (status, out) == (2, "")
    assert err == "The pages cannot be made. Export .html.\n" * 2
    assert [name.exists() for name in names] == [False, False, True]


def test_no_file_is_replaced_without_a_yes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run_id, old, new = keep_run(), tmp_path / "old.md", tmp_path / "new.md"
    old.write_text("mine")
    arguments = ["export", run_id, "--output", str(old), "--output", str(new)]
    status, _out, err = called(capsys, *arguments)
    assert (status, old.read_text(), new.exists()) == (2, "mine", False)
    assert f"Replace {old}?" in err
    assert "--yes" in err
    monkeypatch.setattr("sys.stdin", Terminal("no\nyes\n"))
    monkeypatch.setattr("sys.stderr", Terminal())
    assert cli.main(["runs", *arguments]) == 2
    assert (old.read_text(), new.exists()) == ("mine", False)
    assert cli.main(["runs", *arguments]) == 0
    assert old.read_text() == new.read_text() != "mine"
    old.write_text("mine")
    assert cli.main(["runs", *arguments, "--yes"]) == 0
    assert old.read_text() == new.read_text()


def test_findings_are_chosen_by_key_and_what_is_left_out_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run_id = keep_run(root=str(tmp_path))
    titles = {"F4": "Four", "F5": "Five", "F6": "Six"}
    decide(tmp_path, *(sighted(run_id, key, title) for key, title in titles.items()))
    decide(tmp_path, *(StateSet(key, State.CONFIRMED) for key in ("F4", "F5")))

    def kept(name: str, *options: str) -> tuple[list[str], str]:
        target = tmp_path / name
        status, out, err = called(capsys, "export", run_id, "--output", target, *options)
        assert (status, out) == (0, "")
        return [one["key"] for one in json.loads(target.read_bytes())["findings"]], err

    assert kept("a.json", "--findings", "F6, F4") == (["F4", "F6"], "")
    keys, err = kept("b.json", "--kind", "client")
    assert keys == ["F4", "F5"]
    assert one_sentence(err).startswith("1 finding is left out")
    keys, err = kept("c.json", "--kind", "client", "--findings", "F5,F6")
    assert keys == ["F5"]
    assert one_sentence(err).startswith("2 findings are left out")
    for keys_given, words in (("F4,F9", "no finding “F9”"), (",", "No finding is named")):
        target = tmp_path / "d.json"
        status, out, err = called(
            capsys, "export", run_id, "--output", target, "--findings", keys_given
        )
        assert (status, out, target.exists()) == (2, "", False)
        assert words in err
        assert "F4, F5, F6" in err


def test_what_is_left_of_a_damaged_run_is_markdown_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run_id = keep_run()
    journal = paths.runs() / run_id / "journal.jsonl"
    lines = journal.read_bytes().split(b"\n")
    journal.write_bytes(b"\n".join([b"lost", *lines[1:]]))
    for options in (("a.json",), ("a.md", "--kind", "client")):
        status, out, err = called(
            capsys, "export", run_id, "--output", tmp_path / options[0], *options[1:]
        )
        assert (status, out) == (2, "")
        assert "Export it as .md" in err
        assert not (tmp_path / options[0]).exists()
    assert called(capsys, "export", run_id, "--output", tmp_path / "a.md")[0] == 0
    assert "Not complete" in (tmp_path / "a.md").read_text()


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
