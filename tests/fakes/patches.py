"""Patches as git itself writes them, between two sets of files."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

Files = Mapping[str, bytes | str]
_DIFF = ("diff", "--binary", "--full-index", "--find-renames", "--no-color", "--no-ext-diff")


def git_patch(old: Files, new: Files, *, modes: Mapping[str, int] | None = None) -> bytes:
    """The patch from `old` to `new`, with the options that the queue uses. `modes`: of new files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _git(folder, "init", "--quiet")
        before = _tree(folder, old, {})
        after = _tree(folder, new, modes or {})
        return _git(folder, "-c", "core.quotePath=false", *_DIFF, before, after)


def _tree(folder: Path, files: Files, modes: Mapping[str, int]) -> str:
    """A tree of these files, made without a work tree: names may be what no file system takes."""
    _git(folder, "read-tree", "--empty")
    for path, content in files.items():
        data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        blob = _git(folder, "hash-object", "-w", "--stdin", given=data).decode().strip()
        entry = f"{modes.get(path, 0o100644):o} {blob}\t{path}\0".encode("utf-8", "surrogateescape")
        _git(folder, "update-index", "-z", "--index-info", given=entry)
    return _git(folder, "write-tree").decode().strip()


def _git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
    }
    done = subprocess.run(
        ["git", *arguments], cwd=folder, input=given, capture_output=True, check=True, env=environment
    )
    return done.stdout
