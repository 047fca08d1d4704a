"""Correcting, pinning, merging and undoing, of one and of many."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QItemSelectionModel, Qt
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.gui.memory.conftest import Place
from timmy_desktop.gui.panels.memory.filters import Chosen
from timmy_desktop.gui.panels.memory.menu import menu_of
from timmy_desktop.gui.panels.memory.merge_dialog import MergeDialog
from timmy_desktop.memory.types import PERSON


async def now(place: Place, entry_id: str) -> Any:
    return await place.memory.entry(entry_id, asker=PERSON)


def choose(place: Place, *numbers: int) -> None:
    view = place.panel.page.list
    view.setCurrentIndex(place.panel.model.index(numbers[0]))
    for number in numbers[1:]:
        view.selectionModel().select(
            place.panel.model.index(number), QItemSelectionModel.SelectionFlag.Select
        )


async def test_edit_keeps_the_text_before_and_can_be_undone(place: Place, qtbot: QtBot) -> None:
    [entry] = await place.told("My boat is called Wilma.")
    panel = place.panel
    choose(place, 0)
    qtbot.keyClick(panel.page.list, Qt.Key.Key_E)
    await eventually(lambda: panel.reader.is_editing)
    panel.reader.box.edit.set_text("My boat is called Hanne.")
    qtbot.keyClick(panel.reader.box.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    await eventually(lambda: place.texts == ["My boat is called Hanne."] and not panel.reader.is_editing)
    await place.calm()
    assert panel.told.done.words.startswith("Edited a memory.")
    assert [one.content for one in panel.reader.reading.versions] == ["My boat is called Wilma."]
    qtbot.mouseClick(panel.told.done.action_button, Qt.MouseButton.LeftButton)
    await eventually(lambda: place.texts == ["My boat is called Wilma."])
    assert (await now(place, entry.id)).content == "My boat is called Wilma."
    await place.calm()


async def test_an_empty_text_is_not_saved_and_escape_leaves_it(place: Place, qtbot: QtBot) -> None:
    [entry] = await place.told("My boat is called Wilma.")
    place.panel.act("edit", [place.panel.model.rows[0]])
    box = place.panel.reader.box
    await eventually(lambda: place.panel.reader.is_editing)
    box.edit.set_text("  ")
    qtbot.mouseClick(box.save_button, Qt.MouseButton.LeftButton)
    assert "empty" in box.problem.words
    qtbot.keyClick(box.edit, Qt.Key.Key_Escape)
    assert not place.panel.reader.is_editing
    assert (await now(place, entry.id)).content == "My boat is called Wilma."
    await place.calm()


async def test_many_are_pinned_and_changed_at_once_and_it_is_undone(place: Place, qtbot: QtBot) -> None:
    one, two, three = await place.told("One", "Two", "Three")
    panel = place.panel
    await place.memory.pin([two.id])
    await place.calm()
    await eventually(lambda: panel.model.row_of(two.id).pinned)
    choose(place, 0, 1, 2)
    assert panel.page.bulk.isVisible()
    assert panel.page.bulk.words.text() == "3 memories chosen"
    qtbot.mouseClick(panel.page.bulk.buttons["pin"], Qt.MouseButton.LeftButton)
    await eventually(lambda: all(row.pinned for row in panel.model.rows))
    panel.act("private", panel.page.list.chosen)
    await eventually(lambda: all(row.visibility == "private" for row in panel.model.rows))
    panel.act("type conversation", panel.page.list.chosen)
    await eventually(lambda: all(row.type == "conversation" for row in panel.model.rows))
    for _step in range(3):
        panel.undo()
        await place.calm()
    rows = {row.id: row for row in panel.model.rows}
    assert [rows[entry.id].pinned for entry in (one, two, three)] == [False, True, False]
    assert {row.type for row in rows.values()} == {"fact"}
    assert {row.visibility for row in rows.values()} == {"shared"}
    await place.calm()


async def test_merge_makes_one_of_several_and_undo_gives_them_back(place: Place) -> None:
    await place.told("Wilma is blue.", "Wilma has a bilge pump.")
    panel = place.panel
    choose(place, 0, 1)
    panel.act("merge", panel.page.list.chosen)
    await eventually(lambda: panel.findChild(MergeDialog) is not None)
    dialog = panel.findChild(MergeDialog)
    dialog.box.edit.set_text("Wilma is blue and has a bilge pump.")
    dialog.box.save_button.click()
    await eventually(lambda: place.texts == ["Wilma is blue and has a bilge pump."])
    panel.page.filters.choose(Chosen(state="replaced"))
    await eventually(lambda: len(place.texts) == 3)
    panel.page.clear()
    await place.calm()
    panel.undo()
    await eventually(lambda: place.texts == ["Wilma has a bilge pump.", "Wilma is blue."])
    await place.calm()


async def test_what_was_replaced_says_so_and_can_be_restored(place: Place, qtbot: QtBot) -> None:
    old, new = await place.told("My car is a Volvo.", "My car is a Skoda.")
    await place.memory.supersede(old.id, new.id)
    panel = place.panel
    panel.open_entry(old.id)
    await eventually(lambda: panel.reader.entry is not None and panel.reader.entry.id == old.id)
    assert "Replaced by “My car is a Skoda.”" in panel.reader.state_words.text()
    qtbot.mouseClick(panel.reader.state_buttons["newer"], Qt.MouseButton.LeftButton)
    await eventually(lambda: panel.reader.entry.id == new.id)
    panel.open_entry(old.id)
    await eventually(lambda: panel.reader.entry.id == old.id)
    qtbot.mouseClick(panel.reader.state_buttons["restore"], Qt.MouseButton.LeftButton)
    await eventually(lambda: len(place.texts) == 2 and not panel.reader.entry.superseded_by)
    panel.undo()
    await eventually(lambda: place.texts == ["My car is a Skoda."])
    panel.act("supersede", [panel.model.rows[0]])
    assert place.texts == ["My car is a Skoda."]
    await place.calm()


async def test_the_menu_offers_what_fits_the_rows(place: Place, clipboard: Any) -> None:
    await place.told("One", "Two")
    panel = place.panel
    one = menu_of(panel, panel.model.rows[:1], lambda name: None)
    both = menu_of(panel, panel.model.rows, lambda name: panel.act(name, panel.model.rows))
    texts = [[action.text().split("\t")[0] for action in menu.actions()] for menu in (one, both)]
    assert "Edit…" in texts[0]
    assert "Merge into one…" not in texts[0]
    assert {"Merge into one…", "Replace the older by the newer", "Forget…"} <= set(texts[1])
    next(action for action in both.actions() if action.text().startswith("Copy")).trigger()
    await eventually(lambda: clipboard.text() == "Two\n\nOne")
    for menu in (one, both):
        menu.deleteLater()
    await place.calm()


async def test_what_is_folded_behind_a_result_is_reached_from_it(place: Place) -> None:
    first, second = await place.told(
        "The ferry to the island leaves at noon each day", "the ferry to the island leaves at noon, each day!"
    )
    panel = place.panel
    await place.search("when does the ferry leave for the island")
    [row] = panel.model.rows
    [behind] = row.folded
    assert {row.id, behind} == {first.id, second.id}
    menu = menu_of(panel, [row], lambda name: panel.act(name, [row]))
    alike = next(action.menu() for action in menu.actions() if action.text() == "1 alike")
    opens, _, merges = alike.actions()  # type: ignore[attr-defined]
    opens.trigger()
    await eventually(lambda: panel.reader.entry is not None and panel.reader.entry.id == behind)
    merges.trigger()
    await eventually(lambda: panel.findChild(MergeDialog) is not None)
    panel.findChild(MergeDialog).box.save_button.click()
    await eventually(lambda: len(place.texts) == 1 and not panel.model.rows[0].folded)
    menu.deleteLater()
    await place.calm()


async def test_there_is_nothing_to_undo_at_first(place: Place) -> None:
    place.panel.undo()
    assert place.said == ["There is nothing to undo here. Forgetting can't be undone."]
    await place.calm()
