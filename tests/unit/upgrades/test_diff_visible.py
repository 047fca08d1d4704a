"""Nothing in a line stays unseen, and what is shown leads back to what is there."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_desktop.upgrades.diff_visible import cells, cut, is_odd, visible

ANY = st.text(st.characters(codec=None), max_size=40)


def test_plain_code_is_shown_as_it_is() -> None:
    assert visible("def f(x): return 'é'").text == "def f(x): return 'é'"
    assert not is_odd("def f(x): return 'é日本'")


def test_tabs_go_to_their_stops() -> None:
    assert visible("\ta\tb").text == "    a   b"
    assert not is_odd("\ta")


@pytest.mark.parametrize(
    "char",
    ["\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad", "\x1b", "\x00", "\r", "\x0c", "\u2028", "\u00a0",
     "\u3000", "\u3164", "\u2800", "\ufe0f", "\udc80", "\U000e0041"],
)  # fmt: skip
def test_what_the_eye_cannot_see_is_spelt_out(char: str) -> None:
    line = f"if a{char}b:"
    shown = visible(line)
    assert shown.text == f"if a\\u{{{ord(char):x}}}b:"
    assert shown.odd == ((4, 4 + len(f"\\u{{{ord(char):x}}}")),)
    assert is_odd(line)


def test_a_word_of_two_alphabets_is_marked() -> None:
    line = "user = \u0430dmin"
    assert visible(line).mixed == ((7, 12),)
    assert is_odd(line)
    assert not is_odd("слово and word")


def test_letters_from_the_right_are_known() -> None:
    assert visible("x = 'שלום'").right_to_left
    assert not visible("x = 'Привет'").right_to_left


@given(ANY)
def test_only_what_can_be_seen_is_shown(line: str) -> None:
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not [char for char in visible(line).text if unicodedata.category(char) in hidden]


@given(ANY)
def test_columns_lead_back_to_characters(line: str) -> None:
    shown = visible(line)
    for index in range(len(line)):
        assert shown.index_at(shown.column(index)) == index
    assert shown.column(len(line)) == len(shown.text)


@given(ANY)
def test_is_odd_agrees_with_what_is_marked(line: str) -> None:
    shown = visible(line)
    assert is_odd(line) == bool(shown.odd or shown.mixed)


@given(st.text(st.sampled_from("ab日é\u0301"), max_size=60), st.integers(3, 20))
def test_a_line_is_cut_into_all_of_its_parts(text: str, columns: int) -> None:
    pieces = cut(text, columns)
    assert "".join(text[start:end] for start, end in pieces) == text
    assert all(cells(text[start:end]) <= columns for start, end in pieces)
