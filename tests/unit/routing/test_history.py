"""What the router kept, read back: series from roll-ups, requests page by page, receipts, thinning."""

from __future__ import annotations

from tests.fakes.providers import Script, ScriptedProvider
from tests.unit.routing.conftest import ask

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
