"""Reading a git repository that may be hostile: nothing that it configures is ever run.

The repository's own configuration can name programs (hooks, fsmonitor, filters, external diffs, text
converters, pagers, gpg, ssh, promisor remotes). Each is switched off here by an option, by configuration
that outranks the repository's, or by refusing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.errors import RepositoryError
from timmy_desktop.upgrades.git_folder import checked_git_folder
from timmy_desktop.upgrades.git_process import GitAnswer, GitOutput, Patience, ask_git, run_git

MOST_BYTES = 400_000
SECONDS = 10.0

# Branches, tags, hashes, HEAD~2, main@{1}, v1^{}; never an option, a path or a search.
_REVISION = re.compile(r"[\w][\w./+@{}^~-]*", re.ASCII)
_RUN_BY_FILTERS = re.compile(r"filter\..*\.(clean|smudge|process|required)", re.DOTALL)

# These outrank what the repository's own configuration says.
HARMLESS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.pager": "cat",
    "core.sshCommand": "false",
    "core.alternateRefsCommand": "",
    "core.quotePath": "false",
    "core.untrackedCache": "false",
    "color.ui": "false",
    "credential.helper": "",
    "diff.external": "",
    "diff.submodule": "short",
    "gpg.program": "false",
    "gpg.ssh.program": "false",
    "gpg.x509.program": "false",
    "log.showSignature": "false",
    "log.mailmap": "false",
    "protocol.allow": "never",
    "submodule.recurse": "false",
    "diff.noprefix": "false",
    "diff.mnemonicPrefix": "false",
}
DIFF_OPTIONS = (
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--ignore-submodules=all",
    "--submodule=short",
)


class Repository:
    """The repository whose working tree's top is `folder`; every method blocks."""

    def __init__(
        self,
        folder: Path,
        *,
        hidden: Sequence[str] = (),
        hidden_folders: Sequence[str] = (),
        seconds: float = SECONDS,
        limit: int = MOST_BYTES,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """`hidden` and `hidden_folders` are patterns of names of files, and of folders, that are never shown.

        A method takes `seconds` at most in all, and ends soon after `is_stopped` says so.
        """
        self._folder = folder
        inside = [f"{name}/**" for name in hidden_folders]
        self._hidden = [
            f":(exclude,top,icase,glob)**/{pattern}" for pattern in (*hidden, *hidden_folders, *inside)
        ]
        self._seconds = seconds
        self._limit = limit
        self._is_stopped = is_stopped

    def log(self, *, revision: str = "HEAD", path: str = "", count: int = 20, skip: int = 0) -> GitOutput:
        """The last `count` commits, one to a line: hash, date, author, subject."""
        pattern = "--format=%h %ad %an: %s"
        options = ["log", "--no-show-signature", "--date=short", pattern, f"--max-count={count}"]
        git = self._git()
        shown = git.commits(revision)
        return git.run([*options, f"--skip={skip}", "--end-of-options", shown, "--", *_paths(path)])

    def show(self, *, revision: str = "HEAD", path: str = "") -> GitOutput:
        """One commit with its changes, or, for those of one path, `path`."""
        options = ["show", "--no-show-signature", "--stat", "--patch", "--format=fuller", *DIFF_OPTIONS]
        git = self._git()
        shown = git.commits(revision)
        return git.run([*options, "--end-of-options", shown, "--", *_paths(path), *self._hidden])

    def file(self, *, revision: str, path: str) -> GitOutput:
        """The file at `path`, relative to the top, as it was at `revision`."""
        git = self._git()
        place = f"{git.commit(revision)}:{checked_path(path)}"
        return git.run(["show", "--no-textconv", "--end-of-options", place])

    def diff(self, *, base: str = "", target: str = "", path: str = "", staged: bool = False) -> GitOutput:
        """What changed: from `base` to `target`; without `target` to the working tree (or what is staged)."""
        options = ["diff", "--stat", "--patch", *DIFF_OPTIONS, *(["--cached"] if staged else [])]
        git = self._git()
        shown = [git.commits(name) for name in (base, target) if name]
        return git.run([*options, "--end-of-options", *shown, "--", *_paths(path), *self._hidden])

    def _git(self) -> Git:
        return git_of(self._folder, Patience(self._seconds, self._is_stopped), self._limit)


def git_of(folder: Path, patience: Patience, limit: int = MOST_BYTES) -> Git:
    """Git for the repository whose top is `folder`; RepositoryError where it leads elsewhere."""
    git_folder = checked_git_folder(folder, patience.check)
    git = Git(folder, git_folder, patience, limit, HARMLESS)
    return replace(git, configured={**HARMLESS, **git.filters_off()})


@dataclass(frozen=True, slots=True)
class Git:
    """Git for one call: its folders checked, its time running, whatever could run programs switched off."""

    top: Path
    folder: Path
    patience: Patience
    limit: int
    configured: Mapping[str, str]

    def run(self, arguments: Sequence[str]) -> GitOutput:
        """What git says; RepositoryError when it fails."""
        return run_git([*self._command, *arguments], self.top, self.patience, self.limit)

    def ask(
        self, arguments: Sequence[str], *, given: bytes = b"", environment: Mapping[str, str] | None = None
    ) -> GitAnswer:
        """What git answers, whatever its exit status."""
        return ask_git(
            [*self._command, *arguments], self.top, self.patience, self.limit, given=given,
            environment=environment,
        )  # fmt: skip

    @property
    def _command(self) -> list[str]:
        settings = [word for name, value in self.configured.items() for word in ("-c", f"{name}={value}")]
        # Both named outright: neither core.worktree nor a search upwards leads elsewhere.
        places = [f"--git-dir={self.folder}", f"--work-tree={self.top}"]
        return ["git", "--no-pager", "--no-replace-objects", "--no-optional-locks", *places, *settings]

    def commit(self, revision: str) -> str:
        """The commit's full hash. Anything else that git could show, a blob above all, is refused here:
        paths that are left out are left out of commits only.
        """
        name = checked_revision(revision)
        return self.run(["rev-parse", "--verify", f"{name}^{{commit}}"]).text.strip()

    def commits(self, revision: str) -> str:
        """One commit by its hash, or two with the dots between them."""
        name = checked_revision(revision)
        dots = "..." if "..." in name else ".."
        older, found, newer = name.partition(dots)
        return f"{self.commit(older)}{dots}{self.commit(newer or 'HEAD')}" if found else self.commit(older)

    def filters_off(self) -> dict[str, str]:
        """Content filters run on a diff with the working tree, so each that is configured is emptied."""
        listed = self.run(["config", "--list", "--name-only", "--null"])
        if listed.is_cut:
            raise RepositoryError("The repository's configuration is too large to be checked.")
        names = {name for name in listed.text.split("\0") if _RUN_BY_FILTERS.fullmatch(name)}
        # A name with an equals sign would be set under another name, and the filter would run.
        if any("=" in name or "\n" in name for name in names):
            raise RepositoryError(
                "The repository configures a filter with a name that can't be switched off."
            )
        return {name: "false" if name.endswith(".required") else "" for name in names}


def checked_revision(revision: str) -> str:
    """The name of one commit, or two joined by dots; RepositoryError for anything else, options above all."""
    if len(revision) > 200 or not _REVISION.fullmatch(revision):
        raise RepositoryError(
            f"{inert_line(revision, 80)!r} is not the name of a commit; use a branch, tag, hash or HEAD~2."
        )
    return revision


def checked_path(path: str) -> str:
    """A path relative to the top, without steps upwards; RepositoryError for anything else."""
    parts = path.split("/")
    if not path or "\0" in path or path.startswith(("/", "-", ":")) or ".." in parts:
        raise RepositoryError(f"{inert_line(path, 80)!r} is not a path within the repository.")
    return path


def _paths(path: str) -> list[str]:
    return [f":(top,literal){checked_path(path)}"] if path not in ("", ".") else [":(top)"]
