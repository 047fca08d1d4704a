"""Requests as they are kept: the list, page by page, and the receipt of one."""

from __future__ import annotations

from typing import Any

import orjson
from peewee import SQL

from timmy_desktop.routing.records import AttemptRecord, Receipt, RequestRow, SentMessage
from timmy_desktop.routing.rollups import PROBE
from timmy_desktop.routing.types import Skipped
from timmy_desktop.storage import tables
from timmy_desktop.storage.database import Session

EXCERPT_CHARACTERS = 120
MOST_ROWS = 1000
FAILED = "failed"


def read_requests(
    session: Session, limit: int, before: int | None, provider: str | None, outcome: str | None, text: str
) -> list[RequestRow]:
    """The newest first; see RouterHistory.requests."""
    table = tables.RequestRow
    query = table.select().order_by(table.id.desc()).limit(min(max(limit, 0), MOST_ROWS))
    query = query.where(table.purpose != PROBE)
    if before is not None:
        query = query.where(table.id < before)
    if provider is not None:
        query = query.where(table.provider == provider)
    if outcome == FAILED:
        query = query.where(table.outcome.not_in(("ok", "cancelled")))
    elif outcome is not None:
        query = query.where(table.outcome == outcome)
    if text:
        query = query.where(_mentions(text))
    return [_row(values) for values in session.dicts(query)]


def _mentions(text: str) -> SQL:
    pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    in_json = orjson.dumps(pattern).decode()[1:-1]
    return SQL(
        "(messages LIKE ? ESCAPE '\\' OR messages LIKE ? ESCAPE '\\' OR model LIKE ? ESCAPE '\\' "
        "OR request_id LIKE ? ESCAPE '\\' OR task_id LIKE ? ESCAPE '\\' OR agent_id LIKE ? ESCAPE '\\')",
        (pattern, in_json, pattern, pattern, pattern, pattern),
    )


def _row(values: dict[str, Any]) -> RequestRow:
    said = [message["content"] for message in orjson.loads(values["messages"]) if message["role"] == "user"]
    names = RequestRow.__dataclass_fields__.keys() - {"excerpt"}
    excerpt = " ".join(said[-1][: EXCERPT_CHARACTERS * 2].split())[:EXCERPT_CHARACTERS] if said else ""
    return RequestRow(**{name: values[name] for name in names}, excerpt=excerpt)


def read_receipt(session: Session, request_id: str) -> Receipt | None:
    """The receipt of a request; None where it is not kept (any more)."""
    table = tables.RequestRow
    found = session.dicts(table.select().where(table.request_id == request_id))
    if not found:
        return None
    values = found[0]
    names = Receipt.__dataclass_fields__.keys() - {"messages", "tools", "skipped", "notes", "attempts"}
    return Receipt(
        **{name: values[name] for name in names} | {"local_only": bool(values["local_only"])},
        messages=tuple(_message(message) for message in orjson.loads(values["messages"])),
        tools=tuple(orjson.loads(values["tools"])),
        skipped=tuple(Skipped(*pair) for pair in orjson.loads(values["skipped"])),
        notes=tuple(orjson.loads(values["notes"])),
        attempts=_attempts(session, request_id),
    )


def _message(values: dict[str, Any]) -> SentMessage:
    return SentMessage(
        values["role"], values["content"], values.get("name", ""), tuple(values.get("tool_calls", ()))
    )


def _attempts(session: Session, request_id: str) -> tuple[AttemptRecord, ...]:
    table = tables.AttemptRow
    query = table.select().where(table.request_id == request_id).order_by(table.id)
    return tuple(_attempt(values) for values in session.dicts(query))


def _attempt(values: dict[str, Any]) -> AttemptRecord:
    special = {"number", "is_remote", "had_text", "tokens_per_s"}
    return AttemptRecord(
        **{name: values[name] for name in AttemptRecord.__dataclass_fields__.keys() - special},
        number=values["attempt"],
        is_remote=bool(values["is_remote"]),
        had_text=bool(values["had_text"]),
        tokens_per_s=values["milli_tokens_per_s"] / 1000,
    )
