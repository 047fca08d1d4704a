"""LND over its REST API: invoices, payments with streamed states, balances; 64-bit numbers are strings."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator
from typing import Any

from timmy_desktop.ledger import invoice
from timmy_desktop.ledger.backends import macaroon
from timmy_desktop.ledger.backends.base import (
    BackendInfo,
    BackendParts,
    InvoiceResult,
    NodeBalance,
    NodePayment,
    NodeReceipt,
    PaymentResult,
)
from timmy_desktop.ledger.backends.lnd_wire import NOT_FOUND, LndRefusedError, LndWire, read_until
from timmy_desktop.ledger.backends.patience import Patience
from timmy_desktop.ledger.errors import BackendError, InvoiceError
from timmy_desktop.ledger.money import MOST_MSAT, Msat

NAME = "lnd"
ATTEMPT_S = 60
PAGE = 1000
GRACE_S = 1.0
_REASONS = {
    "FAILURE_REASON_TIMEOUT": "No route was found in time.",
    "FAILURE_REASON_NO_ROUTE": "There is no route to the payee that can carry this amount for that fee.",
    "FAILURE_REASON_INCORRECT_PAYMENT_DETAILS": "The payee does not know this invoice, or took it back.",
    "FAILURE_REASON_INSUFFICIENT_BALANCE": "The node's channels don't hold enough on our side.",
    "FAILURE_REASON_CANCELED": "The payment was cancelled at the node.",
}


class LndBackend:
    """One LND, by a macaroon of the least rights. Real money on mainnet."""

    def __init__(self, parts: BackendParts) -> None:
        self._wire = LndWire(url=parts.url, certificate=parts.certificate, secret=parts.secret)
        self._patience = Patience(parts.clock)

    @property
    def simulated(self) -> bool:
        return False

    @property
    def pays_itself(self) -> bool:
        """LND refuses to pay itself, unless it has two channels in a circle."""
        return False

    async def start(self) -> None:
        """Connects with the first question."""

    async def stop(self) -> None:
        await self._wire.close()

    async def info(self) -> BackendInfo:
        answer = await self._wire.get("/v1/getinfo")
        chains = answer.get("chains") or [{}]
        network = str(chains[0].get("network", "")) if chains[0].get("chain", "bitcoin") == "bitcoin" else ""
        return BackendInfo(
            NAME,
            network,
            _text(answer, "identity_pubkey"),
            simulated=False,
            alias=str(answer.get("alias", "")),
            height=int(answer.get("block_height", 0)),
            synced=bool(answer.get("synced_to_chain", False)),
            cautions=macaroon.cautions(self._wire.macaroon),
        )

    async def create_invoice(self, amount_msat: Msat, memo: str, expiry_s: int) -> str:
        body = {"value_msat": str(amount_msat), "memo": memo, "expiry": str(expiry_s)}
        return _text(await self._wire.post("/v1/invoices", body), "payment_request")

    async def lookup_invoice(self, payment_hash: str) -> InvoiceResult:
        try:
            return _receipt(await self._wire.get(f"/v1/invoice/{payment_hash}"))
        except LndRefusedError as error:
            return InvoiceResult("unknown", reason=str(error))

    async def cancel_invoice(self, payment_hash: str) -> None:
        await self._wire.post("/v2/invoices/cancel", {"payment_hash": _to_base64(payment_hash)})

    async def pay_invoice(self, bolt11: str, max_fee_msat: Msat) -> PaymentResult:
        """Until the payment has settled or failed, as LND's stream tells; a stream that breaks is unknown."""
        payment_hash = invoice.decode(bolt11).payment_hash
        body = {
            "payment_request": bolt11,
            "timeout_seconds": ATTEMPT_S,
            "fee_limit_msat": str(max_fee_msat),
            "no_inflight_updates": False,
        }
        try:
            rows = self._wire.stream("POST", "/v2/router/send", json=body)
            row = await read_until(rows, lambda row: _payment(row).state != "unknown", GRACE_S)
        except LndRefusedError as error:
            return await self._after_refusal(payment_hash, str(error))
        if row is None:
            return PaymentResult("unknown", reason="LND said nothing about the payment.")
        return _payment(row)

    async def lookup(self, payment_hash: str, bolt11: str) -> PaymentResult:  # noqa: ARG002 - the hash says it
        try:
            result = await self._tracked(payment_hash)
        except LndRefusedError as error:
            if error.code != NOT_FOUND:
                return PaymentResult("unknown", reason=str(error))
            if self._patience.is_over(payment_hash):
                return PaymentResult("failed", reason="The node was never asked for this payment.")
            return PaymentResult("unknown", reason="The node does not know this payment yet.")
        self._patience.seen(payment_hash)
        return result

    async def balance(self) -> NodeBalance | None:
        answer = await self._wire.get("/v1/balance/channels")
        return NodeBalance(_amount(answer, "local_balance"), _amount(answer, "unsettled_local_balance"))

    async def payments(self, since_s: int) -> tuple[NodePayment, ...] | None:
        query = {"include_incomplete": "true", "creation_date_start": str(since_s)}
        listed = [row async for row in self._paged("/v1/payments", "payments", "max_payments", query)]
        return tuple(
            NodePayment(_text(row, "payment_hash"), _msat(row, "value_msat"), _payment(row)) for row in listed
        )

    async def receipts(self, since_s: int) -> tuple[NodeReceipt, ...] | None:
        query = {"creation_date_start": str(since_s)}
        listed = [row async for row in self._paged("/v1/invoices", "invoices", "num_max_invoices", query)]
        return tuple(
            NodeReceipt(_hex(row, "r_hash"), _receipt(row)) for row in listed if row.get("state") == "SETTLED"
        )

    async def _tracked(self, payment_hash: str) -> PaymentResult:
        """The first thing that LND says of it: where it stands now."""
        path = f"/v2/router/track/{_to_base64(payment_hash, url=True)}"
        options = {"no_inflight_updates": "false"}
        row = await read_until(self._wire.stream("GET", path, params=options), lambda _: True)
        if row is None:
            return PaymentResult("unknown", reason="LND said nothing about the payment.")
        return _payment(row)

    async def _after_refusal(self, payment_hash: str, words: str) -> PaymentResult:
        """LND answered the question itself, so that it can't be on its way any more."""
        try:
            return await self._tracked(payment_hash)
        except LndRefusedError as error:
            state = "failed" if error.code == NOT_FOUND else "unknown"
            return PaymentResult(state, reason=words)  # type: ignore[arg-type]

    async def _paged(
        self, path: str, name: str, size: str, query: dict[str, str]
    ) -> AsyncIterator[dict[str, Any]]:
        offset = "0"
        while True:
            answer = await self._wire.get(path, **{**query, size: str(PAGE), "index_offset": offset})
            rows = answer.get(name) or []
            for row in rows:
                yield row
            offset, before = str(answer.get("last_index_offset", "0")), offset
            if len(rows) < PAGE or offset == before:
                return


