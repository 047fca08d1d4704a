"""The models of this machine: which there are, and how a person gets more and is rid of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from timmy_desktop.clock import Clock
from timmy_desktop.routing.downloads import Download, DownloadError
from timmy_desktop.routing.errors import ModelMissing, ProviderError, RouterError
from timmy_desktop.routing.model_catalogue import CATALOGUE, HUB, CatalogueModel
from timmy_desktop.routing.partial_file import PartialFile
from timmy_desktop.routing.providers.base import deadlines_of
from timmy_desktop.routing.providers.ollama import ollama_address
from timmy_desktop.settings import ProviderSettings, Settings

if TYPE_CHECKING:
    from timmy_desktop.routing.providers.ollama_wire import OllamaWire

State = Literal["installed", "available", "partial"]
PROGRESS_SECONDS = 0.1


class ModelError(RouterError):
    """A model could not be listed, fetched or deleted; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that is there, or that can be fetched. Sizes in bytes, 0 where unknown."""

    name: str
    provider: Literal["ollama", "embedded"]
    state: State
    size: int
    licence: str = ""
    good_for: str = ""
    fetched: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """What was found; `notes` say what could not be asked."""

    models: tuple[ModelEntry, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a pull is; `total` is 0 while that is unknown."""

    name: str
    done: int
    total: int
    words: str = ""


class ModelLibrary:
    """Ollama's models and the embedded provider's GGUF files. Nothing is fetched unless `pull` is called."""

    def __init__(
        self,
        *,
        settings: Settings,
        folder: Path,
        clock: Clock,
        hub: str = HUB,
        catalogue: Sequence[CatalogueModel] = CATALOGUE,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._hub = hub
        self._catalogue = {model.name: model for model in catalogue}
        entries = [entry for entry in settings.cascade_providers if entry.kind == "ollama"]
        self._ollama = entries[0] if entries else ProviderSettings(kind="ollama")

    async def listing(self) -> Listing:
        """Every model that is there, then those that can be fetched."""
        files = await asyncio.to_thread(self._files)
        try:
            async with self._connected() as wire:
                installed = [
                    ModelEntry(model.name, "ollama", "installed", model.size) for model in await wire.models()
                ]
        except ProviderError as error:
            return Listing(tuple(files), (str(error),))
        return Listing((*installed, *files))

    async def pull(self, name: str) -> AsyncGenerator[PullProgress, None]:
        """Fetches a model of the catalogue for the embedded provider, any other through Ollama.

        Raises ModelError. Closed or cancelled early it stops; the next pull goes on from there.
        """
        model = self._catalogue.get(name)
        source = self._pull_file(model) if model is not None else self._pull_ollama(name)
        told_at = -PROGRESS_SECONDS
        async with aclosing(source) as steps:
            last = PullProgress(name, 0, 0)
            async for last in steps:
                if self._clock.monotonic() - told_at >= PROGRESS_SECONDS:
                    told_at = self._clock.monotonic()
                    yield last
        yield PullProgress(name, last.total, last.total, "done")

    async def delete(self, name: str) -> None:
        """Deletes a GGUF file, or what was fetched of one; else Ollama's model. Raises ModelError."""
        if await asyncio.to_thread(self._delete_file, name):
            return
        try:
            async with self._connected() as wire:
                await wire.delete(name)
        except ProviderError as error:
            raise ModelError(
                f"There is no model file {name} in {self._folder}, and Ollama did not delete one: {error}"
            ) from error

    # -- the embedded provider's files ---------------------------------------------------------------

    def _target(self, model: CatalogueModel) -> Path:
        return self._folder / f"{model.name}.gguf"

    async def _pull_file(self, model: CatalogueModel) -> AsyncGenerator[PullProgress, None]:
        target = self._target(model)
        if target.exists():
            size = target.stat().st_size
            yield PullProgress(model.name, size, size, "it is there already")
            return
        try:
            async with aclosing(Download(model.url(self._hub), target).run()) as steps:
                async for done, total in steps:
                    yield PullProgress(model.name, done, total)
        except DownloadError as error:
            raise ModelError(str(error)) from error

    def _files(self) -> list[ModelEntry]:
        entries = [
            _entry(file, self._catalogue.get(file.stem)) for file in sorted(self._folder.glob("*.gguf"))
        ]
        there = {entry.name for entry in entries}
        for model in self._catalogue.values():
            if model.name not in there:
                fetched = PartialFile(self._target(model)).size_on_disk()
                state: State = "partial" if fetched else "available"
                entries.append(
                    ModelEntry(
                        model.name,
                        "embedded",
                        state,
                        model.about_bytes,
                        model.licence,
                        model.good_for,
                        fetched,
                    )
                )
        return entries

    def _delete_file(self, name: str) -> bool:
        target = self._folder / f"{name}.gguf"
        if target.parent != self._folder:  # a name with a path in it is no file of ours
            return False
        try:
            was_part = PartialFile(target).remove()
            was_there = target.exists()
            target.unlink(missing_ok=True)
        except OSError as error:
            raise ModelError(f"{target} can't be deleted: {error.strerror}.") from error
        return was_there or was_part

    # -- Ollama ----------------------------------------------------------------------------------------

    async def _pull_ollama(self, name: str) -> AsyncGenerator[PullProgress, None]:
        try:
            async with self._connected() as wire, aclosing(wire.pull(name)) as steps:
                async for status, done, total in steps:
                    yield PullProgress(name, done, total, status)
        except ModelMissing as error:
            raise ModelError(f"{error} See {self._choices()}.") from error
        except ProviderError as error:
            raise ModelError(f"{error} Models without Ollama: {self._choices()}.") from error

    def _choices(self) -> str:
        return ", ".join(self._catalogue)

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[OllamaWire, None]:
        wire = await asyncio.to_thread(self._connect)
        try:
            yield wire
        finally:
            await wire.close()

    def _connect(self) -> OllamaWire:
        from timmy_desktop.routing.providers.ollama_wire import OllamaWire

        return OllamaWire(ollama_address(self._ollama.base_url, os.environ), deadlines_of(self._ollama))


def _entry(file: Path, known: CatalogueModel | None) -> ModelEntry:
    licence, good_for = (known.licence, known.good_for) if known is not None else ("", "")
    size = file.stat().st_size
    return ModelEntry(file.stem, "embedded", "installed", size, licence, good_for, size)
