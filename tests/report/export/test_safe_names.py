from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.report.export.safe_names import is_safe, safe_names

_HOSTILE = st.text(st.sampled_from("aA./\\: ~-\x00\n\u202e\ud800ßẞcon1.Kﬁé\u0301"), max_size=30)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("src/Vault.sol", "src/Vault.sol"),
        ("./src//Größe 1.sol", "src/Größe 1.sol"),
        ("../../etc/passwd", "__/__/etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Users\\x.sol", "C_/Users/x.sol"),
        ("\\\\server\\share\\x.sol", "server/share/x.sol"),
        ("con.sol", "_con.sol"),
        ("a/LPT1", "a/_LPT1"),
        ("console.sol", "console.sol"),
        ("a. ", "a__"),
        (" a", "_a"),
        ("a\u202eb\x1b\n.sol", "a_b__.sol"),
        ("e\u0301.sol", "é.sol"),
        ("", "source"),
        ("///", "source"),
        ("x" * 500 + ".sol", "x" * 76 + ".sol"),
    ],
)
def test_names_are_made_safe(path: str, name: str) -> None:
    assert safe_names([path]) == [name]
    assert is_safe(name)
    assert (path == name) == is_safe(path) or len(path) > 80


def test_no_two_names_are_alike_on_any_system() -> None:
    assert safe_names(["A.sol", "a.sol", "a.SOL"]) == ["A.sol", "a-2.sol", "a-3.SOL"]
    assert safe_names(["x", "x/y", "X/z"]) == ["x", "x-2/y", "X-2/z"]


@given(st.lists(_HOSTILE, max_size=8))
def test_every_list_of_paths_can_be_unpacked_everywhere(paths: list[str]) -> None:
    names = safe_names(paths)
    assert len(names) == len(paths)
    assert names == safe_names(paths)
    assert all(is_safe(name) for name in names)
    alike = [unicodedata.normalize("NFC", name.casefold()) for name in names]
    assert len({*alike}) == len(alike)
    folders = {
        "/".join(name.split("/")[:n]) for name in alike for n in range(1, name.count("/") + 1)
    }
    assert not folders & {*alike}
    assert all(len(part) <= 90 for name in names for part in name.split("/"))
