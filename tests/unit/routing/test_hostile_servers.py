"""Model servers that say absurd things: they cost an attempt at most, never the router or its records."""

from __future__ import annotations

import pytest

from tests.contract.rigs import api_stub, ollama_stub
from tests.fakes.providers import ScriptedProvider
from tests.unit.routing.conftest import ask
from timmy_desktop.events.routing import ProviderCalled
from timmy_desktop.routing.types import MOST_TOKENS, Finished, Usage


@pytest.mark.parametrize(
    ("said", "counted"),
    [(7, 7), (-3, 0), (10**30, MOST_TOKENS), (float("inf"), MOST_TOKENS), (float("nan"), 0), ("7", 0)],
)
def test_an_absurd_token_count_becomes_one_that_can_be_kept(said, counted):
    assert Usage(said, said) == Usage(counted, counted)
    assert type(Usage(said, 0).tokens_in) is int


@pytest.mark.parametrize("make", [ollama_stub, api_stub])
async def test_an_absurd_token_count_ends_neither_the_answer_nor_the_records(make, tmp_path, routing):
    async with make(tmp_path) as rig:
        rig.behave("counts_absurdly")
        (*_, finished) = [delta async for delta in rig.provider.stream(ask())]
        assert isinstance(finished, Finished)
        assert finished.usage.tokens_out == MOST_TOKENS
    provider = ScriptedProvider("absurd")
    async with routing(provider, started=True) as bench:
        provider.usage = finished.usage
        await bench.router.complete(ask())
        await bench.router.complete(ask())
        assert [row["tokens_out"] for row in await bench.rows()] == [MOST_TOKENS, MOST_TOKENS]


async def test_a_record_that_cannot_be_written_costs_no_other(routing, expected_log):
    expected_log("A record of a provider call can't be written")
    async with routing(ScriptedProvider("fine"), started=True) as bench:
        for task in ("t1", "\ud800", "t3"):
            await bench.router.complete(ask(task_id=task))
        assert [row["task_id"] for row in await bench.rows()] == ["t1", "t3"]
        await bench.router.complete(ask(task_id="t4"))
        assert [event.task_id for event in await bench.events(ProviderCalled)] == ["t1", "t3", "t4"]
