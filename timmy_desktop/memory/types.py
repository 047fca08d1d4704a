"""What the memory's methods take and give: frozen, and free of the database's own shapes.

Times are microseconds UTC. An owner is an agent's name in small letters ("echo", "timmy"), or "person".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

EntryType = Literal["conversation", "fact", "document"]
Visibility = Literal["shared", "private"]
EntryState = Literal["accepted", "proposed", "rejected"]
EmbedderState = Literal["waiting", "loading", "ready", "missing"]
IndexState = Literal["waiting", "ready", "filling", "broken"]
SearchMode = Literal["meaning and words", "words", "newest"]
UseKind = Literal["retrieved", "injected", "cited"]

ENTRY_TYPES: tuple[EntryType, ...] = ("conversation", "fact", "document")
PERSON_OWNER = "person"
TIMMY_OWNER = "timmy"
RESERVED_OWNERS = frozenset({PERSON_OWNER, TIMMY_OWNER, ""})


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks. The person sees all; an agent what is shared and its own.

    `stays_here`: what it is told never leaves this computer. Entries that are local only are not told
    otherwise, whoever asks.
    """

    owner: str
    stays_here: bool = False

    @property
    def is_person(self) -> bool:
        """Whether this is the person at the screen."""
        return self.owner == PERSON_OWNER


def agent_owner(name: str) -> str:
    """The owner that an agent of that name is. No name makes an agent the person, nor Timmy."""
    owner = name.strip().casefold()
    return f"{owner} (agent)" if owner in RESERVED_OWNERS else owner


