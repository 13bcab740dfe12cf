"""What a run will send: its requests, and the header that describes them."""

from __future__ import annotations

import asyncio
import datetime
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from spectr_desktop import __version__
from spectr_desktop.audit import budget, prompts
from spectr_desktop.audit.pack import halves
from spectr_desktop.audit.parts import SourceParts, part_title, run_title
from spectr_desktop.errors import SpectrError
from spectr_desktop.providers.errors import ContextOverflow
from spectr_desktop.records.run import JOURNAL_SCHEMA, Cell, GenerationRequest, Header, Parameters
from spectr_desktop.records.source import GitState, SourceFile, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.audit.pack import Part
    from spectr_desktop.providers.base import Provider
    from spectr_desktop.records.server import ModelInfo

# Providers that load a model with the context that the request asks for.
_CONTEXT_CHOSEN_BY_US = ("ollama", "builtin")
# The other parts of a source may have a little more tokens a character than the counted one.
_DENSER = 1.05


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
    """A cell and the request that fills it.

    Attributes:
        refused: why it will not be sent: its file is longer than the model's context. None if it
            will be.
    """

    cell: Cell
    request: GenerationRequest
    refused: SpectrError | None = None


@dataclass(frozen=True, slots=True)
class RunPlan:
    """All that will be sent, in order. Nothing else is."""

    header: Header
    requests: tuple[PlannedRequest, ...]


def chooses_context(provider: Provider) -> bool:
    """Whether the server loads a model with the context that a request asks for."""
    return provider.config.provider in _CONTEXT_CHOSEN_BY_US


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
    git: GitState | None = None,
) -> RunPlan:
    """One request with all the files; several of an audit whose files do not fit into one.

    Args:
        files: what is sent.
        model: who reads it.
        provider: where the model is.
        limits: what the user asked for.
        counted: tokens of one request with all the files as the server counted them; None where
            it was not asked.
        follow_up: what is asked instead of an audit.
        root: the project's folder, "" if there is none.
        git: what git says of the files.

    Raises:
        SpectrError: there is nothing to audit, nothing of it can fit into the model's context, or
            the chosen version of the prompt is not there.
    """
    draft = _Draft(files, model, provider, limits, follow_up, root, git)
    parts = draft.source.divided() if counted is None else [draft.source.files]
    return draft.plan(parts, {} if counted is None else {draft.source.files: counted})


async def plan_counted(
    files: Sequence[SourceFile],
    model: ModelInfo,
    provider: Provider,
    limits: Limits,
    follow_up: FollowUp | None = None,
    root: str = "",
) -> RunPlan:
    """The plan, after the server has counted its tokens where it can. This sends the source.

    What git says of the files belongs to an audit's plan.

    Each part is counted once, the first one perhaps twice: what it comes to tells how much goes
    into a part.

    Raises:
        SpectrError: as `plan_run`.
    """
    git = await _git_state(Path(root), files) if root and follow_up is None else None
    draft = _Draft(files, model, provider, limits, follow_up, root, git)
    parts = draft.source.divided()
    plan = draft.plan(parts, {})
    first, planned = next(
        (part, one) for part, one in zip(parts, plan.requests, strict=True) if one.refused is None
    )
    request = planned.request
    counted = await provider.count_tokens(request)
    if counted is None:
        return plan
    counts = {first: counted}
    if len(parts) > 1 or not draft.source.holds(first, counted):
        share = counted / budget.estimate(request.system, request.prompt) * _DENSER
        parts = draft.source.divided(max(share, budget.LEAST_SHARE))
    while len(parts) > 1 or first not in parts:
        await _count(provider, draft.plan(parts, counts), parts, counts)
        long = [part for part in parts if not draft.source.holds(part, counts.get(part))]
        if not long:
            break
        parts = [half for part in parts for half in (halves(part) if part in long else (part,))]
    return draft.plan(parts, counts)


async def _git_state(root: Path, files: Sequence[SourceFile]) -> GitState | None:
    from spectr_desktop.project.git import state_of  # noqa: PLC0415  # not before the window

    return await asyncio.to_thread(state_of, root, files)


async def _count(
    provider: Provider, plan: RunPlan, parts: Sequence[Part], counts: dict[Part, int]
) -> None:
    """Add what the server counts of the plan's parts, unless it is known."""
    for part, planned in zip(parts, plan.requests, strict=True):
        if planned.refused is None and part not in counts:
            counted = await provider.count_tokens(planned.request)
            if counted is None:
                return  # the estimate has to do
            counts[part] = counted


