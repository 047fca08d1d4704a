from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from timmy_desktop.gui.fuzzy import ranked, score

COMMANDS = [
    "New task",
    "New conversation",
    "Open workspace folder…",
    "Show Tasks",
    "Preferences…",
    "Reset layout",
]


def best(query: str) -> str:
    return COMMANDS[ranked(query, COMMANDS)[0]]


def test_finds_what_is_meant() -> None:
    assert best("nt") == "New task"
    assert best("newc") == "New conversation"
    assert best("owf") == "Open workspace folder…"
    assert best("show t") == "Show Tasks"
    assert best("pref") == "Preferences…"


def test_an_empty_query_keeps_the_order() -> None:
    assert ranked("", COMMANDS) == list(range(len(COMMANDS)))


def test_letters_that_are_not_there_find_nothing() -> None:
    assert score("xyz", "New task") is None
    assert ranked("tasknew", COMMANDS) == []


def test_letters_scattered_over_other_words_find_nothing() -> None:
    assert score("stop", "About Timmy Desktop") is None
    assert score("desk", "About Timmy Desktop") is not None
    assert score("atd", "About Timmy Desktop") is not None


@given(st.text(), st.text())
def test_never_breaks(query: str, text: str) -> None:
    score(query, text)


@given(st.text(min_size=1).filter(str.strip))
def test_a_text_answers_to_itself(text: str) -> None:
    assert score(text, text) is not None
