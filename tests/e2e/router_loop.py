"""A router at work until it is killed: every line it prints is of something that is on the disk."""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path

from tests.fakes.providers import Script, ScriptedProvider, unavailable
from tests.unit.routing.conftest import ask, in_folder
from timmy_desktop.clock import SystemClock
from timmy_desktop.routing.budget import Budget, Price
from timmy_desktop.routing.types import CompletionRequest

ORDER = ("gone", "paid", "home")
PRICE = Price(300_000_000, 1_500_000_000)
BUDGET = 10**9


def providers() -> list[ScriptedProvider]:
    """One that is gone, one that is paid, one at home; the settings name them in another order than ORDER."""
    return [
        ScriptedProvider("home"),
        ScriptedProvider("gone", script=Script.refuses(), state=unavailable()),
        ScriptedProvider("paid", is_remote=True),
    ]


def budget() -> Budget:
    """Of a size that is never used up here."""
    return Budget(clock=SystemClock(), daily_microcents=BUDGET, prices={"paid": PRICE})


async def main(folder: Path) -> None:
    """Asks without end; "answered ID COST" follows what was kept, "asked ID" comes before."""
    made = in_folder(folder)(*providers(), started=True, clock=SystemClock(), budget=budget())
    async with made as bench:
        await bench.router.reorder(ORDER)
        for number in count():
            request: CompletionRequest = ask(f"Question {number}")
            print("asked", request.request_id, flush=True)
            reply = await bench.router.complete(request)
            await bench.router.flush()
            print("answered", request.request_id, reply.cost_microcents, flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
