"""What the events need of the schema beyond the first version."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = ()
