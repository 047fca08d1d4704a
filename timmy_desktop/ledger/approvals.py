"""Payments that wait for a person: asked for once, decided once, bound to exactly what was on screen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from timmy_desktop.ledger.errors import ApprovalError
from timmy_desktop.ledger.types import Approval
from timmy_desktop.storage.database import Session

_NAMES = tuple(field.name for field in fields(Approval))
_COLUMNS = ", ".join(_NAMES)
_SHOWN = (
    "bolt11", "payment_hash", "payee", "amount_msat", "fee_cap_msat", "account", "purpose", "memo", "task_id",
    "agent_id", "simulated", "expires_us",
)  # fmt: skip


def digest_of(shown: dict[str, Any]) -> str:
    """The SHA-256 (hex) of what a person is shown of a payment, in one canonical form."""
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(approval: Approval) -> Approval:
    """The approval with the digest of all that is to be shown."""
    return replace(approval, digest=digest_of({name: getattr(approval, name) for name in _SHOWN}))


def ask_for(session: Session, approval: Approval) -> None:
    """Writes it down as waiting; ApprovalError when the same payment waits already."""
    if waiting_for(session, approval.payment_hash, approval.task_id) is not None:
        raise ApprovalError("This payment already waits for a person.")
    values = [getattr(approval, name) for name in _NAMES]
    places = ",".join("?" * len(values))
    session.sql(f"INSERT INTO ledger_approvals({_COLUMNS}) VALUES ({places})", values)  # noqa: S608


def waiting_for(session: Session, payment_hash: str, task_id: str) -> Approval | None:
    """The waiting approval of this payment: by its hash, or by its task when it has none yet."""
    condition = "payment_hash = ?" if payment_hash else "payment_hash = '' AND task_id = ?"
    found = _select(session, f"state = 'waiting' AND {condition}", (payment_hash or task_id,))
    return found[0] if found else None


def approved_for(session: Session, task_id: str) -> bool:
    """Whether a person approved paying for this task, and nothing came of it yet."""
    return bool(
        _select(
            session, "state = 'approved' AND payment_hash = '' AND task_id = ? AND ledger_id = ''", (task_id,)
        )
    )


def approved_tasks(session: Session) -> tuple[str, ...]:
    """Tasks whose reward a person approved, and nothing came of it yet."""
    found = _select(session, "state = 'approved' AND payment_hash = '' AND ledger_id = ''", ())
    return tuple(approval.task_id for approval in found)


def waiting(session: Session) -> tuple[Approval, ...]:
    """Everything that waits, the oldest first."""
    return tuple(_select(session, "state = 'waiting'", ()))


def by_id(session: Session, approval_id: str) -> Approval:
    """The approval of that identifier; ApprovalError when there is none."""
    found = _select(session, "id = ?", (approval_id,))
    if not found:
        raise ApprovalError("There is no such payment to decide about.")
    return found[0]


def decide(
    session: Session, approval_id: str, state: str, *, by: str, time_us: int, reason: str = ""
) -> Approval:
    """Takes the decision, once; ApprovalError when it was taken before."""
    found = by_id(session, approval_id)
    if found.state != "waiting":
        raise ApprovalError(f"This payment was already {found.state}.")
    session.sql(
        "UPDATE ledger_approvals SET state = ?, decided_by = ?, decided_us = ?, reason = ? WHERE id = ?",
        (state, by, time_us, reason, approval_id),
    )
    return replace(found, state=state, decided_by=by, decided_us=time_us, reason=reason)


def tie(session: Session, approval_id: str, ledger_id: str) -> None:
    """Writes down which payment the approval became."""
    session.sql("UPDATE ledger_approvals SET ledger_id = ? WHERE id = ?", (ledger_id, approval_id))


def tie_task(session: Session, task_id: str, ledger_id: str) -> None:
    """The same for the approval of a task's reward, if it had one."""
    session.sql(
        "UPDATE ledger_approvals SET ledger_id = ?"
        " WHERE task_id = ? AND payment_hash = '' AND state = 'approved' AND ledger_id = ''",
        (ledger_id, task_id),
    )


def withdraw(session: Session, task_id: str, time_us: int) -> None:
    """The task's sats went back: nothing of it waits any more, nor is a yes kept for what comes."""
    session.sql(
        "UPDATE ledger_approvals SET state = 'expired', decided_by = 'ledger', decided_us = ?, reason = ?"
        " WHERE task_id = ? AND payment_hash = '' AND state = 'waiting'",
        (time_us, "The sats of the task went back.", task_id),
    )
    tie_task(session, task_id, "refunded")


def _select(session: Session, condition: str, values: Sequence[object]) -> list[Approval]:
    rows = session.sql(
        f"SELECT {_COLUMNS} FROM ledger_approvals WHERE {condition} ORDER BY requested_us",  # noqa: S608
        values,
    )
    return [Approval(**{**dict(zip(_NAMES, row, strict=True)), "simulated": bool(row[15])}) for row in rows]
