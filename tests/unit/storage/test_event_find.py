"""Finding events: every filter and order against a plain look at every row, indexed or not yet."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.unit.storage.event_logs import Room, a_room, changed, only
from timmy_desktop.events.system import SystemInfo
from timmy_desktop.storage.event_counts import HOUR_US, histogram, summary
from timmy_desktop.storage.event_filter import Condition, EventFilter, severity_of
from timmy_desktop.storage.event_index import index_step, indexed_up_to
from timmy_desktop.storage.event_positions import (
    Order,
    Positions,
    count_newer,
    count_part,
    error_segments,
    make_query,
    parts,
    seqs_at,
)
from timmy_desktop.storage.event_rows import LogRow, neighbours_of, row_of, rows_between, rows_of

EVENTS = 2_600
INDEXED = 1_700
START_US = 1_000_000_000
SECOND = 1_000_000


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose log has events, and nothing of them in the index."""
    folder = tmp_path_factory.mktemp("told") / "log"

    async def tell() -> None:
        async with a_room(folder) as opened:
            await opened.tell(EVENTS)

    asyncio.run(tell())
    return folder


@pytest.fixture
async def room(told: Path, tmp_path: Path) -> Any:
    """A log of which the newest third is not in the index yet."""
    shutil.copytree(told, tmp_path / "log")
    async with a_room(tmp_path / "log") as opened:
        opened.clock.seconds += EVENTS
        await opened.database.write(lambda session: index_step(session, INDEXED))
        yield opened


async def every(room: Room) -> list[LogRow]:
    return await room.database.read(lambda session: list(rows_between(session, 1, 10**9)))


def passes(row: LogRow, wanted: EventFilter) -> bool:
    """The same by looking."""
    since = START_US if wanted.since_us is None else wanted.since_us
    until = row.time_us + 1 if wanted.until_us is None else wanted.until_us
    if (since <= row.time_us < until) is wanted.outside:
        return False
    groups: dict[tuple[str, str], list[bool]] = {}
    for number, one in enumerate(wanted.conditions):
        is_so = holds(row, one)
        if not one.include:
            if is_so:
                return False
        else:
            alone = str(number) if one.field == "text" else one.path
            groups.setdefault((one.field, alone), []).append(is_so)
    return all(any(some) for some in groups.values())


def holds(row: LogRow, one: Condition) -> bool:
    if one.field == "type":
        return row.type.startswith(one.value[:-1]) if one.value.endswith(".*") else row.type == one.value
    if one.field == "severity":
        return severity_of(row.type) == one.value
    if one.field == "text":
        words = json.dumps(row.values()).lower() + row.type + row.task_id + row.agent_id + row.source
        return one.value.lower() in words
    if one.field == "value":
        found: Any = row.values()
        for part in one.path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return found is not None and str(found) == one.value
    return {"source": row.source, "task": row.task_id, "agent": row.agent_id}[one.field] == one.value


TASK = f"0192d3e8-7c1f-7a44-9d0e-{9:012x}"
FILTERS = [
    EventFilter(),
    only("type", "tool.called"),
    only("type", "tool.*"),
    only("type", "tool.*", include=False),
    only("type", "no.such"),
    only("severity", "error"),
    only("severity", "info"),
    only("severity", "warning", include=False),
    only("source", "ledger"),
    only("source", "ledger", include=False),
    only("agent", "agent-forge"),
    only("agent", "agent-nobody"),
    only("task", TASK),
    only("task", TASK, include=False),
    only("text", "lantern"),
    only("text", "lantern", include=False),
    only("text", "ran out of memory"),
    only("text", "ran out of memory", include=False),
    only("text", "out lantern", include=False),
    only("value", "ollama", path="provider"),
    only("value", "ok", include=False, path="outcome"),
    only("value", "notes/lantern.md", path="arguments.path"),
    EventFilter(
        (
            Condition("type", "tool.called"),
            Condition("type", "provider.called"),
            Condition("agent", "agent-forge"),
        )
    ),
    EventFilter(
        (Condition("type", "tool.*"), Condition("text", "lantern"), Condition("agent", "agent-echo", False))
    ),
    EventFilter((Condition("text", "lantern"), Condition("text", "harbour"))),
    EventFilter((Condition("severity", "error"), Condition("severity", "warning")), START_US + 900 * SECOND),
    EventFilter((), START_US + 500 * SECOND, START_US + 2_000 * SECOND),
    EventFilter((), START_US + 500 * SECOND, START_US + 2_000 * SECOND, outside=True),
    EventFilter((), None, START_US + 2_000 * SECOND, outside=True),
    EventFilter((Condition("type", "tool.*"),), START_US + 2_000 * SECOND, outside=True),
]


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
async def test_a_filter_finds_what_looking_finds(room: Room, wanted: EventFilter) -> None:
    expected = [row.seq for row in await every(room) if passes(row, wanted)]
    assert await room.found(wanted) == expected[::-1]
    assert await room.found(wanted, Order("time", descending=False)) == expected
    await room.index.catch_up()
    assert await room.found(wanted) == expected[::-1]


