"""The swarm's public face: takes tasks, queues them, sees each through auction, work and payment.

The coordinator is the only one that changes tasks, bids and agents. It can be, since the lock on the data
folder lets one process in; a second one never gets as far as touching a task of the first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from timmy_desktop.clock import Clock
from timmy_desktop.events.base import Event, EventRecord
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.payments import PaymentSettled
from timmy_desktop.events.system import SystemWarning
from timmy_desktop.events.tasks import TaskCreated, TaskPaymentNoted, TaskRetried
from timmy_desktop.identifiers import new_id
from timmy_desktop.ledger import Ledger
from timmy_desktop.memory import Memory
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.event_query import task_events
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.swarm import task_store
from timmy_desktop.swarm.auctioneer import SOURCE, Auctioneer
from timmy_desktop.swarm.bidding import Bids, persona_bid
from timmy_desktop.swarm.dispatcher import Dispatcher
from timmy_desktop.swarm.errors import TaskStateError
from timmy_desktop.swarm.live import LiveTask
from timmy_desktop.swarm.recollection import Recollection
from timmy_desktop.swarm.recovery import recovered, revived
from timmy_desktop.swarm.registry import AgentView, Registry
from timmy_desktop.swarm.runner import Runner
from timmy_desktop.swarm.task import BidView, TaskStatus, TaskView, checked_price, checked_text
from timmy_desktop.swarm.toolbox import Toolbox
from timmy_desktop.swarm.worker import Limits, Router, Worker

WRITE_AGAIN_SECONDS = 1.0
# A file or a diff in a tool call is longer than an answer.
CHANGE_REPLY_TOKENS = 4096


class SwarmSettings(Protocol):
    """The settings that the swarm goes by; see settings.py."""

    @property
    def auction_seconds(self) -> float: ...
    @property
    def task_max_steps(self) -> int: ...
    @property
    def task_max_tokens(self) -> int: ...
    @property
    def task_timeout_seconds(self) -> float: ...
    @property
    def task_max_attempts(self) -> int: ...
    @property
    def reply_max_tokens(self) -> int: ...
    @property
    def memory_context_tokens(self) -> int: ...
    @property
    def local_only(self) -> bool: ...
    @property
    def upgrade_max_steps(self) -> int: ...
    @property
    def upgrade_max_tokens(self) -> int: ...
    @property
    def upgrade_test_seconds(self) -> float: ...


class Coordinator:
    """Posts, cancels, retries and tells of tasks. Each agent does one at a time; the rest wait in order."""

    def __init__(
        self,
        *,
        bus: EventBus,
        db: Database,
        router: Router,
        ledger: Ledger,
        registry: Registry,
        tools: Toolbox,
        clock: Clock,
        supervisor: TaskSupervisor,
        settings: SwarmSettings,
        memory: Memory | None = None,
        bids: Bids = persona_bid,
        write_again_seconds: float = WRITE_AGAIN_SECONDS,
    ) -> None:
        """What the disk refused is tried again after `write_again_seconds`, then twice that."""
        self._bus = bus
        self._db = db
        self._ledger = ledger
        self._registry = registry
        self._tools = tools
        self._clock = clock
        self._supervisor = supervisor
        self._settings = settings
        limits = Limits(
            steps=settings.task_max_steps,
            tokens=settings.task_max_tokens,
            seconds=settings.task_timeout_seconds,
            reply_tokens=settings.reply_max_tokens,
        )
        change_limits = Limits(
            steps=settings.upgrade_max_steps,
            tokens=settings.upgrade_max_tokens,
            seconds=max(settings.task_timeout_seconds, settings.upgrade_test_seconds * 4),
            reply_tokens=max(settings.reply_max_tokens, CHANGE_REPLY_TOKENS),
        )
        auctioneer = Auctioneer(
            bus=bus, ledger=ledger, registry=registry, clock=clock, supervisor=supervisor,
            bids=bids, seconds=settings.auction_seconds,
        )  # fmt: skip
        self._runner = Runner(
            bus=bus, ledger=ledger, registry=registry, clock=clock, supervisor=supervisor,
            worker=Worker(
                router=router, tools=tools, bus=bus, clock=clock, limits=limits,
                change_limits=change_limits,
                recollection=(
                    None if memory is None else Recollection(memory, settings.memory_context_tokens)
                ),
            ),
            write_again_seconds=write_again_seconds,
        )  # fmt: skip
        self._dispatcher = Dispatcher(
            bus=bus, registry=registry, auctioneer=auctioneer, runner=self._runner, clock=clock,
            supervisor=supervisor,
        )  # fmt: skip
        self._late: Callable[[], None] | None = None

    async def start(self) -> None:
        """The agents join; what an earlier run left unfinished is queued again, failed, or paid.

        The ledger must have been started.
        """
        self._late = self._bus.subscribe(PaymentSettled, self._settled_late)
        await self._registry.start()
        await self._warn_of_unknown_tools()
        for view in await self._db.read(task_store.unfinished):
            live = await recovered(
                view, self._settings.task_max_attempts, self._ledger, self._bus, self._clock
            )
            if live is not None:
                self._dispatcher.hold(live)
        for task_id in await self._db.read(task_store.unpaid):
            self._dispatcher.run(f"payment of {task_id}", self._runner.pay_owed(task_id))
        self._dispatcher.start()

    async def stop(self) -> None:
        """Stops auctions and work where they are; the next start takes unfinished tasks up again."""
        if self._late is not None:
            self._late()
            self._late = None
        await self._dispatcher.stop(
            TaskStateError("The application closes; the task goes on at the next start.")
        )
        await self._registry.stop()
        await self._tools.stop()

    async def post(
        self, text: str, *, local_only: bool = False, max_price_msat: int = 0, conversation_id: str = ""
    ) -> str:
        """Takes a task and returns its identifier once it is on the disk; TaskRejectedError when it is none.

        Cancelling it while the task is being written does not undo that: the task is posted.

        `local_only` keeps it from remote providers; `max_price_msat` is the most that it may cost, 0 for no
        limit.
        """
        text, max_price_msat = checked_text(text), checked_price(max_price_msat)
        local_only = local_only or self._settings.local_only
        live = LiveTask(
            new_id(), text, local_only, max_price_msat, last_attempt=self._settings.task_max_attempts
        )
        write = task_store.inserted(
            live.id, text, self._clock.now_us(), local_only=local_only, max_price_msat=max_price_msat,
            conversation_id=conversation_id,
        )  # fmt: skip
        created = TaskCreated(
            source=SOURCE, task_id=live.id, text=text, local_only=local_only, max_price_msat=max_price_msat,
            conversation_id=conversation_id,
        )  # fmt: skip
        await self._dispatcher.take_in(live, created, write)
        return live.id

    async def cancel(self, task_id: str, reason: str = "Called off by the person.") -> None:
        """Calls the task off, whatever its state, and returns when nothing works on it any more.

        TaskStateError when it has ended, or ends otherwise before it could be called off.
        """
        live = self._dispatcher.find(task_id)
        if live is None or live.status is TaskStatus.COMPLETED:
            raise TaskStateError(f"The task is {(await self.task(task_id)).status} already.")
        self._dispatcher.call_off(live, reason)
        view = await self.wait(task_id)
        if view.status is not TaskStatus.CANCELLED:
            raise TaskStateError(f"The task {view.status} before it could be called off.")

    async def retry(self, task_id: str) -> int:
        """Posts a failed or cancelled task anew and returns the number of the attempt to come."""
        view = await self.task(task_id)
        if view.status not in (TaskStatus.FAILED, TaskStatus.CANCELLED) or self._dispatcher.find(task_id):
            raise TaskStateError(
                f"The task is {view.status}; only a failed or cancelled one can be tried again."
            )
        attempt = view.attempt + 1
        live = revived(view, view.attempt + self._settings.task_max_attempts)
        write = task_store.moved_to(
            task_id, TaskStatus.CREATED, self._clock.now_us(), reason="", agent_id="", price_msat=0
        )
        event = TaskRetried(
            source=SOURCE, task_id=task_id, reason="Asked for by the person.", attempt=attempt, asked_for=True
        )
        await self._dispatcher.take_in(live, event, write)
        return attempt

    async def wait(self, task_id: str) -> TaskView:
        """The task after its end: completed and its payment concluded, failed, or cancelled.

        TaskStateError when the application closes before that; StorageError when the end can't be written
        now. It is written as soon as it can be.
        """
        live = self._dispatcher.find(task_id)
        if live is not None:
            await live.wait()
        view = await self.task(task_id)
        if not view.status.is_terminal:
            raise TaskStateError(f"The task is {view.status} and nobody works on it.")
        return view

    async def task(self, task_id: str) -> TaskView:
        """The task with its bids; UnknownTaskError when there is none."""
        return await self._db.read(lambda session: task_store.one_task(session, task_id))

    async def tasks(
        self,
        limit: int = 200,
        before: str | None = None,
        status: TaskStatus | str | None = None,
        text: str = "",
    ) -> list[TaskView]:
        """Tasks, newest first: older than `before` (an identifier), of that `status`, containing `text`."""
        wanted = TaskStatus(status) if status else None
        return await self._db.read(
            lambda session: task_store.some_tasks(
                session, limit=limit, before=before, status=wanted, text=text
            )
        )

    async def bids(self, task_id: str) -> list[BidView]:
        """The task's bids, by auction, best first."""
        return await self._db.read(lambda session: task_store.bids_of(session, [task_id]))

    async def steps(self, task_id: str) -> list[EventRecord]:
        """The task's whole life as the log holds it, in order."""
        return await self._db.read(lambda session: task_events(session, task_id))

    def agents(self) -> tuple[AgentView, ...]:
        """Every agent and what it does now."""
        return self._registry.views()

    async def _warn_of_unknown_tools(self) -> None:
        """The settings can name tools that don't exist; the agent works without them, and it is said."""
        for agent in self._registry.views():
            missing = set(self._registry.persona(agent.id).tools) - set(self._tools.names)
            if missing:
                message = (
                    f"{agent.name} has no tool called {', '.join(sorted(missing))}: there is none. "
                    f"Correct `personas` in the settings; the tools are {', '.join(self._tools.names)}."
                )
                await self._bus.publish(SystemWarning(source=SOURCE, message=message))

    def _settled_late(self, record: EventRecord) -> None:
        """A payment in doubt arrived after its task was let go."""
        event = record.event
        if (
            isinstance(event, PaymentSettled)
            and event.task_id
            and self._dispatcher.find(event.task_id) is None
        ):
            write = task_store.paid(event.task_id, event.amount_msat, event.fee_msat, "")
            noted = TaskPaymentNoted(source=SOURCE, task_id=event.task_id, reason="")
            self._dispatcher.run(f"late payment of {event.task_id}", self._write(noted, write))

    async def _write(self, event: Event, write: task_store.Write) -> None:
        await self._bus.publish(event, work=write)
