"""Appending: in order, once, all or nothing, and many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.storage.logs import KEY, open_log
from timmy_desktop.events.base import EventRecord
from timmy_desktop.events.bus import Told
from timmy_desktop.events.codec import EncodingError
from timmy_desktop.events.system import SystemInfo, SystemWarning
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.storage.event_query import latest_events, task_events
from timmy_desktop.storage.verification import verify_log, write_anchor
from timmy_desktop.storage.writer import LoopWriter, Writer, WriterThread

MakeWriter = Callable[[], Writer]


@pytest.fixture(params=[lambda: WriterThread("test-writer"), LoopWriter], ids=["thread", "loop"])
def make_writer(request: pytest.FixtureRequest) -> MakeWriter:
    """The log keeps its promises wherever its writer runs."""
    make: MakeWriter = request.param
    return make


async def test_concurrent_appends_are_numbered_dispatched_in_order_and_verify(
    tmp_path: Path, make_writer: MakeWriter
) -> None:
    seen: list[EventRecord] = []
    async with open_log(tmp_path, make_writer()) as opened:
        opened.bus.subscribe_all(seen.extend)

        async def writer(number: int) -> None:
            for step in range(10):
                await opened.bus.publish(SystemInfo(message=f"{number}.{step}", source="test"))

        await asyncio.gather(*(writer(number) for number in range(50)))
        assert [record.seq for record in seen] == list(range(1, 501))
        for number in range(50):
            mine = [r.event.message for r in seen if r.event.message.startswith(f"{number}.")]  # type: ignore[attr-defined]
            assert mine == [f"{number}.{step}" for step in range(10)]
        write_anchor(tmp_path / "anchor", KEY, *opened.log.head)
        report = await opened.database.read(
            lambda s: verify_log(s, tmp_path / "swarm.db", KEY, tmp_path / "anchor")
        )
        assert report.intact
        assert report.rows == 500
        stored = await opened.database.read(lambda s: latest_events(s, 1000))
        assert stored == seen[::-1]


async def test_a_handler_sees_an_event_before_its_publisher_goes_on(
    tmp_path: Path, make_writer: MakeWriter
) -> None:
    order: list[str] = []
    async with open_log(tmp_path, make_writer()) as opened:
        opened.bus.subscribe(SystemInfo, lambda record: order.append("handler"))
        await opened.bus.publish(SystemInfo(message="x"))
        order.append("publisher")
    assert order == ["handler", "publisher"]


async def test_a_failing_handler_is_logged_and_the_others_go_on(
    tmp_path: Path, make_writer: MakeWriter, caplog: Any
) -> None:
    seen: list[int] = []

    def broken(_: EventRecord) -> None:
        raise ValueError("broken handler")

    async with open_log(tmp_path, make_writer()) as opened:
        opened.bus.subscribe(SystemInfo, broken)
        stop = opened.bus.subscribe(SystemInfo, lambda record: seen.append(record.seq))
        with caplog.at_level("CRITICAL", logger="timmy_desktop.events.bus"):
            await opened.bus.publish(SystemInfo(message="x"))
        stop()
        with caplog.at_level("CRITICAL", logger="timmy_desktop.events.bus"):
            await opened.bus.publish(SystemInfo(message="y"))
    assert seen == [1]


async def test_work_and_events_are_one_transaction(tmp_path: Path, make_writer: MakeWriter) -> None:
    def store(session: Session) -> str:
        session.sql("INSERT INTO meta VALUES ('a', '1')")
        return "stored"

    def store_and_break(session: Session) -> None:
        session.sql("INSERT INTO meta VALUES ('b', '1')")
        raise ValueError("no")

    def store_twice(session: Session) -> None:
        session.sql("INSERT INTO meta VALUES ('a', '2')")

    async with open_log(tmp_path, make_writer()) as opened:
        results = await asyncio.gather(
            opened.bus.publish(SystemInfo(message="before")),
            opened.bus.publish(SystemInfo(message="kept"), work=store),
            opened.bus.publish(SystemInfo(message="lost"), work=store_and_break),
            opened.bus.publish(SystemInfo(message="lost too"), work=store_twice),
            opened.bus.publish(SystemInfo(message="after")),
            return_exceptions=True,
        )
        assert results[1] == "stored"
        assert isinstance(results[2], ValueError)
        assert isinstance(results[3], StorageError)
        rows = await opened.database.read(lambda s: s.sql("SELECT name FROM meta WHERE name IN ('a', 'b')"))
        assert rows == [("a",)]
        events = await opened.database.read(lambda s: latest_events(s, 10))
        assert [e.event.message for e in events] == ["after", "kept", "before"]  # type: ignore[attr-defined]


async def test_a_cancelled_publisher_does_not_hold_up_the_others(
    tmp_path: Path, make_writer: MakeWriter
) -> None:
    async with open_log(tmp_path, make_writer()) as opened:
        waiting = asyncio.ensure_future(opened.bus.publish(SystemInfo(message="cancelled")))
        other = opened.bus.publish(SystemInfo(message="other"))
        waiting.cancel()
        await other
        assert opened.log.head[0] == 2


async def test_emitted_events_are_written_before_flush_returns(
    tmp_path: Path, make_writer: MakeWriter
) -> None:
    async with open_log(tmp_path, make_writer()) as opened:
        for number in range(2500):
            opened.bus.emit(SystemInfo(message=str(number)))
        await opened.log.flush()
        assert opened.log.head[0] == 2500


async def test_a_handler_may_publish(tmp_path: Path, make_writer: MakeWriter) -> None:
    async with open_log(tmp_path, make_writer()) as opened:
        opened.bus.subscribe(SystemInfo, lambda record: opened.bus.emit(SystemWarning(message="heard")))
        await opened.bus.publish(SystemInfo(message="x"))
        await opened.log.flush()
        assert opened.log.head[0] == 2


async def test_reopening_goes_on_where_the_log_ended(tmp_path: Path, make_writer: MakeWriter) -> None:
    async with open_log(tmp_path, make_writer()) as opened:
        await opened.bus.publish(SystemInfo(message="first", task_id="t"))
    async with open_log(tmp_path, make_writer()) as opened:
        await opened.bus.publish(SystemInfo(message="second", task_id="t"))
        events = await opened.database.read(lambda s: task_events(s, "t"))
        assert [(e.seq, e.event.message) for e in events] == [(1, "first"), (2, "second")]  # type: ignore[attr-defined]


async def test_events_that_cannot_be_written_are_refused_at_once(
    tmp_path: Path, make_writer: MakeWriter
) -> None:
    async with open_log(tmp_path, make_writer()) as opened:
        with pytest.raises(EncodingError):
            opened.bus.publish(SystemInfo(message="x", source="a\x1fb"))
        with pytest.raises(EncodingError):
            opened.bus.publish(SystemInfo(message="\ud800"))


async def test_a_full_disk_is_said_and_nothing_is_half_written(
    tmp_path: Path, make_writer: MakeWriter
) -> None:
    async with open_log(tmp_path, make_writer()) as opened:
        await opened.bus.publish(SystemInfo(message="fits"))
        pages = (await opened.database.read(lambda s: s.sql("PRAGMA page_count")))[0][0]
        await opened.database.write(lambda s: s.sql(f"PRAGMA max_page_count = {pages}"))
        with pytest.raises(StorageError, match="disk is full"):
            await opened.bus.publish(SystemInfo(message="x" * 100_000))
        await opened.database.write(lambda s: s.sql("PRAGMA max_page_count = 1000000"))
        await opened.bus.publish(SystemInfo(message="fits again"))
        assert opened.log.head[0] == 2


async def test_those_woken_by_one_commit_share_the_next(tmp_path: Path, make_writer: MakeWriter) -> None:
    batches: list[int] = []
    async with open_log(tmp_path, make_writer()) as opened:
        opened.bus.subscribe_all(lambda records: batches.append(len(records)))

        async def writer() -> None:
            for _ in range(5):
                await opened.bus.publish(SystemInfo(message="x"))

        await asyncio.gather(*(writer() for _ in range(100)))
        assert batches == [100] * 5


async def test_a_short_group_is_all_or_nothing_without_a_transaction_of_its_own(
    tmp_path: Path, make_writer: MakeWriter
) -> None:
    async with open_log(tmp_path, make_writer()) as opened:
        await opened.bus.publish(SystemInfo(message="before"))
        # The third row of the statement fails: its number is taken.
        await opened.database.write(
            lambda s: s.sql("INSERT INTO event_log VALUES (4,0,'x',1,'','','','{}',x'00')")
        )
        with pytest.raises(StorageError):
            await opened.bus.publish(*(SystemInfo(message=str(number)) for number in range(3)))
        rows = await opened.database.read(lambda s: s.sql("SELECT seq FROM event_log ORDER BY seq"))
        assert rows == [(1,), (4,)]
        assert opened.log.head[0] == 1


@pytest.mark.parametrize("count", [1, 99, 100, 101, 250, 1000, 1001])
async def test_any_number_of_events_is_one_append(
    tmp_path: Path, make_writer: MakeWriter, count: int
) -> None:
    async with open_log(tmp_path, make_writer()) as opened:
        await opened.bus.publish(*(SystemInfo(message=str(number)) for number in range(count)))
        records = await opened.database.read(lambda s: latest_events(s, count + 1))
        assert [r.event.message for r in reversed(records)] == [str(number) for number in range(count)]  # type: ignore[attr-defined]


async def test_work_tells_of_what_it_alone_found(tmp_path: Path) -> None:
    async with open_log(tmp_path) as opened:
        found = SystemInfo(source="x", message="found within")
        result = await opened.bus.publish(
            SystemInfo(source="x", message="given"), work=lambda _: Told("result", [found])
        )
        assert result == "result"
        told = await opened.database.read(
            lambda session: session.sql("SELECT json_extract(data, '$.message') FROM event_log ORDER BY seq")
        )
        assert [row[0] for row in told] == ["given", "found within"]


async def test_what_can_not_be_told_undoes_the_work(tmp_path: Path) -> None:
    def work(session: Session) -> Told:
        session.sql("INSERT INTO meta(name, value) VALUES ('of', 'work')")
        return Told(None, [SystemInfo(source="a\x1fb", message="")])

    async with open_log(tmp_path) as opened:
        with pytest.raises(EncodingError):
            await opened.bus.publish(SystemInfo(source="x", message="given"), work=work)
        kept = await opened.database.read(
            lambda session: session.sql("SELECT 1 FROM meta WHERE name = 'of' UNION SELECT 2 FROM event_log")
        )
        assert kept == []