@pytest.mark.parametrize("key", ["type", "severity", "source", "task", "agent"])
@pytest.mark.parametrize("descending", [False, True])
async def test_a_list_is_sorted(room: Room, key: Any, descending: bool) -> None:
    await room.index.catch_up()
    rows = {row.seq: row for row in await every(room)}

    def value(row: LogRow) -> str:
        rank = {"error": "0", "warning": "1", "info": "2"}
        shown = {"type": row.type, "source": row.source, "task": row.task_id, "agent": row.agent_id}
        return rank[severity_of(row.type)] if key == "severity" else shown[key]

    found = await room.found(EventFilter(), Order(key, descending))
    assert sorted(found) == sorted(rows)
    values = [value(rows[seq]) for seq in found]
    named = [one for one in values if one]
    assert values == named + [""] * (len(values) - len(named)), "what has none stands last"
    assert named == sorted(named, reverse=descending)
    for before, after in pairwise(found):
        assert value(rows[before]) != value(rows[after]) or before > after, (
            "the newest of a value stands first"
        )


async def test_any_page_is_where_it_belongs(room: Room) -> None:
    dice = random.Random(5)
    for wanted in (EventFilter(), FILTERS[2], FILTERS[10], FILTERS[14], FILTERS[17], FILTERS[19]):
        whole = await room.found(wanted)

        def read(session: Any, wanted: EventFilter = wanted, whole: list[int] = whole) -> None:
            query = make_query(session, wanted)
            positions = Positions(one for part in parts(query) for one in count_part(session, query, *part))
            assert len(positions) == len(whole)
            for _ in range(40):
                start, rows = dice.randrange(len(whole)), dice.choice([1, 7, 200])
                assert seqs_at(session, query, positions, start, rows) == whole[start : start + rows]

        await room.database.read(read)


async def test_a_log_with_gaps_is_paged_the_same(room: Room) -> None:
    await room.index.catch_up()
    await room.pruning.prune(START_US + 2_000 * SECOND, ("provider.*", "bid.submitted"))
    rows = await every(room)
    for wanted in FILTERS[:12]:
        assert await room.found(wanted) == [row.seq for row in reversed(rows) if passes(row, wanted)]


async def test_what_comes_is_put_on_top(room: Room) -> None:
    wanted = only("type", "system.info")

    def query_of(session: Any) -> Any:
        return make_query(session, wanted)

    query = await room.database.read(query_of)
    await room.say(SystemInfo(source="x", message="one"), SystemInfo(source="x", message="two"))
    segments, last = await room.database.read(lambda session: count_newer(session, query, query.last))
    assert sum(segment.matches for segment in segments) == 2
    assert last == room.log.head[0]
    seqs = await room.database.read(lambda session: seqs_at(session, query, Positions(segments), 0, 10))
    assert seqs == [last, last - 1]


async def test_errors_are_marked_where_they_stand(room: Room) -> None:
    def read(session: Any) -> tuple[list[tuple[int, int]], int]:
        query = make_query(session, EventFilter())
        positions = Positions(one for part in parts(query) for one in count_part(session, query, *part))
        return positions.rows_of(error_segments(session, query)), len(positions)

    marks, length = await room.database.read(read)
    rows = await every(room)
    assert sum(errors for _, errors in marks) == sum(severity_of(row.type) == "error" for row in rows) > 0
    assert all(0 <= row < length for row, _ in marks)


@pytest.mark.parametrize("hours", [0.2, 1, 24, 100])
async def test_a_summary_counts_what_is_there(room: Room, hours: float) -> None:
    now = (await every(room))[-1].time_us
    since = (now - round(hours * HOUR_US)) // 60_000_000 * 60_000_000
    expected: dict[str, int] = {}
    for row in await every(room):
        if row.time_us >= since:
            expected[row.type] = expected.get(row.type, 0) + 1
    for _ in range(2):
        found = await room.database.read(lambda session: summary(session, now - round(hours * HOUR_US)))
        assert {one.type: one.count for one in found} == expected
        await room.index.catch_up()


@pytest.mark.parametrize(
    "wanted",
    [FILTERS[0], FILTERS[1], FILTERS[10], FILTERS[14], FILTERS[17], FILTERS[19], *FILTERS[-5:]],
    ids=str,
)
async def test_a_histogram_holds_every_match(room: Room, wanted: EventFilter) -> None:
    rows = [row for row in await every(room) if passes(row, wanted)]
    for since, until in (
        (START_US, START_US + 3_000 * SECOND),
        (START_US + 700 * SECOND, START_US + 900 * SECOND),
    ):
        inside = [row for row in rows if since <= row.time_us <= until]

        def read(session: Any, since: int = since, until: int = until) -> Any:
            return histogram(session, make_query(session, wanted), since, until)

        found = await room.database.read(read)
        counted = {bar.start_us: bar.count for bar in found.bars}
        expected: dict[int, int] = {}
        for row in inside:
            start = row.time_us // found.width_us * found.width_us
            expected[start] = expected.get(start, 0) + 1
        if found.width_us % 60_000_000:
            assert counted == expected
        else:  # whole minutes: the ends hold what their minute holds
            assert counted.keys() >= expected.keys()


