"""What goes on after a restart: circuits, the person's order and switches; and how the router is steered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.providers import FakeClock, Script, ScriptedProvider, unavailable
from tests.unit.routing.conftest import ask
from timmy_desktop.events.routing import (
    ProviderDisabled,
    ProviderEnabled,
    ProvidersReordered,
    ProviderTried,
)
from timmy_desktop.routing.errors import BadKey, NoProviderError, RateLimited, RouterError
from timmy_desktop.routing.rehearsal import replay
from timmy_desktop.routing.types import Health

FOREVER = (0, 10**18)


def loading_forever(name: str, **fields: Any) -> ScriptedProvider:
    """One whose free probe brings nothing new."""
    return ScriptedProvider(name, state=unavailable(), **fields)


async def test_a_dead_provider_stays_out_until_a_probe_says_otherwise(routing: Any) -> None:
    clock, alive = FakeClock(), ScriptedProvider("alive")
    dead = loading_forever("dead", script=Script.refuses())
    async with routing(dead, alive, clock=clock) as bench:
        await bench.router.complete(ask())
    dead.requests.clear()
    clock.seconds += 3600
    async with routing(dead, alive, clock=clock) as bench:
        await bench.router._resume()
        assert bench.router.status()[0].state == "OPEN"
        assert "Nothing" in bench.router.status()[0].reason
        assert (await bench.router.complete(ask())).provider == "alive"
        assert not dead.requests
        dead.state, dead.script = Health("ready"), Script()
        await bench.router.check_now()
        assert (await bench.router.complete(ask())).provider == "dead"
        await bench.router.flush()
        recording = await bench.history.recording(*FOREVER)
        assert replay(recording, bench.router.policy()).is_identical


async def test_a_rate_limit_is_waited_out_across_a_restart(routing: Any) -> None:
    clock, other = FakeClock(), ScriptedProvider("other")
    limited = ScriptedProvider("limited", script=Script(words=(), error=RateLimited("Wait.", 120.0)))
    async with routing(limited, other, clock=clock) as bench:
        await bench.router.complete(ask())
    limited.script = Script()
    clock.seconds += 60
    async with routing(limited, other, clock=clock) as bench:
        await bench.router._resume()
        assert 59 <= bench.router.status()[0].seconds_to_trial <= 61
        assert (await bench.router.complete(ask())).provider == "other"
        clock.seconds += 61
        assert (await bench.router.complete(ask())).provider == "limited"


async def test_a_bad_key_is_remembered(routing: Any) -> None:
    clock, other = FakeClock(), ScriptedProvider("other")
    wrong = ScriptedProvider("api", script=Script(words=(), error=BadKey("The key is not accepted.")))
    refused = Health("not_configured", "The key is not accepted.")
    wrong.health_of = lambda: refused if wrong.requests else Health("ready")
    for _ in range(2):
        async with routing(wrong, other, clock=clock) as bench:
            await bench.router._resume()
            await bench.router.complete(ask())
    assert len(wrong.requests) == 1


async def test_the_order_and_the_switches_hold_at_once_and_after_a_restart(routing: Any) -> None:
    first, second = ScriptedProvider("first"), ScriptedProvider("second")
    async with routing(first, second) as bench:
        await bench.router.reorder(["second", "first"])
        assert (await bench.router.complete(ask())).provider == "second"
        await bench.router.set_enabled("second", False)
        reply = await bench.router.complete(ask())
        assert reply.provider == "first"
        assert reply.skipped[0].reason == "it is switched off."
        assert [event.order for event in await bench.events(ProvidersReordered)] == [["second", "first"]]
        assert [event.provider for event in await bench.events(ProviderDisabled)] == ["second"]
    async with routing(first, second) as bench:
        await bench.router._resume()
        assert [status.name for status in bench.router.status()] == ["second", "first"]
        assert (await bench.router.complete(ask())).provider == "first"
        await bench.router.set_enabled("second", True)
        assert (await bench.router.complete(ask())).provider == "second"
        assert [event.provider for event in await bench.events(ProviderEnabled)] == ["second"]
    async with routing(second, first, ScriptedProvider("third")) as bench:
        await bench.router._resume()
        # The settings were changed since: they say it now.
        assert [status.name for status in bench.router.status()] == ["second", "first", "third"]


async def test_an_order_that_forgets_one_is_refused(routing: Any) -> None:
    async with routing(ScriptedProvider("first"), ScriptedProvider("second")) as bench:
        for names in (["first"], ["first", "first"], ["first", "third"]):
            with pytest.raises(RouterError, match="each provider once"):
                await bench.router.reorder(names)
        with pytest.raises(RouterError, match="There is no provider 'third'"):
            await bench.router.set_enabled("third", True)


async def test_trying_now_brings_a_provider_back_before_its_time(routing: Any) -> None:
    limited = ScriptedProvider("limited", script=Script(words=(), error=RateLimited("Wait.", 900.0)))
    async with routing(limited) as bench:
        with pytest.raises(NoProviderError):
            await bench.router.complete(ask())
        limited.script = Script()
        assert (await bench.router.try_now("limited")).state == "CLOSED"
        (tried,) = await bench.events(ProviderTried)
        assert (tried.provider, tried.state) == ("limited", "ready")
        recording = await bench.history.recording(*FOREVER)
        assert replay(recording, bench.router.policy()).is_identical


async def test_trying_in_vain_says_why(routing: Any) -> None:
    dead = ScriptedProvider("dead", script=Script.refuses())
    async with routing(dead) as bench:
        with pytest.raises(NoProviderError):
            await bench.router.complete(ask())
        assert (await bench.router.try_now("dead")).state in ("OPEN", "CLOSED")
        await bench.router.set_enabled("dead", False)
        with pytest.raises(RouterError, match="switched off"):
            await bench.router.try_now("dead")
