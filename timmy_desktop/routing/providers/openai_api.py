"""Any server that speaks the OpenAI API, at home or elsewhere; off until a key and an address are set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from timmy_desktop.routing.errors import BadKey, ModelMissing, NotConfigured, ProviderError
from timmy_desktop.routing.providers.base import Parts, deadlines_of, is_this_machine
from timmy_desktop.routing.types import CompletionRequest, Health, ProviderDelta
from timmy_desktop.settings import ProviderSettings

if TYPE_CHECKING:
    from timmy_desktop.routing.providers.chat_completions import ChatCompletions


class OpenAIProvider:
    """The provider of kind `api`."""

    kind = "api"
    supports_tools = True

    def __init__(self, entry: ProviderSettings, parts: Parts) -> None:
        self.name = entry.label
        self.model = entry.model_for("chat")
        self._entry = entry
        self.deadlines = deadlines_of(entry)
        self.context_tokens = entry.context_tokens
        self.is_remote = not is_this_machine(entry.base_url)
        self._base_url = entry.base_url
        self._secrets = parts.secrets
        self._wire: ChatCompletions | None = None
        self._key = ""
        self._refused: tuple[str, str] | None = None  # a key that was not accepted, and what was said
        self._absent = ""
        self._connecting = asyncio.Lock()

    async def start(self) -> None:
        """Nothing: the key is asked for when it is needed."""

    async def stop(self) -> None:
        """Closes the connections."""
        await self._forget_wire()

    async def warm_up(self) -> None:
        """Loads the libraries."""
        if not await self._missing():
            with suppress(ProviderError):
                await self._connected()

    async def health(self) -> Health:
        """Lists the server's models, which is free and checks the key where the server asks for one."""
        if missing := await self._missing():
            return Health("not_configured", missing)
        try:
            models = await (await self._connected()).models()
        except (BadKey, NotConfigured) as error:
            return Health("not_configured", str(error), self.model)
        except ModelMissing:
            # A server without a list of models may still answer.
            return self._health_of(())
        except ProviderError as error:
            return Health("unavailable", str(error), self.model)
        return self._health_of(models)

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[ProviderDelta, None]:
        """See Provider.stream."""
        if not self._key and (missing := await self._missing()):
            raise NotConfigured(missing)
        wire = await self._connected()
        if not self.model and (health := self._health_of(await wire.models())).state != "ready":
            raise NotConfigured(health.detail)
        model = self._entry.model_for(request.purpose) or self.model
        try:
            async with aclosing(wire.stream(request, model, {})) as deltas:
                async for delta in deltas:
                    yield delta
        except BadKey as error:
            self._refused = (self._key, str(error))
            raise
        except ModelMissing:
            self._absent = model
            raise

    def _health_of(self, models: tuple[str, ...]) -> Health:
        if self._refused is not None and self._refused[0] == self._key:
            return Health("not_configured", self._refused[1], self.model, models)
        if not self.model and models and (len(models) == 1 or not self.is_remote):
            self.model = models[0]
        if not self.model:
            detail = f"Choose a model for {self.name} in Preferences; it has {len(models)}."
            return Health("not_configured", detail, "", models)
        # Not every server lists all that it has: only what it has denied is missing.
        named = {self.model, *self._entry.models.values()}
        if self._absent in named and self._absent not in models:
            detail = (
                f"{self.name} has no model {self._absent!r}. Choose one of its {len(models)} in Preferences."
            )
            return Health("not_configured", detail, self.model, models)
        return Health("ready", f"{self.model} answers.", self.model, models)

    async def _missing(self) -> str:
        """What has to be set before it can be used, in words; empty when nothing is missing."""
        if not self._base_url:
            return f"Off. Set a base URL and a key for {self.name} in Preferences to use it."
        secret = await asyncio.to_thread(self._secrets.get, self.name)
        key = secret.get_secret_value() if secret is not None else ""
        if key != self._key:
            await self._forget_wire()
            self._key = key
        return "" if key else f"Off. Set a key for {self.name} in Preferences to use it."

    async def _connected(self) -> ChatCompletions:
        async with self._connecting:
            if self._wire is None:
                self._wire = await asyncio.to_thread(self._connect, self._key)
            return self._wire

    def _connect(self, key: str) -> ChatCompletions:
        from timmy_desktop.routing.providers import chat_completions

        client = chat_completions.new_client(self._base_url, key, self.deadlines)
        return chat_completions.ChatCompletions(client, self.name, key)

    async def _forget_wire(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.client.aclose()