async def test_a_clock_set_back_loses_nothing(tmp_path: Path) -> None:
    async with a_room(tmp_path / "log") as room:
        await room.tell(60)
        room.clock.seconds -= 40
        await room.tell(30, seed=2)
        await room.index.catch_up()
        wanted = EventFilter((), START_US + 20 * SECOND, START_US + 50 * SECOND)
        expected = [row.seq for row in await every(room) if passes(row, wanted)]
        assert len(expected) > 30
        assert sorted(await room.found(wanted)) == expected


async def test_the_index_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    async with a_room(tmp_path / "log") as room:
        await room.tell(300)
        await room.database.write(lambda session: index_step(session, 70))

        def fail(session: Any) -> None:
            index_step(session, 70)
            raise OSError("pulled")

        with pytest.raises(OSError, match="pulled"):
            await room.database.write(fail)
        assert await room.database.read(indexed_up_to) == 70
        await room.index.catch_up()
        await room.index.catch_up()
        counted = await room.database.read(
            lambda session: [
                session.sql("SELECT count(*) FROM event_facets")[0][0],
                session.sql("SELECT sum(count) FROM event_minutes")[0][0],
                session.sql("SELECT sum(count) FROM event_hours")[0][0],
                session.sql("SELECT sum(count) FROM event_blocks")[0][0],
            ]
        )
        assert counted == [300] * 4


@pytest.mark.parametrize("include", [True, False])
@pytest.mark.parametrize(
    "text", ["fog", "the fog", "fog*", "message", "FÜR elise", "fur", "elise fur", "call id", "log?"]
)
async def test_what_came_just_now_is_found_as_it_will_be_once_it_is_indexed(
    tmp_path: Path, text: str, include: bool
) -> None:
    said = ("the fog lifts", "foghorn", "fog, the", "für Elise", "fur", "a call_id", "a log", "catalog", "")
    async with a_room(tmp_path / "log") as room:
        await room.say(*(SystemInfo(source="x", message=words) for words in said))
        wanted = only("text", text, include=include)
        # A word that nothing in the index has may go on, so one has to be there.
        await room.database.write(lambda session: index_step(session, 2))
        query = await room.database.read(lambda session: make_query(session, wanted))
        late = [one for one in (await room.found(wanted)) if one > query.mark]
        await room.index.catch_up()
        known = [one for one in (await room.found(wanted)) if one > query.mark]
        assert late == known


async def test_a_row_that_is_no_json_is_found_and_shown(room: Room) -> None:
    changed(
        room.folder, lambda db: db.execute("UPDATE event_log SET data = 'no {json wyvern' WHERE seq = 2500")
    )
    changed(
        room.folder, lambda db: db.execute("UPDATE event_log SET data = '[1, \"basilisk\"]' WHERE seq = 2501")
    )
    await room.index.catch_up()
    assert await room.found(only("text", "wyvern")) == [2500]
    assert await room.found(only("text", "basilisk")) == [2501]
    assert await room.found(only("value", "x", path="provider")) == []
    row = await room.database.read(lambda session: row_of(session, 2500))
    assert row is not None
    assert row.values() == {"unreadable": "no {json wyvern"}


async def test_a_long_value_is_cut_in_a_list_and_whole_by_itself(room: Room) -> None:
    await room.say(SystemInfo(source="x", message="m" * 1_000_000))
    seq = room.log.head[0]
    listed = (await room.database.read(lambda session: rows_of(session, [seq])))[0]
    whole = await room.database.read(lambda session: row_of(session, seq))
    assert not listed.is_whole
    assert len(listed.data) == 2_000
    assert whole is not None
    assert whole.values()["message"] == "m" * 1_000_000


async def test_neighbours_stand_around_a_number(room: Room) -> None:
    found = await room.database.read(lambda session: neighbours_of(session, 100, 2))
    assert [row.seq for row in found] == [98, 99, 100, 101, 102]


def test_a_filter_survives_being_kept() -> None:
    for wanted in FILTERS:
        assert EventFilter.from_json(wanted.to_json()) == wanted


@pytest.mark.parametrize(
    "text",
    ["[]", '{"conditions": [{"field": "data", "value": "x"}]}', '{"conditions": [{"field": "type", "value": 7}]}',
     '{"conditions": [{"field": "value", "value": "x", "path": "a\\"b"}]}', '{"since_us": "now"}', "{"],
)  # fmt: skip
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        EventFilter.from_json(text)
