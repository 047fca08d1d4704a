"""Stopping the router: nothing of it goes on, and nobody waits for ever."""

from __future__ import annotations

import asyncio

import pytest

from tests.conditions import eventually
from tests.fakes.providers import ScriptedProvider
from timmy_desktop.routing import lane
from timmy_desktop.routing.types import Health


class SlowToSay(ScriptedProvider):
    """Its health takes until `release`, which may never come."""

    used_after_stop = 0

    async def health(self) -> Health:
        self.probes += 1
        try:
            await self.release.wait()
        finally:
            self.used_after_stop += not self.running
        return self.state


async def test_a_probe_under_way_ends_before_its_provider_is_stopped(routing):
    provider = SlowToSay("slow")
    async with routing(provider, started=True) as bench:
        await eventually(lambda: provider.probes == 1)
        waiting = asyncio.ensure_future(bench.router.check_now())
        await asyncio.sleep(0)
        await bench.router.stop()
        assert not [task for task in asyncio.all_tasks() if "how" in task.get_name()]
        provider.release.set()
        (status,) = await waiting
        assert (status.name, provider.used_after_stop) == ("slow", 0)


async def test_one_who_gives_up_a_probe_does_not_end_it_for_the_others(routing):
    provider = SlowToSay("slow")
    async with routing(provider) as bench:
        first, second = (asyncio.ensure_future(bench.router.check_now()) for _ in range(2))
        await eventually(lambda: provider.probes == 1)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        provider.release.set()
        (status,) = await second
        assert (status.health, provider.probes) == (provider.state, 1)


async def test_the_first_look_may_take_as_long_as_loading_a_library_takes(
    routing, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lane, "PROBE_SECONDS", 0.01)
    slow = SlowToSay("slow")
    async with routing(slow) as bench:
        asyncio.get_running_loop().call_later(0.2, slow.release.set)
        assert (await bench.router.check_now())[0].state == "CLOSED"
        slow.release.clear()
        assert (await bench.router.check_now())[0].state == "OPEN"


async def test_a_status_is_told_where_no_loop_runs(routing):
    """The window asks for it once more while it closes."""
    provider = ScriptedProvider("quick")
    async with routing(provider, started=True) as bench:
        await eventually(lambda: provider.probes == 1)
        (status,) = await asyncio.to_thread(bench.router.status)
        assert status.seconds_to_probe >= 0
