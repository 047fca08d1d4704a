"""The book as its events leave it: each is read as the entry that was posted in its transaction."""

from __future__ import annotations

from collections.abc import Mapping

from timmy_desktop.events import payments, tasks
from timmy_desktop.events.base import EventRecord
from timmy_desktop.scrubber.tasks import change_task
from timmy_desktop.scrubber.things import (
    TREASURY,
    AccountThen,
    ApprovalThen,
    ComparisonThen,
    DifferenceThen,
    ReserveThen,
    TransactionThen,
)
from timmy_desktop.scrubber.world import Draft

# The names of the book's accounts (ledger/book.py), which are the tables' own.
ESCROW, FEES, OUTSIDE, SUSPENSE = "escrow", "fees", "outside", "suspense"
RECEIVABLE, INVOICED = "receivable", "invoiced"
_NOT_OURS = frozenset({OUTSIDE, FEES, RECEIVABLE, INVOICED})


def _move(draft: Draft, *moves: tuple[str, str, int]) -> None:
    """One entry of moves (from, to, amount), net for each account, as the book posts it."""
    amounts: dict[str, int] = {}
    for source, target, amount in moves:
        amounts[source] = amounts.get(source, 0) - amount
        amounts[target] = amounts.get(target, 0) + amount
    _post(draft, amounts)


def _post(draft: Draft, amounts: Mapping[str, int]) -> None:
    for name, amount in amounts.items():
        if amount:
            had = draft.accounts.get(name) or AccountThen(name)
            came, went = had.in_msat + max(amount, 0), had.out_msat + max(-amount, 0)
            draft.accounts.put(name, AccountThen(name, had.balance_msat + amount, came, went))


def _balance(draft: Draft, name: str) -> int:
    account = draft.accounts.get(name)
    return account.balance_msat if account is not None else 0


def _held(draft: Draft, task_id: str) -> int:
    reserve = draft.reserves.get(task_id)
    return reserve.held_msat if reserve is not None else 0


def _row(draft: Draft, record: EventRecord, row: TransactionThen) -> None:
    _put(draft, f"#{record.seq}", row)


def _put(draft: Draft, key: str, row: TransactionThen) -> None:
    """With what the treasury holds now: the line's running balance."""
    draft.transactions.put(key, row._replace(treasury_msat=_balance(draft, TREASURY)))


def _deposited(draft: Draft, record: EventRecord, event: payments.SatsDeposited) -> None:
    _move(draft, (OUTSIDE, TREASURY, event.amount_msat))
    made = TransactionThen(
        "deposit", "settled", event.amount_msat, record.time_us, simulated=event.simulated, note=event.memo,
        ledger_id=event.ledger_id,
    )  # fmt: skip
    _row(draft, record, made)


def _reserved(draft: Draft, record: EventRecord, event: payments.SatsReserved) -> None:
    total = event.amount_msat + event.fee_cap_msat
    _move(draft, (TREASURY, ESCROW, total))
    draft.reserves.put(event.task_id, ReserveThen(_held(draft, event.task_id) + total))
    made = TransactionThen(
        "reserve", "settled", event.amount_msat, record.time_us, task_id=event.task_id,
        agent_id=event.agent_id, simulated=event.simulated, ledger_id=event.ledger_id,
    )  # fmt: skip
    _row(draft, record, made)


def _for_nothing(draft: Draft, record: EventRecord, event: tasks.TaskAssigned) -> None:
    """A price of zero is noted in the ledger and moves nothing, so no event of the ledger tells of it."""
    if not event.price_msat:
        made = TransactionThen(
            "reserve", "settled", 0, record.time_us, task_id=event.task_id, agent_id=event.agent_id,
            ledger_id=event.ledger_id,
        )  # fmt: skip
        _row(draft, record, made)


def _refunded(draft: Draft, record: EventRecord, event: payments.PaymentRefunded) -> None:
    if draft.failed == (record.seq - 1, event.task_id):
        return
    _move(draft, (ESCROW, TREASURY, event.amount_msat))
    draft.reserves.put(event.task_id, ReserveThen(0))
    made = TransactionThen(
        "refund", "settled", event.amount_msat, record.time_us, task_id=event.task_id,
        agent_id=event.agent_id, simulated=event.simulated, note=event.reason, ledger_id=event.ledger_id,
    )  # fmt: skip
    _row(draft, record, made)


def _rewarded(draft: Draft, record: EventRecord, event: payments.SatsRewarded) -> None:
    kept = _held(draft, event.task_id) - event.amount_msat
    _move(draft, (ESCROW, f"agent:{event.agent_id}", event.amount_msat), (ESCROW, TREASURY, kept))
    draft.reserves.put(event.task_id, ReserveThen(0))
    made = TransactionThen(
        "reward", "settled", event.amount_msat, record.time_us, task_id=event.task_id,
        agent_id=event.agent_id, simulated=event.simulated, is_reward=True, ledger_id=event.ledger_id,
    )  # fmt: skip
    _row(draft, record, made)
    change_task(draft, event.task_id, paid_msat=event.amount_msat, fee_msat=0)


