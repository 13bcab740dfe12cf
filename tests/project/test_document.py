from __future__ import annotations

import os
import random
import stat
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.errors import SpectrError
from spectr_desktop.project.document import (
    SIZE_LIMIT,
    Document,
    changed_on_disk,
    read_document,
    write_document,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

posix = pytest.mark.skipif(os.name != "posix", reason="modes, links and limits of POSIX")

_NOBODY = 65534
_PIECES = st.sampled_from(
    [
        "a",
        " ",
        "\n",
        "\r",
        "\r\n",
        "\t",
        "\v",
        "\f",
        "\x85",
        "\u2028",
        "\u2029",
        "\ufeff",
        "é",
        "\U0001d4b3",
    ]
)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], Path]:
    def make(raw: bytes) -> Path:
        path = tmp_path / "Vault.sol"
        path.write_bytes(raw)
        return path

    return make


@contextmanager
def _without_rights(path: Path) -> Iterator[None]:
    """Run a block as somebody who may not touch the path (root may, whatever its mode)."""
    path.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        path.chmod(0o644)


def _code(action: Callable[[], object]) -> str:
    with pytest.raises(SpectrError) as caught:
        action()
    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message
    return caught.value.code


def _round_trip(folder: Path, raw: bytes) -> Document:
    path = folder / "round.sol"
    path.write_bytes(raw)
    document = read_document(path)
    assert "\r" not in document.text
    assert document.encode(document.text) == raw
    write_document(path, document, document.text)
    assert path.read_bytes() == raw
    return document


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("round")


@given(
    raw=st.binary(max_size=200).filter(lambda raw: not raw.startswith((b"\xff\xfe", b"\xfe\xff")))
)
def test_any_bytes_come_back_or_are_refused_as_binary(folder: Path, raw: bytes) -> None:
    if b"\0" in raw:
        path = folder / "binary.sol"
        path.write_bytes(raw)
        assert _code(lambda: read_document(path)) == "binary"
    else:
        _round_trip(folder, raw)


@given(
    text=st.lists(_PIECES, max_size=40).map("".join),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"]),
)
def test_text_with_every_kind_of_line_end_comes_back(folder: Path, text: str, codec: str) -> None:
    mark = b"" if codec.startswith("utf-8") else "\ufeff".encode(codec)
    document = _round_trip(folder, mark + text.encode(codec))
    assert document.encoding in {codec, "utf-8-sig"}
    plain = text.removeprefix("\ufeff") if codec == "utf-8" else text
    assert document.text == plain.replace("\r\n", "\n").replace("\r", "\n")


@given(units=st.lists(st.sampled_from([0xD800, 0xDC00, 0x41, 0x0A, 0x0D]), max_size=20))
def test_halves_of_surrogate_pairs_in_utf_16_survive(folder: Path, units: list[int]) -> None:
    raw = b"\xff\xfe" + b"".join(unit.to_bytes(2, "little") for unit in units)
    assert _round_trip(folder, raw).encoding == "utf-16-le"


@pytest.mark.parametrize(
    ("raw", "encoding", "text"),
    [
        (b"", "utf-8", ""),
        ("é\n".encode(), "utf-8", "é\n"),
        (b"\xef\xbb\xbfa", "utf-8-sig", "a"),
        (b"\xef\xbb\xbf\xef\xbb\xbfa", "utf-8-sig", "\ufeffa"),
        ("\ufeffé".encode("utf-16-le"), "utf-16-le", "é"),
        ("\ufeffé".encode("utf-16-be"), "utf-16-be", "é"),
        (b"\x80 \xe9", "cp1252", "€ é"),
        (b"\x81 \xe9", "latin-1", "\x81 é"),
        (b"\xed\xa0\x80", "cp1252", "í\xa0€"),  # a surrogate in UTF-8 is not UTF-8
        (b"\xef\xbb\xbf\xff", "cp1252", "ï»¿ÿ"),
        (b"\xff\xfea", "cp1252", "ÿþa"),  # an odd number of bytes is not UTF-16
    ],
)
def test_encodings(file: Callable[[bytes], Path], raw: bytes, encoding: str, text: str) -> None:
    document = read_document(file(raw))
    assert (document.encoding, document.text) == (encoding, text)
    assert document.encode(document.text) == raw
    assert document.size == len(raw)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("final", [True, False])
