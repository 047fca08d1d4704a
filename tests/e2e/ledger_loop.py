"""Reserves, pays, refunds, buys and sells until it is killed, and prints what the ledger has acknowledged.

Run as `python -m tests.e2e.ledger_loop FOLDER ROUND` from the root of the repository.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.fakes.ledger_world import LedgerWorld, SetClock
from timmy_desktop.ledger.backends.embedded import EmbeddedBackend

PRICE = 1000
TREASURY = 10**12
NODE_KEY = b"\x07" * 32
WORKERS = 4


def world_in(folder: Path) -> LedgerWorld:
    clock = SetClock()
    backend = EmbeddedBackend(node_key=lambda: NODE_KEY, clock=clock, journal=folder / "node.jsonl")
    return LedgerWorld(folder, backend, clock, treasury_msat=TREASURY)


async def work(world: LedgerWorld, name: str) -> None:
    number = 0
    while True:
        number += 1
        task = f"{name}-{number}"
        await world.ledger.reserve(task, "forge", PRICE)
        print("reserved", task, flush=True)
        if number % 4 == 0:
            await world.ledger.refund(task, "every fourth")
            print("refunded", task, flush=True)
        else:
            outcome = await world.ledger.pay(task)
            print(outcome.status, task, flush=True)


async def buy(world: LedgerWorld) -> None:
    """Pays the simulated shop."""
    while True:
        text = await world.ledger.simulated_bill(PRICE, "A coffee")
        checked = await world.ledger.check_invoice(text)
        outcome = await world.ledger.pay_invoice(text, checked.digest)
        print("bought", outcome.ledger_id, flush=True)


async def sell(world: LedgerWorld) -> None:
    """Is paid by somebody."""
    while True:
        made = await world.ledger.create_invoice(PRICE, "A picture")
        print("offered", made.ledger_id, flush=True)
        await world.ledger.simulate_receipt(made.ledger_id)
        print("sold", made.ledger_id, flush=True)


async def main(folder: Path, name: str) -> None:
    async with world_in(folder) as world:
        tasks = (work(world, f"{name}-{worker}") for worker in range(WORKERS))
        await asyncio.gather(*tasks, buy(world), sell(world))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
