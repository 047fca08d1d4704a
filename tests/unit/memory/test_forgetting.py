"""Forgotten for good: a search through the raw bytes of every file finds nothing."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from tests.fakes.memory_world import MemoryWorld
from timmy_desktop.events.tasks import TaskCompleted
from timmy_desktop.memory import PERSON, Asker
from timmy_desktop.memory.traces import needles, occurrences
from timmy_desktop.memory.types import EVERYTHING, Change, NewEntry
from timmy_desktop.storage.backup import DailyBackup

SECRET = "The safe of the cottage opens with the word zanzibarquokka and nothing else at all"
OLDER = "The safe of the cottage opens with the word wombatpalimpsest, or so it was once"
LONG = " ".join(f"paragraph {number} of the tale of the numbat {number * 7919}" for number in range(400))


def holding(folder: Path, *needles: bytes) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): needle
        for path in folder.rglob("*")
        if path.is_file()
        for needle in needles
        if needle in path.read_bytes()
    }


async def test_the_bytes_are_gone_from_every_file(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path, chroma=True) as world:
        memory = world.memory
        backup = DailyBackup(world.db.path, tmp_path / "backups", world.clock, world.supervisor)
        others = [
            await memory.remember(NewEntry(content=f"Something else, number {number}", type="conversation"))
            for number in range(60)
        ]
        secret = await memory.remember(NewEntry(content=OLDER, visibility="private"))
        await memory.change([secret.id], Change(content=SECRET))
        long = await memory.remember(NewEntry(content=LONG, type="conversation"))
        await memory.settled()
        await backup.back_up()
        # As one is made before a migration, and an index that was found damaged and set aside.
        shutil.copy(world.db.path, tmp_path / "backups" / "swarm-schema-5.db")
        shutil.copytree(tmp_path / "memory-index", tmp_path / "memory-index.damaged")
        vectors = await world.rows("SELECT vector FROM memory_entries WHERE id IN (?, ?)", secret.id, long.id)
        wanted = [
            SECRET.encode(), OLDER.encode(), b"zanzibarquokka", b"wombatpalimpsest", b"numbat 3159521",
            *(row[0][16:80] for row in vectors),
        ]  # fmt: skip
        assert {"swarm.db-wal", "backups/swarm-1970-01-01.db"} <= set(holding(tmp_path, *wanted))
        assert any(name.startswith("memory-index/") for name in holding(tmp_path, *wanted))

        report = await memory.forget([secret.id, long.id], asker=PERSON)

        assert report.is_gone, report
        assert (report.entries, report.backups_removed) == (2, 2)
        assert holding(tmp_path, *wanted) == {}
        await memory.settled()
        assert sorted(await memory.in_index()) == [entry.number for entry in others]
        assert holding(tmp_path, *wanted) == {}
    assert holding(tmp_path, *wanted) == {}


async def test_its_predecessors_go_with_it(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        old = await world.memory.remember(NewEntry(content="My boat is called Quokkamarine"))
        new = await world.memory.remember(NewEntry(content="My boat is called Petrel"))
        report = await world.memory.forget([new.id], asker=PERSON)
        assert report.entries == 2
        assert report.is_gone
        assert holding(tmp_path, b"Quokkamarine") == {}
        assert await world.rows("SELECT count(*) FROM memory_entries WHERE id = ?", old.id) == [(0,)]


async def test_what_still_says_it_is_named(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        entry = await world.memory.remember(NewEntry(content=SECRET))
        twin = await world.memory.remember(NewEntry(content=f"By the way: {SECRET}", type="conversation"))
        done = TaskCompleted(
            result=SECRET, provider="p", model="m", duration_ms=1, tokens_in=1, tokens_out=1, task_id="t"
        )
        await world.bus.publish(done)
        (tmp_path / "notes.txt").write_text(SECRET)
        report = await world.memory.forget([entry.id], asker=PERSON)
        assert not report.is_gone
        places = {(trace.file, trace.where.split(",")[0]) for trace in report.traces}
        assert places == {
            ("swarm.db", "other memories"),
            ("swarm.db", "the event log"),
            ("notes.txt", "the file"),
        }
        assert await world.rows("SELECT count(*) FROM memory_entries WHERE id = ?", twin.id) == [(1,)]


async def test_sources_go_too_when_wished(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        await world.db.write(
            lambda session: [
                session.sql(
                    "INSERT INTO conversations(id, title, created_us, updated_us) VALUES ('c', ?, 1, 1)",
                    (SECRET[:60],),
                ),
                session.sql(
                    "INSERT INTO messages(id, conversation_id, position, role, text, state, created_us) "
                    "VALUES ('m', 'c', 1, 'user', ?, 'done', 1)",
                    (SECRET,),
                ),
            ]
        )
        await world.memory.keep_message(
            SECRET, role="user", conversation_id="c", message_id="m", local_only=False
        )
        fact = await world.memory.remember(NewEntry(content=SECRET, message_id="m", conversation_id="c"))
        await world.memory.settled()  # with the same vector twice
        report = await world.memory.forget([fact.id], asker=PERSON, sources=True)
        assert (report.entries, report.sources_forgotten, report.is_gone) == (2, 1, True)
        assert await world.rows("SELECT text FROM messages") == [("[forgotten]",)]
        assert holding(tmp_path, b"zanzibarquokka") == {}


async def test_no_fact_is_proposed_from_what_is_forgotten_while_a_model_reads_it(tmp_path: Path) -> None:
    reads, goes_on = asyncio.Event(), asyncio.Event()

    async def ask(*_: object) -> str:
        reads.set()
        await goes_on.wait()
        return "- the word zanzibarquokka opens our safe"

    said = "In our house, the word zanzibarquokka opens the safe, as everybody knows"
    async with MemoryWorld(tmp_path, ask=ask) as world:
        await world.memory.keep_message(
            said, role="user", conversation_id="c", message_id="m", local_only=False
        )
        await reads.wait()
        (kept,) = await world.memory.entries(asker=PERSON)
        await world.memory.forget([kept.id], asker=PERSON)
        goes_on.set()
        await world.memory.settled()
        assert await world.memory.entries(asker=PERSON, filters=EVERYTHING) == []


async def test_two_that_say_the_same_are_gone_whether_embedded_or_not(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        twins = [
            await world.memory.remember(NewEntry(content=SECRET, type="conversation", owner=owner))
            for owner in ("timmy", "echo")
        ]
        await world.memory.settled()
        vectors = await world.rows("SELECT DISTINCT vector FROM memory_entries")
        assert len(vectors) == 1
        report = await world.memory.forget([twin.id for twin in twins], asker=PERSON)
        assert (report.entries, report.traces) == (2, ())


async def test_another_process_sees_all_and_takes_nothing_away_after_a_forgetting(tmp_path: Path) -> None:
    """Reading the database's bytes must not cost its locks: the log that is in use would be removed."""
    count = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(*c.execute(sys.argv[2]).fetchone())"
    asked = [sys.executable, "-c", f"{count}; c.close()", str(tmp_path / "swarm.db"),
             "SELECT count(*) FROM memory_entries"]  # fmt: skip
    async with MemoryWorld(tmp_path) as world:
        entry = await world.memory.remember(NewEntry(content=SECRET))
        await world.memory.forget([entry.id], asker=PERSON)
        for number in (1, 2):
            await world.memory.remember(NewEntry(content=f"Kept, number {number}"))
            seen = await asyncio.to_thread(subprocess.run, asked, capture_output=True, check=True, text=True)
            assert seen.stdout.strip() == str(number)
            assert (tmp_path / "swarm.db-wal").exists()


