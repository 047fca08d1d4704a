"""How much a model server may say, whatever it was asked for: it fills neither memory nor disk."""

from __future__ import annotations

from timmy_desktop.routing.errors import Garbled

# Far more than any tokenizer puts into a token on average; the slack is for short answers and tool calls.
CHARACTERS_PER_TOKEN = 16
SLACK_CHARACTERS = 4096


class Allowance:
    """The characters that one answer may still have."""

    __slots__ = ("_left", "_max_tokens")

    def __init__(self, max_tokens: int) -> None:
        self._max_tokens = max_tokens
        self._left = max_tokens * CHARACTERS_PER_TOKEN + SLACK_CHARACTERS

    def take(self, characters: int) -> None:
        """Counts `characters` of the answer; raises Garbled when they are more than are left."""
        self._left -= characters
        if self._left < 0:
            raise Garbled(f"It said far more than the {self._max_tokens} tokens that it was asked for.")
