"""The colours by role, dark and light, and the arithmetic that keeps them readable. Free of Qt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colors:
    """One theme's colours as `#rrggbb`. Widgets ask for a role and never write a colour of their own."""

    sunken: str
    """Behind everything, and inside what is typed into."""
    surface: str
    """The body of a dock."""
    raised: str
    """Cards, menus, buttons."""
    hover: str
    """Under the pointer."""
    selection: str
    """A chosen row; `text` stays readable on it."""
    border: str
    """Hairlines between areas; decoration only."""
    outline: str
    """The edge of what can be operated (fields, check boxes): 3 : 1 against what is around it."""
    text: str
    muted: str
    accent: str
    """Links, focus, what is live; readable as text."""
    fill: str
    """The body of the one primary button; `on_fill` is readable on it."""
    on_fill: str
    good: str
    warn: str
    bad: str
    series: tuple[str, ...]
    """Eight colours after Okabe and Ito, told apart by colour-blind readers."""


DARK = Colors(
    sunken="#0e1014",
    surface="#14171c",
    raised="#1c2027",
    hover="#242932",
    selection="#26304a",
    border="#262b34",
    outline="#6a7280",
    text="#e7e9ee",
    muted="#9ba3b0",
    accent="#93a8ff",
    fill="#4f5fd0",
    on_fill="#ffffff",
    good="#5cc48c",
    warn="#e3b457",
    bad="#f4827d",
    series=("#56b4e9", "#e69f00", "#1fbf8f", "#f0e442", "#6f9cff", "#f0803c", "#dd8fbb", "#b9c0cc"),
)

LIGHT = Colors(
    sunken="#eef0f4",
    surface="#f8f9fb",
    raised="#ffffff",
    hover="#eceef3",
    selection="#dfe5fb",
    border="#dde1e8",
    outline="#868d99",
    text="#1a1d24",
    muted="#565e6b",
    accent="#3e4dc0",
    fill="#4655cc",
    on_fill="#ffffff",
    good="#17693f",
    warn="#7d5200",
    bad="#ad2a26",
    series=("#0b7fbd", "#b06f00", "#00805d", "#85790a", "#0a55a8", "#c24f00", "#a94a82", "#5a616d"),
)

THEMES = {"dark": DARK, "light": LIGHT}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two `#rrggbb` colours, 1 to 21 (WCAG 2, relative luminance)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mixed(one: str, other: str, share: float) -> str:
    """`share` (0 to 1) of `one` over `other`, for tints that must stay opaque."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(value / 255) for value in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
