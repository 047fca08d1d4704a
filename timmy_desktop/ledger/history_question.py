"""What may be asked of the ledger's lines: which ones, in which order; and how SQL says it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

Order = Literal["time", "amount", "fee", "agent", "state", "purpose"]

TYPES_IN = ("deposit", "invoice")
TYPES_OUT = ("payment", "reward")
TYPES_HELD = ("reserve", "refund", "release")
TYPES_BOOKED = ("adjustment", "closing")

_KEYS: dict[Order, str] = {
    "time": "rowid",
    "amount": "max(amount_msat, received_msat)",
    "fee": "fee_msat",
    "agent": "agent_id",
    "state": "state",
    "purpose": "purpose",
}
# What a person may have read of a line, and what may have been copied of it. Joined to one text: asking a
# million lines once each is what takes time.
_READ = "memo || ' ' || reason || ' ' || purpose"
_COPIED = " || ' ' || id || ' ' || task_id || ' ' || payment_hash || ' ' || preimage || ' ' || payee"
_BY_NAME = "agent_id IN (SELECT id FROM agents WHERE name LIKE ? ESCAPE '!')"
_BY_TASK = "task_id IN (SELECT id FROM tasks WHERE text LIKE ? ESCAPE '!')"
_IDENTIFIER = re.compile(r"[0-9a-f-]{4,}", re.IGNORECASE)
_LONGEST_WORD, _MOST_WORDS = 200, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which lines, and how they stand. Empty fields ask for everything. Times are of creation, UTC."""

    text: str = ""
    """Words that must all occur, whatever their case: in memo, reason, agent, task or an identifier."""
    types: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    flagged: bool = False
    """Only late, overpaid and underpaid ones."""
    agent_id: str = ""
    purpose: str = ""
    task_id: str = ""
    since_us: int = 0
    until_us: int = 0
    """The first moment after the span; 0: no end."""
    order: Order = "time"
    descending: bool = True

    @property
    def is_everything(self) -> bool:
        """Whether no line is left out and the newest stands on top, as in the book."""
        return self == Question()

    @property
    def filters(self) -> bool:
        """Whether a line may be left out."""
        return bool(_conditions(self)[0])


def selecting(question: Question) -> tuple[str, list[Any]]:
    """`WHERE …` (or nothing) and its parameters."""
    conditions, parameters = _conditions(question)
    return (f" WHERE {' AND '.join(conditions)}" if conditions else ""), parameters


def from_the_bottom(question: Question) -> str:
    """`ORDER BY …`: the line that stands at the bottom first."""
    upwards = "" if question.descending else " DESC"
    if question.order == "time":
        return f" ORDER BY rowid{upwards}"
    return f" ORDER BY {_KEYS[question.order]}{upwards}, rowid"


def _conditions(question: Question) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    parameters: list[Any] = []

    def add(condition: str, *values: Any) -> None:
        conditions.append(condition)
        parameters.extend(values)

    for name, values in (("type", question.types), ("state", question.states)):
        if values:
            add(f"{name} IN ({', '.join('?' * len(values))})", *values)
    for name, value in (
        ("agent_id", question.agent_id), ("purpose", question.purpose), ("task_id", question.task_id),
    ):  # fmt: skip
        if value:
            add(f"{name} = ?", value)
    if question.flagged:
        add("flags <> ''")
    if question.since_us:
        add("created_us >= ?", question.since_us)
    if question.until_us:
        add("created_us < ?", question.until_us)
    for word in question.text.split()[:_MOST_WORDS]:
        add(*_occurring(word))
    return conditions, parameters


def _occurring(word: str) -> tuple[str, ...]:
    if word.lower().startswith("ln") and len(word) > _LONGEST_WORD:
        return "bolt11 = ?", word.lower()
    looked_at = _READ + (_COPIED if _IDENTIFIER.fullmatch(word) else "")
    pattern = f"%{_literal(word[:_LONGEST_WORD])}%"
    return f"({looked_at} LIKE ? ESCAPE '!' OR {_BY_NAME} OR {_BY_TASK})", pattern, pattern, pattern


def _literal(word: str) -> str:
    for special in "!%_":
        word = word.replace(special, f"!{special}")
    return word
