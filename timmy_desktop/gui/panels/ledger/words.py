"""The ledger in a person's words. Pure functions; all foreign text comes out inert."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from timmy_desktop.gui.wording import sats, short_id
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger.history_lines import Line

Names = Callable[[str], str]
"""An agent's name by its identifier."""

_PURPOSES = {
    "": "Other",
    "funding": "Funding",
    "task": "Tasks",
    "sale": "Sales",
    "expense": "Expenses",
    "correction": "Corrections",
    "closing": "Closing a book",
}
_FLAGS = {"late": "came late", "overpaid": "more than was asked for", "underpaid": "less than was asked for"}
_LONG = 160


@dataclass(frozen=True, slots=True)
class Look:
    """A state in a word, its tone, and what it means."""

    word: str
    tone: str
    meaning: str


_LOOKS = {
    ("payment", "pending"): Look("In doubt", "warn", "Sent; the node has not said yet what became of it."),
    ("invoice", "pending"): Look("Open", "accent", "Waits to be paid."),
    ("payment", "settled"): Look("Paid", "good", "It arrived, proven by its preimage."),
    ("invoice", "settled"): Look("Received", "good", "It was paid, proven by its preimage."),
    ("invoice", "failed"): Look("Cancelled", "muted", "It was not wanted any more."),
}
_STATES = {
    "pending": Look("Pending", "accent", "Its outcome is not known yet."),
    "settled": Look("Settled", "good", "Booked, and final."),
    "failed": Look("Failed", "bad", "It will not arrive; the sats are back."),
    "expired": Look("Expired", "muted", "It ran out before it was paid."),
}


def state_look(line: Line) -> Look:
    """How the line stands. What was late, too much or too little says so."""
    look = _LOOKS.get((line.type, line.state)) or _STATES.get(line.state) or Look(line.state, "muted", "")
    if not line.flags:
        return look
    flags = ", ".join(_FLAGS.get(flag, inert_line(flag, 20)) for flag in line.flags.split())
    return Look(f"{look.word}, {line.flags.split()[0]}", "warn", f"{look.meaning} It was {flags}.")


def purpose_words(purpose: str) -> str:
    """`Tasks`, `Expenses`; a purpose of somebody's own as it is."""
    return _PURPOSES.get(purpose) or inert_line(purpose, 40)


def what_words(line: Line, name_of: Names) -> str:
    """What the line is about, in one clause."""
    who = agent_words(line.agent_id, name_of)
    memo, reason = inert_line(line.memo, _LONG), inert_line(line.reason, _LONG)
    task = f": {inert_line(line.task_text, _LONG)}" if line.task_text else ""
    if line.type == "reserve":
        return f"Reserved for {who}{task}" if who else f"Reserved{task}"
    if line.type == "refund":
        return f"Returned: {reason}" if reason else "Returned"
    if line.type in ("reward", "payment") and line.purpose == "task":
        return f"Paid {who}{task}"
    if line.type == "payment":
        return f"To {short_id(line.payee)}: {memo}" if line.payee and memo else memo or "A payment"
    if line.type == "invoice":
        return f"Invoice: {memo}" if memo else "An invoice"
    if line.type == "release":
        return f"Released: {memo or reason}" if memo or reason else "Released"
    if line.type == "adjustment":
        return f"Correction: {memo or reason}" if memo or reason else "Correction"
    return memo or {"deposit": "Funding", "closing": "Book closed"}.get(line.type, inert_line(line.type, 20))


def agent_words(agent_id: str, name_of: Names) -> str:
    """The agent's name; the end of its identifier where nobody knows it; "" for none."""
    if not agent_id:
        return ""
    name = name_of(agent_id)
    return inert_line(name, 40) if name != agent_id else short_id(agent_id)


def amount_words(line: Line) -> str:
    """With the sign of what it did to the available sats; none where those were set aside before."""
    amount = line.received_msat or line.amount_msat
    if line.state in ("failed", "expired") or not line.moved_msat:
        return sats(amount)
    return sats(amount if line.moved_msat > 0 else -amount, sign=True)


def amount_tone(line: Line) -> str:
    """The role of the amount: what came in is good, what came to nothing is quiet."""
    if line.state in ("failed", "expired") or (line.type == "invoice" and line.state == "pending"):
        return "muted"
    return "good" if line.type in ("invoice", "deposit") and line.moved_msat > 0 else "text"


def proof_words(line: Line, *, fits: bool) -> tuple[str, str]:
    """What proves the line, and its tone. `fits`: whether the preimage hashes to the payment hash."""
    if line.proof == "book":
        return "It moved within this book; no node had to be asked.", "muted"
    if not line.preimage:
        return ("", "") if line.state != "pending" else ("No proof yet.", "muted")
    if not fits:
        return "The preimage does not hash to the payment hash: this line was changed.", "bad"
    if line.proof.startswith("node"):
        return "Proven: the preimage hashes to the payment hash, and the node says that it settled.", "good"
    return "The preimage hashes to the payment hash.", "good"


class Worth:
    """What sats are worth by the rate that the person set; it follows when they set another."""

    def __init__(self, cents_per_bitcoin: int = 0, currency: str = "") -> None:
        self.rate = cents_per_bitcoin, currency

    def __call__(self, amount_msat: int) -> str:
        return fiat_words(amount_msat, *self.rate)


def fiat_words(amount_msat: int, cents_per_bitcoin: int, currency: str) -> str:
    """`≈ 12.34 EUR` by the rate that the person set; "" where none is."""
    if not currency or cents_per_bitcoin <= 0:
        return ""
    cents = round(abs(amount_msat) * cents_per_bitcoin / 100_000_000_000)
    sign = "−" if amount_msat < 0 and cents else ""
    return f"≈ {sign}{cents // 100:,}.{cents % 100:02} {inert_line(currency, 8)}"
