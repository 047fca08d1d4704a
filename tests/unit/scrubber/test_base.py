"""What is kept of a pruned past: the same world again, bound to the log, and without what was forgotten."""

from __future__ import annotations

import random
import sqlite3
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings

from tests.bench.sample import story
from tests.fakes.past_tables import plain
from tests.unit.scrubber.test_fold import STORY, records
from tests.unit.storage.event_logs import Room, a_room, changed, verifier
from tests.unit.storage.logs import KEY
from timmy_desktop.events import memory, tasks, upgrades
from timmy_desktop.events.base import Event, EventRecord
from timmy_desktop.gui.scrubber.words import caution
from timmy_desktop.scrubber.base import packed, unpacked
from timmy_desktop.scrubber.fold import COUNTED_TYPES, fold
from timmy_desktop.scrubber.scrubber import Scrubber
from timmy_desktop.scrubber.world import ROWS, Draft, World
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.storage.event_archive import archives
from timmy_desktop.storage.event_bases import problem_of
from timmy_desktop.storage.event_prune import EventPruning
from timmy_desktop.storage.verification import ANCHOR_FILE, verify_log
from timmy_desktop.supervisor import TaskSupervisor


@settings(max_examples=100, deadline=None)
@given(STORY)
def test_a_world_comes_back_as_it_was(happened: list[Event]) -> None:
    world = fold(World(), records(happened))
    again, lacks = unpacked(packed(world, KEY, 7), KEY)
    assert (plain(again), lacks) == (plain(world), 7)
    for one in fields(World):
        here, there = getattr(again, one.name), getattr(world, one.name)
        if one.name in ROWS:
            here, there = here.items(), there.items()
            assert list(here) == list(there), "the order in which things appeared"
        assert here == there, one.name
    # And it goes on from there.
    more = records([tasks.TaskFailed(task_id="t1", reason="x")], world.seq + 1)
    assert plain(fold(again, more)) == plain(fold(world, more))


_NAMES = {
    "tasks": {"id", "status", "agent_id", "provider", "model", "conversation_id"},
    "agents": {"id", "name", "role", "status"},
    "accounts": {"name"},
    "transactions": {"type", "state", "payment_hash", "account", "task_id", "agent_id", "ledger_id"},
    "approvals": {"id", "state", "agent_id"},
    "differences": {"kind"},
    "comparisons": {"id", "state"},
    "providers": {"name", "circuit", "outcome", "model"},
    "memories": {"id", "type", "owner", "visibility", "state", "superseded_by"},
    "upgrades": {
        "id", "state", "proposer", "risk", "task_id", "by", "commit", "undone_by", "tests", "target_id",
        "step", "old_head", "new_head", "checkout", "checkout_note",
    },
    "targets": {"id", "folder", "branch", "python"},
    "comments": {"id", "upgrade_id", "path", "side", "author"},
}  # fmt: skip
"""Identifiers, names and words of the program: what a state may hold itself."""


def test_texts_stand_apart_from_the_state() -> None:
    draft, texts = Draft(World()), dict[str, tuple[str, str]]()
    for shelf, row in ROWS.items():
        said = {}
        for name, kind in get_type_hints(row).items():
            said[name] = f"{shelf} {name} said" if kind is str else 1 if kind in (int, bool) else ()
            if kind is str:
                texts[said[name]] = (shelf, name)
        getattr(draft, shelf).put("key", row(**said))
    base = packed(draft.frozen(), KEY, 0)
    state = zlib.decompress(base.state).decode()
    held = {place for text, place in texts.items() if text in state}
    assert held == {(shelf, name) for shelf, names in _NAMES.items() for name in names}
    assert {word.text for word in base.words} == {text for text, place in texts.items() if place not in held}


@dataclass
class Past:
    """A log with its scrubber and pruning, and everything that was ever told."""

    room: Room
    pruning: EventPruning
    told: list[EventRecord] = field(default_factory=list)

    def scrubber(self, every: int = 20) -> Scrubber:
        return Scrubber(database=self.room.database, key=lambda: KEY, every=every)

    def world(self, seq: int) -> World:
        return fold(World(), [one for one in self.told if one.seq <= seq and one.type in COUNTED_TYPES])

    async def live(self, events: int, seed: int) -> None:
        for _, event in story(events, random.Random(seed), 0):
            self.room.clock.seconds += 1
            await self.room.bus.publish(event)

    async def prune(self, seq: int, types: tuple[str, ...] = ()) -> None:
        """What was written up to an event."""
        when = next(one.time_us for one in self.told if one.seq >= seq)
        await self.pruning.prune(when + 1, types, archive=False)

    async def problems(self) -> list[str]:
        """What the application and the stand-alone verifier find."""
        self.room.anchor()
        anchor = self.room.folder / ANCHOR_FILE
        report = await self.room.database.read(
            lambda session: verify_log(session, self.room.database.path, KEY, anchor)
        )
        alone = verifier().verify(self.room.folder, KEY)
        assert report.intact == (not alone.findings), (report, alone)
        return [one.problem for one in alone.findings]


