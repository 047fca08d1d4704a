"""Verifies the event log in the database against its key and its anchor.

Each link needs only the stored hash before it, so a long log is checked in pieces, side by side, in
processes of their own: reading and hashing hold the interpreter's lock, and the window must not wait.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from timmy_desktop.storage import event_bases
from timmy_desktop.storage.chain import GENESIS, ChainReport
from timmy_desktop.storage.chain_key import ChangedStartError, chain_start
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.event_gaps import Gap, digest_of, gaps_between
from timmy_desktop.storage.piece_workers import Check, workers
from timmy_desktop.storage.pieces import Piece, check_piece
from timmy_desktop.storage.private_file import write_private_file

ANCHOR_FILE = "chain.head"
BROKEN_SUFFIX = ".broken"
ROWS_IN_A_PIECE = 50_000
# Below this, starting processes takes longer than the work.
ROWS_WORTH_PROCESSES = 200_000
MOST_PROCESSES = 4

_HASH = "SELECT hash FROM event_log WHERE seq = ?"

Progress = Callable[[int], None]


def verify_log(
    session: Session, path: Path, key: bytes, anchor: Path, progress: Progress | None = None
) -> ChainReport:
    """Checks every row of the database at `path`, and that the log reaches as far as its anchor says.

    `progress(rows)` is called after each piece of 50,000 rows and may raise to stop. Blocks for about
    2 µs a row: run it on a reader.
    """
    try:
        start = chain_start(session, key)
    except ChangedStartError as error:
        return ChainReport(0, 1, 0, GENESIS, 1, str(error))
    last = _last(session)
    report = ChainReport(0, start + 1, start, GENESIS)
    pieces = [
        Piece(first, min(first + ROWS_IN_A_PIECE - 1, last))
        for first in range(start + 1, last + 1, ROWS_IN_A_PIECE)
    ]
    with _checker(path, last - start) as check:
        for piece in check(pieces, key):
            rows = report.rows + piece.rows
            report = ChainReport(rows, start + 1, start + rows, piece.head, piece.broken_seq, piece.problem)
            if not report.intact:
                return report
            if progress is not None:
                progress(rows)
    problem = (
        anchor_problem(session, key, anchor)
        or _prune_problem(session, key, start)
        or event_bases.problem_of(session, key, start)
    )
    return replace(report, broken_seq=problem[0], problem=problem[1]) if problem else report


def _prune_problem(session: Session, key: bytes, after: int = 0) -> tuple[int, str] | None:
    """Where and why what was pruned is not what a `log.pruned` says; None when all is well.

    Of what was told of by `after`, under a key that is gone, it can only be said that it was told.
    """
    gaps = gaps_between(session, 0, _last(session))
    if not gaps:
        return None
    told = {}
    for seq, data in session.sql("SELECT seq, data FROM event_log WHERE type = 'log.pruned'"):
        told[json.loads(data).get("digest")] = seq
    found: dict[str, list[Gap]] = {}
    for gap in gaps:
        found.setdefault(gap.pruned, []).append(gap)
    for digest, removed in found.items():
        if digest not in told:
            first = removed[0].first
            return first, f"events {first} to {removed[0].last} were removed, and no event says so"
        if told[digest] > after and not hmac.compare_digest(digest, digest_of(key, removed)):
            return told[digest], f"what event {told[digest]} says was pruned is not what was"
    return None


@contextmanager
def _checker(path: Path, rows: int) -> Iterator[Check]:
    processes = min(os.cpu_count() or 1, MOST_PROCESSES)
    if rows < ROWS_WORTH_PROCESSES or processes == 1:
        yield lambda pieces, key: (check_piece(path, key, piece) for piece in pieces)
        return
    with workers(path, processes) as check:
        yield check


def write_anchor(anchor: Path, key: bytes, seq: int, head: bytes) -> None:
    """Writes down how far the log reaches, signed, so that rows missing from its end are noticed."""
    values = {"seq": seq, "hash": head.hex(), "mac": _mac(key, seq, head)}
    write_private_file(anchor, json.dumps(values).encode())


def anchor_problem(session: Session, key: bytes, anchor: Path) -> tuple[int, str] | None:
    """Where and why the log does not reach as far as its anchor says; None when all is well.

    An anchor that once told of missing rows is kept as `….broken`, and goes on telling.
    """
    broken = anchor.with_suffix(BROKEN_SUFFIX)
    if broken.exists() and (problem := problem_of_anchor(session, key, broken)) is not None:
        return problem
    return problem_of_anchor(session, key, anchor)


def is_signed(anchor: Path, key: bytes) -> bool:
    """Whether the anchor is one that was written under `key`."""
    try:
        seq, head, mac = _read_anchor(anchor)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return hmac.compare_digest(mac, _mac(key, seq, head))


def problem_of_anchor(session: Session, key: bytes, anchor: Path) -> tuple[int, str] | None:
    """Where and why the log does not reach as far as this one anchor says; None when it does."""
    # The anchor is read before the log, which may grow meanwhile: so the anchor can only be behind.
    try:
        seq, head, mac = _read_anchor(anchor)
    except FileNotFoundError:
        last = _last(session)
        return (last, f"the anchor {anchor.name} is missing") if last else None
    except (OSError, ValueError, KeyError, TypeError):
        return _last(session), f"the anchor {anchor.name} can't be read"
    if not hmac.compare_digest(mac, _mac(key, seq, head)):
        return _last(session), f"the anchor {anchor.name} was changed"
    last = _last(session)
    if seq > last:
        return last + 1, f"events {last + 1} to {seq} are missing from the end"
    rows = session.sql(_HASH, (seq,)) if seq else [(GENESIS,)]
    if not rows and _is_pruned(session, key, seq, head):
        return None
    if not rows or rows[0][0] != head:
        return seq, f"event {seq} is not the one that was anchored"
    return None


def _is_pruned(session: Session, key: bytes, seq: int, head: bytes) -> bool:
    gaps = gaps_between(session, seq, seq)
    return bool(gaps) and gaps[0].is_signed(key) and (gaps[0].last != seq or gaps[0].hash == head)


def _read_anchor(anchor: Path) -> tuple[int, bytes, str]:
    values = json.loads(anchor.read_text(encoding="utf-8"))
    return int(values["seq"]), bytes.fromhex(values["hash"]), str(values["mac"])


def _last(session: Session) -> int:
    return int(session.sql("SELECT coalesce(max(seq), 0) FROM event_log")[0][0])


def _mac(key: bytes, seq: int, head: bytes) -> str:
    return hmac.new(key, f"{seq}|{head.hex()}".encode(), "blake2b").hexdigest()
