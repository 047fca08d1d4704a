"""Tasks and agents, as they were."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from timmy_desktop.events.memory import FORGOTTEN
from timmy_desktop.gui.scrubber.content import MOST_ROWS, Content, Moment, Row, Table, names_of
from timmy_desktop.gui.wording import count, duration, exact_time, provider_words, sats, short_id
from timmy_desktop.inert import inert_line
from timmy_desktop.scrubber.things import AgentThen, TaskThen

_TONES = {
    "completed": "good",
    "failed": "bad",
    "running": "accent",
    "assigned": "accent",
    "bidding": "accent",
}
_OPEN = ("created", "bidding", "assigned", "running")


def tasks_then(moment: Moment) -> Content:
    """Every agent, and the newest tasks."""
    world = moment.world
    names = names_of(world)
    counts = world.tasks.counts
    facts = (
        (f"{sum(counts.get(one, 0) for one in _OPEN):,}", "open", "Created, bidding, assigned or running"),
        (f"{counts.get('completed', 0):,}", "completed", ""),
        (f"{counts.get('failed', 0):,}", "failed", ""),
        (f"{counts.get('cancelled', 0):,}", "cancelled", ""),
        (f"{world.agents.counts.get('busy', 0)} of {len(world.agents)}", "agents at work", ""),
    )
    gone = moment.kept.forgotten_tasks
    rows = tuple(
        _task(_forgotten(task) if task.id in gone else task, names)
        for task in islice(world.tasks.newest(), MOST_ROWS)
    )
    tasks = Table(
        "Tasks", ("Task", "Status", "Agent", "Price", "Paid", "Bids"), rows, frozenset({3, 4, 5}),
        "No task had been posted.", len(world.tasks),
    )  # fmt: skip
    agents = Table(
        "Agents", ("Agent", "Role", "Status", "Completed", "Failed"),
        tuple(_agent(agent) for agent in world.agents), frozenset({3, 4}), "No agent had joined.",
        len(world.agents),
    )  # fmt: skip
    return Content(facts, (tasks, agents))


def _forgotten(task: TaskThen) -> TaskThen:
    """What was forgotten since is shown in no past, though the log still may have it."""
    return task._replace(text=FORGOTTEN, result=FORGOTTEN if task.result else "")


def _task(task: TaskThen, names: Mapping[str, str]) -> Row:
    agent = names.get(task.agent_id, short_id(task.agent_id))
    cells = (
        inert_line(task.text, 120),
        task.status,
        agent,
        sats(task.price_msat) if task.agent_id else "",
        sats(task.paid_msat) if task.paid_msat else "",
        f"{len(task.bids):,}" if task.bids else "",
    )
    return Row(cells, _of_task(task, agent, names), _TONES.get(task.status, ""))


def _of_task(task: TaskThen, agent: str, names: Mapping[str, str]) -> str:
    lines = [task.text, f"{task.status} · {short_id(task.id)} · posted {exact_time(task.created_us)[:19]}"]
    if task.agent_id:
        lines.append(f"{agent} for {sats(task.price_msat)}, attempt {task.attempt}")
    lines += [
        f"Bid in round {bid.round}: {names.get(bid.agent_id, short_id(bid.agent_id))} {sats(bid.amount_msat)}"
        + (" (won)" if bid.won else "")
        for bid in task.bids[-6:]
    ]
    if task.provider:
        tokens = count(task.tokens_in + task.tokens_out, "token")
        lines.append(f"{provider_words(task.provider, task.model)}, {duration(task.duration_ms)}, {tokens}")
    lines += [inert_line(words, 1000) for words in (task.reason, task.result) if words]
    return "\n".join(lines)


def _agent(agent: AgentThen) -> Row:
    cells = (agent.name, agent.role, agent.status, f"{agent.completed:,}", f"{agent.failed:,}")
    return Row(
        cells, f"{agent.name}, {agent.role}: {agent.status}", "accent" if agent.status == "busy" else ""
    )
