"""What happens during a run, as typed events; the command line and the journal write the same."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeAlias

from spectr_desktop.records.codec import RecordError, from_json, to_json
from spectr_desktop.records.findings import Sighting
from spectr_desktop.records.run import (
    CompleteInput,
    ErrorInfo,
    Outcome,
    Phase,
    StopReason,
    Timings,
    Usage,
)


@dataclass(frozen=True, slots=True)
class PhaseChanged:
    """The request entered a phase."""

    event: ClassVar[str] = "phase"
    phase: Phase


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of the answer. Joined in order, the deltas of a cell are its text."""

    event: ClassVar[str] = "text_delta"
    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """More of what the model thinks before it answers."""

    event: ClassVar[str] = "thinking_delta"
    text: str


@dataclass(frozen=True, slots=True)
class UsageReported:
    """The server's count so far; the newest replaces the ones before."""

    event: ClassVar[str] = "usage"
    usage: Usage


@dataclass(frozen=True, slots=True)
class GenerationEnded:
    """The protocol's end mark arrived."""

    event: ClassVar[str] = "generation_ended"
    stop_reason: StopReason
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Queued:
    """The request's place in the queue before the server: 1 is next, 0 is its turn."""

    event: ClassVar[str] = "queued"
    position: int


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """Nothing was answered, and the request is sent again after `delay_ms`.

    Attributes:
        attempt: number of the coming one; the first sending was number 1.
        attempts: how many there are at the most.
        code, message: of the error that is the reason.
    """

    event: ClassVar[str] = "retry"
    attempt: int
    attempts: int
    delay_ms: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What a service still allows: `name` such as "requests" or "input-tokens", and until when."""

    name: str
    limit: int | None
    remaining: int | None
    resets_at: str = ""


@dataclass(frozen=True, slots=True)
class RateLimitsReported:
    """The service said how much it still allows."""

    event: ClassVar[str] = "rate_limits"
    limits: tuple[RateLimit, ...]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Bytes came that say nothing but that the server is there; kept nowhere."""

    event: ClassVar[str] = "heartbeat"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth a sentence that ends nothing."""

    event: ClassVar[str] = "notice"
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class FindingAdded:
    """A finding, or a lead, was read from the report. It follows from text that was sent before.

    Attributes:
        number: of the run's findings, from 1 in the order of appearance.
        lead: none of its places was found in the source.
        sighting: what the model says, and where it stands.
    """

    event: ClassVar[str] = "finding_added"
    number: int
    lead: bool
    sighting: Sighting


@dataclass(frozen=True, slots=True)
class FindingChanged:
    """The report says more of a finding, or something else; as `FindingAdded`."""

    event: ClassVar[str] = "finding_changed"
    number: int
    lead: bool
    sighting: Sighting


@dataclass(frozen=True, slots=True)
class CellFinished:
    """One request of the plan ended."""

    event: ClassVar[str] = "cell_outcome"
    outcome: Outcome
    stop_reason: StopReason | None = None
    error: ErrorInfo | None = None
    usage: Usage = field(default_factory=Usage)
    timings: Timings = field(default_factory=Timings)
    complete_input: CompleteInput = CompleteInput.UNKNOWN
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run ended; the last line of every journal and of the events output."""

    event: ClassVar[str] = "outcome"
    outcome: Outcome
    error: ErrorInfo | None = None
    usage: Usage = field(default_factory=Usage)
    finished_at: str = ""


# What a provider yields and a journal keeps.
_Kept: TypeAlias = (
    PhaseChanged
    | Queued
    | RetryScheduled
    | RateLimitsReported
    | TextDelta
    | ThinkingDelta
    | UsageReported
    | Notice
    | GenerationEnded
)
# What a provider yields.
StreamEvent: TypeAlias = _Kept | Heartbeat
# What a journal holds and a listener of a session sees.
RunEvent: TypeAlias = _Kept | FindingAdded | FindingChanged | CellFinished | RunFinished


@dataclass(frozen=True, slots=True)
class RunEntry:
    """An event, `t` milliseconds after the run's start, in the request `cell` ("" for the run)."""

    t: int
    cell: str
    event: RunEvent


_CLASSES: dict[str, type[RunEvent]] = {
    cls.event: cls
    for cls in (
        PhaseChanged,
        Queued,
        RetryScheduled,
        RateLimitsReported,
        TextDelta,
        ThinkingDelta,
        UsageReported,
        GenerationEnded,
        Notice,
        FindingAdded,
        FindingChanged,
        CellFinished,
        RunFinished,
    )
}


def event_to_json(event: RunEvent) -> dict[str, Any]:
    """The event object, its name first."""
    out: dict[str, Any] = {"event": event.event}
    for item in fields(event):
        out[item.name] = to_json(getattr(event, item.name))
    return out


def event_from_json(value: dict[str, Any]) -> RunEvent | None:
    """The event that an object describes; None for a name that this version does not know.

    Raises:
        RecordError: the name is known but the rest does not fit, or there is no name.
    """
    name = value.get("event")
    if not isinstance(name, str):
        raise RecordError("an event has no name")
    cls = _CLASSES.get(name)
    return None if cls is None else from_json(cls, value)