def test_an_edit_keeps_the_line_ends(
    file: Callable[[bytes], Path], newline: str, final: bool
) -> None:
    lines = ["a", "b", "c"]
    tail = newline if final else ""
    path = file((newline.join(lines) + tail).encode())
    document = read_document(path)
    assert document.newline == newline
    assert document.line_ends == ()
    write_document(path, document, document.text.replace("b", "b\nB"))
    assert path.read_bytes() == (newline.join(["a", "b", "B", "c"]) + tail).encode()


def test_untouched_lines_of_a_mixed_file_keep_their_ends(file: Callable[[bytes], Path]) -> None:
    path = file(b"one\r\ntwo\nthree\rfour\r\nfive\nsix\r\nseven")
    document = read_document(path)
    assert document.newline == "\r\n"
    text = "zero\none\ntwo\n3\nfour\nsix\nseven\neight"
    after = write_document(path, document, text)
    wanted = b"zero\r\none\r\ntwo\n3\rfour\r\nsix\r\nseven\r\neight"
    assert path.read_bytes() == wanted
    assert read_document(path) == after
    assert after.encode(text) == wanted


def test_a_mixed_file_may_become_empty_and_full_again(file: Callable[[bytes], Path]) -> None:
    document = read_document(file(b"a\r\nb\n"))
    assert document.encode("") == b""
    assert document.encode("x") == b"x"
    assert document.encode("a\nb\na\nb\n") == b"a\r\nb\na\r\nb\r\n"


@given(
    ends=st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=2, max_size=30),
    edits=st.lists(st.tuples(st.integers(0, 29), st.booleans()), max_size=5),
)
def test_edits_of_a_mixed_file_leave_unique_lines_alone(
    folder: Path, ends: list[str], edits: list[tuple[int, bool]]
) -> None:
    lines = [f"line {number}" for number in range(len(ends))]
    path = folder / "mixed.sol"
    path.write_bytes("".join(map("".join, zip(lines, ends, strict=True))).encode())
    document = read_document(path)
    edited = list(lines)
    for position, insert in edits:
        if insert:
            edited.insert(position, "new")
        elif position < len(edited):
            del edited[position]
    raw = document.encode("".join(f"{line}\n" for line in edited)).decode()
    for line, end in zip(lines, ends, strict=True):
        if line in edited:
            after = raw[raw.index(f"{line}{end}") + len(line) :]
            assert after.startswith(end)


def test_a_large_mixed_file_is_matched_by_position(file: Callable[[bytes], Path]) -> None:
    count = 60_000
    order = random.Random(5)  # noqa: S311 - a fixture
    ends = [order.choice([b"\n", b"\r\n"]) for _ in range(count)]
    path = file(b"".join(b"x" + end for end in ends))
    document = read_document(path)
    raw = document.encode("y\n" * count)
    assert raw == b"".join(b"y" + end for end in ends)


def test_a_character_that_the_encoding_lacks_is_refused(file: Callable[[bytes], Path]) -> None:
    path = file(b"one\r\n\xe9\r\n")
    document = read_document(path)
    with pytest.raises(SpectrError) as caught:
        write_document(path, document, "one\né\nthree →\n")
    assert caught.value.code == "unencodable"
    assert caught.value.params["line"] == 3
    assert path.read_bytes() == b"one\r\n\xe9\r\n"


def test_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "Large.sol"
    path.write_bytes(b"a" * SIZE_LIMIT)
    assert read_document(path).size == SIZE_LIMIT
    path.write_bytes(b"a" * (SIZE_LIMIT + 1))
    with pytest.raises(SpectrError, match=r"5,242,881 bytes.*5 MB") as caught:
        read_document(path)
    assert caught.value.code == "too_large"


