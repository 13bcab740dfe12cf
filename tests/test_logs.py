from __future__ import annotations

import logging
import logging.handlers
import stat
from typing import TYPE_CHECKING

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
    assert text.count("[redacted]") >= 2
    assert "before" in text


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
