"""Random tampering, a thousand cases: found and located by the application and by the stand-alone verifier."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.unit.storage.event_logs import KEY, Room, a_room, changed, verifier
from timmy_desktop.storage.chain import ChainReport
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.event_export import export
from timmy_desktop.storage.event_filter import EventFilter
from timmy_desktop.storage.verification import ANCHOR_FILE, verify_log

EVENTS = 160
CASES = 500
OTHER_KEY = b"x" * 32
VERIFIER = verifier()

Expected = set[int]
Tamper = Callable[[sqlite3.Connection, random.Random], set[int]]
"""Numbers at one of which it must be found."""


async def a_log(folder: Path, pruned: bool) -> Path:
    async with a_room(folder) as room:
        await room.tell(EVENTS)
        if pruned:
            await prune_some(room)
        await room.index.catch_up()
        room.anchor()
    return folder


async def prune_some(room: Room) -> None:
    """Old tools first, then everything before a moment: gaps of both shapes, and two `log.pruned`."""
    await room.pruning.prune(1_000_000_000 + 100 * 1_000_000, ("tool.*", "provider.called"))
    await room.pruning.prune(1_000_000_000 + 30 * 1_000_000)


def seqs(connection: sqlite3.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT seq FROM event_log ORDER BY seq")]


def edit(connection: sqlite3.Connection, dice: random.Random) -> Expected:
    seq = dice.choice(seqs(connection))
    column, value = dice.choice(
        [
            ("data", "data || ' '"), ("data", "replace(data, '\"', '''')"), ("type", "type || 'x'"),
            ("time_us", "time_us + 1"), ("version", "version + 1"), ("source", "source || 'x'"),
            ("task_id", "task_id || 'x'"), ("agent_id", "'mallory'"), ("hash", "zeroblob(32)"),
        ]
    )  # fmt: skip
    connection.execute(f"UPDATE event_log SET {column} = {value} WHERE seq = ?", (seq,))
    return {seq, seq + 1} if column == "hash" else {seq}


def delete(connection: sqlite3.Connection, dice: random.Random) -> Expected:
    first = dice.choice(seqs(connection)[:-1])
    last = first + dice.randrange(3)
    gone = {
        row[0]
        for row in connection.execute("SELECT seq FROM event_log WHERE seq BETWEEN ? AND ?", (first, last))
    }
    connection.execute("DELETE FROM event_log WHERE seq BETWEEN ? AND ?", (first, last))
    return gone


def swap(connection: sqlite3.Connection, dice: random.Random) -> Expected:
    one, other = dice.sample(seqs(connection), 2)
    connection.execute("UPDATE event_log SET seq = -1 WHERE seq = ?", (one,))
    connection.execute("UPDATE event_log SET seq = ? WHERE seq = ?", (one, other))
    connection.execute("UPDATE event_log SET seq = ? WHERE seq = -1", (other,))
    return {one, other}


def cut_off(connection: sqlite3.Connection, dice: random.Random) -> Expected:
    last = seqs(connection)[-1]
    keep = last - dice.randrange(1, 4)
    connection.execute("DELETE FROM event_log WHERE seq > ?", (keep,))
    return set(range(keep + 1, last + 1))


def put_at_the_end(connection: sqlite3.Connection, dice: random.Random) -> Expected:
    last = seqs(connection)[-1] + 1
    row = (last, 1, "payment.settled", 1, "ledger", "", "", "{}", dice.randbytes(32))
    connection.execute("INSERT INTO event_log VALUES (?,?,?,?,?,?,?,?,?)", row)
    return {last}


def prune_unlawfully(connection: sqlite3.Connection, dice: random.Random) -> Expected:
    """Removes a row and says that the application pruned it, with a key of one's own."""
    from timmy_desktop.storage.event_gaps import Stretch, gap_mac

    seq = dice.choice(seqs(connection)[:-1])
    (head,) = connection.execute("SELECT hash FROM event_log WHERE seq = ?", (seq,)).fetchone()
    known = connection.execute("SELECT pruned FROM event_gaps").fetchone()
    pruned = known[0] if known else "ab" * 32
    mac = gap_mac(OTHER_KEY, Stretch(seq, seq, head), pruned)
    connection.execute("DELETE FROM event_log WHERE seq = ?", (seq,))
    connection.execute("INSERT INTO event_gaps VALUES (?,?,?,?,?)", (seq, seq, head, pruned, mac))
    return {seq}