@asynccontextmanager
async def a_past(folder: Path) -> AsyncIterator[Past]:
    async with a_room(folder) as room:
        made = Past(room, room.pruning)
        room.log.on_committed(made.told.extend)
        made.pruning = pruning_of(room, made.scrubber())
        yield made


def pruning_of(room: Room, scrubber: Scrubber) -> EventPruning:
    return EventPruning(
        bus=room.bus, log=room.log, database=room.database, index=room.index, clock=room.clock,
        supervisor=TaskSupervisor(), archives=room.archives, base=scrubber.base,
    )  # fmt: skip


_KINDS: tuple[tuple[str, ...], ...] = (
    (), (), ("task.*",), ("provider.called", "tool.*"), ("payment.*",), ("memory.*", "bid.submitted"),
)  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
async def test_after_any_prunes_every_moment_that_is_left_is_what_it_was(tmp_path: Path, seed: int) -> None:
    """Runs with prunes by age and by kind in between; each time, moments are compared with all that was told."""
    chance = random.Random(seed)
    async with a_past(tmp_path) as past:
        same = past.scrubber()
        for round_ in range(5):
            await past.live(chance.randint(60, 160), seed * 100 + round_)
            await same.prepare()
            last = past.told[-1].seq
            await past.prune(chance.randint(1, last), chance.choice(_KINDS))
            for scrubber in (same, past.scrubber(), past.scrubber(every=10**9)):
                reach = await scrubber.reach()
                assert (reach.pruned, reach.refused) == (0, "")
                for seq in {reach.first_seq, *(chance.randint(reach.first_seq, last + 1) for _ in range(12))}:
                    found = await scrubber.at(seq)
                    assert plain(found) == plain(past.world(seq)), (round_, seq, reach)
                    assert found.time_us == max(one.time_us for one in past.told if one.seq <= found.seq)
            assert await past.problems() == []
        assert (await same.reach()).base_seq


async def test_what_no_base_needs_leaves_none(tmp_path: Path) -> None:
    async with a_past(tmp_path) as past:
        await past.live(100, 1)
        await past.prune(past.told[-1].seq, ("tool.called", "tool.completed"))
        assert (await past.scrubber().reach()).first_seq == 1
        assert await past.room.database.read(lambda s: s.sql("SELECT count(*) FROM event_bases")) == [(0,)]


async def test_a_prune_that_goes_less_far_keeps_the_base(tmp_path: Path) -> None:
    async with a_past(tmp_path) as past:
        await past.live(150, 1)
        await past.prune(100, ("task.*",))
        kept = (await past.scrubber().reach()).base_seq
        await past.prune(50)
        assert (await past.scrubber().reach()).base_seq == kept > 50
        last = past.told[-1].seq
        assert plain(await past.scrubber().at(last)) == plain(past.world(last))
        assert await past.problems() == []


