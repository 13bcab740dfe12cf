"""Runs that tests make up: a header, a plan, a result."""

from __future__ import annotations

from dataclasses import replace

from spectr_desktop.audit.plan import PlannedRequest, RunPlan
from spectr_desktop.records.run import (
    JOURNAL_SCHEMA,
    Cell,
    GenerationRequest,
    Header,
    Parameters,
)
from spectr_desktop.records.server import Locality, ModelInfo
from spectr_desktop.records.source import Span, source_file

SOURCE = "contract Größe {\n    // \ud800 lone, \u2028 apart\n}\n"


def header(*, cells: int = 1, **changes: object) -> Header:
    """The header of a run of some cells over one file."""
    made = Header(
        schema=JOURNAL_SCHEMA,
        id="20261123T090000Z-0a1b2c",
        title="Vault.sol",
        created_at="2026-11-23T09:00:00Z",
        tool_version="0.1.0",
        provider="ollama",
        base_url="http://127.0.0.1:11434",
        locality=Locality.LOCAL,
        model=ModelInfo("smollm2", context=4096, capabilities=frozenset({"completion"})),
        parameters=Parameters(max_tokens=512, context=4096),
        prompt_versions={"quick": "1"},
        cells=tuple(
            Cell(f"{n}.quick", n, "quick", (Span("Vault.sol", 1, 3),), 100, "ab" * 32)
            for n in range(1, cells + 1)
        ),
        files=(source_file("Vault.sol", SOURCE),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def plan(*, cells: int = 1, **changes: object) -> RunPlan:
    """A plan of some requests."""
    made = header(cells=cells, **changes)
    request = GenerationRequest(made.model.id, "Audit.", SOURCE, made.parameters)
    return RunPlan(made, tuple(PlannedRequest(cell, request) for cell in made.cells))
