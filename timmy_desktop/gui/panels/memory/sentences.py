"""What the dock says of long work and of how the memory is. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from timmy_desktop.gui.panels.memory.wording import TYPES, memories, share
from timmy_desktop.gui.wording import count, size
from timmy_desktop.inert import inert_line
from timmy_desktop.memory.types import (
    FileOutcome,
    ForgetReport,
    MemoryStatus,
    Progress,
    Pruned,
    RecallReport,
)

GOES = (
    "Gone for good: the text, every earlier version, what it replaced, its uses and its vectors; out of the "
    "database and its write-ahead log, the word index, the meaning index, and the backups that Timmy made. "
    "Then every file of the data folder is searched for what is left of it."
)
STAYS = (
    "Not reached: copies that you exported, backups of the whole computer, synchronised folders, and files "
    "that were imported. The event log keeps that something was forgotten and when, not what."
)
SOURCES = "Also empty the chat messages and task results that it was made from"
EVENTS_COST = (
    "The log says, signed, how many were removed, and still proves the rest. The time scrubber then begins "
    "after the last of them: moments before it can't be shown any more."
)

Said = tuple[str, str]
"""Words and tone."""


def forget_title(number: int) -> str:
    """The question itself."""
    return "Forget this memory for good?" if number == 1 else f"Forget {memories(number)} for good?"


def events_wish(number: int) -> str:
    """The choice to have them removed."""
    hold = "that holds" if number == 1 else "that hold"
    return f"Also remove the {count(number, 'event')} of the log {hold} its words"


def forget_said(report: ForgetReport) -> Said:
    """What came of forgetting, in one paragraph."""
    searched = f"{count(report.files_searched, 'file')} ({size(report.bytes_searched)})"
    done = f"{memories(report.entries)} {_was(report.entries)} forgotten."
    if report.sources_forgotten:
        done += f" {count(report.sources_forgotten, 'message or result', 'messages and results')} with them."
    if report.is_gone:
        return f"{done} {searched} in the data folder were searched, and no byte of it was found.", "good"
    holds = "holds" if len(report.traces) == 1 else "hold"
    left = f"{count(len(report.traces), 'place')} still {holds} some of its words."
    return f"{done} {searched} in the data folder were searched; {left}", "warn"


def forget_details(report: ForgetReport) -> list[str]:
    """The lines below: where words are left and why, what was cleaned, what to know."""
    lines = [
        f"Left in {inert_line(trace.file, 80)}, {inert_line(trace.where, 120)}: "
        f"{count(trace.count, 'place')}."
        for trace in report.traces
    ]
    if report.traces:
        lines.append("Forget those too, or delete the files, if they should go.")
    lines.append(f"Cleaned: {', '.join(report.covered)}.")
    if report.events_removed:
        gone = count(report.events_removed, "event")
        lines.append(
            f"{gone} {_was(report.events_removed)} removed from the log; the time scrubber begins after that."
        )
    if report.backups_removed:
        removed = count(report.backups_removed, "backup")
        lines.append(f"{removed} {_was(report.backups_removed)} removed; a new one takes their place.")
    if report.note:
        lines.append(inert_line(report.note, 400))
    return lines


def prune_said(preview: Pruned) -> str:
    """What pruning would remove."""
    if not preview.count:
        return "Nothing is that old. Facts and pinned memories are kept whatever their age."
    parts = [
        count(number, TYPES[kind].word.casefold(), TYPES[kind].many.casefold())
        for kind, number in preview.by_type
        if kind in TYPES
    ]
    return f"{' and '.join(parts)} would be forgotten for good. Facts and pinned memories are kept."


def import_said(files: Sequence[FileOutcome], note: str = "", *, stopped: bool = False) -> Said:
    """What became of the files."""
    counts = {name: sum(file.outcome == name for file in files) for name in _OUTCOMES}
    parts = [f"{number:,} {_OUTCOMES[name]}" for name, number in counts.items() if number]
    chunks = sum(file.chunks for file in files if file.outcome in ("new", "changed"))
    words = f"{count(len(files), 'file')}: {', '.join(parts)}." if files else "No file was taken in."
    if chunks:
        words += f" {count(chunks, 'piece')} can be found now."
    if stopped:
        words = f"Stopped. {words} What was taken in stays; import again to go on."
    tone = "warn" if counts["refused"] or stopped or note else "good"
    return f"{words} {inert_line(note, 300)}".strip(), tone


_OUTCOMES = {"new": "new", "changed": "changed", "unchanged": "as before", "refused": "refused"}


def recall_said(report: RecallReport) -> Said:
    """How well facts are found, and the alarm where there is one."""
    number = len(report.questions)
    if report.alarm and report.is_measure:
        alarm, now = inert_line(report.alarm, 400), share(report.recall_5)
        words = f"{alarm} It finds {now} of the facts among the first five; that is the new measure."
        return words, "warn"
    if report.alarm and not report.by_meaning:
        return f"{inert_line(report.alarm, 400)} Run it again once the model is there.", "bad"
    if report.alarm:
        return f"{inert_line(report.alarm, 400)} Rebuild the index, or go back to the model before.", "bad"
    if not number:
        return "There is no fact to ask for yet. Tell one under Facts, then try again.", "info"
    found = sum(1 <= one.place <= 5 for one in report.questions)
    words = (
        f"{found:,} of {count(number, 'fact')} found among the first five ({share(report.recall_5)}), "
        f"{share(report.recall_1)} in the first place."
    )
    if report.expected_5 is not None:
        words += f" Last time it was {share(report.expected_5)}."
    return words, "good"


def status_said(status: MemoryStatus) -> tuple[str, str, str]:
    """Words, tone and the next step where something is the matter; empty words when all is well."""
    if status.embedder == "missing":
        detail = inert_line(status.detail, 300) or "The embedding model does not answer."
        return f"Words still search, meanings do not. {detail}", "warn", "Try again"
    if status.index == "broken":
        detail = inert_line(status.detail, 300) or "The index can't be used. Search works without it."
        return detail, "bad", "Rebuild"
    return "", "", ""


def indexing_said(status: MemoryStatus) -> Progress | None:
    """What the line says while entries are being indexed."""
    if status.progress is None:
        return None
    progress = status.progress
    words = "Indexing: words find everything already, meanings follow"
    return Progress(words, progress.done, progress.total)


def subtitle(status: MemoryStatus) -> str:
    """A few words beside the dock's title."""
    if not status.entries:
        return ""
    words = memories(status.entries)
    if status.embedder == "missing":
        return f"{words}, words only"
    if status.embedder == "loading":
        return f"{words}, loading the model"
    return f"{words}, {status.pending:,} to index" if status.pending else words


def progress_words(progress: Progress) -> str:
    """`Searching every file, 4 of 6`."""
    words = inert_line(progress.words, 120)
    return f"{words}, {progress.done:,} of {progress.total:,}" if progress.total else words


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
