"""The memory's public face: everything that the dock, the command line and the agents do with it.

Every reading method takes the `asker`, who sees what is its to see and nothing else; see `visibility.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from timmy_desktop.clock import Clock
from timmy_desktop.events.bus import EventBus
from timmy_desktop.memory import due, facts, rows
from timmy_desktop.memory.documents import Documents
from timmy_desktop.memory.drain import EXACT_MOST, Drain
from timmy_desktop.memory.embedding import Embedder
from timmy_desktop.memory.forgetting import Forgetting, RemoveEvents
from timmy_desktop.memory.index import VectorIndex
from timmy_desktop.memory.keeping import Keeping
from timmy_desktop.memory.prompting import Prompting
from timmy_desktop.memory.proposing import AskModel, FactsSetting, Proposing
from timmy_desktop.memory.search import Search
from timmy_desktop.memory.status import StatusBoard
from timmy_desktop.memory.store import Store
from timmy_desktop.memory.transfer import Transfer
from timmy_desktop.memory.types import (
    CURRENT,
    PERSON,
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
    UseCounts,
    Version,
    Visibility,
)
from timmy_desktop.memory.upkeep import Upkeep
from timmy_desktop.memory.uses import Uses
from timmy_desktop.memory.visibility import marks
from timmy_desktop.storage.database import Database
from timmy_desktop.supervisor import TaskSupervisor

Tell = Callable[[Progress], None]


START_AFTER_SECONDS = 2.0
_CONTRADICTION = 0.72


class MemorySettings(Protocol):
    """The settings that the memory goes by; see settings.py."""

    @property
    def memory_keep_conversations(self) -> bool: ...
    @property
    def memory_keep_results(self) -> bool: ...
    @property
    def memory_facts(self) -> FactsSetting: ...
    @property
    def memory_facts_by_model(self) -> bool: ...
    @property
    def memory_context_tokens(self) -> int: ...


class Memory:
    """One for each data folder. Nothing heavy is loaded at the start, but a little later, or when needed."""

    def __init__(
        self,
        *,
        bus: EventBus,
        db: Database,
        clock: Clock,
        supervisor: TaskSupervisor,
        embedder: Embedder,
        index: VectorIndex,
        settings: MemorySettings,
        data_dir: Path,
        index_folder: Path,
        backups: Path,
        back_up: Callable[[], Awaitable[object]] | None = None,
        not_searched: Sequence[Path] = (),
        write_prompts: Callable[[], Awaitable[object]] | None = None,
        remove_events: RemoveEvents | None = None,
        ask: AskModel | None = None,
        start_after: float = START_AFTER_SECONDS,
        exact_most: int = EXACT_MOST,
    ) -> None:
        """`ask` asks a model for facts and paraphrases; None does without.

        `back_up` replaces the backups that forgetting has removed. `not_searched` are folders of files that
        the application only reads, which forgetting need not search. `write_prompts` has all prompts that
        wait to be kept written, so that forgetting reaches them. `remove_events` takes out of the event log
        what forgetting wants gone; None: it stays there.
        """
        self._db = db
        self._board = StatusBoard()
        self._drain = Drain(
            db=db, embedder=embedder, index=index, supervisor=supervisor, board=self._board,
            start_after=start_after, exact_most=exact_most,
        )  # fmt: skip
        self._search = Search(db=db, drain=self._drain, board=self._board)
        self._store = Store(bus=bus, db=db, clock=clock, drain=self._drain)
        self._uses = Uses(bus=bus, db=db, clock=clock)
        self._prompting = Prompting(
            db=db, drain=self._drain, board=self._board, store=self._store, search=self._search,
            uses=self._uses,
        )  # fmt: skip
        self._upkeep = Upkeep(
            bus=bus, db=db, drain=self._drain, board=self._board, store=self._store, search=self._search,
            index_folder=index_folder, ask=ask,
        )  # fmt: skip
        self._documents = Documents(store=self._store, db=db, clock=clock)
        self._transfer = Transfer(bus=bus, db=db, drain=self._drain)
        self._forgetting = Forgetting(
            bus=bus, db=db, drain=self._drain, data_dir=data_dir, backups=backups, back_up=back_up,
            not_searched=not_searched, write_prompts=write_prompts,
            let_go=lambda message_ids: self._proposing.let_go(message_ids), remove_events=remove_events,
        )  # fmt: skip
        self._proposing = Proposing(
            store=self._store, supervisor=supervisor, setting=settings.memory_facts,
            ask=ask if settings.memory_facts_by_model else None,
        )  # fmt: skip
        self._keeping = Keeping(
            store=self._store, bus=bus, db=db, supervisor=supervisor, proposing=self._proposing,
            keep_conversations=settings.memory_keep_conversations,
            keep_results=settings.memory_keep_results,
        )  # fmt: skip

    async def start(self) -> None:
        """Takes up what the last run left undone, in the background."""
        await self._recount()
        self._drain.start()
        self._proposing.start()
        self._keeping.start()

    async def stop(self) -> None:
        """Ends the background work and the threads; what is not indexed yet is taken up at the next start."""
        self._keeping.stop()
        await self._proposing.stop()
        await self._forgetting.stop()
        await self._drain.stop()
        await self._documents.stop()

    async def warm_up(self) -> None:
        """Loads the model and the index, so that the first search need not; returns when that is done."""
        self._drain.wake()
        await self._drain.settled()

    # How it is

    def status(self) -> MemoryStatus:
        """How it is now; cheap."""
        return self._board.current

    def on_status(self, handler: Callable[[MemoryStatus], object]) -> Callable[[], None]:
        """Calls `handler` on the loop when the status changes; returns the way to stop it."""
        return self._board.on_change(handler)

    async def settled(self) -> None:
        """Returns when everything stored so far is in the index, or can't be."""
        await self._proposing.settled()
        await self._drain.settled()

    # Finding and reading

    async def search(
        self, query: str, *, asker: Asker, filters: Filters = CURRENT, limit: int = 20
    ) -> SearchResult:
        """The best entries for `query`, by meaning and by exact word; an empty query gives the newest ones.

        While the model is loading, and without one, words alone are searched, and the result says so.
        """
        return await self._search.search(query, asker=asker, filters=filters, limit=limit)

    async def entries(
        self, *, asker: Asker, filters: Filters = CURRENT, limit: int = 200, before: int = 0
    ) -> list[Entry]:
        """Entries by age, newest first: those whose `number` is below `before` (0: from the newest)."""
        return await self._store.listed(asker, filters, limit, before)

    async def entry(self, entry_id: str, *, asker: Asker) -> Entry:
        """The entry of that identifier, or of its last eight characters, as in a citation.

        Raises UnknownEntryError, also for one that the asker must not see.
        """
        return await self._store.find(entry_id, asker)

    async def history(self, entry_id: str, *, asker: Asker) -> tuple[Version, ...]:
        """What the entry said before, newest first, those that it superseded too."""
        return await self._store.versions(await self._store.find(entry_id, asker), asker)

    async def uses(self, entry_id: str, *, asker: Asker, limit: int = 100) -> tuple[Use, ...]:
        """Which replies used the entry, newest first."""
        entry = await self._store.find(entry_id, asker)
        return await self._uses.of_entry(entry.id, limit)

    async def uses_of(self, reply_id: str) -> tuple[Use, ...]:
        """What a reply (a message or a task) used: for its receipt."""
        return await self._uses.of_reply(reply_id)

    async def use_counts(self, reply_ids: Sequence[str]) -> dict[str, UseCounts]:
        """How many entries each of the replies found, was given and cites; without those of none."""
        return await self._uses.counts_of(reply_ids)

    # Writing

    async def remember(self, entry: NewEntry) -> Entry:
        """Stores an entry, or returns the one that says the very same already.

        It is on the disk when this returns, found by words at once and by meaning a moment later. Raises
        EntryRejectedError (empty, too long).
        """
        return await self._store.add(entry)

    async def change(self, entry_ids: Sequence[str], change: Change) -> int:
        """Changes entries, of one or of many; returns how many. What they said before is kept as history.

        `content` may be changed of one entry at a time.
        """
        return await self._store.change(entry_ids, change)

    async def pin(self, entry_ids: Sequence[str], pinned: bool = True) -> int:
        """Pins entries, or no longer: pinned ones stand first in every context and are never pruned."""
        return await self._store.change(entry_ids, Change(pinned=pinned))

    async def accept(self, entry_ids: Sequence[str]) -> int:
        """Takes proposed facts as true; those that they contradict by the same key are superseded."""
        return await self._store.decide(entry_ids, "accepted")

    async def reject(self, entry_ids: Sequence[str]) -> int:
        """Refuses proposed facts; they are kept, so that they are not proposed again, and used by nobody."""
        return await self._store.decide(entry_ids, "rejected")

    async def reconsider(self, entry_ids: Sequence[str]) -> int:
        """Takes a nod or a refusal back: the facts are proposed again. What they superseded stays so."""
        return await self._store.decide(entry_ids, "proposed")

    async def contradictions(self, content: str, *, asker: Asker) -> tuple[Contradiction, ...]:
        """Facts that `content` may contradict, the likeliest first."""
        found = [
            Contradiction(entry, f"says {facts.value(entry.content)!r} of the same")
            for entry in await self._store.same_subject(content, asker)
        ]
        known = {one.entry.id for one in found}
        result = await self.search(content, asker=asker, filters=Filters(types=("fact",)), limit=5)
        for hit in result.hits:
            is_near = hit.cosine is not None and hit.cosine >= _CONTRADICTION
            if is_near and hit.entry.id not in known and facts.differs_in_detail(hit.entry.content, content):
                found.append(Contradiction(hit.entry, f"means nearly the same ({hit.cosine:.2f}), not quite"))
        return tuple(found)

    async def supersede(self, old_id: str, new_id: str) -> None:
        """Lets `new_id` take the place of `old_id`, which is kept as history."""
        await self._store.supersede(old_id, new_id)

    async def restore(self, entry_id: str) -> None:
        """Lets a superseded entry hold again."""
        await self._store.restore(entry_id)

    async def merge(self, entry_ids: Sequence[str], content: str) -> Entry:
        """One entry of several: `content` is what it says; the others are kept as its history."""
        return await self._store.merge(entry_ids, content)

    async def keep_message(
        self, text: str, *, role: str, conversation_id: str, message_id: str, local_only: bool
    ) -> None:
        """Remembers a chat message ("user" or "assistant"), and proposes facts from what the person said.

        What can't be stored is logged; a conversation never fails for its memory's sake.
        """
        await self._keeping.message(
            text, role=role, conversation_id=conversation_id, message_id=message_id, local_only=local_only
        )

    # Letting go

    async def forget(
        self,
        entry_ids: Sequence[str],
        *,
        asker: Asker,
        sources: bool = False,
        events: bool = False,
        tell: Tell | None = None,
    ) -> ForgetReport:
        """Forgets entries with their history and uses, and searches the data folder's bytes for what is left.

        `sources`: also the chat messages and task results that they were made from; `events`, with it: also
        the events of the log that hold these tasks' words, after the last of which the past begins then. An
        agent may forget its own alone, and no source and no event; NotAllowedError otherwise.
        """
        reason = "forgotten by the person" if asker.is_person else f"forgotten by {asker.owner}"
        return await self._forgetting.forget(
            entry_ids, asker=asker, sources=sources, events=events, reason=reason, tell=tell or _silent
        )

    async def events_of(self, entry_ids: Sequence[str]) -> int:
        """How many events of the log hold words of the tasks that forgetting with sources would empty."""
        return await self._forgetting.events(entry_ids)

    async def prune_preview(
        self, older_than_us: int, types: Sequence[EntryType] = ("conversation",)
    ) -> Pruned:
        """What `prune` would remove."""
        return _pruned(await self._old(older_than_us, types))

    async def prune(
        self,
        older_than_us: int,
        types: Sequence[EntryType] = ("conversation",),
        tell: Tell | None = None,
    ) -> Pruned:
        """Forgets entries of these types that were last changed before that time.

        Facts, and what is pinned, are kept, whatever `types` says.
        """
        old = await self._old(older_than_us, types)
        if not old:
            return Pruned(())
        report = await self._forgetting.forget(
            [entry.id for entry in old],
            asker=PERSON,
            sources=False,
            reason="pruned by age",
            tell=tell or _silent,
        )
        return _pruned(old, report)

    # Context

    async def context(
        self, question: str, *, asker: Asker, budget_tokens: int, conversation_id: str = ""
    ) -> Context:
        """What a prompt should hold of the memory, within about `budget_tokens`. Never waits for the model.

        Entries made from `conversation_id` are left out: the prompt holds that conversation itself.
        """
        return await self._prompting.context(
            question, asker=asker, budget_tokens=budget_tokens, conversation_id=conversation_id
        )

    async def sourced(self, reply: str, question: str, context: Context, *, by: str) -> str:
        """A reply of `by` as it stays, with its sources in order.

        Small models often use what they are given and name no source: where the reply cites nothing and yet
        says what only the memory could tell, marks are put below. They invent marks too: those say so.
        """
        return await self._prompting.sourced(reply, question, context, by=by)

    async def record_uses(
        self, context: Context, *, reply_id: str, reply_kind: str, by: str, reply_text: str
    ) -> tuple[Entry, ...]:
        """Writes what a reply used; returns the entries that it cites.

        These may come from elsewhere in its prompt too, such as what was said before with a mark.
        """
        return await self._prompting.record(
            context, reply_id=reply_id, reply_kind=reply_kind, by=by, reply_text=reply_text
        )

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
        return await self._documents.take_in(paths, owner=owner, visibility=visibility, tell=tell or _silent)

    async def documents(self, *, asker: Asker) -> list[DocumentView]:
        """The imported documents, newest first."""
        return await self._documents.listed(asker)

    # The whole of it

    async def export_lines(self, path: Path, *, asker: Asker, filters: Filters = CURRENT) -> int:
        """Writes entries as JSON lines into a file of its owner alone; returns how many."""
        return await self._transfer.export(path, asker, filters)

    async def import_lines(self, path: Path) -> int:
        """Reads an export; returns how many entries were new. TransferError names the line that is wrong."""
        return await self._transfer.take_in(path)

    async def statistics(self, *, asker: Asker) -> Statistics:
        """The memory in numbers."""
        return await self._upkeep.statistics(asker)

    async def projection(self, *, asker: Asker, most: int = 5000) -> Projection:
        """A map of the newest `most` entries in two dimensions; empty without vectors."""
        return await self._upkeep.projection(asker, most)

    async def self_test(self, tell: Tell | None = None) -> RecallReport:
        """Asks the person's facts in other words, and says how many are found."""
        return await self._upkeep.self_test(tell or _silent)

    async def rebuild(self, tell: Tell | None = None) -> int:
        """Sets the index aside and builds it anew from the table; returns how many entries it holds."""
        return await self._upkeep.rebuild(tell or _silent)

    async def in_index(self) -> list[int]:
        """The numbers of the entries that the index holds: for checks."""
        return await self._drain.in_index()

    async def _old(self, older_than_us: int, types: Sequence[EntryType]) -> list[Entry]:
        """What may be pruned."""
        wanted = [kind for kind in types if kind != "fact"]
        where = (
            f"updated_us < ? AND pinned = 0 AND type IN ({marks(wanted)})",
            [older_than_us, *wanted],
        )
        return await self._db.read(lambda session: rows.select(session, where, model=""))

    async def _recount(self) -> None:
        entries, pending = await self._db.read(due.counts)
        self._board.set(entries=entries, pending=pending)


def _silent(_: Progress) -> None:
    return None


def _pruned(old: Sequence[Entry], report: ForgetReport | None = None) -> Pruned:
    counts: dict[str, int] = {}
    for entry in old:
        counts[entry.type] = counts.get(entry.type, 0) + 1
    return Pruned(tuple(sorted(counts.items())), report)
