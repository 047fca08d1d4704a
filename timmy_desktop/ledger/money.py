"""Money is a whole number of millisatoshi with a type of its own; it is never a float."""

from __future__ import annotations

import re
from typing import NewType

from timmy_desktop.ledger.errors import MoneyError

Msat = NewType("Msat", int)

MSAT_PER_SAT = 1000
ZERO = Msat(0)
MOST_MSAT = 2_100_000_000_000_000_000
"""All the bitcoin there will ever be; fits SQLite's 64-bit integers with room to add."""

MINUS = "\u2212"
_AMOUNT = re.compile(
    rf"(?P<sign>[+\-{MINUS}]?)(?P<whole>[0-9]{{1,3}}(?:,[0-9]{{3}})+|[0-9]{{1,19}})"
    r"(?:\.(?P<part>[0-9]{1,3}))? ?(?P<unit>sats?|msat)?",
    re.IGNORECASE,
)


def msat(value: int) -> Msat:
    """`value` as an amount in millisatoshi; MoneyError for what is no int or more than all the bitcoin."""
    if type(value) is not int:
        raise MoneyError(f"An amount is a whole number of millisatoshi, not {value!r}.")
    if not -MOST_MSAT <= value <= MOST_MSAT:
        raise MoneyError(f"{value} msat is more than all the bitcoin there is.")
    return Msat(value)


def positive(value: int) -> Msat:
    """`value` as an amount above zero; MoneyError otherwise."""
    amount = msat(value)
    if amount <= 0:
        raise MoneyError(f"The amount must be more than zero, not {format_msat(amount)}.")
    return amount


def format_msat(amount: Msat | int, *, signed: bool = False) -> str:
    """The amount for people: "1,234 sat", "0.5 sat", "−12 sat"; `signed` writes "+12 sat" too."""
    sign = MINUS if amount < 0 else "+" if signed and amount > 0 else ""
    whole, part = divmod(abs(amount), MSAT_PER_SAT)
    fraction = f".{part:03}".rstrip("0") if part else ""
    return f"{sign}{whole:,}{fraction} sat"


def parse_msat(text: str) -> Msat:
    """The amount that a person wrote: "1,234 sat", "0.5", "−12 sat", "500 msat". Without a unit: sat."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise MoneyError(f"{text[:40]!r} is no amount. Write it like 1,234 sat, 0.5 sat or 500 msat.")
    whole = int(match["whole"].replace(",", ""))
    part = match["part"] or ""
    if (match["unit"] or "").lower() == "msat":
        if part:
            raise MoneyError("A millisatoshi can't be divided. Write a whole number before msat.")
        value = whole
    else:
        value = whole * MSAT_PER_SAT + int(part.ljust(3, "0") if part else 0)
    return msat(-value if match["sign"] in ("-", MINUS) else value)
