from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.errors import SpectrError
from spectr_desktop.project import git
from spectr_desktop.project.git import state_of, tree_of
from spectr_desktop.records.source import GitState, source_file

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "contract A {\n    uint256 public total;\n}\n"


def call(folder: Path, *arguments: str) -> str:
    """Git itself, with no configuration but the repository's."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    names = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", *names, *arguments],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def repository(folder: Path, files: dict[str, bytes | str], *options: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    call(folder, "init", "--quiet", "--initial-branch=main", *options)
    commit(folder, files)
    return folder


def commit(folder: Path, files: dict[str, bytes | str]) -> str:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    call(folder, "add", "--all")
    call(folder, "commit", "--quiet", "--message=more")
    return call(folder, "rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "Kunde ü", {"src/A.sol": TEXT, "src/ü b.sol": "contract B {}\n"})


def test_the_tree_of_a_commit_is_listed(repo: Path) -> None:
    tree = tree_of(repo / "src", "main")
    assert tree.top == repo
    assert tree.commit == call(repo, "rev-parse", "HEAD")
    assert set(tree.blobs) == {"src/A.sol", "src/ü b.sol"}
    assert tree.holds(repo / "src" / "A.sol", TEXT.encode())
    assert not tree.holds(repo / "src" / "A.sol", TEXT.encode() + b"\n")
    assert not tree.holds(repo / "src" / "New.sol", TEXT.encode())
    assert not tree.holds(repo.parent / "A.sol", TEXT.encode())


def test_a_repository_of_sha256_too(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r", {"A.sol": TEXT}, "--object-format=sha256")
    tree = tree_of(repo, "HEAD")
    assert len(tree.commit) == 64
    assert tree.holds(repo / "A.sol", TEXT.encode())
    assert state_of(repo, [source_file("A.sol", TEXT)]) == GitState(tree.commit, "main", False)


@pytest.mark.parametrize("stored", ["\n", "\r\n"])
@pytest.mark.parametrize("here", ["\n", "\r\n"])
def test_line_ends_make_no_change(tmp_path: Path, stored: str, here: str) -> None:
    repo = repository(tmp_path / "r", {"A.sol": TEXT.replace("\n", stored)})
    assert tree_of(repo, "HEAD").holds(repo / "A.sol", TEXT.replace("\n", here).encode())


@pytest.mark.parametrize("ref", ["-h", "--output=x", "none", "", "HEAD~9", "a b", "HEAD:src", "\0"])
def test_a_ref_that_is_none_is_a_sentence(repo: Path, ref: str) -> None:
    with pytest.raises(SpectrError) as caught:
        tree_of(repo, ref)
    assert caught.value.code == "unknown_ref"


def test_without_a_repository_or_git_it_is_a_sentence(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SpectrError) as caught:
        tree_of(tmp_path, "HEAD")
    assert caught.value.code == "no_repository"
    assert state_of(tmp_path, []) is None
    # One that lies in the folder that we are in would be the client's.
    (repo / "git").write_text("#!/bin/sh\ntouch ran\n")
    (repo / "git").chmod(0o755)
    monkeypatch.chdir(repo)
    monkeypatch.setenv("PATH", f".{os.pathsep}")
    with pytest.raises(SpectrError) as caught:
        tree_of(repo, "HEAD")
    assert caught.value.code == "no_git"
    assert state_of(repo, []) is None
    assert not (repo / "ran").exists()


def test_variables_that_name_another_repository_do_not_hold(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repository(tmp_path / "other", {"O.sol": "contract O {}\n"})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))  # as in a hook
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    assert "src/A.sol" in tree_of(repo, "HEAD").blobs


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_nothing_that_a_repository_configures_is_run(repo: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    evil = tmp_path / "evil.sh"
    evil.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{ran}'\ncat\n")
    evil.chmod(0o755)
    (repo / ".gitattributes").write_text("* filter=evil diff=evil merge=evil\n")
    for name in ("post-index-change", "post-checkout", "reference-transaction", "pre-commit"):
        shutil.copy(evil, repo / ".git" / "hooks" / name)
    for key in (
        "core.fsmonitor", "core.pager", "pager.ls-tree", "pager.rev-parse", "core.editor",
        "core.sshCommand", "core.askPass", "core.gitProxy", "credential.helper", "diff.external",
        "diff.evil.command", "diff.evil.textconv", "filter.evil.clean", "filter.evil.smudge",
        "filter.evil.process", "gpg.program", "uploadpack.packObjectsHook", "alias.rev-parse",
        "alias.ls-tree", "core.alternateRefsCommand",
    ):  # fmt: skip
        call_config(repo, key, f"!{evil}" if key.startswith("alias") else str(evil))
    call_config(repo, "core.worktree", str(tmp_path))
    call_config(repo, "core.hooksPath", str(repo / ".git" / "hooks"))
    (repo / "src" / "A.sol").write_text(TEXT + "// changed\n")
    # Git itself would run some of it: the trap works.
    subprocess.run(["git", "-C", str(repo), "--work-tree", str(repo), "status"], check=False)
    assert ran.exists()
    ran.unlink()
    tree = tree_of(repo, "HEAD")
    state = state_of(repo, [source_file("src/A.sol", TEXT)])
    assert tree.holds(repo / "src" / "A.sol", TEXT.encode())
    assert state == GitState(tree.commit, "main", False)
    assert not ran.exists()


def call_config(repo: Path, key: str, value: str) -> None:
    """Write the configuration without git, which would obey what stands there already."""
    section, _, name = key.rpartition(".")
    first, _, second = section.partition(".")
    head = f'[{first} "{second}"]' if second else f"[{first}]"
    with (repo / ".git" / "config").open("a") as file:
        file.write(f"{head}\n\t{name} = {value}\n")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_a_partial_clone_fetches_nothing(repo: Path, tmp_path: Path) -> None:
    ran, evil, clone = tmp_path / "ran", tmp_path / "evil.sh", tmp_path / "clone"
    evil.write_text(f"#!/bin/sh\ntouch '{ran}'\n")
    evil.chmod(0o755)
    call(repo, "config", "uploadpack.allowFilter", "true")
    # Without trees and files: whoever asks for them makes git fetch.
    call(
        tmp_path, "clone", "--quiet", "--no-checkout", "--filter=tree:0", f"file://{repo}", "clone"
    )
    call(clone, "config", "remote.origin.uploadpack", str(evil))
    subprocess.run(["git", "-C", str(clone), "ls-tree", "-r", "HEAD"], check=False)
    assert ran.exists()  # the trap works
    ran.unlink()
    with pytest.raises(SpectrError) as caught:
        tree_of(clone, "HEAD")
    assert caught.value.code == "git_failed"
    state = state_of(clone, [source_file("A.sol", TEXT)])
    assert state == GitState(call(repo, "rev-parse", "HEAD"), "main", None)
    assert not ran.exists()


def test_without_files_of_the_past_a_clone_is_enough(repo: Path, tmp_path: Path) -> None:
    call(repo, "config", "uploadpack.allowFilter", "true")
    call(tmp_path, "clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{repo}", "c")
    assert tree_of(tmp_path / "c", "HEAD").holds(tmp_path / "c" / "src" / "A.sol", TEXT.encode())


def test_git_that_never_ends_or_lists_without_end_is_a_sentence(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "_OUTPUT_LIMIT", 10)
    with pytest.raises(SpectrError, match="too many files"):
        tree_of(repo, "HEAD")
    monkeypatch.undo()
    if not hasattr(os, "mkfifo"):
        return
    monkeypatch.setattr(git, "_PATIENCE_S", 0.1)
    (repo / ".git" / "HEAD").unlink()
    os.mkfifo(repo / ".git" / "HEAD")
    with pytest.raises(SpectrError, match="did not answer"):
        tree_of(repo, "main")
    assert state_of(repo, []) is None


def test_the_state_is_of_what_was_sent(repo: Path) -> None:
    head = call(repo, "rev-parse", "HEAD")
    sent = source_file("src/A.sol", TEXT)
    assert state_of(repo, [sent]) == GitState(head, "main", False)
    assert state_of(repo / "src", [source_file("A.sol", TEXT)]) == GitState(head, "main", False)
    # The editor's text counts, whatever lies on the disk.
    (repo / "src" / "A.sol").write_text("contract Other {}\n")
    assert state_of(repo, [sent]) == GitState(head, "main", False)
    edited = source_file("src/A.sol", TEXT + "\n")
    assert state_of(repo, [sent, edited]) == GitState(head, "main", True)
    assert state_of(repo, [source_file("src/New.sol", TEXT)]) == GitState(head, "main", True)


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbfcontract A {}\r\n",
        "contract Größe {}\n".encode("cp1252"),
        "contract Größe {}\r\n".encode("utf-16"),
        b"contract A {}\r\n// mixed\n",
    ],
)
def test_files_in_any_encoding_are_clean_as_they_were_committed(tmp_path: Path, raw: bytes) -> None:
    repo = repository(tmp_path / "r", {"A.sol": raw})
    text = git.read_document(repo / "A.sol").text
    state = state_of(repo, [source_file("A.sol", text)])
    assert state is not None
    assert state.dirty is False


def test_a_repository_without_a_commit_or_on_no_branch(repo: Path, tmp_path: Path) -> None:
    head = call(repo, "rev-parse", "HEAD")
    call(repo, "checkout", "--quiet", "--detach")
    assert state_of(repo, []) == GitState(head, "", False)
    empty = tmp_path / "empty"
    empty.mkdir()
    call(empty, "init", "--quiet", "--initial-branch=first")
    assert state_of(empty, [source_file("A.sol", TEXT)]) == GitState("", "first", None)


def test_a_work_tree_beside_its_repository(repo: Path, tmp_path: Path) -> None:
    call(repo, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    state = state_of(tmp_path / "side", [source_file("src/A.sol", TEXT)])
    assert state == GitState(call(repo, "rev-parse", "HEAD"), "side", False)
