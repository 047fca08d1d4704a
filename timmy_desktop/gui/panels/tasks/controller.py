"""Does what the Tasks panel's wishes ask for, and tells the panel what came of it. Free of Qt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from timmy_desktop.events.base import EventRecord
from timmy_desktop.gui.recalled import Recalled, RecalledGroup, counts_words, read_recalled
from timmy_desktop.gui.starter import Starter
from timmy_desktop.swarm.errors import TaskRejectedError, UnknownTaskError
from timmy_desktop.swarm.task import TaskStatus, TaskView

PAGE = 200
_MOST_UNKNOWN = 50


class Swarm(Protocol):
    """What the panel needs of the coordinator."""

    async def post(self, text: str, *, local_only: bool = False, max_price_msat: int = 0) -> str: ...
    async def cancel(self, task_id: str) -> Any: ...
    async def retry(self, task_id: str) -> Any: ...
    async def task(self, task_id: str) -> TaskView: ...
    async def tasks(
        self, limit: int = 200, before: str | None = None, status: TaskStatus | None = None, text: str = ""
    ) -> Sequence[TaskView]: ...
    async def steps(self, task_id: str) -> Sequence[EventRecord]: ...


class Rows(Protocol):
    """What holds the tasks on screen."""

    more_to_come: bool

    def view_of(self, task_id: str) -> TaskView | None: ...
    def put(self, views: Iterable[TaskView]) -> None: ...
    def take(self, records: Sequence[EventRecord]) -> set[str]: ...


class Screen(Protocol):
    """What the panel shows when asked to."""

    def show_loading(self) -> None: ...
    def show_loaded(self) -> None: ...
    def show_fault(self, words: str) -> None: ...
    def show_posted(self, task_id: str) -> None: ...
    def show_rejected(self, words: str) -> None: ...
    def show_detail(self, view: TaskView, records: Sequence[EventRecord]) -> None: ...
    def show_detail_fault(self, words: str) -> None: ...
    def show_recalled(self, words: str, groups: Sequence[RecalledGroup]) -> None: ...
    def show_changed(self) -> None: ...
    def say(self, words: str, tone: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Query:
    """What of the tasks a person wants to see."""

    text: str = ""
    status: str = ""


class TasksController:
    """One for each panel. Late replies to superseded questions are dropped by the starter."""

    def __init__(
        self, swarm: Swarm, starter: Starter, rows: Rows, screen: Screen, memory: Recalled | None
    ) -> None:
        self._swarm, self._starter, self._rows, self._screen = swarm, starter, rows, screen
        self._memory = memory
        self._query = Query()
        self._oldest: dict[Query, str] = {}
        self._unknown: set[str] = set()
        self._missing: set[str] = set()
        self._detail_id = ""
        self._detail_ready = self._is_over = False
        self._records: dict[int, EventRecord] = {}

    @property
    def followed_id(self) -> str:
        """The task whose detail is kept up to date; "" for none."""
        return self._detail_id

    def load(self) -> None:
        """Reads the newest tasks; also what the retry button of the error state does."""
        self._screen.show_loading()
        self._oldest.clear()
        self._ask(failed=lambda error: self._screen.show_fault(_words(error)))

    def filter(self, text: str, status: str) -> None:
        """The person looks for something: older tasks that match are fetched too."""
        # The database looks for one piece of text; the screen then wants every word.
        query = Query(max(text.split(), key=len, default=""), status)
        if query == self._query:
            return
        self._query = query
        if query in self._oldest:
            self._rows.more_to_come = bool(self._oldest[query])
        else:
            self._ask()

    def older(self) -> None:
        """The list was scrolled to its end."""
        if self._oldest.get(self._query):
            self._ask(before=self._oldest[self._query])

    def post(self, text: str, *, local_only: bool, max_price_msat: int) -> None:
        self._starter.start(
            "post",
            self._swarm.post(text, local_only=local_only, max_price_msat=max_price_msat),
            self._screen.show_posted,
            failed=self._not_posted,
        )

    def cancel(self, task_id: str) -> None:
        self._act("cancel", self._swarm.cancel(task_id), task_id)

    def retry(self, task_id: str) -> None:
        self._act("retry", self._swarm.retry(task_id), task_id)

    def open(self, task_id: str) -> None:
        """Shows a task with its whole life."""
        self.close_detail()
        self._detail_id = task_id
        self._starter.start(
            "detail",
            self._detail(task_id),
            self._detail_read,
            failed=lambda error: self._screen.show_detail_fault(_words(error)),
        )

    def close_detail(self) -> None:
        self._detail_id = ""
        self._detail_ready = self._is_over = False
        self._records = {}
        self._screen.show_recalled("", ())

    async def export(
        self, task_id: str, text_of: Callable[[TaskView, Sequence[EventRecord]], str], path: Path
    ) -> None:
        """Writes what `text_of` makes of the task to `path`; raises OSError."""
        view, records = await self._detail(task_id)
        text = text_of(view, records)
        await asyncio.to_thread(path.write_text, text, encoding="utf-8")

    def take(self, records: Sequence[EventRecord]) -> None:
        """A batch from the bridge."""
        unknown = self._rows.take(records)
        unknown -= self._missing
        if unknown:
            # A flood of events about tasks of long ago must not become a flood of questions.
            self._unknown = set(sorted(self._unknown | unknown)[-_MOST_UNKNOWN:])
            self._starter.start("unknown", self._fetch())
        mine = [record for record in records if record.event.task_id == self._detail_id]
        if self._detail_id and mine:
            self._records.update({record.seq: record for record in mine})
            self._show_detail()
        self._screen.show_changed()

    def catch_up(self) -> None:
        """More happened than could be shown: what is on screen is read anew."""
        self._oldest.clear()
        self._ask()
        if self._detail_id:
            self.open(self._detail_id)

    async def _detail(self, task_id: str) -> tuple[TaskView, Sequence[EventRecord]]:
        return await self._swarm.task(task_id), await self._swarm.steps(task_id)

    def _detail_read(self, found: tuple[TaskView, Sequence[EventRecord]]) -> None:
        view, records = found
        self._rows.put([view])
        # What came in meanwhile is kept: the two overlap, and the number tells which is which.
        self._records.update({record.seq: record for record in records})
        self._detail_ready = True
        self._show_detail()

    def _show_detail(self) -> None:
        view = self._rows.view_of(self._detail_id)
        if view is not None and self._detail_ready:
            self._screen.show_detail(view, [self._records[seq] for seq in sorted(self._records)])
            if view.status.is_terminal and not self._is_over:
                self._read_recalled(self._memory, view.id)
            self._is_over = view.status.is_terminal

    def _read_recalled(self, memory: Recalled | None, task_id: str) -> None:
        """What the memory gave to a task that is over is known when its end is."""
        if memory is None:
            return

        async def read() -> tuple[str, Sequence[RecalledGroup]]:
            counts = await memory.use_counts([task_id])
            return counts_words(counts.get(task_id)), await read_recalled(memory, task_id)

        def show(found: tuple[str, Sequence[RecalledGroup]]) -> None:
            if task_id == self._detail_id:
                self._screen.show_recalled(*found)

        self._starter.start("recalled", read(), show)

    def _ask(self, *, before: str | None = None, failed: Callable[[Exception], object] | None = None) -> None:
        query = self._query
        status = TaskStatus(query.status) if query.status and query.status != "open" else None
        work = self._swarm.tasks(limit=PAGE, before=before, status=status, text=query.text)
        self._starter.start("load", work, lambda views: self._loaded(query, views), failed=failed)

    def _loaded(self, query: Query, views: Sequence[TaskView]) -> None:
        self._rows.put(views)
        self._oldest[query] = views[-1].id if len(views) == PAGE else ""
        self._rows.more_to_come = bool(self._oldest[query])
        self._screen.show_loaded()

    async def _fetch(self) -> None:
        """Tasks that events spoke of and the list doesn't hold; a newer batch takes over what is left."""
        for task_id in sorted(self._unknown, reverse=True):
            try:
                self._rows.put([await self._swarm.task(task_id)])
            except UnknownTaskError:
                self._missing.add(task_id)
            self._unknown.discard(task_id)

    def _not_posted(self, error: Exception) -> None:
        words = _words(error)
        if not isinstance(error, TaskRejectedError):
            words = f"The task was not posted: {words} The text is kept; try again."
        self._screen.show_rejected(words)

    def _act(self, name: str, work: Coroutine[Any, Any, Any], task_id: str) -> None:
        self._starter.start(
            f"{name}.{task_id}", work, failed=lambda error: self._screen.say(_words(error), "warn")
        )


def _words(error: Exception) -> str:
    return str(error) or f"{type(error).__name__}."
