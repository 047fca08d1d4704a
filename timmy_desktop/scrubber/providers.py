"""Providers of models as their events leave them."""

from __future__ import annotations

from typing import Any

from timmy_desktop.events import routing
from timmy_desktop.events.base import EventRecord
from timmy_desktop.scrubber.things import ProviderThen
from timmy_desktop.scrubber.world import Draft


def _change(draft: Draft, name: str, **changes: Any) -> None:
    known = draft.providers.get(name) or ProviderThen(name)
    draft.providers.put(name, known._replace(**changes))


def _called(draft: Draft, record: EventRecord, event: routing.ProviderCalled) -> None:
    known = draft.providers.get(event.provider) or ProviderThen(event.provider)
    kind = {"ok": "answers", "cancelled": "cancelled"}.get(event.outcome, "failures")
    _change(
        draft, event.provider, outcome=event.outcome, detail=event.detail, model=event.model,
        ttft_ms=event.ttft_ms, total_ms=event.total_ms, tokens_in=event.tokens_in,
        tokens_out=event.tokens_out, asked_us=record.time_us, **{kind: getattr(known, kind) + 1},
    )  # fmt: skip


def _failed_over(draft: Draft, _: EventRecord, event: routing.ProviderFailedOver) -> None:
    known = draft.providers.get(event.from_provider)
    _change(draft, event.from_provider, failed_over=(known.failed_over if known is not None else 0) + 1)


def _opened(draft: Draft, _: EventRecord, event: routing.CircuitOpened) -> None:
    _change(draft, event.provider, circuit="OPEN", reason=event.reason)


def _half_opened(draft: Draft, _: EventRecord, event: routing.CircuitHalfOpened) -> None:
    _change(draft, event.provider, circuit="HALF_OPEN")


def _closed(draft: Draft, _: EventRecord, event: routing.CircuitClosed) -> None:
    _change(draft, event.provider, circuit="CLOSED", reason="")


def _enabled(draft: Draft, _: EventRecord, event: routing.ProviderEnabled) -> None:
    _change(draft, event.provider, disabled=False)


def _disabled(draft: Draft, _: EventRecord, event: routing.ProviderDisabled) -> None:
    _change(draft, event.provider, disabled=True)


def _reordered(draft: Draft, _: EventRecord, event: routing.ProvidersReordered) -> None:
    draft.order = tuple(event.order)


HANDLERS = {
    routing.ProviderCalled: _called,
    routing.ProviderFailedOver: _failed_over,
    routing.CircuitOpened: _opened,
    routing.CircuitHalfOpened: _half_opened,
    routing.CircuitClosed: _closed,
    routing.ProviderEnabled: _enabled,
    routing.ProviderDisabled: _disabled,
    routing.ProvidersReordered: _reordered,
}
