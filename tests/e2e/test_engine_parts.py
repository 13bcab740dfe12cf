"""A run of several parts with the real llama-server: journal, texts, and the working report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spectr_desktop.audit import compose, recovery
from spectr_desktop.audit.run_report import RunReport
from spectr_desktop.records.report import ReportKind
from spectr_desktop.records.run import CompleteInput, Outcome
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.records.source import source_file
from spectr_desktop.report.export.assembly import report_of
from spectr_desktop.report.export.canonical import canonical
from spectr_desktop.report.export.markdown import markdown
from spectr_desktop.store import stored_runs
from spectr_desktop.terminal import TextOutput

if TYPE_CHECKING:
    from tests.e2e.conftest import Engine

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

_LIMITS = compose.Limits(context=960, max_tokens=24, temperature=0.0, seed=7)
_FILES = [
    source_file(
        f"src/{name}.sol",
        f"contract {name} {{\n"
        + "".join(
            f"    function burn{n}(uint256 amount) external {{ total -= amount; }}\n"
            for n in range(15)
        )
        + "}\n",
    )
    for name in ("Vault", "Token", "Bridge")
]


async def test_three_contracts_are_three_requests_of_one_run(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    provider = compose.connect(ServerConfig("openai", f"{engine.base_url}/v1"))
    try:
        model = await provider.model(engine.model)
        plan = await compose.plan_counted(_FILES, model, provider, _LIMITS)
        assert [cell.title for cell in plan.header.cells] == [
            f"part {n} of 3: {file.path}" for n, file in enumerate(_FILES, 1)
        ]
        output = TextOutput()
        output.begin(plan.header.cells)
        session, error = compose.open_session(plan, provider, output.show)
        assert error is None
        result = await session.run()
    finally:
        await provider.close()
    for cell, end in zip(plan.header.cells, result.cells, strict=True):
        assert end.outcome in (Outcome.COMPLETE, Outcome.LENGTH_LIMIT)
        assert end.complete_input is CompleteInput.YES
        assert end.usage.input == cell.counted_input
        assert result.texts[cell.id].strip()
    stored = stored_runs.read_run(plan.header.id)
    assert stored.result.texts == result.texts
    assert stored.result.cells == result.cells
    opened = RunReport(recovery.chain(stored))
    assert capsys.readouterr().out.rstrip("\n") == opened.text.rstrip("\n")
    for n, file in enumerate(_FILES, 1):
        assert opened.text.count(f"> **Part {n} of 3: {file.path}**") == 1
        start = opened.starts[plan.header.id, f"{n}.quick"]
        assert opened.text[start:].startswith(result.texts[f"{n}.quick"])
    made = report_of(plan.header, result, [], kind=ReportKind.WORKING)
    assert made.scope.coverage.unread_lines == ()
    written = markdown(made)
    assert all(canonical(text).strip() in written for text in result.texts.values())
