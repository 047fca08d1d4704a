"""A task as a file: JSON for programs, Markdown for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from timmy_desktop.events.base import EventRecord, UnknownEvent
from timmy_desktop.gui.panels.tasks.life import life_of
from timmy_desktop.gui.panels.tasks.status_look import LOOKS
from timmy_desktop.gui.panels.tasks.tellers import Names
from timmy_desktop.gui.wording import count, duration, exact_time, sats
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.swarm.task import TaskView


def as_json(view: TaskView, records: Sequence[EventRecord]) -> str:
    """Every field of the task and every event of its life; payment preimages are left out."""
    document = {"task": _plain(view), "events": [_event(record) for record in records]}
    return json.dumps(document, indent=2, ensure_ascii=True, sort_keys=False) + "\n"


def as_markdown(view: TaskView, records: Sequence[EventRecord], name_of: Names) -> str:
    """The task to read and to send; foreign text is inert."""
    life = life_of(records, name_of)
    agent = view.agent_name or "nobody"
    facts = [
        ("Status", LOOKS[view.status].word),
        ("Posted", exact_time(view.created_us)),
        ("Agent", agent),
        ("Paid", sats(view.paid_msat)),
        ("Model", " · ".join(part for part in (view.provider, view.model) if part) or "none"),
        ("Tokens", count(view.tokens_in + view.tokens_out, "token")),
        ("Duration", duration(view.duration_ms)),
        ("Id", view.id),
    ]
    head = "\n".join(f"- {name}: {inert_line(value)}" for name, value in facts)
    parts = ["# Task", inert(view.text), head]
    if view.result:
        parts += ["## Result", inert(view.result)]
    if view.reason:
        parts += ["## Reason", inert(view.reason)]
    parts += [
        "## Timeline",
        "\n".join(f"- {exact_time(m.time_us)} {m.title}" for m in life.moments) or "- empty",
    ]
    return "\n\n".join(parts) + "\n"


def file_name(view: TaskView, ending: str) -> str:
    """A name that says which task it is and is safe on every file system."""
    words = "".join(char if char.isascii() and char.isalnum() else " " for char in view.text[:60]).split()
    return f"task-{'-'.join(words[:6]).lower() or 'untitled'}-{view.id[-8:]}.{ending}"


def _event(record: EventRecord) -> dict[str, Any]:
    event = record.event
    data = event.data if isinstance(event, UnknownEvent) else _plain(event)
    data = {key: value for key, value in data.items() if key != "preimage"}
    return {"seq": record.seq, "time_us": record.time_us, "type": record.type, "data": data}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
