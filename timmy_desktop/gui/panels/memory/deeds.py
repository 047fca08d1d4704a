"""What a person does to memories, each with the way back where there is one. Free of Qt."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from timmy_desktop.gui.panels.memory.rows import Row, row_of
from timmy_desktop.gui.panels.memory.undo import UndoStack, inverse
from timmy_desktop.gui.panels.memory.wording import TYPES, memories
from timmy_desktop.gui.starter import Starter
from timmy_desktop.memory import Memory
from timmy_desktop.memory.errors import UnknownEntryError
from timmy_desktop.memory.types import PERSON, Change, Entry, EntryType, NewEntry, Visibility

Work = Callable[[], Coroutine[Any, Any, Any]]


class Deeds:
    """`did(words)` follows each that succeeded, `failed(words)` each that did not."""

    def __init__(
        self,
        memory: Memory,
        starter: Starter,
        undo: UndoStack,
        did: Callable[[str], object],
        failed: Callable[[str], object],
    ) -> None:
        self._memory, self._starter, self._undo = memory, starter, undo
        self._did, self._failed = did, failed
        self._number = 0

    def pin(self, rows: Sequence[Row]) -> None:
        """Pins them all; where all are pinned, lets them go."""
        pinned = not all(row.pinned for row in rows)
        words = f"{'Pinned' if pinned else 'Unpinned'} {memories(len(rows))}."
        self._change(rows, Change(pinned=pinned), words)

    def set_type(self, rows: Sequence[Row], kind: EntryType) -> None:
        """Calls them facts, conversations or documents."""
        self._change(rows, Change(type=kind), f"{memories(len(rows))}: now {TYPES[kind].many.casefold()}.")

    def set_visibility(self, rows: Sequence[Row], visibility: Visibility) -> None:
        """Lets every agent see them, or their owner alone."""
        who = "every agent sees" if visibility == "shared" else "only the owner and you see"
        them = "it" if len(rows) == 1 else "them"
        self._change(rows, Change(visibility=visibility), f"{memories(len(rows))}: {who} {them}.")

    def edit(
        self,
        entry_id: str,
        content: str,
        *,
        then: Callable[[], object] | None = None,
        failed: Callable[[str], object] | None = None,
    ) -> None:
        """Another text; the one before is kept as history."""

        async def work() -> None:
            before = (await self._memory.entry(entry_id, asker=PERSON)).content
            await self._memory.change([entry_id], Change(content=content))
            self._undo.push(
                "Edited a memory.",
                lambda: self._memory.change([entry_id], Change(content=before)),
                [entry_id],
            )

        self._do(work, "Edited a memory. The text before is kept in its history.", then=then, failed=failed)

    def accept(self, rows: Sequence[Row]) -> None:
        """Proposed facts hold from now on."""
        ids = [row.id for row in rows]

        async def work() -> None:
            rivals = {
                found.entry.id
                for row in rows[:20]
                for found in await self._memory.contradictions(row.text, asker=PERSON)
            }
            await self._memory.accept(ids)
            replaced = [one for one in rivals if await self._replaced_by(one) in ids]

            async def back() -> None:
                await self._memory.reconsider(ids)
                for one in replaced:
                    await self._memory.restore(one)

            self._undo.push(f"Accepted {_facts(rows)}.", back, ids)

        self._do(work, f"Accepted {_facts(rows)}.")

    def reject(self, rows: Sequence[Row]) -> None:
        """Proposed facts are refused."""
        ids = [row.id for row in rows]

        async def work() -> None:
            await self._memory.reject(ids)
            self._undo.push(f"Rejected {_facts(rows)}.", lambda: self._memory.reconsider(ids), ids)

        self._do(work, f"Rejected {_facts(rows)}. Nobody uses {'it' if len(rows) == 1 else 'them'}.")

    def supersede(self, old_id: str, new_id: str) -> None:
        """One takes the other's place."""

        async def work() -> None:
            await self._memory.supersede(old_id, new_id)
            words = "Replaced a memory by another."
            self._undo.push(words, lambda: self._memory.restore(old_id), [old_id, new_id])

        self._do(work, "Replaced a memory by another. The old one is kept as history.")

    def restore(self, entry_id: str, newer_id: str) -> None:
        """What was replaced holds again, beside what replaced it."""

        async def work() -> None:
            await self._memory.restore(entry_id)
            self._undo.push(
                "Restored a memory.", lambda: self._memory.supersede(entry_id, newer_id), [entry_id, newer_id]
            )

        self._do(work, "Restored a memory. It holds again, beside the one that had replaced it.")

    def merge(
        self, ids: Sequence[str], content: str, *, then: Callable[[Entry], object] | None = None
    ) -> None:
        """One of several, which are kept as its history."""

        async def work() -> Entry:
            made = await self._memory.merge(ids, content)

            async def back() -> None:
                for one in ids:
                    await self._memory.restore(one)
                await self._memory.supersede(made.id, ids[0])

            self._undo.push(f"Merged {memories(len(ids))}.", back, [*ids, made.id])
            return made

        self._do(work, f"Merged {memories(len(ids))} into one. They are kept as its history.", result=then)

    def remember(
        self,
        content: str,
        *,
        then: Callable[[Entry], object] | None = None,
        failed: Callable[[str], object] | None = None,
    ) -> None:
        """A fact in the person's own words."""

        async def work() -> Entry:
            entry = NewEntry(content=content, type="fact", source="told by you")
            return await self._memory.remember(entry)

        self._do(work, "", result=then, failed=failed)

    def undo(self) -> None:
        """Takes the newest step back."""
        step = self._undo.pop()
        if step is not None:
            self._do(step.back, f"Undone: {step.words[0].lower()}{step.words[1:]}")

    def _change(self, rows: Sequence[Row], change: Change, words: str) -> None:
        ids = [row.id for row in rows]

        async def work() -> None:
            await self._memory.change(ids, change)

            async def back() -> None:
                for some, before in inverse(rows, change):
                    await self._memory.change(some, before)

            self._undo.push(words, back, ids)

        self._do(work, words)

    async def _replaced_by(self, entry_id: str) -> str:
        try:
            return row_of(await self._memory.entry(entry_id, asker=PERSON)).superseded_by
        except UnknownEntryError:
            return ""

    def _do(
        self,
        work: Work,
        words: str,
        *,
        then: Callable[[], object] | None = None,
        result: Callable[[Any], object] | None = None,
        failed: Callable[[str], object] | None = None,
    ) -> None:
        """Each under a name of its own: none cancels another."""
        self._number += 1

        def done(value: Any) -> None:
            if words:
                self._did(words)
            if then is not None:
                then()
            if result is not None:
                result(value)

        def fault(error: Exception) -> None:
            (failed or self._failed)(str(error) or type(error).__name__)

        self._starter.start(f"deed-{self._number}", work(), done, failed=fault)


def _facts(rows: Sequence[Row]) -> str:
    return "a proposed fact" if len(rows) == 1 else f"{len(rows):,} proposed facts"
