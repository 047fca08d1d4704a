"""What the upgrades need of the schema beyond the first version."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = ()
