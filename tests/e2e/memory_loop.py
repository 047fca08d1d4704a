"""Stores, changes and forgets until it is killed, and prints what the memory has acknowledged.

Run as `python -m tests.e2e.memory_loop FOLDER ROUND SEED` from the root of the repository.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.fakes.memory_world import MemoryWorld
from timmy_desktop.memory import Asker
from timmy_desktop.memory.index import ChromaIndex
from timmy_desktop.memory.types import Change, NewEntry

WORKERS = 3


class TellingIndex(ChromaIndex):
    """Says before and after each step of the drain, so that one can be killed at any of them."""

    async def put(self, numbers: Sequence[int], vectors: Any) -> None:
        print("putting", len(numbers), flush=True)
        await super().put(numbers, vectors)
        print("put", len(numbers), flush=True)

    async def drop(self, numbers: Sequence[int]) -> None:
        print("dropping", len(numbers), flush=True)
        await super().drop(numbers)
        print("dropped", len(numbers), flush=True)


def world_in(folder: Path) -> MemoryWorld:
    return MemoryWorld(folder, index=TellingIndex(folder / "memory-index"))


async def work(world: MemoryWorld, name: str, chance: random.Random) -> None:
    own: list[str] = []
    number = 0
    asker = Asker("echo", stays_here=True)
    while True:
        number += 1
        deed = chance.random()
        if deed < 0.6 or len(own) < 3:
            content = f"{name} says {number}"
            entry = await world.memory.remember(NewEntry(content=content, type="conversation", owner="echo"))
            own.append(entry.id)
            print("stored", entry.id, content, flush=True)
        elif deed < 0.8:
            content = f"{name} corrects {number}"
            identifier = chance.choice(own)
            print("changing", identifier, content, flush=True)
            await world.memory.change([identifier], Change(content=content))
            print("changed", identifier, content, flush=True)
        else:
            identifier = own.pop(chance.randrange(len(own)))
            print("forgetting", identifier, flush=True)
            await world.memory.forget([identifier], asker=asker)
            print("forgotten", identifier, flush=True)


async def main(folder: Path, name: str, seed: int) -> None:
    async with world_in(folder) as world:
        await asyncio.gather(
            *(work(world, f"{name}-{worker}", random.Random(seed + worker)) for worker in range(WORKERS))
        )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
