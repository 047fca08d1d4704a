"""The base: what was true after the last event that was pruned, from which the past is folded on.

Only the newest is kept. Its state is opaque here, and bound into the chain: `log.pruned` has its digest.
Words lie beside it, each by itself and not compressed, so that forgetting finds and deletes them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from timmy_desktop.storage.chain import HASH_BYTES
from timmy_desktop.storage.database import Session


class Word(NamedTuple):
    """A text of the state: of which kind of thing, whose, in which field."""

    kind: str
    id: str
    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Base:
    """The state after event `seq`, which was written at `time_us`."""

    seq: int
    time_us: int
    state: bytes
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptBase:
    """A base as it lies in the database: not to be believed before `problem_of` says nothing."""

    seq: int
    time_us: int
    digest: str


MakeBase = Callable[[int, Collection[str]], Awaitable[Base | None]]
"""The base after an event, when events of these types go; None where the past needs none of them."""


def base_digest(key: bytes, seq: int, time_us: int, state: bytes) -> str:
    """Keyed BLAKE2b (32 bytes, hexadecimal) of the line `base SEQ TIME` and the state."""
    digest = hashlib.blake2b(f"base {seq} {time_us}\n".encode(), key=key, digest_size=HASH_BYTES)
    digest.update(state)
    return digest.hexdigest()


def word_digest(key: bytes, word: Word) -> str:
    """What a state has in the place of a text: keyed BLAKE2b of 16 bytes, so that none can be guessed."""
    text = orjson.dumps(tuple(word))
    return hashlib.blake2b(text, key=key, digest_size=16).hexdigest()


def keep_base(session: Session, base: Base, digest: str) -> None:
    """Puts a base in the place of the one before, in the transaction that tells of it."""
    session.sql("DELETE FROM event_bases")
    session.sql("DELETE FROM event_base_words")
    row = (base.seq, base.time_us, digest, base.state)
    session.sql("INSERT INTO event_bases(seq, time_us, digest, state) VALUES (?, ?, ?, ?)", row)
    session.connection.executemany("INSERT INTO event_base_words VALUES (?, ?, ?, ?)", base.words)
    # A task's text never changes, unless it was forgotten; then its result was too.
    session.sql(
        "DELETE FROM event_base_words WHERE kind = 'tasks' AND field IN ('text', 'result') AND id IN ("
        "SELECT tasks.id FROM tasks JOIN event_base_words AS word ON word.kind = 'tasks'"
        " AND word.id = tasks.id WHERE word.field = 'text' AND word.text <> tasks.text)"
    )


def newest_base(session: Session) -> KeptBase | None:
    """The base that is kept, if there is one; nothing of it is read yet."""
    rows = session.sql("SELECT seq, time_us, digest FROM event_bases ORDER BY seq DESC LIMIT 1")
    return KeptBase(*rows[0]) if rows else None


def read_base(session: Session, kept: KeptBase) -> Base:
    """A base with its words, as it lies there."""
    state = session.sql("SELECT state FROM event_bases WHERE seq = ?", (kept.seq,))
    words = session.sql("SELECT kind, id, field, text FROM event_base_words")
    return Base(kept.seq, kept.time_us, bytes(state[0][0]) if state else b"", tuple(map(Word._make, words)))


def problem_of(session: Session, key: bytes, after: int = 0) -> tuple[int, str] | None:
    """Where and why the base is not the one that the log tells of; None when all is well.

    Of one that was told of by `after`, under a key that is gone, nothing can be said.
    """
    kept = newest_base(session)
    # What was pruned has left a gap, and its being gone is found without this: no need to read the whole log.
    if kept is None and not session.sql("SELECT 1 FROM event_gaps LIMIT 1"):
        return None
    told = [one for one in told_prunes(session) if one.base]
    if told and told[-1].seq <= after:
        return None
    if kept is None:
        return (told[-1].seq, f"the state that event {told[-1].seq} tells of is missing") if told else None
    if not told or (told[-1].base, told[-1].base_seq) != (kept.digest, kept.seq):
        return kept.seq, f"the state that is kept of event {kept.seq} is not one that the log tells of"
    if not hmac.compare_digest(kept.digest, _digest_of(session, key, kept)):
        return kept.seq, f"the state that is kept of event {kept.seq} was changed"
    return None


@dataclass(frozen=True, slots=True)
class ToldPrune:
    """What a `log.pruned` says that matters to the past."""

    seq: int
    last_seq: int
    types: frozenset[str]
    base_seq: int
    base: str


def told_prunes(session: Session) -> list[ToldPrune]:
    """Every `log.pruned` of the log, in order."""
    return list(_told(session, "SELECT seq, data FROM event_log WHERE type = 'log.pruned' ORDER BY seq"))


def told_prunes_soon(session: Session) -> list[ToldPrune]:
    """The same by the index, and by reading only what it has not come to: fast, and not to be proven by."""
    statement = """
        SELECT seq, data FROM event_log WHERE seq IN (SELECT seq FROM event_facets
            WHERE kind = (SELECT id FROM event_names WHERE name = 'log.pruned'))
        UNION SELECT seq, data FROM event_log WHERE type = 'log.pruned'
            AND seq > coalesce((SELECT max(seq) FROM event_facets), 0)
        ORDER BY seq
    """
    return list(_told(session, statement))


def _told(session: Session, statement: str) -> Iterator[ToldPrune]:
    for seq, data in session.sql(statement):
        values = orjson.loads(data)
        types = frozenset(values.get("by_type", {}))
        last = int(values["last_seq"])
        yield ToldPrune(seq, last, types, int(values.get("base_seq", 0)), str(values.get("base", "")))


def _digest_of(session: Session, key: bytes, kept: KeptBase) -> str:
    rows = session.sql("SELECT state FROM event_bases WHERE seq = ?", (kept.seq,))
    return base_digest(key, kept.seq, kept.time_us, bytes(rows[0][0]))
