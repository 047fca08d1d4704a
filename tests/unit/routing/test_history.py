"""What the router kept, read back: series from roll-ups, requests page by page, receipts, thinning."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peewee import SqliteDatabase

from tests.conditions import eventually
from tests.fakes.providers import Script, ScriptedProvider
from tests.unit.routing.conftest import ask
from timmy_desktop.events.routing import RouterHistoryThinned
from timmy_desktop.routing import percentiles
from timmy_desktop.routing.errors import NoProviderError
from timmy_desktop.routing.history import UnknownRequestError
from timmy_desktop.routing.latency import read_series
from timmy_desktop.routing.rollups import bucket_width, fold
from timmy_desktop.routing.types import Message, ToolCall
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.migrations import m0002_router

MINUTE = 60_000_000


async def test_a_request_has_its_receipt(routing):
    dead, alive = ScriptedProvider("dead", script=Script.refuses()), ScriptedProvider("alive")
    async with routing(dead, alive) as bench:
        reply = await bench.router.complete(ask("What is a sat?", task_id="t1"))
        await bench.router.flush()
        receipt = await bench.history.receipt(reply.request_id)
        assert [message.content for message in receipt.messages] == ["What is a sat?"]
        assert [attempt.provider for attempt in receipt.attempts] == ["dead", "alive"]
        assert (receipt.outcome, receipt.provider, receipt.tokens_in) == ("ok", "alive", 7)
        (row,) = await bench.history.requests()
        assert (row.excerpt, row.attempts) == ("What is a sat?", 2)


async def test_failures_are_not_in_the_latency_and_probes_nowhere(routing):
    dead, alive = ScriptedProvider("dead", script=Script.refuses()), ScriptedProvider("alive")
    async with routing(dead, alive) as bench:
        await bench.router.complete(ask())
        await bench.router.complete(ask(purpose="probe"))
        await bench.router.flush()
        for buckets in (1, 60_000):
            series = await bench.history.series(0, 2_000_000_000, buckets)
            found = {entry.provider: entry.buckets for entry in series.providers}
            assert [(b.count, b.failures) for b in found["alive"]] == [(1, 0)]
            assert [(b.count, b.failures, b.p50_ms) for b in found["dead"]] == [(0, 1, None)]
        assert [mark.to_provider for mark in series.failovers] == ["alive"]
        assert [interval.provider for interval in series.circuits] == ["dead"]


@pytest.mark.parametrize("minutes", [1, 5, 60])
async def test_a_single_bucket_is_the_whole_window_wherever_it_begins(routing, minutes):
    async with routing(ScriptedProvider("one")) as bench:
        for _ in range(10):
            bench.clock.seconds += minutes * 6
            await bench.router.complete(ask())
        await bench.router.flush()
        now_us = bench.clock.now_us() + 1
        for shift in range(0, minutes * MINUTE, minutes * MINUTE // 7):
            until_us = now_us + shift // 10
            (one,) = (await bench.history.series(until_us - minutes * MINUTE, until_us, 1)).providers
            (bucket,) = one.buckets
            assert 9 <= bucket.count <= 10


async def test_requests_come_page_by_page_and_by_what_is_wanted(routing):
    first, second = ScriptedProvider("first"), ScriptedProvider("second")
    async with routing(first, second) as bench:
        for number in range(7):
            first.script = Script.refuses() if number == 3 else Script()
            second.script = Script.says_garbage() if number == 3 else Script()
            with suppress(NoProviderError):
                await bench.router.complete(ask(f"Question {number} 100%", task_id=f"t{number}"))
            await bench.router.check_now()
        await bench.router.flush()
        page = await bench.history.requests(limit=3)
        assert [row.task_id for row in page] == ["t6", "t5", "t4"]
        page = await bench.history.requests(limit=3, before=page[-1].id)
        assert [row.task_id for row in page] == ["t3", "t2", "t1"]
        assert [row.task_id for row in await bench.history.requests(outcome="failed")] == ["t3"]
        assert [row.task_id for row in await bench.history.requests(text="question 5")] == ["t5"]
        assert len(await bench.history.requests(text="100%")) == 7
        assert not await bench.history.requests(text="0%%")
        assert [row.task_id for row in await bench.history.requests(provider="second")] == ["t3"]


async def test_a_cancelled_request_is_kept_and_counts_as_neither(routing):
    slow = ScriptedProvider("slow", script=Script(hangs=True))
    async with routing(slow) as bench:
        asking = asyncio.ensure_future(bench.router.complete(ask()))
        await eventually(lambda: slow.open_streams == 1)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await bench.router.flush()
        (row,) = await bench.history.requests()
        assert row.outcome == "cancelled"
        (entry,) = (await bench.history.series(0, 2_000_000_000, 10)).providers
        assert [(b.count, b.failures, b.cancelled) for b in entry.buckets] == [(0, 0, 1)]


async def test_old_requests_are_thinned_and_the_sums_stay(routing):
    async with routing(ScriptedProvider("it")) as bench:
        reply = await bench.router.complete(ask())
        await bench.router.flush()
        before = await bench.history.series(0, 2_000_000_000, 10)
        assert await bench.history.thin_now() == 0
        bench.clock.seconds += 31 * 86_400
        assert await bench.history.thin_now() == 1
        with pytest.raises(UnknownRequestError):
            await bench.history.receipt(reply.request_id)
        assert await bench.rows() == []
        assert await bench.history.series(0, 2_000_000_000, 10) == before
        assert [event.requests for event in await bench.events(RouterHistoryThinned)] == [1]


async def test_a_foreign_prompt_is_kept_as_it_is(routing):
    async with routing(ScriptedProvider("it")) as bench:
        reply = await bench.router.complete(ask("a\x1b[31m\ud800\x00b"))
        await bench.router.flush()
        receipt = await bench.history.receipt(reply.request_id)
        assert receipt.messages[0].content == "a\x1b[31m?\x00b"


def test_every_window_has_at_most_as_many_buckets_as_were_asked_for() -> None:
    for minutes in (1, 5, 60, 24 * 60, 7 * 24 * 60, 31 * 24 * 60):
        width, span = bucket_width(0, minutes * MINUTE, 300)
        assert minutes * MINUTE / width <= 300
        assert not span or width % span == 0
        assert not span or width / span <= 10


milliseconds = st.lists(st.integers(0, 600_000), min_size=1, max_size=60)


@given(st.lists(milliseconds, min_size=1, max_size=8))
def test_merged_histograms_are_those_of_the_whole(parts: list[list[int]]) -> None:
    whole = sorted(value for part in parts for value in part)
    found = percentiles.quantiles([percentiles.added(b"", part) for part in parts], (0.0, 0.5, 1.0))
    assert found is not None
    assert (found[0], found[2]) == (whole[0], whole[-1])
    rank = sum(value <= found[1] for value in whole) / len(whole)
    assert rank >= 0.5 - 0.1 - 1 / len(whole)
    assert sum(percentiles.count(percentiles.added(b"", part)) for part in parts) == len(whole)


ATTEMPT = st.fixed_dictionaries(
    {
        "time_us": st.integers(0, 3 * 1440 * MINUTE),
        "provider": st.sampled_from(("a", "b")),
        "purpose": st.sampled_from(("chat", "agent", "probe")),
        "outcome": st.sampled_from(("ok", "refused", "cancelled")),
        "ttft_ms": st.one_of(st.none(), st.integers(0, 100)),
        "total_ms": st.integers(100, 10_000),
        "tokens_in": st.integers(0, 100),
        "tokens_out": st.integers(0, 100),
        "cost_microcents": st.integers(0, 100),
    }
)


@given(st.lists(ATTEMPT, max_size=30), st.integers(1, 29), st.sampled_from((3, 30, 300, 3000)))
def test_roll_ups_add_up_however_they_were_written(rows: list[Any], cut: int, buckets: int) -> None:
    database = SqliteDatabase(":memory:")
    session = Session(database)
    for statement in m0002_router.METRICS + m0002_router.STORY:
        session.sql(statement)
    for part in (rows[:cut], rows[cut:]):
        fold(session, part)
    series = read_series(session, 0, 3 * 1440 * MINUTE + 1, buckets)
    database.close()
    counted = [row for row in rows if row["purpose"] != "probe"]
    found = [bucket for entry in series.providers for bucket in entry.buckets]
    assert sum(bucket.count for bucket in found) == sum(row["outcome"] == "ok" for row in counted)
    assert sum(bucket.failures for bucket in found) == sum(row["outcome"] == "refused" for row in counted)
    assert sum(bucket.tokens_out for bucket in found) == sum(row["tokens_out"] for row in counted)
    assert all((bucket.p50_ms is None) == (bucket.count == 0) for bucket in found)


async def test_arguments_that_json_cannot_carry_are_kept_in_words(routing):
    it = ScriptedProvider("it")
    it.context_tokens = 40  # type: ignore[attr-defined]
    call = ToolCall("c1", "count", {"to": 2**80, "as": "\ud800"})
    history = (Message("user", "Count."), Message("assistant", "", (call,)), Message("tool", "no", (), "c1"))
    async with routing(it) as bench:
        reply = await bench.router.complete(ask(messages=history, max_tokens=4))
        await bench.router.flush()
        receipt = await bench.history.receipt(reply.request_id)
        (kept,) = receipt.messages[1].tool_calls
        assert str(2**80) in kept["arguments"]["unreadable"]
