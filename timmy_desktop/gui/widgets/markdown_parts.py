"""Splits Markdown into prose and fenced code, so that code gets a frame and a copy button of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([^`\n]*)$")


@dataclass(frozen=True, slots=True)
class Prose:
    """Markdown without fenced code."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """The inside of a fence; `closed` is false while a stream has not reached its end."""

    text: str
    language: str = ""
    closed: bool = True


Part = Prose | Code


def split_markdown(text: str) -> list[Part]:
    """The parts of `text` in order; a fence that nothing closes runs to the end, as CommonMark says."""
    parts: list[Part] = []
    lines: list[str] = []
    fence = language = ""
    for line in text.split("\n"):
        match = _FENCE.match(line)
        if not fence and match:
            _add_prose(parts, lines)
            fence, language, lines = match[1], match[2].strip().split(" ")[0], []
        elif fence and _closes(line, fence):
            parts.append(Code("\n".join(lines), language))
            fence, lines = "", []
        else:
            lines.append(line)
    if fence:
        parts.append(Code("\n".join(lines), language, closed=False))
    else:
        _add_prose(parts, lines)
    return parts


def _closes(line: str, fence: str) -> bool:
    bare = line.strip()
    return bare.startswith(fence) and not bare.strip(fence[0])


def _add_prose(parts: list[Part], lines: list[str]) -> None:
    text = "\n".join(lines).strip("\n")
    if text.strip():
        parts.append(Prose(text))
