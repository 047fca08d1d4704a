"""Does what the chat's wishes ask for, and tells the screen what came of it. Free of Qt."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol

from timmy_desktop.agent.conversation import ChatEvent, ConversationView, MessageStarted, MessageView
from timmy_desktop.gui.panels.chat.local_only import LocalOnlyChoices
from timmy_desktop.gui.panels.chat.transcript import Change, Transcript
from timmy_desktop.gui.recalled import Recalled, RecalledGroup, read_recalled
from timmy_desktop.gui.starter import Starter
from timmy_desktop.memory.types import UseCounts


class Chat(Protocol):
    """What the panel needs of Timmy."""

    async def conversations(self) -> Sequence[ConversationView]: ...
    async def new_conversation(self) -> str: ...
    async def set_local_only(self, conversation_id: str, local_only: bool) -> None: ...
    async def messages(self, conversation_id: str) -> Sequence[MessageView]: ...
    def send(self, conversation_id: str, text: str) -> AsyncIterator[ChatEvent]: ...
    def retry(self, conversation_id: str) -> AsyncIterator[ChatEvent]: ...
    async def stop(self, conversation_id: str) -> Any: ...
    def on_message(self, handler: Callable[[MessageView], object]) -> Callable[[], None]: ...


class Screen(Protocol):
    """What the panel shows when asked to."""

    def show_loading(self) -> None: ...
    def show_fault(self, words: str) -> None: ...
    def show_conversations(self, views: Sequence[ConversationView], current: str) -> None: ...
    def show_local_only(self, local_only: bool) -> None: ...
    def show_not_kept(self, words: str) -> None: ...
    def show_transcript(self) -> None: ...
    def show_change(self, change: Change) -> None: ...
    def show_answering(self, answering: bool) -> None: ...
    def show_sent(self) -> None: ...
    def show_not_sent(self, words: str) -> None: ...


class ChatController:
    """One for each panel. What arrives for another conversation than the one on screen is left alone."""

    def __init__(
        self,
        chat: Chat,
        starter: Starter,
        transcript: Transcript,
        screen: Screen,
        memory: Recalled | None = None,
    ) -> None:
        """`memory` tells what the answers took from it; None where there is none."""
        self._chat, self._starter, self.transcript, self._screen = chat, starter, transcript, screen
        self._memory = memory
        self._local_only = LocalOnlyChoices(chat.set_local_only)
        self._current = ""
        self._views: Sequence[ConversationView] = ()
        self._answering: set[str] = set()
        self._forget: Callable[[], None] | None = None

    @property
    def conversation_id(self) -> str:
        """The conversation on screen; "" before the first message of a new one."""
        return self._current

    @property
    def answering(self) -> bool:
        """Whether an answer to the conversation on screen is on its way."""
        return self._current in self._answering

    @property
    def answering_anywhere(self) -> bool:
        return bool(self._answering)

    def start(self, conversation_id: str = "") -> None:
        """Reads the conversations and shows the one named, else the newest."""
        if self._forget is None:
            self._forget = self._chat.on_message(self._message_came)
        self._screen.show_loading()
        self._starter.start("open", self._read(conversation_id), self._show_read, failed=self._not_read)

    def stop(self) -> None:
        """Listens no more."""
        if self._forget is not None:
            self._forget()
            self._forget = None

    def open(self, conversation_id: str) -> None:
        """Shows another conversation."""
        if conversation_id != self._current:
            self.start(conversation_id)

    def begin(self) -> None:
        """A new conversation; it comes into being with its first message."""
        self._current = ""
        self._local_only.forget_new()
        self.transcript.reset(())
        self._screen.show_conversations(self._views, "")
        self._screen.show_local_only(False)
        self._screen.show_transcript()
        self._screen.show_answering(False)

    def choose_local_only(self, local_only: bool) -> None:
        """Keeps the conversation on screen on this machine from now on, or no longer."""
        conversation_id = self._current
        self._local_only.choose(conversation_id, local_only)
        if conversation_id:
            self._starter.start(
                f"local.{conversation_id}",
                self._local_only.settle(conversation_id),
                failed=lambda error: self._screen.show_not_kept(_words(error)),
            )

    def send(self, text: str) -> None:
        """Sends what the person wrote; the box is emptied once it is stored."""
        if self.answering:
            return
        self._begin_answer(self._send(self._current, text))

    def answer_again(self, message_id: str) -> None:
        """Asks once more what the failed message should have answered, without repeating the question."""
        if self.answering or not self._current:
            return
        if self.transcript.is_last_answer(message_id):
            self._begin_answer(self._retry(self._current))
        else:
            self.send(self.transcript.question_before(message_id))

    def _begin_answer(self, work: Coroutine[Any, Any, Any]) -> None:
        self._answering.add(self._current)
        self._screen.show_answering(True)
        self._starter.start(f"answer.{self._current}", work)

    def turn_recalled(self, message_id: str) -> None:
        """Shows under an answer what it used of the memory, or no longer."""
        if self._memory is None:
            return
        if self.transcript.is_showing_recalled(message_id):
            self._show_recalled(message_id, None)
            return
        self._starter.start(
            f"recalled.{message_id}",
            read_recalled(self._memory, message_id),
            lambda groups: self._show_recalled(message_id, groups),
        )

    def _show_recalled(self, message_id: str, groups: tuple[RecalledGroup, ...] | None) -> None:
        if (change := self.transcript.show_recalled(message_id, groups)) is not None:
            self._screen.show_change(change)

    def _count_recalled(self) -> None:
        """The counts come after the messages: nobody waits for them."""
        if self._memory is not None and (answers := self.transcript.answers()):
            self._starter.start("recalled", self._memory.use_counts(answers), self._note_recalled)

    def _note_recalled(self, counts: Mapping[str, UseCounts]) -> None:
        for change in self.transcript.note_recalled(counts):
            self._screen.show_change(change)

    def stop_answer(self) -> None:
        if self.answering and self._current:
            self._starter.start("stop", self._chat.stop(self._current))

    async def _read(self, wanted: str) -> tuple[str, Sequence[ConversationView], Sequence[MessageView]]:
        views = await self._chat.conversations()
        known = {view.id for view in views}
        current = wanted if wanted in known else (views[0].id if views else "")
        return current, views, await self._chat.messages(current) if current else ()

    def _show_read(self, found: tuple[str, Sequence[ConversationView], Sequence[MessageView]]) -> None:
        self._current, self._views, messages = found
        self._local_only.read(self._views)
        self.transcript.reset(messages)
        self._screen.show_conversations(self._views, self._current)
        self._screen.show_local_only(self._local_only.holds_for(self._current))
        self._screen.show_transcript()
        self._screen.show_answering(self.answering)
        self._count_recalled()

    def _not_read(self, error: Exception) -> None:
        self._screen.show_fault(_words(error))

    async def _send(self, conversation_id: str, text: str) -> None:
        stored = False

        def seen(event: ChatEvent) -> None:
            nonlocal stored
            if not stored and isinstance(event, MessageStarted):
                stored = True
                self._screen.show_sent()

        try:
            conversation_id = conversation_id or await self._begun()
            await self._local_only.settle(conversation_id)
            await self._follow(conversation_id, self._chat.send(conversation_id, text), seen)
        except Exception as error:
            self._answering.discard("")
            self._ended(conversation_id)
            if stored:
                raise
            self._screen.show_not_sent(_words(error))

    async def _retry(self, conversation_id: str) -> None:
        try:
            await self._local_only.settle(conversation_id)
        except Exception:
            self._ended(conversation_id)
            raise
        await self._follow(conversation_id, self._chat.retry(conversation_id))

    async def _follow(
        self,
        conversation_id: str,
        events: AsyncIterator[ChatEvent],
        seen: Callable[[ChatEvent], None] | None = None,
    ) -> None:
        """Shows what happens until the answer has ended, well or not."""
        try:
            async for event in events:
                if seen is not None:
                    seen(event)
                self._take(conversation_id, event)
        finally:
            self._ended(conversation_id)
        if conversation_id == self._current:
            self._count_recalled()
        await self._read_titles()

    def _ended(self, conversation_id: str) -> None:
        self._answering.discard(conversation_id)
        if conversation_id in ("", self._current):
            self._screen.show_answering(self.answering)

    async def _begun(self) -> str:
        conversation_id = await self._chat.new_conversation()
        self._answering = self._answering - {""} | {conversation_id}
        self._local_only.begun(conversation_id)
        self._current = self._current or conversation_id
        return conversation_id

    def _take(self, conversation_id: str, event: ChatEvent) -> None:
        if conversation_id != self._current:
            return
        change = self.transcript.apply(event)
        if change is not None:
            self._screen.show_change(change)

    async def _read_titles(self) -> None:
        """A conversation takes its title from its first message, so the list is read again."""
        self._views = await self._chat.conversations()
        self._local_only.read(self._views)
        self._screen.show_conversations(self._views, self._current)

    def _message_came(self, message: MessageView) -> None:
        if message.conversation_id == self._current:
            self._screen.show_change(self.transcript.put(message))


def _words(error: Exception) -> str:
    return str(error) or f"{type(error).__name__}."
