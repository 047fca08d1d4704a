"""Stands where a provider is configured that this version does not have."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from timmy_desktop.routing.errors import NotConfigured
from timmy_desktop.routing.providers.base import Parts, deadlines_of
from timmy_desktop.routing.types import CompletionRequest, Health, ProviderDelta
from timmy_desktop.settings import ProviderSettings

AIRLLM_LATER = (
    "AirLLM joins in a later version. Remove it from cascade_providers, or leave it: it is skipped."
)


class AbsentProvider:
    """Says so, and does nothing."""

    is_remote = False
    supports_tools = False

    def __init__(self, entry: ProviderSettings, parts: Parts) -> None:
        del parts
        self.name = entry.label
        self.kind = entry.kind
        self.model = entry.model
        self.deadlines = deadlines_of(entry)

    async def start(self) -> None:
        """Nothing."""

    async def stop(self) -> None:
        """Nothing."""

    async def warm_up(self) -> None:
        """Nothing."""

    async def health(self) -> Health:
        """Not configured, always."""
        return Health("not_configured", AIRLLM_LATER)

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[ProviderDelta, None]:
        """Raises NotConfigured."""
        del request
        raise NotConfigured(AIRLLM_LATER)
        yield  # type: ignore[unreachable]  # makes this an iterator, as the protocol has it
