"""Lightning backends, one module each: a new one is its module and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from timmy_desktop.ledger.backends import electrum, embedded, lnd
from timmy_desktop.ledger.backends.base import BackendParts, LightningBackend

BackendFactory = Callable[[BackendParts], LightningBackend]

BACKENDS: Mapping[str, BackendFactory] = MappingProxyType(
    {embedded.NAME: embedded.make, lnd.NAME: lnd.make, electrum.NAME: electrum.make}
)


def make_backend(name: str, parts: BackendParts) -> LightningBackend:
    """The backend that the settings name."""
    return BACKENDS[name](parts)


__all__ = ["BACKENDS", "BackendParts", "LightningBackend", "make_backend"]
