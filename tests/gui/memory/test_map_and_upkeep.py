"""The map, the numbers, the self-test, the index, export and import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.fakes.memory_world import FakeEmbedder
from tests.gui.memory.conftest import Begin, Place
from timmy_desktop.gui.panels.memory.wording import TYPES
from timmy_desktop.gui.theme import Theme

FACTS = (
    "My boat is called Wilma.",
    "My sister lives in Kiel.",
    "My car is a Skoda.",
    "I work as a harbour pilot.",
    "I live in Travemünde.",
    "I prefer metric units.",
)


async def turned_to(place: Place, page: Any) -> None:
    place.panel.tabs.setCurrentWidget(page)
    await place.calm()


async def test_the_map_tells_on_hover_opens_on_click_and_zooms(place: Place, qtbot: QtBot) -> None:
    await place.told(*FACTS)
    panel = place.panel
    await turned_to(place, panel.map)
    view = panel.map.map
    assert len(view.points) == len(FACTS)
    point = view.points[0]
    at = view.place_of(point.entry_id)
    qtbot.mouseMove(view, at)
    assert view.words_of(0) == f"Fact: {point.label}"
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=at)
    await eventually(lambda: panel.reader.entry is not None)
    assert panel.reader.isVisible()
    assert panel.reader.entry.id == point.entry_id
    assert view.current_id == point.entry_id
    before = view.lens
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    assert view.lens.zoom > before.zoom
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    qtbot.mouseMove(view, QPoint(60, 40))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(60, 40))
    assert (view.lens.x, view.lens.y) != (before.x, before.y)
    qtbot.keyClick(view, Qt.Key.Key_0)
    assert view.lens.zoom == 1
    await place.calm()


async def test_the_map_is_reached_by_keys_and_as_a_list(place: Place, qtbot: QtBot) -> None:
    await place.told(*FACTS)
    await place.told("We spoke of tides.", type="conversation")
    panel = place.panel
    await turned_to(place, panel.map)
    view = panel.map.map
    view.setFocus()
    assert view.accessibleName().startswith("Map of 7 memories.")
    qtbot.keyClick(view, Qt.Key.Key_Right)
    first = view.current_id
    reached = {first}
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Right, Qt.Key.Key_Down) * 3:
        qtbot.keyClick(view, key)
        reached.add(view.current_id)
    assert len(reached) > 2
    assert view.accessibleName() == view.words_of(view.current)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    await eventually(lambda: panel.reader.entry is not None and panel.reader.entry.id == view.current_id)
    qtbot.mouseClick(panel.map.chips["fact"], Qt.MouseButton.LeftButton)
    assert [row.words[1] for row in panel.map.list.cells.rows] == ["Conversation"]
    qtbot.mouseClick(panel.map.list_button, Qt.MouseButton.LeftButton)
    assert panel.map.list.isVisible()
    await place.calm()


async def test_points_have_the_colours_of_their_types(place: Place) -> None:
    await place.told(*FACTS[:3])
    await place.told("We spoke of tides.", "We spoke of nets.", type="conversation")
    await turned_to(place, place.panel.map)
    view = place.panel.map.map
    picture = view.grab().toImage()
    seen = {point.type: picture.pixelColor(view.place_of(point.entry_id)).name() for point in view.points}
    theme = Theme.current()
    assert seen == {kind: theme.color(TYPES[kind].role).name() for kind in ("fact", "conversation")}
    assert seen["fact"] != seen["conversation"]
    await place.calm()


async def test_numbers_are_told(place: Place) -> None:
    await place.told(*FACTS)
    await place.told("We spoke of tides.", type="conversation", owner="timmy", visibility="private")
    panel = place.panel
    await turned_to(place, panel.upkeep)
    facts = {name: value for value, name in panel.upkeep.statistics.strip.facts}
    assert facts["memories"] == "7"
    assert facts["private"] == "1"
    assert panel.upkeep.statistics.bars["Types"].accessibleName() == "Types: Facts 6, Conversations 1"
    await place.calm()


async def test_the_self_test_tells_recall_and_an_embedder_swap_sets_off_the_alarm(
    begin: Begin, qtbot: QtBot
) -> None:
    place = await begin()
    await place.told(*FACTS)
    panel = place.panel
    await turned_to(place, panel.upkeep)
    test = panel.upkeep.test
    qtbot.mouseClick(test.start_button, Qt.MouseButton.LeftButton)
    await eventually(lambda: test.notice.words)
    assert "of 6 facts found among the first five" in test.notice.words
    assert len(test.table.cells.rows) == 6
    await place.close()
    again = await begin(embedder=FakeEmbedder("other@2", salt="other"))
    await again.memory.settled()
    panel = again.panel
    await turned_to(again, panel.upkeep)
    panel.upkeep_desk.run_self_test()
    await eventually(lambda: panel.upkeep.test.notice.words)
    assert panel.upkeep.test.notice.words.startswith("The embedding model is another one: other@2")
    await again.calm()


async def test_the_index_is_rebuilt_with_progress(place: Place, qtbot: QtBot) -> None:
    await place.told(*FACTS)
    panel = place.panel
    await turned_to(place, panel.upkeep)
    qtbot.mouseClick(panel.upkeep.index.rebuild_button, Qt.MouseButton.LeftButton)
    assert panel.upkeep.index.progress.isVisibleTo(panel.upkeep.index)
    assert not panel.upkeep.index.rebuild_button.isEnabled()
    await eventually(lambda: "The index was built anew and holds 6 memories." in place.said)
    assert panel.upkeep.index.progress.isHidden()
    assert panel.upkeep.index.rebuild_button.isEnabled()
    await place.calm()


async def test_export_and_import_tell_what_came_of_it(
    place: Place, tmp_path: Path, expected_log: Any
) -> None:
    await place.told(*FACTS)
    acts, file = place.panel.acts, tmp_path / "memory.jsonl"
    acts.export_to(str(file))
    await eventually(lambda: any("6 memories written" in words for words in place.said))
    acts.import_from(str(file))
    await eventually(lambda: any("All of it was here already." in words for words in place.said))
    expected_log("memory.import-lines failed")
    file.write_text("no JSON\n")
    acts.import_from(str(file))
    await eventually(lambda: any("Nothing was imported." in words for words in place.said))
    await place.calm()
