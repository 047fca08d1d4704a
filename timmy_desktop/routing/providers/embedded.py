"""llama.cpp in a process of its own: works with no server, no key and no network."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from timmy_desktop.routing import local_models
from timmy_desktop.routing.errors import BrokenOff, NotConfigured, ProviderError, Unreachable
from timmy_desktop.routing.fitting import without_tools
from timmy_desktop.routing.local_models import LocalModel
from timmy_desktop.routing.providers.base import Parts, deadlines_of
from timmy_desktop.routing.types import CompletionRequest, Health, ProviderDelta, TextDelta
from timmy_desktop.routing.workers.process import WorkerError, WorkerProcess, llama_server_command
from timmy_desktop.settings import ProviderSettings

if TYPE_CHECKING:
    from typing import TypeAlias

    from timmy_desktop.routing.providers.chat_completions import ChatCompletions

    _Ready: TypeAlias = tuple[ChatCompletions, LocalModel]

CONTEXT_TOKENS = 4096
RETRY_SECONDS = 60.0
NOTICE_SECONDS = 0.5
LOOK_SECONDS = 1.0  # well within the router's patience with a probe
# For base models, which have no template: the plainest form that they continue well.
PLAIN_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message.role == 'system' -%}{{ message.content }}\n\n"
    "{%- elif message.role == 'assistant' -%}Answer: {{ message.content }}\n\n"
    "{%- else -%}Question: {{ message.content }}\n\n{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}Answer:{%- endif -%}"
)
# Also without a line before it: the small model runs its next question straight on.
PLAIN_STOPS = ("Question:", "Answer:")


class EmbeddedProvider:
    """The provider of kind `embedded`."""

    kind = "embedded"
    is_remote = False

    def __init__(
        self,
        entry: ProviderSettings,
        parts: Parts,
        command: Callable[[], Sequence[str]] = llama_server_command,
    ) -> None:
        self.name = entry.label
        self.deadlines = deadlines_of(entry)
        self.supports_tools = False
        self.model = ""
        self._log = parts.paths.logs / f"worker-{re.sub('[^A-Za-z0-9-]', '_', self.name)}.log"
        self._entry = entry
        self._paths = parts.paths
        self._chosen_path = parts.settings.embedded_model_path
        self._clock = parts.clock
        self._supervisor = parts.supervisor
        self._command = command
        self._found: dict[str, LocalModel] = {}
        self._serving: Path | None = None
        self._starting_for = ""
        self._answering = 0
        self._is_free = asyncio.Event()
        self._is_free.set()
        self._worker: WorkerProcess | None = None
        self._wire: ChatCompletions | None = None
        self._starting: asyncio.Task[_Ready | ProviderError] | None = None
        self._fault = ""
        self._retry_at = 0.0
        self._looking: asyncio.Task[LocalModel | NotConfigured] | None = None

    @property
    def context_tokens(self) -> int:
        """The context that its worker is started with."""
        return self._entry.context_tokens or CONTEXT_TOKENS

    @property
    def worker_pid(self) -> int | None:
        """The worker's process id while it runs."""
        return self._worker.pid if self._worker is not None else None

    async def start(self) -> None:
        """Nothing: the worker is started by the first request, or by `warm_up`."""

    async def stop(self) -> None:
        """Ends the worker."""
        tasks = [task for task in (self._starting, self._looking) if task is not None]
        self._starting = self._looking = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._drop_worker()

    async def warm_up(self) -> None:
        """Starts the worker; what goes wrong is in the health afterwards."""
        try:
            await self._ready("chat")
        except ProviderError:
            return

    async def health(self) -> Health:
        """Whether its model and library are there, and how its worker is."""
        if self._starting is not None:
            coming = self._starting_for or self.model or "The model"
            return Health("loading", f"{coming} is being loaded.", self.model)
        local = await self._looked_for()
        if local is None:
            return Health("loading", "The model's file is being looked for.", self.model)
        if isinstance(local, NotConfigured):
            is_named = self._chosen_path is not None or self._entry.model_for("chat")
            if not is_named and local_models.small_model_is_installed():
                return Health("ready", "The small model is laid out at the first request.")
            return Health("not_configured", str(local))
        models = (local.name,)
        if self._has(local):
            return Health("ready", f"{local.name} is loaded.", local.name, models)
        if self._fault and self._clock.monotonic() < self._retry_at:
            return Health("unavailable", self._fault, local.name, models)
        return Health("ready", f"{local.name} is loaded at the first request.", local.name, models)

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[ProviderDelta, None]:
        """See Provider.stream."""
        wire, local = await self._ready(request.purpose)
        self._answering += 1
        self._is_free.clear()
        try:
            async with aclosing(self._answer(wire, local, request)) as deltas:
                async for delta in deltas:
                    yield delta
        finally:
            self._answering -= 1
            if not self._answering:
                self._is_free.set()

    async def _answer(
        self, wire: ChatCompletions, local: LocalModel, request: CompletionRequest
    ) -> AsyncGenerator[ProviderDelta, None]:
        if not local.supports_tools:
            request = without_tools(request)
        extra: dict[str, Any] = {"cache_prompt": True, "repeat_penalty": 1.1}
        if not local.chat_template:
            extra["stop"] = [*request.stop, *PLAIN_STOPS]
        try:
            async with aclosing(wire.stream(request, local.name, extra)) as deltas:
                is_start = True
                async for delta in deltas:
                    if is_start and isinstance(delta, TextDelta):
                        # A plain template leaves the space before the answer to the model.
                        if not (text := delta.text.lstrip()):
                            continue
                        is_start, delta = False, TextDelta(text)
                    yield delta
        except (Unreachable, BrokenOff) as error:
            if self._worker is not None and await self._worker.has_ended_within(NOTICE_SECONDS):
                raise type(error)(
                    f"The embedded model's process ended: {self._worker.last_words()}."
                ) from error
            raise

    def _has(self, local: LocalModel) -> bool:
        is_alive = self._worker is not None and self._worker.is_alive
        return is_alive and self._serving == local.path and local.path.exists()

    async def _ready(self, purpose: str) -> _Ready:
        """The model for this purpose and its worker's wire; started once for all who ask."""
        name = self._entry.model_for(purpose)
        while True:
            if self._starting is None:
                local = self._found.get(name)
                if local is not None and self._wire is not None and self._has(local):
                    return self._wire, local
                self._starting_for = name
                self._starting = self._supervisor.start(f"start {self.name} worker", self._start_worker(name))
            is_ours = self._starting_for == name
            # Shielded: one who gives up does not stop the start for the others.
            started = await asyncio.shield(self._starting)
            if is_ours and isinstance(started, ProviderError):
                raise started
            if is_ours and not isinstance(started, ProviderError):
                return started

    async def _start_worker(self, name: str) -> _Ready | ProviderError:
        try:
            return await self._new_worker(await self._located(name))
        except ProviderError as error:
            return error
        except WorkerError as error:
            called = self._found[name].name
            self._fault = f"{called} can't be loaded: {error} Choose another model file in Preferences."
            self._retry_at = self._clock.monotonic() + RETRY_SECONDS
            return Unreachable(self._fault)
        finally:
            self._starting = None

    async def _new_worker(self, local: LocalModel) -> _Ready:
        # One model is in memory at a time: whoever is being answered by another one is heard out.
        await self._is_free.wait()
        await self._drop_worker()
        key = secrets.token_urlsafe(32)
        worker = WorkerProcess(self._command(), self._log)
        self._worker = worker
        answer = await worker.start(
            {
                "model": str(local.path),
                "alias": local.name,
                "key": key,
                "context_tokens": self._entry.context_tokens or CONTEXT_TOKENS,
                "chat_template": "" if local.chat_template else PLAIN_TEMPLATE,
            }
        )
        self._wire = await asyncio.to_thread(self._connect, answer["address"], key)
        self._serving = local.path
        self._fault = ""
        return self._wire, local

    def _connect(self, address: str, key: str) -> ChatCompletions:
        from timmy_desktop.routing.providers import chat_completions

        client = chat_completions.new_client(f"{address}/v1", key, self.deadlines)
        return chat_completions.ChatCompletions(client, "The embedded model", key)

    async def _looked_for(self) -> LocalModel | NotConfigured | None:
        """The model's file, if it is found soon; a slow disk is looked at once for all who ask."""
        if self._looking is None:
            self._looking = self._supervisor.start(f"look for the model of {self.name}", self._look())
        looking = self._looking
        done, _ = await asyncio.wait((looking,), timeout=LOOK_SECONDS)
        return looking.result() if done and not looking.cancelled() else None

    async def _look(self) -> LocalModel | NotConfigured:
        try:
            return await self._located(self._entry.model_for("chat"), assemble=False)
        except NotConfigured as error:
            return error
        finally:
            self._looking = None

    async def _located(self, name: str, *, assemble: bool = True) -> LocalModel:
        """The file of the model `name`; where that is empty, the chosen one or the small model, laid out.

        Raises NotConfigured with a next step.
        """
        if name not in self._found or not self._found[name].path.exists():
            self._found[name] = await asyncio.to_thread(self._locate, name, assemble)
        self.supports_tools = any(local.supports_tools for local in self._found.values())
        if name == self._entry.model_for("chat"):
            self.model = self._found[name].name
        return self._found[name]

    def _locate(self, name: str, assemble: bool) -> LocalModel:
        if find_spec("xllamacpp") is None:
            raise NotConfigured("The library xllamacpp is not installed. Run: pip install xllamacpp")
        folders = (self._paths.models, local_models.shipped_models())
        try:
            if name:
                return self._named(name, folders)
            found = local_models.find_model(self._chosen_path, folders)
            if found is None and self._chosen_path is None and assemble:
                made = local_models.assemble_small_model(self._paths.models)
                found = local_models.find_model(made, ()) if made is not None else None
        except (OSError, ValueError) as error:
            raise NotConfigured(f"No model can be read: {error}.") from error
        if found is None and self._chosen_path is not None:
            raise NotConfigured(f"{self._chosen_path} is no GGUF file. Choose another one in Preferences.")
        if found is None:
            raise NotConfigured(
                "No model is there. Fetch one in Preferences, Models, or put a GGUF file into "
                f"{self._paths.models}."
            )
        return found

    def _named(self, name: str, folders: Sequence[Path]) -> LocalModel:
        files = (folder / f"{name.removesuffix('.gguf')}.gguf" for folder in folders)
        found = next(filter(None, (local_models.find_model(file, ()) for file in files)), None)
        if found is None:
            raise NotConfigured(
                f"There is no model {name} in {self._paths.models}. Run `timmy-desktop models pull {name}`."
            )
        return found

    async def _drop_worker(self) -> None:
        wire, self._wire = self._wire, None
        worker, self._worker = self._worker, None
        if wire is not None:
            await wire.client.aclose()
        if worker is not None:
            await worker.kill()