def _digest(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE event_bases SET digest = ?", ("ab" * 32,))


def _state(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE event_bases SET state = ?", (zlib.compress(b'{"timmy_base":1}'),))


def _time(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE event_bases SET time_us = time_us + 1")


def _moved(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE event_bases SET seq = seq - 1")


def _text(connection: sqlite3.Connection) -> None:
    first = "SELECT min(id) FROM event_base_words WHERE kind = 'tasks'"
    connection.execute(f"UPDATE event_base_words SET text = 'Pay me' WHERE id = ({first})")


def _gone(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM event_bases")


FORGERIES: tuple[Callable[[sqlite3.Connection], None], ...] = (_digest, _state, _time, _moved, _text, _gone)


@pytest.mark.parametrize("forge", FORGERIES)
async def test_a_forged_base_is_refused_and_said(
    tmp_path: Path, forge: Callable[[sqlite3.Connection], None]
) -> None:
    async with a_past(tmp_path) as past:
        await past.live(150, 1)
        await past.prune(100)
        changed(tmp_path, forge)
        scrubber = past.scrubber()
        reach = await scrubber.reach()
        assert (reach.base_seq, reach.pruned) == (0, past.told[-1].event.last_seq)  # type: ignore[attr-defined]
        assert len((await scrubber.at(reach.last_seq)).tasks) < len(past.world(reach.last_seq).tasks)
        words = caution(None, reach)
        assert "missing" in words
        if forge is not _gone:
            assert "not used" in words
        # The verifiers don't look into words, which may be forgotten: whoever reads them does.
        assert bool(await past.problems()) == (forge is not _text)


async def test_a_base_of_before_is_not_put_in_the_place_of_the_newer(tmp_path: Path) -> None:
    async with a_past(tmp_path) as past:
        await past.live(150, 1)
        await past.prune(60)
        [older] = await past.room.database.read(lambda s: s.sql("SELECT * FROM event_bases"))
        await past.prune(120)

        def put_back(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM event_bases")
            connection.execute("INSERT INTO event_bases VALUES (?, ?, ?, ?)", older)

        changed(tmp_path, put_back)
        assert (await past.scrubber().reach()).refused
        assert await past.problems()


async def test_a_log_that_was_pruned_before_there_were_bases_says_so(tmp_path: Path) -> None:
    async with a_past(tmp_path) as past:
        await past.live(150, 1)
        await past.room.pruning.prune(past.told[49].time_us, archive=False)  # makes none, as an older version
        reach = await past.scrubber().reach()
        assert (reach.base_seq, reach.pruned) == (0, 49)
        assert "missing" in caution(None, reach)
        await past.prune(100)
        later = await past.scrubber().reach()
        assert later.base_seq == 100
        assert later.pruned == 49, "the base is of what was left, and says what it lacks"
        assert "missing" in caution(None, later)
        assert await past.problems() == []


async def test_a_prune_that_dies_leaves_the_old_past_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_past(tmp_path) as past:
        await past.live(150, 1)

        async def dies(*_: Any) -> None:
            raise StorageError("The disk is full.")

        # After the base was made, before anything is told.
        with monkeypatch.context() as patch:
            patch.setattr(past.pruning, "_tell", dies)
            with pytest.raises(StorageError):
                await past.prune(100)
        assert (await past.scrubber().reach()).first_seq == 1
        # Told, and nothing removed yet.
        finish, times = past.pruning._finish, [0]

        async def dies_second(progress: Any) -> None:
            times[0] += 1
            if times[0] == 2:
                raise StorageError("The disk is full.")
            await finish(progress)

        with monkeypatch.context() as patch:
            patch.setattr(past.pruning, "_finish", dies_second)
            with pytest.raises(StorageError):
                await past.prune(100)
        for _ in range(2):
            reach = await past.scrubber().reach()
            assert (reach.base_seq, reach.pruned) == (100, 0)
            for seq in (100, 120, reach.last_seq):
                assert plain(await past.scrubber().at(seq)) == plain(past.world(seq))
            assert await past.problems() == []
            await past.pruning._finish(lambda *_: None)


async def test_archives_and_exports_of_such_a_log_verify(tmp_path: Path) -> None:
    async with a_past(tmp_path) as past:
        await past.live(150, 1)
        await past.pruning.prune(past.told[60].time_us)
        await past.pruning.prune(past.told[120].time_us)
        kept = await past.room.database.read(lambda session: archives(session, past.room.archives))
        assert len(kept) == 2
        for one in kept:
            assert verifier().verify(one.path, KEY).findings == []


async def test_what_forgetting_took_from_a_task_is_in_no_base(tmp_path: Path) -> None:
    """Whether it was forgotten before the prune, or after."""
    async with a_past(tmp_path) as past:
        for number in (1, 2):
            await past.room.say(
                tasks.TaskCreated(task_id=f"t{number}", text=f"The word is zanzibarquokka {number}"),
                tasks.TaskFailed(task_id=f"t{number}", reason="No."),
                upgrades.UpgradeExpired(upgrade_id="u", hours=1),
            )
            past.room.clock.seconds += 1
        forgotten = memory.MemoryForgotten(entries=["m"], reason="", tasks=["t1"])
        await past.room.say(forgotten)
        row = "INSERT INTO tasks(id, text, status, created_us, updated_us) VALUES (?, ?, 'failed', 1, 1)"
        # As the tables are: the first was forgotten with the memory.
        await past.room.database.write(
            lambda session: [
                session.sql(row, ("t1", "[forgotten]")), session.sql(row, ("t2", "The word is zanzibarquokka 2"))
            ]
        )  # fmt: skip
        # A prune of the time before it was forgotten: the folded world still has the words.
        await past.prune(6)
        words = "SELECT id, field, text FROM event_base_words ORDER BY 1, 2"
        assert await past.room.database.read(lambda session: session.sql(words)) == [
            ("t1", "reason", "No."), ("t2", "reason", "No."), ("t2", "text", "The word is zanzibarquokka 2")
        ]  # fmt: skip
        reach = await past.scrubber().reach()
        world = await past.scrubber().at(reach.first_seq)
        assert [one.text for one in world.tasks] == ["[forgotten]", "The word is zanzibarquokka 2"]
        assert world.skipped == 0
        assert not await past.problems()


async def test_of_a_base_under_a_key_that_is_gone_nothing_is_said_and_it_is_not_used(tmp_path: Path) -> None:
    async with a_past(tmp_path) as past:
        await past.live(150, 1)
        await past.prune(100)
        last, new = past.room.log.head[0], b"n" * 32
        assert await past.room.database.read(lambda session: problem_of(session, new, last)) is None
        assert await past.room.database.read(lambda session: problem_of(session, new)) is not None
        assert (await Scrubber(database=past.room.database, key=lambda: new).reach()).refused