def change_gap(connection: sqlite3.Connection, dice: random.Random) -> Expected:
    """Of what was pruned: another end, another hash, another reason, or nothing is known of it any more."""
    first, last = dice.choice(connection.execute("SELECT first_seq, last_seq FROM event_gaps").fetchall())
    change = dice.choice(
        ["last_seq = last_seq + 1", "hash = zeroblob(32)", "pruned = 'ab' || substr(pruned, 3)", ""]
    )
    sql = f"UPDATE event_gaps SET {change} WHERE first_seq = ?"
    connection.execute(sql if change else "DELETE FROM event_gaps WHERE first_seq = ?", (first,))
    return {first, last + 1}


def put_back(connection: sqlite3.Connection, dice: random.Random) -> Expected:
    """Puts something of one's own where something was pruned."""
    gaps = connection.execute("SELECT first_seq, last_seq FROM event_gaps").fetchall()
    first, last = dice.choice(gaps)
    seq = dice.randrange(first, last + 1)
    row = (seq, 1, "system.info", 1, "x", "", "", "{}", dice.randbytes(32))
    connection.execute("INSERT INTO event_log VALUES (?,?,?,?,?,?,?,?,?)", row)
    return set(range(first, last + 2))


def tampered(tamper: Tamper, dice: random.Random, expected: Expected, connection: sqlite3.Connection) -> None:
    expected.update(tamper(connection, dice))


ANY = (edit, edit, delete, swap, cut_off, put_at_the_end, prune_unlawfully)
AFTER_PRUNES = (*ANY, change_gap, put_back)


async def checked(folder: Path) -> ChainReport:
    database = Database(folder / "swarm.db")
    try:
        return await database.read(
            lambda session: verify_log(session, folder / "swarm.db", KEY, folder / ANCHOR_FILE)
        )
    finally:
        await database.close()


@pytest.mark.parametrize("pruned", [False, True])
async def test_an_honest_log_is_intact(tmp_path: Path, pruned: bool) -> None:
    folder = await a_log(tmp_path / "log", pruned)
    report = await checked(folder)
    assert report.intact, report.problem
    alone = VERIFIER.verify(folder, KEY)
    assert alone.findings == []
    assert (alone.rows, alone.head) == (report.rows, report.head.hex())
    assert (report.rows < EVENTS) == pruned


@pytest.mark.parametrize("pruned", [False, True])
async def test_tampering_with_the_database_is_located(tmp_path: Path, pruned: bool) -> None:
    honest = await a_log(tmp_path / "honest", pruned)
    for number in range(CASES):
        dice = random.Random(f"{pruned} {number}")
        folder = tmp_path / "case"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(honest, folder)
        tamper = dice.choice(AFTER_PRUNES if pruned else ANY)
        expected: Expected = set()
        changed(folder, partial(tampered, tamper, dice, expected))
        report = await checked(folder)
        alone = VERIFIER.verify(folder, KEY)
        what = f"case {number}: {tamper.__name__} at {sorted(expected)}"
        assert report.broken_seq in expected, f"{what}: the application says {report}"
        assert {finding.seq for finding in alone.findings} & expected, f"{what}: alone {alone.findings}"
        assert len(alone.findings) <= 4, f"{what}: alone {alone.findings}"


def edit_line(lines: list[bytes], dice: random.Random) -> Expected:
    place = dice.randrange(1, len(lines) - 1)
    line = bytearray(lines[place])
    at = dice.randrange(len(line) - 1)
    line[at] = dice.choice([byte for byte in b'0123456789abcdef"x}' if byte != line[at]])
    lines[place] = bytes(line)
    return near(lines, place)


def delete_line(lines: list[bytes], dice: random.Random) -> Expected:
    place = dice.randrange(1, len(lines) - 1)
    expected = near(lines, place)
    del lines[place]
    return expected


def double_line(lines: list[bytes], dice: random.Random) -> Expected:
    place = dice.randrange(1, len(lines) - 1)
    lines.insert(place, lines[place])
    return near(lines, place)


def swap_lines(lines: list[bytes], dice: random.Random) -> Expected:
    place = dice.randrange(1, len(lines) - 2)
    expected = near(lines, place)
    lines[place], lines[place + 1] = lines[place + 1], lines[place]
    return expected