def _payment(row: dict[str, Any]) -> PaymentResult:
    status = row.get("status")
    if status == "SUCCEEDED":
        return PaymentResult("settled", _text(row, "payment_preimage"), _msat(row, "fee_msat"))
    if status == "FAILED":
        reason = str(row.get("failure_reason", ""))
        return PaymentResult("failed", reason=_REASONS.get(reason, "The payment failed at the node."))
    return PaymentResult("unknown", reason="The payment is on its way.")


def _receipt(row: dict[str, Any]) -> InvoiceResult:
    state = row.get("state")
    if state == "SETTLED":
        return InvoiceResult("settled", _hex(row, "r_preimage"), _msat(row, "amt_paid_msat"))
    if state == "CANCELED":
        return InvoiceResult("expired", reason="It was cancelled at the node, or has run out there.")
    # ACCEPTED is a hold invoice's: the sats are there, and not ours yet.
    return InvoiceResult("open" if state == "OPEN" else "unknown")


def _amount(answer: dict[str, Any], name: str) -> Msat:
    value = answer.get(name) or {}
    return _msat(value, "msat")


def _msat(row: dict[str, Any], name: str) -> Msat:
    text = row.get(name, "0")
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or int(text) > MOST_MSAT:
        raise BackendError(f"What answered is not LND: {name} is no amount.")
    return Msat(int(text))


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise BackendError(f"What answered is not LND: its answer has no {name}.")
    return value


def _hex(row: dict[str, Any], name: str) -> str:
    try:
        return base64.b64decode(_text(row, name), validate=True).hex()
    except binascii.Error as error:
        raise BackendError(f"What answered is not LND: {name} can't be read.") from error


def _to_base64(text: str, *, url: bool = False) -> str:
    try:
        raw = bytes.fromhex(text)
    except ValueError as error:
        raise InvoiceError("This is no payment hash.") from error
    return (base64.urlsafe_b64encode(raw) if url else base64.b64encode(raw)).decode()


def make(parts: BackendParts) -> LndBackend:
    """The LND that the settings name."""
    return LndBackend(parts)
