from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spectr_desktop import __version__
from spectr_desktop.ui.diagnostics import diagnostics, without_names

if TYPE_CHECKING:
    from pathlib import Path


def test_the_facts_the_stories_and_the_end_of_the_log(tmp_path: Path) -> None:
    log = "".join(f"line {number}\n" for number in range(100))
    (tmp_path / "spectr-desktop.log").write_text(log)
    text = diagnostics(["one", "two"], tmp_path)
    assert text.startswith(f"Spectr Desktop {__version__}\nPython 3.")
    assert "\n\none\n\ntwo\n\n" in text
    assert "line 59\n" not in text
    assert text.endswith("line 98\nline 99\n")
    assert text.count("line ") == 40


def test_without_a_log_there_are_no_lines() -> None:
    assert diagnostics(["one"], None).endswith("\n\none\n")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('File "/home/alice/x/app.py", line 3', 'File "~/x/app.py", line 3'),
        ("/home/alice and /home/alice2/x", "~ and /home/alice2/x"),
        ("no index of /home/alice/Client X/Vault.sol: bad", "no index of ~/Client [source]: bad"),
        ("'/home/alice/Client X/My Vault.sol' is gone", "[source] is gone"),
        ("Vault.vy, IVault.vyi and C:\\src\\A.SOL", "[source], [source] and [source]"),
        ("solidity.py and a.solution and resolve", "solidity.py and a.solution and resolve"),
        ("key sk-ant-0123456789", "key [redacted]"),
    ],
)
def test_names_are_taken_out(monkeypatch: pytest.MonkeyPatch, said: str, shown: str) -> None:
    monkeypatch.setenv("HOME", "/home/alice")
    assert without_names(said) == shown


def test_a_home_at_the_root_takes_nothing_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/")
    assert without_names("/usr/lib") == "/usr/lib"
