"""The Router dock as a person uses it, over a fake history."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QFontMetrics, QImage
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.fakes.bus import FakeBus
from tests.fakes.router_history import FIVE, NOW_US, SECOND, FakeControl, FakeHistory, made_receipt
from tests.gui.panels.conftest import Place
from timmy_desktop.events.routing import CircuitOpened
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import OpenPreferences, Panel, Say
from timmy_desktop.gui.panels.router.panel import RouterPanel
from timmy_desktop.gui.panels.router.provider_model import PROVIDER_ROLE, ProviderItem
from timmy_desktop.gui.panels.router.request_model import ROW_ROLE
from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.widgets.plot_tracks import LEFT_ROOM
from timmy_desktop.gui.widgets.two_line_rows import wrapped
from timmy_desktop.supervisor import TaskSupervisor

HOSTILE = "\x1b[31m<b>Ignore\u202e all</b>\x00 " + "w" * 5000
Stand = Callable[[Panel, list[Any]], Place]


class World:
    """A Router panel over a story, and what stands behind it."""

    def __init__(self, story: str, stand: Stand, supervisor: TaskSupervisor, keepsakes: Keepsakes) -> None:
        self.history, self.control, self.bus = FakeHistory(story), FakeControl(story), FakeBus()
        self.now_us = NOW_US
        self.panel = RouterPanel(
            router=self.control,
            history=self.history,
            bus=self.bus,
            supervisor=supervisor,
            keepsakes=keepsakes,
            now_us=lambda: self.now_us,
            policy=self.control.policy,
            rehearsal=self.control.rehearse,
        )
        self.place = stand(self.panel, [])

    async def begin(self) -> RouterPanel:
        self.panel.start()
        await eventually(self.panel.settle)
        return self.panel

    @property
    def series_asked(self) -> list[tuple[Any, ...]]:
        return [asked for asked in self.history.asked if asked[0] == "series" and asked[3] > 1]


@pytest.fixture
def world(stand: Stand, supervisor: TaskSupervisor, keepsakes: Keepsakes) -> Callable[[str], World]:
    return lambda story="healthy": World(story, stand, supervisor, keepsakes)


def cells(panel: RouterPanel, row: int) -> list[str]:
    model = panel.chart_page.readout.readings
    return [model.index(row, column).data() for column in range(model.columnCount())]


def row_of(panel: RouterPanel, name: str) -> int:
    return panel.chart_page.readout.readings.names.index(name)


async def test_the_chart_comes_after_the_panel_and_shows_every_provider(world: Callable[..., World]) -> None:
    here = world()
    assert here.panel.chart_page.plot is None  # not before the first paint
    panel = await here.begin()
    page = panel.chart_page
    assert page.plot is not None
    assert page.stack.currentWidget() is page.plot
    assert {curve.name for curve in page.plot.picture.curves} == set(FIVE[:4])
    assert page.plot.span == pytest.approx(((NOW_US - 3600 * SECOND) / SECOND, NOW_US / SECOND), abs=1)
    assert cells(panel, row_of(panel, "ollama"))[0] == "Ollama"
    assert all(cell != "–" for cell in cells(panel, row_of(panel, "ollama"))[:5])


def test_what_is_heavy_is_not_loaded_with_the_window() -> None:
    code = (
        "import sys, timmy_desktop.app, timmy_desktop.gui.panels.router.panel\n"
        "sys.exit(any(name in sys.modules for name in ('pyqtgraph', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_the_models_keep_their_promises(world: Callable[..., World]) -> None:
    here = world("failing")
    mode = QAbstractItemModelTester.FailureReportingMode.Fatal
    models = (here.panel.requests, here.panel.providers, here.panel.chart_page.readout.readings)
    testers = [QAbstractItemModelTester(model, mode) for model in models]
    panel = await here.begin()
    assert panel.requests.rowCount() == 100
    for wanted in (200, 300, 400, 420):
        panel.requests.fetchMore(QModelIndex())
        await eventually(lambda wanted=wanted: panel.requests.rowCount() >= wanted)
    assert not panel.requests.canFetchMore(QModelIndex())
    here.history.rows.insert(0, replace(here.history.rows[0], id=421, excerpt="The newest"))
    here.bus.publish_now(CircuitOpened(source="router", provider="ollama", reason="refused", failures=1))
    await eventually(lambda: panel.requests.index(0).data() == "The newest")
    assert panel.requests.rowCount() == 421
    assert len(testers) == 3


async def test_the_crosshair_reads_values_by_mouse_and_by_keys(
    world: Callable[..., World], qtbot: QtBot
) -> None:
    panel = await world().begin()
    plot = panel.chart_page.plot
    whole = cells(panel, row_of(panel, "ollama"))
    plot.setFocus()
    qtbot.keyClick(plot, Qt.Key.Key_Left)
    last = plot.step
    assert last == len(plot.picture.steps) - 1
    qtbot.keyClick(plot, Qt.Key.Key_Left)
    assert plot.step == last - 1
    assert "p50" in plot.accessibleDescription()
    header = panel.chart_page.readout.readings.headerData(0, Qt.Orientation.Horizontal, 0)
    assert ":" in header
    qtbot.keyClick(plot, Qt.Key.Key_Escape)
    assert plot.step == -1
    assert cells(panel, row_of(panel, "ollama")) == whole
    middle = plot.tracks.view.mapFromScene(plot.tracks.top.mapToScene(plot.tracks.top.rect().center()))
    qtbot.mouseMove(plot.tracks.view.viewport(), middle)
    await eventually(lambda: plot.step >= 0)


async def test_zooming_pauses_reads_again_and_home_follows_the_clock(
    world: Callable[..., World], qtbot: QtBot
) -> None:
    here = world()
    panel = await here.begin()
    page, plot = panel.chart_page, panel.chart_page.plot
    plot.setFocus()
    qtbot.keyClick(plot, Qt.Key.Key_Plus)
    await eventually(panel.settle)
    assert not page.live.isChecked()
    assert page.live.text() == "Paused"
    _, since, until, _ = here.series_asked[-1]
    assert (until - since) / SECOND == pytest.approx(1800, rel=0.01)
    before = plot.span
    here.now_us += 120 * SECOND
    panel.controller.tick()
    assert panel.settle()
    assert plot.span == before
    qtbot.keyClick(plot, Qt.Key.Key_Home)
    await eventually(lambda: plot.span[1] == pytest.approx(here.now_us / SECOND, abs=1))
    assert page.live.text() == "Live"


async def test_live_reads_again_when_something_happened_and_paused_does_not(
    world: Callable[..., World], qtbot: QtBot
) -> None:
    here = world()
    panel = await here.begin()
    asked = len(here.series_asked)
    here.now_us += 2 * SECOND
    panel.controller.tick()
    assert len(here.series_asked) == asked  # nothing new, and an hour's chart does not move in two seconds
    panel.controller.note_news()
    panel.controller.tick()
    await eventually(panel.settle)
    assert len(here.series_asked) == asked + 1
    qtbot.mouseClick(panel.chart_page.live, Qt.MouseButton.LeftButton)
    panel.controller.note_news()
    here.now_us += 60 * SECOND
    panel.controller.tick()
    await eventually(panel.settle)
    assert len(here.series_asked) == asked + 1
    panel.tabs.setFocus()
    qtbot.keyClick(panel, Qt.Key.Key_Space)
    assert panel.chart_page.live.isChecked()


async def test_every_window_from_a_minute_to_a_month(world: Callable[..., World]) -> None:
    here = world("failing")
    panel = await here.begin()
    choice = panel.chart_page.window_choice
    for place in range(choice.count()):
        choice.setCurrentIndex(place)
        await eventually(panel.settle)
        since, until = panel.chart_page.plot.span
        assert until - since == pytest.approx(choice.currentData(), rel=0.01)
    assert panel._keepsakes.number("window") == 2_592_000


async def test_both_scales_and_both_themes_while_one_looks(world: Callable[..., World]) -> None:
    panel = await world("failing").begin()
    plot = panel.chart_page.plot
    assert plot.picture.high < 10  # exponents of ten
    panel.chart_page.log.setChecked(False)
    await eventually(panel.settle)
    assert plot.picture.high > 1000
    theme = Theme.current()
    before = theme.name
    theme.switch("light" if before == "dark" else "dark")
    ground = plot.tracks.view.backgroundBrush().color()
    assert ground == theme.color("surface")
    theme.switch(before)


async def test_one_provider_alone_and_back(world: Callable[..., World], qtbot: QtBot) -> None:
    panel = await world().begin()
    readout, plot = panel.chart_page.readout, panel.chart_page.plot
    row = row_of(panel, "embedded")
    readout.setCurrentIndex(readout.readings.index(row, 0))
    qtbot.keyClick(readout, Qt.Key.Key_Return)
    assert plot.shown == frozenset({"embedded"})
    qtbot.keyClick(readout, Qt.Key.Key_Return)
    assert plot.shown is None
    qtbot.keyClick(readout, Qt.Key.Key_Space)
    assert plot.shown == frozenset(FIVE[:4]) - {"embedded"}
    assert "not shown" in readout.readings.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole)


async def test_a_failover_is_marked_with_what_and_why(world: Callable[..., World]) -> None:
    panel = await world("failing").begin()
    words = "\n".join(mark.words for mark in panel.chart_page.plot.picture.marks)
    assert "Ollama → AirLLM" in words
    assert "refuses the connection" in words
    lane = next(lane for lane in panel.chart_page.plot.picture.lanes if lane.name == "Ollama")
    assert [span[2] for span in lane.spans] == ["CLOSED", "OPEN", "HALF_OPEN", "CLOSED"]


async def test_providers_are_tried_switched_and_reordered_by_keys(
    world: Callable[..., World], qtbot: QtBot
) -> None:
    here = world("open")
    panel = await here.begin()
    page = panel.providers_page
    page.choose("ollama")
    assert "Open" in page.list.currentIndex().data(Qt.ItemDataRole.AccessibleTextRole)
    assert "tried again in 12 s" in page.current.next_step
    qtbot.keyClick(page.list, Qt.Key.Key_T)
    qtbot.keyClick(page.list, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    await eventually(panel.settle)
    assert here.control.done[0] == ("try", "ollama")
    assert here.control.done[1] == ("order", ("airllm", "ollama", "embedded", "api"))
    assert panel.providers.names == ["airllm", "ollama", "embedded", "api"]
    assert page.current.name == "ollama"  # the choice moves with it
    qtbot.keyClick(page.list, Qt.Key.Key_Space)
    await eventually(panel.settle)
    assert page.current.look.word == "Off"
    assert page.switch_button.text() == "Enable"
    assert not page.try_button.isEnabled()
    qtbot.keyClick(page.list, Qt.Key.Key_Return)
    assert here.place.wishes[-1] == OpenPreferences("Providers")


async def test_a_dragged_provider_lands_where_it_was_dropped(world: Callable[..., World]) -> None:
    here = world()
    panel = await here.begin()
    model = panel.providers
    mime = model.mimeData([model.index(3)])
    model.dropMimeData(mime, Qt.DropAction.MoveAction, 0, 0, QModelIndex())
    await eventually(panel.settle)
    assert model.names == ["api", "ollama", "airllm", "embedded"]
    mime = model.mimeData([model.index(0)])
    model.dropMimeData(mime, Qt.DropAction.MoveAction, 4, 0, QModelIndex())
    await eventually(panel.settle)
    assert model.names == ["ollama", "airllm", "embedded", "api"]


async def test_a_control_that_fails_says_so(
    world: Callable[..., World], expected_log: Callable[[str], None]
) -> None:
    expected_log("router.control failed")
    here = world()
    panel = await here.begin()

    async def refused(*_: object) -> None:
        raise OSError("The disk is full.")

    here.control.reorder = refused  # type: ignore[method-assign]
    panel.providers.move("api", -3)
    await eventually(panel.settle)
    assert here.place.wishes[-1] == Say("The disk is full.", "bad", details="OSError('The disk is full.')")
    assert panel.providers.names == list(FIVE[:4])


async def test_requests_are_filtered_and_a_receipt_opens_and_is_copied(
    world: Callable[..., World], qtbot: QtBot, clipboard: Any
) -> None:
    here = world()
    panel = await here.begin()
    panel.tabs.setCurrentWidget(panel.requests_page)
    page = panel.requests_page
    page.list.setFocus()
    qtbot.keyClick(page.list, Qt.Key.Key_Slash)
    qtbot.keyClicks(page.search, "failing test")
    await eventually(lambda: here.history.asked[-1][-1] == "failing test" and panel.settle())
    page.provider.setCurrentIndex(page.provider.findData("api"))
    page.outcome.setCurrentIndex(page.outcome.findData("ok"))
    await eventually(lambda: here.history.asked[-1][3:] == ("api", "ok", "failing test") and panel.settle())
    found = [panel.requests.index(row).data(ROW_ROLE) for row in range(panel.requests.rowCount())]
    assert found
    assert {(row.provider, row.outcome) for row in found} == {("api", "ok")}
    page.list.setCurrentIndex(panel.requests.index(0))
    qtbot.keyClick(page.list, Qt.Key.Key_Return)
    await eventually(lambda: page.receipt.receipt is not None)
    assert page.receipt.pill.text == "Answered"
    qtbot.mouseClick(page.receipt.copy_button, Qt.MouseButton.LeftButton)
    for needed in (
        "Prompt as sent",
        "Find the failing test?",
        "AirLLM was not asked",
        "$0.0004",
        "first token",
        " a second",
        "circuit closed",
    ):
        assert needed in clipboard.text()
    qtbot.keyClick(page.receipt, Qt.Key.Key_Escape)
    assert page.pages.currentWidget() is page.list_side


async def test_hostile_text_stays_text(world: Callable[..., World]) -> None:
    here = world()
    row = replace(
        here.history.rows[0], excerpt=HOSTILE, provider="=cmd()", model=HOSTILE, outcome="<i>odd</i>"
    )
    here.history.rows[0] = row
    receipt = made_receipt(row)
    message = replace(receipt.messages[1], content=HOSTILE * 40)
    here.history.receipts[row.request_id] = replace(
        receipt, messages=(message,) * 60, reason=HOSTILE, budget=HOSTILE
    )
    here.control.statuses = tuple(
        replace(status, last_error=HOSTILE, reason=HOSTILE, model=HOSTILE, state="OPEN")
        for status in here.control.statuses
    )
    panel = await here.begin()
    panel.open_receipt(row.request_id)
    await eventually(panel.settle)
    spoken = panel.requests.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    for text in (
        spoken,
        panel.requests_page.receipt.text,
        panel.providers.index(0).data(Qt.ItemDataRole.ToolTipRole),
    ):
        assert "\x1b" not in text
        assert "\u202e" not in text
    panel.grab()


async def test_the_numbers_are_exported_as_they_are_on_screen(
    world: Callable[..., World], tmp_path: Path, qtbot: QtBot
) -> None:
    here = world("failing")
    panel = await here.begin()
    dialog = panel.ask_where("csv")
    assert isinstance(dialog, QFileDialog)
    file = tmp_path / "chart.csv"
    dialog.fileSelected.emit(str(file))
    dialog.reject()
    await eventually(lambda: here.place.wishes)
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    expected = sum(len(provider.buckets) for provider in panel.chart.series.providers)
    assert len(rows) == expected
    first = next(row for row in rows if row["provider"] == "api")
    bucket = next(p for p in panel.chart.series.providers if p.provider == "api").buckets[0]
    assert first["p50_ms"] == f"{bucket.p50_ms:.1f}"
    assert first["time_utc"].endswith("Z")
    assert here.place.wishes[-1].tone == "good"


async def test_the_picture_is_exported_twice_as_sharp(world: Callable[..., World], tmp_path: Path) -> None:
    here = world()
    panel = await here.begin()
    file = tmp_path / "chart.png"
    panel.export_to(str(file), panel.chart_page.picture_of_it())
    await eventually(file.exists)
    await eventually(panel.settle)
    assert QImage(str(file)).width() == panel.chart_page.width() * 2


async def test_a_place_that_can_not_be_written_is_said(
    world: Callable[..., World], tmp_path: Path, expected_log: Callable[[str], None]
) -> None:
    expected_log("router.export failed")
    here = world()
    panel = await here.begin()
    panel.export_to(str(tmp_path / "none" / "chart.csv"), "a,b")
    await eventually(lambda: here.place.wishes)
    assert here.place.wishes[-1].tone == "bad"
    assert "Choose another place" in here.place.wishes[-1].text


async def test_nothing_asked_yet_and_no_model(world: Callable[..., World]) -> None:
    panel = await world("empty").begin()
    page = panel.chart_page
    assert page.stack.currentWidget() is page.state
    assert "Nothing was asked of a model yet" in page.state.accessibleName()
    assert page.readout.isHidden()
    assert "No requests yet" in panel.requests_page.state.accessibleName()
    assert "No model answers" in panel.offline.words


async def test_a_chart_with_nothing_on_it_leaves_the_providers_the_room(world: Callable[..., World]) -> None:
    empty = await world("empty").begin()
    empty.resize(400, 340)
    await eventually(lambda: empty.splitter.orientation() == Qt.Orientation.Vertical)
    await eventually(lambda: empty.splitter.sizes()[0] < empty.splitter.sizes()[1])
    full = await world().begin()
    full.resize(400, 700)
    await eventually(lambda: full.splitter.sizes()[0] > full.splitter.sizes()[1])


async def test_faults_are_told_and_can_be_tried_again(
    world: Callable[..., World], expected_log: Callable[[str], None]
) -> None:
    expected_log("router.chart failed")
    expected_log("router.requests failed")
    here = world()
    here.history.fault = OSError("The database is locked.")
    panel = await here.begin()
    page = panel.chart_page
    assert "database is locked" in page.state.accessibleName()
    assert "database is locked" in panel.requests_page.state.accessibleName()
    here.history.fault = None
    panel.controller.read_chart()
    panel.controller.read_requests()
    await eventually(panel.settle)
    assert page.stack.currentWidget() is page.plot
    assert panel.requests_page.stack.currentWidget() is panel.requests_page.list


async def test_a_rehearsal_tells_what_would_have_changed(world: Callable[..., World], qtbot: QtBot) -> None:
    here = world()
    panel = await here.begin()
    page = panel.rehearsal_page
    panel.tabs.setCurrentWidget(page)
    qtbot.mouseClick(page.run_button, Qt.MouseButton.LeftButton)
    await eventually(panel.settle)
    assert here.control.done[-1] == ("rehearse", here.control.policy())
    assert "the way it went" in page.words.text()
    page.order.setCurrentRow(3)
    qtbot.keyClick(page.order, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    page.threshold.setValue(2)
    page.first_token.setValue(5)
    panel.show_providers()  # a tick does not take back what is being tried
    qtbot.mouseClick(page.run_button, Qt.MouseButton.LeftButton)
    await eventually(panel.settle)
    tried = here.control.done[-1][1]
    assert tried.order == ("ollama", "airllm", "api", "embedded")
    assert (tried.failure_threshold, tried.limits["api"].first_token) == (2, 5.0)
    assert page.changes.count() == 25
    page.changes.itemActivated.emit(page.changes.item(0))
    await eventually(lambda: panel.requests_page.receipt.receipt is not None)


async def test_narrow_it_stays_readable_and_wide_it_stands_side_by_side(world: Callable[..., World]) -> None:
    panel = await world("failing").begin()
    panel.resize(380, 700)
    assert panel.splitter.orientation() == Qt.Orientation.Vertical
    assert panel.minimumSizeHint().width() <= 400
    for part in (panel.chart_page.more, panel.providers_page.edit, panel.chart_page.readout):
        await eventually(lambda part=part: part.mapTo(panel, QPoint(part.width(), 0)).x() <= 380)
    panel.resize(1000, 600)
    assert panel.splitter.orientation() == Qt.Orientation.Horizontal


async def test_every_control_has_a_name(world: Callable[..., World]) -> None:
    panel = await world().begin()
    nameless = [
        widget
        for widget in panel.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not widget.accessibleName()
        and not getattr(widget, "text", lambda: "")()
        and not widget.focusProxy()
        and widget.objectName() != "qt_spinbox_lineedit"
        and widget.isVisible()
    ]
    assert nameless == []
    assert QApplication.activeModalWidget() is None


async def test_a_used_up_budget_is_told_with_the_reason_and_what_to_do(world: Callable[..., World]) -> None:
    here = world()
    words = "the daily budget of $1.00 does not allow it: $0.99 is spent. Raise it in Preferences."
    here.control.statuses = tuple(
        replace(status, over_budget=words if status.name == "api" else "") for status in here.control.statuses
    )
    panel = await here.begin()
    item = item_of_name(panel, "api")
    assert (item.look.word, item.trouble) == ("Over budget", "T" + words[1:])
    assert item_of_name(panel, "ollama").look.word == "Ready"


async def test_everything_is_reached_by_keys(world: Callable[..., World], qtbot: QtBot) -> None:
    panel = await world().begin()
    panel.activateWindow()
    panel.focus_first()
    reached: set[QWidget | None] = set()
    for page in (panel.providers_page, panel.requests_page, panel.rehearsal_page):
        panel.tabs.setCurrentWidget(page)
        panel.focus_first()
        for _ in range(40):
            qtbot.keyClick(QApplication.focusWidget() or panel, Qt.Key.Key_Tab)
            reached.add(QApplication.focusWidget())
    chart, providers, rehearsal = panel.chart_page, panel.providers_page, panel.rehearsal_page
    for part in (
        *(chart.window_choice, chart.live, chart.log, chart.first, chart.more, chart.readout),
        *(providers.list, providers.try_button, providers.switch_button, providers.edit),
        *(panel.requests_page.search, panel.requests_page.provider, panel.requests_page.list),
        *(rehearsal.order, rehearsal.threshold, rehearsal.run_button, panel.tabs.tabBar()),
    ):
        assert part in reached, part.accessibleName()


async def test_at_its_narrowest_the_window_choice_and_the_lanes_are_not_cut(
    world: Callable[..., World],
) -> None:
    panel = await world().begin()
    panel.resize(320, 800)
    QApplication.processEvents()
    choice, plot = panel.chart_page.window_choice, panel.chart_page.plot
    assert choice.width() >= choice.sizeHint().width()
    assert plot is not None
    metrics = QFontMetrics(Theme.current().font("small"))
    assert max(map(metrics.horizontalAdvance, ("Embedded", "openrouter"))) <= LEFT_ROOM - 8


async def test_what_is_wrong_takes_two_lines_where_one_is_too_short(world: Callable[..., World]) -> None:
    place = world("open")
    panel = await place.begin()
    words = "It accepts connections and has said nothing for a long time. Start it anew, then try again."
    place.control.statuses = tuple(replace(one, reason=words) for one in place.control.statuses)
    panel.show_providers()
    heights = []
    for width in (330, 900):
        panel.providers_page.list.resize(width, 400)
        heights.append(panel.providers_page.list.sizeHintForIndex(panel.providers.index(0)).height())
    assert heights[0] > heights[1]
    assert " ".join(wrapped(words, 300)) == words


async def test_a_picture_waits_until_every_provider_was_looked_at(world: Callable[..., World]) -> None:
    place = world()
    panel = await place.begin()
    unseen = [replace(one, health=None, seconds_to_probe=0.0) for one in place.control.statuses]
    place.control.statuses = tuple(unseen)
    panel.show_providers()
    assert not panel.settle()
    # One that nobody will look at is not waited for.
    place.control.statuses = tuple(replace(one, seconds_to_probe=-1.0) for one in unseen)
    panel.show_providers()
    assert panel.settle()


def item_of_name(panel: RouterPanel, name: str) -> ProviderItem:
    item = panel.providers.index(panel.providers.names.index(name)).data(PROVIDER_ROLE)
    assert isinstance(item, ProviderItem)
    return item
