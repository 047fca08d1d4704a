"""Verifies the event log in the database against its key and its anchor."""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from timmy_desktop.storage.chain import CANONICAL_TEXT_SQL, GENESIS, ChainReport, verify_rows
from timmy_desktop.storage.chain_key import chain_start
from timmy_desktop.storage.database import Session

ANCHOR_FILE = "chain.head"
_BATCH = 20_000
_SELECT = f"SELECT seq, hash, {CANONICAL_TEXT_SQL} FROM event_log WHERE seq > ? ORDER BY seq"  # noqa: S608

Progress = Callable[[int], None]


def verify_log(session: Session, key: bytes, anchor: Path, progress: Progress | None = None) -> ChainReport:
    """Checks every row, and that the log reaches as far as the anchor beside it says.

    `progress(rows)` is called every 20,000 rows and may raise to stop. Takes about 2 µs a row; run it
    on a reader.
    """
    start = chain_start(session)
    previous = GENESIS
    if start:
        rows = session.sql("SELECT hash FROM event_log WHERE seq = ?", (start,))
        previous = rows[0][0] if rows else GENESIS
    report = verify_rows(key, _with_progress(session, start, progress), previous, start + 1)
    problem = anchor_problem(session, key, anchor) if report.intact else None
    return replace(report, broken_seq=problem[0], problem=problem[1]) if problem else report


def write_anchor(anchor: Path, key: bytes, seq: int, head: bytes) -> None:
    """Writes down how far the log reaches, signed, so that rows missing from its end are noticed."""
    partial = anchor.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"seq": seq, "hash": head.hex(), "mac": _mac(key, seq, head)}, file)
    partial.replace(anchor)


def _with_progress(
    session: Session, start: int, progress: Progress | None
) -> Iterator[tuple[int, bytes, str]]:
    cursor = session.connection.execute(_SELECT, (start,))
    cursor.arraysize = _BATCH
    rows = 0
    while batch := cursor.fetchmany():
        yield from batch
        rows += len(batch)
        if progress is not None:
            progress(rows)


def anchor_problem(session: Session, key: bytes, anchor: Path) -> tuple[int, str] | None:
    """Where and why the log does not reach as far as its anchor says; None when all is well."""
    last = session.sql("SELECT coalesce(max(seq), 0) FROM event_log")[0][0]
    try:
        values = json.loads(anchor.read_text(encoding="utf-8"))
        seq, head, mac = int(values["seq"]), bytes.fromhex(values["hash"]), str(values["mac"])
    except FileNotFoundError:
        return (last, f"the anchor {anchor.name} is missing") if last else None
    except (OSError, ValueError, KeyError, TypeError):
        return last, f"the anchor {anchor.name} can't be read"
    if not hmac.compare_digest(mac, _mac(key, seq, head)):
        return last, f"the anchor {anchor.name} was changed"
    if seq > last:
        return last + 1, f"events {last + 1} to {seq} are missing from the end"
    rows = session.sql("SELECT hash FROM event_log WHERE seq = ?", (seq,)) if seq else [(GENESIS,)]
    if not rows or rows[0][0] != head:
        return seq, f"event {seq} is not the one that was anchored"
    return None


def _mac(key: bytes, seq: int, head: bytes) -> str:
    return hmac.new(key, f"{seq}|{head.hex()}".encode(), "blake2b").hexdigest()