PERSON = Asker(PERSON_OWNER, stays_here=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """Something to remember. `source` says where it came from, in words or as a path."""

    content: str
    type: EntryType = "fact"
    owner: str = PERSON_OWNER
    visibility: Visibility = "shared"
    source: str = ""
    state: EntryState = "accepted"
    task_id: str = ""
    conversation_id: str = ""
    message_id: str = ""
    document_id: str = ""
    chunk: int = 0
    local_only: bool = False
    pinned: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry as the table holds it. `number` grows with each new one.

    `superseded_by` is the identifier of what replaced it, empty while it holds. `is_embedded`: its vector
    is the current model's, so it is found by meaning.
    """

    id: str
    number: int
    type: EntryType
    content: str
    source: str
    owner: str
    visibility: Visibility
    state: EntryState
    task_id: str
    conversation_id: str
    message_id: str
    document_id: str
    chunk: int
    local_only: bool
    pinned: bool
    superseded_by: str
    metadata: Mapping[str, Any]
    rev: int
    created_us: int
    updated_us: int
    used_us: int
    is_embedded: bool

    @property
    def cite(self) -> str:
        """How a reply names this entry: `m:` and the identifier's last eight characters."""
        return f"m:{self.id[-8:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What to look among. An empty tuple or text leaves that open; so does None."""

    types: tuple[EntryType, ...] = ()
    owners: tuple[str, ...] = ()
    states: tuple[EntryState, ...] = ("accepted",)
    since_us: int = 0
    until_us: int = 0
    task_id: str = ""
    conversation_id: str = ""
    document_id: str = ""
    pinned: bool | None = None
    superseded: bool = False
    """Whether those that were replaced are shown too."""


CURRENT = Filters()
EVERYTHING = Filters(states=("accepted", "proposed", "rejected"), superseded=True)


@dataclass(frozen=True, slots=True)
class Hit:
    """A found entry. `cosine` is None when it was found by words alone; `words` are those that match exactly.

    `folded` are the identifiers of near-duplicates that stand behind this one.
    """

    entry: Entry
    score: float
    cosine: float | None
    words: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Why it was found, in words."""
        meaning = f"meaning {self.cosine:.2f}" if self.cosine is not None else ""
        exact = ", ".join(f"“{word}”" for word in self.words)
        return "; ".join(part for part in (f"the words {exact}" if exact else "", meaning) if part)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Best first. `note` says what a person should know: that only words were searched, and why."""

    hits: tuple[Hit, ...]
    mode: SearchMode
    took_ms: float
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What to change of one entry or of many; None leaves it."""

    content: str | None = None
    type: EntryType | None = None
    visibility: Visibility | None = None
    owner: str | None = None
    pinned: bool | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """What an entry said before: `content` held until `until_us`, when `what` happened."""

    rev: int
    content: str
    until_us: int
    what: str


@dataclass(frozen=True, slots=True)
class Use:
    """That a reply used an entry. `reply_id` is a message's or a task's identifier."""

    entry_id: str
    reply_id: str
    reply_kind: Literal["message", "task"]
    kind: UseKind
    by: str
    time_us: int
    score: float


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A fact that `entry` may contradict, and why it is thought so."""

    entry: Entry
    reason: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a prompt gets from the memory. `text` is empty when nothing fits the question.

    `retrieved` was found; `injected` of it stands in `text`, in that order.
    """

    text: str
    retrieved: tuple[Hit, ...] = ()
    injected: tuple[Entry, ...] = ()

    @property
    def is_local_only(self) -> bool:
        """Whether something in it must not leave this computer."""
        return any(entry.local_only for entry in self.injected)


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document in the memory, by its file. `bytes` is the file's size when it was imported."""

    id: str
    path: str
    title: str
    owner: str
    visibility: Visibility
    digest: str
    chunks: int
    bytes: int
    imported_us: int


@dataclass(frozen=True, slots=True)
class UseCounts:
    """How many entries a reply found in the memory, was given in its prompt, and cites."""

    retrieved: int = 0
    injected: int = 0
    cited: int = 0


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file: new, changed (its old pieces are gone), unchanged, or refused and why."""

    path: str
    outcome: Literal["new", "changed", "unchanged", "refused"]
    chunks: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of each file. `note` says what was not looked at, and why."""

    files: tuple[FileOutcome, ...]
    note: str = ""

    @property
    def chunks(self) -> int:
        """How many pieces were stored."""
        return sum(file.chunks for file in self.files if file.outcome in ("new", "changed"))


@dataclass(frozen=True, slots=True)
class Trace:
    """Bytes of something forgotten that a file still holds, and what they are there for."""

    file: str
    where: str
    count: int


@dataclass(frozen=True, slots=True)
class ForgetReport:
    """What forgetting did, and what a search through the bytes of every file in the data folder found after.

    `covered` names what was cleaned; `traces` what still holds those bytes; `note` what to know of it.
    `prompts_redacted`: of so many kept prompts parts were taken out. `events_removed`: so many events that
    held words of tasks left the log.
    """

    entries: int
    files_searched: int
    bytes_searched: int
    backups_removed: int
    sources_forgotten: int
    covered: tuple[str, ...]
    traces: tuple[Trace, ...] = ()
    note: str = ""
    prompts_redacted: int = 0
    events_removed: int = 0

    @property
    def is_gone(self) -> bool:
        """Whether no byte of it was found."""
        return not self.traces


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something long has come; `total` is 0 while that is not known."""

    words: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class MemoryStatus:
    """How the memory is now. `detail` says what is the matter and what to do; empty when all is well.

    `pending` entries are not found by meaning yet.
    """

    embedder: EmbedderState
    model: str
    index: IndexState
    entries: int
    pending: int
    progress: Progress | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Statistics:
    """The memory in numbers. The pairs are in the order in which to show them."""

    entries: int
    by_type: tuple[tuple[str, int], ...]
    by_owner: tuple[tuple[str, int], ...]
    by_state: tuple[tuple[str, int], ...]
    by_month: tuple[tuple[str, int], ...]
    pinned: int
    superseded: int
    private: int
    documents: int
    embedded: int
    indexed: int
    content_bytes: int
    vector_bytes: int
    index_bytes: int
    never_used: int
    most_used: tuple[tuple[str, int], ...]
    oldest_us: int
    newest_us: int


@dataclass(frozen=True, slots=True)
class Point:
    """An entry on the map; `x` and `y` from -1 to 1. Near points mean similar things."""

    entry_id: str
    type: EntryType
    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Projection:
    """A map of the memory in two dimensions; `explained` is the share of the differences that it shows.

    `left_out` entries are not on it, for their number.
    """

    points: tuple[Point, ...]
    explained: float
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """A fact, asked in other words, and at which place it was found (0: not)."""

    entry_id: str
    asked: str
    place: int


@dataclass(frozen=True, slots=True)
class RecallReport:
    """How well the person's own facts are found. `alarm` says in words what is wrong; empty when nothing is.

    `recall_1` and `recall_5` are shares from 0 to 1, against `expected_5`, measured before (None: never).
    `is_measure`: the next test is measured by this one. A model that was swapped and finds as much sets the
    alarm off once, one that finds less each time.
    """

    questions: tuple[Question, ...]
    recall_1: float
    recall_5: float
    expected_5: float | None
    model: str
    alarm: str = ""
    is_measure: bool = False
    by_meaning: bool = True


@dataclass(frozen=True, slots=True)
class Pruned:
    """What pruning removed or, as a preview, would remove: entries by type, and the report of forgetting."""

    by_type: tuple[tuple[str, int], ...]
    report: ForgetReport | None = None

    @property
    def count(self) -> int:
        """How many entries."""
        return sum(number for _, number in self.by_type)
