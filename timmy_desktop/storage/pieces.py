"""Checks one stretch of the log on a connection of its own; the smallest part of verifying."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from timmy_desktop.storage.chain import CANONICAL_TEXT_SQL, GENESIS, Chain
from timmy_desktop.storage.event_gaps import Gap

_SELECT = f"SELECT hash, {CANONICAL_TEXT_SQL} FROM event_log WHERE seq BETWEEN ? AND ? ORDER BY seq"  # noqa: S608
_SELECT_NUMBERED = f"SELECT seq, {_SELECT.removeprefix('SELECT ')}"
_GAPS = "SELECT first_seq, last_seq, hash, pruned, mac FROM event_gaps WHERE first_seq <= ? AND last_seq >= ?"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the log, from `first` to `last` inclusive."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class PieceReport:
    """How many rows of a piece fit, the last fitting hash, and where and why it broke."""

    rows: int
    head: bytes
    broken_seq: int | None = None
    problem: str = ""


def check_piece(path: Path, key: bytes, piece: Piece) -> PieceReport:
    """Checks one stretch, on a read-only connection of its own."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        gaps = {row[0]: Gap(*row) for row in connection.execute(_GAPS, (piece.last, piece.first))}
        if gaps:
            return _check_with_gaps(connection, key, piece, gaps)
        previous = _hash_at(connection, piece.first - 1)
        rows = connection.execute(_SELECT, (piece.first, piece.last))
        fitting, head, fits = Chain(key).follow(rows, previous)
        expected = piece.first + fitting
        if fits and expected > piece.last:
            return PieceReport(fitting, head)
        found = connection.execute("SELECT min(seq) FROM event_log WHERE seq >= ?", (expected,)).fetchone()[0]
    problem = f"event {expected} is missing"
    if found == expected:
        problem = f"event {expected} was changed, or its hash was"
    return PieceReport(fitting, head, expected, problem)


def _check_with_gaps(
    connection: sqlite3.Connection, key: bytes, piece: Piece, gaps: dict[int, Gap]
) -> PieceReport:
    """The same where stretches were pruned: each is there whole, or gone whole and signed."""
    walk = _Walk(key, piece, gaps, _hash_at(connection, piece.first - 1))
    for seq, stored, text in connection.execute(_SELECT_NUMBERED, (piece.first, piece.last)):
        walk.row(seq, stored, text)
        if walk.problem:
            break
    else:
        walk.end(piece.last)
    return PieceReport(walk.rows, walk.head, walk.broken_seq, walk.problem)


def _hash_at(connection: sqlite3.Connection, seq: int) -> bytes:
    """The hash of the event numbered `seq`, also of one that ends a gap; else the beginning's."""
    sql = (
        "SELECT hash FROM event_log WHERE seq = ?1 UNION ALL SELECT hash FROM event_gaps WHERE last_seq = ?1"
    )
    found = connection.execute(sql, (seq,)).fetchone()
    return bytes(found[0]) if found else GENESIS


class _Walk:
    """Follows rows and gaps from the beginning of a piece; stops at the first that does not fit."""

    def __init__(self, key: bytes, piece: Piece, gaps: dict[int, Gap], head: bytes) -> None:
        self._key, self._gaps, self._link = key, dict(gaps), Chain(key).link
        self.rows, self.head, self.problem = 0, head, ""
        self.broken_seq: int | None = None
        self._next = piece.first
        # A piece may begin within a gap, whose own beginning the piece before has checked.
        for gap in gaps.values():
            if gap.first < piece.first:
                self._gaps[piece.first] = gap

    def row(self, seq: int, stored: bytes, text: str) -> None:
        while self._next < seq and not self.problem:
            gap = self._pass_gap()
            if gap is not None and gap.last >= seq:
                self._stop(seq, f"event {seq} stands where events were pruned")
        if self.problem:
            return
        head = self._link(self.head, text.encode())
        if head != stored:
            self._stop(seq, f"event {seq} was changed, or its hash was")
            return
        self.head, self.rows, self._next = head, self.rows + 1, seq + 1

    def end(self, last: int) -> None:
        """No row is left; a gap may reach beyond the piece."""
        while self._next <= last and not self.problem:
            self._pass_gap()

    def _pass_gap(self) -> Gap | None:
        gap = self._gaps.get(self._next)
        if gap is None:
            self._stop(self._next, f"event {self._next} is missing")
        elif not gap.is_signed(self._key):
            self._stop(
                self._next, f"events {gap.first} to {gap.last} were removed, and not by the application"
            )
        else:
            self.head, self._next = gap.hash, gap.last + 1
            return gap
        return None

    def _stop(self, seq: int, problem: str) -> None:
        self.broken_seq, self.problem = seq, problem
