"""AirLLM's worker as the application sees it: one model, spoken to by lines, ended when it is stuck."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from timmy_desktop.clock import Clock
from timmy_desktop.routing.airllm_folder import SPLIT_FOLDER, ModelFolder
from timmy_desktop.routing.workers.process import WorkerError, WorkerProcess

LOOK_SECONDS = 5.0
STUCK_SECONDS = 300.0  # without a byte written and without a word: a layer of the largest models takes less


class AirllmProcess:
    """At most one worker, with at most one model."""

    def __init__(
        self,
        command: Callable[[Path], Sequence[str]],
        *,
        log: Path,
        idle_seconds: float,
        clock: Clock,
    ) -> None:
        self._command = command
        self._log = log
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._worker: WorkerProcess | None = None
        self._serves: ModelFolder | None = None

    @property
    def is_alive(self) -> bool:
        """Whether it runs and has its model."""
        return self._serves is not None and self._worker is not None and self._worker.is_alive

    @property
    def serves(self) -> ModelFolder | None:
        """The model that it has; None while there is no worker."""
        return self._serves if self.is_alive else None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._worker.pid if self._worker is not None else None

    async def start(self, python: Path, model: ModelFolder, layers: Path, context_tokens: int) -> None:
        """A new worker with `model`, whose layers lie in `layers` or are put there. Raises WorkerError."""
        await self.kill()
        worker = self._worker = WorkerProcess(self._command(python), self._log)
        await worker.start(
            {
                "model": str(model.path),
                "layers": str(layers),
                "context_tokens": context_tokens or model.context_tokens,
                "idle_seconds": self._idle_seconds,
            }
        )
        try:
            await self._until_ready(worker, layers)
        except BaseException:
            await self.kill()
            raise
        self._serves = model

    async def send(self, message: Mapping[str, Any]) -> None:
        """Raises WorkerError when it is gone."""
        await self._running().send(message)

    async def receive(self) -> dict[str, Any]:
        """What it says next. Raises WorkerError when it is gone."""
        return await self._running().receive()

    async def kill(self) -> None:
        """Ends it at once."""
        worker, self._worker, self._serves = self._worker, None, None
        if worker is not None:
            await worker.kill()

    def _running(self) -> WorkerProcess:
        if self._worker is None:
            raise WorkerError("the worker does not run.")
        return self._worker

    async def _until_ready(self, worker: WorkerProcess, layers: Path) -> None:
        before, since = -1, self._clock.monotonic()
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    said = await worker.receive()
            except TimeoutError:
                written = await asyncio.to_thread(_size, layers / SPLIT_FOLDER)
                if written != before:
                    before, since = written, self._clock.monotonic()
                elif self._clock.monotonic() - since > STUCK_SECONDS:
                    raise WorkerError("nothing has happened for minutes; it was ended.") from None
                continue
            if "error" in said:
                raise WorkerError(str(said["error"]))
            if said.get("state") == "ready":
                return


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*") if file.exists())
