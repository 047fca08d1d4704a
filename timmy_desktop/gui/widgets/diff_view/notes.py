"""What is told of a changed file in words, beyond its lines."""

from __future__ import annotations

from pathlib import PurePosixPath

from timmy_desktop.upgrades.diff import Diff, FileChange
from timmy_desktop.upgrades.diff_visible import is_odd

PICTURES = (".png", ".jpg", ".jpeg", ".gif")
_MODES = {"100644": "a file", "100755": "a program", "120000": "a link", "160000": "a submodule"}
_WORDS = {"added": "new", "deleted": "deleted", "renamed": "renamed", "copied": "copied", "modified": ""}


def status_word(file: FileChange) -> str:
    """What happened to the file, in a word; empty where only its lines changed."""
    return _WORDS[file.status]


def is_picture(file: FileChange) -> bool:
    """Whether it can be shown as one."""
    return file.is_binary and PurePosixPath(file.path).suffix.lower() in PICTURES


def notes_of(file: FileChange) -> tuple[str, ...]:
    """Each a line under the file's head."""
    return tuple(note for note in (_mode(file), _moved(file), _content(file)) if note)


def odd_lines(diff: Diff, file: int) -> int:
    """How many of the lines shown of a file hold characters that can't be seen, or that pass for others."""
    return sum(is_odd(line.text) for hunk in diff.files[file].hunks for line in hunk.lines)


def _mode(file: FileChange) -> str:
    if file.mode_changed:
        old, new = (_MODES.get(mode, "another kind") for mode in (file.old_mode, file.new_mode))
        words = f"It was {old} and becomes {new}" if old != new else "Its mode changes"
        return f"{words} (mode {file.old_mode} → {file.new_mode})."
    mode = file.new_mode or file.old_mode
    if mode in ("120000", "160000") or (file.status == "added" and mode == "100755"):
        return f"It is {_MODES[mode]} (mode {mode})."
    return ""


def _moved(file: FileChange) -> str:
    if not file.is_moved or file.hunks:
        return ""
    verb = "Moved" if file.status == "renamed" else "Copied"
    same = "without a change" if file.similarity == 100 else f"{file.similarity} % of it stays"
    return f"{verb} from {file.old_path}, {same}."


def _content(file: FileChange) -> str:
    if is_picture(file):
        return "A picture. Enter shows it as it was and as it becomes."
    if file.is_binary:
        return "A binary file: what is in it can't be shown as text."
    if not file.hunks and not file.is_moved and not file.mode_changed:
        return "An empty file."
    return ""
