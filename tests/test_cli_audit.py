from __future__ import annotations

import json
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop import cli_audit
from spectr_desktop.audit import compose
from spectr_desktop.cli_project import check_consent
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.house_style import Look
from spectr_desktop.records.server import ModelInfo, ServerConfig
from spectr_desktop.store import consents
from tests.program import journal, one_sentence, outcome_of, run
from tests.project.test_git import commit, repository
from tests.report.export import report_samples
from tests.servers.scripted import ScriptedServer, ThreadedServer
from tests.test_cli import at, whole
from tests.test_cli_settings import REPORT, SOURCE, server_table, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spectr_desktop.audit.exporting import Export, PdfMaker
    from spectr_desktop.records.report import Report


@pytest.fixture
def ollama() -> Iterator[ScriptedServer]:
    with ThreadedServer(whole(REPORT, natural=True)) as server:
        yield server


@pytest.fixture
def client(tmp_path: Path) -> Path:
    """A client's folder with two contracts."""
    folder = tmp_path / "Kunde ü"
    for name in ("src/Vault.sol", "src/b/Other.sol", "lib/dep/Dep.sol", "test/Vault.t.sol"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(SOURCE.replace("Vault", Path(name).stem.partition(".")[0]))
    return folder


def sent(home: Path) -> list[str]:
    return [file["path"] for file in journal(home)[0]["files"]]


# -- files and folders ------------------------------------------------------------------------


def test_a_folder_is_searched(ollama: ScriptedServer, client: Path, home: Path) -> None:
    status, out, err = run("audit", client, *at(ollama))
    assert (status, out) == (0, REPORT)
    assert one_sentence(err) == (f"Found 3 contracts in {client}; left out: 1 folder (lib).\n")
    assert journal(home)[0]["root"] == str(client)
    assert sent(home) == ["src/Vault.sol", "src/b/Other.sol", "test/Vault.t.sol"]


def test_a_file_that_cannot_be_read_stops_no_other(
    ollama: ScriptedServer, client: Path, home: Path, tmp_path: Path
) -> None:
    (client / "src" / "Bad.sol").write_bytes(b"\0")
    report = tmp_path / "report.json"
    arguments = ["--output", report, "--fail-on", "info", "--format", "events"]
    status, out, err = run("audit", client / "src", client / "none.sol", *at(ollama), *arguments)
    assert status == 2
    assert outcome_of(out)["outcome"] == "complete"
    assert "Bad.sol is not a text file" in err
    assert "none.sol; it may have been moved" in err
    assert err.count("The other files are audited.") == 2
    assert sent(home) == ["src/Vault.sol", "src/b/Other.sol"]
    assert json.loads(report.read_text())["outcome"] == "complete"


# -- what has changed -------------------------------------------------------------------------


def test_only_what_has_changed_is_sent(ollama: ScriptedServer, client: Path, home: Path) -> None:
    repository(client, {})
    commit(client, {"src/Gone.sol": SOURCE})
    (client / "src" / "Gone.sol").unlink()
    (client / "src" / "b" / "Other.sol").write_text(SOURCE + "// fixed\n")
    status, _, err = run("audit", client / "src", *at(ollama), "--diff", "main")
    assert status == 0
    assert "1 of 2 contracts changed since main; deleted: src/Gone.sol.\n" in err
    assert sent(home) == ["b/Other.sol"]


def test_nothing_that_changed_is_nothing_to_send(
    ollama: ScriptedServer, client: Path, tmp_path: Path, home: Path
) -> None:
    repository(client, {})
    report = tmp_path / "report.sarif"
    arguments = ["--diff", "HEAD", "--format", "events", "--output", report]
    status, out, err = run("audit", client / "src", *at(ollama), *arguments)
    assert status == 0
    assert "0 of 2 contracts changed since HEAD." in err
    assert "Nothing was sent and no report was written." in err
    assert (outcome_of(out)["outcome"], outcome_of(out)["error"]) == ("not_sent", None)
    assert not report.exists()
    assert ollama.requests == []


@pytest.mark.parametrize(("ref", "words"), [("--x", "no commit “--x”"), ("none", "“none”")])
def test_a_ref_that_is_none_is_a_sentence(client: Path, ref: str, words: str) -> None:
    repository(client, {})
    status, out, err = run("audit", client / "src" / "Vault.sol", f"--diff={ref}")
    assert (status, out) == (2, "")
    assert words in one_sentence(err)


def test_without_a_repository_it_is_a_sentence(client: Path) -> None:
    status, _, err = run("audit", client / "src" / "Vault.sol", "--diff", "main")
    assert status == 2
    assert "is in no git repository" in one_sentence(err)


# -- the project's own file -------------------------------------------------------------------


def test_the_projects_file_holds_where_the_arguments_say_nothing(
    ollama: ScriptedServer, client: Path, home: Path
) -> None:
    file = client / ".spectr.toml"
    file.write_text(
        'scope = ["src"]\nexclude = ["b/**", "src/b"]\nfail_on = "high"\ncontext = 9000\n'
        'max_tokens = 500\nmodel = "gemma3-270m"\nbase_url = "http://evil.example"\n'
    )
    named = ["--provider", "ollama", "--base-url", ollama.base_url]
    status, _, err = run("audit", *named, "--max-tokens", "400", cwd=client)
    assert status == 1
    assert (
        f"Taken from {file}: model gemma3-270m; fail_on high; context 9000; scope src; "
        "exclude b/**, src/b.\n"
    ) in err
    assert ".spectr.toml may not say base_url" in err
    parameters = journal(home)[0]["parameters"]
    assert (parameters["context"], parameters["max_tokens"]) == (9000, 400)
    assert sent(home) == ["src/Vault.sol"]


def test_a_server_is_one_of_the_users_own(ollama: ScriptedServer, client: Path, home: Path) -> None:
    table = server_table("house", ollama.base_url).replace('"openai"', '"ollama"')
    settings(home, table)
    (client / ".spectr.toml").write_text('server = "house"\nmodel = "smollm2"\n')
    status, _, err = run("audit", client / "src" / "Vault.sol")
    assert status == 0
    assert "server house; model smollm2" in one_sentence(err)
    assert journal(home)[0]["base_url"] == ollama.base_url
    (client / ".spectr.toml").write_text('server = "http://evil.example"\n')
    status, out, err = run("audit", client / "src" / "Vault.sol")
    assert (status, out) == (2, "")
    assert "The settings have no server “http://evil.example”" in err


def test_arguments_that_name_a_server_leave_the_files_out(
    ollama: ScriptedServer, client: Path, home: Path
) -> None:
    (client / ".spectr.toml").write_text('provider = "anthropic"\nmodel = "claude"\n')
    named = ["--provider", "ollama", "--base-url", ollama.base_url]
    status, _, err = run("audit", client / "src" / "Vault.sol", *named)
    assert (status, err) == (0, "")
    assert journal(home)[0]["provider"] == "ollama"


def test_a_provider_that_there_is_none_of_is_left_out(ollama: ScriptedServer, client: Path) -> None:
    (client / ".spectr.toml").write_text('provider = "evil"\nmodel = "m"\n')
    host = ollama.base_url.removeprefix("http://")
    status, _, err = run("audit", client / "src" / "Vault.sol", env={"OLLAMA_HOST": host})
    assert status == 0
    assert "In .spectr.toml, provider and model are left out." in one_sentence(err)


def test_the_source_leaves_the_machine_only_with_a_consent(client: Path, home: Path) -> None:
    with ThreadedServer(ScriptedServer()) as proxy:  # where it would arrive
        table = server_table("far", "http://model.example.org", f'proxy = "{proxy.base_url}"\n')
        settings(home, table)
        (client / ".spectr.toml").write_text('server = "far"\nmodel = "m"\n')
        vault = client / "src" / "Vault.sol"
        status, out, err = run("audit", vault, "--format", "events")
        assert status == 2
        assert outcome_of(out)["error"]["code"] == "no_consent"
        assert f"at model.example.org, and you have not agreed that the source in {client}" in err
        assert proxy.requests == []
        # The user's own word is enough, and so is the consent that the window keeps.
        run("audit", vault, "--server", "far", "--model", "m")
        asked = len(proxy.requests)
        assert asked
        consents.allow(client, "model.example.org")
        run("audit", vault)
        assert len(proxy.requests) > asked
        consents.forget(client)
        consents.allow(client / "src", "model.example.org")
        count = len(proxy.requests)
        assert "no_consent" in run("audit", vault, "--format", "events")[1]
        assert len(proxy.requests) == count


async def test_a_model_in_a_cloud_needs_a_consent_though_the_server_is_here(client: Path) -> None:
    provider = compose.connect(ServerConfig("ollama", "http://127.0.0.1:1"))
    cloud = ModelInfo("big:cloud", remote=True)
    given = types.SimpleNamespace(
        server_by_file=False, model_by_file=True, air_gap=False, model="big:cloud"
    )
    check: Any = check_consent
    check(given, provider, None, client)
    with pytest.raises(SpectrError, match=r"“big:cloud” at ollama\.com"):
        check(given, provider, cloud, client)
    consents.allow(client, "ollama.com")
    check(given, provider, cloud, client)
    consents.forget(client)
    given.model_by_file = False
    check(given, provider, cloud, client)
    await provider.close()


# -- files that are written -------------------------------------------------------------------


def test_every_text_format_is_written(ollama: ScriptedServer, client: Path, tmp_path: Path) -> None:
    outputs = [tmp_path / f"r{suffix}" for suffix in (".md", ".HTML", ".json", ".sarif", ".csv")]
    named = [argument for path in outputs for argument in ("--output", path)]
    status, _, err = run("audit", client / "src" / "Vault.sol", *at(ollama), *named)
    assert (status, err) == (0, "")
    assert all(path.stat().st_size > 100 for path in outputs)


async def test_pages_and_bundles_are_made_by_the_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[tuple[Any, ...]] = []

    pages: list[tuple[Any, ...]] = []

    async def pdf(report: Report, look: object, progress: object = None) -> bytes:
        pages.append((report, look, progress))
        return b"%PDF"

    async def exported(
        export: Export, suffix: str, make_pdf: PdfMaker, progress: Callable[[int, int], None]
    ) -> bytes:
        made.append((export.report, export.runs, suffix))
        progress(1, 2)
        if suffix == ".zip":
            raise SpectrError("not_written", "There is no room.")
        return await make_pdf(export.report, export.look, progress)

    monkeypatch.setattr("spectr_desktop.audit.exporting.exported", exported)
    monkeypatch.setattr("spectr_desktop.ui.pdf.pdf", pdf)
    report = report_samples.report()
    bundle, page = tmp_path / "r.zip", tmp_path / "r.PDF"
    assert not await cli_audit.write_outputs(report, "ID", [bundle, page])
    assert made == [(report, ("ID",), ".zip"), (report, ("ID",), ".pdf")]
    assert [each[:2] for each in pages] == [(report, Look())]
    assert page.read_bytes() == b"%PDF"
    assert not bundle.exists()
    assert "r.zip was not written. There is no room." in one_sentence(capsys.readouterr().err)
