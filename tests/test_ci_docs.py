"""What docs/ci.md shows is understood by the program."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from spectr_desktop import cli
from spectr_desktop.store.project_file import FILE_NAME, read_project_file

_ROOT = Path(__file__).parents[1]
_PAGE = (_ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"```(\w*)\n(.*?)```", _PAGE, re.DOTALL)


def _commands() -> list[str]:
    """Every `spectr-desktop audit …` of the page's files, folded lines joined."""
    found: list[str] = []
    for language, text in _BLOCKS:
        if language == "yaml":
            joined = re.sub(r"\n +(?=--)", " ", text)
            found += re.findall(r"spectr-desktop (audit .*)", joined)
    return found


def test_there_is_a_command_for_each_place() -> None:
    assert len(_commands()) == 3
    assert [language for language, _ in _BLOCKS].count("yaml") == 4


@pytest.mark.parametrize("command", _commands())
def test_the_commands_are_understood(command: str) -> None:
    given = cli._parser().parse_args(shlex.split(command))
    assert given.air_gap
    assert (given.provider, given.fail_on) == ("ollama", "high")


def test_the_projects_file_is_understood(tmp_path: Path) -> None:
    (text,) = [text for language, text in _BLOCKS if language == "toml"]
    for name in ("server", "provider"):
        text = text.replace(f"# {name} =", f"{name} =")
    (tmp_path / FILE_NAME).write_text(text)
    found = read_project_file(tmp_path / FILE_NAME)
    assert found.problems == ()
    assert len(found.said()) == 8


def test_the_hook_takes_contracts_and_calls_the_audit() -> None:
    hook = (_ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    fields = dict(re.findall(r"^[ -] (\w+): (.*)$", hook, re.MULTILINE))
    assert fields["entry"] == "spectr-desktop audit"
    assert f"id: {fields['id']}" in _PAGE
    names = ("a/A.sol", "b.vy", "I.vyi", "A.sol.json", "readme.md")
    assert [bool(re.search(fields["files"], name)) for name in names] == [1, 1, 1, 0, 0]
    arguments = [*fields["entry"].split()[1:], "--fail-on", "high", "a/A.sol", "b.vy"]
    assert cli._parser().parse_args(arguments).paths == [Path("a/A.sol"), Path("b.vy")]
