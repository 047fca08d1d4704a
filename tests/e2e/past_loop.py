"""A swarm in turmoil until it is killed: tasks that fail and are called off, payments that hang, entries, proposals.

Run as `python -m tests.e2e.past_loop FOLDER SEED [pruned]` from the root of the repository; prints a line for each
deed. With `pruned` the log is pruned again and again meanwhile.
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
from timmy_desktop.events.upgrades import (
    UpgradeApplied,
    UpgradeFailed,
    UpgradeRolledBack,
    UpgradeSuspected,
)
from timmy_desktop.identifiers import new_id
from timmy_desktop.ledger import LedgerError, Limits
from timmy_desktop.memory import Asker
from timmy_desktop.memory.errors import MemoryFault
from timmy_desktop.memory.types import PERSON, Change, NewEntry
from timmy_desktop.scrubber.scrubber import Scrubber
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.storage.event_index import EventIndex
from timmy_desktop.storage.event_prune import EventPruning
from timmy_desktop.swarm.errors import SwarmError
from timmy_desktop.upgrades.errors import UpgradeError
from timmy_desktop.upgrades.records import NewProposal, NewRevision, Records
from timmy_desktop.upgrades.types import FileChange, ProofPacket, Proposal, TestReport

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
        auction_seconds=0.2, task_max_attempts=3, limits=Limits(agent_payment_msat=3_000, task_msat=12_500),
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
        said = f"Better words {chance.randrange(10**9)}" if chance.random() < 0.8 else made.content
        await memory.change([made.id], Change(content=said, type="conversation"))
    elif deed < 0.5:
        await (memory.accept if chance.random() < 0.5 else memory.reject)([made.id])
    elif deed < 0.7:
        await memory.forget([made.id], asker=Asker("echo", stays_here=True))
    elif deed < 0.9:
        await _replace(memory, made.id, chance)


async def forget_a_task(world: SwarmWorld, chance: random.Random) -> None:
    """A memory made from a task, forgotten with it."""
    memory: Any = world.memory
    task = await world.coordinator.post(f"Remember the number {chance.randrange(10**9)}")
    await world.coordinator.wait(task)
    made = await memory.remember(
        NewEntry(content=f"From a task, {chance.randrange(10**9)}", task_id=task, owner="echo")
    )
    await memory.forget([made.id], asker=PERSON, sources=chance.random() < 0.7)


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
    allowed = ["docs"] if chance.random() < 0.3 else []
    target = await records.open_target(
        Path("/nowhere") / str(chance.randrange(3)), "main", chance.choice(("", "/usr/bin/python3")), allowed
    )
    if chance.random() < 0.3:
        await records.allow_unsandboxed(target.id, chance.random() < 0.5)
    if chance.random() < 0.2:
        await records.close_target(target.id)
    new = NewProposal(new_id(), target.id, "A change", "What it does.", "Why.", "forge", "task")
    made = await records.propose(new, _revision(chance))
    await _look_into(records, made, chance)
    if chance.random() < 0.4:
        made = await records.revise(made, _revision(chance))
        await records.answer_comments(made)
        await _look_into(records, made, chance)
    deed = chance.random()
    if deed < 0.2:
        await records.reject(made, "person", "Not now.")
    elif deed < 0.3:
        await records.expire(made)
    elif deed < 0.4:
        part = NewProposal(
            new_id(), target.id, "A part", "Some of it.", "Why.", "forge", "part", parent_id=made.id
        )
        digest = made.revision.digest
        await records.accept_part(
            made, part, _revision(chance), "person", "The rest is not needed.", (), digest
        )
    elif deed < 0.9:
        approved = await records.approve(made, made.revision.digest, "person", automatic=deed < 0.5)
        await _carry_out(records, approved, chance)


async def _look_into(records: Records, made: Proposal, chance: random.Random) -> None:
    """Tests run, a proof packet is made and made anew, a reviewer says something and takes it back."""
    for kind in ("base", "branch", "merge"):
        if chance.random() < 0.6:
            outcome = chance.choice(("passed", "failed", "none", "not_run"))
            report = TestReport(kind, "3" * 40, outcome, "Ran.", passed=chance.randrange(9), time_us=1)  # type: ignore[arg-type]
            await records.tested(made, made.revisions, report)
    for _ in range(chance.choice((0, 1, 2))):
        packet = ProofPacket(new_tests=(f"test_{chance.randrange(99)}",))
        await records.proved(made, made.revisions, packet)
    for _ in range(chance.randrange(3)):
        said = await records.comment(
            made, f"Say why, {chance.randrange(10**6)}.", "person", "1.py", 3, chance.choice(("old", "new"))
        )
        if chance.random() < 0.3:
            await records.uncomment(said.id)
    await records.mark_seen(made, "1.py", chance.random() < 0.7)


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
    await records.end(
        made.id, "applied", applied, step="", applied_commit=commit, applied_us=7, canary_until_us=9,
        checkout_note="Left as it is.",
    )  # fmt: skip
    if chance.random() < 0.5:
        await _suspect(records, made, chance)
    if chance.random() < 0.4:
        await records.step(made.id, "undo_move", new_head=undone, old_head=commit)
        back = UpgradeRolledBack(**about, by="person", commit=undone, old_head=commit)
        await records.end(made.id, "rolled_back", back, step="", rolled_back_commit=undone)


async def _suspect(records: Records, made: Proposal, chance: random.Random) -> None:
    suspected = UpgradeSuspected(source="upgrades", upgrade_id=made.id, evidence="A test fails since then.")
    await records.publish(
        suspected,
        work=lambda session: session.sql(
            "UPDATE upgrades SET suspicion = ? WHERE id = ? AND state = 'applied'",
            (suspected.evidence, made.id),
        ),
    )
    if chance.random() < 0.5:
        await records.dismiss(made)


def _files(chance: random.Random) -> tuple[FileChange, ...]:
    return tuple(FileChange(f"{n}.py", f"{n}.py", "modified", n, 1) for n in range(chance.randint(0, 3)))


_PATCH = b"""diff --git a/1.py b/1.py
index 257cc56..5716ca5 100644
--- a/1.py
+++ b/1.py
@@ -1 +1 @@
-old
+new %d
"""


def _revision(chance: random.Random) -> NewRevision:
    patch = _PATCH % chance.randrange(10**6)
    return NewRevision(
        base_commit="0" * 40, target_head="1" * 40, commit="2" * 40, tree="3" * 40, patch=patch,
        digest=chance.randbytes(32).hex(), files=_files(chance), risk=chance.choice(("low", "medium", "high")), risk_reasons=(), conflicts=(),
    )  # fmt: skip


DEEDS: tuple[Deed, ...] = (
    work, work, work, agents, arrange, remember, remember, sell, buy, compare, propose, propose,
    forget_a_task,
)  # fmt: skip


async def prune_again_and_again(world: SwarmWorld, folder: Path, chance: random.Random) -> None:
    """By age and by kind, while everything else goes on."""
    scrubber = Scrubber(database=world.db, key=lambda: world.log.key, every=300)
    index = EventIndex(log=world.log, database=world.db, clock=world.clock, supervisor=world.supervisor)
    pruning = EventPruning(
        bus=world.bus, log=world.log, database=world.db, index=index, clock=world.clock,
        supervisor=world.supervisor, archives=folder / "archives", base=scrubber.base,
    )  # fmt: skip
    await pruning.start()
    while True:
        await asyncio.sleep(chance.uniform(0.1, 0.8))
        types = chance.choice(((), ("task.*", "payment.*"), ("provider.*",), ("memory.*", "upgrade.*")))
        await pruning.prune(
            world.clock.now_us() - chance.randrange(400_000), types, archive=chance.random() < 0.3
        )
        print("pruned", flush=True)


async def one_after_the_other(world: SwarmWorld, chance: random.Random) -> None:
    while True:
        deed = chance.choice(DEEDS)
        try:
            await asyncio.wait_for(deed(world, chance), 3.0)
        except (LedgerError, SwarmError, MemoryFault, StorageError, UpgradeError, TimeoutError) as error:
            print("refused", type(error).__name__, flush=True)
        print(deed.__name__, flush=True)


async def main(folder: Path, seed: int, *, pruned: bool) -> None:
    chance = random.Random(seed)
    async with world_in(folder, chance) as world:
        print("started", flush=True)
        lives = [one_after_the_other(world, random.Random(seed * 10 + n)) for n in range(4)]
        if pruned:
            lives.append(prune_again_and_again(world, folder, random.Random(seed)))
        await asyncio.gather(*lives)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), pruned="pruned" in sys.argv[3:]))
