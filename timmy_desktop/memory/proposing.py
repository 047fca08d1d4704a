"""Facts from conversations: proposed for the person's nod, or taken at once by setting."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from timmy_desktop.memory import facts
from timmy_desktop.memory.errors import MemoryFault
from timmy_desktop.memory.store import Store
from timmy_desktop.memory.types import PERSON_OWNER, NewEntry
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.supervisor import TaskSupervisor

logger = logging.getLogger(__name__)

FactsSetting = Literal["ask", "accept", "off"]
# Asks a model: instructions, text, whether it must stay on this computer. Empty when none answers.
AskModel = Callable[[str, str, bool], Awaitable[str]]
_MOST_WAITING = 20
_LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Said:
    """Something that the person said."""

    text: str
    conversation_id: str
    message_id: str
    local_only: bool


class Proposing:
    """Looks through what was said, one message after the other, behind the conversation's back."""

    def __init__(
        self,
        *,
        store: Store,
        supervisor: TaskSupervisor,
        setting: FactsSetting,
        ask: AskModel | None,
    ) -> None:
        """`ask`: None for finding facts by the form of a sentence alone."""
        self._store = store
        self._supervisor = supervisor
        self._setting = setting
        self._ask = ask
        self._waiting: asyncio.Queue[Said] = asyncio.Queue(_MOST_WAITING)
        self._let_go: set[str] = set()
        self._is_busy = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to look."""
        if self._setting != "off":
            self._task = self._supervisor.start("memory facts", self._run())

    async def stop(self) -> None:
        """Ends; what was not looked at yet is let go."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def consider(self, said: Said) -> None:
        """Looks at it soon. When too much waits already, it is let go: nothing said is lost by that."""
        if self._setting != "off" and not self._waiting.full():
            self._waiting.put_nowait(said)

    def let_go(self, message_ids: Iterable[str]) -> None:
        """These messages are being forgotten: nothing is proposed from them, whatever a model says yet."""
        if not self._is_idle:
            self._let_go.update(message_ids)

    async def settled(self) -> None:
        """Returns when everything that waited was looked at."""
        if self._task is not None and not self._task.done():
            await self._waiting.join()

    @property
    def _is_idle(self) -> bool:
        # What was taken and is not done yet counts too.
        return self._waiting.empty() and not self._is_busy

    async def _run(self) -> None:
        while True:
            said = await self._waiting.get()
            self._is_busy = True
            try:
                await self._propose(said)
            except (MemoryFault, StorageError) as error:
                logger.info("A fact could not be proposed: %s", error)
            finally:
                self._is_busy = False
                self._waiting.task_done()
                if self._waiting.empty():
                    self._let_go.clear()

    async def _propose(self, said: Said) -> None:
        text = said.text[:_LONGEST_TEXT]
        found = facts.stated(text)
        if not found and self._ask is not None and facts.may_hold_facts(text):
            found = facts.parsed(await self._ask(facts.PROMPT, text, said.local_only), text)
        for fact in facts.different(found):
            if said.message_id in self._let_go:
                return
            await self._store.add(
                NewEntry(
                    content=fact,
                    owner=PERSON_OWNER,
                    source="said in the chat",
                    state="accepted" if self._setting == "accept" else "proposed",
                    conversation_id=said.conversation_id,
                    message_id=said.message_id,
                    local_only=said.local_only,
                )
            )
