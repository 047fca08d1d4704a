"""A swarm in turmoil until it is killed: tasks that fail and are called off, payments that hang, entries, proposals.

Run as `python -m tests.e2e.past_loop FOLDER SEED` from the root of the repository; prints a line for each deed.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.fakes.providers import Script, ScriptedProvider
from tests.fakes.swarm_world import AnsweringProvider, SwarmWorld
from timmy_desktop.events.upgrades import UpgradeApplied, UpgradeFailed, UpgradeRolledBack
from timmy_desktop.identifiers import new_id
from timmy_desktop.ledger import LedgerError
from timmy_desktop.memory import Asker
from timmy_desktop.memory.errors import MemoryFault
from timmy_desktop.memory.types import Change, NewEntry
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.swarm.errors import SwarmError
from timmy_desktop.upgrades.errors import UpgradeError
from timmy_desktop.upgrades.records import NewProposal, NewRevision, Records
from timmy_desktop.upgrades.types import FileChange, Proposal

_MOODS = ("settles", "settles", "settles", "fails", "silent", "lies")
Deed = Callable[[SwarmWorld, random.Random], Awaitable[None]]


def world_in(folder: Path, chance: random.Random) -> SwarmWorld:
    """Three providers, of which one never answers and one fails often."""
    shaky = AnsweringProvider("shaky")
    shaky.answer = lambda _request: chance.choice(
        (Script(words=("Done.",)), Script.refuses(), Script.dies_in_the_middle(), Script(words=()))
    )
    steady = AnsweringProvider("steady")
    steady.answer = lambda _request: (
        Script(words=("Done, slowly.",)) if chance.random() < 0.8 else Script.refuses()
    )
    return SwarmWorld(
        folder, providers=[ScriptedProvider("gone", script=Script.refuses()), shaky, steady], with_memory=True,
        auction_seconds=0.2, task_max_attempts=3,
    )  # fmt: skip


async def work(world: SwarmWorld, chance: random.Random) -> None:
    """A task from post to its end, or called off, or asked for again."""
    limit = chance.choice((0, 0, 0, 1))
    task = await world.coordinator.post(f"Task {chance.randrange(10**6)}", max_price_msat=limit)
    world.backend.mood = chance.choice(_MOODS)
    if chance.random() < 0.2:
        await world.coordinator.cancel(task)
    view = await world.coordinator.wait(task)
    if view.status in ("failed", "cancelled") and chance.random() < 0.3:
        await world.coordinator.retry(task)
        await world.coordinator.wait(task)
    if chance.random() < 0.2:
        world.backend.mood = "settles"
        (world.backend.settle_held if chance.random() < 0.5 else world.backend.fail_held)()


async def agents(world: SwarmWorld, chance: random.Random) -> None:
    one = chance.choice(world.coordinator.agents())
    await (world.registry.pause(one.id) if chance.random() < 0.3 else world.registry.resume(one.id))


async def remember(world: SwarmWorld, chance: random.Random) -> None:
    """Entries come, change hands and sight, are decided about, and go."""
    memory: Any = world.memory
    made = await memory.remember(
        NewEntry(
            content=chance.choice((f"Note {chance.randrange(10**9)}", f"My code is {chance.randrange(10**9)}")),
            type=chance.choice(("conversation", "fact")), pinned=chance.random() < 0.2,
            owner=chance.choice(("echo", "forge")), visibility=chance.choice(("shared", "private")),
            state=chance.choice(("accepted", "proposed")),
        )
    )  # fmt: skip
    deed = chance.random()
    if deed < 0.2:
        await memory.change(
            [made.id], Change(visibility=chance.choice(("shared", "private")), owner="person")
        )
    elif deed < 0.3:
        await memory.pin([made.id], chance.random() < 0.5)
    elif deed < 0.5:
        await (memory.accept if chance.random() < 0.5 else memory.reject)([made.id])
    elif deed < 0.7:
        await memory.forget([made.id], asker=Asker("echo", stays_here=True))
    elif deed < 0.9:
        await _replace(memory, made.id, chance)


async def _replace(memory: Any, entry_id: str, chance: random.Random) -> None:
    """Another takes an entry's place, or two become one; and sometimes the old one comes back."""
    other = await memory.remember(NewEntry(content=f"Better {chance.randrange(10**9)}", owner="echo"))
    if chance.random() < 0.5:
        await memory.supersede(entry_id, other.id)
    else:
        await memory.merge([entry_id, other.id], f"Both {chance.randrange(10**9)}")
    if chance.random() < 0.4:
        await memory.restore(entry_id)


async def arrange(world: SwarmWorld, chance: random.Random) -> None:
    """The person puts the providers in another order, and leaves one out for a while."""
    names = [status.name for status in world.router.status()]
    await world.router.reorder(tuple(chance.sample(names, len(names))))
    one = chance.choice(names)
    await world.router.set_enabled(one, False)
    if chance.random() < 0.9:
        await world.router.set_enabled(one, True)


