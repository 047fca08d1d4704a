"""The person's own repository: looked at, and changed in two ways only: a branch moved, a clean checkout
brought up to date.

Nothing that the repository configures is run (see repository.py), and no branch is moved but from the commit
that was expected there.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.errors import RepositoryError, StaleError
from timmy_desktop.upgrades.git_folder import checked_git_folder
from timmy_desktop.upgrades.git_process import Patience, explained
from timmy_desktop.upgrades.quarantine import EXECUTABLE, OUR_EMAIL, OUR_NAME, PLAIN, SYMLINK, TreeChange
from timmy_desktop.upgrades.repository import Git, checked_revision, git_of

SECONDS = 60.0
CHANGE_SECONDS = 600.0
MOST_BYTES = 40_000_000
# `git merge-tree --write-tree` came with it.
OLDEST_GIT = (2, 38)
# A lock of a move that was killed is taken away when it is older; git holds one for milliseconds.
_STALE_LOCK_S = 2.0

_BRANCH = re.compile(r"[\w][\w./+-]*", re.ASCII)

Checkout = Literal["elsewhere", "clean", "dirty"]


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """The folder of a repository's objects, and their format: "sha1" or "sha256"."""

    folder: Path
    format: str


class TargetRepository:
    """The repository whose working tree's top is `folder`. Every method blocks."""

    def __init__(self, folder: Path, *, is_stopped: Callable[[], bool] = lambda: False) -> None:
        self.folder = folder
        self._is_stopped = is_stopped
        self._format_at: tuple[tuple[int, int, int] | None, str] = (None, "")

    def check(self) -> None:
        """RepositoryError unless proposals can be made to it here."""
        found = self._git().run(["version"]).text
        number = re.search(r"(\d+)\.(\d+)", found)
        if number is None or (int(number[1]), int(number[2])) < OLDEST_GIT:
            oldest = ".".join(map(str, OLDEST_GIT))
            raise RepositoryError(f"Proposals need git {oldest} or newer, and this is {found.strip()}.")

    def store(self) -> ObjectStore:
        """Where its objects lie, and how they are named. Git is asked once for each state of the settings."""
        common = self._common()
        settings, (known, name) = _state_of(common / "config"), self._format_at
        if known is None or known != settings:
            name = self._git().run(["rev-parse", "--show-object-format"]).text.strip()
            self._format_at = (settings, name)
        return ObjectStore(common / "objects", name)

    def hooks_folder(self) -> str:
        """The folder in the working tree that the repository takes its hooks from; empty when it is none."""
        named = self._git(with_own_settings=True).ask(["config", "--get", "--type=path", "core.hooksPath"])
        path = named.text.strip()
        if named.status != 0 or not path:
            return ""
        inside = Path(os.path.normpath(self.folder / path))
        return str(inside.relative_to(self.folder)) if inside.is_relative_to(self.folder) else ""

    def checked_out(self) -> str:
        """The branch that is checked out; RepositoryError when it is none."""
        answer = self._git().ask(["symbolic-ref", "--quiet", "HEAD"])
        name = answer.text.strip()
        if answer.status != 0 or not name.startswith("refs/heads/"):
            raise RepositoryError("No branch is checked out there. Check one out, or name the branch.")
        return name.removeprefix("refs/heads/")

    def head(self, branch: str) -> str:
        """The commit that a branch of this repository points to; empty where there is no such branch."""
        name = f"refs/heads/{checked_branch(branch)}"
        answer = self._git().ask(
            ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"]
        )
        return answer.text.strip() if answer.status == 0 else ""

    def holds(self, commit: str) -> bool:
        """Whether the commit is here."""
        return self._git().ask(["cat-file", "-e", f"{commit}^{{commit}}"]).status == 0

    def contains(self, branch: str, commit: str) -> bool:
        """Whether a branch's history holds the commit."""
        return self._git().ask(["merge-base", "--is-ancestor", commit, f"refs/heads/{branch}"]).status == 0

    def take_in(self, pack: bytes) -> None:
        """Adds objects, that nothing refers to yet."""
        self._done(["unpack-objects", "-q"], given=pack)

    def move(self, branch: str, new: str, old: str, why: str) -> None:
        """Moves a branch from `old` to `new`, and from nothing else: StaleError when it is not at `old`."""
        who = {"GIT_COMMITTER_NAME": OUR_NAME, "GIT_COMMITTER_EMAIL": OUR_EMAIL}
        name = f"refs/heads/{branch}"
        answer = self._git(to_the_end=True).ask(["update-ref", "-m", why, name, new, old], environment=who)
        found = new if answer.status == 0 else self.head(branch)
        if found == new:
            return
        if found != old:
            raise StaleError(f"The branch {branch} was moved by somebody else.")
        raise RepositoryError(explained(answer.complaint))

    def drop_stale_lock(self, branch: str, new: str) -> None:
        """Takes away the lock that a killed move of ours to `new` left on the branch; nobody else's."""
        lock = self._common() / f"refs/heads/{branch}.lock"
        with suppress(OSError):
            content = lock.read_text()
            is_old = time.time() - lock.stat().st_mtime > _STALE_LOCK_S
            if content.strip() == new or (not content and is_old):
                lock.unlink()

    def checkout(self, branch: str) -> Checkout:
        """How the person's checkout stands to a branch. Files that git does not know don't count."""
        git = self._git()
        answer = git.ask(["symbolic-ref", "--quiet", "HEAD"])
        if answer.status != 0 or answer.text.strip() != f"refs/heads/{branch}":
            return "elsewhere"
        if any(
            (self._own_folder() / name).exists() for name in ("MERGE_HEAD", "rebase-merge", "rebase-apply")
        ):
            return "dirty"
        status = git.ask(["status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=all"])
        if status.status != 0:
            raise RepositoryError(explained(status.complaint))
        return "dirty" if status.output else "clean"

    def checked_out_beside(self, branch: str) -> tuple[Path, ...]:
        """The other worktrees of this repository in which a branch is checked out."""
        listed = self._git().run(["worktree", "list", "--porcelain", "-z"]).text
        found = []
        for about in listed.split("\0\0"):
            first, *rest = about.split("\0")
            folder = Path(first.removeprefix("worktree "))
            if f"branch refs/heads/{branch}" in rest and folder.is_dir() and not self._is_here(folder):
                found.append(folder)
        return tuple(found)

    def _is_here(self, folder: Path) -> bool:
        return os.path.realpath(folder) == os.path.realpath(self.folder)

    def bring_up(self, changes: Sequence[TreeChange], new: str) -> None:
        """Makes the paths that `changes` name be as in the commit `new`, in working tree and index.

        Refused with nothing touched (StaleError) unless each of them is as before the changes, or after, in
        both. Can be repeated after it was interrupted.
        """
        git = self._git()
        self._refuse_foreign(git, changes)
        gone = [change.path for change in _split(changes) if not change.new_mode]
        there = [change.path for change in _split(changes) if change.new_mode]
        if gone:
            self._done(["rm", "-fq", "--ignore-unmatch", *_FROM_INPUT], given=_joined(gone))
        if there:
            self._done(["checkout", "-q", *_FROM_INPUT, new, "--"], given=_joined(there))

    def is_in_use(self) -> bool:
        """Whether another git holds the index now."""
        return (self._own_folder() / "index.lock").exists()

    def _refuse_foreign(self, git: Git, changes: Sequence[TreeChange]) -> None:
        staged = self._staged(git)
        for change in _split(changes):
            known = {(change.old_mode, _id(change.old_object)), (change.new_mode, _id(change.new_object))}
            if staged.get(change.path, ("", "")) not in known:
                raise StaleError(f"{change.path} has changes that are staged and not committed.")
            found = self._on_disk(change.path)
            if found not in known and (found[0], self._name_at(git, change.path, found[0])) not in known:
                raise StaleError(f"{change.path} has changes that are not committed.")

    def _staged(self, git: Git) -> dict[str, tuple[str, str]]:
        listed = git.ask(["ls-files", "--stage", "-z"])
        if listed.is_cut or listed.status != 0:
            raise RepositoryError("The list of files can't be read.")
        found: dict[str, tuple[str, str]] = {}
        for line in listed.text.split("\0")[:-1]:
            about, _, path = line.partition("\t")
            mode, name, stage = about.split(" ")
            found[path] = (mode, name) if stage == "0" else ("unmerged", name)
        return found

    def _on_disk(self, path: str) -> tuple[str, str]:
        """The mode and name that git would give to what lies there; empty when nothing does."""
        place = self.folder / path
        # A link on the way there would lead out; what lies behind it is none of ours.
        if any((self.folder / above).is_symlink() for above in Path(path).parents if str(above) != "."):
            return ("link", "")
        try:
            status = place.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return ("", "")
        if stat.S_ISLNK(status.st_mode):
            return (SYMLINK, self._name_of(os.fsencode(place.readlink())))
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
            return ("other", "")
        mode = EXECUTABLE if status.st_mode & 0o100 else PLAIN
        return (mode, self._name_of(place.read_bytes()))

    def _name_at(self, git: Git, path: str, mode: str) -> str:
        """The name of a file as git would take it in at that path: the checkout may have other line ends.

        No program that the repository names for it is run; such a file is taken for changed.
        """
        if mode not in (PLAIN, EXECUTABLE):
            return ""
        answer = git.ask(
            ["hash-object", "--stdin", f"--path={path}"], given=(self.folder / path).read_bytes()
        )
        return answer.text.strip() if answer.status == 0 else ""

    def _name_of(self, content: bytes) -> str:
        make = hashlib.sha1 if self._format == "sha1" else hashlib.sha256
        return make(b"blob %d\0" % len(content) + content).hexdigest()

    @cached_property
    def _format(self) -> str:
        return self.store().format

    def _common(self) -> Path:
        own = self._own_folder()
        shared = own / "commondir"
        return Path(os.path.realpath(own / shared.read_text().strip())) if shared.exists() else own

    def _own_folder(self) -> Path:
        return checked_git_folder(self.folder, Patience(SECONDS, self._is_stopped).check)

    def _git(self, *, with_own_settings: bool = False, to_the_end: bool = False) -> Git:
        """`to_the_end`: a change is not stopped half-way, since git would leave its locks behind."""
        patience = Patience(CHANGE_SECONDS, _never) if to_the_end else Patience(SECONDS, self._is_stopped)
        git = git_of(self.folder, patience, MOST_BYTES)
        return replace(git, configured={}) if with_own_settings else git

    def _done(self, arguments: Sequence[str], *, given: bytes = b"") -> None:
        answer = self._git(to_the_end=True).ask(arguments, given=given)
        if answer.status != 0:
            raise RepositoryError(explained(answer.complaint))


