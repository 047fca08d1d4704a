"""Hits are marked where the search found them."""

from __future__ import annotations

import pytest

from timmy_desktop.gui.panels.events.marks import marks_of


@pytest.mark.parametrize(
    ("text", "phrases", "marked"),
    [
        ("the Lantern and lanterns", ["lantern"], ["Lantern", "lantern"]),
        ("a catalog, a log", ["log*"], ["log"]),
        ("connection-refused, refused connection", ["connection refused"], ["connection-refused"]),
        ("read_file, file_read", ["file"], ["file", "file"]),
        ("read_file", ["read file"], ["read_file"]),
        ("f\u00fcr Elise", ["fur"], ["f\u00fcr"]),
        ("fur", ["F\u00dcR"], ["fur"]),
        ("one two three", ["one two", "two three"], ["one two three"]),
        ("nothing", ["", "*", "_"], []),
    ],
)
def test_marks_stand_where_the_words_are(text: str, phrases: list[str], marked: list[str]) -> None:
    assert [text[start : start + length] for start, length in marks_of(text, phrases)] == marked
