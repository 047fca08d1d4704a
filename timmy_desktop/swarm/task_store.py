"""The statements on `tasks` and `bids`: each write is handed to the bus as work, to stand with its events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from timmy_desktop.identifiers import new_id
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.tables import TaskRow
from timmy_desktop.swarm.auction import ScoredBid
from timmy_desktop.swarm.errors import TaskStateError, UnknownTaskError
from timmy_desktop.swarm.task import TERMINAL, TRANSITIONS, BidView, TaskStatus, TaskView

Write = Callable[[Session], None]

_COLUMNS = tuple(TaskRow._meta.sorted_field_names)
_SELECT = (
    f"SELECT {', '.join(f't.{name}' for name in _COLUMNS)}, COALESCE(a.name, '') "  # noqa: S608 - constants
    "FROM tasks t LEFT JOIN agents a ON a.id = t.agent_id"
)
_SELECT_BIDS = (
    "SELECT b.task_id, b.round, b.agent_id, COALESCE(a.name, ''), b.amount_msat, b.score_milli, "
    "b.won, b.time_us FROM bids b LEFT JOIN agents a ON a.id = b.agent_id"
)
_OPEN = tuple(status.value for status in TaskStatus if status not in TERMINAL)
_TERMINAL = tuple(status.value for status in TERMINAL)


def inserted(
    task_id: str, text: str, now: int, *, local_only: bool, max_price_msat: int, conversation_id: str
) -> Write:
    """A new task, `created`."""
    values = (
        task_id,
        text,
        TaskStatus.CREATED.value,
        now,
        now,
        int(local_only),
        max_price_msat,
        conversation_id,
    )

    def write(session: Session) -> None:
        session.sql(
            "INSERT INTO tasks(id, text, status, created_us, updated_us, local_only, max_price_msat, "
            "conversation_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )

    return write


def moved_to(task_id: str, status: TaskStatus, now: int, **values: Any) -> Write:
    """The task in another status, with other columns besides.

    Raises TaskStateError when the row is not in a status from which that step is allowed, so that memory
    and table can't part silently.
    """
    allowed = [old.value for old, targets in TRANSITIONS.items() if status in targets]
    columns = {"status": status.value, "updated_us": now, **values}
    assignments = ", ".join(f"{name} = ?" for name in columns)
    marks = ", ".join("?" * len(allowed))
    statement = f"UPDATE tasks SET {assignments} WHERE id = ? AND status IN ({marks})"  # noqa: S608

    def write(session: Session) -> None:
        parameters = (*columns.values(), task_id, *allowed)
        if session.connection.execute(statement, parameters).rowcount != 1:
            raise TaskStateError(f"The task {task_id} is not in a status from which it can become {status}.")

    return write


def paid(task_id: str, paid_msat: int, fee_msat: int, reason: str | None = None) -> Write:
    """What the task cost in the end; with `reason`, why it is not paid."""

    def write(session: Session) -> None:
        session.sql(
            "UPDATE tasks SET paid_msat = ?, fee_msat = ?, reason = COALESCE(?, reason) WHERE id = ?",
            (paid_msat, fee_msat, reason, task_id),
        )

    return write


def unpaid_because(task_id: str, reason: str) -> Write:
    """Why a completed task is not paid, unless it was meanwhile."""

    def write(session: Session) -> None:
        session.sql("UPDATE tasks SET reason = ? WHERE id = ? AND paid_msat = 0", (reason, task_id))

    return write


def bids_written(task_id: str, number: int, bids: Sequence[ScoredBid], winner: str, now: int) -> Write:
    """The bids of one auction."""
    rows = [
        (
            new_id(),
            task_id,
            number,
            entry.bid.agent_id,
            entry.bid.amount_msat,
            entry.score_milli,
            int(entry.bid.agent_id == winner),
            now,
        )
        for entry in bids
    ]

    def write(session: Session) -> None:
        session.connection.executemany(
            "INSERT INTO bids(id, task_id, round, agent_id, amount_msat, score_milli, won, time_us) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )

    return write


def both(*writes: Write) -> Write:
    """All of them, in order."""

    def write(session: Session) -> None:
        for one in writes:
            one(session)

    return write


def one_task(session: Session, task_id: str) -> TaskView:
    """The task with its bids; UnknownTaskError when there is none."""
    found = _views(session, session.sql(f"{_SELECT} WHERE t.id = ?", (task_id,)))
    if not found:
        raise UnknownTaskError(f"There is no task {task_id}.")
    return found[0]


def some_tasks(
    session: Session, *, limit: int, before: str | None, status: TaskStatus | None, text: str
) -> list[TaskView]:
    """The newest tasks that fit, newest first; `before` is the identifier after which to go on."""
    conditions, parameters = ["1"], []
    if before is not None:
        conditions.append("t.id < ?")
        parameters.append(before)
    if status is not None:
        conditions.append("t.status = ?")
        parameters.append(status.value)
    if text:
        conditions.append("(t.text LIKE ? ESCAPE '!' OR t.result LIKE ? ESCAPE '!')")
        parameters += [_containing(text)] * 2
    where = " AND ".join(conditions)
    rows = session.sql(f"{_SELECT} WHERE {where} ORDER BY t.id DESC LIMIT ?", (*parameters, limit))
    return _views(session, rows)


def bids_of(session: Session, task_ids: Sequence[str]) -> list[BidView]:
    """The bids of these tasks: by task and auction, best first."""
    if not task_ids:
        return []
    marks = ", ".join("?" * len(task_ids))
    rows = session.sql(
        f"{_SELECT_BIDS} WHERE b.task_id IN ({marks}) ORDER BY b.task_id, b.round, b.score_milli DESC, b.id",
        task_ids,
    )
    return [_bid(*row) for row in rows]


def unfinished(session: Session) -> list[TaskView]:
    """Every task that has not ended, oldest first."""
    return _views(session, session.sql(f"{_SELECT} WHERE t.status IN {_OPEN!r} ORDER BY t.id"))


def unpaid(session: Session) -> list[str]:
    """Completed tasks that had a price and nothing paid yet."""
    rows = session.sql(
        "SELECT id FROM tasks WHERE status = 'completed' AND price_msat > 0 AND paid_msat = 0 ORDER BY id"
    )
    return [row[0] for row in rows]


def _bid(
    task_id: str, number: int, agent_id: str, name: str, amount: int, score: int, won: int, time_us: int
) -> BidView:
    return BidView(task_id, number, agent_id, name, amount, score, bool(won), time_us)


def _views(session: Session, rows: Iterable[tuple[Any, ...]]) -> list[TaskView]:
    values = [dict(zip((*_COLUMNS, "agent_name"), row, strict=True)) for row in rows]
    bids: dict[str, list[BidView]] = {}
    for bid in bids_of(session, [value["id"] for value in values]):
        bids.setdefault(bid.task_id, []).append(bid)
    return [_view(value, tuple(bids.get(value["id"], ()))) for value in values]


def _view(value: dict[str, Any], bids: tuple[BidView, ...]) -> TaskView:
    value["status"] = TaskStatus(value["status"])
    value["local_only"] = bool(value["local_only"])
    return TaskView(**value, bids=bids)


def _containing(text: str) -> str:
    escaped = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"
