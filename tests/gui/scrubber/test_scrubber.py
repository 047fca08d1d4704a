"""The time scrubber as a person uses it: opened, dragged, stepped, played, and left by one key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.fakes.services import FakeServices, fake_services
from tests.gui.windows import NotePanel, open_window, spec
from timmy_desktop.events import agents, memory, payments, routing, tasks, upgrades
from timmy_desktop.events.base import Event
from timmy_desktop.events.system import LogPruned
from timmy_desktop.gui.main_window import MainWindow
from timmy_desktop.gui.panel import Area, NewTask, Panel
from timmy_desktop.gui.scrubber.bar import SPEEDS, ScrubBar
from timmy_desktop.gui.scrubber.page import NoPast, ThenPage
from timmy_desktop.gui.scrubber.table import ThenTable
from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.wording import exact_time

Opened = tuple[MainWindow, FakeServices]
START_US = 1_790_000_000_000_000
SECOND_US = 1_000_000
NAMES = ("activity", "tasks", "router", "ledger", "memory", "upgrades", "events")
SPECS = (
    *(spec(name, Area.LEFT) for name in NAMES[:2]),
    spec("chat", Area.CENTRE),
    *(spec(name, Area.RIGHT) for name in NAMES[2:4]),
    *(spec(name, Area.BELOW) for name in NAMES[4:]),
)
_TASK = {"task_id": "t1", "agent_id": "a1"}
_PAID = {**_TASK, "payment_hash": "h", "amount_msat": 40_000, "simulated": True}
STORY: tuple[Event, ...] = (
    agents.AgentJoined(agent_id="a1", name="Echo", role="memory", completed=0, failed=0),
    payments.SatsDeposited(amount_msat=100_000, memo="", simulated=True),
    tasks.TaskCreated(task_id="t1", text="Count the lanterns"),
    memory.MemoryStored(entries=["m1"], entry_type="fact", owner="echo", visibility="shared"),
    tasks.TaskBidding(task_id="t1", eligible=["a1"]),
    tasks.BidSubmitted(**_TASK, amount_msat=40_000, score_milli=900),
    payments.SatsReserved(**_TASK, amount_msat=40_000, simulated=True),
    tasks.TaskAssigned(**_TASK, price_msat=40_000),
    agents.AgentStatusChanged(agent_id="a1", old="idle", new="busy"),
    tasks.TaskStarted(**_TASK),
    routing.CircuitOpened(provider="ollama", reason="connection refused", failures=5),
    memory.MemoryForgotten(entries=["m1"], reason="asked"),
    upgrades.UpgradeProposed(
        upgrade_id="u1", target_id="x", title="Mend the parser", proposer="forge", digest="d", base="b", files=2,
        added=9, removed=3, risk="low",
    ),
    tasks.TaskCompleted(
        **_TASK, result="Seven.", provider="ollama", model="m", duration_ms=900, tokens_in=5, tokens_out=1
    ),
    payments.PaymentSent(**_PAID),
    payments.PaymentSettled(**_PAID, fee_msat=0, preimage="p"),
)  # fmt: skip


class TellingClock:
    """Each event is a second after the one before."""

    def __init__(self) -> None:
        self.us = START_US

    def now_us(self) -> int:
        return self.us

    def monotonic(self) -> float:
        return self.us / SECOND_US


@asynccontextmanager
async def story_told(tmp_path: Path) -> AsyncIterator[Opened]:
    services = fake_services(tmp_path / "data", clock=TellingClock())
    async with open_window(tmp_path, SPECS, services) as (window, _):
        for event in STORY:
            services.clock.us += SECOND_US
            await services.record(event)
        window.activateWindow()
        yield window, services


def in_window(test: Callable[[Opened, QtBot], Awaitable[None]]) -> Callable[[QtBot, Path], Awaitable[None]]:
    """Opened within the test: between a fixture and its test Qt works while the loop stands still."""

    async def run(qtbot: QtBot, tmp_path: Path) -> None:
        async with story_told(tmp_path) as opened:
            await test(opened, qtbot)

    return run


def bar_of(window: MainWindow) -> ScrubBar:
    bar = window.findChild(ScrubBar)
    assert bar is not None
    return bar


def page_of(window: MainWindow, name: str) -> ThenPage:
    [page] = window.docks[name].findChildren(ThenPage)
    return page


def shown(window: MainWindow, name: str) -> dict[str, str]:
    """The facts of a dock's page, by their captions."""
    content = page_of(window, name).content
    assert content is not None
    return {caption: value for value, caption, _ in content.facts}


