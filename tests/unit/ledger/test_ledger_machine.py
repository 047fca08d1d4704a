"""Everything that can happen to money, in any order, twice, late or never told: it adds up at every step.

The node keeps books of its own here. Its answers come in any order (late_answers, time_passes), more than once
(the `times` of rules, look_again) or not at all (lost: the node knows, nobody tells), and it crashes with us.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.fakes.ledger_copies import contents, told_again
from tests.fakes.ledger_world import TREASURY, LedgerWorld, SetClock
from tests.fakes.lightning import FakeLightning
from timmy_desktop.ledger import Limits, PaymentOutcome, book
from timmy_desktop.ledger.errors import LedgerError

T = TypeVar("T")
FEE, CAP = 2, 5
DAY_LIMIT = TREASURY // 4
tasks = st.sampled_from(["one", "two", "three"])
agents = st.sampled_from(["forge", "quill"])
amounts = st.integers(1, TREASURY // 2)
moods = st.sampled_from(["settles", "fails", "silent"])
times = st.integers(1, 3)


class LedgerMachine(RuleBasedStateMachine):
    """The model is small: what each task holds, what is on its way, and what the node's own books say."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory(prefix="timmy-ledger-")
        self.clock = SetClock()
        self.node = FakeLightning(clock=self.clock, fee_msat=FEE, is_simulated=False)
        self.node.local = TREASURY
        self.held: dict[str, tuple[str, int]] = {}
        self.last: dict[str, str] = {}
        self.flying: dict[str, tuple[str, int]] = {}
        self.bills: list[tuple[str, str]] = []
        self.terminal: dict[str, tuple[Any, ...]] = {}
        self.world = self.run(self._open())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def _open(self) -> LedgerWorld:
        world = LedgerWorld(
            Path(self.folder.name), self.node, self.clock, ask_again_seconds=1000,
            limits=Limits(day_msat=DAY_LIMIT, fee_floor_msat=CAP),
        )  # fmt: skip
        await world.__aenter__()
        await world.ledger.reconcile("start")
        return world

    def all_at_once(self, works: list[Coroutine[Any, Any, Any]]) -> list[Any]:
        async def gathered() -> list[Any]:
            return await asyncio.gather(*works, return_exceptions=True)

        found = self.run(gathered())
        strange = [
            error
            for error in found
            if isinstance(error, BaseException) and not isinstance(error, LedgerError)
        ]
        assert not strange, strange
        return found

    # Tasks: escrow at award, pay on a result, refund otherwise.

    @rule(task=tasks, agent=agents, amount=amounts)
    def reserve(self, task: str, agent: str, amount: int) -> None:
        free = self.balances().available_msat
        try:
            self.run(self.world.ledger.reserve(task, agent, amount))
        except LedgerError:
            busy = self.last.get(task) in ("unknown", "settled")
            assert task in self.held or busy or amount + CAP > free
        else:
            assert task not in self.held
            assert self.last.get(task) in (None, "failed")
            self.held[task] = (agent, amount)
            self.last.pop(task, None)

    @rule(task=tasks, mood=moods, times=times)
    def pay(self, task: str, mood: Any, times: int) -> None:
        self.node.mood = mood
        outcomes = self.all_at_once([self.world.ledger.pay(task) for _ in range(times)])
        assert len({type(outcome) for outcome in outcomes}) == 1
        if isinstance(outcomes[0], PaymentOutcome) and outcomes[0].status != "waiting":
            self.learn(task, outcomes[0])

    def learn(self, task: str, outcome: PaymentOutcome) -> None:
        before = self.last.get(task)
        if before in ("settled", "failed"):
            assert outcome.status == before
            return
        if before is None and task in self.held:
            self.flying[task] = self.held.pop(task)
        self.last[task] = outcome.status
        if outcome.status != "unknown":
            _, amount = self.flying.pop(task)
            assert outcome.status == "failed" or (outcome.paid_msat, outcome.fee_msat) == (amount, FEE)

    @rule(task=tasks)
    def refund(self, task: str) -> None:
        released = self.run(self.world.ledger.refund(task, "called off"))
        held = self.held.pop(task, None)
        assert released == (held[1] + CAP if held else 0)

    # Payments to others: the person's own, and those that agents ask for within a limit.

    @rule(amount=amounts, mood=moods, times=times)
    def pay_somebody(self, amount: int, mood: Any, times: int) -> None:
        self.node.mood = mood
        text = self.node.shop_invoice(amount)
        checked = self.run(self.world.ledger.check_invoice(text))
        pays = [self.world.ledger.pay_invoice(text, checked.digest) for _ in range(times)]
        outcomes = [found for found in self.all_at_once(pays) if isinstance(found, PaymentOutcome)]
        assert len(outcomes) <= 1, "two payments of one invoice"
        assert bool(outcomes) == checked.can_be_paid
        self.bills.append((text, checked.digest))

    @rule(number=st.integers(0, 50))
    def pay_again(self, number: int) -> None:
        if self.bills:
            text, digest = self.bills[number % len(self.bills)]
            before = self.asked()
            self.all_at_once([self.world.ledger.pay_invoice(text, digest)])
            known = self.run(self.world.ledger.check_invoice(text)).known
            assert self.asked() == before or known in ("settled", "pending", "failed")

    @rule(amount=amounts, agent=agents, mood=moods)
    def agent_asks(self, amount: int, agent: str, mood: Any) -> None:
        self.node.mood = mood
        text = self.node.shop_invoice(amount)
        asked = self.world.ledger.request_payment(text, agent_id=agent)
        (outcome,) = self.all_at_once([asked])
        if isinstance(outcome, PaymentOutcome) and outcome.status != "waiting":
            assert amount + CAP <= DAY_LIMIT, "more than the day's limit without a person"

    @rule(agree=st.booleans(), seen=st.booleans())
    def decide(self, agree: bool, seen: bool) -> None:
        for approval in self.run(self.world.ledger.approvals())[:1]:
            digest = approval.digest if seen else "0" * 64
            decided = (
                self.world.ledger.approve(approval.id, digest)
                if agree
                else self.world.ledger.refuse(approval.id)
            )
            (found,) = self.all_at_once([decided])
            if agree and not seen:
                assert isinstance(found, LedgerError)
            if not approval.payment_hash and isinstance(found, PaymentOutcome):
                self.learn(approval.task_id, found)
            if not approval.payment_hash and not agree:
                self.held.pop(approval.task_id, None)

    # Invoices of ours: paid exactly, too much, too little, late, or never.

    @rule(amount=amounts)
    def invoice(self, amount: int) -> None:
        self.run(self.world.ledger.create_invoice(amount, "For a friend", expiry_s=600))

    @rule(
        number=st.integers(0, 50),
        percent=st.sampled_from([100, 100, 50, 150]),
        lost=st.booleans(),
        times=times,
    )
    def somebody_pays(self, number: int, percent: int, lost: bool, times: int) -> None:
        """The node has it in any case; when it is lost, nobody hears of it for now."""
        rows = self.rows(
            "SELECT id, payment_hash, amount_msat FROM ledger WHERE type = 'invoice' AND refers_to = ''"
        )
        if rows:
            ledger_id, payment_hash, amount = rows[number % len(rows)]
            self.node.receive(payment_hash, max(1, amount * percent // 100))
            if not lost:
                self.all_at_once([self.world.ledger.ask(ledger_id) for _ in range(times)])

    @rule(number=st.integers(0, 50))
    def cancel(self, number: int) -> None:
        rows = self.rows("SELECT id FROM ledger WHERE type = 'invoice' AND refers_to = ''")
        if rows:
            self.all_at_once([self.world.ledger.cancel_invoice(rows[number % len(rows)][0])])

    @rule()
    def release(self) -> None:
        for item in self.run(self.world.ledger.attention()).held[:1]:
            self.run(self.world.ledger.release(item.ledger_id, "A tip"))

    # The world.

    @rule(settled=st.booleans())
    def late_answers(self, settled: bool) -> None:
        (self.node.settle_held if settled else self.node.fail_held)()
        self.run(self.world.ledger.resolve())
        self.catch_up()

    @rule()
    def the_node_was_wrong(self) -> None:
        """What it had called failed settles all the same: an alarm, and booked when a person says so."""
        self.node.settle_failed()
        self.run(self.world.ledger.reconcile())
        self.catch_up()
        for found in self.run(self.world.ledger.attention()).differences:
            if found.kind == "settled_only_at_node":
                self.run(self.world.ledger.resolve_difference(found.id, "The node says so", book=True))

    @rule()
    def look_again(self) -> None:
        doubts = self.run(self.world.ledger.attention()).doubts
        self.all_at_once([self.world.ledger.ask(doubt.ledger_id) for doubt in doubts for _ in range(2)])
        self.catch_up()

    @rule()
    def crash(self) -> None:
        self.run(self.world.__aexit__())
        self.world = self.run(self._open())
        self.catch_up()

    @rule(seconds=st.integers(1, 10_000))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule()
    def reconcile(self) -> None:
        """Once all is told, ledger and node hold the same, to the millisatoshi."""
        self.run(self.world.ledger.reconcile())
        run = self.run(self.world.ledger.reconcile())
        self.catch_up()
        found = [difference for difference in run.differences if difference.state == "open"]
        assert all(difference.kind == "settled_only_at_node" for difference in found), found
        if not found and not self.rows("SELECT 1 FROM ledger WHERE state = 'pending' AND type = 'payment'"):
            assert self.run(self.world.db.read(book.held_by_node)) == self.node.local

    def catch_up(self) -> None:
        for task in list(self.flying):
            self.learn(task, self.run(self.world.ledger.pay(task)))

    def asked(self) -> int:
        return sum(known.asked for known in self.node.known.values())

    def balances(self) -> Any:
        return self.run(self.world.ledger.balances())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.run(self.world.rows(query))

    @invariant()
    def everything_adds_up(self) -> None:
        self.run(self.world.audited())
        sums = self.balances()
        assert sums.escrow_msat == sum(amount + CAP for _, amount in self.held.values())
        outside = self.rows("SELECT coalesce(sum(amount_msat + fee_cap_msat), 0) FROM ledger"
                            " WHERE type = 'payment' AND state = 'pending'")  # fmt: skip
        assert sums.in_flight_msat == outside[0][0]
        assert sums.available_msat + sums.pending_msat + sums.suspense_msat == (
            sums.incoming_msat - sums.outgoing_msat - sums.fees_msat
        )

    @invariant()
    def what_is_there_is_what_came_less_what_went(self) -> None:
        """From the lines alone, past every running total."""
        sums = self.balances()
        told = self.rows(
            "SELECT coalesce(sum(CASE type WHEN 'deposit' THEN amount_msat WHEN 'invoice' THEN received_msat"
            " ELSE -amount_msat - fee_msat END), 0) FROM ledger"
            " WHERE state = 'settled' AND type IN ('deposit', 'invoice', 'payment', 'reward')"
        )
        there = sums.available_msat + sums.escrow_msat + sums.in_flight_msat + sums.suspense_msat
        assert there == told[0][0]

    @invariant()
    def settled_has_its_preimage(self) -> None:
        rows = self.rows(
            "SELECT preimage, payment_hash FROM ledger"
            " WHERE state = 'settled' AND type IN ('payment', 'invoice')"
        )
        assert all(sha256(bytes.fromhex(preimage)).hexdigest() == digest for preimage, digest in rows)

    @rule()
    def replay(self) -> None:
        """Import after export is identity, and what was added up step by step is what a replay adds up."""
        live, again, first, second = self.run(self.world.db.read(lambda s: (contents(s), *told_again(s))))
        assert again == live
        assert second == first

    @invariant()
    def terminal_stays_terminal(self) -> None:
        rows = self.rows(
            "SELECT id, state, preimage, fee_msat, received_msat, flags FROM ledger WHERE state <> 'pending'"
        )
        found = {row[0]: row[1:] for row in rows}
        assert all(found.get(key) == value for key, value in self.terminal.items())
        self.terminal = found

    def teardown(self) -> None:
        self.replay()
        self.run(self.world.__aexit__())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        self.folder.cleanup()


LedgerMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestLedgerMachine = LedgerMachine.TestCase
