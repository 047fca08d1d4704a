"""The model of tables of any length: what it holds, what it asks for, and what moves when rows come on top."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from tests.conditions import eventually
from timmy_desktop.gui.widgets.windowed_model import PAGE, WindowedModel


class Numbers(WindowedModel):
    """Shows the place of each row; answers what it asks for where `answers` is set."""

    def __init__(self, answers: bool = True) -> None:
        super().__init__(("Place", "Double"), numbers=(1,))
        self.asked: list[int] = []
        self.answers = answers
        self.pages_wanted.connect(self._answer)

    def cell(self, row: Any, column: int, role: int) -> Any:
        return str(row * (column + 1)) if role == Qt.ItemDataRole.DisplayRole else None

    def give(self, page: int) -> None:
        self.put_page(page, range(page * PAGE, min((page + 1) * PAGE, self.rowCount())))

    def _answer(self, pages: list[int]) -> None:
        self.asked += pages
        if self.answers:
            for page in pages:
                self.give(page)


@pytest.fixture
def numbers(qapp: Any) -> Any:
    made: list[Numbers] = []

    def make(answers: bool = True) -> Numbers:
        made.append(Numbers(answers))
        return made[-1]

    yield make
    for model in made:
        model.stop()


def shown(model: WindowedModel, position: int) -> Any:
    return model.index(position, 0).data()


async def test_a_row_is_asked_for_when_looked_at_and_places_count_from_the_bottom(
    numbers: Callable[..., Numbers],
) -> None:
    model = numbers()
    model.show_count(1_000_000)
    assert shown(model, 0) == "…"
    await eventually(lambda: shown(model, 0) == "999999")
    assert shown(model, 999_999) == "…"
    await eventually(lambda: shown(model, 999_999) == "0")
    assert model.index(999_998, 1).data() == "2"
    assert len(model.asked) < 10


async def test_rows_on_top_move_nothing_that_is_held(numbers: Callable[..., Numbers]) -> None:
    model = numbers()
    model.show_count(PAGE + 3)
    shown(model, 0)
    await eventually(lambda: shown(model, 0) == str(PAGE + 2))
    assert shown(model, PAGE + 2) == "…"
    await eventually(lambda: shown(model, PAGE + 2) == "0")
    model.add_on_top(5)
    model.asked.clear()
    assert shown(model, 5) == str(PAGE + 2)  # still there, five rows lower
    assert shown(model, 0) == "…"
    await eventually(lambda: shown(model, 0) == str(PAGE + 7))
    assert shown(model, PAGE + 7) == "0"
    assert set(model.asked) == {1}  # only the page that was not full


async def test_what_is_stale_stays_on_screen_until_it_is_here_again(numbers: Callable[..., Numbers]) -> None:
    model = numbers()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.show_count(7)
    model.add_on_top(3)
    shown(model, 0)
    await eventually(lambda: shown(model, 0) == "9")
    model.answers = False
    model.asked.clear()
    model.refresh()
    assert shown(model, 0) == "9"
    await eventually(lambda: model.asked == [0])
    model.put_page(0, [number + 100 for number in range(10)])
    assert shown(model, 0) == "109"
    assert model.index(3, 0).data(Qt.ItemDataRole.AccessibleTextRole) is None
    assert tester.model() is model


async def test_pages_are_asked_for_once_in_a_turn_the_last_looked_at_first(
    numbers: Callable[..., Numbers],
) -> None:
    model = numbers(answers=False)
    model.show_count(PAGE * 4)
    for position in (0, 1, PAGE * 2, 0, PAGE * 3 + 1):
        shown(model, position)
    await eventually(lambda: bool(model.asked))
    assert model.asked == [0, 3, 1]
    assert model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole) == "not read yet"


async def test_it_holds_few_pages_however_far_one_scrolls(numbers: Callable[..., Numbers]) -> None:
    model = numbers(answers=False)
    model.show_count(PAGE * 500)
    for page in range(500):
        model.give(page)
    held = sum(model.index(model.rowCount() - 1 - page * PAGE, 0).data() != "…" for page in range(500))
    assert held == 64
    model.show_count(3)
    assert shown(model, 0) == "…"
    assert model.row_at(3) is None
