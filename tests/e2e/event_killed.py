"""A log that is appended to, indexed and pruned until somebody kills it: what test_event_kills starts.

It imports once and then works in forks, so that a hundred kills do not cost a hundred starts.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from pathlib import Path

from tests.unit.storage.event_logs import a_room


async def work(folder: Path, seed: int) -> None:
    """Never ends by itself."""
    dice = random.Random(seed)
    async with a_room(folder) as room:
        room.clock.seconds += seed * 1_000
        room.anchor()
        await room.pruning._finish(lambda *_: None)
        print("working", flush=True)
        for number in range(10_000):
            await room.tell(dice.randrange(5, 40), seed=dice.randrange(10**6))
            room.anchor()
            if number % 3 == 2:
                types = dice.choice([(), ("tool.*",), ("provider.called", "bid.submitted")])
                await room.pruning.prune(room.clock.now_us() - 30_000_000, types, archive=dice.random() < 0.5)
            else:
                await room.index.catch_up()


def main(folder: Path, kills: int) -> None:
    dice = random.Random(11)
    for number in range(kills):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(writing, 1)
            asyncio.run(work(folder, number + 1))
        os.close(writing)
        os.read(reading, 1)  # it has opened the log and works
        os.close(reading)
        time.sleep(dice.uniform(0.001, 0.12))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        print(number, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
