"""A task's words leave the event log too, when a person wants it: by the bytes of every file, and lawfully."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.providers import Script
from tests.fakes.swarm_world import AnsweringProvider, SwarmWorld
from tests.unit.storage.event_logs import verifier
from timmy_desktop.events.memory import FORGOTTEN, MemoryForgotten
from timmy_desktop.events.system import LogPruned
from timmy_desktop.memory import PERSON, Asker
from timmy_desktop.memory.types import Entry, ForgetReport
from timmy_desktop.scrubber.scrubber import Scrubber
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.storage.verification import ANCHOR_FILE, verify_log, write_anchor

ASKED = "Say what the word zanzibarquokka opens in the cottage by the sea"
ANSWERED = "It opens the old wombatpalimpsest, which stands behind the stove"
OTHER = "Count the numbats between here and the lighthouse of Nether Wallop"
ANSWERS = (ANSWERED, "There are four hundred numbats, give or take a few")
WORDS = (b"zanzibarquokka", b"wombatpalimpsest")
VERIFIER = verifier()


def a_world(folder: Path) -> SwarmWorld:
    provider = AnsweringProvider()
    provider.answer = lambda request: Script(words=(ANSWERS[OTHER in str(request.messages[-1])],))
    return SwarmWorld(folder, provider=provider, with_memory=True)


def holding(folder: Path, *words: bytes) -> set[str]:
    return {
        path.name
        for path in folder.rglob("*")
        if path.is_file()
        for word in words
        if word in path.read_bytes()
    }


async def done(world: SwarmWorld, text: str) -> tuple[str, Entry]:
    """A task that was done by the coordinator, and the memory that it left."""
    assert world.memory is not None
    task = await world.coordinator.post(text)
    await world.coordinator.wait(task)
    await ended(f"memory of {task}")
    await world.router.flush()
    await world.memory.settled()
    await world.pruning._index.catch_up()
    [entry] = [one for one in await world.memory.entries(asker=PERSON) if one.task_id == task]
    return task, entry


async def ended(name: str) -> None:
    """What runs in the background under this name is ended."""
    await asyncio.gather(*[one for one in asyncio.all_tasks() if one.get_name() == name])


async def problems(world: SwarmWorld, folder: Path) -> list[str]:
    """What the application and the stand-alone verifier find."""
    key, anchor = world.log.key, folder / ANCHOR_FILE
    write_anchor(anchor, key, *world.log.head)
    report = await world.db.read(lambda session: verify_log(session, world.db.path, key, anchor))
    alone = VERIFIER.verify_database(world.db.path, key, anchor)
    return [*([report.problem] if report.problem else []), *(one.problem for one in alone.findings)]


async def types(world: SwarmWorld, task: str) -> list[str]:
    rows = await world.db.read(
        lambda session: session.sql("SELECT type FROM event_log WHERE task_id = ? ORDER BY seq", (task,))
    )
    return [row[0] for row in rows]


async def forget(world: SwarmWorld, entry: Entry, **wish: bool) -> ForgetReport:
    assert world.memory is not None
    report = await world.memory.forget([entry.id], asker=PERSON, **wish)
    assert isinstance(report, ForgetReport)
    return report


async def test_the_words_of_a_task_leave_every_file(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        kept, _ = await done(world, OTHER)
        task, entry = await done(world, ASKED)
        before = await types(world, task)
        assert holding(tmp_path, *WORDS)
        assert world.memory is not None
        offered = await world.memory.events_of([entry.id])

        report = await forget(world, entry, sources=True, events=True)

        assert report.events_removed == offered == 3
        assert report.is_gone, report
        left = await types(world, task)
        assert [one for one in before if one not in left] == [
            "task.created",
            "task.stepped",
            "task.completed",
        ]
        assert holding(tmp_path, *WORDS) == set()
        [told] = world.of(LogPruned)
        assert (told.events, told.gaps, told.before_us, told.archive) == (3, 3, 0, "")
        assert await problems(world, tmp_path) == []
        # Another task is as it was, with its words.
        assert "task.created" in await types(world, kept)
        found = await world.db.read(
            lambda session: session.sql("SELECT rowid FROM event_text WHERE event_text MATCH 'numbats'")
        )
        assert found
    assert holding(tmp_path, *WORDS) == set()
    assert holding(tmp_path, b"lighthouse of Nether Wallop")


async def test_what_was_not_wanted_is_said_with_the_place_to_remove_it(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        task, entry = await done(world, ASKED)
        before = await types(world, task)
        report = await forget(world, entry, sources=True)
        assert await types(world, task) == before
        assert report.events_removed == 0
        [trace] = report.traces
        assert trace.where.startswith("the event log")
        assert "prune it in the Events dock" in trace.where
        assert trace.count == 3
        assert world.of(LogPruned) == []


async def test_events_stay_where_their_task_does(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        _, entry = await done(world, ASKED)
        report = await forget(world, entry, events=True)
        assert report.events_removed == 0
        assert {trace.where.split(",")[0] for trace in report.traces} == {"the event log", "a task"}


async def test_an_agent_removes_no_event(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        task, entry = await done(world, ASKED)
        before = await types(world, task)
        assert world.memory is not None
        report = await world.memory.forget([entry.id], asker=Asker(entry.owner), sources=True, events=True)
        assert (report.entries, report.events_removed) == (1, 0)
        await world.pruning.remove_wanted()
        assert await types(world, task) == before
        assert world.of(LogPruned) == []


async def test_what_tells_of_it_has_none_of_the_words(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        task, entry = await done(world, ASKED)
        await forget(world, entry, sources=True, events=True)
        [forgotten] = world.of(MemoryForgotten)
        assert forgotten.tasks == [task]
        rows = await world.db.read(
            lambda session: session.sql(
                "SELECT data FROM event_log WHERE type IN ('log.pruned', 'memory.forgotten')"
            )
        )
        assert len(rows) == 2
        assert not [row for row in rows for word in ("zanzi", "wombat", "cottage", "stove") if word in row[0]]


async def test_the_past_goes_on_after_them_and_says_that_it_was_forgotten(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await done(world, OTHER)
        _, entry = await done(world, ASKED)
        await world.scrubber.prepare()
        await forget(world, entry, sources=True, events=True)
        for scrubber in (world.scrubber, Scrubber(database=world.db, key=lambda: world.log.key)):
            reach = await scrubber.reach()
            [told] = world.of(LogPruned)
            assert (reach.refused, reach.base_seq) == ("", told.last_seq)
            now = await scrubber.at(reach.last_seq)
            assert [one.text for one in now.tasks] == [OTHER, FORGOTTEN]
            assert [one.status for one in now.tasks] == ["completed", "completed"]


def no_step(*_: Any, **__: Any) -> Any:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "step",
    ["remove_wanted", "_tell", "_finish", "words", "wal"],
)
async def test_a_crash_between_the_steps_is_finished_at_the_next_start(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_world(tmp_path) as world:
        task, entry = await done(world, ASKED)
        with monkeypatch.context() as patch:
            if step in ("words", "wal"):
                name = {"words": "merge_words", "wal": "empty_wal"}[step]
                patch.setattr(f"timmy_desktop.storage.event_prune.{name}", no_step)
            elif step == "_finish":
                # Told of, and nothing taken yet.
                patch.setattr("timmy_desktop.storage.event_prune.remove", no_step)
            elif step == "_tell":
                patch.setattr(world.pruning, "_tell", no_step)
            else:
                patch.setattr(world.memory._forgetting, "_remove_events", no_step)  # type: ignore[union-attr]
            with pytest.raises(KeyboardInterrupt):
                await forget(world, entry, sources=True, events=True)
        assert await problems(world, tmp_path) == []
        await world.crash()
    async with a_world(tmp_path) as world:
        await ended("event pruning")
        assert await problems(world, tmp_path) == []
        assert not set(await types(world, task)) & {"task.created", "task.stepped", "task.completed"}
        left = await world.db.read(
            lambda session: session.sql(
                "SELECT name FROM meta WHERE name LIKE 'events_pruning' OR name LIKE 'events_to_remove'"
            )
        )
        assert left == []
        rows = await world.db.read(lambda session: session.sql("SELECT block FROM event_text_data"))
        assert not [row for row in rows if b"zanzib" in row[0]]
    assert not [name for name in holding(tmp_path, ASKED.encode(), ANSWERED.encode()) if "swarm.db" in name]


async def test_a_database_that_refuses_leaves_it_for_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected_log: Any
) -> None:
    async def refuses(*_: Any) -> None:
        raise StorageError("The disk is full.")

    expected_log("Events could not be removed after forgetting")
    async with a_world(tmp_path) as world:
        _, entry = await done(world, ASKED)
        with monkeypatch.context() as patch:
            patch.setattr(world.pruning, "_tell", refuses)
            report = await forget(world, entry, sources=True, events=True)
        assert report.events_removed == 0
        assert not report.is_gone
        assert "at the next start" in report.note
        assert (await world.pruning.remove_wanted()).events == 3
