"""Lightning backends, one module each: a new one is its module and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from timmy_desktop.clock import Clock
from timmy_desktop.ledger.backends import embedded
from timmy_desktop.ledger.backends.base import LightningBackend

BackendFactory = Callable[..., LightningBackend]

BACKENDS: Mapping[str, BackendFactory] = MappingProxyType({embedded.NAME: embedded.EmbeddedBackend})


def make_backend(name: str, *, node_key: Callable[[], bytes], clock: Clock) -> LightningBackend:
    """The backend that the settings name. `node_key()` gives the 32 secret bytes of this data folder."""
    return BACKENDS[name](node_key=node_key, clock=clock)


__all__ = ["BACKENDS", "LightningBackend", "make_backend"]
