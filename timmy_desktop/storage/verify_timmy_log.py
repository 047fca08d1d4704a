#!/usr/bin/env python3
"""Verifies an event log of Timmy Desktop with nothing but Python 3.8 and the key.

    python3 verify_timmy_log.py FILE --key KEYFILE [--anchor chain.head] [--json]

FILE is an export or an archive (.jsonl, .jsonl.gz, .jsonl.xz), a database (swarm.db), or a data folder. The
key is 64 hexadecimal digits: the file chain.key of the data folder, or what `timmy-desktop log key` writes.

What it finds: events that were changed, removed, put in, moved or cut off, prunes that the application did
not make, and in a database a state of the pruned past that is not the one that was kept. Exit status: 0
intact; 1 not intact, and where; 2 it could not be checked; 3 only the newer part could be.

The rules are those of docs/architecture.md, section "The event log". It uses nothing of the application.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import hmac
import json
import lzma
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import IO, Any, NamedTuple

FORMAT = 1
FIELDS = ("seq", "time_us", "type", "version", "source", "task_id", "agent_id", "data")
NUMBERS = ("seq", "time_us", "version")
SEPARATOR = "\x1f"
GENESIS = bytes(32)


class Finding(NamedTuple):
    """Where something does not fit, and what."""

    seq: int
    problem: str


class Report(NamedTuple):
    """How many events were there, from which to which, the hash of the last, and all that was found."""

    rows: int
    first: int
    last: int
    head: str
    unverified: int
    findings: list[Finding]


def keyed(key: bytes, text: str | bytes) -> Any:
    """Keyed BLAKE2b (RFC 7693) of 32 bytes; text is UTF-8."""
    return hashlib.blake2b(text.encode() if isinstance(text, str) else text, key=key, digest_size=32)


class Walk:
    """Follows events and gaps in the order in which they stand, and notes each place that does not fit."""

    def __init__(self, key: bytes, first: int, before: bytes, chain_start: int = 0) -> None:
        self.key, self.next, self.heads = key, first, {before}
        self.first, self.chain_start = first, chain_start
        self.rows, self.unverified = 0, 0
        self.findings: list[Finding] = []
        self.told: dict[str, tuple[int, int]] = {}
        self.base: tuple[int, int, str] | None = None
        self.gaps: dict[str, list[tuple[int, int, bytes]]] = {}
        self.unsigned: list[tuple[int, int, str]] = []
        self.saw_end_of_log = True

    def find(self, seq: int, problem: str) -> None:
        self.findings.append(Finding(seq, problem))

    def row(self, fields: Sequence[Any], stored: bytes) -> None:
        seq = fields[0]
        if seq < self.next:
            self.find(seq, f"event {seq} stands out of its order, or twice")
            return
        known = self.reach(seq)
        text = SEPARATOR.join(str(field) for field in fields).encode()
        links = {keyed(self.key, head + text).digest() for head in self.heads}
        if seq <= self.chain_start:
            self.unverified += 1
            links = {stored}
        elif known and stored not in links:
            self.find(seq, f"event {seq} was changed, or its hash was")
        elif known:
            links = {stored}
        # Where it does not fit, the next one may follow either hash: so one change is found once.
        self.heads = links | {stored} if known else {stored}
        self.next, self.rows = seq + 1, self.rows + 1
        if fields[2] == "log.pruned" and known:
            self.note_prune(seq, fields[7])

    def note_prune(self, seq: int, data: str) -> None:
        try:
            values = json.loads(data)
            self.told[values["digest"]] = (seq, values["gaps"])
            if values.get("base"):
                self.base = (seq, int(values["base_seq"]), str(values["base"]))
        except (ValueError, KeyError, TypeError):
            self.find(seq, f"event {seq} does not say what was pruned")

    def gap(self, first: int, last: int, after: bytes, pruned: str, mac: bytes) -> None:
        if first < self.next or last < first:
            self.find(first, f"events {first} to {last} are said to be pruned, and stand here")
            return
        self.reach(first)
        text = f"gap {first} {last} {after.hex()} {pruned}"
        if not hmac.compare_digest(mac, keyed(self.key, text).digest()):
            self.unsigned.append((first, last, pruned))
        self.gaps.setdefault(pruned, []).append((first, last, after))
        self.heads, self.next = {after}, last + 1

    def omitted(self, first: int, last: int, after: bytes) -> None:
        """Left out by whoever wrote the file, under its seal."""
        if first < self.next or last < first:
            self.find(first, f"events {first} to {last} are said to be left out, and stand here")
            return
        self.reach(first)
        self.heads, self.next = {after}, last + 1

    def reach(self, seq: int) -> bool:
        """Whether `seq` is next; if not, what is missing before it is found."""
        if seq == self.next:
            return True
        self.find(self.next, missing(self.next, seq - 1))
        return False

    def end(self) -> None:
        """What only shows when everything was seen: that each prune took what it says."""
        for first, last, digest in self.unsigned:
            if not self.is_under_lost_key(last, digest):
                self.find(first, f"events {first} to {last} were removed, and not by the application")
        for digest, gaps in sorted(self.gaps.items()):
            state = keyed(self.key, "pruned\n")
            for first, last, after in gaps:
                state.update((f"{first} {last} {after.hex()}\n").encode())
            seq, told = self.told.get(digest, (0, 0))
            if not seq and self.saw_end_of_log:
                self.find(
                    gaps[0][0], f"events {gaps[0][0]} to {gaps[0][1]} were removed, and no event says so"
                )
            # Fewer than were told of: the removal was still under way, and each gap is signed by itself.
            elif seq <= self.chain_start:
                continue
            elif len(gaps) == told and not hmac.compare_digest(digest, state.hexdigest()):
                self.find(seq, f"what event {seq} says was pruned is not what was")
            elif len(gaps) > told > 0:
                self.find(gaps[0][0], f"more was removed than event {seq} says")

    def is_under_lost_key(self, last: int, digest: str) -> bool:
        """Whether it was told of before the key was lost: then its signature can't be checked."""
        seq = self.told.get(digest, (0, 0))[0]
        return last <= self.chain_start and (0 < seq <= self.chain_start or not self.saw_end_of_log)

    def report(self) -> Report:
        head = next(iter(self.heads)) if len(self.heads) == 1 else b""
        findings = sorted(set(self.findings))
        return Report(self.rows, self.first, self.next - 1, head.hex(), self.unverified, findings)