@posix
def test_a_file_whose_size_is_not_told_is_limited_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "grows.sol"
    path.write_bytes(b"a" * 101)
    real = path.stat()
    monkeypatch.setattr("spectr_desktop.project.document.SIZE_LIMIT", 100)
    fields = list(real)
    fields[stat.ST_SIZE] = 0
    monkeypatch.setattr(Path, "stat", lambda _self: os.stat_result(fields))
    assert _code(lambda: read_document(path)) == "too_large"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert _code(lambda: read_document(tmp_path / "no.sol")) == "file_missing"
    assert _code(lambda: read_document(tmp_path / "no\0.sol")) == "file_missing"
    assert _code(lambda: read_document(tmp_path)) == "is_folder"
    binary = tmp_path / "a.sol"
    binary.write_bytes(b"PK\x03\x04\0\0")
    assert _code(lambda: read_document(binary)) == "binary"
    assert _code(lambda: read_document(binary / "inside.sol")) == "file_missing"
    binary.write_bytes("\ufeffa".encode("utf-32-le"))
    assert _code(lambda: read_document(binary)) == "binary"


@posix
def test_a_pipe_and_a_loop_of_links_are_refused(tmp_path: Path) -> None:
    pipe, loop = tmp_path / "pipe.sol", tmp_path / "loop.sol"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    assert _code(lambda: read_document(pipe)) == "not_a_file"
    assert _code(lambda: read_document(loop)) == "read_failed"
    empty = Document(loop, "")
    assert _code(lambda: write_document(loop, empty, "a")) == "write_failed"


@posix
def test_missing_permission(file: Callable[[bytes], Path]) -> None:
    path = file(b"old")
    document = read_document(path)
    with _without_rights(path):
        assert _code(lambda: read_document(path)) == "no_permission"
        assert _code(lambda: write_document(path, document, "new")) == "no_permission"
    assert path.read_bytes() == b"old"


def test_a_write_protected_file_is_not_replaced(
    file: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file(b"old")
    document = read_document(path)
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)  # what all but root are told
    assert _code(lambda: write_document(path, document, "new")) == "no_permission"
    assert path.read_bytes() == b"old"


@posix
def test_writing_keeps_mode_and_link(tmp_path: Path) -> None:
    target, link = tmp_path / "real" / "A.sol", tmp_path / "A.sol"
    target.parent.mkdir()
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    write_document(link, read_document(link), "new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert [entry.name for entry in target.parent.iterdir()] == ["A.sol"]


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() != 0, reason="only root gives files away")
def test_writing_keeps_the_owner(file: Callable[[bytes], Path]) -> None:
    path = file(b"old")
    os.chown(path, _NOBODY, _NOBODY)
    write_document(path, read_document(path), "new")
    assert (path.stat().st_uid, path.stat().st_gid) == (_NOBODY, _NOBODY)


def test_a_new_file_has_the_usual_mode(tmp_path: Path) -> None:
    usual, saved = tmp_path / "usual", tmp_path / "Saved as.sol"
    usual.touch()
    document = write_document(saved, Document(tmp_path / "x.sol", "", "utf-8-sig", "\r\n"), "a\n")
    assert saved.read_bytes() == b"\xef\xbb\xbfa\r\n"
    assert document.path == saved
    assert saved.stat().st_mode == usual.stat().st_mode


def test_writing_where_nothing_can_be(tmp_path: Path) -> None:
    document = Document(tmp_path / "x.sol", "")
    assert _code(lambda: write_document(tmp_path / "no" / "x.sol", document, "")) == "file_missing"
    assert _code(lambda: write_document(tmp_path, document, "")) == "is_folder"


@posix
def test_a_full_disk_leaves_the_old_file(file: Callable[[bytes], Path]) -> None:
    import resource  # noqa: PLC0415 - POSIX only

    path = file(b"old")
    document = read_document(path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        code = _code(lambda: write_document(path, document, "new " * 10))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert code == "write_failed"
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts in coarse steps")
def test_changes_by_other_programs_are_noticed(file: Callable[[bytes], Path]) -> None:
    path = file(b"old")
    document = read_document(path)
    assert not changed_on_disk(document)
    document = write_document(path, document, "new")
    assert not changed_on_disk(document)
    os.utime(path, ns=(0, document.mtime_ns + 1_000_000))
    assert changed_on_disk(document)
    path.unlink()
    assert changed_on_disk(document)
