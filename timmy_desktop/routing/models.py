"""The models of this machine: which there are, and how a person gets more and is rid of them."""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from timmy_desktop.clock import Clock
from timmy_desktop.inert import inert_line
from timmy_desktop.routing import gguf
from timmy_desktop.routing.airllm_models import TrustedModel, look_at, why_absent
from timmy_desktop.routing.downloads import Download, DownloadError
from timmy_desktop.routing.errors import ProviderError, RouterError
from timmy_desktop.routing.model_catalogue import CATALOGUE, HUB, CatalogueModel
from timmy_desktop.routing.partial_file import PartialFile
from timmy_desktop.routing.providers.base import deadlines_of
from timmy_desktop.routing.providers.ollama import ollama_address
from timmy_desktop.settings import ProviderSettings, Settings

if TYPE_CHECKING:
    from timmy_desktop.routing.providers.ollama_wire import OllamaWire

State = Literal["installed", "available", "partial", "unusable"]
Holder = Literal["ollama", "embedded", "airllm"]
PROGRESS_SECONDS = 0.1


class ModelError(RouterError):
    """A model could not be listed, fetched or deleted; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that is there, or that can be fetched. Sizes in bytes, 0 where unknown.

    `can_go`: Timmy may delete it. `problem` says why it is unusable.
    """

    name: str
    provider: Holder
    state: State
    size: int
    licence: str = ""
    good_for: str = ""
    fetched: int = 0
    can_go: bool = True
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """What was found, and in words why Ollama or AirLLM could not be asked; empty where they could."""

    models: tuple[ModelEntry, ...]
    ollama_problem: str = ""
    airllm_problem: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be asked; AirLLM is an extra, and missed by those alone who gave it a model."""
        is_wanted = any(model.provider == "airllm" for model in self.models)
        return tuple(filter(None, (self.ollama_problem, self.airllm_problem if is_wanted else "")))


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a pull is; `total` is 0 while that is unknown."""

    name: str
    done: int
    total: int
    words: str = ""


class ModelLibrary:
    """The models of Ollama, of the embedded provider and of AirLLM. Nothing is fetched but by `pull`."""

    def __init__(
        self,
        *,
        settings: Settings,
        folder: Path,
        clock: Clock,
        hub: str = HUB,
        catalogue: Sequence[CatalogueModel] = CATALOGUE,
        shipped: Path | None = None,
    ) -> None:
        """`folder` is Timmy's own; what lies in `shipped` came with the application and stays."""
        self._folder = folder
        self._shipped = shipped
        self._settings = settings
        self._clock = clock
        self._hub = hub
        self._catalogue = {model.name: model for model in catalogue}
        entries = [entry for entry in settings.cascade_providers if entry.kind == "ollama"]
        self._ollama = entries[0] if entries else ProviderSettings(kind="ollama")

    @property
    def smallest(self) -> CatalogueModel:
        """What to begin with: the quickest to fetch, and good enough to try things out."""
        return min(self._catalogue.values(), key=lambda model: model.about_bytes)

    async def listing(self) -> Listing:
        """Every model that is there, then those that can be fetched."""
        files, (installed, problem), absent, trusted = await asyncio.gather(
            asyncio.to_thread(self._files),
            self._of_ollama_if_it_answers(),
            self.why_no_airllm(self._settings.airllm_python),
            asyncio.gather(*map(self.trusted, self._settings.airllm_models)),
        )
        return Listing((*installed, *files, *map(_of_airllm, trusted)), problem, absent)

    async def trusted(self, entry: Path) -> TrustedModel:
        """What lies in a folder, or is fetched of an id, that the person trusts AirLLM with."""
        return await asyncio.to_thread(look_at, entry)

    async def why_no_airllm(self, python: Path | None) -> str:
        """Why AirLLM can't run with this Python, in words; empty when it can."""
        return await why_absent(python, self._clock)

    async def pull(self, name: str, holder: Holder | None = None) -> AsyncGenerator[PullProgress, None]:
        """Fetches a model of the catalogue for the embedded provider, any other through Ollama.

        Raises ModelError. Closed or cancelled early it stops; the next pull goes on from there.
        """
        model = self._catalogue.get(name) if holder != "ollama" else None
        source = (
            self._pull_file(model)
            if model is not None
            else self._pull_ollama(name, with_choices=holder is None)
        )
        told_at = -PROGRESS_SECONDS
        async with aclosing(source) as steps:
            last = PullProgress(name, 0, 0)
            async for last in steps:
                if self._clock.monotonic() - told_at >= PROGRESS_SECONDS:
                    told_at = self._clock.monotonic()
                    yield last
        yield PullProgress(name, last.total, last.total, "done")

    async def delete(self, name: str, holder: Holder | None = None) -> None:
        """Deletes a GGUF file, or what was fetched of one; else Ollama's model. Raises ModelError."""
        if holder != "ollama" and await asyncio.to_thread(self._delete_file, name):
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
        entries = [self._entry(file) for file in sorted(self._folder.glob("*.gguf"))]
        there = {entry.name for entry in entries}
        if self._shipped is not None:
            came = [file for file in sorted(self._shipped.glob("*.gguf")) if file.stem not in there]
            entries += [replace(self._entry(file), can_go=False) for file in came]
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

    def _entry(self, file: Path) -> ModelEntry:
        known = self._catalogue.get(file.stem)
        size, good_for = file.stat().st_size, known.good_for if known is not None else ""
        try:
            licence = known.licence if known is not None else inert_line(gguf.licence(file), 60)
        except (OSError, ValueError, struct.error):
            licence = ""
        return ModelEntry(file.stem, "embedded", "installed", size, licence, good_for, size)

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

    async def _of_ollama_if_it_answers(self) -> tuple[list[ModelEntry], str]:
        try:
            return await self._of_ollama(), ""
        except ProviderError as error:
            return [], str(error)

    async def _of_ollama(self) -> list[ModelEntry]:
        async with self._connected() as wire:
            models = await wire.models()
            licences = await asyncio.gather(*(wire.licence(model.name) for model in models))
        return [
            ModelEntry(model.name, "ollama", "installed", model.size, licence)
            for model, licence in zip(models, licences, strict=True)
        ]

    async def _pull_ollama(self, name: str, *, with_choices: bool) -> AsyncGenerator[PullProgress, None]:
        try:
            async with self._connected() as wire, aclosing(wire.pull(name)) as steps:
                async for status, done, total in steps:
                    yield PullProgress(name, done, total, status)
        except ProviderError as error:
            raise ModelError(f"{error}{self._choices() if with_choices else ''}") from error

    def _choices(self) -> str:
        return f" Models without Ollama: {', '.join(self._catalogue)}."

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


def _of_airllm(model: TrustedModel) -> ModelEntry:
    state: State = "unusable" if model.problem else "installed"
    return ModelEntry(
        model.name, "airllm", state, model.size, model.licence, can_go=False, problem=model.problem
    )
