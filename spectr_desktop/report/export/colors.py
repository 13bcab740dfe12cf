"""The usual colour of a report, and whether a colour can be read on another one."""

from __future__ import annotations

ACCENT = "#2b5fd9"


def contrast(one: str, other: str) -> float:
    """The contrast of two colours such as "#1f6feb", as WCAG 2 reckons it: 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4  # noqa: PLR2004  # sRGB
        for part in parts_of(color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def parts_of(color: str) -> tuple[int, int, int]:
    """Red, green and blue of a colour such as "#1f6feb", 0 to 255."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
