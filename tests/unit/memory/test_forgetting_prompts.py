"""Forgetting reaches the prompts that the router keeps: those that were given the words by the memory too."""

from __future__ import annotations

from pathlib import Path

import orjson

from tests.fakes.memory_world import MemoryWorld
from tests.fakes.providers import Script
from tests.fakes.swarm_world import AnsweringProvider, SwarmWorld
from tests.unit.memory.test_forgetting import holding
from timmy_desktop.memory import PERSON, Asker
from timmy_desktop.memory.index import ChromaIndex
from timmy_desktop.memory.types import NewEntry
from timmy_desktop.storage.backup import DailyBackup

# Quotation marks and line ends are written otherwise in JSON.
SECRET = 'The "safe" of the cottage\nopens with the word zanzibarquokka\\7 and nothing else at all'
WORDS = (b"zanzibarquokka", b"nothing else at all", b"opens with the word")
ASKED = "the cottage and the safe: what opens it?"


async def ask(world: SwarmWorld, text: str) -> None:
    conversation = await world.timmy.new_conversation()
    async for _ in world.timmy.send(conversation, text):
        pass


async def test_no_file_holds_what_was_remembered_used_and_forgotten(tmp_path: Path) -> None:
    provider = AnsweringProvider(script=Script(words=("By its word.",)))
    index = ChromaIndex(tmp_path / "memory-index")
    async with SwarmWorld(tmp_path, provider=provider, with_memory=True, index=index) as world:
        backup = DailyBackup(world.db.path, tmp_path / "backups", world.clock, world.supervisor)
        entry = await world.memory.remember(NewEntry(content=SECRET))
        await world.memory.settled()
        await ask(world, ASKED)  # the entry is put into this other conversation's prompt
        await world.router.flush()
        kept = await world.db.read(lambda session: session.sql("SELECT messages FROM provider_requests"))
        assert any("zanzibarquokka" in row[0] for row in kept), "the prompt was not kept"
        await backup.back_up()
        await world.memory.settled()
        before = holding(tmp_path, *WORDS)
        assert {"swarm.db-wal", "backups/" + next((tmp_path / "backups").iterdir()).name} <= set(before)

        report = await world.memory.forget([entry.id], asker=PERSON)

        assert report.is_gone, report
        assert report.prompts_redacted == 1
        assert "kept prompts" in report.covered
        assert holding(tmp_path, *WORDS) == {}
        # What else the prompt said is still to be read.
        kept = await world.db.read(lambda session: session.sql("SELECT messages FROM provider_requests"))
        contents = [part["content"] for row in kept for part in orjson.loads(row[0])]
        assert ASKED in contents
        assert any("[forgotten]" in content and "You are Timmy" in content for content in contents)
        await world.memory.settled()
    assert holding(tmp_path, *WORDS) == {}


async def test_a_prompt_that_waits_to_be_written_is_reached_too(tmp_path: Path) -> None:
    async with SwarmWorld(tmp_path, with_memory=True) as world:
        entry = await world.memory.remember(NewEntry(content=SECRET))
        await world.memory.settled()
        await ask(world, ASKED)
        report = await world.memory.forget([entry.id], asker=PERSON)
        assert report.prompts_redacted == 1
        await world.router.flush()
        assert report.is_gone
        assert holding(tmp_path, *WORDS) == {}


async def keep(world: MemoryWorld, number: int, messages: str) -> None:
    columns = {
        row[1]: 0 if row[2] == "INTEGER" else ""
        for row in await world.rows("PRAGMA table_info(provider_requests)")
    }
    columns |= {"id": number, "request_id": str(number), "messages": messages}
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    await world.db.write(
        lambda session: session.sql(
            f"INSERT INTO provider_requests({names}) VALUES ({marks})",
            list(columns.values()),
        )
    )


async def test_prompts_that_share_nothing_stay_as_they_are_page_after_page(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        entry = await world.memory.remember(NewEntry(content=SECRET))
        innocent = orjson.dumps([{"role": "user", "content": "the safe, the cottage"}]).decode()
        guilty = orjson.dumps([{"role": "tool", "content": f"so it says: {SECRET}"}]).decode()
        for number in range(1, 452):
            await keep(world, number, guilty if number in (3, 451) else innocent)
        report = await world.memory.forget([entry.id], asker=PERSON)
        assert (report.prompts_redacted, report.is_gone) == (2, True)
        rows = dict(await world.rows("SELECT id, messages FROM provider_requests"))
        assert {rows[number] for number in rows if number not in (3, 451)} == {innocent}
        assert orjson.loads(rows[451]) == [{"role": "tool", "content": "so it says: [forgotten]"}]


async def test_no_agent_can_have_kept_prompts_changed(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        entry = await world.memory.remember(NewEntry(content=SECRET, owner="echo"))
        prompt = orjson.dumps([{"role": "user", "content": SECRET}]).decode()
        await keep(world, 1, prompt)
        report = await world.memory.forget([entry.id], asker=Asker("echo"))
        assert report.prompts_redacted == 0
        assert await world.rows("SELECT messages FROM provider_requests") == [(prompt,)]


async def test_without_the_table_forgetting_works(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        entry = await world.memory.remember(NewEntry(content=SECRET))
        await world.db.write(lambda session: session.sql("DROP TABLE provider_requests"))
        report = await world.memory.forget([entry.id], asker=PERSON)
        assert (report.entries, report.prompts_redacted, report.is_gone) == (1, 0, True)
