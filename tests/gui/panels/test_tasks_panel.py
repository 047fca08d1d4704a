"""The Tasks panel as a person uses it, over a fake coordinator."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QModelIndex, QPoint, QRect, Qt, QUrl
from PySide6.QtGui import QImage
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.fakes.coordinator import FakeCoordinator
from tests.gui.panels.conftest import FakeRecalled, Place
from timmy_desktop.events import tasks
from timmy_desktop.gui.colors import DARK
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import NewTask, OpenMemory, OpenTask, Say, ShowPanel
from timmy_desktop.gui.panels.tasks.model import VIEW_ROLE
from timmy_desktop.gui.panels.tasks.panel import TasksPanel
from timmy_desktop.gui.style import style_sheet
from timmy_desktop.gui.widgets.prose_view import ProseView
from timmy_desktop.identifiers import new_id
from timmy_desktop.swarm.task import LONGEST_TEXT, TaskStatus


def shown(panel: TasksPanel) -> list[str]:
    proxy = panel.page.proxy
    return [proxy.index(row, 0).data(VIEW_ROLE).text for row in range(proxy.rowCount())]


async def begin(place: Place) -> TasksPanel:
    panel: TasksPanel = place.panel
    panel.start()
    await eventually(panel.settle)
    return panel


async def lived(panel: TasksPanel, swarm: FakeCoordinator, text: str, until: TaskStatus, **facts: Any) -> str:
    """A task that lived until `until`, and is on screen."""
    task_id = new_id()
    swarm.live(task_id, text, until, **facts)
    await eventually(lambda: (view := panel.model.view_of(task_id)) and view.status == until)
    return task_id


async def test_a_task_is_posted_with_the_keys_that_are_shown(
    tasks_place: Place, swarm: FakeCoordinator, qtbot: QtBot
) -> None:
    panel = await begin(tasks_place)
    edit = panel.post_box.edit
    panel.focus_first()
    qtbot.keyClicks(edit, "List three")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    qtbot.keyClicks(edit, "uses")
    qtbot.mouseClick(panel.post_box.local_only, Qt.MouseButton.LeftButton)
    panel.post_box.limit.setValue(25)
    assert panel.post_box.keys.text() == "Ctrl+Enter"
    qtbot.keyClick(edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    await eventually(lambda: shown(panel) == ["List three\nuses"])
    assert swarm.posted == [{"text": "List three\nuses", "local_only": True, "max_price_msat": 25_000}]
    await eventually(lambda: edit.text() == "")


async def test_after_posting_by_mouse_the_next_task_can_be_written(
    tasks_place: Place, swarm: FakeCoordinator, qtbot: QtBot
) -> None:
    panel = await begin(tasks_place)
    box = panel.post_box
    box.edit.set_text("List three uses")
    qtbot.mouseClick(box.post_button, Qt.MouseButton.LeftButton)
    await eventually(lambda: len(swarm.posted) == 1 and box.edit.text() == "")
    assert box.edit.hasFocus()


async def test_what_cannot_be_posted_says_why_and_keeps_the_text(
    tasks_place: Place, swarm: FakeCoordinator, qtbot: QtBot
) -> None:
    panel = await begin(tasks_place)
    box = panel.post_box
    qtbot.mouseClick(box.post_button, Qt.MouseButton.LeftButton)
    assert "empty" in box.words.text()
    box.edit.set_text("x " * (LONGEST_TEXT // 2) + "y")
    qtbot.mouseClick(box.post_button, Qt.MouseButton.LeftButton)
    assert "100,001 characters" in box.words.text()
    assert len(box.edit.text()) == LONGEST_TEXT + 1
    assert swarm.posted == []


async def test_a_failed_post_keeps_the_text_and_can_be_tried_again(
    tasks_place: Place, swarm: FakeCoordinator, qtbot: QtBot, expected_log: Callable[[str], None]
) -> None:
    expected_log("tasks.post failed")
    panel = await begin(tasks_place)
    box = panel.post_box
    box.edit.set_text("Do it")
    swarm.fault = OSError("The disk is full.")
    qtbot.mouseClick(box.post_button, Qt.MouseButton.LeftButton)
    await eventually(lambda: "disk is full" in box.words.text())
    assert box.edit.text() == "Do it"
    qtbot.mouseClick(box.post_button, Qt.MouseButton.LeftButton)
    await eventually(lambda: swarm.posted)


async def test_a_paste_of_a_megabyte_is_refused_in_words(tasks_place: Place) -> None:
    panel = await begin(tasks_place)
    box = panel.post_box
    box.edit.set_text("Before")
    mime = QMimeData()
    mime.setText("x" * 1_000_000)
    box.edit.insertFromMimeData(mime)
    assert box.edit.text() == "Before"
    assert "1,000,000 characters" in box.words.text()


async def test_the_draft_outlives_the_window(tasks_place: Place, reopen: Callable[[], Keepsakes]) -> None:
    panel = await begin(tasks_place)
    panel.post_box.edit.set_text("Half a tho")
    panel.post_box.keep_draft()
    assert reopen().text("draft") == "Half a tho"


async def test_rows_follow_the_events_and_the_model_keeps_its_promises(
    tasks_place: Place, swarm: FakeCoordinator
) -> None:
    panel = await begin(tasks_place)
    mode = QAbstractItemModelTester.FailureReportingMode.Fatal
    testers = [QAbstractItemModelTester(model, mode) for model in (panel.model, panel.page.proxy)]
    await lived(panel, swarm, "One", TaskStatus.COMPLETED, result="Done")
    await lived(panel, swarm, "Two", TaskStatus.RUNNING)
    assert shown(panel) == ["Two", "One"]
    index = panel.page.proxy.index(1, 0)
    view = index.data(VIEW_ROLE)
    assert (view.agent_name, view.paid_msat, view.result) == ("Forge", 12_000, "Done")
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Completed, One, Forge, 12 sat"
    assert len(testers) == 2


async def test_filter_and_order_work_and_are_remembered(
    tasks_place: Place, swarm: FakeCoordinator, qtbot: QtBot, reopen: Callable[[], Keepsakes]
) -> None:
    panel = await begin(tasks_place)
    await lived(panel, swarm, "Apples are red", TaskStatus.COMPLETED)
    await lived(panel, swarm, "Pears are green", TaskStatus.FAILED)
    await lived(panel, swarm, "Red pears", TaskStatus.RUNNING)
    panel.page.list.setFocus()
    qtbot.keyClick(panel.page.list, Qt.Key.Key_Slash)
    qtbot.keyClicks(panel.page.search, "red")
    await eventually(lambda: shown(panel) == ["Red pears", "Apples are red"])
    panel.page.order.setCurrentIndex(panel.page.order.findData("oldest"))
    assert shown(panel) == ["Apples are red", "Red pears"]
    panel.page.status.setCurrentIndex(panel.page.status.findData("open"))
    assert shown(panel) == ["Red pears"]
    panel.page.search.setText("nothing has this")
    await eventually(lambda: panel.page.stack.currentWidget() is panel.page.state)
    assert "No task matches" in panel.page.state.accessibleName()
    kept = reopen()
    assert (kept.text("status"), kept.text("order")) == ("open", "oldest")


async def test_older_tasks_come_as_one_scrolls(tasks_place: Place, swarm: FakeCoordinator) -> None:
    for number in range(450):
        swarm.live(new_id(), f"Task {number}", TaskStatus.CREATED)
    tasks_place.panel.bridge.stop()
    panel = await begin(tasks_place)
    root = QModelIndex()
    for wanted in (400, 450):
        await eventually(lambda: panel.settle())
        if panel.page.proxy.canFetchMore(root):
            panel.page.proxy.fetchMore(root)
        await eventually(lambda wanted=wanted: panel.model.rowCount() >= wanted)
    await eventually(panel.settle)
    assert not panel.model.canFetchMore(root)
    assert panel.model.rowCount() == 450


async def test_the_detail_tells_the_whole_life(
    tasks_place: Place, swarm: FakeCoordinator, qtbot: QtBot, clipboard: Any
) -> None:
    panel = await begin(tasks_place)
    await lived(panel, swarm, "Explain", TaskStatus.COMPLETED, result="Because **so**.", failover=True)
    panel.page.list.setCurrentIndex(panel.page.proxy.index(0, 0))
    qtbot.keyClick(panel.page.list, Qt.Key.Key_Return)
    detail = panel.detail
    await eventually(lambda: detail.bids.bids.rowCount() == 4)
    assert detail.pill.text == "Completed"
    assert detail.result_page.result.text == "Because **so**."
    assert ("12 sat", "paid · simulated") in detail.facts.facts
    assert detail.bids.bids.index(0, 1).data() == "Forge"
    assert detail.bids.bids.index(0, 4).data() == "Won"
    assert detail.bids.bids.index(0, 3).data() == "874"
    across = Qt.Orientation.Horizontal
    assert detail.bids.bids.headerData(2, across, Qt.ItemDataRole.DisplayRole) == "Bid, simulated"
    moments = detail.timeline.moments
    titles = [moments.index(row, 0).data() for row in range(moments.rowCount())]
    assert titles[0] == "Posted"
    wanted = {
        "Forge wins at 12 sat (simulated)",
        "Called read_file",
        "Moved on to Embedded",
        "Paid 12 sat (simulated)",
    }
    assert wanted <= set(titles)
    assert detail.tabs.currentIndex() == 0
    menu = panel.actions_of.menu(panel.model.view_of(detail.shown_id))
    next(action for action in menu.actions() if action.text() == "Copy the result").trigger()
    assert clipboard.text() == "Because **so**."
    menu.deleteLater()


async def test_a_running_task_is_followed_cancelled_and_tried_again(
    tasks_place: Place, swarm: FakeCoordinator, qtbot: QtBot
) -> None:
    panel = await begin(tasks_place)
    task_id = await lived(panel, swarm, "Long work", TaskStatus.RUNNING)
    panel.open_task(task_id)
    detail = panel.detail
    await eventually(lambda: detail.timeline.moments.rowCount() > 5)
    assert detail.tabs.currentIndex() == 1
    qtbot.mouseClick(detail.cancel_button, Qt.MouseButton.LeftButton)
    await eventually(lambda: detail.pill.text == "Cancelled")
    assert swarm.cancelled == [task_id]
    assert detail.tabs.currentIndex() == 0
    qtbot.mouseClick(detail.retry_button, Qt.MouseButton.LeftButton)
    await eventually(lambda: detail.pill.text == "Waiting")


async def test_delete_calls_off_only_what_is_under_way(
    tasks_place: Place, swarm: FakeCoordinator, qtbot: QtBot
) -> None:
    panel = await begin(tasks_place)
    done = await lived(panel, swarm, "Done", TaskStatus.COMPLETED)
    running = await lived(panel, swarm, "Running", TaskStatus.RUNNING)
    panel.page.choose(done)
    qtbot.keyClick(panel.page.list, Qt.Key.Key_Delete)
    assert isinstance(tasks_place.wishes[-1], Say)
    panel.page.choose(running)
    qtbot.keyClick(panel.page.list, Qt.Key.Key_Delete)
    await eventually(lambda: swarm.cancelled == [running])


async def test_narrow_shows_one_at_a_time_with_a_way_back(
    tasks_place: Place, swarm: FakeCoordinator, qtbot: QtBot
) -> None:
    panel = await begin(tasks_place)
    panel.resize(380, 640)
    task_id = await lived(panel, swarm, "Small", TaskStatus.COMPLETED)
    assert panel.page.isVisible()
    assert not panel.detail.isVisible()
    panel.open_task(task_id)
    assert panel.detail.isVisible()
    assert not panel.page.isVisible()
    qtbot.keyClick(panel.detail.tabs, Qt.Key.Key_Escape)
    assert panel.page.isVisible()


async def test_a_detail_that_comes_back_is_of_now(
    tasks_place: Place, swarm: FakeCoordinator, qtbot: QtBot
) -> None:
    panel = await begin(tasks_place)
    panel.resize(380, 640)
    task_id = await lived(panel, swarm, "Small", TaskStatus.RUNNING)
    panel.open_task(task_id)
    detail = panel.detail
    await eventually(lambda: detail.timeline.moments.rowCount() > 5)
    qtbot.keyClick(detail.tabs, Qt.Key.Key_Escape)
    swarm.publish(tasks.TaskFailed(task_id=task_id, reason="Meanwhile."))
    await eventually(lambda: panel.model.view_of(task_id).status is TaskStatus.FAILED)
    panel.resize(1000, 640)
    assert detail.pill.text == "Failed"
    assert not detail.cancel_button.isVisible()
    await eventually(lambda: detail.timeline.moments.rowCount() > 5)
    assert detail.result_page.notice.words == "Meanwhile."
    swarm.publish(tasks.TaskRetried(task_id=task_id, reason="Later.", attempt=2))
    await eventually(lambda: detail.pill.text == "Waiting")


@pytest.mark.parametrize("width", [300, 340, 380, 420, 560, 1000])
async def test_the_head_of_a_task_drops_words_before_it_squeezes_buttons(
    tasks_place: Place, swarm: FakeCoordinator, width: int
) -> None:
    panel = await begin(tasks_place)
    panel.resize(width, 640)
    task_id = await lived(panel, swarm, "Small", TaskStatus.FAILED)
    panel.open_task(task_id)
    detail = panel.detail
    await eventually(lambda: detail.timeline.moments.rowCount() > 5)
    for age in ("now", "59 minutes and a bit ago", "a very long time ago, " * 2, "now"):
        detail.posted.setText(age)
        QApplication.sendPostedEvents()
        parts = (detail.back_button, detail.pill, detail.posted, detail.identifier)
        shown = [part for part in (*parts, detail.retry_button, detail.more_button) if part.isVisible()]
        assert {detail.pill, detail.retry_button, detail.more_button} <= set(shown)
        assert [part for part in shown if part.width() < part.sizeHint().width()] == []
        assert all(one.geometry().right() < two.x() for one, two in pairwise(shown))
        assert shown[-1].geometry().right() < detail.line.width()
        assert detail.posted.isVisible() or not detail.identifier.isVisible()
    assert detail.identifier.isVisible() or width < 560


def overlapping(parts: list[QWidget], within: QWidget) -> list[tuple[QWidget, QWidget]]:
    """Those of the visible parts that lie on one another."""
    places = [(part, QRect(part.mapTo(within, QPoint()), part.size())) for part in parts if part.isVisible()]
    return [(one[0], two[0]) for one, two in combinations(places, 2) if one[1].intersects(two[1])]


@pytest.mark.parametrize("width", [300, 339, 340, 391, 392, 480])
async def test_a_narrow_dock_keeps_the_parts_of_the_box_apart(tasks_place: Place, width: int) -> None:
    panel = await begin(tasks_place)
    panel.resize(width, 480)
    QApplication.sendPostedEvents()
    box = panel.post_box
    parts = [box.local_only, box.limit, box.keys, box.post_button]
    shown = [part.geometry() for part in parts if part.isVisible()]
    assert all(two.x() - one.right() > 4 for one, two in pairwise(shown))
    assert shown[-1].right() < box.width()


async def test_a_low_dock_keeps_the_box_whole_and_a_row_in_sight(
    tasks_place: Place, swarm: FakeCoordinator, qtbot: QtBot
) -> None:
    panel = await begin(tasks_place)
    await lived(panel, swarm, "Small", TaskStatus.COMPLETED)
    panel.resize(360, 180)
    page, box = panel.page, panel.post_box
    for text in ("", "\n".join("abcdefgh")):
        box.edit.set_text(text)
        QApplication.sendPostedEvents()
        parts = [box.edit, box.local_only, box.limit, box.post_button, page.stack, page.search]
        await eventually(lambda parts=parts: overlapping(parts, panel) == [])
        assert box.limit.height() >= box.limit.sizeHint().height()
        assert page.stack.height() >= 40
    qtbot.keyClick(page.list, Qt.Key.Key_Slash)
    assert page.search.isVisible()
    panel.resize(360, 400)
    assert page.search.isVisible()


async def test_a_low_dock_keeps_who_and_what_it_cost(tasks_place: Place, swarm: FakeCoordinator) -> None:
    panel = await begin(tasks_place)
    task_id = await lived(panel, swarm, "Small " * 30, TaskStatus.COMPLETED)
    panel.resize(360, 180)
    panel.open_task(task_id)
    detail = panel.detail
    await eventually(lambda: "paid, simulated" in detail.brief_facts.toolTip())
    QApplication.sendPostedEvents()
    assert detail.brief_facts.text().startswith("Forge · 12 sat paid, simulated")
    for part in (detail.line, detail.brief_text, detail.brief_facts):
        assert part.isVisible()
        assert part.height() >= part.sizeHint().height()
    assert detail.result_page.viewport().height() >= 30
    panel.resize(360, 700)
    assert detail.facts.isVisible()
    assert detail.facts.y() + detail.facts.height() < 220
    assert not detail.brief_facts.isVisible()


def ink_from(picture: QImage, left: int, right: int) -> int:
    """The first column of pixels in which something is drawn on the ground."""
    ground, lines = picture.pixel(left, 4), range(4, picture.height() - 4)
    return next(x for x in range(left, right) if any(picture.pixel(x, y) != ground for y in lines))


async def test_the_heads_of_the_bids_stand_over_their_columns(
    tasks_place: Place, swarm: FakeCoordinator
) -> None:
    panel = await begin(tasks_place)
    panel.open_task(await lived(panel, swarm, "Small", TaskStatus.COMPLETED))
    panel.setStyleSheet(style_sheet(DARK, 9, 13))
    table = panel.detail.bids
    await eventually(lambda: table.bids.rowCount() == 4)
    panel.detail.tabs.setCurrentIndex(2)
    QApplication.sendPostedEvents()
    left, right = table.columnViewportPosition(1), table.columnViewportPosition(2)
    head = ink_from(table.horizontalHeader().grab().toImage(), left, right)
    row = QRect(0, table.rowViewportPosition(0), table.viewport().width(), table.rowHeight(0))
    assert abs(head - ink_from(table.viewport().grab(row).toImage(), left, right)) <= 2


async def test_no_caret_blinks_in_the_text_of_a_task(tasks_place: Place, swarm: FakeCoordinator) -> None:
    panel = await begin(tasks_place)
    panel.open_task(await lived(panel, swarm, "Small", TaskStatus.COMPLETED))
    by_keyboard = Qt.TextInteractionFlag.TextSelectableByKeyboard
    assert not panel.detail.text.textInteractionFlags() & by_keyboard


async def test_empty_error_and_offline_say_what_to_do(
    tasks_place: Place, swarm: FakeCoordinator, expected_log: Callable[[str], None]
) -> None:
    expected_log("tasks.load failed")
    panel = await begin(tasks_place)
    assert "No tasks yet" in panel.page.state.accessibleName()
    swarm.fault = OSError("The database is locked. Close the other program.")
    panel.controller.load()
    await eventually(lambda: "can't be read" in panel.page.state.accessibleName())
    assert "Close the other program" in panel.page.state.accessibleName()
    tasks_place.go_offline()
    panel._look_for_models()
    assert "ollama serve" in panel.page.offline.words
    panel.page.offline.action_button.click()
    assert ShowPanel("router") in tasks_place.wishes
    tasks_place.statuses.clear()
    panel._look_for_models()
    assert panel.page.offline.words == ""


async def test_loading_is_said_while_the_answer_is_awaited(
    tasks_place: Place, swarm: FakeCoordinator
) -> None:
    swarm.gate.clear()
    panel: TasksPanel = tasks_place.panel
    panel.start()
    assert "Reading the tasks" in panel.page.state.accessibleName()
    swarm.gate.set()
    await eventually(lambda: "No tasks yet" in panel.page.state.accessibleName())


async def test_a_task_that_is_gone_is_said_to_be(
    tasks_place: Place, expected_log: Callable[[str], None]
) -> None:
    expected_log("tasks.detail failed")
    panel = await begin(tasks_place)
    assert panel.fulfil(OpenTask("no-such-task"))
    await eventually(lambda: "There is no task" in panel.detail.empty.accessibleName())


async def test_wishes_of_others_are_fulfilled(tasks_place: Place) -> None:
    panel = await begin(tasks_place)
    panel.post_box.edit.set_text("Mine")
    assert panel.fulfil(NewTask("Theirs"))
    assert panel.post_box.edit.text() == "Mine\n\nTheirs"
    assert not panel.fulfil(ShowPanel("tasks"))


@pytest.mark.parametrize("ending", ["json", "md"])
async def test_a_task_is_exported(
    tasks_place: Place, swarm: FakeCoordinator, tmp_path: Path, ending: str
) -> None:
    panel = await begin(tasks_place)
    task_id = await lived(panel, swarm, "Export me", TaskStatus.COMPLETED, result="Out")
    menu = panel.actions_of.menu(panel.model.view_of(task_id))
    words = {"json": "Export as JSON…", "md": "Export as Markdown…"}[ending]
    next(action for action in menu.actions() if action.text() == words).trigger()
    dialog = panel.findChild(QFileDialog)
    path = tmp_path / f"task.{ending}"
    dialog.fileSelected.emit(str(path))
    dialog.reject()
    await eventually(lambda: [wish for wish in tasks_place.wishes if wish.tone == "good"])
    text = path.read_text(encoding="utf-8")
    assert "preimage" not in text
    if ending == "json":
        assert json.loads(text)["task"]["status"] == "completed"
    else:
        assert "## Result\n\nOut" in text
    menu.deleteLater()


async def test_hostile_text_is_shown_inert(tasks_place: Place, swarm: FakeCoordinator) -> None:
    panel = await begin(tasks_place)
    text = "\u202eevil\x1b[31m <b>bold</b>"
    task_id = await lived(panel, swarm, text, TaskStatus.COMPLETED, result=text)
    words = panel.model.index_of(task_id).data()
    assert "\u202e" not in words
    assert "\x1b" not in words
    panel.open_task(task_id)
    await eventually(lambda: panel.detail.timeline.moments.rowCount() > 5)
    assert "\\u{202e}" in panel.detail.text.text()
    assert panel.detail.text.textFormat() == Qt.TextFormat.PlainText


async def test_an_event_of_an_unknown_task_brings_the_task(
    tasks_place: Place, swarm: FakeCoordinator
) -> None:
    panel = await begin(tasks_place)
    task_id = new_id()
    subscribers = swarm.bus._handlers[:]
    swarm.bus._handlers.clear()
    swarm.live(task_id, "From before", TaskStatus.RUNNING)
    swarm.bus._handlers.extend(subscribers)
    swarm.publish(tasks.TaskFailed(task_id=task_id, reason="No."))
    await eventually(lambda: shown(panel) == ["From before"])


async def test_after_a_flood_the_rows_are_read_anew(tasks_place: Place, swarm: FakeCoordinator) -> None:
    panel = await begin(tasks_place)
    task_id = await lived(panel, swarm, "In the flood", TaskStatus.RUNNING)
    subscribers = swarm.bus._handlers[:]
    swarm.bus._handlers.clear()
    swarm.publish(tasks.TaskCancelled(task_id=task_id, reason="Nobody saw it."))
    swarm.bus._handlers.extend(subscribers)
    panel.bridge.folded.emit(1)
    await eventually(lambda: panel.model.view_of(task_id).status is TaskStatus.CANCELLED)


async def test_events_of_tasks_that_are_nowhere_are_asked_about_once(
    tasks_place: Place, swarm: FakeCoordinator
) -> None:
    panel = await begin(tasks_place)
    for _ in range(3):
        swarm.publish(tasks.TaskStarted(task_id="gone"), tasks.TaskStarted(task_id="lost"))
        await eventually(lambda: panel.settle() and not panel.bridge.waiting)
    assert panel.controller._missing == {"gone", "lost"}
    assert shown(panel) == []


async def test_a_citation_in_a_result_asks_for_its_memory(tasks_place: Place, swarm: FakeCoordinator) -> None:
    panel = await begin(tasks_place)
    said = "Your boat is called Marigold [m:1a2b3c4d]."
    task_id = await lived(panel, swarm, "What is it called?", TaskStatus.COMPLETED, result=said)
    panel.open_task(task_id)
    await eventually(lambda: panel.detail.result_page.result.text == said)
    (prose,) = panel.detail.result_page.result.findChildren(ProseView)
    prose.anchorClicked.emit(QUrl("memory:1a2b3c4d"))
    assert OpenMemory("1a2b3c4d") in tasks_place.wishes


async def test_under_a_result_stands_what_it_took_from_the_memory(
    tasks_place: Place, swarm: FakeCoordinator, recalled: FakeRecalled, qtbot: QtBot
) -> None:
    panel = await begin(tasks_place)
    page = panel.detail.result_page
    task_id = new_id()
    swarm.live(task_id, "What is it called?", TaskStatus.RUNNING)
    await eventually(lambda: panel.model.view_of(task_id))
    panel.open_task(task_id)
    await eventually(panel.settle)
    assert page.recalled.isHidden()
    boat = recalled.used(task_id, "My boat is called Marigold", "retrieved", "injected", "cited")
    recalled.used(task_id, "The harbour is closed", "retrieved", "injected")
    recalled.used(task_id, "Boats need paint", "retrieved")
    swarm.live(task_id, "What is it called?", TaskStatus.COMPLETED, result=f"Marigold [{boat.cite}]")
    await eventually(lambda: not page.recalled.isHidden())
    assert page.recalled.button.text().strip() == "Used 2 memories, cites 1"

    qtbot.mouseClick(page.recalled.button, Qt.MouseButton.LeftButton)
    assert page.recalled.list is not None
    told = [one.text() for one in page.recalled.list.findChildren(QLabel)]
    assert told[:2] == ["Cited", f"[{boat.cite}] My boat is called Marigold (fact · 0.50)"]
    assert [one for one in told if not one.startswith("[")] == [
        "Cited", "Given to the model, not cited", "Found, not given to the model",
    ]  # fmt: skip
    qtbot.mouseClick(page.recalled.list.findChildren(QToolButton)[0], Qt.MouseButton.LeftButton)
    assert tasks_place.wishes[-1] == OpenMemory(boat.id)
    qtbot.mouseClick(page.recalled.button, Qt.MouseButton.LeftButton)
    assert page.recalled.list is None

    other = await lived(panel, swarm, "Something else", TaskStatus.COMPLETED, result="Done")
    panel.open_task(other)
    await eventually(lambda: page.result.text == "Done" and panel.settle())
    assert page.recalled.isHidden()
