"""Opens a repository to proposals: what must be true of it, and what is wrong with one that was opened."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from timmy_desktop.upgrades.errors import RepositoryError, SandboxError, UpgradeError
from timmy_desktop.upgrades.interpreter import interpreter_for
from timmy_desktop.upgrades.path_rules import checked_allowed
from timmy_desktop.upgrades.target_repository import TargetRepository
from timmy_desktop.upgrades.types import Target


def examined_folder(
    folder: Path, branch: str, allowed: Sequence[str], python: str
) -> tuple[Path, str, tuple[str, ...]]:
    """The real folder, the branch and the allowed folders; an error says what is wrong with them."""
    place = Path(os.path.realpath(folder.expanduser()))
    if not place.is_dir():
        raise UpgradeError(f"There is no folder {folder}. Choose one that exists.")
    repository = TargetRepository(place)
    repository.check()
    on = branch or repository.checked_out()
    if not repository.head(on):
        raise RepositoryError(f"The repository has no branch {on} with a commit on it.")
    if python:
        interpreter_for(place, python)
    return place, on, checked_allowed(allowed)


def opened_target(target: Target) -> Target:
    """The target with its head as it is now, or with what is wrong with it."""
    try:
        head = TargetRepository(target.folder).head(target.branch)
        interpreter_for(target.folder, target.python)
    except (RepositoryError, OSError) as error:
        return replace(target, problem=str(error))
    except SandboxError as error:
        return replace(target, head=head, problem=str(error))
    if not head:
        return replace(target, problem=f"There is no branch {target.branch} any more.")
    return replace(target, head=head)
