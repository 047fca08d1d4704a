"""Opens the book of the node that answers, funds it the first time, and pins the node from then on."""

from __future__ import annotations

import asyncio

from timmy_desktop.clock import Clock
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.payments import BookOpened, SatsDeposited
from timmy_desktop.identifiers import new_id
from timmy_desktop.ledger import node_book, records
from timmy_desktop.ledger.backends.base import BackendInfo
from timmy_desktop.ledger.errors import LedgerError
from timmy_desktop.ledger.money import Msat, msat
from timmy_desktop.ledger.node import Node
from timmy_desktop.ledger.settlement import SOURCE
from timmy_desktop.storage.database import Database, Session


class Opening:
    """Nothing moves before the node has said who it is, once in each run of the application."""

    def __init__(self, *, bus: EventBus, db: Database, node: Node, clock: Clock, treasury_msat: int) -> None:
        self._bus = bus
        self._db = db
        self._node = node
        self._clock = clock
        self._treasury = treasury_msat
        self._done = False
        self._lock = asyncio.Lock()

    async def opened(self, *, must: bool = True) -> bool:
        """Whether the book is open; with `must`, raises the LedgerError that says why it is not."""
        if self._done:
            return True
        try:
            async with self._lock:
                await self._open_once()
        except LedgerError:
            if must:
                raise
            return False
        return True

    async def ready(self) -> None:
        """Sats may move within the book: it is open, or was when this kind of node was last there."""
        if self._done:
            return
        found = await self._db.read(node_book.present)
        if found is None or (found.simulated, found.network) != (self._node.simulated, self._node.network):
            await self.opened()

    async def _open_once(self) -> None:
        if self._done:
            return
        info = await self._node.identity(again=True)
        found = await self._db.read(node_book.present)
        if not node_book.is_about(found, info):
            await self._new_book(info)
        self._node.pin(info.node_id)
        await self._fund(info)
        self._done = True

    async def _new_book(self, info: BackendInfo) -> None:
        now, row = self._clock.now_us(), new_id()
        held = await self._db.read(lambda session: node_book.to_be_closed(session, info))
        event = BookOpened(
            source=SOURCE, backend=info.name, network=info.network, node_id=info.node_id,
            simulated=info.simulated, closed_msat=held, ledger_id=row,
        )  # fmt: skip
        # A simulated node of one's own is there from the start: no news.
        news = () if info.simulated and not held else (event,)
        await self._bus.publish(*news, work=lambda session: node_book.open_book(session, info, now, row))

    async def _fund(self, info: BackendInfo) -> None:
        if await self._db.read(records.was_funded):
            return
        # What a real node got after its book was begun is the book's to explain, not its beginning.
        if not info.simulated and not await self._db.read(node_book.is_empty):
            return
        amount = msat(self._treasury) if info.simulated else await self._on_node()
        if amount <= 0:
            return
        now, memo = self._clock.now_us(), records.STARTING_MEMO if info.simulated else records.OPENING_MEMO
        row = new_id()
        event = SatsDeposited(
            source=SOURCE, amount_msat=amount, memo=memo, simulated=info.simulated, ledger_id=row
        )
        proof = "" if info.simulated else f"node:{info.node_id}"

        def write(session: Session) -> None:
            records.deposit(session, amount, now, ledger_id=row, simulated=info.simulated, proof=proof)

        await self._bus.publish(event, work=write)

    async def _on_node(self) -> Msat:
        held = await self._node.balance()
        return Msat(0) if held is None else Msat(held.local_msat + held.in_flight_msat)
