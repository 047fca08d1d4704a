"""Where an event leads: what it is about, as wishes to the other panels, and what else the log has of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from timmy_desktop.gui.panel import OpenMemory, OpenTask, ShowPanel, Wish
from timmy_desktop.gui.panels.events.columns import Names, agent_name
from timmy_desktop.gui.wording import short_id
from timmy_desktop.storage.event_filter import Condition
from timmy_desktop.storage.event_rows import LogRow

_MOST_ENTRIES = 5
# What names something in the data, how it is called, and the panel that shows such things.
_NAMED = (
    ("request_id", "request", "router"),
    ("payment_hash", "payment", "ledger"),
    ("proposal_id", "upgrade", "upgrades"),
    ("upgrade_id", "upgrade", "upgrades"),
    ("call_id", "call", ""),
)


@dataclass(frozen=True, slots=True)
class Relation:
    """A place to go: another panel (`wish`), the events about the same (`condition`), or a task's `story`."""

    words: str
    glyph: str
    wish: Wish | None = None
    condition: Condition | None = None
    story: str = ""


def relations_of(row: LogRow, names: Names) -> list[Relation]:
    """The nearest first."""
    found: list[Relation] = []
    if row.task_id:
        found.append(Relation("Story", "clock", story=row.task_id))
        found.append(Relation(f"Task {short_id(row.task_id)}", "tasks", wish=OpenTask(row.task_id)))
    if row.agent_id:
        found.append(Relation(agent_name(row, names), "agent", condition=Condition("agent", row.agent_id)))
    return found + _in_data(row.values())


def _in_data(values: dict[str, Any]) -> list[Relation]:
    found: list[Relation] = []
    for name, word, panel in _NAMED:
        value = values.get(name)
        if isinstance(value, str) and value:
            same = Condition("value", value, path=name)
            found.append(Relation(f"Same {word} {short_id(value)}", "filter", condition=same))
            if panel:
                found.append(Relation(panel.capitalize(), panel, wish=ShowPanel(panel)))
    entries = values.get("entries")
    for entry in entries[:_MOST_ENTRIES] if isinstance(entries, list) else ():
        if isinstance(entry, str):
            found.append(Relation(f"Memory {short_id(entry)}", "memory", wish=OpenMemory(entry)))
    return found
