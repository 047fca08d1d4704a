"""The ledger's face to its dock: what it says a test chooses, and what it was told to do is noted."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from timmy_desktop.ledger.book import Balances
from timmy_desktop.ledger.errors import InvoiceError
from timmy_desktop.ledger.money import Msat
from timmy_desktop.ledger.types import (
    Approval,
    Attention,
    CheckedInvoice,
    Difference,
    Doubt,
    Held,
    NodeHealth,
    OpenInvoice,
    PaymentOutcome,
    Reconciliation,
)

NOW_US = 1_790_000_000_000_000
SECOND = 1_000_000
BOLT11 = "lnbcrt12340n1p" + "qpzry9x8gf2tvdw0s3jn54khce6mua7l" * 8
PAYEE = "02" + "ab" * 32
AGREES = Reconciliation(
    id="r1", asked_by="person", state="agrees", backend="embedded", network="regtest", node_id=PAYEE, height=812,
    book_msat=Msat(44_993_977), node_msat=Msat(44_993_977), checked=312, open=0, detail="", started_us=NOW_US - 3600 * SECOND,
    finished_us=NOW_US - 3600 * SECOND,
)  # fmt: skip


class FakeBook:
    """`done` lists what was asked of it; `fault` is what it raises next; `gate` holds a payment back."""

    is_simulated = True

    def __init__(self, balances: Balances | None = None, attention: Attention | None = None) -> None:
        self.standing = balances or Balances(available_msat=Msat(44_993_977), incoming_msat=Msat(105_999_000))
        self.needs = attention or Attention()
        self.compared: Reconciliation | None = AGREES
        self.done: list[tuple[Any, ...]] = []
        self.fault: Exception | None = None
        self.outcome = PaymentOutcome("settled", Msat(1_234_000), Msat(3_000), "ab" * 32)
        self.gate: asyncio.Event | None = None
        self.problems: tuple[str, ...] = ()
        self.cautions: tuple[str, ...] = ()

    def _note(self, *what: Any) -> None:
        self.done.append(what)
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault

    async def balances(self) -> Balances:
        return self.standing

    async def attention(self) -> Attention:
        return self.needs

    async def last_reconciliation(self) -> Reconciliation | None:
        return self.compared

    async def create_invoice(self, amount_msat: int, memo: str, *, expiry_s: int = 3600) -> OpenInvoice:
        self._note("create", amount_msat, memo, expiry_s)
        return OpenInvoice(
            ledger_id="made", bolt11=BOLT11, payment_hash="cd" * 32, amount_msat=Msat(amount_msat), memo=memo,
            created_us=NOW_US, expires_us=NOW_US + expiry_s * SECOND, simulated=True,
        )  # fmt: skip

    async def cancel_invoice(self, ledger_id: str, reason: str = "") -> None:
        self._note("cancel", ledger_id, reason)

    async def check_invoice(self, text: str) -> CheckedInvoice:
        self._note("check", text)
        if not text.startswith("ln"):
            raise InvoiceError("This is no BOLT 11 invoice.")
        return CheckedInvoice(
            bolt11=text, network="regtest", payee=PAYEE, payment_hash="ab" * 32, amount_msat=Msat(1_234_000),
            memo="Weather data, one month", created_us=NOW_US, expires_us=NOW_US + 1800 * SECOND,
            fee_cap_msat=Msat(6_000), available_msat=self.standing.available_msat, simulated=True, is_ours=False,
            known="", digest="d" * 64, problems=self.problems, cautions=self.cautions,
        )  # fmt: skip

    async def pay_invoice(self, bolt11: str, shown_digest: str, *, memo: str = "") -> PaymentOutcome:
        self._note("pay", bolt11, shown_digest)
        if self.gate is not None:
            await self.gate.wait()
        return self.outcome

    async def approve(self, approval_id: str, shown_digest: str) -> PaymentOutcome:
        self._note("approve", approval_id, shown_digest)
        self.needs = replace(self.needs, approvals=())
        return self.outcome

    async def refuse(self, approval_id: str, reason: str = "") -> None:
        self._note("refuse", approval_id, reason)
        self.needs = replace(self.needs, approvals=())

    async def ask(self, ledger_id: str) -> PaymentOutcome:
        self._note("ask", ledger_id)
        return self.outcome

    async def reconcile(self, asked_by: str = "person") -> Reconciliation:
        self._note("reconcile", asked_by)
        return self.compared or AGREES

    async def resolve_difference(self, difference_id: str, note: str, *, book: bool = False) -> None:
        self._note("resolve", difference_id, note, book)
        self.needs = replace(self.needs, differences=())

    async def release(self, ledger_id: str, note: str) -> None:
        self._note("release", ledger_id, note)
        self.needs = replace(self.needs, held=())

    async def receipt(self, ledger_id: str) -> str:
        self._note("receipt", ledger_id)
        return '{"receipt": 1}\n'

    async def simulated_bill(self, amount_msat: int, memo: str) -> str:
        self._note("bill", amount_msat)
        return BOLT11

    async def simulate_receipt(self, ledger_id: str, amount_msat: int | None = None) -> None:
        self._note("play", ledger_id)


def a_doubt(ledger_id: str = "01900000-0000-7000-8000-000000000313", agent_id: str = "Forge") -> Doubt:
    return Doubt(
        ledger_id=ledger_id, payment_hash="ef" * 32, amount_msat=Msat(640_000), payee=PAYEE, memo="", task_id="task-1",
        agent_id=agent_id, since_us=NOW_US - 420 * SECOND, under_way=False,
    )  # fmt: skip


def an_approval() -> Approval:
    return Approval(
        id="approval-1", state="waiting", requested_by="Quill", why="It is above the limit of a task, 10,000 sat.",
        digest="e" * 64, bolt11=BOLT11, payment_hash="12" * 32, payee=PAYEE, amount_msat=Msat(18_500_000),
        fee_cap_msat=Msat(92_500), account="treasury", purpose="expense", memo="A year of map data", task_id="task-00000077",
        agent_id="Quill", simulated=True, requested_us=NOW_US - 90 * SECOND, expires_us=NOW_US + 86_310 * SECOND,
    )  # fmt: skip


def a_difference() -> Difference:
    return Difference(
        id="difference-1", run_id="r2", kind="settled_only_at_node", subject="ab" * 32, state="open",
        book_says="failed", node_says="settled, 2,300 sat", amount_msat=Msat(2_300_000), explanation="",
        ledger_id="01900000-0000-7000-8000-000000000020", found_us=NOW_US - 7200 * SECOND, seen_us=NOW_US - 60 * SECOND,
    )  # fmt: skip


def some_held() -> Held:
    return Held(ledger_id="01900000-0000-7000-8000-000000000030", flags=("overpaid",), amount_msat=Msat(150_000),
                memo="Translation, 2 pages", settled_us=NOW_US - 5000 * SECOND)  # fmt: skip


def bad_health() -> NodeHealth:
    return NodeHealth(
        ok=False,
        backend="lnd",
        problem="LND refuses the connection at 127.0.0.1:8080. Start it, or correct its address in Preferences.",
    )