def missing(first: int, last: int) -> str:
    return f"event {first} is missing" if first == last else f"events {first} to {last} are missing"


# Files


def verify_file(path: str | Path, key: bytes) -> Report:
    """The report on an export or an archive."""
    with opened(path) as lines:
        first = next_line(lines)
        head, walk = read_head(first, key)
        walk.saw_end_of_log = head["kind"] == "export"
        seal = keyed(key, "timmy log\n")
        seal.update(first)
        ended = False
        while True:
            line = next_line(lines)
            if not line:
                break
            if ended:
                walk.find(walk.next, "lines stand after the end of the file")
                break
            ended = read_line(line, walk, seal.hexdigest(), key)
            seal.update(line)
    if not ended:
        walk.find(walk.next, f"the file ends before event {walk.next}, without its seal: it was cut off")
    walk.end()
    return walk.report()


def opened(path: str | Path) -> IO[bytes]:
    if str(path).endswith(".gz"):
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return lzma.open(path, "rb") if str(path).endswith(".xz") else Path(path).open("rb")


def next_line(lines: IO[bytes]) -> bytes:
    """A line, or nothing where the file ends, also where it ends within its compression."""
    try:
        return lines.readline()
    except (EOFError, OSError, lzma.LZMAError):
        return b""


def read_head(line: bytes, key: bytes) -> tuple[dict[str, Any], Walk]:
    try:
        head = json.loads(line)
        if not isinstance(head, dict) or head.get("timmy_log") != FORMAT:
            raise ValueError
        as_written = is_as_written(head, line)
        mac = head.pop("mac")
        walk = Walk(key, int(head["first_seq"]), bytes.fromhex(head["before"]), int(head["chain_start"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UnusableError("This is not a file of events, or its first line was changed.") from None
    signed = keyed(key, json.dumps(head, sort_keys=True)).hexdigest()
    if not as_written or not hmac.compare_digest(str(mac), signed):
        walk.find(walk.first, "the head of the file was changed, or the key is another one")
        walk.chain_start = 0
    return head, walk


def is_as_written(values: Any, line: bytes) -> bool:
    return json.dumps(values, separators=(",", ":")).encode() + b"\n" == line


def read_line(line: bytes, walk: Walk, seal: str, key: bytes) -> bool:
    """Whether it is the end of the file."""
    try:
        values = json.loads(line)
        if "end" in values:
            check_end(values["end"], walk, seal, key, is_as_written(values, line))
            return True
        if not read_item(values, walk):
            raise ValueError
        if not is_as_written(values, line):
            walk.find(walk.next - 1, f"the line of event {walk.next - 1} was written anew")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        walk.find(walk.next, f"the line where event {walk.next} should be can't be read")
    return False


def read_item(values: dict[str, Any], walk: Walk) -> bool:
    if "gap" in values:
        gap = values["gap"]
        mac = bytes.fromhex(gap["mac"])
        walk.gap(int(gap["first"]), int(gap["last"]), bytes.fromhex(gap["hash"]), str(gap["pruned"]), mac)
        return True
    if "omitted" in values:
        left = values["omitted"]
        walk.omitted(int(left["first"]), int(left["last"]), bytes.fromhex(left["hash"]))
        return True
    fields = tuple(values[name] for name in FIELDS)
    whole = all(isinstance(value, int if name in NUMBERS else str) for name, value in zip(FIELDS, fields))
    if not whole or set(values) != set(FIELDS) | {"hash"}:
        return False
    walk.row(fields, bytes.fromhex(values["hash"]))
    return True


def check_end(end: Any, walk: Walk, seal: str, key: bytes, as_written: bool) -> None:
    if not isinstance(end, dict):
        raise TypeError
    mac = str(end.pop("mac"))
    text = json.dumps(end, sort_keys=True) + seal
    last = end.get("last_seq")
    if isinstance(last, int) and last >= walk.next:
        walk.find(walk.next, missing(walk.next, last) + " from the end")
    fits = as_written and hmac.compare_digest(mac, keyed(key, text).hexdigest())
    if not fits and not walk.findings:
        walk.find(walk.next - 1, "the seal of the file does not fit: it was changed")


# Databases


def verify_database(path: str | Path, key: bytes, anchor: str | Path | None = None) -> Report:
    """The report on a log in its database; the application should be closed."""
    address = f"{Path(path).absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as db:
        start = chain_start(db, key)
        walk = Walk(key, 1, GENESIS, start or 0)
        if start is None:
            walk.find(1, "the start of the chain was changed")
        heads: dict[int, bytes] = {}
        for fields, stored, gap in items(db):
            if gap:
                walk.gap(*gap)
                heads[gap[1]] = gap[2]
            else:
                walk.row(fields, stored)
                heads[fields[0]] = stored
        check_base(db, walk)
    walk.end()
    if anchor is not None:
        check_anchor(anchor, key, walk, heads)
    return walk.report()


def items(db: sqlite3.Connection) -> Iterator[tuple[Any, Any, Any]]:
    """Events and gaps in order. A stretch that is still there whole has not been removed yet."""
    gaps = iter([*read_gaps(db), None])
    gap = next(gaps)
    for *fields, stored in db.execute(
        "SELECT {}, hash FROM event_log ORDER BY seq".format(", ".join(FIELDS))
    ):
        while gap is not None and gap[0] < fields[0]:
            yield None, None, gap
            gap = next(gaps)
        yield tuple(fields), bytes(stored), None
    while gap is not None:
        yield None, None, gap
        gap = next(gaps)


def read_gaps(db: sqlite3.Connection) -> list[Any]:
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'event_gaps'").fetchone():
        return []
    return db.execute(
        "SELECT first_seq, last_seq, hash, pruned, mac FROM event_gaps "
        "WHERE NOT EXISTS (SELECT 1 FROM event_log WHERE seq = first_seq) ORDER BY first_seq"
    ).fetchall()


def check_base(db: sqlite3.Connection, walk: Walk) -> None:
    """That the state that is kept of the pruned past is the one that the last prune tells of."""
    if walk.base is not None and walk.base[0] <= walk.chain_start:
        return
    kept = None
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'event_bases'").fetchone():
        kept = db.execute(
            "SELECT seq, time_us, digest, state FROM event_bases ORDER BY seq DESC LIMIT 1"
        ).fetchone()
    if kept is None:
        if walk.base is not None:
            walk.find(walk.base[0], f"the state that event {walk.base[0]} tells of is missing")
        return
    seq, time_us, digest, state = kept
    if walk.base is None or walk.base[1:] != (seq, digest):
        walk.find(seq, f"the state that is kept of event {seq} is not one that the log tells of")
    elif not hmac.compare_digest(
        digest, keyed(walk.key, f"base {seq} {time_us}\n".encode() + bytes(state)).hexdigest()
    ):
        walk.find(seq, f"the state that is kept of event {seq} was changed")


def chain_start(db: sqlite3.Connection, key: bytes) -> int | None:
    """The last event under an earlier key; None for one that this key did not sign."""
    found = db.execute("SELECT value FROM meta WHERE name = 'chain_start'").fetchone()
    if not found:
        return 0
    number, _, mac = found[0].partition(":")
    signed = keyed(key, f"chain start {number}").hexdigest()
    return int(number) if number.isdecimal() and hmac.compare_digest(mac, signed) else None


def check_anchor(path: str | Path, key: bytes, walk: Walk, heads: dict[int, bytes]) -> None:
    try:
        anchor = json.loads(Path(path).read_text())
        seq, head = int(anchor["seq"]), str(anchor["hash"])
        mac = str(anchor["mac"])
    except (OSError, ValueError, KeyError, TypeError):
        walk.find(walk.next - 1, "the anchor is missing, or can't be read")
        return
    signed = hmac.new(key, (f"{seq}|{head}").encode(), "blake2b").hexdigest()
    if not hmac.compare_digest(mac, signed):
        walk.find(walk.next - 1, "the anchor was changed")
    elif seq >= walk.next:
        walk.find(walk.next, missing(walk.next, seq) + " from the end")
    elif seq in heads and heads[seq].hex() != head:
        walk.find(seq, f"event {seq} is not the one that was anchored")


# The command


class UnusableError(Exception):
    """It can't be checked."""


def verify(path: str | Path, key: bytes, anchor: str | Path | None = None) -> Report:
    """The report on whatever `path` is: a file of events, a database or a data folder."""
    path = Path(path)
    if path.is_dir():
        return verify_database(path / "swarm.db", key, anchor or path / "chain.head")
    with path.open("rb") as file:
        is_database = file.read(15) == b"SQLite format 3"
    return verify_database(path, key, anchor) if is_database else verify_file(path, key)


def read_key(text: str) -> bytes:
    try:
        found = Path(text).read_text().strip() if Path(text).exists() else text
        key = bytes.fromhex(found)
    except (OSError, ValueError):
        key = b""
    if len(key) != 32:
        raise UnusableError("The key is 64 hexadecimal digits, or a file that holds them.")
    return key


def inert(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Verifies an event log of Timmy Desktop.")
    parser.add_argument("file", help="an export, an archive, a database or a data folder")
    parser.add_argument("--key", required=True, help="the chain's key: a file, or 64 hexadecimal digits")
    parser.add_argument("--anchor", help="chain.head, for a database that does not lie beside it")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of words")
    options = parser.parse_args(arguments)
    try:
        report = verify(options.file, read_key(options.key), options.anchor)
    except (UnusableError, OSError, sqlite3.Error) as error:
        print(inert(str(error)), file=sys.stderr)
        return 2
    if options.json:
        found = [{"seq": one.seq, "problem": one.problem} for one in report.findings]
        print(json.dumps(dict(report._asdict(), findings=found, intact=not found)))
    else:
        tell(report)
    return 1 if report.findings else 3 if report.unverified else 0


def tell(report: Report) -> None:
    for seq, problem in report.findings:
        print(f"BROKEN at event {seq}: {inert(problem)}.")
    if not report.findings:
        print(f"Intact: {report.rows} events, {report.first} to {report.last}, head {report.head}.")
    if report.unverified:
        print(f"{report.unverified} events can't be verified: their key is gone.")


if __name__ == "__main__":
    sys.exit(main())
