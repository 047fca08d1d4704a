"""The chain finds every edit, insertion, deletion, reordering and truncation, and where it is."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.storage.logs import KEY, open_log
from timmy_desktop.events.system import SystemInfo
from timmy_desktop.storage.chain import GENESIS, ChainReport, link_hash, verify_rows
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.verification import verify_log, write_anchor

Row = tuple[int, bytes, str]


def chain(texts: list[str]) -> list[Row]:
    rows, head = [], GENESIS
    for seq, text in enumerate(texts, start=1):
        head = link_hash(KEY, head, text.encode())
        rows.append((seq, head, text))
    return rows


@given(st.lists(st.text(max_size=20), max_size=20))
def test_an_honest_chain_is_intact(texts: list[str]) -> None:
    report = verify_rows(KEY, chain(texts))
    assert report.intact
    assert report.rows == report.last_seq == len(texts)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_every_tampering_is_found_where_it_is(texts: list[str], rng: random.Random) -> None:
    rows = chain(texts)
    at = rng.randrange(len(rows))
    seq, digest, text = rows[at]
    kind = rng.choice(["edit", "delete", "rehash", "swap"])
    if kind == "edit":
        rows[at] = (seq, digest, text + "!")
    elif kind == "rehash":
        rows[at] = (seq, link_hash(b"another key", GENESIS, text.encode()), text)
    elif kind == "swap" and at + 1 < len(rows):
        after = rows[at + 1]
        if after[2] == text:
            return
        rows[at], rows[at + 1] = (seq, digest, after[2]), (after[0], after[1], text)
    elif at + 1 < len(rows):
        del rows[at]
    else:
        return  # rows cut off the end are the anchor's to find
    report = verify_rows(KEY, rows)
    assert not report.intact
    assert report.broken_seq == seq


async def written(folder: Path, rows: int = 20) -> None:
    async with open_log(folder) as opened:
        for number in range(rows):
            await opened.bus.publish(SystemInfo(message=str(number), source="s", task_id="t", agent_id="a"))
        write_anchor(folder / "anchor", KEY, *opened.log.head)


async def verified(folder: Path, key: bytes = KEY) -> ChainReport:
    database = Database(folder / "swarm.db")
    try:
        return await database.read(lambda s: verify_log(s, key, folder / "anchor"))
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE event_log SET data = replace(data, '7', '8') WHERE seq = 8", 8),
        ("UPDATE event_log SET time_us = time_us + 1 WHERE seq = 3", 3),
        ("UPDATE event_log SET task_id = 'other' WHERE seq = 3", 3),
        ("UPDATE event_log SET agent_id = '', source = 's' || char(31) || 'a' WHERE seq = 3", 3),
        ("UPDATE event_log SET type = 'system.error' WHERE seq = 1", 1),
        ("DELETE FROM event_log WHERE seq = 5", 5),
        ("DELETE FROM event_log WHERE seq > 15", 16),
        ("DELETE FROM event_log", 1),
        ("UPDATE event_log SET hash = zeroblob(32) WHERE seq = 20", 20),
        ("UPDATE event_log SET seq = 21 WHERE seq = 20", 20),
    ],
)
async def test_a_forged_database_is_found(tmp_path: Path, statement: str, broken: int) -> None:
    await written(tmp_path)
    assert (await verified(tmp_path)).intact
    with closing(sqlite3.connect(tmp_path / "swarm.db")) as connection:
        connection.execute(statement)
        connection.commit()
    report = await verified(tmp_path)
    assert report.broken_seq == broken
    assert report.problem


async def test_a_wrong_key_or_a_forged_anchor_is_found(tmp_path: Path) -> None:
    await written(tmp_path)
    assert (await verified(tmp_path, b"x" * 32)).broken_seq == 1
    write_anchor(tmp_path / "anchor", b"x" * 32, 3, b"h" * 32)
    assert "was changed" in (await verified(tmp_path)).problem
    (tmp_path / "anchor").unlink()
    assert "is missing" in (await verified(tmp_path)).problem
    (tmp_path / "anchor").write_text("nonsense")
    assert "can't be read" in (await verified(tmp_path)).problem
