"""Where an event leads: what it is about, as wishes to the other panels, and what else the log has of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from timmy_desktop.gui.panel import (
    OpenConversation,
    OpenMemory,
    OpenPayment,
    OpenRequest,
    OpenTask,
    OpenUpgrade,
    Wish,
)
from timmy_desktop.gui.panels.events.columns import Names, agent_name
from timmy_desktop.gui.wording import short_id
from timmy_desktop.storage.event_filter import Condition
from timmy_desktop.storage.event_rows import LogRow

_MOST_ENTRIES = 5
_MOST_OF_A_KIND = 3
# What names something in the data, how it is called, and the wish that shows it.
_NAMED: tuple[tuple[str, str, str, Callable[[str], Wish] | None], ...] = (
    ("request_id", "request", "router", OpenRequest),
    ("payment_hash", "payment", "ledger", OpenPayment),
    ("upgrade_id", "upgrade", "upgrades", OpenUpgrade),
    ("part_id", "upgrade", "upgrades", OpenUpgrade),
    ("conversation_id", "conversation", "chat", OpenConversation),
    ("call_id", "call", "", None),
)
LEADING_TYPES = ("invoice.created", "payment.sent", "provider.called", "upgrade.proposed", "memory.stored")
"""Events of a task that name something that another panel shows."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A place to go: another panel (`wish`), the events about the same (`condition`), or a task's `story`."""

    words: str
    glyph: str
    wish: Wish | None = None
    condition: Condition | None = None
    story: str = ""


def relations_of(row: LogRow, names: Names, kin: Sequence[LogRow] = ()) -> list[Relation]:
    """The nearest first; `kin` are other events of its task, in order."""
    found: list[Relation] = []
    if row.task_id:
        found.append(Relation("Story", "clock", story=row.task_id))
        found.append(Relation(f"Task {short_id(row.task_id)}", "tasks", wish=OpenTask(row.task_id)))
    if row.agent_id:
        found.append(Relation(agent_name(row, names), "agent", condition=Condition("agent", row.agent_id)))
    found += _in_data(row)
    return [*found, *_of_kin(kin, {one.wish for one in found})]


def _in_data(row: LogRow) -> Iterator[Relation]:
    values = row.values()
    for name, word, glyph, wish in _NAMED:
        value = values.get(name)
        if isinstance(value, str) and value:
            if wish is not None:
                yield Relation(f"{word.capitalize()} {short_id(value)}", glyph, wish=wish(value))
            same = Condition("value", value, path=name)
            yield Relation(f"Same {word}", "filter", condition=same)
    if row.task_id and row.type.startswith("payment.") and not values.get("payment_hash"):
        yield Relation("Its lines in the ledger", "ledger", wish=OpenPayment(task_id=row.task_id))
    for entry in _entries(values):
        yield Relation(f"Memory {short_id(entry)}", "memory", wish=OpenMemory(entry))


def _entries(values: dict[str, Any]) -> list[str]:
    entries = values.get("entries")
    named = entries[:_MOST_ENTRIES] if isinstance(entries, list) else []
    return [entry for entry in named if isinstance(entry, str)]


def _of_kin(kin: Sequence[LogRow], known: set[Wish | None]) -> Iterator[Relation]:
    """What the rest of the task leads to: the newest few of each kind."""
    many: Counter[str] = Counter()
    for row in reversed(kin):
        for one in _in_data(row):
            if one.wish is not None and one.wish not in known and many[one.glyph] < _MOST_OF_A_KIND:
                known.add(one.wish)
                many[one.glyph] += 1
                yield one
