"""Forgetting and pruning: asked for in words, checked, and told."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.gui.memory.conftest import Begin, Place
from timmy_desktop.events.tasks import TaskCompleted, TaskCreated
from timmy_desktop.memory.types import PERSON, Change

ASKED = "Say how the safe in the boathouse is opened"
SECRET = "The safe's code is 4711-SESAME-OPEN."


async def test_forget_asks_in_words_and_tells_what_the_check_found(place: Place, qtbot: QtBot) -> None:
    await place.told("My boat is called Wilma.", SECRET)
    panel = place.panel
    panel.page.list.setCurrentIndex(panel.model.index(0))
    qtbot.keyClick(panel.page.list, Qt.Key.Key_Delete)
    dialog = panel.acts.dialog
    assert dialog is not None
    assert dialog.windowTitle() == "Forget this memory for good?"
    assert dialog.stay_button.hasFocus() or not dialog.isActiveWindow()
    qtbot.mouseClick(dialog.go_button, Qt.MouseButton.LeftButton)
    assert panel.unfinished()
    await eventually(lambda: dialog.notice.words)
    assert "1 memory was forgotten." in dialog.notice.words
    assert "no byte of it was found" in dialog.notice.words
    assert "Cleaned: table, history" in dialog.details.text()
    assert panel.unfinished() == ""
    await eventually(lambda: place.texts == ["My boat is called Wilma."])
    qtbot.mouseClick(dialog.close_button, Qt.MouseButton.LeftButton)
    await eventually(lambda: panel.acts.dialog is None)
    await place.calm()


async def test_keep_keeps_it(place: Place, qtbot: QtBot) -> None:
    await place.told(SECRET)
    place.panel.act("forget", place.panel.model.rows)
    qtbot.mouseClick(place.panel.acts.dialog.stay_button, Qt.MouseButton.LeftButton)
    await eventually(lambda: place.panel.acts.dialog is None)
    assert place.texts == [SECRET]
    await place.calm()


async def test_no_part_of_the_dock_keeps_a_word_of_it(place: Place) -> None:
    [secret] = await place.told(SECRET)
    await place.told("My boat is called Wilma.")
    panel = place.panel
    panel.deeds.edit(secret.id, SECRET + " Twice.")
    await place.calm()
    for page in (panel.map, panel.upkeep, panel.facts, panel.page):
        panel.tabs.setCurrentWidget(page)
        await place.calm()
    panel.upkeep_desk.run_self_test()
    panel.open_entry(secret.id)
    await place.calm()
    assert any("SESAME" in text for text in words_of(panel))
    await place.memory.forget([secret.id], asker=PERSON)
    await place.calm()
    assert panel.undo_stack.next_words == ""
    QApplication.sendPostedEvents(None, 52)  # what is deleted later is deleted now
    assert [text for text in words_of(panel) if "SESAME" in text] == []
    panel.stop()
    kept = (place.world.folder.parent / "panel.json").read_text()
    assert "SESAME" not in kept
    await place.calm()


def words_of(panel: Any) -> list[str]:
    """Everything that the dock could still show."""
    found = [row.text for row in panel.model.rows]
    found += [fact.content + fact.row.text for fact in panel.facts.model.rows]
    found += [point.label for point in panel.map.map.points]
    for table in (panel.map.list, panel.upkeep.test.table, panel.documents.outcomes):
        found += [" ".join(row.words) for row in table.cells.rows]
    if panel.reader.reading is not None:
        found.append(panel.reader.reading.entry.content)
    from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QTextEdit

    found += [label.text() for label in panel.findChildren(QLabel)]
    found += [made.text() for made in panel.findChildren(QPushButton)]
    for kind in (QPlainTextEdit, QTextEdit):
        found += [edit.toPlainText() for edit in panel.findChildren(kind)]
    return found


async def test_a_report_that_comes_after_the_dialog_was_closed_is_said(place: Place) -> None:
    await place.told(SECRET)
    panel = place.panel
    panel.act("forget", panel.model.rows)
    panel.acts.dialog.go_button.click()
    panel.acts.dialog.close()
    await eventually(lambda: any("was forgotten" in words for words in place.said))
    await place.calm()


async def test_pruning_says_before_what_would_go_and_keeps_facts(begin: Begin, qtbot: QtBot) -> None:
    place = await begin()
    await place.told("We spoke of tides.", "We spoke of nets.", type="conversation")
    await place.told("My boat is called Wilma.")
    [kept] = await place.told("We spoke of ropes.", type="conversation", pinned=True)
    place.world.clock.seconds += 400 * 86_400
    panel = place.panel
    panel.tabs.setCurrentWidget(panel.upkeep)
    await place.calm()
    prune = panel.upkeep.prune
    assert prune.preview.text().startswith("2 conversations would be forgotten for good.")
    prune.age.setCurrentIndex(prune.age.findData(731))
    await place.calm()
    assert prune.preview.text().startswith("Nothing is that old.")
    assert not prune.go_button.isEnabled()
    prune.age.setCurrentIndex(prune.age.findData(366))
    await place.calm()
    qtbot.mouseClick(prune.go_button, Qt.MouseButton.LeftButton)
    dialog = panel.acts.dialog
    assert dialog.windowTitle() == "Forget 2 memories for good?"
    assert dialog.sources.isHidden()
    dialog.go_button.click()
    await eventually(lambda: dialog.notice.words)
    await eventually(lambda: set(place.texts) == {"My boat is called Wilma.", kept.content})
    await place.calm()


async def test_a_forgetting_that_fails_says_so(place: Place, expected_log: Any) -> None:
    expected_log("memory.forget")
    [entry] = await place.told(SECRET)
    panel = place.panel
    panel.act("forget", panel.model.rows)
    await place.memory.change([entry.id], Change(pinned=True))
    await place.memory.forget([entry.id], asker=PERSON)
    panel.acts.dialog.go_button.click()
    await eventually(lambda: "There is no memory" in panel.acts.dialog.notice.words)
    await place.calm()


async def a_task_was_done(place: Place) -> None:
    """Its events, its row, and what is remembered of it."""
    await place.world.bus.publish(
        TaskCreated(source="test", task_id="t1", text=ASKED),
        TaskCompleted(
            source="test", task_id="t1", result=SECRET, provider="p", model="m", duration_ms=1, tokens_in=1,
            tokens_out=1,
        ),
        work=lambda session: session.sql(
            "INSERT INTO tasks(id, text, status, created_us, updated_us, result) "
            "VALUES ('t1', ?, 'completed', 1, 1, ?)",
            (ASKED, SECRET),
        ),
    )  # fmt: skip
    await eventually(lambda: place.texts)
    await place.memory.settled()
    await place.calm()


async def test_events_that_hold_a_task_s_words_are_offered_with_its_sources(
    place: Place, qtbot: QtBot
) -> None:
    await a_task_was_done(place)
    panel = place.panel
    panel.act("forget", panel.model.rows)
    dialog = panel.acts.dialog
    assert dialog.events.isHidden(), "nothing is known yet"
    await eventually(lambda: dialog.events.isVisible())
    assert "the 2 events of the log that hold its words" in dialog.events.text()
    assert "The time scrubber then begins after the last of them" in words_under(dialog)
    assert not dialog.events.isEnabled()
    dialog.sources.click()
    assert not dialog.events.isChecked(), "a choice of its own"
    dialog.events.click()
    dialog.sources.click()
    assert not dialog.events.isChecked()
    dialog.sources.click()
    dialog.events.click()
    qtbot.mouseClick(dialog.go_button, Qt.MouseButton.LeftButton)
    await eventually(lambda: dialog.notice.words)
    assert "no byte of it was found" in dialog.notice.words
    assert "2 events were removed from the log" in dialog.details.text()
    left = await place.world.rows("SELECT type FROM event_log WHERE task_id = 't1'")
    assert left == [("memory.stored",)], "it has no word of it"
    dialog.close()
    await place.calm()


async def test_without_the_choice_the_check_says_where_the_words_are_left(place: Place) -> None:
    await a_task_was_done(place)
    panel = place.panel
    panel.act("forget", panel.model.rows)
    dialog = panel.acts.dialog
    await eventually(lambda: dialog.events.isVisible())
    dialog.sources.click()
    dialog.go_button.click()
    await eventually(lambda: dialog.notice.words)
    assert "1 place still holds some of its words" in dialog.notice.words
    assert "prune it in the Events dock, without an archive: 2 places." in dialog.details.text()
    dialog.close()
    await place.calm()


async def test_what_no_event_holds_offers_nothing(place: Place) -> None:
    await place.told(SECRET)
    panel = place.panel
    panel.act("forget", panel.model.rows)
    await eventually(lambda: not panel.acts._starter.running("events to forget"))
    assert panel.acts.dialog.events.isHidden()
    panel.acts.dialog.close()
    await place.calm()


def words_under(dialog: Any) -> str:
    from PySide6.QtWidgets import QLabel

    return " ".join(one.text() for one in dialog.findChildren(QLabel) if one.isVisible())
