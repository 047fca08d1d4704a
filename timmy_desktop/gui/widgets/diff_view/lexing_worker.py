"""Colours code in a process of its own: files in as lines of JSON, where its words begin and end out.

Run as a file, apart from the application: an expression of a lexer can take for ever on text that was made
for it, and while it does no other thread of its process runs. This one can be ended. It opens no file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any, TextIO

MEMORY = 1_000_000_000
CHUNK = 400
"""Lines in an answer."""
_NEAR = 150
_ROLES = (
    ("Token.Comment", 1),
    ("Token.Literal.String", 2),
    ("Token.Keyword.Constant", 6),
    ("Token.Keyword", 3),
    ("Token.Operator.Word", 3),
    ("Token.Literal.Number", 4),
    ("Token.Literal", 2),
    ("Token.Name.Function", 5),
    ("Token.Name.Class", 5),
    ("Token.Name.Tag", 5),
    ("Token.Name.Decorator", 6),
    ("Token.Name.Builtin", 6),
    ("Token.Name.Exception", 6),
    ("Token.Name.Constant", 6),
    ("Token.Name.Attribute", 6),
    ("Token.Generic.Heading", 3),
    ("Token.Generic.Strong", 3),
)
_known: dict[Any, int] = {}


def main() -> None:
    _limit()
    for line in sys.stdin:
        work(json.loads(line), sys.stdout)


def work(job: dict[str, Any], out: TextIO) -> None:
    """`job`: an `id`, a `path`, `parts` as [number of the first line, lines], and the line looked at."""
    lexer = _lexer(str(job["path"]))
    if lexer is not None:
        for first, lines, guess in _near(job) + [(first, lines, False) for first, lines in job["parts"]]:
            _send(job["id"], lexer, first, lines, guess, out)
    _say({"id": job["id"], "done": True}, out)


def _near(job: dict[str, Any]) -> list[tuple[int, list[str], bool]]:
    """The lines looked at, as a first guess: what goes before them is not known to it."""
    for first, lines in job["parts"]:
        start = int(job.get("near", 0)) - first - _NEAR // 2
        if _NEAR < start < len(lines):
            return [(first + start, lines[start : start + _NEAR], True)]
    return []


def _send(job: int, lexer: Any, first: int, lines: list[str], guess: bool, out: TextIO) -> None:
    spans: list[list[int]] = []
    start = first
    for found in coloured(lexer, "\n".join(lines)):
        spans.append(found)
        if len(spans) == CHUNK:
            _say({"id": job, "first": start, "spans": spans, "guess": guess}, out)
            start, spans = start + CHUNK, []
    _say({"id": job, "first": start, "spans": spans, "guess": guess}, out)


def coloured(lexer: Any, text: str) -> Iterator[list[int]]:
    """For each line of `text` start, end and role of its words, one after the other in one list."""
    line: list[int] = []
    column = 0
    for _, kind, value in lexer.get_tokens_unprocessed(text):
        role = _role(kind)
        pieces = value.split("\n")
        for place, piece in enumerate(pieces):
            if place:
                yield line
                line, column = [], 0
            if role and piece.strip():
                line += (column, column + len(piece), role)
            column += len(piece)
    yield line


def _lexer(path: str) -> Any:
    from pygments.lexers import get_lexer_for_filename
    from pygments.util import ClassNotFound

    try:
        return get_lexer_for_filename(path.rpartition("/")[2])
    except ClassNotFound:
        return None


def _role(kind: Any) -> int:
    if kind not in _known:
        name = str(kind)
        _known[kind] = next((role for start, role in _ROLES if name.startswith(start)), 0)
    return _known[kind]


def _say(answer: dict[str, Any], out: TextIO) -> None:
    out.write(json.dumps(answer, separators=(",", ":")) + "\n")
    out.flush()


def _limit() -> None:
    try:
        import resource
    except ImportError:  # not everywhere; the time is limited from outside
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_NPROC, resource.getrlimit(resource.RLIMIT_NPROC))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