def cut_lines(lines: list[bytes], dice: random.Random) -> Expected:
    keep = dice.randrange(1, len(lines))
    expected = near(lines, keep)
    del lines[keep:]
    return expected


def cut_and_seal_anew(lines: list[bytes], dice: random.Random) -> Expected:
    """The end stays, what stood before it goes."""
    keep = dice.randrange(1, len(lines) - 1)
    expected = near(lines, keep)
    del lines[keep:-1]
    return expected


def edit_head(lines: list[bytes], dice: random.Random) -> Expected:
    head = json.loads(lines[0])
    name = dice.choice(["made_us", "log_id", "kind", "mac"])
    head[name] = "archive" if name == "kind" else 7 if name == "made_us" else "ab" * 32
    lines[0] = json.dumps(head).encode() + b"\n"
    return {head["first_seq"]}


def edit_end(lines: list[bytes], dice: random.Random) -> Expected:
    end = json.loads(lines[-1])
    name = dice.choice(["rows", "head", "mac"])
    end["end"][name] = 7 if name == "rows" else "ab" * 32
    lines[-1] = json.dumps(end).encode() + b"\n"
    return {end["end"]["last_seq"], end["end"]["last_seq"] - 1}


def near(lines: list[bytes], place: int) -> Expected:
    """The numbers that stand around a line."""
    found: Expected = set()
    for line in lines[max(1, place - 1) : place + 3]:
        try:
            values = json.loads(line)
            inner = values.get("gap") or values.get("omitted") or values.get("end") or {}
            found |= {
                values.get("seq", 0),
                inner.get("first", 0),
                inner.get("last", 0),
                inner.get("last_seq", 0),
            }
        except (ValueError, AttributeError):
            continue
    return found | {seq + 1 for seq in found} | {seq - 1 for seq in found}


IN_FILES = (
    edit_line,
    edit_line,
    delete_line,
    double_line,
    swap_lines,
    cut_lines,
    cut_and_seal_anew,
    edit_head,
    edit_end,
)


@pytest.mark.parametrize("what", ["export", "archive"])
async def test_tampering_with_a_file_is_located(tmp_path: Path, what: str) -> None:
    lines = await file_lines(tmp_path, what)
    for number in range(CASES):
        dice = random.Random(f"{what} {number}")
        tamper = dice.choice(IN_FILES)
        case = list(lines)
        expected = tamper(case, dice)
        if case == lines:
            continue
        file = tmp_path / "case.jsonl"
        file.write_bytes(b"".join(case))
        found = VERIFIER.verify(file, KEY).findings
        told = f"case {number}: {tamper.__name__} near {sorted(expected)}: {found}"
        assert {finding.seq for finding in found} & expected, told


async def file_lines(folder: Path, what: str) -> list[bytes]:
    async with a_room(folder / "log") as room:
        await room.tell(EVENTS)
        await prune_some(room)
        out = folder / "export.jsonl"
        await room.database.read(
            lambda session: export(session, out, "verifiable", EventFilter(), key=KEY, made_us=1)
        )
        archive = sorted(room.archives.iterdir())[0]
    assert VERIFIER.verify(out, KEY).findings == []
    assert VERIFIER.verify(archive, KEY).findings == []
    with gzip.open(archive) if what == "archive" else out.open("rb") as file:
        return file.readlines()


async def test_another_key_says_that_it_is_another(tmp_path: Path) -> None:
    folder = await a_log(tmp_path / "log", pruned=False)
    assert VERIFIER.verify(folder, OTHER_KEY).findings


def test_a_compressed_file_that_ends_early_is_cut_off(tmp_path: Path) -> None:
    lines = asyncio.run(file_lines(tmp_path, "export"))
    whole = gzip.compress(b"".join(lines))
    file = tmp_path / "short.jsonl.gz"
    file.write_bytes(whole[: len(whole) // 2])
    problems = [finding.problem for finding in VERIFIER.verify(file, KEY).findings]
    assert any("cut off" in problem for problem in problems)


def test_the_verifier_is_one_file_of_the_standard_library() -> None:
    source = Path(str(VERIFIER.__file__)).read_text()
    assert "timmy_desktop" not in source
    assert "import" in source
