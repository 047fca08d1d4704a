"""The ledger, as it was."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from timmy_desktop.gui.scrubber.content import MOST_ROWS, Content, Moment, Row, Table, names_of
from timmy_desktop.gui.wording import exact_time, sats, short_id
from timmy_desktop.inert import inert_line
from timmy_desktop.scrubber.world import TREASURY, AccountThen, TransactionThen, World

_TONES = {"settled": "", "pending": "warn", "failed": "bad", "expired": "muted"}
_STATES = {"settled": "settled", "pending": "under way", "failed": "failed", "expired": "expired"}
_HELD = {
    TREASURY: "Treasury", "escrow": "Escrow", "in_flight": "In flight", "fees": "Fees",
    "suspense": "Suspense", "outside": "Outside", "receivable": "Invoiced", "invoiced": "Expected",
}  # fmt: skip


def ledger_then(moment: Moment) -> Content:
    """Balances, accounts and the newest transactions."""
    world = moment.world
    names = names_of(world)
    states = world.transactions.counts
    facts = (
        (sats(_held(world, TREASURY)), "available", "What the treasury could spend"),
        (sats(_held(world, "escrow") + _held(world, "in_flight")), "pending", "In escrow and in flight"),
        (sats(-_held(world, "outside")), "in the book", "What had come in less what had gone out"),
        (sats(_held(world, "fees")), "fees", ""),
        *(
            (f"{states[one]:,}", word, f"Transactions that were {one}")
            for one, word in _STATES.items()
            if states.get(one)
        ),
        *(
            ((f"{waiting:,}", "to approve", ""),)
            if (waiting := world.approvals.counts.get("waiting"))
            else ()
        ),
    )
    accounts = Table(
        "Accounts", ("Account", "Balance", "In", "Out"),
        tuple(_account(one, names) for one in world.accounts),
        frozenset({1, 2, 3}), "No sats had moved.", len(world.accounts),
    )  # fmt: skip
    rows = tuple(_row(one, names) for one in islice(world.transactions.newest(), MOST_ROWS))
    transactions = Table(
        "Transactions", ("When", "Kind", "State", "Amount", "Fee", "Agent"), rows, frozenset({3, 4}),
        "Nothing had been booked.", len(world.transactions), wide=5,
    )  # fmt: skip
    return Content(facts, (transactions, accounts))


def _held(world: World, account: str) -> int:
    found = world.accounts.get(account)
    return found.balance_msat if found is not None else 0


def _account(one: AccountThen, names: Mapping[str, str]) -> Row:
    kind, _, owner = one.name.partition(":")
    name = (
        _HELD.get(one.name)
        or f"{names.get(owner, short_id(owner))}{' (in flight)' if kind != 'agent' else ''}"
    )
    return Row((name, sats(one.balance_msat), sats(one.in_msat), sats(one.out_msat)), one.name)


def _row(one: TransactionThen, names: Mapping[str, str]) -> Row:
    agent = names.get(one.agent_id, short_id(one.agent_id))
    when = exact_time(one.time_us)[5:19]
    cells = (
        when,
        one.type,
        one.state,
        sats(one.amount_msat),
        sats(one.fee_msat) if one.fee_msat else "",
        agent,
    )
    parts = [f"{one.type}, {one.state}{', simulated' if one.simulated else ''}: {sats(one.amount_msat)}"]
    parts += [f"Payment hash {one.payment_hash}"] if one.payment_hash else []
    parts += [f"Task {short_id(one.task_id)}"] if one.task_id else []
    parts += [inert_line(one.note, 300)] if one.note else []
    return Row(cells, "\n".join(parts), _TONES.get(one.state, ""))
