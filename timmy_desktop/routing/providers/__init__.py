"""Model providers, one module each; a new one is a module and a line in PROVIDERS."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from timmy_desktop.routing.providers.airllm import AirllmProvider
from timmy_desktop.routing.providers.base import Parts, Provider
from timmy_desktop.routing.providers.embedded import EmbeddedProvider
from timmy_desktop.routing.providers.ollama import OllamaProvider
from timmy_desktop.routing.providers.openai_api import OpenAIProvider
from timmy_desktop.settings import ProviderSettings, SettingsError

# The modules are light; each loads its library when it is first used, off the loop.
PROVIDERS: Mapping[str, Callable[[ProviderSettings, Parts], Provider]] = {
    "ollama": OllamaProvider,
    "embedded": EmbeddedProvider,
    "api": OpenAIProvider,
    "airllm": AirllmProvider,
}


def create_providers(parts: Parts) -> tuple[Provider, ...]:
    """The enabled providers of `cascade_providers`, in that order. Raises SettingsError for equal names."""
    entries = [entry for entry in parts.settings.cascade_providers if entry.enabled]
    names = [entry.label for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SettingsError(
            f"cascade_providers has several entries called {', '.join(twice)}. Give each a name of its own."
        )
    return tuple(PROVIDERS[entry.kind](entry, parts) for entry in entries)
