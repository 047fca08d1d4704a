"""What the router needs of a provider: a small interface that each of them fulfils in one module."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from timmy_desktop.routing.types import CompletionRequest, Deadlines, Health, ProviderDelta


class Provider(Protocol):
    """A model behind one API. Constructors do no I/O and import nothing heavy."""

    @property
    def name(self) -> str:
        """What people call it, unique among the configured ones."""
        ...

    @property
    def kind(self) -> str:
        """Its key in PROVIDERS."""
        ...

    @property
    def is_remote(self) -> bool:
        """Whether what it is asked may leave this machine."""
        ...

    @property
    def model(self) -> str:
        """The model that the next request would go to, as far as is known without asking."""
        ...

    @property
    def supports_tools(self) -> bool:
        """Whether the model can call tools, as far as is known; the router leaves them out otherwise."""
        ...

    @property
    def deadlines(self) -> Deadlines:
        """How long it may take."""
        ...

    async def start(self) -> None:
        """Gets what needs no model ready, quickly; never raises for what health can say."""
        ...

    async def stop(self) -> None:
        """Ends connections and processes. It may be started again."""
        ...

    async def warm_up(self) -> None:
        """Does now what the first request would have to wait for; never raises for what health can say."""
        ...

    async def health(self) -> Health:
        """How it is, asked now and free: it costs no tokens. Never raises a ProviderError."""
        ...

    def stream(self, request: CompletionRequest) -> AsyncGenerator[ProviderDelta, None]:
        """The answer, in pieces, ended by one Finished; raises ProviderError.

        Closing or cancelling the iterator really stops the generation.
        """
        ...
