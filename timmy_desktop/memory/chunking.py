"""Cuts texts where their sense ends: at headings, paragraphs, functions, sentences. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

TextKind = Literal["text", "markdown", "code"]

# About what the embedding model reads of a text before it cuts.
LONGEST = 1000
_SHORTEST = 200
_HEADING = re.compile(r"^#{1,6}\s+\S.*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_UNIT = re.compile(
    r"^(?:@\w|(?:export |default |public |private |protected |static |abstract |pub(?:\(\w+\))? |async )*"
    r"(?:def|class|function|func|fn|struct|enum|trait|impl|interface|module|namespace|type|const|sub)\b)"
)
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")


class Piece(NamedTuple):
    """A piece of a text, and the heading that it stands under."""

    text: str
    heading: str = ""


def pieces(text: str, kind: TextKind = "text") -> list[Piece]:
    """The text in pieces of at most about a thousand characters, none of them empty."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if kind == "markdown":
        return [
            Piece(
                f"{heading}\n{part}" if heading and not part.startswith(heading) else part,
                heading.lstrip("# "),
            )
            for heading, body in _sections(text)
            for part in _packed(_paragraphs(body), LONGEST - len(heading))
        ]
    blocks = _units(text) if kind == "code" else _paragraphs(text)
    return [Piece(part) for part in _packed(blocks, LONGEST)]


def _sections(text: str) -> Iterator[tuple[str, str]]:
    lines: list[str] = []
    heading, fenced = "", False
    for line in text.split("\n"):
        fenced ^= bool(_FENCE.match(line))
        if not fenced and _HEADING.match(line):
            yield heading, "\n".join(lines)
            heading, lines = line.strip()[:120], []
        else:
            lines.append(line)
    yield heading, "\n".join(lines)


def _paragraphs(text: str) -> list[str]:
    return [part.strip("\n") for part in re.split(r"\n\s*\n", text) if part.strip()]


def _units(text: str) -> list[str]:
    """Code from one top-level definition to the next, with what is written right above it."""
    units: list[list[str]] = [[]]
    is_above = False
    for line in text.split("\n"):
        begins = bool(_UNIT.match(line))
        above = line.startswith(("@", "#", "//", "/*", " *", "///"))
        if (begins or above) and not is_above and units[-1]:
            units.append([])
        is_above = above
        units[-1].append(line)
    return [joined for unit in units if (joined := "\n".join(unit).strip("\n")).strip()]


def _packed(blocks: Iterable[str], longest: int) -> Iterator[str]:
    """Neighbours together while they fit; what alone is too long is cut."""
    longest = max(longest, _SHORTEST)
    held = ""
    for block in blocks:
        for part in _cut(block, longest):
            if held and len(held) + len(part) + 2 > longest:
                yield held
                held = ""
            held = f"{held}\n\n{part}" if held else part
    if held.strip():
        yield held


def _cut(block: str, longest: int) -> Iterator[str]:
    if len(block) <= longest:
        yield block
        return
    held = ""
    for part in _smaller(block, longest):
        if held and len(held) + len(part) + 1 > longest:
            yield held
            held = ""
        held = f"{held}\n{part}" if held and "\n" in block else f"{held} {part}" if held else part
    if held.strip():
        yield held


def _smaller(block: str, longest: int) -> Iterator[str]:
    """By lines, else by sentences, else wherever a blank is, else anywhere."""
    parts = block.split("\n") if "\n" in block else _SENTENCE.split(block)
    for part in parts:
        rest = part
        while len(rest) > longest:
            blank = rest.rfind(" ", longest // 2, longest)
            end = blank if blank > 0 else longest
            yield rest[:end]
            rest = rest[end:].lstrip() if blank > 0 else rest[end:]
        if rest.strip():
            yield rest
