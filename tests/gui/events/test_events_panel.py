"""The Events dock as a person uses it, over a real log."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QColor, QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.unit.storage.event_logs import Room, a_room, changed
from timmy_desktop.events.base import Event
from timmy_desktop.events.system import SystemFault, SystemInfo
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import OpenMemory, OpenRequest, OpenTask, Say
from timmy_desktop.gui.panels.events.chain_desk import ChainParts
from timmy_desktop.gui.panels.events.chain_page import ArchiveLine
from timmy_desktop.gui.panels.events.columns import COLUMNS, DATA
from timmy_desktop.gui.panels.events.error_marks import MarkedScrollBar
from timmy_desktop.gui.panels.events.histogram_view import HistogramView
from timmy_desktop.gui.panels.events.panel import CHAIN, LOG, SUMMARY, EventsPanel
from timmy_desktop.gui.panels.events.reader import EventReader
from timmy_desktop.gui.theme import Theme
from timmy_desktop.storage.event_counts import Bar, Histogram
from timmy_desktop.storage.event_filter import Condition, EventFilter
from timmy_desktop.storage.event_positions import Order
from timmy_desktop.storage.verification import ANCHOR_FILE
from timmy_desktop.supervisor import TaskSupervisor

EVENTS = 900
TASK = f"0192d3e8-7c1f-7a44-9d0e-{3:012x}"
HOSTILE = "=1+1\x1b[31m<b>bold</b>\u202eevil\u2066\x00\r\n" + "w" * 1_000_000


@dataclass
class World:
    """The dock, the log behind it, and what it wished."""

    panel: EventsPanel
    room: Room
    keepsakes: Keepsakes
    wishes: list[Any] = field(default_factory=list)

    async def settled(self) -> None:
        await eventually(self.panel.settle, 20)

    async def happen(self, *events: Event) -> None:
        await self.room.say(*events)

    def seqs(self, rows: int) -> list[int]:
        found = [self.panel.model.row(row) for row in range(rows)]
        return [row.seq for row in found if row is not None]


@asynccontextmanager
async def a_world(folder: Path, events: int = EVENTS) -> AsyncIterator[World]:
    async with a_room(folder / "log") as room:
        if events:
            await room.tell(events)
        await room.index.catch_up()
        room.anchor()
        supervisor, keepsakes = TaskSupervisor(), Keepsakes(folder / "kept.json")
        now_us = room.clock.now_us
        panel = EventsPanel(
            bus=room.bus, database=room.database, index=room.index, supervisor=supervisor, keepsakes=keepsakes,
            names={"agent-forge": "Forge"}, now_us=now_us,
            chain=ChainParts(
                log=room.log, database=room.database, pruning=room.pruning, anchor=room.folder / ANCHOR_FILE,
                archives=room.archives, now_us=now_us,
            ),
        )  # fmt: skip
        world = World(panel, room, keepsakes)
        panel.wished.connect(world.wishes.append)
        panel.resize(1200, 700)
        panel.show()
        await world.settled()
        try:
            yield world
        finally:
            panel.stop()
            await supervisor.close()
            panel.deleteLater()


def labels(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if action.text()]


def chosen(menu: QMenu, *path: str) -> QAction:
    """An action by the words on the way to it."""
    *above, last = path
    for words in above:
        menu = next(action.menu() for action in menu.actions() if action.text() == words)  # type: ignore[assignment]
    return next(action for action in menu.actions() if action.text().startswith(last))


# The list


async def test_the_list_knows_its_length_and_holds_little(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        panel = world.panel
        assert panel.model.rowCount() == EVENTS
        assert panel.page.total.text() == f"{EVENTS} events"
        assert world.seqs(3) == [EVENTS, EVENTS - 1, EVENTS - 2]
        assert len(panel.model._held) < EVENTS


async def test_the_model_behaves(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        tester = QAbstractItemModelTester(
            world.panel.model, QAbstractItemModelTester.FailureReportingMode.Fatal
        )
        await world.happen(*[SystemInfo(source="x", message=f"{number}") for number in range(70)])
        await eventually(lambda: world.panel.model.rowCount() == EVENTS + 70)
        world.panel.filter_by(EventFilter((Condition("type", "tool.*"),)))
        await world.settled()
        world.panel.sort_by(Order("agent", descending=False))
        await world.settled()
        del tester


async def test_a_jump_loads_what_is_there(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        bar = world.panel.page.table.verticalScrollBar()
        bar.setValue(bar.maximum())
        world.panel.page.table.viewport().repaint()
        await world.settled()
        await eventually(lambda: world.panel.model.row(EVENTS - 1) is not None)
        assert world.panel.model.row(EVENTS - 1).seq == 1  # type: ignore[union-attr]


async def test_what_happens_comes_on_top_while_following(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.happen(SystemInfo(source="x", message="hello"))
        await eventually(lambda: world.seqs(1) == [EVENTS + 1])
        assert world.panel.following


async def test_scrolling_away_stops_following_and_one_key_resumes(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        panel, table = world.panel, world.panel.page.table
        table.verticalScrollBar().setValue(40)
        table.viewport().repaint()
        await world.settled()
        top = panel.model.row(40)
        await world.happen(*[SystemInfo(source="x", message=f"{number}") for number in range(9)])
        await eventually(lambda: panel.page.new_button.text().strip() == "9 new")
        assert panel.model.rowCount() == EVENTS, "what one reads does not move"
        assert not panel.page.bar.follow_button.isChecked()
        assert panel.model.row(40) == top
        QTest.keyClick(table, Qt.Key.Key_Home)
        await eventually(lambda: panel.model.rowCount() == EVENTS + 9)
        await eventually(lambda: world.seqs(2) == [EVENTS + 9, EVENTS + 8])
        assert panel.page.new_button.isHidden()
        assert panel.following
        assert panel.page.bar.follow_button.isChecked()


async def test_a_sorted_list_stands_still(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        world.panel.sort_by(Order("type", descending=False))
        await world.settled()
        await world.happen(SystemInfo(source="x", message="later"))
        await world.settled()
        assert world.panel.model.rowCount() == EVENTS
        assert not world.panel.following
        QTest.keyClick(world.panel.page.table, Qt.Key.Key_Home)
        await eventually(lambda: world.panel.model.rowCount() == EVENTS + 1)


async def test_heads_sort_and_columns_are_chosen_and_kept(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        table = world.panel.page.table
        place = next(place for place, column in enumerate(COLUMNS) if column.name == "type")
        table.horizontalHeader().sectionClicked.emit(place)
        await world.settled()
        await eventually(lambda: bool(world.seqs(1)))
        assert world.panel.model.row(0).type == "agent.joined" or world.panel.model.row(0).type < "b"  # type: ignore[union-attr]
        next(action for action in table.columns_menu().actions() if action.text() == "Hash").setChecked(True)
        assert "hash" in world.keepsakes.text("columns")
        assert not next(
            action for action in table.columns_menu().actions() if action.text() == "Data"
        ).isEnabled()


async def test_columns_stand_the_next_time_as_they_were_left(tmp_path: Path) -> None:
    async with a_world(tmp_path, events=0) as world:
        table = world.panel.page.table
        head, kind = (
            table.horizontalHeader(),
            next(at for at, one in enumerate(COLUMNS) if one.name == "type"),
        )
        for name, shown in (("Hash", True), ("Agent", False)):
            next(one for one in table.columns_menu().actions() if one.text() == name).setChecked(shown)
        head.moveSection(head.visualIndex(kind), 0)
        head.resizeSection(kind, 222)
        left = table.column_names
    async with a_world(tmp_path, events=0) as world:
        table = world.panel.page.table
        assert table.column_names == left
        assert [one.partition("=")[0] for one in left] == ["type", "seq", "time", "task", "data", "hash"]
        assert table.horizontalHeader().sectionSize(kind) == 222
        table.show_columns(["time", "hash=-3", "nothing=1", "seq=" + "9" * 30])
        assert {one.partition("=")[0] for one in table.column_names} == {"time", "hash", "seq", "data"}
        table.show_columns([])


async def test_an_empty_log_says_so(tmp_path: Path) -> None:
    async with a_world(tmp_path, events=0) as world:
        assert world.panel.page.stack.currentWidget() is world.panel.page.state
        assert "empty" in world.panel.page.state.accessibleName()


async def test_a_log_that_cant_be_read_says_so_and_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected_log: Callable[[str], None]
) -> None:
    expected_log("events.list failed: the disk is gone")
    async with a_world(tmp_path) as world:

        async def fail(*_: object) -> None:
            raise OSError("the disk is gone")

        monkeypatch.setattr(EventReader, "query", fail)
        world.panel.desk.ask_again()
        await world.settled()
        assert "the disk is gone" in world.panel.page.state.accessibleName()
        monkeypatch.undo()
        world.panel._ask()
        await world.settled()
        assert world.panel.model.rowCount() == EVENTS


# Filters


async def test_filters_stack_as_chips_and_turn_into_their_opposite(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        panel = world.panel
        await eventually(lambda: panel.page.bar._choices is not None)
        chosen(panel.page.bar.filters_menu(), "Type", "All of tool").trigger()
        await world.settled()
        first = panel.model.rowCount()
        panel.add_filter(Condition("agent", "agent-forge"))
        await world.settled()
        assert 0 < panel.model.rowCount() < first
        words = [chip.words.text() for chip in panel.page.chips.chips]
        assert words == ["type tool.*", "agent agent-forge"]
        panel.page.chips.chips[1].words.click()
        await world.settled()
        assert panel.page.chips.chips[1].words.text() == "not agent agent-forge"
        assert 0 < panel.model.rowCount() < first
        panel.page.chips.chips[0].cross.click()
        await world.settled()
        assert len(panel.page.chips.chips) == 1
        panel.clear_filters()
        await world.settled()
        assert panel.model.rowCount() == EVENTS
        assert panel.page.chips.isHidden()


async def test_what_is_typed_is_looked_for_and_marked(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        bar = world.panel.page.bar
        bar.field.setText("lantern -type:task.completed severity:info")
        await eventually(lambda: 0 < world.panel.model.rowCount() < EVENTS)
        await world.settled()
        assert world.panel.page.table.delegate.words == ("lantern",)
        QTest.keyClick(bar.field, Qt.Key.Key_Return)
        await world.settled()
        assert bar.field.text() == ""
        assert [chip.words.text() for chip in world.panel.page.chips.chips] == [
            "text “lantern”", "not type task.completed", "severity info",
        ]  # fmt: skip


async def test_nothing_that_matches_offers_the_way_back(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        world.panel.page.bar.field.setText("nosuchword")
        await eventually(lambda: world.panel.page.stack.currentWidget() is world.panel.page.state)
        assert "Nothing matches" in world.panel.page.state.accessibleName()


async def test_a_filter_is_kept_by_name(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        panel = world.panel
        panel.filter_by(EventFilter((Condition("type", "tool.*"),)))
        panel.deeds.save_as("My tools")
        await eventually(lambda: "My tools" in panel.page.bar._saved)
        panel.clear_filters()
        chosen(panel.page.bar.filters_menu(), "Saved filters", "My tools").trigger()
        await eventually(lambda: panel._chips == EventFilter((Condition("type", "tool.*"),)))
        chosen(panel.page.bar.filters_menu(), "Forget a saved filter", "My tools").trigger()
        await eventually(lambda: not panel.page.bar._saved)


async def test_the_histogram_zooms(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        panel, view = world.panel, world.panel.page.histogram
        shown = view.shown
        assert shown is not None
        assert sum(bar.count for bar in shown.bars) == EVENTS
        QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(view.width() // 4, 10))
        QTest.mouseMove(view, QPoint(view.width() // 2, 10))
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(view.width() // 2, 10))
        await world.settled()
        assert EVENTS // 8 < panel.model.rowCount() < EVENTS // 2
        assert len(panel.page.chips.chips) == 1
        view.zoom(True, QPointF(view.rect().center()))
        await world.settled()
        assert panel.model.rowCount() < EVENTS // 4
        QTest.keyClick(view, Qt.Key.Key_Escape)
        await world.settled()
        assert panel.model.rowCount() == EVENTS


def test_the_histogram_is_coloured_by_severity(qtbot: QtBot) -> None:
    view, theme = HistogramView(), Theme.current()
    qtbot.addWidget(view)
    view.resize(300, view.sizeHint().height())
    bars = (Bar(0, 9, 0, 0), Bar(1_000_000, 0, 9, 0), Bar(2_000_000, 0, 0, 9))
    view.show_histogram(Histogram(0, 3_000_000, 1_000_000, bars), zoomed=False)
    picture = view.grab().toImage()
    seen = [picture.pixelColor(x, 30).name() for x in (50, 150, 250)]
    assert seen == [theme.color(role).name() for role in ("series1", "warn", "bad")]
    assert view.accessibleDescription() == "27 events, 9 errors"


async def test_a_range_of_time_is_left_out_by_a_click_on_its_chip(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        panel, shown = world.panel, world.panel.page.histogram.shown
        assert shown is not None
        since, until = shown.since_us + 100 * 1_000_000, shown.since_us + 300 * 1_000_000
        panel.page.histogram.range_chosen.emit(since, until)
        await world.settled()
        within = panel.model.rowCount()
        assert 0 < within < EVENTS
        [chip] = panel.page.chips.chips
        words = chip.words.text()
        chip.words.click()
        await world.settled()
        assert panel.model.rowCount() == EVENTS - within
        [chip] = panel.page.chips.chips
        assert chip.words.text() == f"not {words}"
        await eventually(lambda: sum(bar.count for bar in panel.page.histogram.shown.bars) == EVENTS - within)  # type: ignore[union-attr]
        await world.happen(SystemInfo(source="x", message="later"))
        await eventually(lambda: world.seqs(1) == [EVENTS + 1])
        chip.cross.click()
        await world.settled()
        assert panel.model.rowCount() == EVENTS + 1
        assert panel.page.chips.isHidden()


async def test_errors_are_marked_in_the_scroll_bar(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.happen(SystemFault(source="x", message="broken"))
        world.panel.desk.ask_again()
        await world.settled()
        assert min(world.panel.page.table.marks.places) == 0


def test_marks_of_errors_are_drawn_once_and_follow_the_theme(qtbot: QtBot) -> None:
    """Each of Qt's calls may wait for a busy thread: hundreds of marks in every frame held up the list."""
    theme, bar = Theme.current(), MarkedScrollBar()
    qtbot.addWidget(bar)
    bar.resize(14, 200)
    bar.show_marks(1_000, [(500, 4), (900, 1)])
    assert _mark_at(bar, 99) == theme.color("bad")
    assert _mark_at(bar, 178) not in (_mark_at(bar, 99), _mark_at(bar, 150)), "fewer errors, a fainter mark"
    drawn = bar._now().image.cacheKey()
    bar.grab()
    assert bar._now().image.cacheKey() == drawn
    bar.shift(1_000)
    assert _mark_at(bar, 149) == theme.color("bad")
    before = theme.name
    theme.switch("light" if theme.is_dark else "dark")
    assert _mark_at(bar, 149) == theme.color("bad")
    theme.switch(before)


