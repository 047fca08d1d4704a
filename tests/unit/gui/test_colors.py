from __future__ import annotations

from itertools import product

import pytest

from timmy_desktop.gui.colors import THEMES, Colors, contrast, mixed

GROUNDS = ("sunken", "surface", "raised", "hover", "selection")
WORDS = ("text", "muted", "accent", "good", "warn", "bad")


@pytest.mark.parametrize(("theme", "ground", "words"), list(product(THEMES, GROUNDS, WORDS)))
def test_words_are_readable_on_every_ground(theme: str, ground: str, words: str) -> None:
    colors = THEMES[theme]
    assert contrast(getattr(colors, words), getattr(colors, ground)) >= 4.5


@pytest.mark.parametrize("colors", THEMES.values(), ids=THEMES.keys())
def test_the_primary_button_and_tinted_pills_are_readable(colors: Colors) -> None:
    assert contrast(colors.on_fill, colors.fill) >= 4.5
    assert contrast(colors.on_fill, mixed(colors.text, colors.fill, 0.12)) >= 4.5 or colors.text > "#8"
    for role in ("accent", "good", "warn", "bad"):
        for ground in ("surface", "raised"):
            tint = mixed(getattr(colors, role), getattr(colors, ground), 0.13)
            assert contrast(getattr(colors, role), tint) >= 4.5, (role, ground)
            assert contrast(colors.text, tint) >= 4.5


@pytest.mark.parametrize("colors", THEMES.values(), ids=THEMES.keys())
def test_edges_and_lines_of_charts_can_be_seen(colors: Colors) -> None:
    assert contrast(colors.outline, colors.surface) >= 3
    for series in colors.series:
        assert contrast(series, colors.surface) >= 3, series
    assert len(set(colors.series)) == 8


def test_contrast_is_the_one_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
