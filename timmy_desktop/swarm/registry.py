"""Who the agents are and what each does at this moment; the `agents` table and the events say the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from timmy_desktop.clock import Clock
from timmy_desktop.events.agents import AgentJoined, AgentLeft, AgentStatusChanged
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.identifiers import new_id
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.tables import AgentRow
from timmy_desktop.swarm.auction import AgentStatus, Bidder
from timmy_desktop.swarm.errors import UnknownAgentError
from timmy_desktop.swarm.personas import Persona, Topic

SOURCE = "registry"


@dataclass(frozen=True, slots=True)
class AgentView:
    """An agent at a glance; `current_task` is empty unless it is busy."""

    id: str
    name: str
    role: str
    status: AgentStatus
    capabilities: tuple[str, ...]
    base_bid_msat: int
    completed: int
    failed: int
    current_task: str


@dataclass(slots=True)
class _Agent:
    id: str
    persona: Persona
    status: AgentStatus = "idle"
    completed: int = 0
    failed: int = 0
    current_task: str = ""
    stops_next: bool = False
    # Cleared while a change of its status is on its way to the disk.
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.settled.set()


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A change of status to be written with the events of whatever caused it, then `done` in memory."""

    events: tuple[Event, ...]
    write: Callable[[Session], None]
    done: Callable[[], None]


UNCHANGED = StatusChange((), lambda _session: None, lambda: None)


class Registry:
    """Holds the agents. An agent does one task at a time; `claim` and `freed` are how it gets and ends one.

    The caller writes the StatusChange that it gets back in the same transaction as the cause. A claim counts
    at once, so that nobody else takes the agent; an end counts when it is written.
    """

    def __init__(self, *, bus: EventBus, db: Database, clock: Clock, personas: Sequence[Persona]) -> None:
        self._bus = bus
        self._db = db
        self._clock = clock
        self._personas = personas
        self._agents: dict[str, _Agent] = {}
        self._listeners: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Every persona joins, idle, with the record that the table keeps of it."""
        now = self._clock.now_us()
        rows = {row["name"]: row for row in await self._db.read(_all_agents)}
        agents = [_joined(persona, rows.get(persona.name)) for persona in self._personas]
        events: list[Event] = []
        for agent in agents:  # who joins is idle, whatever an earlier run left in the table
            name, role = agent.persona.name, agent.persona.role
            events.append(
                AgentJoined(
                    source=SOURCE, agent_id=agent.id, name=name, role=role, completed=agent.completed,
                    failed=agent.failed,
                )
            )  # fmt: skip
        await self._bus.publish(*events, work=lambda session: _write_joined(session, agents, now))
        self._agents = {agent.id: agent for agent in agents}
        self._changed()

    async def stop(self) -> None:
        """Every agent leaves."""
        agents = list(self._agents.values())
        if not agents:
            return
        self._agents = {}
        reason = "The application closes."
        await self._bus.publish(
            *(
                AgentLeft(source=SOURCE, agent_id=agent.id, name=agent.persona.name, reason=reason)
                for agent in agents
            ),
            work=lambda session: _write_left(session, [agent.id for agent in agents]),
        )

    def on_change(self, listener: Callable[[], None]) -> None:
        """Calls `listener` after an agent became free, joined or was resumed."""
        self._listeners.append(listener)

    def views(self) -> tuple[AgentView, ...]:
        """All agents, in the order of the personas."""
        return tuple(_view(agent) for agent in self._agents.values())

    def name(self, agent_id: str) -> str:
        """The agent's name, empty for one that isn't here."""
        agent = self._agents.get(agent_id)
        return agent.persona.name if agent else ""

    def persona(self, agent_id: str) -> Persona:
        """Who the agent is."""
        return self._agent(agent_id).persona

    def status(self, agent_id: str) -> AgentStatus:
        """What the agent does now; one that isn't here counts as stopped."""
        agent = self._agents.get(agent_id)
        return agent.status if agent else "stopped"

    def idle(self) -> list[str]:
        """The agents that could take a task now."""
        return [agent.id for agent in self._agents.values() if agent.status == "idle"]

    def working(self) -> list[str]:
        """The agents that take tasks, now or when they are done with the one they have."""
        return [agent.id for agent in self._agents.values() if agent.status != "stopped"]

    def bidder(self, agent_id: str, topic: Topic) -> Bidder:
        """The agent as an auction of a task about `topic` sees it."""
        agent = self._agent(agent_id)
        match = agent.persona.match_milli(topic)
        return Bidder(agent_id, agent.persona.name, match, agent.completed, agent.failed)

    def claim(self, agent_id: str, task_id: str) -> StatusChange:
        """Makes an idle agent busy with the task; `release` undoes it when it can't be written."""
        agent = self._agent(agent_id)
        if agent.status != "idle":
            raise RuntimeError(f"{agent.persona.name} is {agent.status} and can't take a task.")
        change = self._change(agent, replace(_view(agent), status="busy", current_task=task_id))
        change.done()
        return change

    def release(self, agent_id: str) -> None:
        """Lets a busy agent go without a record of it; harmless when it isn't here."""
        self.freed(agent_id).done()

    def freed(self, agent_id: str, *, completed: int = 0, failed: int = 0) -> StatusChange:
        """How a busy agent becomes idle again, its record grown by what it did; harmless when it isn't here.

        To be made anew for each try to write it.
        """
        agent = self._agents.get(agent_id)
        if agent is None or agent.status != "busy":
            return UNCHANGED
        agent.settled.clear()
        new = replace(
            _view(agent),
            status="stopped" if agent.stops_next else "idle",
            current_task="",
            completed=agent.completed + completed,
            failed=agent.failed + failed,
        )
        return self._change(agent, new)

    async def pause(self, agent_id: str) -> None:
        """Takes no more tasks; one under way is brought to its end first."""
        agent = self._agent(agent_id)
        agent.stops_next = True
        await self._set_idle(agent, "stopped")

    async def resume(self, agent_id: str) -> None:
        """Takes tasks again."""
        agent = self._agent(agent_id)
        agent.stops_next = False
        await self._set_idle(agent, "idle")

    async def _set_idle(self, agent: _Agent, status: AgentStatus) -> None:
        await agent.settled.wait()
        if agent.status not in ("busy", status) and agent.stops_next == (status == "stopped"):
            change = self._change(agent, replace(_view(agent), status=status))
            change.done()
            await self._bus.publish(*change.events, work=change.write)

    def _agent(self, agent_id: str) -> _Agent:
        try:
            return self._agents[agent_id]
        except KeyError:
            raise UnknownAgentError(f"There is no agent {agent_id}.") from None

    def _change(self, agent: _Agent, new: AgentView) -> StatusChange:
        def done() -> None:
            agent.status, agent.current_task = new.status, new.current_task
            agent.completed, agent.failed = new.completed, new.failed
            agent.settled.set()
            if new.status == "idle":
                self._changed()

        event = AgentStatusChanged(
            source=SOURCE, agent_id=agent.id, old=agent.status, new=new.status, completed=new.completed,
            failed=new.failed,
        )  # fmt: skip
        return StatusChange((event,), lambda session: _write_status(session, new), done)

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()


