"""Commands that write a log, and the sentence for what went wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import dev_steps
import pytest

if TYPE_CHECKING:
    from pathlib import Path


def test_output_goes_to_the_log_and_back(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = "import sys; print('out'); print('err', file=sys.stderr); print(repr(sys.stdin.read()))"
    status, output = dev_steps.run_logged([sys.executable, "-c", code + "; sys.exit(3)"], log)
    assert status == 3
    assert {"out", "err", "''"} == set(output.split())
    assert output in log.read_text(encoding="utf-8")


def test_a_program_that_does_not_exist(tmp_path: Path) -> None:
    status, output = dev_steps.run_logged(["no-such-program-at-all"], tmp_path / "log")
    assert status == 127
    assert "no-such-program-at-all" in output


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("ERROR: [Errno 28] No space left on device", "the disk is full"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "not the locked one"),
        ("Retrying … NewConnectionError\nERROR: No matching distribution", "cannot be reached"),
        ("SSLError(SSLCertVerificationError", "certificate"),
        ("[Errno 13] Permission denied: 'x'", "may not be written"),
        ("npm error code ENOTFOUND\nnpm error A complete log is in x", "cannot be reached"),
        ("npm error code EINTEGRITY\nnpm error A complete log is in x", "npm's settings"),
        ("npm error code EBADENGINE\nnpm error A complete log is in x", "Node is too old"),
        ("first\n\n  ERROR: what it says last.\n", "ERROR: what it says last"),
        ("", "it said nothing"),
    ],
)
def test_the_cause_in_words(output: str, sentence: str) -> None:
    assert sentence in dev_steps.cause(output)
