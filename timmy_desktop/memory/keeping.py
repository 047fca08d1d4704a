"""Stores conversations and task results as they happen."""

from __future__ import annotations

import logging
from collections.abc import Callable

from timmy_desktop.events.base import EventRecord
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.tasks import TaskCompleted
from timmy_desktop.memory.chunking import pieces
from timmy_desktop.memory.errors import MemoryFault
from timmy_desktop.memory.proposing import Proposing, Said
from timmy_desktop.memory.store import Store
from timmy_desktop.memory.types import TIMMY_OWNER, NewEntry, agent_owner
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.supervisor import TaskSupervisor

logger = logging.getLogger(__name__)

_MOST_PIECES = 20
_QUESTION = 300


class Keeping:
    """Messages and results as entries. What can't be stored is logged, and the conversation goes on."""

    def __init__(
        self,
        *,
        store: Store,
        bus: EventBus,
        db: Database,
        supervisor: TaskSupervisor,
        proposing: Proposing,
        keep_conversations: bool,
        keep_results: bool,
    ) -> None:
        self._store = store
        self._bus = bus
        self._db = db
        self._supervisor = supervisor
        self._proposing = proposing
        self._keep_conversations = keep_conversations
        self._keep_results = keep_results
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Follows the tasks that are completed."""
        if self._keep_results:
            self._unsubscribe = self._bus.subscribe(TaskCompleted, self._completed)

    def stop(self) -> None:
        """Follows them no more."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    async def message(
        self, text: str, *, role: str, conversation_id: str, message_id: str, local_only: bool
    ) -> None:
        """See Memory.keep_message."""
        if role == "user":
            self._proposing.consider(Said(text, conversation_id, message_id, local_only))
        if not self._keep_conversations or not text.strip():
            return
        whose = "said by the person" if role == "user" else "said by Timmy"
        parts = pieces(text)[:_MOST_PIECES]
        await self._add(
            [
                NewEntry(
                    content=part.text,
                    type="conversation",
                    owner=TIMMY_OWNER,
                    source=f"{whose} in the chat",
                    conversation_id=conversation_id,
                    message_id=message_id,
                    local_only=local_only,
                    chunk=number if len(parts) > 1 else 0,
                    metadata={"role": role},
                )
                for number, part in enumerate(parts, 1)
            ]
        )

    def _completed(self, record: EventRecord) -> None:
        event = record.event
        if isinstance(event, TaskCompleted) and event.result.strip():
            self._supervisor.start(f"memory of {event.task_id}", self._result(event))

    async def _result(self, event: TaskCompleted) -> None:
        task = await self._db.read(lambda session: _task(session, event.task_id))
        if task is None:
            return
        text, local_only, conversation_id, agent = task
        asked = " ".join(text.split())
        asked = asked if len(asked) <= _QUESTION else asked[: _QUESTION - 1] + "…"
        parts = pieces(event.result)[:_MOST_PIECES]
        await self._add(
            [
                NewEntry(
                    content=f"Task: {asked}\nResult: {part.text}",
                    type="conversation",
                    owner=agent_owner(agent),
                    source=f"result of {agent or 'an agent'}",
                    task_id=event.task_id,
                    conversation_id=conversation_id,
                    local_only=bool(local_only),
                    chunk=number if len(parts) > 1 else 0,
                    metadata={"role": "result"},
                )
                for number, part in enumerate(parts, 1)
            ]
        )

    async def _add(self, entries: list[NewEntry]) -> None:
        try:
            await self._store.add_all(entries)
        except (MemoryFault, StorageError) as error:
            logger.warning("It could not be remembered: %s", error)


def _task(session: Session, task_id: str) -> tuple[str, int, str, str] | None:
    rows = session.sql(
        "SELECT t.text, t.local_only, t.conversation_id, COALESCE(a.name, '') "
        "FROM tasks t LEFT JOIN agents a ON a.id = t.agent_id WHERE t.id = ?",
        (task_id,),
    )
    return rows[0] if rows else None