def _invoiced(draft: Draft, record: EventRecord, event: payments.InvoiceCreated) -> None:
    if not event.receivable:
        return  # the bill of an agent: its payment is told right after
    _move(draft, (INVOICED, RECEIVABLE, event.amount_msat))
    made = TransactionThen(
        "invoice", "pending", event.amount_msat, record.time_us, payment_hash=event.payment_hash,
        account=f"agent:{event.agent_id}" if event.agent_id else TREASURY, task_id=event.task_id,
        agent_id=event.agent_id, simulated=event.simulated, note=event.memo, ledger_id=event.ledger_id,
    )  # fmt: skip
    _put(draft, f"invoice:{event.payment_hash}", made)


def _sent(draft: Draft, record: EventRecord, event: payments.PaymentSent) -> None:
    is_reward = event.purpose == "task" and bool(event.task_id)
    payer = ESCROW if is_reward else event.account
    amount = _held(draft, event.task_id) if is_reward else event.amount_msat + event.fee_cap_msat
    _move(draft, (payer, _flying(event.account), amount))
    if is_reward:
        draft.reserves.put(event.task_id, ReserveThen(0))
    made = TransactionThen(
        "payment", "pending", event.amount_msat, record.time_us, payment_hash=event.payment_hash,
        account=event.account, task_id=event.task_id, agent_id=event.agent_id, simulated=event.simulated,
        flying_msat=amount, is_reward=is_reward, ledger_id=event.ledger_id,
    )  # fmt: skip
    _put(draft, f"payment:{event.payment_hash}", made)


def _settled(draft: Draft, record: EventRecord, event: payments.PaymentSettled) -> None:
    row = draft.transactions.get(f"payment:{event.payment_hash}")
    if row is None or row.state != "pending":
        return
    flying, kept = _flying(row.account), row.flying_msat - row.amount_msat
    _move(
        draft,
        (flying, _target(row), row.amount_msat),
        (flying, row.account, kept),
        (row.account, FEES, event.fee_msat),
    )
    done = row._replace(state="settled", fee_msat=event.fee_msat, time_us=record.time_us)
    _put(draft, f"payment:{event.payment_hash}", done)
    if row.is_reward:
        change_task(draft, row.task_id, paid_msat=row.amount_msat, fee_msat=event.fee_msat)


def _failed(draft: Draft, record: EventRecord, event: payments.PaymentFailed) -> None:
    draft.failed = (record.seq, event.task_id)
    key = f"payment:{event.payment_hash}"
    row = draft.transactions.get(key) if event.payment_hash else None
    if row is not None and row.state == "pending":
        _move(draft, (_flying(row.account), row.account, row.flying_msat))
        done = row._replace(state="failed", time_us=record.time_us, note=event.reason)
        _put(draft, key, done)
    elif row is None:
        _move(draft, (ESCROW, TREASURY, _held(draft, event.task_id)))
        draft.reserves.put(event.task_id, ReserveThen(0))
        made = TransactionThen(
            "payment", "failed", event.amount_msat, record.time_us, payment_hash=event.payment_hash,
            task_id=event.task_id, agent_id=event.agent_id, simulated=event.simulated, is_reward=True,
            note=event.reason, ledger_id=event.ledger_id,
        )  # fmt: skip
        _row(draft, record, made)


def _settled_late(draft: Draft, record: EventRecord, event: payments.PaymentSettledLate) -> None:
    row = draft.transactions.get(f"payment:{event.payment_hash}")
    if row is None:
        return
    lacks = _balance(draft, row.account) < row.amount_msat + event.fee_msat
    payer = SUSPENSE if lacks else row.account
    _move(draft, (payer, _target(row), row.amount_msat), (payer, FEES, event.fee_msat))
    late = row._replace(
        state="settled", fee_msat=event.fee_msat, time_us=record.time_us, note="late",
        ledger_id=event.ledger_id,
    )  # fmt: skip
    _row(draft, record, late)


def _came_in(draft: Draft, record: EventRecord, event: payments.InvoiceSettled) -> None:
    key = f"invoice:{event.payment_hash}"
    row = draft.transactions.get(key)
    if row is None:
        return
    received, wanted = event.received_msat, row.amount_msat
    moves = [(OUTSIDE, row.account, wanted), (OUTSIDE, SUSPENSE, received - wanted)]
    if received < wanted:
        moves = [(OUTSIDE, SUSPENSE, received)]
    done = row._replace(
        state="settled", received_msat=received, time_us=record.time_us, note=event.flags or row.note
    )
    if row.state == "pending":
        _move(draft, *moves, (RECEIVABLE, INVOICED, wanted))
        _put(draft, key, done)
    else:
        _move(draft, *moves)
        _row(draft, record, done._replace(ledger_id=event.ledger_id))


