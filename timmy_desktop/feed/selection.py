"""Which events a client asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from timmy_desktop.events.base import EventRecord
from timmy_desktop.feed.errors import BadRequestError

MOST_VALUES = 100
MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Selection:
    """Types as `topic.fact` or `topic.*`; empty means every one. Equal wishes are asked once."""

    include: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()

    def passes(self, record: EventRecord) -> bool:
        """Whether the client wants this event."""
        event = record.event
        if self.include and not _among(record.type, self.include):
            return False
        if self.exclude and _among(record.type, self.exclude):
            return False
        return (
            (not self.tasks or event.task_id in self.tasks)
            and (not self.agents or event.agent_id in self.agents)
            and (not self.sources or event.source in self.sources)
        )


def selection_of(values: dict[str, Any]) -> Selection:
    """What a `subscribe` asks for; BadRequestError says what is wrong with it."""
    names = ("include", "exclude", "tasks", "agents", "sources")
    return Selection(**{name: _texts(name, values.get(name, [])) for name in names})


def _texts(name: str, value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadRequestError(f"“{name}” is a list of texts.")
    if len(value) > MOST_VALUES or any(len(one) > MOST_CHARACTERS for one in value):
        raise BadRequestError(f"“{name}” holds {MOST_VALUES} texts of {MOST_CHARACTERS} characters at most.")
    return frozenset(value)


def _among(type_name: str, patterns: frozenset[str]) -> bool:
    return type_name in patterns or f"{type_name.partition('.')[0]}.*" in patterns
