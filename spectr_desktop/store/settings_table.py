"""The one table of settings: what each is called, what it may be, and what it is by itself."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from spectr_desktop.errors import SpectrError
from spectr_desktop.records.run import THINKING

# None is "not set": as the model, the system or the program has it.
Value = bool | int | float | str | None

_LONGEST_TEXT = 200
_MOST_TOKENS = 100_000_000  # as the command line takes them


class Kind(enum.Enum):
    """What sort of value a setting has; FONT is the name of a family, NAME that of a version."""

    FLAG = "flag"
    INTEGER = "integer"
    NUMBER = "number"
    CHOICE = "choice"
    FONT = "font"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        key: section and name, as the file has them.
        kind: what sort of value it has.
        default: what it is by itself; None only where `unset` says what that means.
        label: its name in the dialog.
        help: one or two sentences on what it does.
        page: the page of the dialog that it is on.
        minimum, maximum: bounds of a number, both included.
        choices: value → label.
        unset: what it means that nothing is set, "" where something always is.
        unit: what a number counts, "" where the label says it.
    """

    key: str
    kind: Kind
    default: Value
    label: str
    help: str
    page: str
    minimum: float = 0
    maximum: float = 0
    choices: tuple[tuple[str, str], ...] = ()
    unset: str = ""
    unit: str = ""

    def check(self, value: object) -> Value:
        """The value, if this setting may have it.

        Raises:
            SpectrError: "bad_setting"; the sentence says what is allowed.
        """
        if value is None and self.unset:
            return None
        if self.kind is Kind.FLAG and isinstance(value, bool):
            return value
        if self.kind is Kind.CHOICE and value in [choice for choice, _ in self.choices]:
            return str(value)
        if isinstance(value, str) and (
            (self.kind in {Kind.FONT, Kind.NAME} and _is_name(value))
            or (self.kind is Kind.NAME and not value)
        ):
            return value
        if self.kind is Kind.INTEGER and type(value) is int and self._within(value):
            return value
        if self.kind is Kind.NUMBER and type(value) in {int, float} and self._within(value):
            return float(str(value))
        raise self._refusal()

    def _within(self, value: object) -> bool:
        return isinstance(value, int | float) and self.minimum <= value <= self.maximum

    def _refusal(self) -> SpectrError:
        lowest, highest = f"{self.minimum:,.10g}", f"{self.maximum:,.10g}"
        match self.kind:
            case Kind.FLAG:
                allowed = "true or false"
            case Kind.INTEGER:
                allowed = f"a whole number from {lowest} to {highest}"
            case Kind.NUMBER:
                allowed = f"a number from {lowest} to {highest}"
            case Kind.CHOICE:
                allowed = "one of " + ", ".join(choice for choice, _ in self.choices)
            case Kind.FONT:
                allowed = "the name of a font"
            case Kind.NAME:
                allowed = "the name of a version"
        return SpectrError(
            "bad_setting",
            f"“{self.label}” must be {allowed}.",
            params={"key": self.key, "minimum": lowest, "maximum": highest},
        )


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_TEXT and text.isprintable() and text.strip() == text


PAGES = (
    ("appearance", "Appearance"),
    ("editor", "Editor"),
    ("audit", "Audit defaults"),
    ("privacy", "Privacy"),
    ("storage", "Storage"),
)
"""Key → title of the dialog's pages, in their order."""

_MODEL = "As the model has it"
_SYSTEM = "As the system has it"
_THINKING_LABELS = {
    "off": "Off",
    "on": "On",
    "low": "Low",
    "medium": "Medium",
    "high": "High",
    "max": "Maximum",
}

