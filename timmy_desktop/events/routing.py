"""Events of the cascade router."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from timmy_desktop.events.base import Event


@dataclass(frozen=True, kw_only=True)
class ProviderCalled(Event):
    """One attempt on one provider ended. Times are milliseconds; `ttft_ms` is -1 without a first token."""

    type: ClassVar[str] = "provider.called"
    request_id: str
    attempt: int
    provider: str
    model: str
    purpose: str
    outcome: str
    detail: str
    ttft_ms: int
    total_ms: int
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, kw_only=True)
class ProviderFailedOver(Event):
    """A request moved on from one provider to the next; `to_provider` is empty when none was left."""

    type: ClassVar[str] = "provider.failed_over"
    severity: ClassVar[str] = "warning"
    request_id: str
    from_provider: str
    to_provider: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CircuitOpened(Event):
    """A provider is left out until it recovers."""

    type: ClassVar[str] = "provider.circuit_opened"
    severity: ClassVar[str] = "warning"
    provider: str
    reason: str
    failures: int


@dataclass(frozen=True, kw_only=True)
class CircuitHalfOpened(Event):
    """A provider is being tried again."""

    type: ClassVar[str] = "provider.circuit_half_open"
    provider: str


@dataclass(frozen=True, kw_only=True)
class CircuitClosed(Event):
    """A provider works again."""

    type: ClassVar[str] = "provider.circuit_closed"
    provider: str
