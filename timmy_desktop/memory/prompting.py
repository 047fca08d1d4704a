"""What a prompt is given of the memory, and what became of it in the reply."""

from __future__ import annotations

import asyncio

from timmy_desktop.memory import context as contexts
from timmy_desktop.memory import rows
from timmy_desktop.memory.drain import Drain
from timmy_desktop.memory.search import Search
from timmy_desktop.memory.status import StatusBoard
from timmy_desktop.memory.store import Store
from timmy_desktop.memory.types import CURRENT, Asker, Context, Entry, Filters
from timmy_desktop.memory.uses import Uses
from timmy_desktop.storage.database import Database

_MOST_PINNED = 50
_HITS = 12


class Prompting:
    """See Memory's methods on contexts."""

    def __init__(
        self, *, db: Database, drain: Drain, board: StatusBoard, store: Store, search: Search, uses: Uses
    ) -> None:
        self._db = db
        self._drain = drain
        self._board = board
        self._store = store
        self._search = search
        self._uses = uses

    async def context(
        self, question: str, *, asker: Asker, budget_tokens: int, conversation_id: str
    ) -> Context:
        """See Memory.context."""
        is_empty = self._drain.is_idle and not self._board.current.entries
        if budget_tokens <= 0 or is_empty:
            return Context("")
        pinned, result = await asyncio.gather(
            self._store.listed(asker, Filters(pinned=True), _MOST_PINNED, 0),
            self._search.search(question, asker=asker, filters=CURRENT, limit=_HITS),
        )
        hits = [hit for hit in result.hits if not _is_of(hit.entry, conversation_id)]
        kept = [entry for entry in reversed(pinned) if not _is_of(entry, conversation_id)]
        return contexts.packed(kept, hits, budget_tokens)

    async def sourced(self, reply: str, question: str, context: Context, *, by: str) -> str:
        """See Memory.sourced."""
        known = await self._cited(reply, context, by)
        reply = contexts.without_invented(reply, known)
        if known or not context.injected:
            return reply
        found = contexts.attributed(reply, question, context.injected)
        marks = " ".join(f"[{entry.cite}]" for entry in found)
        return f"{reply}\n\nFrom the memory: {marks}" if marks else reply

    async def record(
        self, context: Context, *, reply_id: str, reply_kind: str, by: str, reply_text: str
    ) -> tuple[Entry, ...]:
        """See Memory.record_uses."""
        cited = await self._cited(reply_text, context, by)
        if context.retrieved or context.injected or cited:
            await self._uses.record(context, cited, reply_id=reply_id, reply_kind=reply_kind, by=by)
        return cited

    async def _cited(self, reply: str, context: Context, by: str) -> tuple[Entry, ...]:
        """The memories whose marks stand in the reply, of those that `by` may see."""
        given = contexts.cited(reply, context.injected)
        others = set(contexts.marks_in(reply)) - {entry.id[-8:] for entry in given}
        if not others:
            return given
        asker, model = Asker(by, stays_here=True), self._drain.model
        found = await self._db.read(lambda session: rows.by_marks(session, sorted(others), asker, model))
        return (*given, *found)


def _is_of(entry: Entry, conversation_id: str) -> bool:
    return bool(conversation_id) and entry.type == "conversation" and entry.conversation_id == conversation_id
