"""Looks at a commit that is proposed: what it would change on the target now, and whether it may."""

from __future__ import annotations

from timmy_desktop.upgrades.errors import EditError, RepositoryError
from timmy_desktop.upgrades.kinds_of_files import steers
from timmy_desktop.upgrades.path_rules import (
    refuse_collisions,
    refuse_links,
    refuse_names,
    refuse_size,
)
from timmy_desktop.upgrades.quarantine import SYMLINK, Quarantine, TreeChange
from timmy_desktop.upgrades.records import NewRevision
from timmy_desktop.upgrades.risk import assessed
from timmy_desktop.upgrades.types import ChangeKind, FileChange, digest_of
from timmy_desktop.upgrades.workshop import Workshop

MOST_READ = 1_000_000
_KINDS: dict[str, ChangeKind] = {"A": "added", "D": "deleted", "R": "renamed"}


def examined(workshop: Workshop, quarantine: Quarantine, commit: str, note: str = "") -> NewRevision:
    """The revision that `commit` makes. EditError where a rule forbids it, RepositoryError where git can't.

    Its diff is from the target's present head to the two merged; where they can't be merged, it is the
    commit's own, and says which files are in the way.
    """
    target = workshop.target
    head = workshop.repository.head(target.branch)
    if not head:
        raise RepositoryError(f"The repository has no branch {target.branch} any more.")
    base = quarantine.base(head, commit)
    merge = quarantine.merge(head, commit)
    old, new = (base, commit) if merge.conflicts else (head, merge.tree)
    changes = quarantine.changes(old, new)
    if not changes:
        raise EditError("There is nothing to propose: the target holds all of it already.")
    lines = quarantine.patch(old, new)
    _refuse(workshop, quarantine, changes, new, lines)
    risk, reasons = assessed(changes, steering(quarantine, changes, old, new))
    return NewRevision(
        base_commit=base,
        target_head=head,
        commit=commit,
        tree=merge.tree,
        patch=lines,
        digest=digest_of(lines),
        files=tuple(map(file_change, changes)),
        risk=risk,
        risk_reasons=reasons,
        conflicts=merge.conflicts,
        note=note,
    )


def steering(quarantine: Quarantine, changes: tuple[TreeChange, ...], old: str, new: str) -> tuple[str, ...]:
    """The changed files that tell the runner of the tests what to do."""
    return tuple(
        change.path
        for change in changes
        if steers(
            change.path, text_of(quarantine, old, change.old_path), text_of(quarantine, new, change.path)
        )
    )


def text_of(quarantine: Quarantine, tree: str, path: str) -> str:
    """A file's text; empty where there is none, or it is too large to be looked into."""
    content = quarantine.blob(tree, path, MOST_READ)
    return "" if content is None else content.decode("utf-8", "replace")


def file_change(change: TreeChange) -> FileChange:
    """A change as the queue shows it."""
    return FileChange(
        path=change.path,
        old_path=change.old_path,
        kind=_KINDS.get(change.status, "modified"),
        added=max(change.added, 0),
        removed=max(change.removed, 0),
        is_binary=change.is_binary,
    )


def _refuse(
    workshop: Workshop, quarantine: Quarantine, changes: tuple[TreeChange, ...], new: str, patch: bytes
) -> None:
    refuse_size(changes, len(patch))
    refuse_names(changes, workshop.target.allowed, workshop.repository.hooks_folder())
    links = [change.path for change in changes if change.new_mode == SYMLINK]
    refuse_links(changes, {path: text_of(quarantine, new, path) for path in links})
    if any(change.status in "AR" for change in changes):
        refuse_collisions(changes, quarantine.paths(new))
