"""Electrum over its JSON-RPC: a wallet with Lightning whose time-outs are no failures.

Electrum gives up on a payment that its receiver holds, and says so, while the payment may still settle. So
what it says of a failure is believed only when nothing of ours is on its way in any channel.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from timmy_desktop.ledger import invoice
from timmy_desktop.ledger.backends.base import (
    BackendInfo,
    BackendParts,
    InvoiceResult,
    NodeBalance,
    NodePayment,
    NodeReceipt,
    PaymentResult,
)
from timmy_desktop.ledger.backends.electrum_wire import ElectrumRefusedError, ElectrumWire
from timmy_desktop.ledger.backends.patience import Patience
from timmy_desktop.ledger.errors import BackendError, InvoiceError
from timmy_desktop.ledger.money import MSAT_PER_SAT, Msat, msat

NAME = "electrum"
_EXPIRED, _PAID, _INFLIGHT, _ROUTING = 1, 3, 4, 6
_UNDER_WAY = frozenset({_PAID, _INFLIGHT, _ROUTING})
_MSAT_PER_BITCOIN = 100_000_000_000
_FEES = "Electrum takes no cap on fees; its own is about one in a hundred."


class ElectrumBackend:
    """One wallet of an Electrum daemon on this machine."""

    def __init__(self, parts: BackendParts) -> None:
        self._wire = ElectrumWire(url=parts.url, secret=parts.secret)
        self._patience = Patience(parts.clock)
        self._ended: set[str] = set()

    @property
    def simulated(self) -> bool:
        return False

    @property
    def pays_itself(self) -> bool:
        return False

    async def start(self) -> None:
        """Connects with the first question."""

    async def stop(self) -> None:
        await self._wire.close()

    async def info(self) -> BackendInfo:
        answer, node = await self._wire.ask("getinfo"), await self._wire.ask("nodeid")
        if not isinstance(answer, dict) or not isinstance(node, str):
            raise BackendError("Electrum's wallet has no Lightning, or is not loaded.")
        height, server = int(answer.get("blockchain_height", 0)), int(answer.get("server_height", 0))
        return BackendInfo(
            NAME,
            str(answer.get("network", "")),
            node.partition("@")[0],
            simulated=False,
            alias="Electrum",
            height=height,
            synced=bool(answer.get("connected")) and height >= server,
            cautions=(_FEES,),
        )

    async def create_invoice(self, amount_msat: Msat, memo: str, expiry_s: int) -> str:
        sats, rest = divmod(amount_msat, MSAT_PER_SAT)
        if rest:
            raise InvoiceError("Electrum makes invoices for whole satoshi only.")
        made = await self._wire.ask(
            "add_request",
            amount=str(Decimal(sats).scaleb(-8)),
            memo=memo,
            expiration=expiry_s,
            force=True,
        )
        text = made.get("lightning_invoice") if isinstance(made, dict) else None
        if not isinstance(text, str) or not text:
            raise BackendError("Electrum made no Lightning invoice. Does the wallet have a channel?")
        return text

    async def lookup_invoice(self, payment_hash: str) -> InvoiceResult:
        for row in await self._history():
            if row["payment_hash"] == payment_hash and row["amount_msat"] > 0:
                return InvoiceResult("settled", row["preimage"], msat(row["amount_msat"]))
        try:
            request = await self._wire.ask("get_request", request_id=payment_hash)
        except ElectrumRefusedError as error:
            return InvoiceResult("unknown", reason=str(error))
        if not isinstance(request, dict):
            return InvoiceResult("unknown")
        return InvoiceResult("expired" if request.get("status") == _EXPIRED else "open")

    async def cancel_invoice(self, payment_hash: str) -> None:
        """Takes it off the wallet's list. A payment that is on its way may still come."""
        await self._wire.ask("delete_request", request_id=payment_hash)

    async def pay_invoice(self, bolt11: str, max_fee_msat: Msat) -> PaymentResult:  # noqa: ARG002 - it takes none
        payment_hash = invoice.decode(bolt11).payment_hash
        try:
            answer = await self._wire.ask("lnpay", invoice=bolt11)
        except ElectrumRefusedError as error:
            return await self._stands(payment_hash, str(error))
        if isinstance(answer, dict) and answer.get("success") is True:
            return await self._stands(
                payment_hash, "Electrum has not written the payment down yet.", done=False
            )
        result = await self._stands(payment_hash, "Electrum found no way to pay it.")
        if result.state == "failed":
            self._ended.add(payment_hash)
        return result

    async def lookup(self, payment_hash: str, bolt11: str) -> PaymentResult:  # noqa: ARG002 - the hash says it
        result = await self._stands(payment_hash, "The node was never asked for this payment.")
        sure = payment_hash in self._ended
        if result.state == "failed" and not sure and not self._patience.is_over(payment_hash):
            return PaymentResult("unknown", reason="The node does not know this payment yet.")
        return result

    async def balance(self) -> NodeBalance | None:
        held, channels = await self._wire.ask("getbalance"), await self._wire.ask("list_channels")
        flying = sum(int(channel.get("local_unsettled_sent", 0)) for channel in channels)
        rounding = MSAT_PER_SAT * len(channels) if flying else 0
        return NodeBalance(
            _from_bitcoin(held.get("lightning", "0")), msat(flying * MSAT_PER_SAT), msat(rounding)
        )

    async def payments(self, since_s: int) -> tuple[NodePayment, ...] | None:
        rows = [row for row in await self._history() if row["amount_msat"] < 0 and _is_since(row, since_s)]
        return tuple(
            NodePayment(row["payment_hash"], msat(-row["amount_msat"] - _fee(row)), _sent(row))
            for row in rows
        )

    async def receipts(self, since_s: int) -> tuple[NodeReceipt, ...] | None:
        rows = [row for row in await self._history() if row["amount_msat"] > 0 and _is_since(row, since_s)]
        return tuple(
            NodeReceipt(
                row["payment_hash"], InvoiceResult("settled", row["preimage"], msat(row["amount_msat"]))
            )
            for row in rows
        )

    async def _stands(self, payment_hash: str, words: str, *, done: bool = True) -> PaymentResult:
        """Settled by the history; failed when it is `done` and nothing at all is on its way; else unknown.

        Asked in this order: what leaves a channel meanwhile is in the history that is asked for last.
        """
        channels = await self._wire.ask("list_channels")
        listed = await self._wire.ask("list_invoices")
        for row in await self._history():
            if row["payment_hash"] == payment_hash and row["amount_msat"] < 0:
                self._patience.seen(payment_hash)
                return _sent(row)
        flying = any(int(channel.get("local_unsettled_sent", 0)) for channel in channels)
        busy = any(
            row.get("invoice_id") == payment_hash and row.get("status") in _UNDER_WAY for row in listed
        )
        if flying or busy or not done:
            return PaymentResult("unknown", reason="Something is still on its way in the node's channels.")
        return PaymentResult("failed", reason=words)

    async def _history(self) -> list[dict[str, Any]]:
        rows = await self._wire.ask("lightning_history")
        if not isinstance(rows, list):
            raise BackendError("What answered is not Electrum: its history is no list.")
        return [row for row in rows if row.get("type") == "payment" and type(row.get("amount_msat")) is int]


def _sent(row: dict[str, Any]) -> PaymentResult:
    return PaymentResult("settled", str(row.get("preimage", "")), _fee(row))


def _fee(row: dict[str, Any]) -> Msat:
    return msat(int(row.get("fee_msat") or 0))


def _is_since(row: dict[str, Any], since_s: int) -> bool:
    return int(row.get("timestamp") or 0) >= since_s


def _from_bitcoin(text: Any) -> Msat:
    try:
        value = Decimal(str(text)) * _MSAT_PER_BITCOIN
    except InvalidOperation as error:
        raise BackendError("What answered is not Electrum: its balance is no number.") from error
    return msat(int(value))


def make(parts: BackendParts) -> ElectrumBackend:
    """The Electrum that the settings name."""
    return ElectrumBackend(parts)
