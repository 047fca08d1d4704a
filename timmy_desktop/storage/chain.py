"""The keyed hash chain over the event log: pure functions, so that a stand-alone verifier can repeat them.

Each row's hash is keyed BLAKE2b (RFC 7693, 32 bytes) over the hash before it and the row's canonical text.
The text joins the row's fields with U+001F, which no field may hold raw, so that no two rows share a text:
JSON escapes it within `data`, and the envelope's fields are refused where they have it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

HASH_BYTES = 32
SEPARATOR = "\x1f"
GENESIS = b"\0" * HASH_BYTES

# The same text as `canonical_text`, made by SQLite, so that verifying reads one value a row.
CANONICAL_TEXT_SQL = (
    "seq||char(31)||time_us||char(31)||type||char(31)||version||char(31)||source||char(31)||task_id"
    "||char(31)||agent_id||char(31)||data"
)


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What verifying found: intact, or the sequence number of the first row that does not fit."""

    rows: int
    first_seq: int
    last_seq: int
    head: bytes
    broken_seq: int | None = None
    problem: str = ""

    @property
    def intact(self) -> bool:
        """Whether every link holds."""
        return self.broken_seq is None


def link_hash(key: bytes, previous: bytes, text: bytes) -> bytes:
    """The hash of the row whose canonical text is `text` (UTF-8) after the row hashed `previous`."""
    return hashlib.blake2b(previous + text, key=key, digest_size=HASH_BYTES).digest()


def verify_rows(
    key: bytes, rows: Iterable[tuple[int, bytes, str]], previous: bytes = GENESIS, first_seq: int = 1
) -> ChainReport:
    """Checks rows of (seq, hash, canonical text) in order, starting after the hash `previous`.

    Finds edited, inserted, deleted and reordered rows: each changes a text, a number or a hash.
    """
    expected = first_seq
    head = previous
    for seq, stored, text in rows:
        if seq != expected:
            problem = f"event {expected} is missing" if seq > expected else f"event {seq} is out of order"
            return ChainReport(expected - first_seq, first_seq, expected - 1, head, expected, problem)
        # link_hash, written out: a call more for each of a million rows is a tenth of the time.
        computed = hashlib.blake2b(head + text.encode(), key=key, digest_size=HASH_BYTES).digest()
        if computed != stored:
            problem = f"event {seq} was changed, or its hash was"
            return ChainReport(expected - first_seq, first_seq, expected - 1, head, seq, problem)
        head = stored
        expected += 1
    return ChainReport(expected - first_seq, first_seq, expected - 1, head)
