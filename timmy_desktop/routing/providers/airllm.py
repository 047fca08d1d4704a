"""AirLLM: models larger than the memory, read from the disk layer by layer in a process of its own."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from timmy_desktop.routing import airllm_folder
from timmy_desktop.routing.airllm_folder import FolderProblem, ModelFolder
from timmy_desktop.routing.errors import (
    BrokenOff,
    ContextTooLong,
    Garbled,
    NotConfigured,
    ProviderError,
    ServerError,
    Unreachable,
)
from timmy_desktop.routing.providers.base import Parts, deadlines_of
from timmy_desktop.routing.types import (
    CompletionRequest,
    Finished,
    Health,
    ProviderDelta,
    TextDelta,
    Usage,
)
from timmy_desktop.routing.workers.airllm_process import AirllmProcess
from timmy_desktop.routing.workers.airllm_python import AirllmPython
from timmy_desktop.routing.workers.process import WorkerError, airllm_command
from timmy_desktop.settings import ProviderSettings

RETRY_SECONDS = 60.0
GRACE_SECONDS = 5.0  # for a cancelled request to end; a layer takes less than that on most disks
Command = Callable[[Path], Sequence[str]]


@dataclass
class _Turn:
    """The request that the worker has now."""

    words: str = ""
    is_quiet: bool = True


class AirllmProvider:
    """The provider of kind `airllm`."""

    kind = "airllm"
    is_remote = False
    supports_tools = False

    def __init__(self, entry: ProviderSettings, parts: Parts, command: Command = airllm_command) -> None:
        self.name = entry.label
        deadlines = deadlines_of(entry)
        # Each word may take minutes, so as long as layers pass only the whole answer's deadline counts.
        self.deadlines = replace(deadlines, cold_first_token=max(deadlines.total, deadlines.first_token))
        self.model = ""
        self._entry = entry
        self._confirmed = parts.settings.airllm_models
        self._python = AirllmPython(parts.settings.airllm_python, parts.clock)
        self._root = parts.paths.data_dir / "airllm"
        self._clock = parts.clock
        self._supervisor = parts.supervisor
        self._process = AirllmProcess(
            command,
            log=parts.paths.logs / "worker-airllm.log",
            idle_seconds=parts.settings.airllm_idle_seconds,
            clock=parts.clock,
        )
        self._one_at_a_time = asyncio.Lock()
        self._loading: asyncio.Task[ProviderError | None] | None = None
        self._loading_folder: ModelFolder | None = None
        self._turn: _Turn | None = None
        self._numbers = itertools.count(1)
        self._fault = ""
        self._retry_at = 0.0

    @property
    def worker_pid(self) -> int | None:
        """The worker's process id while it runs."""
        return self._process.pid

    async def start(self) -> None:
        """Nothing: the worker is started by the first request."""

    async def stop(self) -> None:
        """Ends the worker, whatever it does; a split goes on where it was."""
        loading, self._loading = self._loading, None
        if loading is not None:
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)
        await self._process.kill()

    async def warm_up(self) -> None:
        """Loads the model; what goes wrong is in the health afterwards."""
        try:
            async with self._one_at_a_time:
                await self._ready(await self._located("chat"))
        except ProviderError:
            return

    async def health(self) -> Health:
        """Whether AirLLM and a confirmed model are there, and how its worker is."""
        if self._loading is not None and self._loading_folder is not None:
            return Health("loading", await self._progress(self._loading_folder), self._loading_folder.name)
        try:
            folder = await self._located("chat")
        except NotConfigured as error:
            return Health("not_configured", str(error))
        models = (folder.name,)
        if self._turn is not None and self._turn.is_quiet:
            return Health("loading", self._turn.words or f"{folder.name} is at work.", folder.name, models)
        if self._process.is_alive:
            return Health("ready", f"{folder.name} is loaded.", folder.name, models)
        if self._fault and self._clock.monotonic() < self._retry_at:
            return Health("unavailable", self._fault, folder.name, models)
        return Health("ready", f"{folder.name} is loaded at the first request.", folder.name, models)

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[ProviderDelta, None]:
        """See Provider.stream. One request at a time; others wait for their turn."""
        folder = await self._located(request.purpose)
        await self._one_at_a_time.acquire()
        number, is_over = next(self._numbers), False
        turn = _Turn()
        try:
            orders = _orders(number, request)
            await self._send(folder, orders)
            self._turn = turn
            while not is_over:
                said = await self._heard(number)
                if said.get("state") == "idle":
                    # It ended for want of requests just when this one came.
                    await self._process.kill()
                    await self._send(folder, orders)
                    continue
                delta = self._delta(said, turn, folder)
                is_over = isinstance(delta, Finished)
                if delta is not None:
                    yield delta
        except ProviderError:
            is_over = True
            raise
        finally:
            self._turn = None
            if is_over or not self._process.is_alive or self._loading is not None:
                self._one_at_a_time.release()
            else:
                self._supervisor.start(f"end {self.name} request", self._abandon(number))

    async def _send(self, folder: ModelFolder, orders: dict[str, object]) -> None:
        for is_last in (False, True):
            await self._ready(folder)
            try:
                await self._process.send(orders)
            except WorkerError as error:
                await self._process.kill()  # its pipe is closed, whether its end has been noticed or not
                if is_last:
                    raise Unreachable(f"AirLLM's process ended: {error}") from error
            else:
                return

    async def _heard(self, number: int) -> dict[str, object]:
        """What the worker says next to request `number`."""
        while True:
            try:
                said = await self._process.receive()
            except WorkerError as error:
                await self._process.kill()
                raise BrokenOff(f"AirLLM's process ended in the middle of the answer: {error}") from error
            if said.get("id") == number or said.get("state") == "idle":
                return said

    def _delta(self, said: dict[str, object], turn: _Turn, folder: ModelFolder) -> ProviderDelta | None:
        if "text" in said:
            turn.is_quiet = False
            return TextDelta(str(said["text"]))
        if "layer" in said:
            turn.words = f"{folder.name} reads layer {said['layer']} of {said['layers']} for the first word."
            return None
        if "error" in said:
            words = f"{folder.name}: {said['error']}"
            raise ContextTooLong(words) if said.get("kind") == "too_long" else ServerError(words)
        return _finished(said, folder.name)

    async def _abandon(self, number: int) -> None:
        """Has the worker end a request that nobody wants, or ends the worker; then the next may come."""
        try:
            async with asyncio.timeout(GRACE_SECONDS):
                await self._process.send({"cancel": number})
                while True:
                    said = await self._process.receive()
                    if said.get("id") == number and ("finished" in said or "error" in said):
                        return
        except (TimeoutError, WorkerError):
            await self._process.kill()
        finally:
            self._one_at_a_time.release()

    async def _ready(self, folder: ModelFolder) -> None:
        """Has a worker with this model; who gives up meanwhile does not stop its start."""
        if self._loading is None:
            if self._process.is_alive and self._process.serves == folder:
                return
            self._loading_folder = folder
            self._loading = self._supervisor.start(f"start {self.name} worker", self._load(folder))
        failed = await asyncio.shield(self._loading)
        if failed is not None:
            raise failed
        if self._process.serves != folder:
            await self._ready(folder)

    async def _load(self, folder: ModelFolder) -> ProviderError | None:
        try:
            split = await asyncio.to_thread(airllm_folder.split_of, folder, self._root)
            await asyncio.to_thread(airllm_folder.make_room, folder, split)
            await self._process.start(
                await self._python.found(), folder, split.folder, self._entry.context_tokens
            )
        except NotConfigured as error:
            return error
        except FolderProblem as error:
            return self._failed(f"AirLLM can't start: {error}")
        except WorkerError as error:
            return self._failed(f"{folder.name} can't be loaded: {error}")
        finally:
            self._loading = None
        self._fault = ""
        return None

    def _failed(self, words: str) -> Unreachable:
        self._fault = words
        self._retry_at = self._clock.monotonic() + RETRY_SECONDS
        return Unreachable(words)

    async def _progress(self, folder: ModelFolder) -> str:
        split = await asyncio.to_thread(airllm_folder.split_of, folder, self._root)
        if split.is_whole:
            return f"{folder.name} is being loaded."
        return f"{folder.name}: splitting layers {split.done}/{split.total}, once for this model."

    async def _located(self, purpose: str) -> ModelFolder:
        """The confirmed folder for this purpose; raises NotConfigured with a next step."""
        await self._python.found()
        try:
            path = airllm_folder.find_folder(self._entry.model_for(purpose), self._confirmed)
            folder = await asyncio.to_thread(airllm_folder.read_folder, path)
        except FolderProblem as error:
            raise NotConfigured(f"AirLLM has no model: {error}") from error
        self.model = folder.name
        return folder


def _orders(number: int, request: CompletionRequest) -> dict[str, object]:
    return {
        "id": number,
        "messages": [{"role": item.role, "content": _sound(item.content)} for item in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "stop": list(request.stop),
    }


def _finished(said: dict[str, object], model: str) -> Finished:
    try:
        usage = Usage(int(str(said["tokens_in"])), int(str(said["tokens_out"])))
        return Finished("length" if said["finished"] == "length" else "stop", usage, model)
    except (KeyError, ValueError) as error:
        raise Garbled("AirLLM's process said what can't be understood.") from error


def _sound(text: str) -> str:
    """Text that can be written as UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")
