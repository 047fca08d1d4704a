"""What exists while the application runs, in the order it starts and stops."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Literal, Protocol

from timmy_desktop import __version__
from timmy_desktop.agent.timmy import Timmy
from timmy_desktop.clock import Clock
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.system import SystemFault, SystemStarted, SystemStopped
from timmy_desktop.feed.server import FeedServer
from timmy_desktop.ledger import Ledger
from timmy_desktop.memory import Memory
from timmy_desktop.paths import Paths
from timmy_desktop.routing.history import RouterHistory
from timmy_desktop.routing.models import ModelLibrary
from timmy_desktop.routing.router import CascadeRouter
from timmy_desktop.scrubber.scrubber import Scrubber
from timmy_desktop.settings import Secrets, Settings
from timmy_desktop.storage.anchor import HeadAnchor
from timmy_desktop.storage.backup import DailyBackup
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.event_index import EventIndex
from timmy_desktop.storage.event_log import EventLog
from timmy_desktop.storage.event_prune import EventPruning
from timmy_desktop.storage.folder import DataFolder
from timmy_desktop.storage.migrations import migrate
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.swarm.coordinator import Coordinator
from timmy_desktop.swarm.tools.workspace import Workspace
from timmy_desktop.upgrades.queue import UpgradeQueue

Progress = Callable[[str], None]
Only = Literal["memory", "ledger", "upgrades"]


class Part(Protocol):
    """What is started and stopped in turn."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Services:
    """Built by bootstrap without any I/O; nothing works before `start` has returned."""

    settings: Settings
    paths: Paths
    clock: Clock
    secrets: Secrets
    supervisor: TaskSupervisor
    folder: DataFolder
    database: Database
    event_log: EventLog
    event_index: EventIndex
    event_pruning: EventPruning
    anchor: HeadAnchor
    backup: DailyBackup
    scrubber: Scrubber
    bus: EventBus
    models: ModelLibrary
    router: CascadeRouter
    router_history: RouterHistory
    ledger: Ledger
    memory: Memory
    workspace: Workspace
    upgrades: UpgradeQueue
    coordinator: Coordinator
    timmy: Timmy
    feed: FeedServer
    _running: AsyncExitStack = field(default_factory=AsyncExitStack, repr=False)

    async def start(
        self,
        purpose: str = "window",
        progress: Progress = lambda _: None,
        *,
        only: Only | None = None,
    ) -> None:
        """Starts everything from the data folder up; when one part fails, those before it are stopped.

        `progress` gets a few words before each step. `only`: that part and what it stands on; no model is
        looked for, no task taken up.
        Raises StorageError and its kin, whose messages are meant for the person.
        """
        async with AsyncExitStack() as stack:
            progress("Opening the data folder")
            self.folder.acquire(purpose)
            stack.callback(self.folder.release)
            progress("Opening the database")
            # Before it is open: a start that is cancelled waits for the writer before the folder is free.
            stack.push_async_callback(self.database.close)
            await self.database.open(self._prepare)
            await self._start_log(stack)
            for words, part in self._parts(only):
                progress(words)
                await part.start()
                stack.push_async_callback(part.stop)
            if only is None:
                self.backup.start()
            self._running.push_async_exit(stack.pop_all())

    def _parts(self, only: Only | None) -> tuple[tuple[str, Part], ...]:
        memory = ("Opening the memory", self.memory)
        ledger = ("Opening the ledger", self.ledger)
        upgrades = ("Opening the upgrade queue", self.upgrades)
        if only is not None:
            alone: dict[Only, tuple[tuple[str, Part], ...]] = {
                "memory": (memory,),
                "ledger": (ledger,),
                "upgrades": (memory, upgrades),
            }
            return alone[only]
        return (
            ("Opening the database", self.event_index),
            ("Opening the database", self.event_pruning),
            ("Looking for models", self.router),
            ("Looking for models", self.router_history),
            ledger,
            memory,
            upgrades,
            ("Waking the agents", self.coordinator),
            ("Remembering the conversation", self.timmy),
            ("Opening the feed", self.feed),
        )

    async def stop(self) -> None:
        """Stops everything in the opposite order. Does nothing where `start` did not succeed."""
        await self._running.aclose()

    def _prepare(self, session: Session) -> None:
        migrate(session, self.paths.backups)
        with session.transaction():
            self.event_log.open(session)

    async def _start_log(self, stack: AsyncExitStack) -> None:
        stack.push_async_callback(self._close_log)
        clean = await self.database.read(_stopped_cleanly)
        problem = await self.anchor.start()
        await self.bus.publish(
            SystemStarted(source="system", version_name=__version__, clean=clean, pid=os.getpid())
        )
        if problem:
            await self.bus.publish(SystemFault(source="system", message=problem))

    async def _close_log(self) -> None:
        await self.supervisor.close()
        await self.bus.publish(SystemStopped(source="system"))
        await self.anchor.write()


def _stopped_cleanly(session: Session) -> bool:
    rows = session.sql("SELECT type FROM event_log ORDER BY seq DESC LIMIT 1")
    return not rows or rows[0][0] == SystemStopped.type
