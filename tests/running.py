"""Real services of a test, started and stopped as the application does it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from timmy_desktop.services import Services


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[Services]:
    await services.start("test")
    try:
        yield services
    finally:
        await services.stop()