def _mark_at(bar: MarkedScrollBar, height: int) -> QColor:
    return bar.grab().toImage().pixelColor(bar.width() - 2, height)


# Details and stories


async def test_the_details_lead_on(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        panel = world.panel
        panel.filter_by(EventFilter((Condition("type", "memory.stored"),)))
        await world.settled()
        await eventually(lambda: bool(world.seqs(1)))
        panel.page.table.selectRow(0)
        QTest.keyClick(panel.page.table, Qt.Key.Key_Return)
        await eventually(lambda: panel.page.detail.row is not None)
        from timmy_desktop.gui.panels.events.relations import relations_of

        assert panel.page.detail.row is not None
        for relation in relations_of(panel.page.detail.row, {}):
            if relation.wish is not None:
                panel.follow_relation(relation)
        kinds = [type(wish) for wish in world.wishes]
        assert kinds[:2] == [OpenTask, OpenMemory]
        item = panel.page.detail.tree.topLevelItem(0)
        assert item is not None
        menu = panel.page.detail.menu_for(item)
        chosen(menu, "Only events with this value").trigger()
        await world.settled()
        assert panel.page.chips.chips[-1].words.text() == "source memory"


async def test_a_request_leads_to_the_router_and_to_its_like(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        panel = world.panel
        panel.filter_by(EventFilter((Condition("type", "provider.called"),)))
        await world.settled()
        await eventually(lambda: bool(world.seqs(1)))
        panel.show_event(world.seqs(1)[0])
        await eventually(lambda: panel.page.detail.row is not None)
        from timmy_desktop.gui.panels.events.relations import relations_of

        assert panel.page.detail.row is not None
        found = relations_of(panel.page.detail.row, {})
        request_id = panel.page.detail.row.values()["request_id"]
        assert OpenRequest(request_id) in [relation.wish for relation in found]
        panel.follow_relation(next(one for one in found if one.words.startswith("Same request")))
        await world.settled()
        assert 1 <= panel.model.rowCount() <= 2


async def test_a_story_tells_how_long_things_took(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        panel = world.panel
        panel.show_story(TASK)
        await eventually(lambda: panel.pages.currentWidget() is panel.story)
        spans = panel.story.model.spans
        titles = " ".join(span.title for span in spans)
        assert "Auction won by" in titles
        assert "bids" in titles
        assert spans[0].title.startswith("Task:")
        assert spans[0].microseconds > 0
        begin, end = panel.story.model.ends
        assert all(begin <= span.start_us <= span.end_us <= end for span in spans)
        panel.story.list.setCurrentIndex(panel.story.model.index(1))
        QTest.keyClick(panel.story.list, Qt.Key.Key_Return)
        await eventually(lambda: panel.page.detail.row is not None)
        assert panel.page.detail.row.task_id == TASK  # type: ignore[union-attr]
        panel.story.back_wanted.emit()
        assert panel.pages.currentWidget() is panel.page


async def test_what_can_be_done_with_a_row_is_in_its_menu(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        row = world.panel.model.row(0)
        assert row is not None
        menu = world.panel.row_menu(row)
        assert {"Show all of it", f"Only {row.type}", f"Not {row.type}", "Copy as JSON lines"} <= set(
            labels(menu)
        )
        chosen(menu, f"Not {row.type}").trigger()
        await world.settled()
        assert world.panel.model.rowCount() < EVENTS


async def test_rows_are_copied_whole(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        panel = world.panel
        panel.page.table.selectRow(0)
        panel.copy_chosen("jsonl")
        await eventually(lambda: any(isinstance(wish, Say) for wish in world.wishes))
        assert json.loads(QGuiApplication.clipboard().text())["seq"] == EVENTS


async def test_all_that_is_chosen_is_copied_whether_it_was_on_screen_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_world(tmp_path) as world:
        panel = world.panel
        panel.filter_by(EventFilter((Condition("type", "tool.*"),)))
        await world.settled()
        shown = panel.model.rowCount()
        panel.page.table.selectAll()
        assert panel.page.table.chosen_runs() == [range(shown)]
        for most, words in (
            (5_000, f"{shown} events copied."),
            (7, f"7 events copied of {shown}; an export"),
        ):
            monkeypatch.setattr("timmy_desktop.gui.panels.events.deeds._MOST_COPIED", most)
            world.wishes.clear()
            panel.copy_chosen("jsonl")
            await eventually(lambda: bool(world.wishes))
            assert world.wishes[0].text.startswith(words)
            copied = [json.loads(line) for line in QGuiApplication.clipboard().text().splitlines()]
            assert len(copied) == min(most, shown)
            assert all(one["type"].startswith("tool.") for one in copied)


async def test_what_passes_the_filter_is_exported(
    tmp_path: Path, expected_log: Callable[[str], None]
) -> None:
    expected_log("events.export failed")
    async with a_world(tmp_path) as world:
        world.panel.filter_by(EventFilter((Condition("type", "tool.*"),)))
        await world.settled()
        shown = world.panel.model.rowCount()
        for form, name in (("jsonl", "out.jsonl"), ("csv", "out.csv")):
            world.panel.deeds.export_to(tmp_path / name, form)  # type: ignore[arg-type]
            await eventually(lambda name=name: (tmp_path / name).exists())
            await world.settled()
        assert len((tmp_path / "out.jsonl").read_text().splitlines()) == shown
        world.panel.deeds.export_to(tmp_path / "no" / "out.csv", "csv")
        await eventually(lambda: any(isinstance(wish, Say) and wish.tone == "bad" for wish in world.wishes))


# Hostile content


async def test_hostile_content_is_inert(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        panel = world.panel
        await world.happen(SystemInfo(source="<i>x</i>", message=HOSTILE))
        await eventually(lambda: world.seqs(1) == [EVENTS + 1])
        texts = [panel.model.data(panel.model.index(0, place)) for place in range(len(COLUMNS))]
        assert all(text.isprintable() for text in texts), texts
        assert "\\u{202e}" in texts[DATA]
        panel.page.table.selectRow(0)
        panel._open_current()
        await eventually(lambda: panel.page.detail.row is not None)
        panel.grab()
        tree = panel.page.detail.tree
        for place in range(tree.topLevelItemCount()):
            item = tree.topLevelItem(place)
            assert item is not None
            assert "\x1b" not in item.text(1)
            assert "\u202e" not in item.text(1)
            assert len(item.text(1)) < 40_000


async def test_what_this_program_does_not_know_is_shown_as_it_is(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:

        def insert(db: Any) -> None:
            for number, (kind, version, data) in enumerate(
                [
                    ("task.created", 99, '{"whole":"new"}'),
                    ("alien.landed", 1, '{"a":{"b":[1,{"c":null}]}}'),
                    ("x", 1, "no json"),
                ],
                start=EVENTS + 1,
            ):
                row = (number, 2_000_000_000, kind, version, "", "", "", data, bytes(32))
                db.execute("INSERT INTO event_log VALUES (?,?,?,?,?,?,?,?,?)", row)

        changed(world.room.folder, insert)
        world.panel.desk.ask_again()
        await world.settled()
        await eventually(lambda: len(world.seqs(3)) == 3)
        for seq in world.seqs(3):
            world.panel.show_event(seq)
            await eventually(
                lambda seq=seq: (
                    world.panel.page.detail.row is not None and world.panel.page.detail.row.seq == seq
                )
            )
            world.panel.grab()


# Summary and chain


async def test_the_summary_counts_and_filters(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        panel = world.panel
        panel.tabs.setCurrentIndex(SUMMARY)
        await world.settled()
        lines = panel.summary.model.lines
        assert sum(line.counts[-1] for line in lines) == EVENTS
        panel.summary.table.setCurrentIndex(panel.summary.model.index(0, 0))
        QTest.keyClick(panel.summary.table, Qt.Key.Key_Return)
        await world.settled()
        assert panel.tabs.currentIndex() == LOG
        assert panel.model.rowCount() == lines[0].counts[-1]


async def test_a_whole_chain_is_told(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        panel = world.panel
        panel.verify_tool.click()
        await world.settled()
        assert panel.tabs.currentIndex() == CHAIN
        assert panel.chain.page.pill.text == "whole"
        assert panel.chain.page.broken.isHidden()
        assert panel.chain.page.hash._identifier == f"{EVENTS} {world.room.log.head[1].hex()}"


@pytest.mark.parametrize(
    ("change", "there"),
    [
        ("UPDATE event_log SET type = 'x' WHERE seq = 500", True),
        ("DELETE FROM event_log WHERE seq = 500", False),
    ],
)
async def test_a_broken_link_is_shown_with_its_neighbours(tmp_path: Path, change: str, there: bool) -> None:
    async with a_world(tmp_path) as world:
        changed(world.room.folder, lambda db: db.execute(change))
        page = world.panel.chain.page
        world.panel.chain.show_and_verify()
        await world.settled()
        assert page.pill.text == "broken"
        links = page.broken.links
        assert [row.seq for row in links.rows if row is not None][:4] == [496, 497, 498, 499]
        assert (links.rows[4] is not None) == there
        world.panel.grab()


async def test_pruning_says_first_what_would_go_and_archives_open(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        panel, page = world.panel, world.panel.chain.page
        world.room.clock.seconds += 40 * 86_400
        panel.tabs.setCurrentIndex(CHAIN)
        assert page.prune.go.isHidden()
        page.prune.kinds.setCurrentIndex(page.prune.kinds.findText("All of tool"))
        page.prune.look.click()
        await eventually(lambda: not page.prune.go.isHidden())
        page.prune.go.click()
        await eventually(lambda: "removed" in page.prune.words.text(), 20)
        await world.settled()
        world.room.anchor()
        line = page.findChild(ArchiveLine)
        assert line is not None
        line.checked.emit(line.path)
        await eventually(lambda: line._state.text().startswith("Whole"))
        line.opened.emit(line.path)
        await eventually(lambda: not panel.reads_log, 20)
        await world.settled()
        assert "not of the log" in panel.page.notice.words
        assert {panel.model.row(0).type.partition(".")[0]} == {"tool"}  # type: ignore[union-attr]
        await world.happen(SystemInfo(source="x", message="meanwhile"))
        panel.page.notice.action_button.click()
        await world.settled()
        assert panel.reads_log
        panel.chain.verify()
        await world.settled()
        assert page.pill.text == "whole"


async def test_a_file_that_is_no_archive_is_told(tmp_path: Path, expected_log: Callable[[str], None]) -> None:
    expected_log("events.open failed: no.jsonl is not a file of events")
    async with a_world(tmp_path) as world:
        (tmp_path / "no.jsonl").write_text("nothing")
        world.panel.deeds.open_archive(tmp_path / "no.jsonl")
        await eventually(lambda: any(isinstance(wish, Say) and wish.tone == "bad" for wish in world.wishes))
        assert world.panel.reads_log
