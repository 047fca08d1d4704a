"""What the dock needs of the ledger, its history and its exports: so much and no more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from timmy_desktop.ledger.book import Balances
from timmy_desktop.ledger.export import Format, Progress
from timmy_desktop.ledger.history import Newer
from timmy_desktop.ledger.history_lines import Found, Line
from timmy_desktop.ledger.history_question import Question
from timmy_desktop.ledger.history_sums import BalanceSeries, By, Flow
from timmy_desktop.ledger.history_thought import Thought, ThoughtSums
from timmy_desktop.ledger.types import (
    Attention,
    CheckedInvoice,
    OpenInvoice,
    PaymentOutcome,
    Reconciliation,
)


class History(Protocol):
    """Answers about the past."""

    async def find(self, question: Question) -> Found: ...

    async def page(self, found: Found, first: int, most: int) -> Sequence[Line]: ...

    async def newer(self, question: Question, after: int) -> Newer: ...

    async def line(self, key: str) -> Line: ...

    async def balance(self, since_us: int, until_us: int, steps: int) -> BalanceSeries: ...

    async def flows(self, by: By, since_us: int, until_us: int, *, simulated: bool) -> Sequence[Flow]: ...

    async def began_us(self) -> int: ...

    async def thoughts(self, since_us: int, limit: int = 100, before: str = "") -> Sequence[Thought]: ...

    async def thought_sums(self, since_us: int) -> ThoughtSums: ...


class Book(Protocol):
    """The ledger itself: money moves here, and only here."""

    @property
    def is_simulated(self) -> bool: ...

    async def balances(self) -> Balances: ...

    async def attention(self) -> Attention: ...

    async def create_invoice(self, amount_msat: int, memo: str, *, expiry_s: int = 3600) -> OpenInvoice: ...

    async def cancel_invoice(self, ledger_id: str, reason: str = "") -> None: ...

    async def check_invoice(self, text: str) -> CheckedInvoice: ...

    async def pay_invoice(self, bolt11: str, shown_digest: str, *, memo: str = "") -> PaymentOutcome: ...

    async def approve(self, approval_id: str, shown_digest: str) -> PaymentOutcome: ...

    async def refuse(self, approval_id: str, reason: str = "") -> None: ...

    async def ask(self, ledger_id: str) -> PaymentOutcome: ...

    async def reconcile(self, asked_by: str = "person") -> Reconciliation: ...

    async def last_reconciliation(self) -> Reconciliation | None: ...

    async def resolve_difference(self, difference_id: str, note: str, *, book: bool = False) -> None: ...

    async def release(self, ledger_id: str, note: str) -> None: ...

    async def receipt(self, ledger_id: str) -> str: ...

    async def simulated_bill(self, amount_msat: int, memo: str) -> str: ...

    async def simulate_receipt(self, ledger_id: str, amount_msat: int | None = None) -> None: ...


class Exporter(Protocol):
    """Writes files."""

    async def write(
        self, path: Path, kind: Format, question: Question, progress: Progress | None = None
    ) -> int: ...
