"""What the dock shows when there is nothing, when it waits, and when something is the matter."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.fakes.memory_world import FakeEmbedder, FakeIndex
from tests.gui.memory.conftest import Begin, Place
from timmy_desktop.gui.colors import DARK
from timmy_desktop.gui.style import style_sheet
from timmy_desktop.gui.theme import Theme
from timmy_desktop.memory.types import NewEntry


async def test_an_empty_memory_says_what_to_do_first(place: Place, qtbot: QtBot) -> None:
    panel = place.panel
    assert "Nothing is remembered yet" in panel.page.state.accessibleName()
    assert panel.reader.isHidden()
    for page, words in (
        (panel.facts, "No facts yet"),
        (panel.documents, "No documents yet"),
        (panel.map, "Nothing to draw yet"),
    ):
        panel.tabs.setCurrentWidget(page)
        await place.calm()
        assert words in page.state.accessibleName()
    panel.tell_a_fact()
    assert panel.facts.tell.hasFocus()
    qtbot.keyClicks(panel.facts.tell, "My boat is called Wilma.")
    qtbot.keyClick(panel.facts.tell, Qt.Key.Key_Return)
    await eventually(lambda: len(panel.facts.model.rows) == 1)
    panel.focus_first()
    await eventually(lambda: place.texts == ["My boat is called Wilma."])
    await eventually(panel.reader.isVisible)  # the count follows a moment later
    await place.calm()


async def test_without_an_embedder_words_still_search_and_it_can_be_tried_again(begin: Begin) -> None:
    embedder = FakeEmbedder(missing=True)
    place = await begin(embedder=embedder)
    told: list[str] = []
    place.panel.subtitle_changed.connect(told.append)
    await place.told("My boat is called Wilma.")
    panel = place.panel
    assert panel.told.status.words.startswith("Words still search, meanings do not.")
    await place.search("boat")
    assert place.texts == ["My boat is called Wilma."]
    assert panel.page.note.words == ""  # it is said above already
    assert told[-1] == "1 memory, words only"
    await place.search("which vessel")
    assert "meaning was not searched" in panel.page.state.accessibleName()
    panel.upkeep_desk.run_self_test()
    await eventually(lambda: panel.upkeep.test.notice.words)
    assert panel.upkeep.test.notice.words.endswith("were searched. Run it again once the model is there.")
    embedder.missing = False
    panel.told.status.action_button.click()
    await eventually(lambda: place.memory.status().embedder == "ready" and panel.told.status.words == "")
    await place.search("which vessel")
    await eventually(lambda: place.texts == ["My boat is called Wilma."])
    await place.calm()


async def test_a_broken_index_is_said_and_rebuilt_by_one_click(begin: Begin, expected_log: Any) -> None:
    expected_log("set aside")
    index = FakeIndex()
    index.faults = 10
    place = await begin(index=index)
    await place.told("My boat is called Wilma.")
    await eventually(lambda: place.panel.told.status.words.startswith("The vector index is damaged."))
    index.faults = 0
    place.panel.told.status.action_button.click()
    await eventually(lambda: any("built anew" in words for words in place.said))
    assert place.panel.told.status.words == ""
    await place.calm()


async def test_what_cannot_be_read_is_said_with_a_way_on(place: Place, expected_log: Any) -> None:
    await place.told("My boat is called Wilma.")
    expected_log("memory.search failed")
    rename = "ALTER TABLE memory_entries RENAME TO memory_entries_gone"
    await place.world.db.write(lambda session: session.sql(rename))
    await place.search("boat")
    state = place.panel.page.state
    assert place.panel.page.stack.currentWidget() is state
    assert state.accessibleName().startswith("The memory can't be read. The database refused")
    back = "ALTER TABLE memory_entries_gone RENAME TO memory_entries"
    await place.world.db.write(lambda session: session.sql(back))
    place.panel.page.retry()
    await eventually(lambda: place.texts == ["My boat is called Wilma."])
    await place.calm()


async def test_every_control_that_takes_the_focus_has_a_name(place: Place) -> None:
    await place.told("My boat is called Wilma.", conversation_id="c", task_id="t")
    panel = place.panel
    panel.open_entry(panel.model.rows[0].id)
    await place.calm()
    from PySide6.QtGui import QAccessible

    for number in range(panel.tabs.count()):
        panel.tabs.setCurrentIndex(number)
        await place.calm()
        for widget in panel.findChildren(QWidget):
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
                interface = QAccessible.queryAccessibleInterface(widget)
                assert interface is not None
                assert interface.text(QAccessible.Text.Name) or widget.accessibleName(), widget
    await place.calm()


async def test_it_is_readable_at_its_smallest_and_in_both_themes(begin: Begin, qapp: QApplication) -> None:
    place = await begin(width=300, height=240)
    await place.told("My boat is called Wilma.")
    panel = place.panel
    try:
        for theme in ("light", "dark"):
            Theme.current().switch(theme)
            for number in range(panel.tabs.count()):
                panel.tabs.setCurrentIndex(number)
                await place.calm()
                assert panel.width() == 300
                assert panel.tabs.width() <= 300
                assert not panel.grab().isNull()
    finally:
        Theme.current().switch("dark")
    await place.calm()


async def test_on_a_narrow_dock_every_tab_is_read_whole(begin: Begin) -> None:
    place = await begin(width=320, height=400)
    place.panel.setStyleSheet(style_sheet(DARK, 9, 13))
    await place.told("My boat is called Wilma.", "I live in Ghent.", state="proposed")
    bar = place.panel.tabs.tabBar()
    await eventually(lambda: "2" in bar.tabText(1))
    assert [bar.tabText(number) for number in range(bar.count())] == [
        "Search", "Facts (2)", "Files", "Map", "Upkeep",
    ]  # fmt: skip
    for number in range(bar.count()):
        needed = bar.fontMetrics().horizontalAdvance(bar.tabText(number)) + 8
        assert bar.tabRect(number).width() >= needed, bar.tabText(number)
    assert bar.tabRect(bar.count() - 1).right() <= 320


async def test_the_palette_offers_its_commands(place: Place) -> None:
    commands = {action.text(): action for action in place.panel.palette_actions()}
    assert {"Search the memory", "Tell a fact", "Show the map of memories"} <= set(commands)
    commands["Show the map of memories"].trigger()
    assert place.panel.tabs.currentWidget() is place.panel.map
    commands["Search the memory"].trigger()
    assert place.panel.page.search.hasFocus()
    await place.calm()


async def test_ten_thousand_entries_do_not_stall_the_window(begin: Begin) -> None:
    place = await begin()
    pieces = [
        NewEntry(content=f"Entry {number} of many, about boats and tides.", type="conversation")
        for number in range(10_000)
    ]
    for start in range(0, len(pieces), 1000):
        await place.memory._store.add_all(pieces[start : start + 1000])
    await place.memory.settled()
    await place.calm()
    longest, running = 0.0, True

    async def watch() -> None:
        nonlocal longest
        while running:
            before = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - before)

    watching = asyncio.create_task(watch())
    for words in ("boats", "tides 77", ""):
        await place.search(words)
    for _page in range(4):
        place.panel.page.list.scrollToBottom()
        await place.calm()
    running = False
    await watching
    assert place.panel.model.rowCount() >= 800
    assert longest < 0.25  # 0.05 on a machine of its own; see the benches
    await place.calm()
