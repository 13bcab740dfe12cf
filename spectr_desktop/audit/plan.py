"""What a run will send: its requests, and the header that describes them."""

from __future__ import annotations

import datetime
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spectr_desktop import __version__
from spectr_desktop.audit import budget, prompts
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.run import JOURNAL_SCHEMA, Cell, GenerationRequest, Header
from spectr_desktop.records.source import SourceFile, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.providers.base import Provider
    from spectr_desktop.records.server import ModelInfo

_QUICK = "quick"
# Providers that load a model with the context that the request asks for.
_CONTEXT_CHOSEN_BY_US = ("ollama", "builtin")


@dataclass(frozen=True, slots=True)
class Limits:
    """What the user asked for; None leaves it to the model and the budget."""

    context: int | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """A cell and the request that fills it."""

    cell: Cell
    request: GenerationRequest


@dataclass(frozen=True, slots=True)
class RunPlan:
    """All that will be sent, in order. Nothing else is."""

    header: Header
    requests: tuple[PlannedRequest, ...]


def utc_now() -> str:
    """The time as reports and journals write it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def new_run_id() -> str:
    """The run's folder name: UTC time and six hexadecimal digits, unique and in order."""
    now = datetime.datetime.now(datetime.UTC)
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def plan_run(
    files: Sequence[SourceFile],
    model: ModelInfo,
    provider: Provider,
    limits: Limits,
) -> RunPlan:
    """One request with all the files.

    Raises:
        SpectrError: there is nothing to audit, or it cannot fit into the model's context.
    """
    files = tuple(file for file in files if file.text.strip())
    if not files:
        raise SpectrError(
            "nothing_to_audit", "There is nothing to audit: the source is empty. Open a contract."
        )
    title = files[0].path if len(files) == 1 else f"{files[0].path} and {len(files) - 1} more"
    chosen = prompts.prompt(_QUICK)
    composed = prompts.compose(chosen, title, files)
    needed = budget.estimate(composed.system, composed.user)
    wanted = budget.parameters(
        model,
        needed,
        chooses_context=provider.config.provider in _CONTEXT_CHOSEN_BY_US,
        context=limits.context,
        max_tokens=limits.max_tokens,
    )
    spans = tuple(Span(file.path, 1, max(file.lines, 1)) for file in files)
    cell = Cell(f"1.{_QUICK}", 1, _QUICK, spans, needed, composed.sha256)
    header = Header(
        schema=JOURNAL_SCHEMA,
        id=new_run_id(),
        title=title,
        created_at=utc_now(),
        tool_version=__version__,
        provider=provider.config.provider,
        base_url=provider.config.base_url,
        locality=provider.locality(model),
        model=model,
        parameters=wanted,
        prompt_versions={_QUICK: chosen.version},
        cells=(cell,),
        files=files,
    )
    request = GenerationRequest(model.id, composed.system, composed.user, wanted)
    return RunPlan(header, (PlannedRequest(cell, request),))
