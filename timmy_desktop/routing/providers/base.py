"""What the router needs of a provider, and what a provider is made from."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

from timmy_desktop.clock import Clock
from timmy_desktop.paths import Paths
from timmy_desktop.routing.types import CompletionRequest, Deadlines, Health, ProviderDelta
from timmy_desktop.settings import ProviderSettings, Secrets, Settings
from timmy_desktop.supervisor import TaskSupervisor

COLD_FIRST_TOKEN_SECONDS = 300.0


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


@dataclass(frozen=True, slots=True)
class Parts:
    """What a provider may use of the application."""

    settings: Settings
    secrets: Secrets
    paths: Paths
    clock: Clock
    supervisor: TaskSupervisor


def deadlines_of(entry: ProviderSettings) -> Deadlines:
    """The deadlines that the settings give a provider."""
    return Deadlines(
        connect=entry.connect_timeout,
        first_token=entry.first_token_timeout,
        total=entry.total_timeout,
        cold_first_token=max(entry.first_token_timeout, COLD_FIRST_TOKEN_SECONDS),
    )


def is_this_machine(url: str) -> bool:
    """Whether `url` names this machine without asking anybody: a loopback address or `localhost`."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def place_of(url: str) -> str:
    """Host and port of `url` for messages: never a path, a query or what may be a password."""
    parts = urlsplit(url)
    return (parts.hostname or url) + (f":{parts.port}" if parts.port else "")
