"""What decides where a request goes, apart from what happens: the settings that a rehearsal may change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Limits(NamedTuple):
    """A provider's deadlines in seconds."""

    first_token: float
    total: float


@dataclass(frozen=True, slots=True)
class Policy:
    """The order, who is switched off, and when a circuit opens and is tried again."""

    order: tuple[str, ...]
    switched_off: frozenset[str] = frozenset()
    failure_threshold: int = 5
    recovery_timeout: float = 30.0
    limits: Mapping[str, Limits] = field(default_factory=dict)
