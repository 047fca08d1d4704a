"""The words of the protocol: what is read from clients and what is written to them, as JSON in ASCII."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from timmy_desktop.feed.errors import BadRequestError
from timmy_desktop.feed.selection import Selection, selection_of

PROTOCOL = 1
SUBPROTOCOL = f"timmy.feed.{PROTOCOL}"
MOST_SEQ = 2**63 - 1
_KNOWN = frozenset({"op", "include", "exclude", "tasks", "agents", "sources", "after"})
# Close codes: RFC 6455 leaves 4000 to 4999 to applications.
TOO_SLOW, TOO_MANY, NOT_UNDERSTOOD = 4008, 4029, 4400
GOING_AWAY = 1001


@dataclass(frozen=True, slots=True)
class Subscribe:
    """What a client wants from now on; `after`: also what came after this number."""

    selection: Selection
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Events between what the client has and what is still buffered."""

    first_seq: int
    last_seq: int
    text: str


def read_message(text: str | bytes) -> Subscribe:
    """What a client said; BadRequestError where that is nothing."""
    if isinstance(text, bytes):
        raise BadRequestError("Messages are text, not bytes.")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise BadRequestError("A message is a JSON object.") from None
    if not isinstance(values, dict) or values.get("op") != "subscribe":
        raise BadRequestError('There is one thing to say: {"op": "subscribe"}.')
    if unknown := sorted(set(values) - _KNOWN):
        raise BadRequestError(f"There is no “{unknown[0][:40]}” in a subscription.")
    return Subscribe(selection_of(values), _number(values.get("after")))


def _number(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_SEQ:
        raise BadRequestError("“after” is the number of an event, or 0.")
    return value


def hello(*, version: str, log_id: str, last_seq: int, throttle: int, buffer: int) -> str:
    """The first thing that a client hears."""
    values = {"version": version, "log_id": log_id, "last_seq": last_seq, "throttle": throttle}
    return _text({"kind": "hello", "protocol": PROTOCOL, **values, "buffer": buffer})


def subscribed(*, after: int, replayed: int, gap: Gap | None) -> str:
    """What a subscription begins with, and what it can't have any more."""
    missing = (
        None if gap is None else {"first_seq": gap.first_seq, "last_seq": gap.last_seq, "text": gap.text}
    )
    return _text({"kind": "subscribed", "after": after, "replayed": replayed, "gap": missing})


def refusal(text: str) -> str:
    """What was not understood; the connection stays, and so does the subscription."""
    return _text({"kind": "error", "text": text})


def events_frame(
    *, seq: int, events: Sequence[bytes], folded: Mapping[str, int], first_seq: int, last_seq: int
) -> str:
    """Events as they were encoded, and counts of those that are not shown. Complete up to `seq`."""
    head = f'{{"kind":"events","seq":{seq},"events":['
    tail = "]"
    if folded:
        counts = {"count": sum(folded.values()), "first_seq": first_seq, "last_seq": last_seq}
        tail += f',"folded":{_text({**counts, "by_type": dict(folded)})}'
    return head + b",".join(events).decode("ascii") + tail + "}"


def event_bytes(values: Mapping[str, Any]) -> bytes:
    """One event for a frame."""
    return _text(values).encode("ascii")


def _text(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=True, separators=(",", ":"))