async def look_at(window: MainWindow, name: str) -> ThenPage:
    window.docks[name].raise_()
    await eventually(lambda: page_of(window, name).isVisible() and page_of(window, name).is_current)
    return page_of(window, name)


async def scrub_to(window: MainWindow, qtbot: QtBot, event: int) -> None:
    """Presses the track where the event with that number stands."""
    track = bar_of(window).track
    place = QPointF(track.x_of(START_US + event * SECOND_US) + 1, 10)
    # Sent, not clicked: a click of the test library lets other tasks run in the middle of this one.
    for kind, held in (
        (QEvent.Type.MouseButtonPress, Qt.MouseButton.LeftButton),
        (QEvent.Type.MouseButtonRelease, Qt.MouseButton.NoButton),
    ):
        pressed = QMouseEvent(
            kind,
            place,
            track.mapToGlobal(place),
            Qt.MouseButton.LeftButton,
            held,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(track, pressed)
    await eventually(lambda: window.conductor is not None and window.conductor.settled)


async def enter(window: MainWindow) -> None:
    window.menus.actions["scrub"].trigger()
    await eventually(lambda: window.conductor is not None and window.conductor.settled)
    await eventually(lambda: QApplication.focusWidget() is bar_of(window).track)


@in_window
async def test_a_moment_is_picked_and_every_dock_shows_it(opened: Opened, qtbot: QtBot) -> None:
    window, _ = opened
    await enter(window)
    assert bar_of(window).words[0] == "Now"
    assert not window.docks["tasks"].shows_past
    await scrub_to(window, qtbot, 10)
    assert window.conductor is not None
    assert window.conductor.moment is not None
    assert window.conductor.moment.world.seq == 10
    assert bar_of(window).words[0].startswith("As it was at ")
    assert "event 10 of 16" in bar_of(window).words[1]

    page = await look_at(window, "tasks")
    assert page.words.endswith("read only")
    assert shown(window, "tasks")["agents at work"] == "1 of 1"
    assert page.tables[0].table.rows[0].cells[:5] == ("Count the lanterns", "running", "Echo", "40 sat", "")
    await look_at(window, "ledger")
    assert (shown(window, "ledger")["available"], shown(window, "ledger")["pending"]) == ("60 sat", "40 sat")
    await look_at(window, "memory")
    assert shown(window, "memory")["memories"] == "1"
    await look_at(window, "router")
    assert shown(window, "router")["circuits open"] == "0"
    upgrades_page = await look_at(window, "upgrades")
    assert upgrades_page.tables[0].table.rows == ()
    events_page = await look_at(window, "events")
    assert [row.cells[1] for row in events_page.tables[0].table.rows[:2]] == [
        "task.started",
        "agent.status_changed",
    ]

    await scrub_to(window, qtbot, 13)
    await look_at(window, "router")
    assert shown(window, "router")["circuits open"] == "1"
    await look_at(window, "memory")
    assert shown(window, "memory")["memories"] == "0"
    assert (await look_at(window, "upgrades")).tables[0].table.rows[0].cells[:2] == (
        "Mend the parser",
        "proposed",
    )


@in_window
async def test_escape_goes_back_to_now_and_the_docks_never_stopped(opened: Opened, qtbot: QtBot) -> None:
    window, services = opened
    panel = window.docks["tasks"].panel
    await enter(window)
    await scrub_to(window, qtbot, 4)
    assert isinstance(panel, NotePanel)
    assert not panel.isVisible()
    services.clock.us += SECOND_US
    await services.record(tasks.TaskCreated(task_id="t2", text="Posted meanwhile"))
    assert "Posted meanwhile" not in str(page_of(window, "tasks").content)
    qtbot.keyClick(bar_of(window).track, Qt.Key.Key_Escape)
    assert not any(dock.shows_past for dock in window.docks.values())
    assert not bar_of(window).isVisible()
    assert window.docks["tasks"].panel is panel
    assert panel.stopped == 0
    await eventually(lambda: panel.isVisible())
    await enter(window)
    qtbot.keyClick(bar_of(window).track, Qt.Key.Key_End)
    await eventually(lambda: window.conductor is not None and window.conductor.settled)
    await look_at(window, "tasks")
    assert "Posted meanwhile" in str(page_of(window, "tasks").content)


@in_window
async def test_escape_works_from_a_page_too_and_so_do_the_shortcut_and_the_button(
    opened: Opened, qtbot: QtBot
) -> None:
    window, _ = opened
    await enter(window)
    await scrub_to(window, qtbot, 10)
    page = await look_at(window, "tasks")
    page.tables[0].setFocus()
    qtbot.keyClick(page.tables[0], Qt.Key.Key_Escape)
    assert not window.docks["tasks"].shows_past
    await enter(window)
    await scrub_to(window, qtbot, 10)
    qtbot.keyClick(
        window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert not window.docks["tasks"].shows_past
    await enter(window)
    await scrub_to(window, qtbot, 10)
    bar_of(window).back.click()
    assert not window.docks["tasks"].shows_past


@in_window
async def test_nothing_that_changes_anything_can_be_reached_in_the_past(opened: Opened, qtbot: QtBot) -> None:
    window, _ = opened
    names = ("new_task", "new_conversation", "open_workspace", "preferences", "verify")
    await enter(window)
    await scrub_to(window, qtbot, 10)
    assert not any(window.menus.actions[name].isEnabled() for name in names)
    assert all(isinstance(dock.panel, Panel) and not dock.panel.isVisible() for dock in window.docks.values())
    [chat] = window.docks["chat"].findChildren(NoPast)
    assert chat.isVisible()
    window.grant(NewTask("Do it again"))
    assert "This is the past" in window.messages.texts[-1]
    titles = {command.title for command in window.menus.commands(["/somewhere"], lambda _: None)}
    assert {"Back to now", "Time scrubber"} <= titles
    assert not {"New task", "Preferences…", "Open /somewhere"} & titles
    window.back_to_now()
    assert all(window.menus.actions[name].isEnabled() for name in names)
    assert not window.menus.actions["back_to_now"].isEnabled()


@in_window
async def test_amounts_stand_where_a_narrow_dock_shows_them(opened: Opened, qtbot: QtBot) -> None:
    window, _ = opened
    await enter(window)
    await scrub_to(window, qtbot, 16)
    tables = (await look_at(window, "ledger")).findChildren(ThenTable)
    heads = {table.table.title: (table.table.columns, table.horizontalHeader()) for table in tables}
    columns, head = heads["Transactions"]
    assert head.visualIndex(columns.index("Amount")) == 1


@in_window
async def test_steps_and_keys(opened: Opened, qtbot: QtBot) -> None:
    window, _ = opened
    await enter(window)
    await scrub_to(window, qtbot, 10)
    conductor = window.conductor
    assert conductor is not None

    async def pressed(key: Qt.Key) -> int:
        before = conductor.moment
        qtbot.keyClick(bar_of(window).track, key)
        await eventually(lambda: conductor.settled and conductor.moment is not before)
        assert conductor.moment is not None
        return conductor.moment.world.seq

    assert await pressed(Qt.Key.Key_Right) == 11
    assert await pressed(Qt.Key.Key_Left) == 10
    assert await pressed(Qt.Key.Key_Home) == 1
    assert await pressed(Qt.Key.Key_Left) == 1
    assert await pressed(Qt.Key.Key_End) == 16
    assert await pressed(Qt.Key.Key_PageUp) == 15


@in_window
async def test_it_plays_forward_and_stops_at_the_end(opened: Opened, qtbot: QtBot) -> None:
    window, _ = opened
    await enter(window)
    bar, conductor = bar_of(window), window.conductor
    assert conductor is not None
    bar.speed.setCurrentIndex(SPEEDS.index(10))
    seen: list[int] = []
    qtbot.keyClick(bar.track, Qt.Key.Key_Space)
    assert conductor.is_playing
    assert bar.play.accessibleName() == "Pause"

    def at_the_end() -> bool:
        if conductor.moment is not None:
            seen.append(conductor.moment.world.seq)
        return not conductor.is_playing

    await eventually(at_the_end, timeout=20)
    await eventually(lambda: conductor.settled)
    assert conductor.moment is not None
    assert conductor.moment.world.seq == 16
    assert seen == sorted(seen)
    assert len(set(seen)) > 1
    assert bar.play.accessibleName() == "Play"
    bar.play.click()
    assert conductor.is_playing
    bar.play.click()
    assert not conductor.is_playing
    await eventually(lambda: conductor.settled)


@in_window
async def test_a_row_is_told_of_and_copied(opened: Opened, qtbot: QtBot) -> None:
    window, _ = opened
    await enter(window)
    await scrub_to(window, qtbot, 16)
    page = await look_at(window, "tasks")
    table = page.tables[0]
    table.setFocus()
    table.selectRow(0)
    assert "Echo for 40 sat, attempt 1" in page.detail
    assert "Seven." in page.detail
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text().startswith("Count the lanterns\tcompleted\tEcho")


@in_window
async def test_hostile_words_are_inert(opened: Opened, qtbot: QtBot) -> None:
    window, services = opened
    hostile = "\x1b[31m<b>red</b>\u202e=cmd|' /C calc'!A0\x07"
    services.clock.us += SECOND_US
    await services.record(
        agents.AgentJoined(agent_id="a2", name=hostile, role=hostile),
        tasks.TaskCreated(task_id="t2", text=hostile),
        upgrades.UpgradeProposed(
            upgrade_id="u2", target_id="x", title=hostile, proposer=hostile, digest="d", base="b", files=1, added=1,
            removed=1, risk="low",
        ),
        memory.MemoryStored(entries=["m2"], entry_type="fact", owner=hostile, visibility="private"),
        routing.CircuitOpened(provider=hostile, reason=hostile, failures=1),
        upgrades.TargetOpened(target_id="x", folder=hostile, branch=hostile, python=hostile, allowed=[hostile]),
        upgrades.UpgradeCommented(
            upgrade_id="u2", comment_id="c", path=hostile, line=1, by=hostile, text=hostile, side=hostile
        ),
        upgrades.UpgradeTested(
            upgrade_id="u2", revision=1, which=hostile, outcome=hostile, passed=0, failed=0, errors=0, skipped=0,
            duration_ms=1,
        ),
        payments.ApprovalRequested(
            agent_id="a2", payment_hash="h", amount_msat=1, simulated=True, approval_id="p", digest="",
            payee=hostile, why=hostile,
        ),
    )  # fmt: skip
    await enter(window)
    qtbot.keyClick(bar_of(window).track, Qt.Key.Key_End)
    await eventually(lambda: window.conductor is not None and window.conductor.settled)
    for name in NAMES:
        page = await look_at(window, name)
        for table in page.tables:
            table.selectRow(0)
            qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
            said = [table.model().index(0, column).data() for column in range(table.model().columnCount())]
            every = "".join((*said, page.detail, QApplication.clipboard().text()))
            assert not {"\x1b", "\u202e", "\x07"} & set(every)
            assert table.model().index(0, 0).data(Qt.ItemDataRole.ToolTipRole) is None
    assert page_of(window, "tasks").findChildren(QLabel)
    assert all(
        label.textFormat() == Qt.TextFormat.PlainText
        for label in page_of(window, "tasks").findChildren(QLabel)
    )


@in_window
async def test_a_pruned_log_says_that_the_past_begins_there(opened: Opened, qtbot: QtBot) -> None:
    window, services = opened
    gone = LogPruned(
        before_us=0, types=[], events=3, by_type={"payment.deposited": 3}, first_seq=1, last_seq=3, gaps=1,
        digest="", archive="",
    )  # fmt: skip

    def prune(session: object) -> None:
        session.sql("DELETE FROM event_log WHERE seq <= 3")  # type: ignore[attr-defined]
        session.sql(
            "INSERT INTO event_gaps(first_seq, last_seq, hash, pruned, mac) VALUES (1, 3, x'', '', x'')"
        )  # type: ignore[attr-defined]

    await services.bus.publish(gone, work=prune)
    await enter(window)
    await eventually(lambda: "The past is known from" in bar_of(window).words[2], message="before one picks")
    qtbot.keyClick(bar_of(window).track, Qt.Key.Key_Home)
    await eventually(lambda: window.conductor is not None and window.conductor.settled)
    first = await services.database.read(
        lambda session: session.sql("SELECT time_us FROM event_log WHERE seq = 4")[0][0]
    )
    known = f"The past is known from {exact_time(first)[:19]} on, event 4:"
    assert bar_of(window).words[2].startswith(known)


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_the_frame_is_in_the_tone_of_a_warning(qtbot: QtBot, tmp_path: Path, theme: str) -> None:
    async with story_told(tmp_path) as (window, _):
        Theme.current().switch(theme)
        await enter(window)
        await scrub_to(window, qtbot, 10)
        page = await look_at(window, "tasks")
        image = page.grab().toImage()
        warn = Theme.current().color("warn")
        line = [image.pixelColor(3, y) for y in range(image.height() // 3, image.height() // 2)]
        assert all(abs(color.hue() - warn.hue()) < 25 and color.saturation() > 30 for color in line)
        Theme.current().switch("dark")


async def test_an_empty_log_has_no_past_and_breaks_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    async with open_window(tmp_path, SPECS) as (window, _):
        await enter(window)
        qtbot.keyClick(bar_of(window).track, Qt.Key.Key_Home)
        await eventually(lambda: window.conductor is not None and window.conductor.settled)
        page = await look_at(window, "tasks")
        assert page.tables[0].table.rows == ()
        window.back_to_now()
        assert window.messages.texts == []