def _closed(
    draft: Draft, record: EventRecord, event: payments.PaymentExpired | payments.InvoiceCancelled
) -> None:
    key = f"invoice:{event.payment_hash}"
    row = draft.transactions.get(key)
    if row is not None and row.state == "pending":
        state = "expired" if isinstance(event, payments.PaymentExpired) else "failed"
        _move(draft, (RECEIVABLE, INVOICED, row.amount_msat))
        _put(draft, key, row._replace(state=state, time_us=record.time_us))


def _released(draft: Draft, record: EventRecord, event: payments.SuspenseReleased) -> None:
    _move(draft, (SUSPENSE, TREASURY, event.amount_msat))
    made = TransactionThen(
        "release", "settled", event.amount_msat, record.time_us, simulated=event.simulated, note=event.note,
        ledger_id=event.ledger_id,
    )  # fmt: skip
    _row(draft, record, made)


def _opened(draft: Draft, record: EventRecord, event: payments.BookOpened) -> None:
    """Another node's book: what the old one held is closed out."""
    held = {
        account.name: account.balance_msat
        for account in draft.accounts.frozen()
        if account.name not in _NOT_OURS and account.balance_msat
    }
    if held:
        total = sum(held.values())
        _post(draft, {name: -amount for name, amount in held.items()} | {OUTSIDE: total})
        made = TransactionThen(
            "closing", "settled", abs(total), record.time_us, simulated=not event.simulated or not total,
            ledger_id=event.ledger_id,
        )  # fmt: skip
        _row(draft, record, made)


def _found(draft: Draft, _: EventRecord, event: payments.DifferenceFound) -> None:
    draft.differences.put(event.difference_id, DifferenceThen(event.kind))


def _resolved(draft: Draft, record: EventRecord, event: payments.DifferenceResolved) -> None:
    found = draft.differences.get(event.difference_id)
    draft.differences.drop(event.difference_id)
    # What settled late was booked by an event of its own.
    if not event.booked_msat or (found is not None and found.kind == "settled_only_at_node"):
        return
    amount = abs(event.booked_msat)
    way = (OUTSIDE, TREASURY) if event.booked_msat > 0 else (TREASURY, OUTSIDE)
    _move(draft, (*way, amount))
    made = TransactionThen(
        "adjustment", "settled", amount, record.time_us, note=event.note, ledger_id=event.ledger_id
    )
    _row(draft, record, made)


def _reconciled(draft: Draft, record: EventRecord, event: payments.LedgerReconciled) -> None:
    before = draft.comparisons.get("last")
    number = before.number + 1 if before is not None else 1
    last = ComparisonThen(event.run_id, event.state, event.checked, event.open, record.time_us, number)
    draft.comparisons.put("last", last)


def _asked(draft: Draft, _: EventRecord, event: payments.ApprovalRequested) -> None:
    waits = ApprovalThen(event.approval_id, "waiting", event.amount_msat, event.agent_id, event.why)
    draft.approvals.put(event.approval_id, waits)


def _decided(draft: Draft, _: EventRecord, event: payments.PaymentApproved | payments.PaymentRefused) -> None:
    known = draft.approvals.get(event.approval_id)
    if known is not None:
        said_no = "refused" if event.decided_by == "person" else "expired"
        state = "approved" if isinstance(event, payments.PaymentApproved) else said_no
        draft.approvals.put(event.approval_id, known._replace(state=state))


def _flying(account: str) -> str:
    return "in_flight" if account == TREASURY else "in_flight:" + account.removeprefix("agent:")


def _target(row: TransactionThen) -> str:
    return f"agent:{row.agent_id}" if row.is_reward else OUTSIDE


HANDLERS = {
    payments.SatsDeposited: _deposited,
    payments.SatsReserved: _reserved,
    tasks.TaskAssigned: _for_nothing,
    payments.PaymentRefunded: _refunded,
    payments.SatsRewarded: _rewarded,
    payments.InvoiceCreated: _invoiced,
    payments.PaymentSent: _sent,
    payments.PaymentSettled: _settled,
    payments.PaymentFailed: _failed,
    payments.PaymentSettledLate: _settled_late,
    payments.InvoiceSettled: _came_in,
    payments.PaymentExpired: _closed,
    payments.InvoiceCancelled: _closed,
    payments.SuspenseReleased: _released,
    payments.BookOpened: _opened,
    payments.DifferenceFound: _found,
    payments.DifferenceResolved: _resolved,
    payments.LedgerReconciled: _reconciled,
    payments.ApprovalRequested: _asked,
    payments.PaymentApproved: _decided,
    payments.PaymentRefused: _decided,
}
