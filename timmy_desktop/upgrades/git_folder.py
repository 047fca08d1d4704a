"""Where a repository keeps its data, and whether that place is the person's to show.

Whoever packed the opened folder wrote its `.git` too. Git follows it anywhere: by a link, a `.git` file,
`commondir` or `alternates`. Each of these would show another repository of the person's, so none is
followed, save to a worktree that git itself has entered in a repository outside.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from timmy_desktop.upgrades.errors import RepositoryError

Check = Callable[[], None]

_SMALL = 4096
_BATCH = 1000
# What git finds commits through, where a link anywhere inside leads to another's.
_DEEP = frozenset({"objects", "refs", "reftable", "logs"})
# Often a link to a shared folder, and never run.
_NEVER_READ = frozenset({"hooks"})


def checked_git_folder(top: Path, check: Check) -> Path:
    """The repository's own folder, or RepositoryError where it leads out of what the person opened.

    `check` is called between steps and may raise, to end a long look. Blocks on the disk.
    """
    entry = top / ".git"
    if entry.is_symlink() or not entry.exists():
        raise RepositoryError("The opened folder is not the top of a git repository.")
    try:
        if entry.is_dir():
            _refuse_elsewhere(entry, check)
            return entry
        return _linked(entry, check)
    except (OSError, ValueError) as error:
        raise RepositoryError("The repository's own files can't be read.") from error


def _refuse_elsewhere(git_folder: Path, check: Check) -> None:
    """Refuses a main folder whose data, or a part of it, lies anywhere else."""
    if os.path.lexists(git_folder / "commondir"):
        raise RepositoryError("The repository keeps its data in another folder, which is not opened.")
    _refuse_links(git_folder, check)
    alternates = git_folder / "objects/info/alternates"
    if alternates.exists() and alternates.stat().st_size > 0:
        raise RepositoryError(
            "The repository borrows data from another one, which is not opened. `git repack -a -d` makes it "
            "whole; then the file .git/objects/info/alternates can be deleted."
        )


def _refuse_links(git_folder: Path, check: Check) -> None:
    pending = [str(git_folder)]
    while pending:
        folder = pending.pop()
        is_top = folder == str(git_folder)
        for entry in _entries(folder, check):
            if is_top and entry.name in _NEVER_READ:
                continue
            if entry.is_symlink():
                raise RepositoryError(
                    "The repository's own files lead out of it: there are symbolic links among them."
                )
            if (not is_top or entry.name in _DEEP) and entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)


def _entries(folder: str, check: Check) -> Iterator[os.DirEntry[str]]:
    """What lies in a folder. Each look walks past thousands of objects, so `check` is called by the batch."""
    check()
    with os.scandir(folder) as entries:
        while batch := list(islice(entries, _BATCH)):
            yield from batch
            check()


def _linked(entry: Path, check: Check) -> Path:
    """The folder that a `.git` file names, when a repository outside keeps it for this very worktree."""
    named = _content(entry)
    folder = Path(os.path.realpath(entry.parent / named.removeprefix("gitdir:").strip()))
    known, shared = _content(folder / "gitdir"), _content(folder / "commondir")
    if not (named.startswith("gitdir:") and known and shared):
        raise RepositoryError("The folder's .git file leads to a place that is no worktree of it.")
    if Path(os.path.realpath(folder / known)) != Path(os.path.realpath(entry)):
        raise RepositoryError("The folder's .git file leads to a repository that doesn't know this folder.")
    common = folder.parent.parent
    # The opened folder can't vouch for itself, nor a folder for a repository that it is no part of.
    is_entered = folder.parent.name == "worktrees" and Path(os.path.realpath(folder / shared)) == common
    if not is_entered or folder.is_relative_to(os.path.realpath(entry.parent)):
        raise RepositoryError("The folder's .git file leads to a place that no repository keeps for it.")
    _refuse_links(folder, check)
    _refuse_elsewhere(common, check)
    return folder


def _content(file: Path) -> str:
    """The file's line as git takes it; empty when there is none, or far more than a path."""
    if not file.is_file() or file.stat().st_size > _SMALL:
        return ""
    return file.read_bytes().decode("utf-8", "surrogateescape").rstrip("\r\n")