TABLE: tuple[Setting, ...] = (
    Setting(
        "appearance.theme",
        Kind.CHOICE,
        "system",
        "Theme",
        "Light, dark, or whatever the desktop has.",
        "appearance",
        choices=(("system", "As the system has it"), ("light", "Light"), ("dark", "Dark")),
    ),
    Setting(
        "appearance.report_font_size",
        Kind.INTEGER,
        None,
        "Size of the report's text",
        "In points. The live report and findings are shown in this size.",
        "appearance",
        minimum=6,
        maximum=48,
        unset=_SYSTEM,
        unit="points",
    ),
    Setting(
        "editor.font",
        Kind.FONT,
        None,
        "Font",
        "A fixed-pitch font for source and code. Ligatures are always off.",
        "editor",
        unset="The first good one that this machine has",
    ),
    Setting(
        "editor.font_size",
        Kind.INTEGER,
        None,
        "Size",
        "In points. Ctrl+Plus and Ctrl+Minus still change it for the moment.",
        "editor",
        minimum=6,
        maximum=48,
        unset=_SYSTEM,
        unit="points",
    ),
    Setting(
        "editor.indent",
        Kind.INTEGER,
        4,
        "Indent",
        "How many spaces the Tab key puts in.",
        "editor",
        minimum=1,
        maximum=16,
        unit="spaces",
    ),
    Setting(
        "editor.wrap",
        Kind.FLAG,
        False,  # a row of a table
        "Wrap long lines",
        "Lines that are wider than the editor go on below. The file is not changed.",
        "editor",
    ),
    Setting(
        "audit.context",
        Kind.INTEGER,
        None,
        "Context",
        "What a model that runs here is loaded with: room for source and answer together.",
        "audit",
        minimum=256,
        maximum=_MOST_TOKENS,
        unset=_MODEL,
        unit="tokens",
    ),
    Setting(
        "audit.max_tokens",
        Kind.INTEGER,
        None,
        "Longest answer",
        "The answer is cut there, and the run is then marked as cut.",
        "audit",
        minimum=1,
        maximum=_MOST_TOKENS,
        unset="As model and context allow",
        unit="tokens",
    ),
    Setting(
        "audit.temperature",
        Kind.NUMBER,
        None,
        "Temperature",
        "0 always takes the likeliest word; higher values vary more. Some models refuse any.",
        "audit",
        minimum=0,
        maximum=2,
        unset=_MODEL,
    ),
    Setting(
        "audit.seed",
        Kind.INTEGER,
        None,
        "Seed",
        "With the same number, servers that know it give the same answer again, more or less.",
        "audit",
        minimum=0,
        maximum=2**31 - 1,
        unset="Another one each time",
    ),
    Setting(
        "audit.thinking",
        Kind.CHOICE,
        None,
        "Thinking",
        "How hard the model is asked to think before it writes. More takes longer.",
        "audit",
        choices=tuple((level, _THINKING_LABELS[level]) for level in THINKING),
        unset=_MODEL,
    ),
    *(
        Setting(
            f"prompts.{name}",
            Kind.NAME,
            "",
            label,
            "The version that is sent, such as own-2; empty for the newest shipped one.",
            "prompts",
        )
        for name, label in (
            ("quick", "Prompt of an audit"),
            ("ask", "Prompt of a question"),
            ("draft", "Prompt of a draft"),
        )
    ),
    Setting(
        "privacy.air_gap",
        Kind.FLAG,
        False,
        "Begin in air-gap mode",
        "Nothing but this machine is contacted until you switch the mode off in the menu.",
        "privacy",
    ),
    Setting(
        "privacy.notify",
        Kind.FLAG,
        True,
        "Tell the desktop when a run has ended",
        "Only if the window is not in front. It says how the run ended, and nothing of the source.",
        "privacy",
    ),
    Setting(
        "privacy.inhibit_sleep",
        Kind.FLAG,
        True,
        "Keep the machine awake during a run",
        "A machine that falls asleep loses the connection, and with it the rest of the answer.",
        "privacy",
    ),
    Setting(
        "storage.reopen_file",
        Kind.FLAG,
        True,
        "Open the last file again at start",
        "Unless files are named on the command line.",
        "storage",
    ),
    Setting(
        "storage.keep_days",
        Kind.INTEGER,
        None,
        "“Old” runs are older than",
        "What the question proposes when you erase old runs. Nothing is ever erased by itself.",
        "storage",
        minimum=1,
        maximum=36_500,
        unset="No proposal",
        unit="days",
    ),
)

SETTINGS = {setting.key: setting for setting in TABLE}
