"""Facts: told, proposed, nodded to, corrected in their row."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.gui.memory.conftest import Place
from timmy_desktop.gui.panels.memory.facts_model import Column
from timmy_desktop.gui.panels.memory.facts_table import button_places
from timmy_desktop.memory.types import PERSON


def facts(place: Place) -> list[str]:
    return [("? " if fact.row.is_proposed else "") + fact.row.text for fact in place.panel.facts.model.rows]


def turn_to_facts(place: Place) -> Any:
    place.panel.tabs.setCurrentWidget(place.panel.facts)
    return place.panel.facts


async def test_proposed_facts_stand_first_and_wait_for_a_nod(place: Place, qtbot: QtBot) -> None:
    page = turn_to_facts(place)
    QAbstractItemModelTester(page.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    await place.told("I live in Lübeck.")
    await place.told("I moved to Travemünde.", "Lena plays the cello.", state="proposed")
    await eventually(lambda: len(facts(place)) == 3)
    assert facts(place)[2] == "I live in Lübeck."
    assert place.panel.tabs.tabText(1) == "Facts (2)"
    assert page.waiting.text() == "2 facts wait for your nod"
    page.table.choose_place(0)
    page.table.setFocus()
    assert facts(place)[0] == "? Lena plays the cello."
    qtbot.keyClick(page.table, Qt.Key.Key_R)
    await eventually(lambda: facts(place)[0] == "? I moved to Travemünde.")
    qtbot.keyClick(page.table, Qt.Key.Key_A)
    # It contradicts the older one, which is replaced.
    await eventually(lambda: facts(place) == ["I moved to Travemünde."])
    assert place.panel.tabs.tabText(1) == "Facts"
    place.panel.undo()
    await eventually(lambda: facts(place) == ["? I moved to Travemünde.", "I live in Lübeck."])
    place.panel.undo()
    await eventually(lambda: "? Lena plays the cello." in facts(place))
    await place.calm()


async def test_the_buttons_in_the_row_do_the_same(place: Place, qtbot: QtBot) -> None:
    page = turn_to_facts(place)
    [entry] = await place.told("Lena plays the cello.", state="proposed")
    await eventually(lambda: len(facts(place)) == 1)
    cell = page.table.visualRect(page.model.index(0, Column.FACT))
    accept, _ = button_places(cell)
    qtbot.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=accept.center())
    await eventually(lambda: facts(place) == ["Lena plays the cello."])
    assert (await place.memory.entry(entry.id, asker=PERSON)).state == "accepted"
    await place.calm()


async def test_all_can_be_rejected_at_once(place: Place, qtbot: QtBot) -> None:
    page = turn_to_facts(place)
    await place.told("One fact of two.", "Another fact of two.", state="proposed")
    await eventually(lambda: len(facts(place)) == 2)
    qtbot.mouseClick(page.reject_button, Qt.MouseButton.LeftButton)
    await eventually(lambda: facts(place) == [])
    assert "No facts yet" in page.state.accessibleName()
    await place.calm()


async def test_a_fact_is_told_and_what_it_may_contradict_is_said(place: Place, qtbot: QtBot) -> None:
    page = turn_to_facts(place)
    await place.told("The harbour office opens at 8 on weekdays in winter")
    qtbot.keyClicks(page.tell, "The harbour office opens at 9 on weekdays in winter")
    qtbot.keyClick(page.tell, Qt.Key.Key_Return)
    await eventually(lambda: "opens at 8" in page.rival.words)
    assert page.tell.text() == ""
    await eventually(lambda: len(facts(place)) == 2)
    qtbot.mouseClick(page.rival.action_button, Qt.MouseButton.LeftButton)
    await eventually(lambda: facts(place) == ["The harbour office opens at 9 on weekdays in winter"])
    assert page.rival.words == ""
    await place.calm()


async def test_a_fact_is_corrected_in_its_row(place: Place, qtbot: QtBot) -> None:
    page = turn_to_facts(place)
    await place.told("I live in Lübeck.")
    await eventually(lambda: len(facts(place)) == 1)
    page.table.choose_place(0)
    page.table.setFocus()
    qtbot.keyClick(page.table, Qt.Key.Key_F2)
    editor = page.table.viewport().findChild(QLineEdit)
    assert editor is not None
    editor.selectAll()
    qtbot.keyClicks(editor, "I live in Kiel.")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    await eventually(lambda: facts(place) == ["I live in Kiel."])
    await place.calm()


async def test_what_is_too_long_for_its_row_is_edited_in_the_pane(place: Place, qtbot: QtBot) -> None:
    page = turn_to_facts(place)
    await place.told("A long fact. " * 60)
    await eventually(lambda: len(facts(place)) == 1)
    page.table.choose_place(0)
    page.table.setFocus()
    qtbot.keyClick(page.table, Qt.Key.Key_F2)
    await eventually(lambda: place.panel.reader.is_editing)
    assert place.panel.reader.box.edit.text().startswith("A long fact.")
    await place.calm()


async def test_columns_give_way_and_are_kept(place: Place) -> None:
    page = turn_to_facts(place)
    page.table.horizontalHeader().resizeSection(Column.SOURCE, 177)
    page.resize(380, 400)
    assert page.table.isColumnHidden(Column.SOURCE)
    page.resize(900, 400)
    assert not page.table.isColumnHidden(Column.SOURCE)
    kept: dict[str, Any] = {}
    place.panel.tabs.keep(type("K", (), {"put": lambda _, name, value: kept.update({name: value})})())
    assert kept["widths-facts"].split(",")[Column.SOURCE] == "177"
    assert page.table.visualRect(page.model.index(0, 0)).topLeft() != QPoint(-1, -1)
    await place.calm()
