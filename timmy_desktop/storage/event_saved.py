"""Filters that a person keeps by name."""

from __future__ import annotations

from timmy_desktop.inert import inert_line
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.event_filter import EventFilter

LONGEST_NAME = 60


def saved_filters(session: Session) -> dict[str, EventFilter]:
    """By name; what can't be read any more is left out."""
    found: dict[str, EventFilter] = {}
    for name, text in session.sql("SELECT name, filter FROM event_filters ORDER BY name"):
        try:
            found[str(name)] = EventFilter.from_json(text)
        except ValueError:
            continue
    return found


def save_filter(session: Session, name: str, wanted: EventFilter) -> str:
    """Keeps a filter in place of one of the same name; the name as it was kept."""
    kept = inert_line(name, LONGEST_NAME)
    session.sql("INSERT OR REPLACE INTO event_filters(name, filter) VALUES (?, ?)", (kept, wanted.to_json()))
    return kept


def forget_filter(session: Session, name: str) -> None:
    session.sql("DELETE FROM event_filters WHERE name = ?", (name,))
