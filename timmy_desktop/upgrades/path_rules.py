"""Which files a proposal may touch: pure rules over names and modes, the same for every way of proposing."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from timmy_desktop.inert import inert, inert_line
from timmy_desktop.secret_files import is_secret
from timmy_desktop.upgrades.errors import EditError
from timmy_desktop.upgrades.quarantine import SUBMODULE, SYMLINK, TreeChange

MOST_LINES = 10_000
MOST_PATCH_BYTES = 20_000_000
MOST_FILES = 1_000
_LONGEST_PATH = 1_000

# Folded to lower case; a folder's name forbids all below it, wherever it stands.
_CI_FOLDERS = frozenset(
    (
        ".github",
        ".gitlab",
        ".circleci",
        ".gitea",
        ".forgejo",
        ".woodpecker",
        ".buildkite",
        ".tekton",
        ".azure",
    )
)
_CI_FILES = (
    ".gitlab-ci.yml", ".travis.yml", "jenkinsfile*", "azure-pipelines*.yml", "bitbucket-pipelines.yml",
    ".drone.yml", ".drone.star", "appveyor.yml", ".appveyor.yml", ".woodpecker.yml", "cloudbuild.yaml",
)  # fmt: skip
_HOOK_FOLDERS = frozenset((".githooks", ".git-hooks", "git-hooks", "githooks", ".husky"))
_HOOK_FILES = (
    ".pre-commit-config.yaml",
    ".pre-commit-hooks.yaml",
    "lefthook.y*ml",
    ".lefthook.y*ml",
    ".huskyrc*",
)
_GIT_FILES = (".gitmodules", ".gitattributes", ".gitconfig", ".mailmap")
_LOCK_FILES = (
    "*.lock", "*.lockb", "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "go.sum",
    "*.lock.json",
    "gradle.lockfile", "packages.lock.json", "pylock*.toml",
)  # fmt: skip

# What git, or a file system that git runs on, takes for its own folder.
_GIT_NAMES = frozenset((".git", "git~1"))


def refuse_names(changes: Iterable[TreeChange], allowed: Sequence[str], hooks: str = "") -> None:
    """EditError for the first path that no proposal may touch. `hooks`: the repository's own hooks folder."""
    for change in changes:
        for path in {change.old_path, change.path}:
            checked_place(path, allowed, hooks)
        if SUBMODULE in (change.old_mode, change.new_mode):
            raise EditError(f"{_shown(change.path)} is a submodule; proposals don't change those.")


def checked_place(path: str, allowed: Sequence[str], hooks: str = "") -> PurePosixPath:
    """The path as it is, relative to the top; EditError says why it may not be touched."""
    place = _plain(path)
    why = _protected(place)
    if why:
        raise EditError(f"{_shown(path)} is {why}; proposals don't change those.")
    if hooks and place.is_relative_to(PurePosixPath(hooks)):
        raise EditError(f"{_shown(path)} is one of the repository's hooks; proposals don't change those.")
    # Part by part: as text, `src_evil` would begin with `src`.
    if allowed and not any(place.is_relative_to(PurePosixPath(folder)) for folder in allowed):
        raise EditError(f"{_shown(path)} lies outside the folders that may change: {', '.join(allowed)}.")
    return place


def refuse_links(changes: Iterable[TreeChange], targets: Mapping[str, str]) -> None:
    """EditError for a symbolic link that leads out of the tree; `targets` says where each new one leads."""
    for change in changes:
        if change.new_mode != SYMLINK:
            continue
        target = targets.get(change.path, "/")
        parts = PurePosixPath(target).parts
        if target.startswith("/") or ".." in parts or any(_is_git(part) for part in parts):
            raise EditError(f"{_shown(change.path)} is a symbolic link that leads out of its folder.")


def refuse_size(changes: Sequence[TreeChange], patch_bytes: int) -> None:
    """EditError for a change that nobody could review."""
    lines = sum(change.added + change.removed for change in changes if not change.is_binary)
    if lines > MOST_LINES:
        raise EditError(f"{lines:,} lines are changed; at most {MOST_LINES:,} can be proposed at once.")
    if len(changes) > MOST_FILES:
        raise EditError(
            f"{len(changes):,} files are changed; at most {MOST_FILES:,} can be proposed at once."
        )
    if patch_bytes > MOST_PATCH_BYTES:
        raise EditError(
            f"The change has {patch_bytes:,} bytes; at most {MOST_PATCH_BYTES:,} can be proposed."
        )


def refuse_collisions(changes: Iterable[TreeChange], paths: Iterable[str]) -> None:
    """EditError for a new file that some file systems take for another one of `paths`."""
    known: dict[str, str] = {}
    added = {change.path for change in changes if change.status in "AR"}
    for path in paths:
        folded = _folded(path)
        other = known.setdefault(folded, path)
        if other != path and (path in added or other in added):
            raise EditError(
                f"{_shown(path)} and {_shown(other)} differ only in case: on a Mac they are one file."
            )


def checked_allowed(folders: Iterable[str]) -> tuple[str, ...]:
    """The allowed folders as they are compared; EditError for one that is no folder within the repository."""
    return tuple(str(_plain(folder.rstrip("/"))) for folder in folders if folder.strip("/ ") not in ("", "."))


def _plain(path: str) -> PurePosixPath:
    shown = _shown(path)
    if not path or len(path) > _LONGEST_PATH:
        raise EditError(f"{shown} is not a path within the repository.")
    if inert(path) != path or any(char in '\n\t"\\' for char in path) or "\u200d" in path:
        raise EditError(f"The name {shown} holds characters that hide what it says; it is refused.")
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise EditError(f"{shown} is not a plain path within the repository.")
    if any(part != part.strip() or part.endswith(".") or ":" in part for part in parts):
        raise EditError(f"The name {shown} means something else on some file systems; it is refused.")
    return PurePosixPath(path)


def _protected(place: PurePosixPath) -> str:
    parts = [part.casefold() for part in place.parts]
    name, folders = parts[-1], parts[:-1]
    if any(_is_git(part) for part in parts):
        return "git's own"
    if _CI_FOLDERS.intersection(parts) or _matches(name, _CI_FILES):
        return "part of the automation that runs elsewhere (CI)"
    if _HOOK_FOLDERS.intersection(folders) or _matches(name, _HOOK_FILES):
        return "a hook, or says which run"
    if _matches(name, _GIT_FILES):
        return "a file that tells git what to do"
    if _matches(name, _LOCK_FILES):
        return "a lock file"
    return "where keys or passwords are kept" if is_secret(place) else ""


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _is_git(part: str) -> bool:
    return part.casefold() in _GIT_NAMES


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _shown(path: str) -> str:
    return repr(inert_line(path.encode("utf-8", "replace").decode(), 200))
