"""Searching and reading, as a person does it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.gui.memory.conftest import Begin, Place
from timmy_desktop.gui.panel import OpenConversation, OpenMemory, OpenTask
from timmy_desktop.gui.panels.memory.filters import Chosen
from timmy_desktop.gui.panels.memory.finder import PAGE
from timmy_desktop.identifiers import new_id
from timmy_desktop.memory.types import PERSON, Change, NewEntry


async def test_it_answers_while_one_types_and_marks_why(place: Place, qtbot: QtBot) -> None:
    await place.told("My boat is called Wilma.", "The dog is called Bela.")
    panel = place.panel
    panel.focus_first()
    qtbot.keyClicks(panel.page.search, "which vessel")
    await eventually(lambda: panel.finder.query == "which vessel" and panel.settle())
    first = panel.model.rows[0]
    assert first.text == "My boat is called Wilma."
    assert first.score
    assert first.reason.startswith("meaning 0.")
    await place.search("boat Wilma")
    first = panel.model.rows[0]
    assert [first.text[start : start + length] for start, length in first.marks] == ["boat", "Wilma"]
    assert "“boat”, “Wilma” · meaning" in first.reason
    assert panel.page.told.text().startswith("2 memories in ")
    await place.calm()


async def test_a_late_answer_to_an_old_question_is_dropped(place: Place) -> None:
    await place.told("My boat is called Wilma.", "ECONNREFUSED means that Ollama is down.")
    page = place.panel.page
    page.search.setText("boat")
    page.ask_now()
    page.search.setText("ECONNREFUSED")
    page.ask_now()
    await place.calm()
    assert place.panel.model.rows[0].text.startswith("ECONNREFUSED")
    assert place.panel.finder.query == "ECONNREFUSED"
    await place.calm()


async def test_the_list_follows_what_is_remembered_and_keeps_its_promises(place: Place) -> None:
    model = place.panel.model
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    await place.told("One", "Two")
    await eventually(lambda: place.texts == ["Two", "One"])
    place.panel.page.list.setCurrentIndex(model.index(1))
    [three] = await place.told("Three")
    await eventually(lambda: place.texts == ["Three", "Two", "One"])
    assert place.panel.page.list.currentIndex().row() == 2
    await place.memory.change([three.id], Change(content="Three, changed"))
    await eventually(lambda: place.texts[0] == "Three, changed")
    await place.memory.forget([three.id], asker=PERSON)
    await eventually(lambda: place.texts == ["Two", "One"])
    await place.calm()


async def test_thousands_are_paged_by_key_and_no_body_is_held(begin: Begin) -> None:
    place = await begin()
    long = "word " * 300
    pieces = [NewEntry(content=f"Entry {number}. {long}", type="conversation") for number in range(PAGE + 30)]
    await place.memory._store.add_all(pieces)
    await place.calm()
    panel = place.panel
    await eventually(lambda: panel.model.rowCount() == PAGE and panel.model.more_to_come)
    assert max(len(row.text) for row in panel.model.rows) < 300
    panel.page.list.scrollToBottom()
    await eventually(lambda: panel.model.rowCount() == PAGE + 30)
    assert place.texts[-1].startswith("Entry 0.")
    await place.told("The newest")
    await eventually(lambda: place.texts[0] == "The newest")
    assert panel.model.rowCount() == PAGE + 31
    await place.calm()


async def test_filters_narrow_it_down_and_say_when_nothing_is_left(place: Place, qtbot: QtBot) -> None:
    await place.told("My boat is called Wilma.", pinned=True)
    await place.told("We spoke of tides.", type="conversation", owner="timmy")
    panel, filters = place.panel, place.panel.page.filters
    qtbot.mouseClick(filters.types["fact"], Qt.MouseButton.LeftButton)
    await eventually(lambda: place.texts == ["My boat is called Wilma."])
    filters.choose(Chosen(owner="timmy"))
    await eventually(lambda: place.texts == ["We spoke of tides."])
    filters.choose(Chosen(pinned=True))
    await eventually(lambda: place.texts == ["My boat is called Wilma."])
    filters.choose(Chosen(time="older"))
    await eventually(lambda: place.texts == [])
    state = panel.page.state
    assert panel.page.stack.currentWidget() is state
    assert "Nothing passes these filters" in state.accessibleName()
    panel.page.clear()
    await eventually(lambda: len(place.texts) == 2)
    await place.calm()


async def test_reading_tells_where_it_came_from_and_who_used_it(place: Place) -> None:
    conversation, task, reply = new_id(), new_id(), new_id()
    [entry] = await place.told(
        "My boat is called Wilma.", conversation_id=conversation, task_id=task, source="a conversation"
    )
    context = await place.memory.context("boat", asker=PERSON, budget_tokens=200)
    await place.memory.record_uses(
        context, reply_id=reply, reply_kind="task", by="echo", reply_text=f"Wilma [{entry.cite}]"
    )
    await place.memory.change([entry.id], Change(content="My boat is called Wilma II."))
    panel = place.panel
    assert panel.fulfil(OpenMemory(entry.cite))
    await eventually(lambda: panel.reader.entry is not None and len(panel.reader.reading.uses) == 3)
    reader = panel.reader
    assert ("You", "owner") in reader.facts.facts
    assert ("a conversation", "source") in reader.facts.facts
    assert reader.uses.told.text() == "Found once, given to the model once, cited once."
    assert [version.content for version in reader.reading.versions] == ["My boat is called Wilma."]
    for name in ("conversation", "task"):
        reader.act_requested.emit(name)
    reader.uses.reply_requested.emit("task", reply)
    assert OpenConversation(conversation) in place.wishes
    assert OpenTask(task) in place.wishes
    assert OpenTask(reply) in place.wishes
    reader.place_requested.emit("task", task, "One task")
    await eventually(lambda: place.texts == ["My boat is called Wilma II."])
    assert not panel.page.filters.chosen.is_default
    await place.calm()


async def test_keys_go_from_the_search_to_the_list_to_the_entry_and_back(begin: Begin, qtbot: QtBot) -> None:
    place = await begin(width=380)
    await place.told("One", "Two")
    panel = place.panel
    panel.focus_first()
    qtbot.keyClick(panel.page.search, Qt.Key.Key_Return)
    assert panel.page.list.hasFocus()
    qtbot.keyClick(panel.page.list, Qt.Key.Key_Down)
    qtbot.keyClick(panel.page.list, Qt.Key.Key_Return)
    await eventually(lambda: panel.reader.isVisible() and panel.reader.entry is not None)
    assert panel.reader.entry.content == "One"
    assert panel.tabs.isHidden()
    qtbot.keyClick(panel.reader.back_button, Qt.Key.Key_Escape)
    assert panel.tabs.isVisible()
    assert panel.page.list.hasFocus()
    qtbot.keyClick(panel.page.list, Qt.Key.Key_Slash)
    assert panel.page.search.hasFocus()
    await place.calm()


async def test_what_is_gone_meanwhile_is_said_in_its_place(place: Place, expected_log: object) -> None:
    expected_log("memory.entry failed")  # type: ignore[operator]
    place.panel.open_entry(new_id())
    await eventually(lambda: "can't be shown" in place.panel.reader.empty.accessibleName())
    await place.calm()
