"""Under an answer stands what it took from the memory: found, given, cited, each to be opened."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QToolButton
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.fakes.timmy import FakeTimmy
from tests.gui.panels.conftest import FakeRecalled, Place
from tests.gui.panels.test_chat_panel import ask, begin, ended
from timmy_desktop.gui.panel import OpenMemory
from timmy_desktop.gui.panels.chat.message_widget import AssistantMessage


def words_of(answer: AssistantMessage) -> list[str]:
    assert answer.recalled is not None
    assert answer.recalled.list is not None
    return [one.text() for one in answer.recalled.list.findChildren(QLabel)]


async def test_what_was_found_given_and_cited_is_told_apart_and_opens(
    chat_place: Place, timmy: FakeTimmy, recalled: FakeRecalled, qtbot: QtBot
) -> None:
    panel = await begin(chat_place)
    answer = await ask(panel, qtbot, "What is my boat called?")
    reply_id = answer.entry.message.id
    boat = recalled.used(reply_id, "My boat is called Marigold", "retrieved", "injected", "cited")
    recalled.used(reply_id, "The harbour is closed", "retrieved", "injected")
    recalled.used(reply_id, "Boats need paint", "retrieved")
    assert answer.recalled is None
    timmy.finish("Marigold", provider="ollama", model="llama3.2")
    await ended(panel)
    await eventually(lambda: answer.recalled is not None)
    assert answer.recalled is not None
    assert answer.recalled.button.text().strip() == "Used 2 memories, cites 1"

    qtbot.mouseClick(answer.recalled.button, Qt.MouseButton.LeftButton)
    await eventually(lambda: answer.recalled.list is not None)
    assert [words.split(" (")[0] for words in words_of(answer)] == [
        "Cited",
        f"[{boat.cite}] My boat is called Marigold",
        "Given to the model, not cited",
        *[words.split(" (")[0] for words in words_of(answer) if "harbour" in words],
        "Found, not given to the model",
        *[words.split(" (")[0] for words in words_of(answer) if "paint" in words],
    ]
    assert answer.recalled.list is not None
    qtbot.mouseClick(answer.recalled.list.findChildren(QToolButton)[0], Qt.MouseButton.LeftButton)
    assert chat_place.wishes[-1] == OpenMemory(boat.id)

    qtbot.mouseClick(answer.recalled.button, Qt.MouseButton.LeftButton)
    await eventually(lambda: answer.recalled.list is None)


async def test_an_earlier_answer_tells_it_too_and_what_was_forgotten_since(
    chat_place: Place, timmy: FakeTimmy, recalled: FakeRecalled, qtbot: QtBot
) -> None:
    conversation = await timmy.new_conversation()
    timmy.add(conversation, "user", "What is my boat called?")
    message = timmy.add(conversation, "assistant", "Marigold")
    gone = recalled.used(message.id, "My boat is called Marigold", "injected")
    del recalled.entries[gone.id]
    panel = await begin(chat_place)
    answer = panel.view.shown[-1]
    assert isinstance(answer, AssistantMessage)
    await eventually(lambda: answer.recalled is not None)
    assert answer.recalled is not None
    assert answer.recalled.button.text().strip() == "Used 1 memory, cites none"
    qtbot.mouseClick(answer.recalled.button, Qt.MouseButton.LeftButton)
    await eventually(lambda: answer.recalled.list is not None)
    assert words_of(answer) == ["Given to the model, not cited", "Forgotten since."]


async def test_an_answer_without_the_memory_says_nothing_of_it(
    chat_place: Place, timmy: FakeTimmy, qtbot: QtBot
) -> None:
    panel = await begin(chat_place)
    answer = await ask(panel, qtbot, "Hello")
    timmy.finish("Hello")
    await ended(panel)
    assert answer.recalled is None