_FROM_INPUT = ("--pathspec-from-file=-", "--pathspec-file-nul")


def checked_branch(name: str) -> str:
    """The name of a branch, and of nothing that is found by way of one; RepositoryError."""
    if not _BRANCH.fullmatch(checked_revision(name)) or ".." in name:
        raise RepositoryError(f"{inert_line(name, 80)!r} is not the name of a branch.")
    return name


def _state_of(file: Path) -> tuple[int, int, int] | None:
    """What is another as soon as the file was written; None where there is none."""
    try:
        status = file.stat()
    except OSError:
        return None
    return (status.st_ino, status.st_size, status.st_mtime_ns)


def _never() -> bool:
    return False


def _split(changes: Sequence[TreeChange]) -> list[TreeChange]:
    """Each renaming as what goes and what comes."""
    split: list[TreeChange] = []
    for change in changes:
        if change.status != "R":
            split.append(change)
            continue
        nothing = "0" * len(change.old_object)
        split.append(
            TreeChange(
                change.old_path, change.old_path, "D", change.old_mode, "", change.old_object, nothing, 0, 0
            )
        )
        split.append(
            TreeChange(change.path, change.path, "A", "", change.new_mode, nothing, change.new_object, 0, 0)
        )
    return split


def _joined(paths: Sequence[str]) -> bytes:
    return b"".join(f":(top,literal){path}\0".encode("utf-8", "surrogateescape") for path in paths)


def _id(name: str) -> str:
    return "" if not name.strip("0") else name
