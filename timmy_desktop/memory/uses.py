"""Which reply used which entry: what was found for it, what stood in its prompt, what it cited."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from timmy_desktop.clock import Clock
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.memory import MemoryRecalled
from timmy_desktop.memory.rows import chunks
from timmy_desktop.memory.types import Context, Entry, Use, UseCounts
from timmy_desktop.memory.visibility import marks
from timmy_desktop.storage.database import Database, Session

_COLUMNS = "entry_id, reply_id, reply_kind, kind, by, time_us, score_milli"


class Uses:
    """The table of uses."""

    def __init__(self, *, bus: EventBus, db: Database, clock: Clock) -> None:
        self._bus = bus
        self._db = db
        self._clock = clock

    async def record(
        self, context: Context, cited: Iterable[Entry], *, reply_id: str, reply_kind: str, by: str
    ) -> None:
        """Writes the three kinds of use of one reply; entries that were forgotten meanwhile are left out."""
        now = self._clock.now_us()
        cited = tuple(cited)
        scores = {hit.entry.id: round(hit.score * 1000) for hit in context.retrieved}
        used = [("retrieved", hit.entry.id) for hit in context.retrieved]
        used += [("injected", entry.id) for entry in context.injected]
        used += [("cited", entry.id) for entry in cited]
        values = [
            (reply_id, reply_kind, kind, by, now, scores.get(entry_id, 0), entry_id)
            for kind, entry_id in used
        ]

        def work(session: Session) -> None:
            session.connection.executemany(
                "INSERT OR IGNORE INTO memory_uses"
                "(reply_id, reply_kind, kind, by, time_us, score_milli, entry_id) "
                "SELECT ?, ?, ?, ?, ?, ?, id FROM memory_entries WHERE id = ?",
                values,
            )
            for some in chunks([entry.id for entry in context.injected]):
                statement = f"UPDATE memory_entries SET used_us = ? WHERE id IN ({marks(some)})"  # noqa: S608
                session.sql(statement, [now, *some])

        event = MemoryRecalled(
            source="memory",
            task_id=reply_id if reply_kind == "task" else "",
            reply_id=reply_id,
            retrieved=len(context.retrieved),
            injected=len(context.injected),
            cited=len(cited),
        )
        await self._bus.publish(event, work=work)

    async def of_entry(self, entry_id: str, limit: int) -> tuple[Use, ...]:
        """The uses of an entry, newest first."""
        where = "entry_id = ? ORDER BY time_us DESC, id DESC LIMIT ?"
        return await self._read(where, [entry_id, limit])

    async def of_reply(self, reply_id: str) -> tuple[Use, ...]:
        """What a reply used, in the order in which it was found."""
        return await self._read("reply_id = ? ORDER BY id", [reply_id])

    async def counts_of(self, reply_ids: Sequence[str]) -> dict[str, UseCounts]:
        """How many of each kind, for those of the replies that used any."""

        def read(session: Session) -> list[tuple[str, str, int]]:
            found: list[Any] = []
            for some in chunks(reply_ids):
                found += session.sql(
                    f"SELECT reply_id, kind, count(*) FROM memory_uses WHERE reply_id IN ({marks(some)}) "  # noqa: S608
                    "GROUP BY reply_id, kind",
                    some,
                )
            return found

        counts: dict[str, dict[str, int]] = {}
        for reply_id, kind, count in await self._db.read(read):
            counts.setdefault(reply_id, {})[kind] = count
        return {reply_id: UseCounts(**kinds) for reply_id, kinds in counts.items()}

    async def _read(self, where: str, parameters: list[Any]) -> tuple[Use, ...]:
        statement = f"SELECT {_COLUMNS} FROM memory_uses WHERE {where}"  # noqa: S608 - constants
        rows = await self._db.read(lambda session: session.sql(statement, parameters))
        return tuple(
            Use(entry_id, reply, reply_kind, kind, by, time_us, score / 1000)
            for entry_id, reply, reply_kind, kind, by, time_us, score in rows
        )
