from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_desktop.inert import inert, inert_line

KEPT = "\n\t\u200d"
HOSTILE = {
    "escape": ("\x1b[2J", "\\u{1b}[2J"),
    "one-byte CSI": ("\x9b31m", "\\u{9b}31m"),
    "bell": ("a\x07", "a\\u{7}"),
    "carriage return hides what went before": ("rm -rf /\rls", "rm -rf /\\u{d}ls"),
    "right-to-left override": ("invoice\u202efdp.exe", "invoice\\u{202e}fdp.exe"),
    "isolates": ("\u2066x\u2069", "\\u{2066}x\\u{2069}"),
    "line separator": ("a\u2028b", "a\\u{2028}b"),
    "byte order mark": ("\ufeffx", "\\u{feff}x"),
    "lone surrogate": ("\ud800", "\\u{d800}"),
    "private use": ("\ue000", "\\u{e000}"),
    "tag characters": ("a\U000e0041", "a\\u{e0041}"),
}


@pytest.mark.parametrize(("text", "shown"), HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_characters_are_spelt_out(text: str, shown: str) -> None:
    assert inert(text) == shown


@pytest.mark.parametrize(
    "text", ["", "plain", "two\nlines\tand a tab", "Grüße, 世界", "👩‍🚀 👍🏽 ❤️", "עברית", "e\u0301"]
)
def test_harmless_text_stays(text: str) -> None:
    assert inert(text) == text


@given(st.text(st.characters()))
def test_nothing_hostile_is_left(text: str) -> None:
    for char in inert(text):
        assert char in KEPT or unicodedata.category(char)[0] != "C"
        assert unicodedata.category(char) not in {"Zl", "Zp"}


@given(st.text(st.characters()))
def test_a_second_time_changes_nothing(text: str) -> None:
    assert inert(inert(text)) == inert(text)


@given(st.text(st.characters()), st.integers(1, 50))
def test_a_line_is_one_line_and_within_its_limit(text: str, limit: int) -> None:
    line = inert_line(text, limit)

    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert line == line.strip() or line.endswith("…")


def test_a_cut_line_says_so() -> None:
    assert inert_line("one  two\nthree", 8) == "one two…"
    assert inert_line("one two", 7) == "one two"
    assert inert_line("x" * 500) == "x" * 500
    assert inert_line("one" + " " * 500 + "two", 8) == "one…"
    assert inert_line(" \n" * 500 + "one\n" + " " * 500, 8) == "one"


@given(st.text(st.characters(), max_size=60), st.text(st.characters(), max_size=60))
def test_many_kinds_of_hostile_characters_are_spelt_out_alike(one: str, two: str) -> None:
    controls = "".join(map(chr, range(32)))

    assert inert(one + controls + two) == inert(one) + inert(controls) + inert(two)


@pytest.mark.parametrize("text", ["word " * 200_000 + "\n", "\x1b[2J" * 250_000, "“世界”\n" * 200_000])
def test_a_megabyte_does_not_hold_up_the_loop(text: str) -> None:
    assert _cpu_seconds(lambda: inert(text)) < 0.25
    assert _cpu_seconds(lambda: inert_line(text, 300)) < 0.02


def _cpu_seconds(work: Callable[[], object]) -> float:
    """What the fastest of three runs took."""
    times = []
    for _ in range(3):
        started = time.thread_time()
        work()
        times.append(time.thread_time() - started)
    return min(times)
