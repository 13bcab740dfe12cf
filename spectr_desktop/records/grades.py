"""The words that findings are judged by; apart, because every window needs them at once."""

from __future__ import annotations

import enum


class Severity(enum.Enum):
    """How bad a finding is, the worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Anchor(enum.Enum):
    """How a claimed location was found in the source.

    EXACT: the quote stands where it was claimed, or in the one place that has it.
    MOVED: the quote stands there, but the claimed line is another.
    FUZZY: the quote stands there with small differences, or in several places of which nothing
        tells the one that is meant.
    SYMBOL_ONLY: no quote was found; the named function or contract exists.
    UNVERIFIED: nothing of it was found.
    MISSING_FILE: the named file is not among those that were sent.
    """

    EXACT = "exact"
    MOVED = "moved"
    FUZZY = "fuzzy"
    SYMBOL_ONLY = "symbol_only"
    UNVERIFIED = "unverified"
    MISSING_FILE = "missing_file"

    @property
    def is_found(self) -> bool:
        """Whether code exists there: a finding has such a location, a lead has none."""
        return self not in (Anchor.UNVERIFIED, Anchor.MISSING_FILE)


class State(enum.Enum):
    """What the auditor decided about a finding."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    FALSE_POSITIVE = "false_positive"
    ACKNOWLEDGED = "acknowledged"
    FIXED = "fixed"
    PARTLY_FIXED = "partly_fixed"
    DUPLICATE = "duplicate"
    WONT_FIX = "wont_fix"
