"""What others' tool says of our SARIF: Microsoft's multitool, with GitHub's rules too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop.records.grades import Anchor, Severity, State
from spectr_desktop.records.report import ReportKind
from spectr_desktop.report.export.formats import exported
from tests.report.export.report_samples import finding, report

if TYPE_CHECKING:
    from collections.abc import Sequence

_FOLDER = Path(__file__).resolve().parents[2] / ".venv" / "peer" / "node_modules" / "@microsoft"
_PROGRAM = _FOLDER / "sarif-multitool-linux" / "Sarif.Multitool"
# It knows no address of the program that could be told; nothing of it is on the network.
_NO_ADDRESS = "SARIF2005"

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not _PROGRAM.is_file(), reason="the multitool is not installed"
)


def judged(folder: Path, files: Sequence[Path]) -> list[str]:
    """The rules that these files break."""
    _PROGRAM.chmod(0o755)  # npm runs no script of a package here
    out = folder / "judged.json"
    done = subprocess.run(
        [_PROGRAM, "validate", *files, "--output", out, "--rule-kind", "Sarif;Ghas"],
        env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    log: dict[str, Any] = json.loads(out.read_text(encoding="utf-8-sig"))
    run = log["runs"][0]
    assert f"{len(files)} file" in done.stdout, done.stdout + done.stderr
    failed = run["invocations"][0].get("toolExecutionNotifications", [])
    return [one["ruleId"] for one in run.get("results", [])] + [str(one) for one in failed]


def test_our_sarif_breaks_no_rule(tmp_path: Path) -> None:
    found = [
        finding(number, severity, state)
        for number, (severity, state) in enumerate(
            ((severity, state) for severity in (*Severity, None) for state in State), 1
        )
    ]
    found += [finding(99, anchor=anchor) for anchor in Anchor]
    files: list[Path] = []
    for kind in ReportKind:
        files.append(tmp_path / f"{kind.value}.sarif")
        files[-1].write_bytes(exported(report(kind, found), ".sarif"))
    assert set(judged(tmp_path, files)) <= {_NO_ADDRESS}


def test_it_would_tell_a_broken_one(tmp_path: Path) -> None:
    value = json.loads(exported(report(), ".sarif"))
    value["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    del value["runs"][0]["results"][1]["message"]
    broken = tmp_path / "broken.sarif"
    broken.write_text(json.dumps(value))
    assert set(judged(tmp_path, [broken])) - {_NO_ADDRESS}
