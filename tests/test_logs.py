from __future__ import annotations

import logging
import logging.handlers
import re
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop import logs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Logs go here; the logger is as it was afterwards."""
    root = logging.getLogger("spectr_desktop")
    before = root.level, root.propagate
    logs.start(tmp_path)
    yield tmp_path
    logs.stop()
    root.setLevel(before[0])
    root.propagate = before[1]


def written(folder: Path) -> str:
    return (folder / "spectr-desktop.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "said",
    [
        "key sk-ant-api03-SECRETSECRET_1-2 refused",
        "x-api-key: SECRETSECRET",
        "{'x-api-key': 'SECRETSECRET'}",
        "Authorization: Bearer SECRETSECRET",
        "{'authorization': 'Bearer SECRETSECRET', 'b': 1}",
        "[(b'authorization', b'Bearer SECRETSECRET')]",
        "OPENAI_API_KEY=SECRETSECRET",
        '{"api_key": "SECRETSECRET"}',
        "sk-proj-SECRETSECRET_0123-abc",
        "sk-or-v1-SECRETSECRET0123456789",
        "gsk_SECRETSECRET0123456789",
        "AIzaSECRETSECRET0123456789_-abc",
        "hf_SECRETSECRETSECRET",
        "xai-SECRETSECRET0123456789",
        "nvapi-SECRETSECRET0123456789",
        "http://127.0.0.1:1/v1/models?key=SECRET&a=b",
        "Bearer SECRETSECRET0123456789",
        "bearer SECRETSECRET.e30.0_-+/=%2F",
        "the key 5EC0SECRET0123456789abcdef01234567 was refused",
        "key=SECRETSECRET0123456789abcd+/==",
        "keys: 'SECRETSECRET0123456789abcd'",
        "the key is SECRETSECRET0123456789abcd",
        '{"access_key": "SECRETSECRET0123456789abcd"}',
    ],
)
def test_keys_are_taken_out(folder: Path, said: str) -> None:
    logs.logger("spectr_desktop.somewhere").warning("before %s after", said)
    try:
        raise RuntimeError(said)
    except RuntimeError:
        logs.logger("spectr_desktop.somewhere").exception("it broke")
    text = written(folder)
    assert "SECRET" not in text
    assert "[redacted]" in text
    assert "before" in text
    assert "it broke\nRuntimeError\n" in text


def test_an_error_that_may_quote_somebody_is_told_without_its_words(folder: Path) -> None:
    try:
        try:
            raise OSError(28, "No space left")
        except OSError as cause:
            raise ValueError("no number: 'contract Vault'") from cause
    except ValueError:
        logs.logger("spectr_desktop.somewhere").exception("it broke")
    text = written(folder)
    assert "Vault" not in text.replace("\"no number: 'contract Vault'\"", "")
    assert "it broke\nValueError\n" in text
    assert "OSError: [Errno 28] No space left\n" in text
    assert text.count(f'File "{__file__}"') == 2


@pytest.mark.parametrize(
    "said",
    [
        "127.0.0.1:8080: ReadError: authorization was not needed",
        "127.0.0.1: HTTP 401, auth, request req_011CSHoEeqs5C35K2UUqR7Fy",
        "key_missing: there is no key for api.anthropic.com",
        "keychain: keyring.errors.KeyringLocked",
        "the key of 127.0.0.1:11434 is kept in memory until the program ends",
        "bearer authentication is not offered",
        "a key is /home/somebody/projects/2026/contracts.pem",
        "key presses are ignored: Ctrl+Shift+F12",
        "risk-assessment of disk-cache-12345678, task-0123456789abcdef",
        "Ollama 0.33.1 at 127.0.0.1:11434, qwen3:8b-q4_K_M",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ],
)
def test_other_text_stays(folder: Path, said: str) -> None:
    logs.logger("spectr_desktop.somewhere").info("%s", said)
    assert said in written(folder)


def test_files_are_private_also_after_rotation(folder: Path) -> None:
    handler = logging.getLogger("spectr_desktop").handlers[0]
    assert isinstance(handler, logging.handlers.RotatingFileHandler)
    logs.logger("spectr_desktop.a").info("one")
    handler.doRollover()
    logs.logger("spectr_desktop.a").info("two")
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == ["spectr-desktop.log", "spectr-desktop.log.1"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert "two" in written(folder)


def test_what_another_program_has_rotated_away_is_left(folder: Path) -> None:
    logs.logger("spectr_desktop.a").info("ours, before")
    log = folder / "spectr-desktop.log"
    log.rename(folder / "spectr-desktop.log.1")
    logs.logger("spectr_desktop.a").info("ours, after")
    assert "ours, after" in written(folder)
    assert "ours, before" not in written(folder)
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_two_programs_lose_no_line(folder: Path) -> None:
    """They write in turn, more than one file holds."""
    others = [_other(folder, name) for name in ("a", "b")]
    for _ in range(15):
        for other in others:
            assert other.stdin is not None
            assert other.stdout is not None
            other.stdin.write("more\n")
            other.stdin.flush()
            assert other.stdout.readline() == "written\n"
    for other in others:
        other.communicate()
    files = sorted(folder.iterdir())
    assert len(files) == 3
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    for name in ("a", "b"):
        numbers = [int(found) for found in re.findall(rf"line {name} (\d+)$", text, re.MULTILINE)]
        assert sorted(numbers) == list(range(1500))


_OTHER = """
import sys
from pathlib import Path
from spectr_desktop import logs

