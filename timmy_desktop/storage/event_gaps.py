"""Stretches that were lawfully removed from the log: how each is signed, and the digest that names all of one
removal. Pure functions, so that the stand-alone verifier can repeat them.

A stretch is there whole or gone whole. It keeps the hash of its last row, from which the chain goes on.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from timmy_desktop.storage.chain import GENESIS, HASH_BYTES
from timmy_desktop.storage.database import Session

_COLUMNS = "first_seq, last_seq, hash, pruned, mac"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events from `first` to `last`, and the hash of the last."""

    first: int
    last: int
    hash: bytes

    @property
    def rows(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch that was removed; `pruned` is the digest in the `log.pruned` that says so."""

    first: int
    last: int
    hash: bytes
    pruned: str
    mac: bytes

    def is_signed(self, key: bytes) -> bool:
        """Whether the holder of the key wrote it."""
        return hmac.compare_digest(
            self.mac, gap_mac(key, Stretch(self.first, self.last, self.hash), self.pruned)
        )


def gap_mac(key: bytes, stretch: Stretch, pruned: str) -> bytes:
    """Keyed BLAKE2b (32 bytes) of the text `gap FIRST LAST HASH DIGEST`."""
    text = f"gap {stretch.first} {stretch.last} {stretch.hash.hex()} {pruned}"
    return hashlib.blake2b(text.encode(), key=key, digest_size=HASH_BYTES).digest()


def digest_of(key: bytes, stretches: Iterable[Stretch | Gap]) -> str:
    """Names a removal: keyed BLAKE2b over its stretches, in order, as lines `FIRST LAST HASH`."""
    state = hashlib.blake2b(b"pruned\n", key=key, digest_size=HASH_BYTES)
    for one in stretches:
        state.update(f"{one.first} {one.last} {one.hash.hex()}\n".encode())
    return state.hexdigest()


def gaps_between(session: Session, low: int, high: int) -> list[Gap]:
    """Every gap that has a number from `low` to `high`, in order."""
    reaching = f"SELECT {_COLUMNS} FROM event_gaps WHERE first_seq < ? ORDER BY first_seq DESC LIMIT 1"  # noqa: S608
    inside = f"SELECT {_COLUMNS} FROM event_gaps WHERE first_seq BETWEEN ? AND ? ORDER BY first_seq"  # noqa: S608
    before = [Gap(*row) for row in session.sql(reaching, (low,)) if row[1] >= low]
    return [*before, *(Gap(*row) for row in session.sql(inside, (low, high)))]


def keep_gaps(session: Session, key: bytes, stretches: Iterable[Stretch], pruned: str) -> None:
    """Writes down what is about to be removed."""
    rows = [(one.first, one.last, one.hash, pruned, gap_mac(key, one, pruned)) for one in stretches]
    session.connection.executemany(f"INSERT INTO event_gaps({_COLUMNS}) VALUES (?,?,?,?,?)", rows)  # noqa: S608


def hash_before(session: Session, seq: int) -> bytes:
    """The hash that the event numbered `seq` follows; the beginning's where nothing is known before it."""
    rows = session.sql("SELECT hash FROM event_log WHERE seq = ?", (seq - 1,))
    if rows:
        return bytes(rows[0][0])
    gaps = gaps_between(session, seq - 1, seq - 1)
    return gaps[0].hash if gaps and gaps[0].last == seq - 1 else GENESIS
