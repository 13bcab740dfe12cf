"""How an auditor's reports look and what they are called: what a profile of a house style keeps."""

from __future__ import annotations

from dataclasses import dataclass, field

from spectr_desktop.records.grades import State
from spectr_desktop.records.report import ReportDocument

CLIENT_STATES = (State.CONFIRMED, State.ACKNOWLEDGED, State.FIXED, State.PARTLY_FIXED)
"""States of the findings that a client's report has, unless others are chosen."""


@dataclass(frozen=True, slots=True)
class Look:
    """What only formats with a page show.

    Attributes:
        logo: a PNG picture, b"" for none.
        accent: a colour such as "#1f6feb", "" for the usual one.
    """

    logo: bytes = b""
    accent: str = ""


@dataclass(frozen=True, slots=True)
class HouseStyle:
    """A profile.

    Attributes:
        name: what the user calls it; "" is the one that the program comes with.
        title: of the report, "" for what was audited.
        document: auditor, client, version and own sections.
        look: logo and colour.
        states: of the findings that a client's report has.
        file_name: pattern of the file's name without suffix; {project}, {title}, {kind}, {client},
            {date}, {version} and {run} stand for themselves.
    """

    name: str = ""
    title: str = ""
    document: ReportDocument = field(default_factory=ReportDocument)
    look: Look = field(default_factory=Look)
    states: tuple[State, ...] = CLIENT_STATES
    file_name: str = "{title}-report"
