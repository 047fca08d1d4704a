"""Folding is pure: in pieces or at once it comes to the same, and what it doesn't know it leaves out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant

from tests.fakes.past_tables import differences, plain, seen
from tests.unit.ledger.test_ledger_machine import LedgerMachine
from timmy_desktop.events import agents, memory, payments, routing, tasks, upgrades
from timmy_desktop.events.base import Event, EventRecord, UnknownEvent
from timmy_desktop.events.codec import decode, event_types
from timmy_desktop.scrubber.fold import COUNTED_TYPES, fold
from timmy_desktop.scrubber.past import counted
from timmy_desktop.scrubber.world import World

GOLDEN = json.loads((Path(__file__).parents[1] / "events" / "golden.json").read_text())
ENVELOPE = {"source": "test", "task_id": "t1", "agent_id": "a1"}


def records(events: Sequence[Event], start: int = 1) -> list[EventRecord]:
    return [EventRecord(number, number * 1_000, event, b"") for number, event in enumerate(events, start)]


def world_of(*events: Event) -> World:
    return fold(World(), records(events))


TASKS = st.sampled_from(["t1", "t2", "t3"])
AGENTS = st.sampled_from(["a1", "a2"])
HASHES = st.sampled_from(["h1", "h2"])
MSAT = st.integers(0, 9)


def _made(event_type: type[Event]) -> st.SearchStrategy[Event]:
    """Events of a type that is counted, about few things, so that they meet."""
    fields: dict[str, Any] = dict(GOLDEN[event_type.type]["fields"])
    few: dict[str, st.SearchStrategy[Any]] = {
        "task_id": TASKS, "agent_id": AGENTS, "payment_hash": HASHES, "amount_msat": MSAT, "fee_msat": MSAT,
        "received_msat": MSAT, "price_msat": MSAT, "provider": st.sampled_from(["p", "q"]),
        "upgrade_id": st.sampled_from(["u1", "u2"]), "approval_id": HASHES, "difference_id": HASHES,
        "entries": st.lists(st.sampled_from(["m1", "m2", "m3"]), max_size=2), "winner": AGENTS,
    }  # fmt: skip
    drawn = {name: few.get(name, st.just(value)) for name, value in fields.items()}
    return st.builds(event_type, **drawn)


COUNTED = [event_types()[name] for name in sorted(COUNTED_TYPES)]
STORY = st.lists(st.sampled_from(COUNTED).flatmap(_made), max_size=60)


@settings(max_examples=150, deadline=None)
@given(STORY, st.lists(st.integers(0, 60), max_size=4))
def test_in_pieces_or_at_once_it_comes_to_the_same(story: list[Event], cuts: list[int]) -> None:
    every = records(story)
    whole = fold(World(), every)
    world, kept = World(), []
    places = [0, *sorted(min(cut, len(every)) for cut in cuts), len(every)]
    for low, high in pairwise(places):
        kept.append((world, plain(world)))
        world = fold(world, every[low:high])
    assert world == whole
    assert plain(world) == plain(whole)
    assert all(plain(snapshot) == before for snapshot, before in kept), "a snapshot changed"


def test_what_is_not_known_is_skipped_and_newer_versions_are_counted() -> None:
    story = [
        tasks.TaskCreated(task_id="t1", text="Count to ten"),
        UnknownEvent(type_name="robot.rebelled", type_version=1, data={}, task_id="t1"),
        UnknownEvent(type_name="task.failed", type_version=9, data={"reason": []}, task_id="t1"),
        tasks.TaskStarted(task_id="t1"),
    ]
    world = world_of(*story)
    assert [task.status for task in world.tasks] == ["running"]
    assert (world.skipped, world.seq) == (1, 4)


def test_events_of_before_the_new_fields_still_count() -> None:
    """What an older version wrote has fewer fields; it is read with what they meant then."""

    def old(kind: str, /, **data: Any) -> Event:
        return decode(kind, 1, ENVELOPE, json.dumps(data))

    world = world_of(
        old("agent.joined", name="Echo", role="research"),
        old("agent.status_changed", old="idle", new="busy"),
        old("task.created", text="x", local_only=False, max_price_msat=0),
        old("payment.deposited", amount_msat=100, memo="", simulated=True),
        old("payment.reserved", amount_msat=40, simulated=True),
        old("task.assigned", price_msat=40, attempt=1),
        old(
            "invoice.created",
            payment_hash="h",
            amount_msat=40,
            simulated=True,
            bolt11="",
            memo="",
            expires_us=1,
        ),
        old("payment.sent", payment_hash="h", amount_msat=40, simulated=True),
        old("payment.settled", payment_hash="h", amount_msat=40, simulated=True, fee_msat=0, preimage=""),
    )
    assert world.skipped == 0
    assert [(agent.status, agent.completed) for agent in world.agents] == [("busy", 0)]
    assert [task.paid_msat for task in world.tasks] == [40]
    assert {one.name: one.balance_msat for one in world.accounts if one.balance_msat} == {
        "outside": -100, "treasury": 60, "agent:a1": 40,
    }  # fmt: skip


def test_what_was_forgotten_is_not_there_and_no_word_of_it_ever_was() -> None:
    told = memory.MemoryStored(entries=["m1", "m2"], entry_type="fact", owner="echo", visibility="private")
    world = world_of(told, memory.MemoryForgotten(entries=["m1"], reason="asked"))
    assert [one.id for one in world.memories] == ["m2"]
    assert dict(world.memories.counts) == {"fact/private/accepted": 1}
    shared = fold(
        world, records([memory.MemoryUpdated(entries=["m2"], what="changed", visibility="shared")], 3)
    )
    assert dict(shared.memories.counts) == {"fact/shared/accepted": 1}


def test_a_failed_payment_is_refunded_once() -> None:
    put: dict[str, Any] = {"task_id": "t1", "agent_id": "a1", "amount_msat": 40, "simulated": True}
    failed = payments.PaymentFailed(**put, payment_hash="", reason="No invoice.")
    refunded = payments.PaymentRefunded(**put, reason="No invoice.")
    begun = [
        payments.SatsDeposited(amount_msat=100, memo="", simulated=True),
        payments.SatsReserved(**put, fee_cap_msat=5),
    ]
    world = world_of(*begun, failed, refunded)
    assert {one.name: one.balance_msat for one in world.accounts} == {
        "outside": -100,
        "treasury": 100,
        "escrow": 0,
    }
    assert [one.type for one in world.transactions] == ["deposit", "reserve", "payment"]
    called_off = world_of(
        *begun, payments.PaymentRefunded(**{**put, "amount_msat": 45}, reason="Called off.")
    )
    assert [one.type for one in called_off.transactions] == ["deposit", "reserve", "refund"]


def test_a_provider_the_person_left_out() -> None:
    world = world_of(
        routing.CircuitOpened(provider="api", reason="refused", failures=5),
        routing.ProviderDisabled(provider="api"),
        routing.CircuitHalfOpened(provider="api"),
        routing.ProvidersReordered(order=["api", "ollama"]),
    )
    [api] = world.providers
    assert (api.circuit, api.disabled, world.order) == ("HALF_OPEN", True, ("api", "ollama"))


def test_who_left_is_stopped_and_tests_are_told() -> None:
    world = world_of(
        agents.AgentJoined(agent_id="a1", name="Echo", role="r", completed=4, failed=1),
        agents.AgentLeft(agent_id="a1", name="Echo", reason="closing"),
        upgrades.UpgradeProposed(
            upgrade_id="u1", target_id="x", title="T", proposer="forge", digest="d", base="b", files=1, added=2,
            removed=3, risk="low",
        ),
        upgrades.UpgradeTested(
            upgrade_id="u1", revision=1, which="merge", outcome="failed", passed=3, failed=1, errors=1, skipped=0,
            duration_ms=9,
        ),
    )  # fmt: skip
    assert [(one.status, one.completed, one.failed) for one in world.agents] == [("stopped", 4, 1)]
    assert [one.tests for one in world.upgrades] == ["merge: failed, 3 passed, 2 failed"]


class PastMachine(LedgerMachine):
    """Everything that can happen to money; after each of it the folded book is the table's."""

    def __init__(self) -> None:
        self.folded = World()
        super().__init__()

    async def _read(self) -> tuple[list[EventRecord], Any]:
        return await self.world.db.read(
            lambda session: (counted(session, self.folded.seq, 2**60), seen(session.connection))
        )

    @invariant()
    def the_fold_says_what_the_tables_hold(self) -> None:
        new, tables = self.run(self._read())
        self.folded = fold(self.folded, new)
        found = plain(self.folded)
        for name in ("accounts", "ledger", "notes", "entry_balances", "ledger_approvals"):
            assert not differences(found, {name: tables.plain[name]}), (
                name,
                differences(found, {name: tables.plain[name]}),
            )


PastMachine.TestCase.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
TestPastMachine = PastMachine.TestCase


def test_older_events_that_say_less_leave_what_they_dont_tell() -> None:
    proposed = {"target_id": "t", "title": "x", "proposer": "forge", "digest": "", "base": ""}
    world = world_of(
        memory.MemoryStored(entries=["m1", "m2"], entry_type="fact", owner="echo", visibility="shared", pinned=True),
        memory.MemoryUpdated(entries=["m1"], what="superseded"),
        memory.MemoryUpdated(entries=["m2"], what="changed owner", owner="person"),
        upgrades.UpgradeProposed(upgrade_id="u", **proposed, files=3, added=4, removed=5, risk="high"),
        upgrades.UpgradeRevised(upgrade_id="u", revision=2, digest="", base="", note=""),
    )  # fmt: skip
    first, second = world.memories.get("m1"), world.memories.get("m2")
    assert first is not None
    assert second is not None
    assert (first.pinned, bool(first.superseded_by)) == (True, True)
    assert (second.pinned, second.superseded_by, second.owner) == (True, "", "person")
    proposal = world.upgrades.get("u")
    assert proposal is not None
    assert (proposal.revision, proposal.files, proposal.risk) == (2, 3, "high")
