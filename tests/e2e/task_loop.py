"""Posts tasks to real services with an instant model, and says which were acknowledged and which ended.

Run as a process of its own, to be killed: `python -m tests.e2e.task_loop FOLDER`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.fakes.providers import Script, ScriptedProvider
from timmy_desktop.bootstrap import build
from timmy_desktop.paths import Paths
from timmy_desktop.services import Services
from timmy_desktop.settings import Settings

IN_FLIGHT = 8


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def services(folder: Path) -> Services:
    """Real services over the folder; the model answers at once."""
    # As many attempts as there may be: that a task is given up after some kills is another test.
    settings = Settings(task_max_attempts=6)
    return build(settings, Paths.default(folder), [ScriptedProvider(script=Script(words=("Done.",)))])


async def one(running: Services, number: int) -> None:
    task_id = await running.coordinator.post(f"Task {number}")
    say(f"posted {task_id}")
    task = await running.coordinator.wait(task_id)
    if task.paid_msat:
        say(f"paid {task_id} {task.paid_msat}")


async def main(folder: Path) -> None:
    running = services(folder)
    await running.start("crash test")
    say("started -")
    number = 0
    while True:
        await asyncio.gather(*(one(running, number + offset) for offset in range(IN_FLIGHT)))
        number += IN_FLIGHT


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
