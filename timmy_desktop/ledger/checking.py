"""Somebody's invoice before it is paid: read strictly, and everything that speaks against paying it."""

from __future__ import annotations

from dataclasses import dataclass

from timmy_desktop.clock import Clock
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger import book, records
from timmy_desktop.ledger.approvals import digest_of
from timmy_desktop.ledger.backends.base import BackendInfo
from timmy_desktop.ledger.errors import BackendError, WrongNodeError
from timmy_desktop.ledger.invoice import LATEST_START_S, MOST_INVOICE_MSAT, Invoice
from timmy_desktop.ledger.limits import Limits
from timmy_desktop.ledger.money import Msat, format_msat
from timmy_desktop.ledger.node import Node
from timmy_desktop.ledger.types import TREASURY, CheckedInvoice
from timmy_desktop.storage.database import Database, Session

LONGEST_MEMO = 500
_SOON_S = 300
_KNOWN = {
    "settled": "This invoice was already paid.",
    "pending": "A payment of this invoice is under way.",
    "failed": "A payment of this invoice failed before. Ask for a new invoice.",
    "expired": "A payment of this invoice ran out before. Ask for a new invoice.",
}


@dataclass(frozen=True, slots=True)
class _Standing:
    """What the book has to say: who knows the hash, whether the invoice is ours, what the payer has."""

    known: str
    is_ours: bool
    available: Msat


class Checker:
    """Reads invoices for those who pay: the person at the dialog, and agents who ask."""

    def __init__(self, *, db: Database, node: Node, clock: Clock, limits: Limits) -> None:
        self._db = db
        self._node = node
        self._clock = clock
        self._limits = limits

    async def check(self, text: str, account: str = TREASURY) -> CheckedInvoice:
        """Everything there is to know; InvoiceError when the text is no invoice at all."""
        invoice = await self._node.read(text.strip().removeprefix("lightning:").removeprefix("LIGHTNING:"))
        info, unreachable = await self._identity()
        stands = await self._db.read(lambda session: _standing(session, invoice.payment_hash, account))
        fee_cap = self._fee_cap(invoice, info)
        problems = (
            *((unreachable,) if unreachable else ()),
            *self._faults(invoice, info),
            *_objections(invoice, info, stands, fee_cap),
        )
        shown = {
            "bolt11": invoice.bolt11, "network": invoice.network, "payee": invoice.payee,
            "payment_hash": invoice.payment_hash, "amount_msat": invoice.amount_msat, "fee_cap_msat": fee_cap,
            "memo": invoice.memo, "expires_s": invoice.expires_s, "account": account,
        }  # fmt: skip
        return CheckedInvoice(
            bolt11=invoice.bolt11, network=info.network if info else invoice.network, payee=invoice.payee,
            payment_hash=invoice.payment_hash, amount_msat=invoice.amount_msat,
            memo=inert_line(invoice.memo, LONGEST_MEMO), created_us=invoice.created_s * 1_000_000,
            expires_us=invoice.expires_s * 1_000_000, fee_cap_msat=fee_cap, available_msat=stands.available,
            simulated=self._node.simulated, is_ours=stands.is_ours, known=stands.known,
            digest=digest_of(shown), problems=problems, cautions=self._cautions(invoice, stands, fee_cap),
        )  # fmt: skip

    async def _identity(self) -> tuple[BackendInfo | None, str]:
        try:
            return await self._node.identity(), ""
        except (BackendError, WrongNodeError) as error:
            return None, str(error)

    def _fee_cap(self, invoice: Invoice, info: BackendInfo | None) -> Msat:
        is_within = info is not None and info.node_id == invoice.payee
        return Msat(0) if is_within else self._limits.fee_cap(invoice.amount_msat)

    def _faults(self, invoice: Invoice, info: BackendInfo | None) -> tuple[str, ...]:
        now_s = self._clock.now_us() // 1_000_000
        checks = (
            (
                info is not None and invoice.network != info.prefix,
                f"The invoice is for another network ({invoice.network}) than the node is on.",
            ),
            (now_s >= invoice.expires_s, "The invoice has expired. Ask for a new one."),
            (
                invoice.created_s > now_s + LATEST_START_S,
                "The invoice is dated in the future. Check this machine's clock.",
            ),
            (not invoice.amount_msat, "The invoice names no amount. Ask for one that does."),
            (
                invoice.amount_msat > MOST_INVOICE_MSAT,
                f"The invoice asks for more than {format_msat(MOST_INVOICE_MSAT)}, which is never paid here.",
            ),
        )
        return tuple(words for wrong, words in checks if wrong)

    def _cautions(self, invoice: Invoice, stands: _Standing, fee_cap: int) -> tuple[str, ...]:
        left_s = invoice.expires_s - self._clock.now_us() // 1_000_000
        total = invoice.amount_msat + fee_cap
        checks = (
            (0 < left_s < _SOON_S, "The invoice expires within five minutes."),
            (
                2 * total > stands.available >= total,
                "This is more than half of what is available.",
            ),
            (not invoice.memo, "The invoice doesn't say what it is for."),
        )
        return tuple(words for wrong, words in checks if wrong)


def _objections(
    invoice: Invoice, info: BackendInfo | None, stands: _Standing, fee_cap: int
) -> tuple[str, ...]:
    total = invoice.amount_msat + fee_cap
    own = stands.is_ours or (info is not None and invoice.payee == info.node_id)
    checks = (
        (own, "This is an invoice of your own node: paying it would move nothing."),
        (stands.known in _KNOWN, _KNOWN.get(stands.known, "")),
        (
            total > stands.available,
            f"{format_msat(total)} with its fee is more than the {format_msat(stands.available)} available.",
        ),
    )
    return tuple(words for wrong, words in checks if wrong)


def _standing(session: Session, payment_hash: str, account: str) -> _Standing:
    payment = records.payment_by_hash(session, payment_hash)
    ours = session.sql("SELECT 1 FROM ledger WHERE payment_hash = ? AND type = 'invoice'", (payment_hash,))
    return _Standing(payment.state if payment else "", bool(ours), book.balance(session, account))
