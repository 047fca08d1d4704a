"""The ledger's patience: asks again about what is open, at start and now and then, and reconciles daily."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from timmy_desktop.clock import Clock
from timmy_desktop.ledger import differences
from timmy_desktop.ledger.errors import LedgerError
from timmy_desktop.ledger.limits import DAY_US
from timmy_desktop.ledger.opening import Opening
from timmy_desktop.ledger.receiving import Receiving
from timmy_desktop.ledger.spending import Spending
from timmy_desktop.ledger.types import NodeHealth
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.supervisor import TaskSupervisor

logger = logging.getLogger(__name__)

LOOK_S = 600.0
"""How often closed invoices, approvals that ran out and the daily comparison are thought of."""
INVOICE_S = 3.0


class Watch:
    """Sleeps while nothing is open."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        supervisor: TaskSupervisor,
        resolve: Callable[[], Awaitable[int]],
        opening: Opening,
        receiving_: Receiving,
        spending: Spending,
        reconcile: Callable[[str], Awaitable[Any]],
        go_on: Callable[[], Awaitable[None]],
        ask_again_seconds: float,
        simulated: bool,
    ) -> None:
        self._db = db
        self._clock = clock
        self._supervisor = supervisor
        self._resolve = resolve
        self._opening = opening
        self._receiving = receiving_
        self._spending = spending
        self._reconcile = reconcile
        self._go_on = go_on
        self._ask_again_s = ask_again_seconds
        self._simulated = simulated
        self._open = asyncio.Event()
        self._invoices = 0
        self._tasks: list[asyncio.Task[None]] = []
        self.last_health: NodeHealth | None = None

    def wake(self) -> None:
        """Something is open again."""
        self._open.set()

    async def start(self) -> None:
        """A simulated node is asked at once; a real one in the background, since it may not be there."""
        if self._simulated:
            await self._asked_first()
        self._tasks = [
            self._supervisor.start("ledger: what is open", self._ask_again()),
            self._supervisor.start("ledger: now and then", self._now_and_then()),
        ]

    async def stop(self) -> None:
        """Asks nothing any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _asked_first(self) -> None:
        try:
            await self._opening.opened()
            await self._go_on()
        except LedgerError as error:
            self._unwell(error)
        if await self._resolve() + await self._receiving.watch():
            self._open.set()

    async def _ask_again(self) -> None:
        if not self._simulated:
            await self._guarded(self._asked_first)
        while True:
            await self._open.wait()
            await asyncio.sleep(min(self._ask_again_s, INVOICE_S) if self._invoices else self._ask_again_s)
            self._open.clear()
            left = await self._guarded(self._look)
            if left is None or left:
                self._open.set()

    async def _look(self) -> int:
        await self._opening.opened()
        self.last_health = None
        await self._go_on()
        doubts, self._invoices = await self._resolve(), await self._receiving.watch()
        return doubts + self._invoices

    async def _now_and_then(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self._guarded(self.tidy)

    async def tidy(self) -> None:
        """What needs no hurry."""
        await self._spending.expire()
        if not await self._opening.opened(must=False):
            self._open.set()
            return
        await self._receiving.watch_closed()
        if self._clock.now_us() - await self._db.read(differences.last_finished_us) >= DAY_US:
            await self._reconcile("daily")

    async def _guarded(self, work: Callable[[], Awaitable[Any]]) -> Any:
        try:
            return await work()
        except LedgerError as error:
            self._unwell(error)
        except StorageError as error:
            logger.warning("The ledger could not ask about what is open: %s", error)
        return None

    def _unwell(self, error: LedgerError) -> None:
        """A node that is not there is an ordinary state: said on screen, and asked again."""
        logger.info("The Lightning node can't be used: %s", error)
        self.last_health = NodeHealth(ok=False, backend="", simulated=self._simulated, problem=str(error))
        self._open.set()
