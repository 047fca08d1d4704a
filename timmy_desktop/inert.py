"""Makes foreign text inert: what an agent or a model wrote can't steer a terminal, a label or a log."""

from __future__ import annotations

import unicodedata

_KEPT = frozenset("\n\t\u200d")  # the last joins emoji
# Cf holds bidi overrides; Zl and Zp break lines where nobody expects it.
_HOSTILE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANKS = " \n\t"
# A line is made of this many times its limit at most: white space is folded, the rest is beyond the cut.
_SPREAD = 8
# So many kinds of character are sooner replaced one after the other than looked up place by place.
_FEW = 16


def inert(text: str) -> str:
    """`text` with control, bidi and escape characters shown as `\\u{…}`; newlines and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    # Each character is asked about once, however often it stands there: texts can be megabytes.
    hostile = [char for char in set(text) if unicodedata.category(char) in _HOSTILE and char not in _KEPT]
    if len(hostile) > _FEW:
        return text.translate({ord(char): _spelt_out(char) for char in hostile})
    for char in hostile:
        text = text.replace(char, _spelt_out(char))
    return text


def inert_line(text: str, limit: int = 0) -> str:
    """`inert` on one line, white space folded; cut with an ellipsis at `limit` characters (0: no limit).

    With a limit it costs the same for a megabyte as for a line.
    """
    if not limit:
        return _folded(text)
    bare = text.strip(_BLANKS)
    head = bare[: limit * _SPREAD]
    line = _folded(head)
    is_whole = len(head) == len(bare) and len(line) <= limit
    return line if is_whole else line[: limit - 1] + "…"


def _folded(text: str) -> str:
    return " ".join(inert(text).split())


def _spelt_out(char: str) -> str:
    return f"\\u{{{ord(char):x}}}"


def storable(text: str) -> str:
    """`text` without lone surrogates, which UTF-8, JSON and SQLite can't carry."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


_FORMULA = ("=", "+", "-", "@", "\u2212", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def cell(text: str, limit: int = 0) -> str:
    """`inert_line` that a spreadsheet takes for text: what could begin a formula gets an apostrophe."""
    line = inert_line(text, limit)
    return f"'{line}" if line.startswith(_FORMULA) else line
