"""A ledger over a real database in a folder, with a clock that is set, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from timmy_desktop.events.base import Event, EventRecord
from timmy_desktop.events.bus import EventBus
from timmy_desktop.ledger import Ledger
from timmy_desktop.ledger.backends.base import LightningBackend
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.event_log import EventLog
from timmy_desktop.storage.migrations import migrate
from timmy_desktop.supervisor import TaskSupervisor

START_US = 1_790_000_000_000_000
TREASURY = 1_000_000


class SetClock:
    """Time stands still until it is moved."""

    def __init__(self) -> None:
        self.us = START_US

    def now_us(self) -> int:
        return self.us

    def monotonic(self) -> float:
        return self.us / 1_000_000

    def advance(self, seconds: int) -> None:
        self.us += seconds * 1_000_000


class LedgerWorld:
    """`async with LedgerWorld(folder, backend, clock) as world`: leaving it is a crash or a good stop."""

    def __init__(self, folder: Path, backend: LightningBackend, clock: SetClock, **options: Any) -> None:
        self.backend = backend
        self.clock = clock
        self.supervisor = TaskSupervisor()
        self.db = Database(folder / "swarm.db")
        self.log = EventLog(self.db, clock, lambda _: b"a key for tests")
        self.bus = EventBus(self.log)
        self.events: list[Event] = []
        self.bus.subscribe_all(self._note)
        self._backups = folder / "backups"
        self.ledger = Ledger(
            bus=self.bus,
            db=self.db,
            backend=backend,
            clock=clock,
            supervisor=self.supervisor,
            **{"treasury_msat": TREASURY, "ask_again_seconds": 0.01, **options},
        )

    async def __aenter__(self) -> LedgerWorld:
        def prepare(session: Any) -> None:
            migrate(session, self._backups)
            self.log.open(session)

        try:
            await self.db.open(prepare)
            await self.ledger.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.ledger.stop()
        await self.supervisor.close()
        await self.log.flush()
        await self.db.close()

    def types(self) -> list[str]:
        return [event.type for event in self.events]

    async def balance(self, account: str) -> int:
        rows = await self.db.read(
            lambda session: session.sql("SELECT balance_msat FROM accounts WHERE name = ?", (account,))
        )
        return int(rows[0][0]) if rows else 0

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        return await self.db.read(lambda session: session.sql(query))

    async def audited(self) -> None:
        """Fails unless every sat is accounted for."""
        report = await self.ledger.check()
        assert report.problems == ()
        sums = await self.ledger.balances()
        assert sums.available_msat + sums.pending_msat + sums.suspense_msat == sums.net_msat
        assert sums.net_msat == sums.incoming_msat - sums.outgoing_msat - sums.fees_msat

    def _note(self, records: Any) -> None:
        self.events.extend(record.event for record in records if isinstance(record, EventRecord))
