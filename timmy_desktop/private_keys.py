"""Leaves the insides of private keys out of what agents read, in whichever file they were pasted.

It works on whole files and on git's whole output, before anything is cut to lines: a single line of a key
doesn't show what it is. Lines keep their numbers.
"""

from __future__ import annotations

import re

LEFT_OUT = "[left out]"

_MARK = re.compile(r"-{4,5} ?(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
# No key is longer; what lies further apart is two mentions and not one key.
_MOST_CHARACTERS = 20_000
_BASE64 = re.compile(r"[A-Za-z0-9+/=]*")
_HEADER = re.compile(r"(Proc-Type|DEK-Info|Comment|Version|Hash|Charset|Subject|X-[\w-]{1,40}): ")
# What a key's line is wrapped in: a diff, a quotation, a string, a comment.
_AROUND = " \t\r+-|>#*\"',;\\"
# Git names the function above a hunk there, or what it takes for one.
_ABOVE_HUNK = re.compile(r"^(@@ [-+0-9, ]{1,60} @@) [A-Za-z0-9+/=]{16,}$", re.MULTILINE)


def without_private_keys(text: str) -> str:
    """`text` with the insides of PEM and PGP private keys left out, also where a key's end is missing."""
    if "PRIVATE KEY" not in text:
        return _ABOVE_HUNK.sub(rf"\1 {LEFT_OUT}", text)
    pieces: list[str] = []
    end, is_open = 0, False
    for mark in _MARK.finditer(text):
        is_end = mark[1] == "END"
        pieces += [_between(text[end : mark.start()], is_open, is_end), mark[0]]
        end, is_open = mark.end(), not is_end
    pieces.append(_between(text[end:], is_open, False))
    return _ABOVE_HUNK.sub(rf"\1 {LEFT_OUT}", "".join(pieces))


def _between(text: str, is_open: bool, is_end: bool) -> str:
    """What stands between two marks: a key from both ends, or perhaps a key's rest or its beginning."""
    lines = text.split("\n")
    if is_open and is_end and len(text) <= _MOST_CHARACTERS:
        return "\n".join(_left_out(line) for line in lines)
    if is_open and _may_follow(lines[0]):
        lines[0] = _left_out(lines[0])
        _leave_out(lines, range(1, len(lines)))
    if is_end:
        # The last one is what stands before the mark in its own line.
        _leave_out(lines, range(len(lines) - 2, -1, -1))
    return "\n".join(lines)


def _leave_out(lines: list[str], order: range) -> None:
    for index in order:
        bare = lines[index].strip(_AROUND)
        if not (_BASE64.fullmatch(bare) or _HEADER.match(bare)):
            return
        lines[index] = _left_out(lines[index])


def _may_follow(line: str) -> bool:
    """Whether a key begins after such an end of its first line: nothing, or a key written in one line."""
    bare = line.replace("\\r", "").replace("\\n", "").strip(_AROUND)
    return _BASE64.fullmatch(bare) is not None


def _left_out(line: str) -> str:
    return LEFT_OUT if line.strip(_AROUND) else line
