"""Makes foreign text inert: what an agent or a model wrote can't steer a terminal, a label or a log."""

from __future__ import annotations

import unicodedata

_KEPT = frozenset("\n\t")
# Cf holds bidi overrides and zero-width joiners; Zl and Zp break lines where nobody expects it.
_HOSTILE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_EMOJI_JOINERS = frozenset("\u200d")


def inert(text: str) -> str:
    """`text` with control, bidi and escape characters shown as `\\u{…}`; newlines and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if _is_harmless(char) else f"\\u{{{ord(char):x}}}" for char in text)


def inert_line(text: str, limit: int = 0) -> str:
    """`inert` on one line, white space folded; cut with an ellipsis at `limit` characters (0: no limit)."""
    line = " ".join(inert(text).split())
    return line if not limit or len(line) <= limit else line[: limit - 1] + "…"


def _is_harmless(char: str) -> bool:
    if char in _KEPT or char in _EMOJI_JOINERS:
        return True
    return unicodedata.category(char) not in _HOSTILE_CATEGORIES


def storable(text: str) -> str:
    """`text` without lone surrogates, which UTF-8, JSON and SQLite can't carry."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