logs.start(Path(sys.argv[1]))
number = 0
while sys.stdin.readline():
    for _ in range(100):
        logs.logger("spectr_desktop.a").info("%s line %s %d", "x" * 700, sys.argv[2], number)
        number += 1
    print("written", flush=True)
"""


def _other(folder: Path, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _OTHER, str(folder), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_file_that_cannot_be_rotated_grows_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = logging.getLogger("spectr_desktop").handlers[0]
    assert isinstance(handler, logging.handlers.RotatingFileHandler)

    def refused(_source: str, _target: str) -> None:
        raise PermissionError(13, "in use")

    monkeypatch.setattr(handler, "rotate", refused)
    handler.maxBytes = 200
    for number in range(5):
        logs.logger("spectr_desktop.a").info("line %d", number)
    assert [f"line {number}" in written(folder) for number in range(5)] == [True] * 5


@pytest.mark.parametrize("kind", [RuntimeError, TypeError, AttributeError, ValueError, KeyError])
def test_words_that_a_raise_chose_are_not_told(kind: type[Exception]) -> None:
    words = " ".join(["contract", "Vault"])
    with pytest.raises(kind) as raised:
        raise kind(words)
    assert words not in logs.told(raised.value)
    assert logs.told(raised.value).startswith(f"{kind.__name__}\n")


def test_the_words_of_the_interpreter_are_told() -> None:
    text: Any = "contract Vault"
    with pytest.raises(AttributeError) as raised:
        text.nothing()
    assert logs.told(raised.value).startswith("AttributeError: 'str' object has no attribute")


def test_the_name_of_a_file_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Vault") as raised:
        (tmp_path / "".join(["Vault", ".sol"])).read_text()
    assert logs.told(raised.value).startswith("FileNotFoundError: [Errno 2] No such file or dir")
    assert "Vault.sol" not in logs.told(raised.value)


def test_each_error_of_a_group_is_told() -> None:
    group = ExceptionGroup("Vault", [ValueError("a"), ExceptionGroup("b", [KeyError("c")])])
    assert logs.told(group) == "ExceptionGroup\nValueError\nExceptionGroup\nKeyError"


def test_the_last_lines_of_the_log(folder: Path, tmp_path: Path) -> None:
    for number in range(30):
        logs.logger("spectr_desktop.a").info("line %d", number)
    lines = logs.last_lines(folder, 3).split("\n")
    assert [line.rsplit(" ", 1)[1] for line in lines] == ["27", "28", "29"]
    assert logs.last_lines(tmp_path / "missing", 3) == ""
    assert logs.last_lines(None, 3) == ""


def test_a_log_that_cannot_be_written_disturbs_nobody(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = logging.getLogger("spectr_desktop").handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(_Full(handler.stream))
    logs.logger("spectr_desktop.a").warning("lost")
    assert capsys.readouterr().err == ""


class _Full:
    """A stream on a full disk."""

    def __init__(self, stream: object) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        raise OSError(28, f"No space left for {len(text)} letters")


def test_without_a_folder_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger("spectr_desktop")
    before = root.level, root.propagate
    logs.start(None)
    logs.start(tmp_path / "missing")
    logs.logger("spectr_desktop.a").error("nowhere")
    logs.stop()
    root.setLevel(before[0])
    root.propagate = before[1]
    assert list(tmp_path.rglob("*.log")) == []
    assert capsys.readouterr().err == ""
    assert root.handlers == []