class _Draft:
    """What all plans for one choice of files, model and limits have in common.

    Args: as those of `plan_run`.

    Attributes:
        source: the files, as the prompts hold them.
    """

    def __init__(
        self,
        files: Sequence[SourceFile],
        model: ModelInfo,
        provider: Provider,
        limits: Limits,
        follow_up: FollowUp | None,
        root: str,
        git: GitState | None,
    ) -> None:
        self._model, self._provider, self._limits = model, provider, limits
        self._ask = ask = follow_up or FollowUp(prompts.AUDIT)
        self._root, self._git = root, git
        self._chooses = chooses_context(provider)
        room = budget.room(
            model,
            chooses_context=self._chooses,
            context=limits.context,
            max_tokens=limits.max_tokens,
        )
        version = limits.prompt_versions.get(ask.kind, "")
        self.source = SourceParts(files, ask, version, room)

    def plan(self, parts: Sequence[Part], counts: Mapping[Part, int]) -> RunPlan:
        """The plan of these parts.

        Args:
            parts: all the files, in order.
            counts: tokens by the server's count, as far as there is one.

        Raises:
            ContextOverflow: none of the parts fits.
        """
        made = [
            self._planned(part, number, len(parts), counts.get(part))
            for number, part in enumerate(parts, 1)
        ]
        sent = [one.request.parameters for one in made if one.refused is None]
        if not sent:
            raise next(one.refused for one in made if one.refused is not None)
        # A context of another size would load the model anew for each part.
        contexts = [one.context for one in sent if one.context is not None]
        usual = replace(
            sent[0],
            max_tokens=max(one.max_tokens for one in sent),
            context=max(contexts, default=None),
        )
        requests = tuple(_alike(one, usual) for one in made)
        return RunPlan(self._header(usual, requests), _with_repeats(requests))

    def _planned(self, part: Part, number: int, count: int, counted: int | None) -> PlannedRequest:
        """One part as if it were sent alone."""
        title = part_title(number, count, part) if count > 1 else ""
        composed = self.source.composed(part, title)
        estimated = budget.estimate(composed.system, composed.user)
        limits, kind = self._limits, self._ask.kind
        refused: SpectrError | None = None
        try:
            wanted = budget.parameters(
                self._model,
                counted or estimated,
                chooses_context=self._chooses,
                context=limits.context,
                max_tokens=limits.max_tokens,
                counted=counted is not None,
                path=part[0].path if count > 1 else "",
            )
        except ContextOverflow as error:
            wanted, refused = Parameters(max_tokens=0), error
        wanted = replace(
            wanted, thinking=limits.thinking, temperature=limits.temperature, seed=limits.seed
        )
        spans = tuple(Span(file.path, 1, max(file.lines, 1)) for file in part)
        name = f"{number}.{kind}"
        cell = Cell(name, number, kind, spans, estimated, composed.sha256, counted, title)
        model = self._model
        request = GenerationRequest(
            model.id, composed.system, composed.user, wanted, model.capabilities
        )
        return PlannedRequest(cell, request, refused)

    def _header(self, wanted: Parameters, requests: Sequence[PlannedRequest]) -> Header:
        config = self._provider.config
        return Header(
            schema=JOURNAL_SCHEMA,
            id=new_run_id(),
            title=self._ask.title or run_title(self.source.files),
            created_at=utc_now(),
            tool_version=__version__,
            provider=config.provider,
            base_url=config.base_url,
            locality=self._provider.locality(self._model),
            model=self._model,
            parameters=wanted,
            prompt_versions={self._ask.kind: self.source.prompt.version},
            cells=tuple(one.cell for one in requests),
            files=self.source.files,
            root=self._root,
            git=self._git,
        )


def _alike(planned: PlannedRequest, usual: Parameters) -> PlannedRequest:
    """A request with the parameters of its run, but for an answer that has less room."""
    least = planned.request.parameters.max_tokens
    less = least if planned.refused is None and least < usual.max_tokens else None
    parameters = replace(usual, max_tokens=less or usual.max_tokens)
    return replace(
        planned,
        cell=replace(planned.cell, max_tokens=less),
        request=replace(planned.request, parameters=parameters),
    )


def _with_repeats(requests: tuple[PlannedRequest, ...]) -> tuple[PlannedRequest, ...]:
    """Each request with the length of the prompt's start that all of its part have in common."""
    out: list[PlannedRequest] = []
    for planned in requests:
        prompts_of_part = [r.request.prompt for r in requests if r.cell.part == planned.cell.part]
        several = len(prompts_of_part) > 1
        repeated = len(os.path.commonprefix(prompts_of_part)) if several else 0  # noqa: RUF071  # texts
        out.append(replace(planned, request=replace(planned.request, repeated=repeated)))
    return tuple(out)
