"""Reading a git repository that may be hostile: nothing that it configures is ever run.

The repository's own configuration can name programs (hooks, fsmonitor, filters, external diffs, text
converters, pagers, gpg, ssh, promisor remotes). Each is switched off here by an option, by configuration
that outranks the repository's, or by refusing. Git runs with an environment of ours, in a process group
that is killed at the deadline, and its output is read up to a limit.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.errors import RepositoryError

MOST_BYTES = 400_000
SECONDS = 10.0

# Branches, tags, hashes, HEAD~2, main@{1}, v1^{}; never an option, a path or a search.
_REVISION = re.compile(r"[\w][\w./+@{}^~-]*", re.ASCII)
_RUN_BY_FILTERS = re.compile(r"filter\..*\.(clean|smudge|process|required)", re.DOTALL)

# These outrank what the repository's own configuration says.
_HARMLESS = {
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
    "protocol.allow": "never",
    "submodule.recurse": "false",
    "diff.noprefix": "false",
    "diff.mnemonicPrefix": "false",
}
_DIFF_OPTIONS = (
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--ignore-submodules=all",
    "--submodule=short",
)


@dataclass(frozen=True, slots=True)
class GitOutput:
    """What git said; `is_cut` when there was more than the limit."""

    text: str
    is_cut: bool


class Repository:
    """The repository whose working tree's top is `folder`; every method blocks."""

    def __init__(
        self, folder: Path, *, hidden: Sequence[str] = (), seconds: float = SECONDS, limit: int = MOST_BYTES
    ) -> None:
        """`hidden` holds patterns of file names whose content is never shown."""
        self._folder = folder
        self._hidden = [f":(exclude,top,icase,glob)**/{pattern}" for pattern in hidden]
        self._seconds = seconds
        self._limit = limit

    def log(self, *, revision: str = "HEAD", path: str = "", count: int = 20, skip: int = 0) -> GitOutput:
        """The last `count` commits, one to a line: hash, date, author, subject."""
        pattern = "--format=%h %ad %an: %s"
        options = ["log", "--no-show-signature", "--date=short", pattern, f"--max-count={count}"]
        revisions = [checked_revision(revision)]
        return self._run([*options, f"--skip={skip}", "--end-of-options", *revisions, "--", *_paths(path)])

    def show(self, *, revision: str = "HEAD", path: str = "") -> GitOutput:
        """One commit with its changes, or, for those of one path, `path`."""
        options = ["show", "--no-show-signature", "--stat", "--patch", "--format=fuller", *_DIFF_OPTIONS]
        shown = [checked_revision(revision)]
        return self._run([*options, "--end-of-options", *shown, "--", *_paths(path), *self._hidden])

    def file(self, *, revision: str, path: str) -> GitOutput:
        """The file at `path`, relative to the top, as it was at `revision`."""
        place = f"{checked_revision(revision)}:{checked_path(path)}"
        return self._run(["show", "--no-textconv", "--end-of-options", place])

    def diff(self, *, base: str = "", target: str = "", path: str = "", staged: bool = False) -> GitOutput:
        """What changed: from `base` to `target`; without `target` to the working tree (or what is staged)."""
        options = ["diff", "--stat", "--patch", *_DIFF_OPTIONS, *(["--cached"] if staged else [])]
        revisions = [checked_revision(name) for name in (base, target) if name]
        return self._run([*options, "--end-of-options", *revisions, "--", *_paths(path), *self._hidden])

    def _run(self, arguments: Sequence[str]) -> GitOutput:
        folder = self._checked_git_folder()
        configured = {**_HARMLESS, **self._filters_off(folder)}
        return self._git(folder, arguments, configured)

    def _filters_off(self, git_folder: Path) -> dict[str, str]:
        """Content filters run on a diff with the working tree, so each that is configured is emptied."""
        listed = self._git(git_folder, ["config", "--list", "--name-only", "--null"], _HARMLESS)
        if listed.is_cut:
            raise RepositoryError("The repository's configuration is too large to be checked.")
        names = {name for name in listed.text.split("\0") if _RUN_BY_FILTERS.fullmatch(name)}
        # A name with an equals sign would be set under another name, and the filter would run.
        if any("=" in name or "\n" in name for name in names):
            raise RepositoryError(
                "The repository configures a filter with a name that can't be switched off."
            )
        return {name: "false" if name.endswith(".required") else "" for name in names}

    def _git(self, git_folder: Path, arguments: Sequence[str], configured: dict[str, str]) -> GitOutput:
        settings = [word for name, value in configured.items() for word in ("-c", f"{name}={value}")]
        # Both named outright: neither core.worktree nor a search upwards leads elsewhere.
        places = [f"--git-dir={git_folder}", f"--work-tree={self._folder}"]
        command = ["git", "--no-pager", "--no-replace-objects", "--no-optional-locks", *places, *settings]
        return _captured([*command, *arguments], self._folder, self._seconds, self._limit)

    def _checked_git_folder(self) -> Path:
        """The repository's own folder, or RepositoryError where it leads out of what the person opened."""
        entry = self._folder / ".git"
        if entry.is_symlink() or not entry.exists():
            raise RepositoryError("The opened folder is not the top of a git repository.")
        if entry.is_dir():
            _refuse_elsewhere(entry, self._folder)
            return entry
        return _linked(entry)


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


