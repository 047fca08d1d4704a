"""What becomes of the person's checkout when its branch has moved, and how it is said."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from timmy_desktop.upgrades.errors import StaleError
from timmy_desktop.upgrades.types import Target
from timmy_desktop.upgrades.workshop import Workshop

_BEHIND = "It shows the upgrade as undone until it is brought up to date"


def is_behind(note: str) -> bool:
    """Whether a note says that the checkout can be brought up to date."""
    return _BEHIND in note


def brought_up(workshop: Workshop, old: str, new: str) -> str:
    """Brings the paths that differ between two commits up to date; StaleError, with nothing touched, where
    one of them holds something else."""
    if workshop.repository.is_in_use():
        raise StaleError("Another git is at work in the checkout.")
    with workshop.passing("checkout") as quarantine:
        changes = quarantine.changes(old, new)
    workshop.repository.bring_up(changes, new)
    count = len(changes)
    return f"The checkout is up to date: {count} {'file' if count == 1 else 'files'} changed."


def note_of(
    state: Literal["elsewhere", "dirty", "stopped"], target: Target, old: str, new: str, why: str = ""
) -> str:
    """What the checkout is like, and what to do about it."""
    if state == "elsewhere":
        return "Another branch is checked out, and was left as it is."
    said = why if state == "stopped" else "The checkout has uncommitted work and was left as it is."
    return f"{said} {_BEHIND}: {_command(target.folder, old, new)}"


def note_beside(others: Sequence[Path], branch: str, old: str, new: str) -> str:
    """What other worktrees that hold the branch are like now; empty where there are none."""
    said = (
        f"{branch} is checked out in {folder} too, which was not touched and shows the upgrade as undone. "
        f"There: {_command(folder, old, new)}"
        for folder in others
    )
    return " ".join(said)


def _command(folder: Path, old: str, new: str) -> str:
    return shlex.join(["git", "-C", str(folder), "read-tree", "-m", "-u", old[:12], new[:12]])
