"""Finds words in a text as the full-text index would, for events that it does not have yet."""

from __future__ import annotations

import re
import unicodedata

_TOKEN = re.compile(r"[^\W_]+")


def tokens(text: str) -> str:
    """The words of a text as the index keeps them: without case, accents and what stands between."""
    if not text.isascii():
        text = "".join(one for one in unicodedata.normalize("NFD", text) if not unicodedata.combining(one))
    return " ".join(_TOKEN.findall(text.lower()))


def says(text: str, asked: str, may_go_on: int) -> bool:
    """Whether the tokens `asked` stand in a text one after the other; the last may go on."""
    return bool(asked) and f" {asked}{'' if may_go_on else ' '}" in f" {tokens(text)} "
