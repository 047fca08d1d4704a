"""The memory's public face: everything that the dock, the command line and the agents do with it.

Every reading method takes the `asker`, who sees what is its to see and nothing else; see `visibility.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from timmy_desktop.memory.types import (
    CURRENT,
    Asker,
    Change,
    Context,
    Contradiction,
    DocumentView,
    Entry,
    EntryType,
    Filters,
    ForgetReport,
    ImportReport,
    MemoryStatus,
    NewEntry,
    Progress,
    Projection,
    Pruned,
    RecallReport,
    SearchResult,
    Statistics,
    Use,
    Version,
    Visibility,
)

Tell = Callable[[Progress], None]


class Memory:
    """One for each data folder. Nothing heavy is loaded before it is first needed, or `warm_up` is called."""

    async def start(self) -> None:
        """Takes up what the last run left undone, in the background."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Ends the background work and the threads; what is not indexed yet is taken up at the next start."""
        raise NotImplementedError

    async def warm_up(self) -> None:
        """Loads the model and the index, so that the first search need not; returns when that is done."""
        raise NotImplementedError

    # How it is

    def status(self) -> MemoryStatus:
        """How it is now; cheap."""
        raise NotImplementedError

    def on_status(self, handler: Callable[[MemoryStatus], object]) -> Callable[[], None]:
        """Calls `handler` on the loop when the status changes; returns the way to stop it."""
        raise NotImplementedError

    async def settled(self) -> None:
        """Returns when everything stored so far is in the index, or can't be."""
        raise NotImplementedError

    # Finding and reading

    async def search(
        self, query: str, *, asker: Asker, filters: Filters = CURRENT, limit: int = 20
    ) -> SearchResult:
        """The best entries for `query`, by meaning and by exact word; an empty query gives the newest ones.

        While the model is loading, and without one, words alone are searched, and the result says so.
        """
        raise NotImplementedError

    async def entries(
        self, *, asker: Asker, filters: Filters = CURRENT, limit: int = 200, before: int = 0
    ) -> list[Entry]:
        """Entries by age, newest first: those whose `number` is below `before` (0: from the newest)."""
        raise NotImplementedError

    async def entry(self, entry_id: str, *, asker: Asker) -> Entry:
        """The entry of that identifier, or of its last eight characters, as in a citation.

        Raises UnknownEntryError, also for one that the asker must not see.
        """
        raise NotImplementedError

    async def history(self, entry_id: str, *, asker: Asker) -> tuple[Version, ...]:
        """What the entry said before, newest first, those that it superseded too."""
        raise NotImplementedError

    async def uses(self, entry_id: str, *, asker: Asker, limit: int = 100) -> tuple[Use, ...]:
        """Which replies used the entry, newest first."""
        raise NotImplementedError

    async def uses_of(self, reply_id: str) -> tuple[Use, ...]:
        """What a reply (a message or a task) used: for its receipt."""
        raise NotImplementedError

    # Writing

    async def remember(self, entry: NewEntry) -> Entry:
        """Stores an entry, or returns the one that says the very same already.

        It is on the disk when this returns, found by words at once and by meaning a moment later. Raises
        EntryRejectedError (empty, too long).
        """
        raise NotImplementedError

    async def change(self, entry_ids: Sequence[str], change: Change) -> int:
        """Changes entries, of one or of many; returns how many. What they said before is kept as history.

        `content` may be changed of one entry at a time.
        """
        raise NotImplementedError

    async def pin(self, entry_ids: Sequence[str], pinned: bool = True) -> int:
        """Pins entries, or no longer: pinned ones stand first in every context and are never pruned."""
        raise NotImplementedError

    async def accept(self, entry_ids: Sequence[str]) -> int:
        """Takes proposed facts as true; those that they contradict by the same key are superseded."""
        raise NotImplementedError

    async def reject(self, entry_ids: Sequence[str]) -> int:
        """Refuses proposed facts; they are kept, so that they are not proposed again, and used by nobody."""
        raise NotImplementedError

    async def contradictions(self, content: str, *, asker: Asker) -> tuple[Contradiction, ...]:
        """Facts that `content` may contradict, the likeliest first."""
        raise NotImplementedError

    async def supersede(self, old_id: str, new_id: str) -> None:
        """Lets `new_id` take the place of `old_id`, which is kept as history."""
        raise NotImplementedError

    async def restore(self, entry_id: str) -> None:
        """Lets a superseded entry hold again."""
        raise NotImplementedError

    async def merge(self, entry_ids: Sequence[str], content: str) -> Entry:
        """One entry of several: `content` is what it says; the others are kept as its history."""
        raise NotImplementedError

    # Letting go

    async def forget(
        self, entry_ids: Sequence[str], *, asker: Asker, sources: bool = False, tell: Tell | None = None
    ) -> ForgetReport:
        """Forgets entries with their history and uses, and searches the data folder's bytes for what is left.

        `sources`: also the chat messages and task results that they were made from. An agent may forget
        its own alone; NotAllowedError otherwise.
        """
        raise NotImplementedError

    async def prune_preview(
        self, older_than_us: int, types: Sequence[EntryType] = ("conversation",)
    ) -> Pruned:
        """What `prune` would remove."""
        raise NotImplementedError

    async def prune(self, older_than_us: int, types: Sequence[EntryType] = ("conversation",)) -> Pruned:
        """Forgets entries of these types that were last changed before that time.

        Facts, and what is pinned, are kept, whatever `types` says.
        """
        raise NotImplementedError

    # Context

    async def context(
        self, question: str, *, asker: Asker, budget_tokens: int, conversation_id: str = ""
    ) -> Context:
        """What a prompt should hold of the memory, within about `budget_tokens`. Never waits for the model.

        Entries made from `conversation_id` are left out: the prompt holds that conversation itself.
        """
        raise NotImplementedError

    async def record_uses(
        self, context: Context, *, reply_id: str, reply_kind: str, by: str, reply_text: str
    ) -> tuple[Entry, ...]:
        """Writes what a reply used; returns the injected entries that it cites."""
        raise NotImplementedError

    # Documents

    async def import_documents(
        self,
        paths: Sequence[Path],
        *,
        owner: str = "person",
        visibility: Visibility = "shared",
        tell: Tell | None = None,
    ) -> ImportReport:
        """Imports files, and the files of folders: text, Markdown, code, PDF. Again without duplicates."""
        raise NotImplementedError

    async def documents(self, *, asker: Asker) -> list[DocumentView]:
        """The imported documents, newest first."""
        raise NotImplementedError

    # The whole of it

    async def export_lines(self, path: Path, *, asker: Asker, filters: Filters = CURRENT) -> int:
        """Writes entries as JSON lines into a file of its owner alone; returns how many."""
        raise NotImplementedError

    async def import_lines(self, path: Path) -> int:
        """Reads an export; returns how many entries were new. TransferError names the line that is wrong."""
        raise NotImplementedError

    async def statistics(self, *, asker: Asker) -> Statistics:
        """The memory in numbers."""
        raise NotImplementedError

    async def projection(self, *, asker: Asker, most: int = 5000) -> Projection:
        """A map of the newest `most` entries in two dimensions; empty without vectors."""
        raise NotImplementedError

    async def self_test(self, tell: Tell | None = None) -> RecallReport:
        """Asks the person's facts in other words, and says how many are found."""
        raise NotImplementedError

    async def rebuild(self, tell: Tell | None = None) -> int:
        """Sets the index aside and builds it anew from the table; returns how many entries it holds."""
        raise NotImplementedError
