"""The Chat panel as a person uses it, over a fake Timmy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QMimeData, Qt
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.fakes.timmy import FakeTimmy
from tests.gui.panels.conftest import Place
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import NewConversation, OpenConversation, OpenTask, ShowPanel
from timmy_desktop.gui.panels.chat.message_widget import AssistantMessage, NoticeMessage, UserMessage
from timmy_desktop.gui.panels.chat.panel import ChatPanel


async def begin(place: Place) -> ChatPanel:
    panel: ChatPanel = place.panel
    panel.start()
    await eventually(panel.settle)
    return panel


async def ask(panel: ChatPanel, qtbot: QtBot, text: str) -> AssistantMessage:
    """Types and sends; returns the widget of the answer to come."""
    edit = panel.composer.edit
    panel.focus_first()
    qtbot.keyClicks(edit, text)
    before = len(panel.transcript)
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    await eventually(lambda: len(panel.transcript) == before + 2 and not edit.text())
    answer = panel.view.shown[-1]
    assert isinstance(answer, AssistantMessage)
    return answer


async def ended(panel: ChatPanel) -> None:
    await eventually(lambda: not panel.controller.answering and panel.settle())


async def test_a_message_is_sent_and_the_answer_streams_in(
    chat_place: Place, timmy: FakeTimmy, qtbot: QtBot
) -> None:
    panel = await begin(chat_place)
    answer = await ask(panel, qtbot, "Hello")
    assert isinstance(panel.view.shown[0], UserMessage)
    assert answer.footer.text() == "Waiting for the first word"
    timmy.say("Good ")
    timmy.say("day")
    await eventually(lambda: answer.body.text == "Good day")
    timmy.finish("Good day", provider="ollama", model="llama3.2", ttft_ms=412, total_ms=3_120)
    await ended(panel)
    assert answer.footer.text() == "Ollama · llama3.2 · first word 0.4 s · 3.1 s"
    assert panel.composer.send_button.isVisible()
    await eventually(lambda: panel.conversations.currentText() == "Hello")


async def test_shift_enter_breaks_the_line(chat_place: Place, timmy: FakeTimmy, qtbot: QtBot) -> None:
    panel = await begin(chat_place)
    edit = panel.composer.edit
    qtbot.keyClicks(edit, "one")
    qtbot.keyClick(edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(edit, "two")
    assert edit.text() == "one\ntwo"
    assert timmy.sent == []


async def test_escape_stops_the_answer_and_keeps_what_came(
    chat_place: Place, timmy: FakeTimmy, qtbot: QtBot
) -> None:
    panel = await begin(chat_place)
    answer = await ask(panel, qtbot, "Tell me everything")
    timmy.say("It began")
    await eventually(lambda: answer.body.text == "It began")
    assert panel.unfinished()
    qtbot.keyClick(panel.composer.edit, Qt.Key.Key_Escape)
    await ended(panel)
    assert timmy.stopped == [panel.controller.conversation_id]
    assert answer.footer.text() == "Stopped by you"


async def test_while_one_answers_the_next_message_waits_in_the_box(
    chat_place: Place, timmy: FakeTimmy, qtbot: QtBot
) -> None:
    panel = await begin(chat_place)
    await ask(panel, qtbot, "First")
    qtbot.keyClicks(panel.composer.edit, "Second")
    qtbot.keyClick(panel.composer.edit, Qt.Key.Key_Return)
    assert "still answering" in panel.composer.hint.text()
    assert panel.composer.edit.text() == "Second"
    timmy.finish("Done")
    await ended(panel)


async def test_a_change_of_provider_is_told_in_words(
    chat_place: Place, timmy: FakeTimmy, qtbot: QtBot
) -> None:
    panel = await begin(chat_place)
    answer = await ask(panel, qtbot, "Go")
    timmy.change_provider("ollama", "llama3.2", "")
    timmy.say("Half an ans")
    timmy.change_provider("embedded", "gemma3", "broke off: the connection was closed.")
    timmy.say("Whole")
    await eventually(lambda: answer.body.text == "Whole")
    assert answer.notes is not None
    words = "Ollama · llama3.2 broke off: the connection was closed. Embedded · gemma3 began anew."
    assert answer.notes.text() == words
    timmy.finish("Whole", provider="embedded", model="gemma3")
    await ended(panel)


async def test_a_failed_answer_says_why_and_is_asked_again(
    chat_place: Place, timmy: FakeTimmy, qtbot: QtBot
) -> None:
    panel = await begin(chat_place)
    answer = await ask(panel, qtbot, "Go")
    timmy.finish("", state="failed", reason="No model answered. Start Ollama.")
    await ended(panel)
    assert answer.failure is not None
    assert answer.failure.words == "No model answered. Start Ollama."
    qtbot.mouseClick(answer.failure.action_button, Qt.MouseButton.LeftButton)
    await eventually(lambda: len(panel.transcript) == 3)
    assert len(timmy.sent) == 1
    timmy.finish("Now it works")
    await ended(panel)


async def test_what_is_not_stored_stays_in_the_box(chat_place: Place, timmy: FakeTimmy, qtbot: QtBot) -> None:
    panel = await begin(chat_place)
    timmy.fault = OSError("The disk is full.")
    qtbot.keyClicks(panel.composer.edit, "Keep me")
    qtbot.keyClick(panel.composer.edit, Qt.Key.Key_Return)
    await eventually(lambda: "disk is full" in panel.composer.hint.text())
    assert panel.composer.edit.text() == "Keep me"
    assert not panel.controller.answering


async def test_the_history_comes_back_with_up(chat_place: Place, timmy: FakeTimmy, qtbot: QtBot) -> None:
    panel = await begin(chat_place)
    for text in ("one", "two"):
        await ask(panel, qtbot, text)
        timmy.finish("ok")
        await ended(panel)
    edit = panel.composer.edit
    for key, text in ((Qt.Key.Key_Up, "two"), (Qt.Key.Key_Up, "one"), (Qt.Key.Key_Down, "two")):
        qtbot.keyClick(edit, key)
        assert edit.text() == text
    qtbot.keyClick(edit, Qt.Key.Key_Down)
    assert edit.text() == ""


async def test_the_task_command_is_completed_and_explained(chat_place: Place, qtbot: QtBot) -> None:
    panel = await begin(chat_place)
    edit = panel.composer.edit
    panel.focus_first()
    qtbot.keyClicks(edit, "/ta")
    assert "Tab completes" in panel.composer.hint.text()
    qtbot.keyClick(edit, Qt.Key.Key_Tab)
    assert edit.text() == "/task "
    assert "posts this to the swarm" in panel.composer.hint.text()
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert "after /task" in panel.composer.hint.text()


async def test_a_report_links_to_its_task(chat_place: Place, timmy: FakeTimmy, qtbot: QtBot) -> None:
    conversation_id, elsewhere = await timmy.new_conversation(), await timmy.new_conversation()
    timmy.add(conversation_id, "user", "/task x")
    panel = await begin(chat_place)
    panel.controller.open(conversation_id)
    await eventually(lambda: len(panel.transcript) == 1)
    timmy.report(elsewhere, "Not here", "task-6")
    timmy.report(conversation_id, "**Forge** is done.", "task-7")
    assert len(panel.transcript) == 2
    notice = panel.view.shown[-1]
    assert isinstance(notice, NoticeMessage)
    qtbot.mouseClick(notice.task_button, Qt.MouseButton.LeftButton)
    assert chat_place.wishes == [OpenTask("task-7")]


async def test_conversations_are_begun_and_changed(
    chat_place: Place, timmy: FakeTimmy, reopen: Callable[[], Keepsakes]
) -> None:
    for title in ("older", "newer"):
        conversation_id = await timmy.new_conversation()
        timmy.titles[conversation_id] = title
        timmy.add(conversation_id, "user", f"in the {title}")
    panel = await begin(chat_place)
    assert panel.conversations.currentText() == "newer"
    older = panel.conversations.findText("older")
    panel.conversations.setCurrentIndex(older)
    panel.conversations.activated.emit(older)
    await eventually(lambda: panel.transcript.questions() == ["in the older"])
    assert panel.fulfil(NewConversation())
    assert panel.stack.currentWidget() is panel.start_page
    assert len(timmy.titles) == 2
    first = next(iter(timmy.titles))
    assert panel.fulfil(OpenConversation(first))
    await eventually(lambda: panel.transcript.questions() == ["in the older"])
    panel.composer.keep_draft()
    assert reopen().text("conversation") == first


async def test_an_empty_conversation_suggests_first_words(chat_place: Place, qtbot: QtBot) -> None:
    panel = await begin(chat_place)
    prompts = panel.start_page.buttons
    assert len(prompts) == 3
    qtbot.mouseClick(prompts[2], Qt.MouseButton.LeftButton)
    assert panel.composer.edit.text() == "/task List three uses of a hash chain"
    panel.resize(240, 400)
    await eventually(lambda: prompts[2].text().endswith("…"))
    assert prompts[2].fontMetrics().horizontalAdvance(prompts[2].text()) < prompts[2].width()


async def test_what_needs_a_folder_is_offered_only_with_one(chat_place: Place) -> None:
    panel = await begin(chat_place)
    page = panel.start_page

    def offered() -> list[str]:
        return [made.text() for made in page.buttons if made.isVisible()]

    assert len(offered()) == 2
    assert not any("folder" in words for words in offered())
    chat_place.folders.append("/home/ada/notes")
    panel._tick()
    assert "/task Say what the opened folder is about" in offered()


async def test_error_and_offline_say_what_to_do(
    chat_place: Place, timmy: FakeTimmy, expected_log: Callable[[str], None]
) -> None:
    expected_log("chat.open failed")
    timmy.fault = OSError("The database is locked.")
    panel = await begin(chat_place)
    assert panel.stack.currentWidget() is panel.fault
    assert "The database is locked" in panel.fault.accessibleName()
    chat_place.go_offline()
    panel._look_for_models()
    assert "ollama serve" in panel.offline.words
    panel.offline.action_button.click()
    assert chat_place.wishes == [ShowPanel("router")]
    panel.controller.start()
    await eventually(lambda: panel.stack.currentWidget() is panel.start_page)


async def test_the_draft_outlives_the_window(chat_place: Place, reopen: Callable[[], Keepsakes]) -> None:
    panel = await begin(chat_place)
    panel.composer.edit.set_text("Half a")
    panel.composer.keep_draft()
    assert reopen().text("draft") == "Half a"


async def test_a_long_conversation_has_few_widgets_and_keeps_its_place(
    chat_place: Place, timmy: FakeTimmy
) -> None:
    conversation_id = await timmy.new_conversation()
    for number in range(1_000):
        timmy.add(conversation_id, "user", f"question {number}")
        timmy.add(conversation_id, "assistant", f"answer {number}\n\n" + "words " * 40)
    panel = await begin(chat_place)
    view, bar = panel.view, panel.view.verticalScrollBar()
    await eventually(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())
    assert len(view.shown) < 50
    bar.setValue(10)
    assert not view.follows
    assert view.jump_button.isVisible()
    await eventually(lambda: not view.busy)
    assert len(view.shown) < 50
    timmy.report(conversation_id, "News", "t")
    assert not view.follows
    view.jump_button.click()
    await eventually(lambda: not view.busy and bar.value() == bar.maximum())
    assert view.follows
    assert not view.jump_button.isVisible()
    assert view.shown[-1].entry.text == "News"


async def test_a_stream_is_laid_out_far_less_often_than_it_comes(
    chat_place: Place, timmy: FakeTimmy, qtbot: QtBot
) -> None:
    panel = await begin(chat_place)
    answer = await ask(panel, qtbot, "Go")
    drawn: list[int] = []
    refresh = answer.refresh

    def counted(entry: Any) -> None:
        refresh(entry)
        drawn.append(len(entry.text))

    answer.refresh = counted  # type: ignore[method-assign]
    for _ in range(500):
        timmy.say("word ")
    await eventually(lambda: drawn and drawn[-1] == 2_500)
    assert len(drawn) <= 5
    timmy.finish("word")
    await ended(panel)


async def test_a_megabyte_neither_pastes_nor_fills_the_transcript(
    chat_place: Place, timmy: FakeTimmy
) -> None:
    conversation_id = await timmy.new_conversation()
    timmy.add(conversation_id, "assistant", "word " * 200_000)
    panel = await begin(chat_place)
    body = panel.view.shown[-1].body
    assert body.more_button is not None
    assert "988,000 characters are left" in body.more_button.text()
    mime = QMimeData()
    mime.setText("x" * 1_000_000)
    panel.composer.edit.insertFromMimeData(mime)
    assert panel.composer.edit.text() == ""
    assert "Nothing was pasted" in panel.composer.hint.text()


async def test_messages_are_copied_by_key(
    chat_place: Place, timmy: FakeTimmy, qtbot: QtBot, clipboard: Any
) -> None:
    conversation_id = await timmy.new_conversation()
    timmy.add(conversation_id, "assistant", "**Bold** words")
    panel = await begin(chat_place)
    qtbot.keyClick(panel.view.shown[-1], Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard.text() == "**Bold** words"


async def test_a_new_conversation_is_local_only_before_its_first_message_is_sent(
    chat_place: Place, timmy: FakeTimmy, qtbot: QtBot
) -> None:
    panel = await begin(chat_place)
    box = panel.composer.local_only
    assert (box.isVisible(), box.isChecked()) == (True, False)
    qtbot.keyClick(box, Qt.Key.Key_Space)
    await ask(panel, qtbot, "A secret")
    assert timmy.sent_local_only == [True]
    timmy.finish("It stays here")
    await ended(panel)
    assert box.isChecked()
    panel.new_conversation()
    assert not box.isChecked()
    panel.fulfil(OpenConversation(timmy.sent[0][0]))
    await eventually(box.isChecked)
    await eventually(lambda: "local only" in (panel.conversations.itemData(0, Qt.ItemDataRole.ToolTipRole)))


async def test_local_only_holds_from_the_next_message_on_and_can_be_taken_back(
    chat_place: Place, timmy: FakeTimmy, qtbot: QtBot
) -> None:
    panel = await begin(chat_place)
    for number, wanted in enumerate((False, True, False)):
        if panel.composer.local_only.isChecked() is not wanted:
            qtbot.keyClick(panel.composer.local_only, Qt.Key.Key_Space)
        await ask(panel, qtbot, f"Question {number}")
        timmy.finish("Answer")
        await ended(panel)
    assert timmy.sent_local_only == [False, True, False]


async def test_nothing_is_sent_while_local_only_can_not_be_kept(
    chat_place: Place, timmy: FakeTimmy, qtbot: QtBot, expected_log: Callable[..., None]
) -> None:
    expected_log("chat.local")
    panel = await begin(chat_place)
    await ask(panel, qtbot, "Hello")
    timmy.finish("Good day")
    await ended(panel)
    hint = panel.composer.hint
    timmy.fault = RuntimeError("The disk is full.")
    qtbot.keyClick(panel.composer.local_only, Qt.Key.Key_Space)
    await eventually(lambda: "was not kept: The disk is full." in hint.text())
    timmy.fault = RuntimeError("The disk is full.")
    qtbot.keyClicks(panel.composer.edit, "A secret")
    qtbot.keyClick(panel.composer.edit, Qt.Key.Key_Return)
    await eventually(lambda: "was not sent: The disk is full." in hint.text())
    assert len(timmy.sent) == 1
    qtbot.keyClick(panel.composer.edit, Qt.Key.Key_Return)
    await eventually(lambda: len(timmy.sent) == 2)
    assert timmy.sent_local_only == [False, True]
    timmy.finish("It stays here")
    await ended(panel)


async def test_where_everything_is_local_only_there_is_nothing_to_choose(
    chat_place: Place, qtbot: QtBot
) -> None:
    panel = await begin(chat_place)
    panel.composer.keep_all_local()
    panel.composer.show_local_only(False)
    box = panel.composer.local_only
    assert (box.isChecked(), box.isEnabled(), "Preferences" in box.toolTip()) == (True, False, True)
