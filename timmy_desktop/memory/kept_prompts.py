"""Forgets in the prompts that the router keeps: what they share with the forgotten is taken out of them.

The table is another room's. It is worked on as it lies on the disk, and only where it is there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

import orjson

from timmy_desktop.memory.passages import Passages
from timmy_desktop.storage.database import Database, Session

logger = logging.getLogger(__name__)

_PAGE = 200
_IS_THERE = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'provider_requests'"
_READ = "SELECT id, messages FROM provider_requests WHERE id > ? ORDER BY id LIMIT ?"
_ONE = "SELECT messages FROM provider_requests WHERE id = ?"
_WRITE = "UPDATE provider_requests SET messages = ? WHERE id = ?"


class Found(NamedTuple):
    """The kept prompts that share something, and up to which row was looked."""

    ids: tuple[int, ...]
    until: int


class _Page(NamedTuple):
    ids: tuple[int, ...]
    last: int
    is_last: bool


async def find(db: Database, passages: Passages) -> Found:
    """Looks through all kept prompts, page by page, beside the writer."""
    clean: set[str] = set()  # a chat's prompts repeat what was said before
    ids: list[int] = []
    last, is_last = 0, False
    while not is_last:
        page = await db.read(partial(_looked_through, passages=passages, after=last, clean=clean))
        ids += page.ids
        last, is_last = page.last, page.is_last
    return Found(tuple(ids), last)


def redact(session: Session, passages: Passages, found: Found) -> int:
    """Takes it out of those prompts and of any that came since; how many there were."""
    if not _is_there(session):
        return 0
    changed = 0
    for number in (*found.ids, *_since(session, passages, found.until)):
        for (messages,) in session.sql(_ONE, (number,)):
            session.sql(_WRITE, (_without(messages, passages), number))
            changed += 1
    return changed


def _since(session: Session, passages: Passages, after: int) -> Iterable[int]:
    is_last = False
    while not is_last:
        page = _looked_through(session, passages, after, set())
        yield from page.ids
        after, is_last = page.last, page.is_last


def _looked_through(session: Session, passages: Passages, after: int, clean: set[str]) -> _Page:
    if not _is_there(session):
        return _Page((), after, True)
    rows = session.sql(_READ, (after, _PAGE))
    ids = tuple(number for number, messages in rows if _shares(messages, passages, clean))
    return _Page(ids, rows[-1][0] if rows else after, len(rows) < _PAGE)


def _is_there(session: Session) -> bool:
    return bool(session.sql(_IS_THERE)[0][0])


def _shares(messages: str, passages: Passages, clean: set[str]) -> bool:
    try:
        parts = orjson.loads(messages)
    except orjson.JSONDecodeError:
        return passages.without(messages) != messages
    for part in parts if isinstance(parts, list) else [parts]:
        key = orjson.dumps(part).decode()
        if key in clean:
            continue
        if passages.without_in(part) != part:
            return True
        clean.add(key)
    return False


def _without(messages: str, passages: Passages) -> str:
    try:
        value = orjson.loads(messages)
    except orjson.JSONDecodeError:
        # Not as the router writes it. Nothing of it can be kept safely but that it was there.
        return "[]"
    return orjson.dumps(passages.without_in(value)).decode()