def _view(agent: _Agent) -> AgentView:
    persona = agent.persona
    return AgentView(
        id=agent.id,
        name=persona.name,
        role=persona.role,
        status=agent.status,
        capabilities=persona.capabilities,
        base_bid_msat=persona.base_bid_msat,
        completed=agent.completed,
        failed=agent.failed,
        current_task=agent.current_task,
    )


def _joined(persona: Persona, row: dict[str, Any] | None) -> _Agent:
    if row is None:
        return _Agent(new_id(), persona)
    return _Agent(row["id"], persona, completed=row["completed"], failed=row["failed"])


def _all_agents(session: Session) -> list[dict[str, Any]]:
    return session.dicts(AgentRow.select())


def _write_joined(session: Session, agents: Iterable[_Agent], now: int) -> None:
    for agent in agents:
        session.execute(
            AgentRow.insert(
                id=agent.id,
                name=agent.persona.name,
                role=agent.persona.role,
                status="idle",
                joined_us=now,
            ).on_conflict(
                conflict_target=[AgentRow.id],
                update={"role": agent.persona.role, "status": "idle", "joined_us": now},
            )
        )


def _write_left(session: Session, agent_ids: list[str]) -> None:
    session.execute(AgentRow.update(status="stopped").where(AgentRow.id.in_(agent_ids)))


def _write_status(session: Session, row: AgentView) -> None:
    session.sql(
        "UPDATE agents SET status = ?, completed = ?, failed = ? WHERE id = ?",
        (row.status, row.completed, row.failed, row.id),
    )