def _refuse_elsewhere(git_folder: Path, top: Path) -> None:
    for name in ("commondir", "objects", "refs", "config", "config.worktree", "HEAD", "index", "packed-refs"):
        entry = git_folder / name
        if name == "commondir" and entry.exists():
            raise RepositoryError("The repository keeps its data in another folder, which is not opened.")
        if entry.is_symlink() and not Path(os.path.realpath(entry)).is_relative_to(top):
            raise RepositoryError("The repository's own files lead out of the opened folder.")


def _linked(entry: Path) -> Path:
    """The folder that a `.git` file names, when that folder knows of it: a worktree of the person's own."""
    try:
        content = entry.read_bytes()[:4096].decode("utf-8", "replace")
        git_folder = Path(os.path.realpath(entry.parent / content.removeprefix("gitdir:").strip()))
        known = (git_folder / "gitdir").read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise RepositoryError("The folder's .git file leads to a place that is no worktree of it.") from error
    if Path(os.path.realpath(known)) != Path(os.path.realpath(entry)):
        raise RepositoryError("The folder's .git file leads to a repository that doesn't know this folder.")
    return git_folder


def _environment() -> dict[str, str]:
    # Nothing is inherited but the way to git; the person's own git configuration is left out too.
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "XDG_CONFIG_HOME": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_PAGER": "cat",
        "LC_ALL": "C",
    }


def _captured(command: Sequence[str], folder: Path, seconds: float, limit: int) -> GitOutput:
    with tempfile.TemporaryFile() as complaints, _started(command, folder, complaints) as process:
        output, is_cut = _read(process, seconds, limit)
        if is_cut:
            return GitOutput(output, True)
        if _ended(process, seconds) != 0:
            complaints.seek(0)
            raise RepositoryError(_explain(complaints.read(2000).decode("utf-8", "replace")))
        return GitOutput(output, False)


def _ended(process: subprocess.Popen[bytes], seconds: float) -> int:
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise RepositoryError(f"Git took longer than {seconds:g} seconds and was stopped.") from error


@contextmanager
def _started(
    command: Sequence[str], folder: Path, complaints: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise RepositoryError(
            "The program git was not found. Install git to read a folder's history."
        ) from error
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _read(process: subprocess.Popen[bytes], seconds: float, limit: int) -> tuple[str, bool]:
    deadline = time.monotonic() + seconds
    pipe = process.stdout
    if pipe is None:
        raise RepositoryError("Git's output can't be read.")
    output = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while len(output) <= limit:
            if not selector.select(max(deadline - time.monotonic(), 0)):
                raise RepositoryError(f"Git took longer than {seconds:g} seconds and was stopped.")
            chunk = os.read(pipe.fileno(), 65_536)
            if not chunk:
                break
            output += chunk
    return bytes(output[:limit]).decode("utf-8", "replace"), len(output) > limit


def _explain(complaint: str) -> str:
    line = inert_line(complaint, 300)
    if "unknown revision" in line or "bad revision" in line or "ambiguous argument" in line:
        return f"There is no such commit. Git says: {line}"
    if "does not have any commits" in line:
        return "The repository has no commits yet."
    return f"Git refused: {line}"
