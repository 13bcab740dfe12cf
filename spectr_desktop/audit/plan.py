"""What a run will send: its requests, and the header that describes them."""

from __future__ import annotations

import datetime
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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

# Providers that load a model with the context that the request asks for.
_CONTEXT_CHOSEN_BY_US = ("ollama", "builtin")


@dataclass(frozen=True, slots=True)
class Limits:
    """What the user asked for; None leaves it to the model and the budget.

    Attributes:
        context: in tokens.
        max_tokens: of the answer.
        thinking: how hard the model is asked to think.
        prompt_versions: by the name of a prompt the version to use; the newest shipped one if it
            has none, or "".
    """

    context: int | None = None
    max_tokens: int | None = None
    thinking: str | None = None
    temperature: float | None = None
    seed: int | None = None
    prompt_versions: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question about one point, asked with the whole source.

    Attributes:
        kind: the prompt: one of `FOLLOW_UPS`.
        title: what the run is called.
        subject: a finding's words or a piece of the source; untrusted.
        question: the auditor's own words.
    """

    kind: str
    title: str = ""
    subject: str = ""
    question: str = ""


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
    counted: int | None = None,
    follow_up: FollowUp | None = None,
    root: str = "",
) -> RunPlan:
    """One request with all the files.

    Args:
        files: what is sent.
        model: who reads it.
        provider: where the model is.
        limits: what the user asked for.
        counted: tokens of the request as the server counted them; None where it was not asked.
        follow_up: what is asked instead of an audit.
        root: the project's folder, "" if there is none.

    Raises:
        SpectrError: there is nothing to audit, it cannot fit into the model's context, or the
            chosen version of the prompt is not there.
    """
    files = tuple(file for file in files if file.text.strip())
    if not files:
        raise SpectrError(
            "nothing_to_audit", "There is nothing to audit: the source is empty. Open a contract."
        )
    title = files[0].path if len(files) == 1 else f"{files[0].path} and {len(files) - 1} more"
    ask = follow_up or FollowUp(prompts.AUDIT)
    chosen = prompts.prompt(ask.kind, limits.prompt_versions.get(ask.kind, ""))
    composed = prompts.compose(chosen, title, files, ask.subject, ask.question)
    estimated = budget.estimate(composed.system, composed.user)
    wanted = budget.parameters(
        model,
        counted or estimated,
        chooses_context=provider.config.provider in _CONTEXT_CHOSEN_BY_US,
        context=limits.context,
        max_tokens=limits.max_tokens,
        counted=counted is not None,
    )
    wanted = replace(
        wanted, thinking=limits.thinking, temperature=limits.temperature, seed=limits.seed
    )
    spans = tuple(Span(file.path, 1, max(file.lines, 1)) for file in files)
    cell = Cell(f"1.{ask.kind}", 1, ask.kind, spans, estimated, composed.sha256, counted)
    header = Header(
        schema=JOURNAL_SCHEMA,
        id=new_run_id(),
        title=ask.title or title,
        created_at=utc_now(),
        tool_version=__version__,
        provider=provider.config.provider,
        base_url=provider.config.base_url,
        locality=provider.locality(model),
        model=model,
        parameters=wanted,
        prompt_versions={ask.kind: chosen.version},
        cells=(cell,),
        files=files,
        root=root,
    )
    request = GenerationRequest(
        model.id, composed.system, composed.user, wanted, model.capabilities
    )
    return RunPlan(header, _with_repeats((PlannedRequest(cell, request),)))


async def plan_counted(
    files: Sequence[SourceFile],
    model: ModelInfo,
    provider: Provider,
    limits: Limits,
    follow_up: FollowUp | None = None,
    root: str = "",
) -> RunPlan:
    """The plan, after the server has counted its tokens where it can. This sends the source.

    Raises:
        SpectrError: as `plan_run`.
    """
    draft = plan_run(files, model, provider, limits, None, follow_up, root)
    counted = await provider.count_tokens(draft.requests[0].request)
    if counted is None:
        return draft
    return plan_run(files, model, provider, limits, counted, follow_up, root)


def _with_repeats(requests: tuple[PlannedRequest, ...]) -> tuple[PlannedRequest, ...]:
    """Each request with the length of the prompt's start that all of its part have in common."""
    out: list[PlannedRequest] = []
    for planned in requests:
        prompts_of_part = [r.request.prompt for r in requests if r.cell.part == planned.cell.part]
        several = len(prompts_of_part) > 1
        repeated = len(os.path.commonprefix(prompts_of_part)) if several else 0  # noqa: RUF071  # texts
        out.append(replace(planned, request=replace(planned.request, repeated=repeated)))
    return tuple(out)
