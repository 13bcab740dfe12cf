"""A run: its plan, its phases, how it ended, and the header that makes it reproducible."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from spectr_desktop.records.server import Locality, ModelInfo
from spectr_desktop.records.source import GitState, SourceFile, Span


class Phase(enum.Enum):
    """What a request is doing now."""

    IDLE = "idle"
    CONNECTING = "connecting"
    LOADING = "loading"
    READING = "reading"
    THINKING = "thinking"
    WRITING = "writing"
    FINISHING = "finishing"


class Outcome(enum.Enum):
    """How a request, or a run, ended: exactly one of these."""

    COMPLETE = "complete"
    STOPPED = "stopped"
    LENGTH_LIMIT = "length_limit"
    CONTEXT_FULL = "context_full"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    NOT_SENT = "not_sent"

    @property
    def finished(self) -> bool:
        """Only a complete run may look finished anywhere."""
        return self is Outcome.COMPLETE


# The worst first: what a run of several requests carries.
_WORST_FIRST = (
    Outcome.FAILED,
    Outcome.INTERRUPTED,
    Outcome.CONTEXT_FULL,
    Outcome.LENGTH_LIMIT,
    Outcome.REFUSED,
    Outcome.STOPPED,
    Outcome.NOT_SENT,
)


def worst(outcomes: list[Outcome]) -> Outcome:
    """The outcome of a run from those of its requests; complete only if every one is."""
    for outcome in _WORST_FIRST:
        if outcome in outcomes:
            return outcome
    return Outcome.COMPLETE


class StopReason(enum.Enum):
    """Why the server stopped, in our words; the adapter maps its wire words to these."""

    NATURAL = "natural"
    LENGTH = "length"
    CONTEXT_FULL = "context_full"
    REFUSAL = "refusal"
    OTHER = "other"


class CompleteInput(enum.Enum):
    """Whether the model read all that was sent."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """An error as it is stored and shown: `SpectrError` without the exception."""

    code: str
    message: str
    params: dict[str, str | int] = field(default_factory=dict[str, str | int])
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them; None where it did not say.

    `input` includes cached tokens; `cached` says how many of them came from a cache.
    """

    input: int | None = None
    output: int | None = None
    thinking: int | None = None
    cached: int | None = None


@dataclass(frozen=True, slots=True)
class Timings:
    """Measured here, in milliseconds; None if it never happened.

    Attributes:
        connect_ms, first_token_ms, total_ms: from the start of the request.
        loading_ms, reading_ms: how long these phases took; None too if they did not end.
    """

    connect_ms: float | None = None
    first_token_ms: float | None = None
    total_ms: float | None = None
    tokens_per_second: float | None = None
    loading_ms: float | None = None
    reading_ms: float | None = None


# Passes that ask about one finding or a piece of the source; their answers are no reports.
FOLLOW_UPS = ("ask", "draft")

# How hard a model may be asked to think.
THINKING = ("off", "on", "low", "medium", "high", "max")


@dataclass(frozen=True, slots=True)
class Parameters:
    """What was asked of the model; None is "as the model has it".

    Attributes:
        thinking: one of `THINKING`.
    """

    max_tokens: int
    context: int | None = None
    temperature: float | None = None
    seed: int | None = None
    thinking: str | None = None


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One request for text: what an adapter needs to put it on the wire.

    Attributes:
        capabilities: those of the model (`ModelInfo.capabilities`).
        repeated: characters at the prompt's start that other requests of the run have too.
    """

    model: str
    system: str
    prompt: str
    parameters: Parameters
    capabilities: frozenset[str] = frozenset()
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """One part of the source under one pass: what one request asks for.

    Attributes:
        id: unique in the run, e.g. "1.quick"; journal lines carry it as `cell`.
        part: number of the part, from 1.
        pass_name: which question is asked.
        spans: the lines that are sent.
        estimated_input: tokens, by the budget's estimate.
        prompt_sha256: of system and prompt text as sent.
        counted_input: tokens as the server counted them beforehand; None where it cannot.
        title: what the prompt calls its source; "" where it is called after all the run's files.
        max_tokens: of the answer, where there is less room for it than `Header.parameters` say;
            None where there is not.
    """

    id: str
    part: int
    pass_name: str
    spans: tuple[Span, ...]
    estimated_input: int
    prompt_sha256: str
    counted_input: int | None = None
    title: str = ""
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a journal: all that is needed to read, repeat or check the run.

    Attributes:
        root: the project's folder, absolute; empty for a text that no file has.
        continues: id of the run whose missing cells this one asks for again; empty for none.
        git: what git says of the files; None where there is no git, or it was not asked.
    """

    schema: str
    id: str
    title: str
    created_at: str
    tool_version: str
    provider: str
    base_url: str
    locality: Locality
    model: ModelInfo
    parameters: Parameters
    prompt_versions: dict[str, str]
    cells: tuple[Cell, ...]
    files: tuple[SourceFile, ...]
    root: str = ""
    continues: str = ""
    git: GitState | None = None


JOURNAL_SCHEMA = "spectr-journal/1"


@dataclass(frozen=True, slots=True)
class CellResult:
    """How one request of the plan ended, with everything measured."""

    cell: str
    outcome: Outcome
    stop_reason: StopReason | None = None
    error: ErrorInfo | None = None
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)
    complete_input: CompleteInput = CompleteInput.UNKNOWN
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class RunResult:
    """The end of a run: its outcome, its cells' results, and the text of each cell, verbatim."""

    outcome: Outcome
    finished_at: str
    cells: tuple[CellResult, ...]
    texts: dict[str, str]
    error: ErrorInfo | None = None
    usage: Usage = field(default_factory=Usage)
