"""A copy of the database once a day, so that there is something to put back when the file is damaged."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from timmy_desktop.clock import Clock
from timmy_desktop.storage.folder import make_private_folder
from timmy_desktop.storage.private_file import make_private_file
from timmy_desktop.supervisor import TaskSupervisor

KEPT = 3
FIRST_AFTER_SECONDS = 60.0
LOOK_EVERY_SECONDS = 3600.0
_PAGES_AT_ONCE = 1000
_SPARE_BYTES = 500_000_000

logger = logging.getLogger(__name__)


class DailyBackup:
    """Copies the database while it is in use, and keeps the newest three copies."""

    def __init__(
        self,
        database: Path,
        folder: Path,
        clock: Clock,
        supervisor: TaskSupervisor,
        first_after: float = FIRST_AFTER_SECONDS,
    ) -> None:
        self._database = database
        self._folder = folder
        self._clock = clock
        self._supervisor = supervisor
        self._first_after = first_after

    def start(self) -> None:
        """Looks now and then whether today's copy is there; not while the application is starting."""
        self._supervisor.start("backup", self._follow())

    async def back_up(self) -> Path | None:
        """Today's copy, made if it is not there; None where the disk has no room to spare for it."""
        return await asyncio.to_thread(self._back_up)

    async def _follow(self) -> None:
        await asyncio.sleep(self._first_after)
        while True:
            try:
                await self.back_up()
            except (OSError, sqlite3.Error) as error:
                logger.warning("The daily backup could not be made: %s", error)
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    def _back_up(self) -> Path | None:
        day = datetime.fromtimestamp(self._clock.now_us() / 1e6, UTC).strftime("%Y-%m-%d")
        target = self._folder / f"swarm-{day}.db"
        if target.exists():
            return target
        make_private_folder(self._folder)
        if shutil.disk_usage(self._folder).free < self._database.stat().st_size + _SPARE_BYTES:
            return None
        partial = target.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        make_private_file(partial)
        with closing(sqlite3.connect(self._database)) as source, closing(sqlite3.connect(partial)) as copy:
            # In pieces, so that who writes meanwhile does not wait.
            source.backup(copy, pages=_PAGES_AT_ONCE, sleep=0.01)
        partial.replace(target)
        for old in sorted(self._folder.glob("swarm-????-??-??.db"))[:-KEPT]:
            old.unlink()
        return target
