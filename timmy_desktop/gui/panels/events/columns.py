"""The columns of the Events list: what each shows of a row, in words that are safe to show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from timmy_desktop.gui.wording import exact_time, short_id
from timmy_desktop.inert import inert_line
from timmy_desktop.storage.event_filter import severity_of
from timmy_desktop.storage.event_positions import SortKey
from timmy_desktop.storage.event_rows import LogRow

Names = Mapping[str, str]
_LONGEST = 300
_LONGEST_VALUE = 80


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `sort` is what a click on its head sorts by; nothing for None."""

    name: str
    title: str
    width: int
    text: Callable[[LogRow, Names], str]
    sort: SortKey | None = None
    mono: bool = False
    right: bool = False
    shown: bool = True


def data_parts(row: LogRow) -> list[tuple[str, str]]:
    """Names and values of the data, each on one line; the text as it is where it was cut or is no object."""
    if not row.is_whole:
        return [("", inert_line(row.data, _LONGEST))]
    parts, length = [], 0
    for name, value in row.values().items():
        text = value_text(value)
        parts.append((inert_line(name, 40), text))
        length += len(text) + len(name)
        if length > _LONGEST:
            break
    return parts


def value_text(value: Any) -> str:
    """A value as a person would write it; what is nested, as JSON."""
    if isinstance(value, str):
        return inert_line(value, _LONGEST_VALUE)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**10 else str(value)
    if value is None:
        return "none"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return inert_line(", ".join(value), _LONGEST_VALUE)
    return inert_line(str(value), _LONGEST_VALUE)


def agent_name(row: LogRow, names: Names) -> str:
    return inert_line(names.get(row.agent_id) or short_id(row.agent_id), 40)


COLUMNS: tuple[Column, ...] = (
    Column("seq", "Number", 84, lambda row, _: f"{row.seq:,}", "time", mono=True, right=True),
    Column("time", "Time", 186, lambda row, _: exact_time(row.time_us), "time", mono=True),
    Column("severity", "Severity", 84, lambda row, _: severity_of(row.type), "severity", shown=False),
    Column("type", "Type", 172, lambda row, _: inert_line(row.type, 60), "type"),
    Column(
        "task", "Task", 104, lambda row, _: short_id(row.task_id) if row.task_id else "", "task", mono=True
    ),
    Column("agent", "Agent", 84, agent_name, "agent"),
    Column("source", "Source", 92, lambda row, _: inert_line(row.source, 40), "source", shown=False),
    Column("data", "Data", 420, lambda row, _: "  ".join(f"{name} {text}" for name, text in data_parts(row))),
    Column("hash", "Hash", 132, lambda row, _: row.hash.hex()[:16], mono=True, shown=False),
)
DATA = next(place for place, column in enumerate(COLUMNS) if column.name == "data")
TYPE = next(place for place, column in enumerate(COLUMNS) if column.name == "type")
