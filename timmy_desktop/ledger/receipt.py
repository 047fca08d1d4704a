"""Proof of payment that anybody can check: the payee's own invoice, its preimage, the ledger's signature.

The invoice is signed by the payee and names the payment hash; only who was paid could give the preimage that
hashes to it. The signature of the ledger binds the rest: when, which fee, for which task.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from timmy_desktop.ledger import invoice
from timmy_desktop.ledger.errors import InvoiceError, ReceiptError
from timmy_desktop.storage.database import Session

KIND = "timmy-desktop proof of payment"
VERSION = 1
LONGEST = 20_000
_COLUMNS = (
    "id", "type", "purpose", "payment_hash", "preimage", "bolt11", "payee", "amount_msat", "fee_msat",
    "received_msat", "memo", "task_id", "agent_id", "flags", "simulated", "created_us", "settled_us", "proof",
)  # fmt: skip
_NUMBERS = frozenset({"amount_msat", "fee_msat", "received_msat", "created_us", "settled_us"})


@dataclass(frozen=True, slots=True)
class ReceiptReport:
    """What checking a receipt found; `problems` is empty when it proves what it says."""

    facts: dict[str, Any]
    issuer: str
    problems: tuple[str, ...]

    @property
    def is_valid(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.problems


def facts_of(session: Session, ledger_id: str) -> dict[str, Any]:
    """What a receipt of this transaction says; ReceiptError when there is no proof to show."""
    rows = session.sql(
        f"SELECT state, {', '.join(_COLUMNS)} FROM ledger WHERE id = ?",  # noqa: S608 - constants
        (ledger_id,),
    )
    if not rows:
        raise ReceiptError("There is no such transaction.")
    state, facts = rows[0][0], dict(zip(_COLUMNS, rows[0][1:], strict=True))
    if state != "settled" or not facts["preimage"]:
        raise ReceiptError(
            "Only a payment that settled over Lightning has a proof. This one moved within the book, "
            "or has not settled."
        )
    return {**facts, "simulated": bool(facts["simulated"])}


def issue(facts: dict[str, Any], key: bytes) -> str:
    """The receipt as JSON text, signed with the ledger's key."""
    body = {"kind": KIND, "version": VERSION, "payment": facts, "issuer": invoice.public_key(key)}
    signature = invoice.signed_text(key, _canonical(body))
    return json.dumps({**body, "signature": signature}, indent=1, ensure_ascii=False) + "\n"


def verify(text: str, issuer: str = "") -> ReceiptReport:
    """Checks a receipt by itself, on any machine. `issuer`: the public key (hex) that must have signed."""
    body, signature = _read(text)
    facts, signer = body["payment"], str(body.get("issuer", ""))
    checks: tuple[tuple[Callable[[], bool], str], ...] = (
        (
            lambda: invoice.is_signed_by(signer, signature, _canonical(body)),
            "The signature does not fit: the receipt was changed after it was issued, or never signed.",
        ),
        (lambda: not issuer or signer == issuer.lower(), "It was issued by somebody else than was named."),
        (
            lambda: invoice.proves(str(facts["preimage"]), str(facts["payment_hash"])),
            "The preimage does not hash to the payment hash.",
        ),
    )
    problems = tuple(words for holds, words in checks if not holds())
    return ReceiptReport(facts, signer, problems + _against_invoice(facts))


def _against_invoice(facts: dict[str, Any]) -> tuple[str, ...]:
    try:
        read = invoice.decode(str(facts["bolt11"]))
    except InvoiceError as error:
        return (f"Its invoice is not valid: {error}",)
    checks = (
        (read.payment_hash == facts["payment_hash"], "Its invoice is for another payment hash."),
        (read.payee == facts["payee"] or not facts["payee"], "Its invoice was signed by another payee."),
        (read.amount_msat == facts["amount_msat"], "Its invoice asks for another amount."),
    )
    return tuple(words for holds, words in checks if not holds)


def _read(text: str) -> tuple[dict[str, Any], str]:
    if len(text) > LONGEST:
        raise ReceiptError("This is too long to be a receipt.")
    try:
        body = json.loads(text)
    except ValueError as error:
        raise ReceiptError("This is no receipt: it is not JSON.") from error
    if not isinstance(body, dict) or body.get("kind") != KIND or not isinstance(body.get("payment"), dict):
        raise ReceiptError("This is no proof of payment of Timmy Desktop.")
    if body.get("version") != VERSION:
        raise ReceiptError("This receipt is of a newer version. Update the application to check it.")
    facts = body["payment"]
    if set(facts) != set(_COLUMNS) or any(type(facts[name]) is not int for name in _NUMBERS):
        raise ReceiptError("This receipt lacks something, or holds what does not belong there.")
    signature = body.pop("signature", "")
    return body, signature if isinstance(signature, str) else ""


def _canonical(body: dict[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
