"""The chain finds every edit, insertion, deletion, reordering and truncation, and where it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.storage.logs import KEY, open_log
from timmy_desktop.events.system import SystemInfo
from timmy_desktop.storage import verification
from timmy_desktop.storage.chain import GENESIS, Chain, ChainReport
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.verification import verify_log, write_anchor

Row = tuple[bytes, str]


def chain(texts: list[str], key: bytes = KEY) -> list[Row]:
    rows, head = [], GENESIS
    for seq, text in enumerate(texts, start=1):
        numbered = f"{seq}|{text}"
        head = Chain(key).link(head, numbered.encode())
        rows.append((head, numbered))
    return rows


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=20), max_size=20))
def test_an_honest_chain_fits(texts: list[str]) -> None:
    rows = chain(texts)
    head = rows[-1][0] if rows else GENESIS
    assert Chain(KEY).follow(rows, GENESIS) == (len(texts), head, True)


@given(
    st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=20), min_size=2, max_size=20),
    st.data(),
)
def test_every_tampering_is_found_where_it_is(texts: list[str], data: st.DataObject) -> None:
    rows = chain(texts)
    at = data.draw(st.integers(0, len(rows) - 2))
    digest, text = rows[at]
    kind = data.draw(st.sampled_from(["edit", "delete", "rehash", "swap", "insert"]))
    if kind == "edit":
        rows[at] = (digest, text + "!")
    elif kind == "rehash":
        rows[at] = (chain(texts, b"another key")[at][0], text)
    elif kind == "swap":
        rows[at], rows[at + 1] = rows[at + 1], rows[at]
    elif kind == "insert":
        rows.insert(at, rows[at + 1])
    else:
        del rows[at]
    fitting, _, fits = Chain(KEY).follow(rows, GENESIS)
    assert not fits
    assert fitting == at


async def written(folder: Path, rows: int = 20) -> None:
    async with open_log(folder) as opened:
        for number in range(rows):
            await opened.bus.publish(SystemInfo(message=str(number), source="s", task_id="t", agent_id="a"))
        write_anchor(folder / "anchor", KEY, *opened.log.head)


async def verified(folder: Path, key: bytes = KEY) -> ChainReport:
    database = Database(folder / "swarm.db")
    try:
        return await database.read(lambda s: verify_log(s, folder / "swarm.db", key, folder / "anchor"))
    finally:
        await database.close()


@pytest.fixture(params=["one piece", "many pieces", "processes"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param != "one piece":
        monkeypatch.setattr(verification, "ROWS_IN_A_PIECE", 4)
    if request.param == "processes":
        monkeypatch.setattr(verification, "ROWS_WORTH_PROCESSES", 1)
    return str(request.param)


async def test_every_way_of_verifying_finds_the_same(tmp_path: Path, way: str) -> None:
    await written(tmp_path)
    report = await verified(tmp_path)
    assert (report.intact, report.rows, report.last_seq) == (True, 20, 20)
    with closing(sqlite3.connect(tmp_path / "swarm.db")) as connection:
        connection.execute("DELETE FROM event_log WHERE seq IN (8, 9, 15)")
        connection.commit()
    report = await verified(tmp_path)
    assert (report.broken_seq, report.rows, report.problem) == (8, 7, "event 8 is missing")


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
