"""A task that has not ended, as the coordinator holds it; the table has the rest."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import cached_property

from timmy_desktop.swarm.bidding import AuctionRoom
from timmy_desktop.swarm.personas import Topic, topic_of
from timmy_desktop.swarm.task import TaskStatus, moved
from timmy_desktop.swarm.worker import Done, Failed


@dataclass(eq=False)
class LiveTask:
    """What changes while a task lives.

    At each moment one part owns it: the queue, the auction (`room`), or its run (`work`). Whoever calls it
    off sets `cancel_reason`; the owner acts upon it.
    """

    id: str
    text: str
    local_only: bool
    max_price_msat: int
    attempt: int = 0
    last_attempt: int = 1
    round: int = 0
    status: TaskStatus = TaskStatus.CREATED
    agent_id: str = ""
    price_msat: int = 0
    # Who has tried and failed, and who was asked in vain since the last attempt.
    tried: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    cancel_reason: str | None = None
    room: AuctionRoom | None = None
    work: asyncio.Task[Done | Failed] | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None
    _waiting: set[asyncio.Future[None]] = field(default_factory=set)

    @cached_property
    def topic(self) -> Topic:
        """What the task is about, for those who are asked to bid."""
        return topic_of(self.text)

    def is_called_off(self) -> bool:
        """Whether somebody wants it cancelled."""
        return self.cancel_reason is not None

    def move(self, status: TaskStatus) -> None:
        """Goes to `status`; TaskStateError when the table of transitions forbids it."""
        self.status = moved(self.status, status)

    def end(self, error: Exception | None = None) -> None:
        """Lets go whoever waits for the end; with `error` when it could not be brought to one."""
        self.error = error
        self.ended.set()
        self._let_go(error)

    def hindered(self, error: Exception) -> None:
        """Tells whoever waits why the end can't be written now; it is tried again."""
        self._let_go(error)

    async def wait(self) -> None:
        """Until the end, or raises why it can't be brought to one now."""
        if self.ended.is_set():
            if self.error is not None:
                raise self.error
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await waiting
        finally:
            self._waiting.discard(waiting)

    def _let_go(self, error: Exception | None) -> None:
        for waiting in self._waiting:
            if waiting.done():
                continue
            if error is None:
                waiting.set_result(None)
            else:
                waiting.set_exception(error)
