"""Reserve, pay, refund, crash and late answers in any order: every sat is accounted for at every step."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.fakes.ledger_world import TREASURY, LedgerWorld, SetClock
from tests.fakes.lightning import FakeLightning
from timmy_desktop.ledger import Limits, PaymentOutcome
from timmy_desktop.ledger.errors import LedgerError

T = TypeVar("T")
tasks = st.sampled_from(["one", "two", "three"])
agents = st.sampled_from(["forge", "quill"])
amounts = st.integers(1, TREASURY // 2)
moods = st.sampled_from(["settles", "fails", "silent"])


class LedgerMachine(RuleBasedStateMachine):
    """The model is small: what each task holds, and what became of its last payment."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory(prefix="timmy-ledger-")
        self.clock = SetClock()
        self.node = FakeLightning(clock=self.clock, fee_msat=2)
        self.held: dict[str, tuple[str, int]] = {}
        self.last: dict[str, str] = {}
        self.flying: dict[str, tuple[str, int]] = {}
        self.earned: dict[str, int] = {"forge": 0, "quill": 0}
        self.fees = 0
        self.terminal: dict[str, tuple[Any, ...]] = {}
        self.world = self.run(self._open())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def _open(self) -> LedgerWorld:
        world = LedgerWorld(
            Path(self.folder.name), self.node, self.clock, limits=Limits(fee_floor_msat=5), ask_again_seconds=1000
        )
        return await world.__aenter__()

    @rule(task=tasks, agent=agents, amount=amounts)
    def reserve(self, task: str, agent: str, amount: int) -> None:
        free = self.available()
        try:
            self.run(self.world.ledger.reserve(task, agent, amount))
        except LedgerError:
            assert task in self.held or self.last.get(task) in ("unknown", "settled") or amount > free
        else:
            assert task not in self.held
            assert self.last.get(task) in (None, "failed")
            assert amount <= free
            self.held[task] = (agent, amount)
            self.last.pop(task, None)

    @rule(task=tasks, mood=moods, times=st.integers(1, 3))
    def pay(self, task: str, mood: Any, times: int) -> None:
        self.node.mood = mood
        free = self.available()

        async def at_once() -> list[Any]:
            return await asyncio.gather(
                *(self.world.ledger.pay(task) for _ in range(times)), return_exceptions=True
            )

        outcomes = self.run(at_once())
        assert all(type(outcome) is type(outcomes[0]) for outcome in outcomes)
        outcome = outcomes[0]
        if isinstance(outcome, LedgerError):
            assert (task not in self.held and self.last.get(task) is None) or free < 5
        else:
            self.learn(task, outcome)

    def learn(self, task: str, outcome: PaymentOutcome) -> None:
        before = self.last.get(task)
        if before in ("settled", "failed"):
            assert outcome.status == before
            return
        if before is None:
            self.flying[task] = self.held.pop(task)
        self.last[task] = outcome.status
        if outcome.status == "unknown":
            return
        agent, amount = self.flying.pop(task)
        if outcome.status == "settled":
            assert (outcome.paid_msat, outcome.fee_msat) == (amount, 2)
            self.earned[agent] += amount
            self.fees += 2

    @rule(task=tasks)
    def refund(self, task: str) -> None:
        released = self.run(self.world.ledger.refund(task, "called off"))
        _, amount = self.held.pop(task, ("", 0))
        assert released == amount

    @rule(settled=st.booleans())
    def late_answers(self, settled: bool) -> None:
        (self.node.settle_held if settled else self.node.fail_held)()
        self.run(self.world.ledger.resolve())
        self.catch_up()

    @rule()
    def crash(self) -> None:
        self.run(self.world.__aexit__())
        self.world = self.run(self._open())
        self.catch_up()

    @rule(seconds=st.integers(1, 10_000))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    def catch_up(self) -> None:
        for task in list(self.flying):
            self.learn(task, self.run(self.world.ledger.pay(task)))

    def available(self) -> int:
        return self.run(self.world.ledger.balances()).available_msat

    @invariant()
    def everything_adds_up(self) -> None:
        self.run(self.world.audited())
        sums = self.run(self.world.ledger.balances())
        assert sums.escrow_msat == sum(amount for _, amount in self.held.values())
        assert sums.in_flight_msat == sum(amount + 5 for _, amount in self.flying.values())
        assert sums.outgoing_msat == sum(self.earned.values())
        assert (sums.fees_msat, sums.incoming_msat) == (self.fees, TREASURY)
        assert sums.available_msat >= 0

    @invariant()
    def terminal_stays_terminal(self) -> None:
        rows = self.run(self.world.rows("SELECT * FROM ledger WHERE state <> 'pending'"))
        now = {row[0]: row for row in rows}
        assert {key: now.get(key) for key in self.terminal} == self.terminal
        self.terminal = now

    def teardown(self) -> None:
        self.run(self.world.__aexit__())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        self.folder.cleanup()


LedgerMachine.TestCase.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
TestLedgerMachine = LedgerMachine.TestCase
