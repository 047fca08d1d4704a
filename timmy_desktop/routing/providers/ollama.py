"""Ollama: which of its models answers, and how it is."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from timmy_desktop.routing.context import estimate
from timmy_desktop.routing.errors import BadKey, LocalOnly, ModelMissing, NotConfigured, ProviderError
from timmy_desktop.routing.fitting import without_tools
from timmy_desktop.routing.providers import ollama_models
from timmy_desktop.routing.providers.base import Parts, deadlines_of, is_this_machine
from timmy_desktop.routing.providers.ollama_load import Loaded, Loads
from timmy_desktop.routing.types import CompletionRequest, Health, ProviderDelta
from timmy_desktop.settings import ProviderSettings

if TYPE_CHECKING:
    from timmy_desktop.routing.providers.ollama_wire import OllamaWire

DEFAULT_URL = "http://127.0.0.1:11434"
DEFAULT_PORT = 11434
LEAST_CONTEXT_TOKENS = 4096  # what Ollama itself begins with
MOST_CONTEXT_TOKENS = 16_384  # more takes gigabytes; `context_tokens` says otherwise


class OllamaProvider:
    """The provider of kind `ollama`."""

    kind = "ollama"

    def __init__(
        self, entry: ProviderSettings, parts: Parts, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = entry.label
        self.deadlines = deadlines_of(entry)
        self.supports_tools = False
        self._entry = entry
        self._configured = entry.model_for("chat")
        self._configured_context = entry.context_tokens
        self._named: dict[str, ollama_models.InstalledModel] = {}
        self._abilities: dict[str, ollama_models.Abilities] = {}
        self._loads = Loads(monotonic=parts.clock.monotonic, now_us=parts.clock.now_us)
        self._refused = ""
        self._base_url = ollama_address(entry.base_url, os.environ if environment is None else environment)
        self._chosen: ollama_models.InstalledModel | None = None
        self._wire: OllamaWire | None = None
        self._connecting = asyncio.Lock()

    @property
    def model(self) -> str:
        """The configured model, else the one that was chosen from what is installed."""
        return self._chosen.name if self._chosen is not None else self._configured

    @property
    def is_remote(self) -> bool:
        """Whether its server, or the machine that runs its model, is not this one."""
        return not is_this_machine(self._base_url) or (self._chosen is not None and self._chosen.is_remote)

    @property
    def context_tokens(self) -> int:
        """The longest context that is asked of Ollama, whatever the purpose; what is longer is trimmed."""
        return min(map(self._longest_context, self._abilities), default=self._longest_context(""))

    def _longest_context(self, model: str) -> int:
        if self._configured_context:
            return self._configured_context
        longest = max(MOST_CONTEXT_TOKENS, self._loads.context_of(model))
        made_for = self._abilities[model].context_tokens if model in self._abilities else 0
        return min(longest, made_for) if made_for else longest

    def _context_for(self, request: CompletionRequest, model: str) -> int:
        """The context to ask for. Ollama cuts in silence what does not fit; another size loads anew."""
        if self._configured_context:
            return self._configured_context
        size = max(self._loads.context_of(model), LEAST_CONTEXT_TOKENS)
        needed = estimate(request) + request.max_tokens
        while size < needed:
            size *= 2
        return min(size, self._longest_context(model))

    async def start(self) -> None:
        """Nothing: the client is loaded when it is needed."""

    async def stop(self) -> None:
        """Closes the connections."""
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()

    async def warm_up(self) -> None:
        """Loads the client; the model is Ollama's own affair."""
        with suppress(ProviderError):
            await self._connected()

    async def health(self) -> Health:
        """Asks what is installed, what is loaded and what the model can do."""
        try:
            models = await self._look_around()
            await self._ask_again_if_refused()
        except (ModelMissing, NotConfigured, BadKey) as error:
            return Health("not_configured", str(error), self._configured)
        except ProviderError as error:
            return Health("unavailable", str(error), self.model)
        if self._refused:
            return Health("not_configured", self._refused, self.model)
        return self._health_of(tuple(model.name for model in models))

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[ProviderDelta, None]:
        """See Provider.stream."""
        # What is local must be known for sure before anything private is sent.
        if self._chosen is None:
            await self._look_around()
        model, runs_elsewhere = self._model_for(request.purpose)
        if request.local_only and runs_elsewhere:
            raise LocalOnly(f"{model} does not run on this machine.")
        if model not in self._abilities or "tools" not in self._abilities[model].capabilities:
            request = without_tools(request)
        wire = await self._connected()
        context = self._context_for(request, model)
        self._loads.asked(model, context)
        is_waiting = True
        try:
            async with aclosing(wire.chat(request, model, context)) as deltas:
                async for delta in deltas:
                    if is_waiting:
                        is_waiting = False
                        self._loads.spoke(model)
                    yield delta
        except BadKey as error:
            self._refused = str(error)  # its health is free of charge and may not need the key
            raise
        finally:
            if is_waiting:
                self._loads.gave_up(model)

    async def _look_around(self) -> tuple[ollama_models.InstalledModel, ...]:
        wire = await self._connected()
        models, loaded = await wire.models(), await wire.loaded()
        self._loads.seen(loaded)
        found = self._found(models, loaded or {})
        named = {name: ollama_models.find(name, models) for name in self._entry.models.values() if name}
        missing = [name for name, model in named.items() if model is None]
        if found is None or missing:
            self._chosen = None
            raise ModelMissing(self._advice(missing))
        self._named = {name: model for name, model in named.items() if model is not None}
        used = {found.name, *(model.name for model in self._named.values())}
        self._abilities = {
            name: self._abilities.get(name) or await wire.abilities(name) for name in sorted(used)
        }
        self.supports_tools = any("tools" in able.capabilities for able in self._abilities.values())
        self._chosen = found
        return models

    def _model_for(self, purpose: str) -> tuple[str, bool]:
        """The model for this purpose, and whether it runs on another machine."""
        named = self._named.get(self._entry.model_for(purpose))
        model = named or self._chosen
        is_remote = not is_this_machine(self._base_url) or (model is not None and model.is_remote)
        return (model.name if model is not None else self._configured), is_remote

    async def _ask_again_if_refused(self) -> None:
        if self._refused:
            wire = await self._connected()
            # A model on this machine would be loaded for it; the key is looked at before the name.
            if await wire.lets_chat(self.model if self.is_remote else ""):
                self._refused = ""

    def _found(
        self, models: tuple[ollama_models.InstalledModel, ...], loaded: Mapping[str, Loaded]
    ) -> ollama_models.InstalledModel | None:
        if self._configured:
            return ollama_models.find(self._configured, models)
        kept = ollama_models.find(self._chosen.name, models) if self._chosen is not None else None
        return kept or ollama_models.choose(models, tuple(loaded))

    def _advice(self, named: Sequence[str]) -> str:
        wanted = next(iter(named), self._configured)
        if wanted:
            missing = f"does not have the model {wanted}. Run `ollama pull {wanted}`."
        else:
            missing = "has no chat model. Run `ollama pull llama3.2`."
        return f"Ollama runs, but {missing}"

    def _health_of(self, models: tuple[str, ...]) -> Health:
        if loading := self._loads.under_way:
            return Health("loading", f"{loading} is being loaded.", self.model, models)
        if silent := self._loads.silent:
            detail = f"Ollama runs, and does not load {silent} although it is waited for."
        elif self._loads.is_hot(self.model):
            detail = f"{self.model} is loaded."
        else:
            detail = f"{self.model} is loaded at the first request."
        return Health("ready", detail, self.model, models)

    async def _connected(self) -> OllamaWire:
        async with self._connecting:
            if self._wire is None:
                self._wire = await asyncio.to_thread(self._connect)
            return self._wire

    def _connect(self) -> OllamaWire:
        from timmy_desktop.routing.providers.ollama_wire import OllamaWire

        return OllamaWire(self._base_url, self.deadlines)


def ollama_address(base_url: str, environment: Mapping[str, str]) -> str:
    """Where Ollama is: a setting of one's own, else OLLAMA_HOST as Ollama reads it, else the default."""
    if base_url and base_url != DEFAULT_URL:
        return base_url
    host = environment.get("OLLAMA_HOST", "").strip().strip("'\"").rstrip("/")
    if not host:
        return DEFAULT_URL
    try:
        parts = urlsplit(host if "://" in host else f"http://{host}")
        port = parts.port or ({"http": 80, "https": 443}[parts.scheme] if "://" in host else DEFAULT_PORT)
    except (KeyError, ValueError):
        return DEFAULT_URL
    name = parts.hostname or "127.0.0.1"
    # An address that servers listen on is none to call; the person means this machine.
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(name, f"[{name}]" if ":" in name else name)  # noqa: S104
    return f"{parts.scheme}://{name}:{port}"
