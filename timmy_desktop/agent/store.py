"""Conversations and their messages in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from timmy_desktop.agent.conversation import (
    UNTITLED,
    ConversationView,
    MessageRole,
    MessageState,
    MessageView,
    title_of,
)
from timmy_desktop.agent.errors import UnknownConversationError
from timmy_desktop.clock import Clock
from timmy_desktop.identifiers import new_id
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.tables import ConversationRow, MessageRow

ENDED_UNFINISHED = "stopped: the application ended"

_REPORTS_OWED = """
    SELECT t.id FROM tasks t JOIN conversations c ON c.id = t.conversation_id
    WHERE t.status IN ('completed', 'failed', 'cancelled') AND NOT EXISTS (
        SELECT 1 FROM messages m
        WHERE m.conversation_id = c.id AND m.task_id = t.id
        AND m.reason = t.status || ', attempt ' || t.attempt)
    ORDER BY t.id
"""


class Conversations:
    """The store. Each write is one transaction of its own."""

    def __init__(self, *, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def all(self) -> list[ConversationView]:
        """Every conversation, the one that was last written in first."""
        rows = await self._db.read(
            lambda session: session.dicts(
                ConversationRow.select().order_by(
                    ConversationRow.updated_us.desc(), ConversationRow.id.desc()
                )
            )
        )
        return [ConversationView(**row | {"local_only": bool(row["local_only"])}) for row in rows]

    async def new(self) -> str:
        """Begins a conversation; its first message will name it."""
        identifier, now = new_id(), self._clock.now_us()
        await self._db.write(
            lambda session: session.execute(
                ConversationRow.insert(id=identifier, title=UNTITLED, created_us=now, updated_us=now)
            )
        )
        return identifier

    async def is_local_only(self, conversation_id: str) -> bool:
        """Whether nothing of the conversation may leave this machine."""
        rows = await self._db.read(
            lambda session: session.sql(
                "SELECT local_only FROM conversations WHERE id = ?", (conversation_id,)
            )
        )
        return bool(rows and rows[0][0])

    async def set_local_only(self, conversation_id: str, local_only: bool) -> None:
        """Keeps it; UnknownConversationError when there is no such conversation."""

        def write(session: Session) -> None:
            _refuse_unknown(session, conversation_id)
            row = ConversationRow.update(local_only=int(local_only))
            session.execute(row.where(ConversationRow.id == conversation_id))

        await self._db.write(write)

    async def messages(self, conversation_id: str) -> list[MessageView]:
        """The messages in their order; UnknownConversationError when there is no such conversation."""

        def read(session: Session) -> list[MessageView]:
            _refuse_unknown(session, conversation_id)
            return _messages(session, conversation_id)

        return await self._db.read(read)

    async def add(
        self,
        conversation_id: str,
        role: MessageRole,
        text: str,
        *,
        state: MessageState = "done",
        task_id: str = "",
        reason: str = "",
        local_only: bool = False,
    ) -> MessageView:
        """Writes another message to the end of the conversation and returns it once it is on the disk."""
        now = self._clock.now_us()

        def write(session: Session) -> MessageView:
            _refuse_unknown(session, conversation_id)
            return _added(
                session,
                conversation_id,
                role,
                text,
                created_us=now,
                state=state,
                task_id=task_id,
                reason=reason,
                local_only=local_only,
            )

        return await self._db.write(write)

    async def add_report(
        self, conversation_id: str, text: str, *, task_id: str, reason: str, local_only: bool
    ) -> MessageView | None:
        """A task's report as a notice; None when this very report is there already."""
        now = self._clock.now_us()

        def write(session: Session) -> MessageView | None:
            known = session.sql(
                "SELECT 1 FROM messages WHERE conversation_id = ? AND task_id = ? AND reason = ?",
                (conversation_id, task_id, reason),
            )
            if known or not session.sql("SELECT 1 FROM conversations WHERE id = ?", (conversation_id,)):
                return None
            return _added(
                session,
                conversation_id,
                "notice",
                text,
                created_us=now,
                task_id=task_id,
                reason=reason,
                local_only=local_only,
            )

        return await self._db.write(write)

    async def save(self, message: MessageView) -> None:
        """Writes what became of a message: its text, its state, who answered and how long it took."""
        values = _values(message)
        await self._db.write(
            lambda session: session.execute(MessageRow.update(values).where(MessageRow.id == message.id))
        )

    async def end_unfinished(self) -> None:
        """Marks what was being written when the application ended. Once, before anything streams."""
        await self._db.write(
            lambda session: session.sql(
                "UPDATE messages SET state = 'stopped', reason = ? WHERE state = 'streaming'",
                (ENDED_UNFINISHED,),
            )
        )

    async def reports_owed(self) -> Sequence[str]:
        """Tasks posted in a conversation that have ended and were not reported there."""
        return await self._db.read(lambda session: [row[0] for row in session.sql(_REPORTS_OWED)])


def _refuse_unknown(session: Session, conversation_id: str) -> None:
    if not session.sql("SELECT 1 FROM conversations WHERE id = ?", (conversation_id,)):
        raise UnknownConversationError(f"There is no conversation {conversation_id}.")


def _added(
    session: Session,
    conversation_id: str,
    role: MessageRole,
    text: str,
    *,
    created_us: int,
    state: MessageState = "done",
    task_id: str = "",
    reason: str = "",
    local_only: bool = False,
) -> MessageView:
    message = MessageView(
        id=new_id(),
        conversation_id=conversation_id,
        position=_next_position(session, conversation_id),
        role=role,
        text=text,
        state=state,
        created_us=created_us,
        task_id=task_id,
        reason=reason,
        local_only=local_only,
    )
    session.execute(MessageRow.insert(_values(message)))
    _touch(session, message)
    return message


def _next_position(session: Session, conversation_id: str) -> int:
    rows = session.sql(
        "SELECT COALESCE(MAX(position), 0) + 1 FROM messages WHERE conversation_id = ?", (conversation_id,)
    )
    return int(rows[0][0])


def _messages(session: Session, conversation_id: str) -> list[MessageView]:
    query = (
        MessageRow.select().where(MessageRow.conversation_id == conversation_id).order_by(MessageRow.position)
    )
    return [MessageView(**{**row, "local_only": bool(row["local_only"])}) for row in session.dicts(query)]


def _touch(session: Session, message: MessageView) -> None:
    session.sql(
        "UPDATE conversations SET updated_us = ? WHERE id = ?", (message.created_us, message.conversation_id)
    )
    if message.role == "user":
        session.sql(
            "UPDATE conversations SET title = ? WHERE id = ? AND title = ?",
            (title_of(message.text), message.conversation_id, UNTITLED),
        )


def _values(message: MessageView) -> dict[str, Any]:
    return {name: getattr(message, name) for name in MessageView.__slots__}
