"""What comes to the queue from elsewhere: branches that other processes hand in, and agents that answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import Any

from timmy_desktop.events.base import EventRecord
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.tasks import TaskCancelled, TaskCompleted, TaskFailed
from timmy_desktop.inert import inert_line
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.upgrades import rows
from timmy_desktop.upgrades.errors import RepositoryError, UpgradeError
from timmy_desktop.upgrades.inbox import HandedIn, Inbox
from timmy_desktop.upgrades.records import Records
from timmy_desktop.upgrades.threads import UpgradeThreads
from timmy_desktop.upgrades.types import Comment, Proposal, Target

INBOX_SECONDS = 1.0
# So long an answer lies there for whoever asked.
ANSWER_SECONDS = 900.0


# Proposes what was handed in; see `UpgradeQueue.take`.
Take = Callable[..., Awaitable[Proposal]]


class HandingIn:
    """Looks into the inbox, and tells reviewers of revisions that did not come."""

    def __init__(
        self,
        *,
        bus: EventBus,
        supervisor: TaskSupervisor,
        records: Records,
        threads: UpgradeThreads,
        inbox: Inbox,
        take: Take,
    ) -> None:
        self._bus = bus
        self._supervisor = supervisor
        self._records = records
        self._threads = threads
        self._inbox = inbox
        self._take = take
        self._revising: dict[str, str] = {}
        self._unsubscribe: list[Callable[[], None]] = []
        self._reading: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to look and to listen."""
        for kind in (TaskCompleted, TaskFailed, TaskCancelled):
            self._unsubscribe.append(self._bus.subscribe(kind, self._task_ended))
        self._reading = self._supervisor.start("inbox of the upgrades", self._read_inbox())

    async def stop(self) -> None:
        """Ends both."""
        while self._unsubscribe:
            self._unsubscribe.pop()()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def revises(self, task_id: str, proposal_id: str) -> None:
        """A task was given to an agent, to revise a proposal."""
        self._revising[task_id] = proposal_id

    def _task_ended(self, record: EventRecord) -> None:
        """A revision that did not come is said in a comment, where the reviewer looks for it."""
        event = record.event
        proposal_id = self._revising.pop(event.task_id, "")
        if proposal_id and isinstance(event, TaskFailed | TaskCancelled):
            self._supervisor.start(f"answer on {proposal_id}", self._not_revised(proposal_id, event.reason))

    async def _not_revised(self, proposal_id: str, reason: str) -> None:
        proposal = await self._records.read(lambda session: rows.proposal(session, proposal_id))
        if proposal.state == "proposed":
            said = f"The revision did not come. {inert_line(reason, 1000)}"
            await self._records.comment(proposal, said, proposal.proposer, "", 0, "new")

    async def _read_inbox(self) -> None:
        """Takes what other processes hand in."""
        while True:
            # A disk that is full now may not be at the next look.
            with suppress(OSError):
                await self._threads.git(lambda: self._inbox.drop_old(time.time() - ANSWER_SECONDS))
                for handed in await self._threads.git(lambda: list(self._inbox.take())):
                    answer = await self._answer_to(handed)
                    await self._threads.git(partial(self._inbox.answer, handed.id, **answer))
            await asyncio.sleep(INBOX_SECONDS)

    async def _answer_to(self, handed: HandedIn) -> dict[str, Any]:
        """What became of a request. Nothing that is in one may end the reading of the others."""
        request = asdict(handed)
        del request["id"]
        try:
            return summary_of(await self._take(**request))
        except (UpgradeError, RepositoryError, StorageError) as error:
            return {"error": str(error)}
        except (ValueError, OSError, RuntimeError) as error:
            return {"error": f"That can't be proposed: {inert_line(str(error), 300)}"}


def summary_of(proposal: Proposal) -> dict[str, Any]:
    """A proposal for other programs, as JSON values."""
    revision = proposal.revision
    return {
        "proposal": proposal.id,
        "title": proposal.title,
        "state": proposal.state,
        "digest": revision.digest,
        "files": len(revision.files),
        "added": revision.added,
        "removed": revision.removed,
        "risk": revision.risk,
        "conflicts": list(revision.conflicts),
        "tests": "" if revision.test is None else revision.test.summary,
    }


def asked_text(target: Target, words: str) -> str:
    """What an agent is asked when a person wants a change to a target."""
    return f"Propose a change: to the repository {target.name} ({target.folder}): {words}"


def revision_text(proposal: Proposal, comments: Sequence[Comment]) -> str:
    """What an agent is asked when a reviewer sends a proposal back."""
    lines = [
        f'Propose a change: revise the proposal {proposal.id}, "{proposal.title}", as its reviewer asks. '
        "Begin with start_change, which opens what you proposed. The reviewer says:"
    ]
    for comment in comments:
        where = f"{comment.path}, line {comment.line}" if comment.line else comment.path or "on the whole"
        lines.append(f"- {where}: {comment.text}")
    return "\n".join(lines)
