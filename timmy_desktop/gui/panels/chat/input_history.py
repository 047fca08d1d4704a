"""What was sent before, for Up and Down in the chat's box."""

from __future__ import annotations

from collections.abc import Sequence

_MOST = 100


class InputHistory:
    """Walks back and forth through what was sent; a repeated line is kept once."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._at = 0

    def reset(self, lines: Sequence[str]) -> None:
        self._lines = []
        for line in lines:
            self.add(line)

    def add(self, line: str) -> None:
        if line and self._lines[-1:] != [line]:
            self._lines = [*self._lines, line][-_MOST:]
        self._at = len(self._lines)

    def older(self) -> str | None:
        """The line before; None at the oldest."""
        if self._at == 0:
            return None
        self._at -= 1
        return self._lines[self._at]

    def newer(self) -> str | None:
        """The line after, "" past the newest; None when already there."""
        if self._at >= len(self._lines):
            return None
        self._at += 1
        return self._lines[self._at] if self._at < len(self._lines) else ""

    def leave(self) -> None:
        """The person typed: the walk starts at the newest again."""
        self._at = len(self._lines)

    @property
    def walking(self) -> bool:
        return self._at < len(self._lines)
