"""The balances on a terminal: the words of the dock, none of the names of columns."""

from __future__ import annotations

from dataclasses import fields

from timmy_desktop.cli.ledger import ACTIONS, BALANCES
from timmy_desktop.ledger.book import Balances


def test_every_balance_is_told_in_words() -> None:
    names = [field.name for field in fields(Balances)]
    assert {f"{name}_msat" for name in BALANCES} == set(names)
    _, words, _ = ACTIONS["balance"]
    lines = words({"simulated": True, **{name: number * 1000 for number, name in enumerate(names)}})
    assert lines[0] == "Simulated sats:"
    said = "\n".join(lines)
    assert "in_flight" not in said
    assert "receivable" not in said
    assert "  in flight   7 sat   sent, and not known yet what became of it" in lines
    assert "  expected    8 sat   open invoices, no money yet" in lines
