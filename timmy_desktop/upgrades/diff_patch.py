"""Reads the text of `git diff` into the model, exactly: what it can't read is refused, never skipped.

Measured on 50,000 changed lines this takes half the time of unidiff, which the tests hold it against.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.diff import Diff, FileChange, Hunk, Line, Status

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(?: (.*))?", re.DOTALL)
_ESCAPE = re.compile(r"\\([0-7]{3}|.)", re.DOTALL)
_ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
_START = "diff --git "
_NO_FILE = "/dev/null"


class PatchError(ValueError):
    """This is no patch that can be shown; the message says where."""


def read_patch(patch: bytes | str) -> Diff:
    """The whole patch as a model; PatchError where a part of it is no patch."""
    text = patch.decode("utf-8", "surrogateescape") if isinstance(patch, bytes) else patch
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    files, place = [], 0
    while place < len(lines):
        file, place = _read_file(lines, place)
        files.append(file)
    return Diff(tuple(files))


@dataclass
class _Head:
    """What the lines before the first hunk say."""

    old_path: str = ""
    new_path: str = ""
    status: Status = "modified"
    old_mode: str = ""
    new_mode: str = ""
    old_blob: str = ""
    new_blob: str = ""
    similarity: int = -1
    is_binary: bool = False
    lines: list[str] = field(default_factory=list)


def _read_file(lines: Sequence[str], place: int) -> tuple[FileChange, int]:
    if not lines[place].startswith(_START):
        raise PatchError(f"Line {place + 1} belongs to no file: {inert_line(lines[place], 60)!r}.")
    head = _Head(lines=[lines[place]])
    place += 1
    while place < len(lines) and not lines[place].startswith((_START, "@@ ")):
        place = _read_binary(lines, place, head) if lines[place] == "GIT binary patch" else place
        if place >= len(lines) or lines[place].startswith((_START, "@@ ")):
            break
        _read_head(lines[place], head, place)
        place += 1
    hunks = []
    while place < len(lines) and lines[place].startswith("@@ "):
        hunk, place = _read_hunk(lines, place)
        hunks.append(hunk)
    _name(head)
    return _file(head, tuple(hunks)), place


def _file(head: _Head, hunks: tuple[Hunk, ...]) -> FileChange:
    return FileChange(
        old_path=head.old_path,
        new_path=head.new_path,
        status=head.status,
        hunks=hunks,
        old_mode=head.old_mode,
        new_mode=head.new_mode,
        old_blob=head.old_blob,
        new_blob=head.new_blob,
        similarity=head.similarity,
        is_binary=head.is_binary,
        head=tuple(head.lines),
    )


def _read_head(line: str, head: _Head, place: int) -> None:
    head.lines.append(line)
    for start, read in _READERS:
        if line.startswith(start):
            read(head, line[len(start) :])
            return
    raise PatchError(f"Line {place + 1} is no part of a patch: {inert_line(line, 60)!r}.")


def _read_binary(lines: Sequence[str], place: int, head: _Head) -> int:
    """Up to the next file: what a binary patch holds is kept as it is, and not looked into."""
    head.is_binary = True
    while place < len(lines) and not lines[place].startswith(_START):
        head.lines.append(lines[place])
        place += 1
    return place


def _read_hunk(lines: Sequence[str], place: int) -> tuple[Hunk, int]:
    found = _HUNK.fullmatch(lines[place])
    if found is None:
        raise PatchError(f"Line {place + 1} begins a hunk that can't be read.")
    old_start, old_count = int(found[1]), int(found[2] or 1) if found[2] != "0" else 0
    new_start, new_count = int(found[3]), int(found[4] or 1) if found[4] != "0" else 0
    old, new = (old_start if old_count else old_start + 1), (new_start if new_count else new_start + 1)
    old_end, new_end = old + old_count, new + new_count
    made: list[Line] = []
    place += 1
    try:
        while old < old_end or new < new_end or (lines[place : place + 1] and lines[place][:1] == "\\"):
            line = lines[place]
            mark = line[:1]
            if mark == " ":
                made.append(Line(" ", old, new, line[1:]))
                old += 1
                new += 1
            elif mark == "+":
                made.append(Line("+", 0, new, line[1:]))
                new += 1
            elif mark == "-":
                made.append(Line("-", old, 0, line[1:]))
                old += 1
            elif mark == "\\" and made:
                made[-1] = made[-1]._replace(ends=False)
            else:
                raise PatchError(f"Line {place + 1} is no line of a hunk.")
            place += 1
    except IndexError:
        raise PatchError("The patch ends in the middle of a hunk.") from None
    if old != old_end or new != new_end:
        raise PatchError(f"The hunk before line {place + 1} is longer than it says.")
    return Hunk(old_start, old_count, new_start, new_count, found[5] or "", tuple(made)), place


def _name(head: _Head) -> None:
    """Without `---`, `+++` or a rename both names are the same, and stand in the first line."""
    if head.old_path or head.new_path:
        head.old_path = head.old_path or head.new_path
        head.new_path = head.new_path or head.old_path
        return
    rest = head.lines[0][len(_START) :]
    if rest.startswith('"'):
        half = (len(rest) - 1) // 2
        head.old_path = head.new_path = _unquoted(rest[half + 1 :])[2:]
        return
    head.old_path = head.new_path = rest[(len(rest) - 1) // 2 + 3 :]


def _unquoted(name: str) -> str:
    """A path as git writes it: in quotes with escapes where it holds something odd."""
    name = name.removesuffix("\t")
    if not (name.startswith('"') and name.endswith('"') and len(name) > 1):
        return name
    plain = bytearray()
    end = 1
    for found in _ESCAPE.finditer(name, 1, len(name) - 1):
        plain += name[end : found.start()].encode("utf-8", "surrogateescape")
        plain += _byte(found[1])
        end = found.end()
    plain += name[end : len(name) - 1].encode("utf-8", "surrogateescape")
    return plain.decode("utf-8", "surrogateescape")


def _byte(code: str) -> bytes:
    if len(code) == 3:
        return bytes([int(code, 8) & 255])
    return bytes([_ESCAPES[code]]) if code in _ESCAPES else code.encode("utf-8", "surrogateescape")


def _old_file(head: _Head, rest: str) -> None:
    name = _unquoted(rest)
    head.old_path = head.old_path if name == _NO_FILE else name[2:]


def _new_file(head: _Head, rest: str) -> None:
    name = _unquoted(rest)
    head.new_path = head.new_path if name == _NO_FILE else name[2:]


def _moved_from(head: _Head, rest: str) -> None:
    head.old_path = _unquoted(rest)
    head.status = "renamed"


def _copied_from(head: _Head, rest: str) -> None:
    head.old_path = _unquoted(rest)
    head.status = "copied"


def _moved_to(head: _Head, rest: str) -> None:
    head.new_path = _unquoted(rest)


def _new_mode(head: _Head, rest: str) -> None:
    head.new_mode = rest


def _old_mode(head: _Head, rest: str) -> None:
    head.old_mode = rest


def _made(head: _Head, rest: str) -> None:
    head.new_mode, head.status = rest, "added"


def _deleted(head: _Head, rest: str) -> None:
    head.old_mode, head.status = rest, "deleted"


def _similar(head: _Head, rest: str) -> None:
    digits = rest.removesuffix("%")
    head.similarity = int(digits) if digits.isdecimal() else -1


def _blobs(head: _Head, rest: str) -> None:
    names, _, mode = rest.partition(" ")
    head.old_blob, _, head.new_blob = names.partition("..")
    if mode:
        head.old_mode = head.new_mode = mode


def _binary(head: _Head, _: str) -> None:
    head.is_binary = True


def _nothing(head: _Head, _: str) -> None:
    """Says how unlike two files are, which is a hundred less how alike."""


_READERS = (
    ("index ", _blobs),
    ("--- ", _old_file),
    ("+++ ", _new_file),
    ("new file mode ", _made),
    ("deleted file mode ", _deleted),
    ("old mode ", _old_mode),
    ("new mode ", _new_mode),
    ("similarity index ", _similar),
    ("dissimilarity index ", _nothing),
    ("rename from ", _moved_from),
    ("rename to ", _moved_to),
    ("copy from ", _copied_from),
    ("copy to ", _moved_to),
    ("Binary files ", _binary),
)
