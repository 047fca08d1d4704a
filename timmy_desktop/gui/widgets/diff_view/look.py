"""The colours of a diff by role, for the theme in use. Every text here can be read on every ground."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor, QFont, QFontMetricsF

from timmy_desktop.gui.colors import contrast
from timmy_desktop.gui.theme import Theme

# 1 comment, 2 string, 3 keyword, 4 number, 5 what is defined, 6 what comes with the language.
TOKEN_ROLES = {1: "muted", 2: "series2", 3: "series7", 4: "series1", 5: "series5", 6: "series3"}
GROUND, WORDS = 0.13, 0.28
_SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
_READABLE = 4.5
SMALLEST, LARGEST = 7.0, 28.0


@dataclass(frozen=True)
class Look:
    """Made by `look()`; asked for again when the theme or the size changes."""

    font: QFont
    small: QFont
    strong: QFont
    advance: float
    line_height: int
    ascent: float
    small_height: int
    font_height: float
    grounds: dict[str, QColor]
    words: dict[str, QColor]
    tokens: dict[int, QColor]

    theme: Theme

    def color(self, role: str) -> QColor:
        return self.theme.color(role)


def look(points: float) -> Look:
    """What to draw with at this size of the code, in points."""
    theme = Theme.current()
    font = theme.font(mono=True)
    font.setPointSizeF(points)
    metrics = QFontMetricsF(font)
    return Look(
        font=font,
        small=theme.font("small"),
        strong=theme.font("body", strong=True),
        advance=metrics.horizontalAdvance("0" * 64) / 64,
        line_height=round(metrics.height() * 1.12),
        ascent=metrics.ascent(),
        small_height=round(QFontMetricsF(theme.font("small")).height()),
        font_height=metrics.height(),
        grounds={
            "+": theme.tint("good", GROUND),
            "-": theme.tint("bad", GROUND),
            "»": theme.tint("series1", GROUND),
        },
        words={
            "+": theme.tint("good", WORDS),
            "-": theme.tint("bad", WORDS),
            "»": theme.tint("series1", WORDS),
        },
        theme=theme,
        tokens={number: readable(role) for number, role in TOKEN_ROLES.items()},
    )


def grounds() -> list[str]:
    """Every ground that code may stand on, as `#rrggbb`."""
    theme = Theme.current()
    tints = [theme.tint(role, share) for role in ("good", "bad", "series1") for share in (GROUND, WORDS)]
    return [
        theme.colors.surface,
        theme.colors.sunken,
        theme.colors.selection,
        *(tint.name() for tint in tints),
    ]


def readable(role: str) -> QColor:
    """As much of a role's colour as can be read on every ground; the rest is the text's own."""
    theme, behind = Theme.current(), grounds()
    for share in _SHARES:
        color = theme.tint(role, share, over="text")
        if min(contrast(color.name(), ground) for ground in behind) >= _READABLE:
            return color
    return theme.color("text")
