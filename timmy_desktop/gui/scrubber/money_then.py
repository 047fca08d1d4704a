"""The ledger, as it was."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from timmy_desktop.gui.scrubber.content import MOST_ROWS, Content, Moment, Row, Table, names_of
from timmy_desktop.gui.widgets.facts_strip import Fact
from timmy_desktop.gui.wording import count, exact_time, sats, short_id
from timmy_desktop.inert import inert_line
from timmy_desktop.scrubber.kept import line_key
from timmy_desktop.scrubber.things import TREASURY, AccountThen, ApprovalThen, TransactionThen
from timmy_desktop.scrubber.world import World

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
        *(
            ((f"{len(world.differences):,}", "differences", "Open, between ledger and node"),)
            if len(world.differences)
            else ()
        ),
        *_compared(world, moment.kept.comparison),
    )
    accounts = Table(
        "Accounts", ("Account", "Balance", "In", "Out"),
        tuple(_account(one, names) for one in world.accounts),
        frozenset({1, 2, 3}), "No sats had moved.", len(world.accounts),
    )  # fmt: skip
    rows = tuple(
        _row(one, names, moment.kept.lines.get(line_key(one), {}))
        for one in islice(world.transactions.newest(), MOST_ROWS)
    )
    transactions = Table(
        "Transactions", ("When", "Kind", "State", "Amount", "Fee", "Treasury after", "Agent"), rows,
        frozenset({3, 4, 5}), "Nothing had been booked.", len(world.transactions), wide=6,
    )  # fmt: skip
    approvals = Table(
        "Approvals", ("Asked", "State", "Amount", "Agent", "Why"),
        tuple(
            _approval(one, names, moment.kept.approvals.get(one.id, {}))
            for one in islice(world.approvals.newest(), MOST_ROWS)
        ),
        frozenset({2}), "No payment had waited for you.", len(world.approvals), wide=4,
    )  # fmt: skip
    return Content(facts, (transactions, accounts, approvals))


def _compared(world: World, kept: Mapping[str, Any]) -> tuple[Fact, ...]:
    last = world.comparisons.get("last")
    if last is None:
        return ()
    node = f" with {inert_line(kept['backend'], 40)} ({inert_line(kept['network'], 40)})" if kept else ""
    words = {"agrees": "agreed", "differs": count(last.open, "difference")}.get(last.state, "not reached")
    when = exact_time(last.time_us)[:19]
    return ((words, "last compared", f"Ledger and node{node} at {when}: {last.checked:,} checked"),)


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


def _approval(one: ApprovalThen, names: Mapping[str, str], kept: Mapping[str, Any]) -> Row:
    agent = names.get(one.agent_id, short_id(one.agent_id))
    asked = exact_time(kept["requested_us"])[5:19] if kept else ""
    lines = [f"{one.state}: {sats(one.amount_msat)}, {inert_line(one.why, 300)}"]
    if kept:
        lines += (
            [f"To {kept['payee'][:20]}…, fee up to {sats(kept['fee_cap_msat'])}"] if kept["payee"] else []
        )
        lines += [f"For {inert_line(kept['memo'], 200)}"] if kept["memo"] else []
        lines += [f"Decided by {inert_line(kept['decided_by'], 80)}"] if kept["decided_by"] else []
        lines += [inert_line(kept["reason"], 300)] if kept["reason"] else []
    cells = (asked, one.state, sats(one.amount_msat), agent, inert_line(one.why, 200))
    return Row(cells, "\n".join(lines), "warn" if one.state == "waiting" else "")


def _row(one: TransactionThen, names: Mapping[str, str], kept: Mapping[str, Any]) -> Row:
    agent = names.get(one.agent_id, short_id(one.agent_id))
    when = exact_time(one.time_us)[5:19]
    cells = (
        when,
        one.type,
        one.state,
        sats(one.amount_msat),
        sats(one.fee_msat) if one.fee_msat else "",
        sats(one.treasury_msat),
        agent,
    )
    parts = [f"{one.type}, {one.state}{', simulated' if one.simulated else ''}: {sats(one.amount_msat)}"]
    parts += [f"Payment hash {one.payment_hash}"] if one.payment_hash else []
    parts += [f"Task {short_id(one.task_id)}"] if one.task_id else []
    parts += [inert_line(one.note, 300)] if one.note else []
    parts += _of_line(one, kept) if kept else []
    return Row(cells, "\n".join(parts), _TONES.get(one.state, ""))


def _of_line(one: TransactionThen, kept: Mapping[str, Any]) -> list[str]:
    """What stands in the line's own row, as far as it was there then."""
    cap = f", fee up to {sats(kept['fee_cap_msat'])}" if kept["fee_cap_msat"] else ""
    parts = [f"Purpose {inert_line(kept['purpose'], 60)}{cap}"] if kept["purpose"] else []
    parts += [f"Memo: {inert_line(kept['memo'], 300)}"] if kept["memo"] not in ("", one.note) else []
    parts += [f"Invoice {kept['bolt11'][:40]}…, to {kept['payee'][:20]}…"] if kept["bolt11"] else []
    proof = "the book alone" if kept["proof"] == "book" else inert_line(kept["proof"], 90)
    parts += [f"Proven by {proof}"] if proof else []
    parts += [f"Preimage {kept['preimage']}"] if kept["preimage"] else []
    return parts
