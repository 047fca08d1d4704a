"""What is near to any question gives way to what is near to this one."""

from __future__ import annotations

import pytest

from tests.bench.memory_development import DEVELOPMENT
from tests.bench.memory_held_out import EXACT, PARAPHRASES
from timmy_desktop.memory import questions
from timmy_desktop.memory.vectors import Near


def test_what_is_near_to_any_question_gives_way() -> None:
    near = [Near(1, 0.50), Near(2, 0.48), Near(3, 0.20)]
    assert [one.number for one in questions.ranked(near, {1: 0.3, 2: 0.1, 3: 0.1})] == [2, 1, 3]
    assert questions.ranked(near, {1: 0.1, 2: 0.1, 3: 0.1}) == near
    assert questions.ranked(near, {}) == near
    assert questions.ranked([], {}) == []


@pytest.mark.parametrize(
    ("query", "asks"),
    [("what is my boat called", True), ("boat?", True), ("Marigold", False), ("the showers of May", False)],
)
def test_a_question_is_known_by_its_words(query: str, asks: bool) -> None:
    assert questions.is_question(query) is asks


def test_nothing_was_tuned_by_what_judges_it() -> None:
    assert tuple(question for _, question, _ in DEVELOPMENT) == questions.SAMPLE
    judged = {question for _, question in (*PARAPHRASES, *EXACT)}
    assert not judged & set(questions.SAMPLE)