async def compare(world: SwarmWorld, chance: random.Random) -> None:
    """Ledger and node are compared; a person explains some of what differs."""
    for found in (await world.ledger.reconcile()).differences:
        if found.state == "open" and chance.random() < 0.5:
            await world.ledger.resolve_difference(found.id, "Looked into.")


async def sell(world: SwarmWorld, chance: random.Random) -> None:
    """An invoice of ours: cancelled, paid in full, too little or too much, or left open."""
    made = await world.ledger.create_invoice(chance.randrange(1, 90) * 1000, "A book")
    deed = chance.random()
    if deed < 0.3:
        await world.ledger.cancel_invoice(made.ledger_id)
    if deed < 0.8:
        world.backend.mood = "settles"
        paid = max(1, made.amount_msat + chance.choice((-500, 0, 0, 700)))
        world.backend.receive(made.payment_hash, paid)
        await world.ledger.ask(made.ledger_id)
    for held in (await world.ledger.attention()).held:
        if chance.random() < 0.5:
            await world.ledger.release(held.ledger_id, "A gift.")


async def buy(world: SwarmWorld, chance: random.Random) -> None:
    """A payment to somebody outside, within the limits or above them."""
    world.backend.mood = chance.choice(_MOODS)
    agent = chance.choice(world.coordinator.agents())
    bill = world.backend.shop_invoice(chance.choice((1_000, 5_000, 2_000_000)))
    outcome = await world.ledger.request_payment(bill, agent_id=agent.id)
    if outcome.status != "waiting":
        return
    for approval in await world.ledger.approvals():
        if chance.random() < 0.5:
            await world.ledger.approve(approval.id, approval.digest)
        else:
            await world.ledger.refuse(approval.id, "Too dear.")


async def propose(world: SwarmWorld, chance: random.Random) -> None:
    """A proposal through the states; the tables' triggers hold that none is skipped."""
    records = Records(bus=world.bus, db=world.db, clock=world.clock, timeout_hours=24)
    target = await records.open_target(Path("/nowhere") / str(chance.randrange(3)), "main", "", [])
    new = NewProposal(new_id(), target.id, "A change", "What it does.", "Why.", "forge", "task")
    made = await records.propose(new, _revision(chance))
    if chance.random() < 0.4:
        made = await records.revise(made, _revision(chance))
    deed = chance.random()
    if deed < 0.2:
        await records.reject(made, "person", "Not now.")
    elif deed < 0.3:
        await records.expire(made)
    elif deed < 0.9:
        approved = await records.approve(made, made.revision.digest, "person", automatic=deed < 0.5)
        await _carry_out(records, approved, chance)


async def _carry_out(records: Records, made: Proposal, chance: random.Random) -> None:
    about: Any = {"source": "upgrades", "upgrade_id": made.id}
    if chance.random() < 0.3:
        failed = UpgradeFailed(**about, reason="The tests of the merge did not pass.", can_look_again=False)
        await records.end(made.id, "failed", failed, step="", reason=failed.reason)
        return
    commit, undone = chance.randbytes(20).hex(), chance.randbytes(20).hex()
    await records.step(made.id, "move", new_head=commit, old_head="0" * 40)
    applied = UpgradeApplied(
        **about, commit=commit, old_head="0" * 40, branch="main", digest=made.revision.digest, checkout=""
    )
    await records.end(made.id, "applied", applied, step="", applied_commit=commit)
    if chance.random() < 0.4:
        await records.step(made.id, "undo_move", new_head=undone, old_head=commit)
        back = UpgradeRolledBack(**about, by="person", commit=undone, old_head=commit)
        await records.end(made.id, "rolled_back", back, step="", rolled_back_commit=undone)


def _files(chance: random.Random) -> tuple[FileChange, ...]:
    return tuple(FileChange(f"{n}.py", f"{n}.py", "modified", n, 1) for n in range(chance.randint(0, 3)))


def _revision(chance: random.Random) -> NewRevision:
    patch = chance.randbytes(8)
    return NewRevision(
        base_commit="0" * 40, target_head="1" * 40, commit="2" * 40, tree="3" * 40, patch=patch,
        digest=chance.randbytes(32).hex(), files=_files(chance), risk=chance.choice(("low", "medium", "high")), risk_reasons=(), conflicts=(),
    )  # fmt: skip


DEEDS: tuple[Deed, ...] = (work, work, work, agents, arrange, remember, remember, sell, buy, compare, propose)


async def one_after_the_other(world: SwarmWorld, chance: random.Random) -> None:
    while True:
        deed = chance.choice(DEEDS)
        try:
            await asyncio.wait_for(deed(world, chance), 3.0)
        except (LedgerError, SwarmError, MemoryFault, StorageError, UpgradeError, TimeoutError) as error:
            print("refused", type(error).__name__, flush=True)
        print(deed.__name__, flush=True)


async def main(folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    async with world_in(folder, chance) as world:
        print("started", flush=True)
        await asyncio.gather(*(one_after_the_other(world, random.Random(seed * 10 + n)) for n in range(4)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
