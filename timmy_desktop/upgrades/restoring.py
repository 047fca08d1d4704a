"""Brings back what a stored patch makes, where the quarantine does not hold it: the row is the truth."""

from __future__ import annotations

from timmy_desktop.upgrades.errors import StaleError
from timmy_desktop.upgrades.quarantine import Quarantine
from timmy_desktop.upgrades.types import Revision


def restored(quarantine: Quarantine, revision: Revision, patch: bytes) -> str:
    """The tree that a revision's patch gives, made from the patch where the quarantine does not hold it."""
    old = revision.base_commit if revision.conflicts else revision.target_head
    if revision.tree and quarantine.resolve(revision.tree, "tree"):
        return revision.tree
    if not quarantine.resolve(old):
        raise StaleError("The commit that the change was made from is gone from the repository.")
    tree = quarantine.patched(old, patch)
    if revision.tree and tree != revision.tree:
        raise StaleError("The stored change does not give the files that it was made of.")
    return tree