async def test_an_agent_can_not_have_backups_removed(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        entry = await world.memory.remember(NewEntry(content=SECRET, owner="echo"))
        await world.memory.settled()
        (tmp_path / "backups").mkdir(exist_ok=True)
        (tmp_path / "backups" / "swarm-1970-01-01.db").write_bytes(b"a backup")
        report = await world.memory.forget([entry.id], asker=Asker("echo"))
        assert (report.entries, report.backups_removed) == (1, 0)
        assert (tmp_path / "backups" / "swarm-1970-01-01.db").exists()
        await world.memory.settled()
        assert await world.memory.in_index() == []
        result = await world.memory.search("zanzibarquokka", asker=PERSON)
        assert result.hits == ()


async def test_pruning_keeps_facts_and_what_is_pinned(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        memory = world.memory
        kept = [
            await memory.remember(NewEntry(content="A fact")),
            await memory.remember(NewEntry(content="Pinned talk", type="conversation", pinned=True)),
        ]
        for number in range(3):
            await memory.remember(NewEntry(content=f"Talk {number}", type="conversation"))
        world.clock.seconds += 10  # type: ignore[attr-defined]
        kept.append(await memory.remember(NewEntry(content="New talk", type="conversation")))
        older_than = world.clock.now_us() - 5_000_000
        preview = await memory.prune_preview(older_than, ("conversation", "fact"))
        assert preview.by_type == (("conversation", 3),)
        pruned = await memory.prune(older_than, ("conversation", "fact"))
        assert pruned.count == 3
        assert pruned.report is not None
        assert pruned.report.entries == 3
        left = await memory.entries(asker=PERSON)
        assert {entry.id for entry in left} == {entry.id for entry in kept}


def test_needles_cover_a_text_whatever_part_of_it_is_kept() -> None:
    found = needles([LONG.encode()])
    places = [LONG.encode().find(needle) for needle in found]
    assert min(places) == 0
    assert max(second - first for first, second in pairwise(places)) <= 1000


def test_needles_are_found_across_the_pieces_of_a_large_file(tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"x" * (2**20 - 5) + b"a needle in the hay" + b"y" * 100)
    assert occurrences(file, [b"a needle in the hay", b"another"]) == (1, file.stat().st_size)
    assert occurrences(tmp_path / "gone", [b"a needle"]) == (0, 0)


def test_a_needle_given_twice_is_one(tmp_path: Path) -> None:
    file = tmp_path / "some"
    file.write_bytes(b"a needle in the hay")
    assert occurrences(file, [b"nothing", b"nothing"])[0] == 0
    assert occurrences(file, [b"a needle", b"a needle", b"nothing"])[0] == 1
