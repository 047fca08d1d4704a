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


@dataclass(frozen=True, kw_only=True)
class ProviderEnabled(Event):
    """The person lets a provider be asked again."""

    type: ClassVar[str] = "provider.enabled"
    provider: str


@dataclass(frozen=True, kw_only=True)
class ProviderDisabled(Event):
    """The person wants a provider left out until it is enabled."""

    type: ClassVar[str] = "provider.disabled"
    provider: str


@dataclass(frozen=True, kw_only=True)
class ProvidersReordered(Event):
    """The person changed the order in which providers are asked."""

    type: ClassVar[str] = "provider.reordered"
    order: list[str]


@dataclass(frozen=True, kw_only=True)
class ProviderTried(Event):
    """The person had a provider tried; `state` and `detail` are its health."""

    type: ClassVar[str] = "provider.tried"
    provider: str
    state: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class RouterHistoryThinned(Event):
    """Requests older than `before_us` were removed; the roll-ups stay."""

    type: ClassVar[str] = "provider.history_thinned"
    requests: int
    before_us: int
