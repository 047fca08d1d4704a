"""Applies or rolls back an upgrade and kills itself at one step of it, then starts anew and looks.

Run as `python -m tests.e2e.upgrade_crash FOLDER FIRST COUNT` from the root of the repository. Each round is two
processes: one that dies by SIGKILL before or after a step (or at a chance moment), and the next start, which must
find the old commit or the new, finish or undo, and leave the person's files as they were. Prints a line a round.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import random
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.upgrade_world import CHECKS, ActedSandbox, Repo, UpgradeWorld
from timmy_desktop.upgrades.quarantine import Quarantine
from timmy_desktop.upgrades.records import Records
from timmy_desktop.upgrades.target_repository import TargetRepository
from timmy_desktop.upgrades.workshop import Workshop

STEPS: tuple[tuple[type, str], ...] = (
    (Records, "step"), (Records, "tested"), (Records, "end"), (Quarantine, "patched"), (Quarantine, "commit"),
    (Quarantine, "pack"), (TargetRepository, "checkout"), (TargetRepository, "take_in"), (TargetRepository, "move"),
    (TargetRepository, "bring_up"), (TargetRepository, "_done"), (Workshop, "discard"), (ActedSandbox, "run"),
)  # fmt: skip
WAYS = ("apply", "roll back")
MERGED = {"a.txt": "one\nadded\n", "b.txt": "new\n"}


@dataclass(frozen=True)
class Round:
    """Where the process dies: before or after the call of a step, or after so many milliseconds."""

    way: str
    step: tuple[type, str] | None
    before: bool
    dirty: bool
    after_ms: float = 0.0

    @property
    def name(self) -> str:
        where = (
            f"{'before' if self.before else 'after'} {self.step[1]}"
            if self.step
            else f"at {self.after_ms:.0f} ms"
        )
        return f"{self.way} {where}{' dirty' if self.dirty else ''}"


def every_step() -> list[Round]:
    return [
        Round(way, step, before, dirty)
        for way in WAYS
        for step in STEPS
        for before in (True, False)
        for dirty in (False, True)
        if not (dirty and step[1] in ("bring_up", "_done") and step[0] is TargetRepository)
        and not (way == "roll back" and step == (Quarantine, "patched"))
    ]


def at_any_moment(count: int) -> list[Round]:
    chance = random.Random(20261129)
    return [
        Round(chance.choice(WAYS), None, True, chance.random() < 0.3, chance.uniform(0, 450))
        for _ in range(count)
    ]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def armed(round_: Round) -> None:
    """From now on the process dies at its step."""
    if round_.step is None:
        threading.Timer(round_.after_ms / 1000, die).start()
        return
    owner, name = round_.step
    real: Callable[..., Any] = getattr(owner, name)

    async def waited(*arguments: Any, **named: Any) -> Any:
        if round_.before:
            die()
        await real(*arguments, **named)
        die()

    def called(*arguments: Any, **named: Any) -> Any:
        if round_.before:
            die()
        real(*arguments, **named)
        die()

    setattr(owner, name, waited if inspect.iscoroutinefunction(real) else called)


async def doomed(folder: Path, round_: Round) -> None:
    repo = Repo(
        folder / "repo", {"a.txt": "one\n", "gone.txt": "old\n", CHECKS: "test_a: a.txt contains one\n"}
    )
    repo.branch("feature", **MERGED, **{"gone.txt": None})
    async with UpgradeWorld(folder / "data") as world:
        proposal = await world.proposed(repo)
        if round_.way == "roll back":
            proposal = await world.approved(proposal)
            assert proposal.state == "applied", proposal.reason
            rehearsed = await world.queue.rehearse_roll_back(proposal.id)
        make_dirty(repo, round_)
        armed(round_)
        if round_.way == "apply":
            await world.approved(proposal)
        else:
            await world.queue.roll_back(proposal.id, rehearsed)
            await world.queue.settled()
        if round_.step is None:
            signal.pause()  # the moment comes after all is done


def make_dirty(repo: Repo, round_: Round) -> None:
    if round_.dirty:
        repo.write(**{"a.txt": "the person's own work\n", "mine.txt": "mine\n"})


def touched(repo: Repo) -> dict[str, str]:
    return {
        str(path.relative_to(repo.folder)): path.read_text()
        for path in repo.folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(repo.folder).parts
    }


def settled_git(repo: Repo) -> None:
    """A git process that outlived its parent ends by itself."""
    deadline = time.monotonic() + 10
    while list((repo.folder / ".git").rglob("*.lock")) and time.monotonic() < deadline:
        time.sleep(0.01)


async def looked_at(folder: Path, round_: Round) -> str:
    repo = Repo.__new__(Repo)
    repo.folder = folder / "repo"
    settled_git(repo)
    log = repo.git("log", "--format=%s", "main").splitlines()
    applied = [["A change", "the beginning"], ["the beginning"]]
    undone = [['Roll back "A change"', "A change", "the beginning"], ["A change", "the beginning"]]
    before = touched(repo)
    assert log in (applied if round_.way == "apply" else undone), f"in between: {log}"
    repo.git("fsck", "--no-dangling")
    if round_.dirty:
        assert before["a.txt"] == "the person's own work\n"
        assert before["mine.txt"] == "mine\n"
    async with UpgradeWorld(folder / "data") as world:
        await world.queue.settled()
        (proposal,) = await world.queue.proposals()
        log = repo.git("log", "--format=%s", "main").splitlines()
        wanted = {"proposed": applied[1], "applied": applied[0], "rolled_back": undone[0]}
        assert log == wanted[proposal.state], f"{proposal.state}: {log} {proposal.reason}"
        is_on = proposal.state == "applied"
        assert repo.read("a.txt") == ("one\nadded" if is_on else "one")
        kept = [proposal.id] if proposal.state == "proposed" else []
        assert world.left() == kept, world.left()
    assert not list((repo.folder / ".git").rglob("*.lock"))
    if round_.dirty:
        assert touched(repo) == before, "the person's files were touched"
    else:
        assert repo.status() == "", repo.status()
        assert touched(repo).get("b.txt") == ("new\n" if is_on else None)
    return proposal.state


def in_child(work: Callable[[], Any]) -> int:
    """The status of a process of its own that did `work`; as `os.waitpid` gives it."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        said = work()
        print(said, end=" ", flush=True)
    except BaseException:  # noqa: BLE001 - told, and the status says it
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main(folder: Path, rounds: list[Round]) -> int:
    faults = 0
    for number, round_ in enumerate(rounds):
        place = folder / str(number)
        place.mkdir()
        status = in_child(lambda place=place, round_=round_: asyncio.run(doomed(place, round_)) or "")
        was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if not was_killed:
            print(f"FAULT {round_.name}: it was not killed", flush=True)
            faults += 1
            continue
        status = in_child(lambda place=place, round_=round_: asyncio.run(looked_at(place, round_)))
        print(f"{'FAULT' if status else 'held'} {round_.name}", flush=True)
        faults += bool(status)
        subprocess.run(["rm", "-rf", str(place)], check=False)
    return faults


if __name__ == "__main__":
    wanted = at_any_moment(int(sys.argv[3])) if sys.argv[2] == "chance" else every_step()
    sys.exit(min(main(Path(sys.argv[1]), wanted), 100))
