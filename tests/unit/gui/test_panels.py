"""The panels as the window lists them: what two of them must not share."""

from __future__ import annotations

from timmy_desktop.gui.menus import _FILE, _HELP, _VIEW
from timmy_desktop.gui.panels import PANELS


def test_the_panels_have_the_numbers_in_their_order() -> None:
    assert [spec.shortcut for spec in PANELS] == [f"Ctrl+{place}" for place in range(1, len(PANELS) + 1)]


def test_no_two_things_in_the_window_have_the_same_keys() -> None:
    keys = [entry[1] for entry in (*_FILE, *_VIEW, *_HELP) if entry is not None and entry[1]]
    keys += [spec.shortcut for spec in PANELS]
    assert len(keys) == len(set(keys))
