"""What a person can narrow the memories down to, and the question that this makes. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from timmy_desktop.memory.types import EntryState, EntryType, Filters

_DAY_US = 86_400_000_000

TIMES: tuple[tuple[str, str, int], ...] = (
    ("", "Any time", 0),
    ("day", "Past day", 1),
    ("week", "Past week", 7),
    ("month", "Past month", 31),
    ("year", "Past year", 366),
    ("older", "Over a year ago", -366),
)
"""Name, words, and how many days back; below zero: before that."""

_ALL: tuple[EntryState, ...] = ("accepted", "proposed", "rejected")
STATES: tuple[tuple[str, str, tuple[EntryState, ...], bool], ...] = (
    ("", "In use", ("accepted",), False),
    ("proposed", "Proposed", ("proposed",), False),
    ("rejected", "Rejected", ("rejected",), False),
    ("replaced", "With replaced ones", ("accepted",), True),
    ("all", "Everything", _ALL, True),
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The filters as they stand on screen, by the names of their choices.

    `place` is ("task" | "conversation" | "document", identifier) where only what belongs to it is shown.
    """

    types: tuple[EntryType, ...] = ()
    owner: str = ""
    time: str = ""
    state: str = ""
    pinned: bool = False
    place: tuple[str, str] = ("", "")

    @property
    def is_default(self) -> bool:
        """Whether nothing is narrowed down."""
        return self == Chosen()


def filters_of(chosen: Chosen, now_us: int) -> Filters:
    """The question for the memory."""
    days = next((days for name, _, days in TIMES if name == chosen.time), 0)
    _, _, states, superseded = next((state for state in STATES if state[0] == chosen.state), STATES[0])
    kind, identifier = chosen.place
    return Filters(
        types=chosen.types,
        owners=(chosen.owner,) if chosen.owner else (),
        states=states,
        since_us=now_us - days * _DAY_US if days > 0 else 0,
        until_us=now_us + days * _DAY_US if days < 0 else 0,
        task_id=identifier if kind == "task" else "",
        conversation_id=identifier if kind == "conversation" else "",
        document_id=identifier if kind == "document" else "",
        pinned=True if chosen.pinned else None,
        superseded=superseded,
    )
