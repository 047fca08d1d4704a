"""Models are fetched whole or not at all: interruptions, wrong sums, full disks, and servers without ranges."""

from __future__ import annotations

import asyncio
import shutil
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conditions import eventually
from tests.fakes.hub_server import HubServer
from tests.fakes.ollama_server import OllamaServer, tag
from timmy_desktop.clock import SystemClock
from timmy_desktop.routing import downloads, models
from timmy_desktop.routing.model_catalogue import CATALOGUE, CatalogueModel
from timmy_desktop.routing.models import ModelError, ModelLibrary, PullProgress
from timmy_desktop.routing.partial_file import PartialFile
from timmy_desktop.routing.providers import bounded
from timmy_desktop.settings import ProviderSettings, Settings

SMALL = CatalogueModel("small", "someone/small-GGUF", "small.gguf", 1_000_000, "MIT", "tests")


@dataclass
class Bench:
    hub: HubServer
    ollama: OllamaServer
    library: ModelLibrary
    folder: Path

    @property
    def target(self) -> Path:
        return self.folder / "small.gguf"

    @property
    def partial(self) -> Path:
        return self.folder / ".small.gguf.partial"

    async def pull(self, name: str = "small") -> list[PullProgress]:
        return [step async for step in self.library.pull(name)]

    def leftovers(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(models, "PROGRESS_SECONDS", 0.0)
    async with HubServer() as hub, OllamaServer() as ollama:
        entry = ProviderSettings(kind="ollama", base_url=ollama.url)
        library = ModelLibrary(
            settings=Settings(cascade_providers=(entry,)),
            folder=tmp_path / "models",
            clock=SystemClock(),
            hub=hub.url,
            catalogue=(SMALL,),
        )
        yield Bench(hub, ollama, library, tmp_path / "models")


async def test_a_model_is_fetched_with_progress_and_checked(bench: Bench) -> None:
    steps = await bench.pull()
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[-1] == PullProgress("small", len(bench.hub.content), len(bench.hub.content), "done")
    assert len(steps) > 5
    assert bench.target.read_bytes() == bench.hub.content
    assert bench.leftovers() == ["small.gguf"]
    assert bench.hub.paths()[0] == "/someone/small-GGUF/resolve/main/small.gguf"
    assert bench.hub.requests[0].method == "HEAD"


async def test_what_is_there_is_not_fetched_again(bench: Bench) -> None:
    await bench.pull()
    asked = len(bench.hub.requests)
    await bench.pull()
    assert len(bench.hub.requests) == asked


async def test_a_broken_connection_goes_on_where_it_was(bench: Bench) -> None:
    bench.hub.cut_at = (300_000, 200_000)
    await bench.pull()
    assert bench.target.read_bytes() == bench.hub.content
    assert bench.hub.ranges() == ["", "bytes=300000-", "bytes=500000-"]


async def test_one_that_stays_broken_says_how_far_it_came_and_the_next_pull_goes_on(bench: Bench) -> None:
    bench.hub.cut_at = (512_000, 0)
    with pytest.raises(ModelError, match=r"broke off at \d+ %.*goes on from there"):
        await bench.pull()
    assert not bench.target.exists()
    (entry,) = [model for model in (await bench.library.listing()).models if model.name == "small"]
    assert (entry.state, entry.fetched) == ("partial", 512_000)
    bench.hub.requests.clear()
    await bench.pull()
    assert bench.hub.ranges() == ["bytes=512000-"]
    assert bench.target.read_bytes() == bench.hub.content


async def test_stopping_ends_the_request_and_keeps_what_came(bench: Bench) -> None:
    bench.hub.hangs_after = 200_000
    async with aclosing(bench.library.pull("small")) as steps:
        async for step in steps:
            if step.done >= 128_000:
                break
    assert bench.partial.stat().st_size >= 128_000
    bench.hub.hangs_after = None
    await bench.pull()
    assert bench.target.read_bytes() == bench.hub.content


async def test_a_pull_that_is_cancelled_while_it_waits_ends_at_once(bench: Bench) -> None:
    bench.hub.hangs_after = 100_000
    reached = asyncio.Event()

    async def listen() -> None:
        async for step in bench.library.pull("small"):
            if step.done >= 100_000:
                reached.set()

    pulling = asyncio.ensure_future(listen())
    await asyncio.wait([asyncio.ensure_future(reached.wait())], timeout=5)
    pulling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pulling
    assert bench.leftovers() == [".small.gguf.partial", ".small.gguf.partial.json"]


async def test_a_server_without_ranges_begins_anew(bench: Bench) -> None:
    bench.hub.cut_at = (512_000, 0)
    with pytest.raises(ModelError):
        await bench.pull()
    bench.hub.has_ranges = False
    await bench.pull()
    assert bench.target.read_bytes() == bench.hub.content


async def test_a_wrong_checksum_leaves_nothing_and_is_told(bench: Bench) -> None:
    bench.hub.is_corrupt = True
    with pytest.raises(ModelError, match="its checksum differs"):
        await bench.pull()
    assert bench.leftovers() == []


async def test_a_part_of_another_version_is_not_gone_on_with(bench: Bench) -> None:
    bench.hub.cut_at = (512_000, 0)
    with pytest.raises(ModelError):
        await bench.pull()
    bench.hub.content = b"GGUF" + b"newer" * 200_000
    bench.hub.requests.clear()
    await bench.pull()
    assert bench.hub.ranges() == [""]
    assert bench.target.read_bytes() == bench.hub.content


async def test_without_room_nothing_is_fetched(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    little = shutil.disk_usage(bench.folder.parent)._replace(free=1_000_000)
    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda _: little)
    with pytest.raises(ModelError, match=r"needs 0.2 GB more.*has 1 MB left. Free some space"):
        await bench.pull()
    assert bench.hub.ranges() == []


async def test_a_disk_that_fills_up_meanwhile_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: PartialFile, piece: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(PartialFile, "write", full)
        with pytest.raises(ModelError, match=r"No space left on device\. Free some space"):
            await bench.pull()
    await bench.pull()
    assert bench.target.read_bytes() == bench.hub.content


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda hub: setattr(hub, "states_checksum", False), "states no checksum"),
        (lambda hub: setattr(hub, "is_missing", True), r"does not give small.gguf \(404\)"),
        (lambda hub: setattr(hub, "leads_to", "ftp://127.0.0.1/x"), "not safe"),
        (lambda hub: setattr(hub, "leads_to", "/again"), "from address to address"),
    ],
)
async def test_a_hub_that_is_not_to_be_trusted_is_left(
    bench: Bench, spoil: Callable[[HubServer], Any], words: str
) -> None:
    spoil(bench.hub)
    with pytest.raises(ModelError, match=words):
        await bench.pull()
    assert not bench.target.exists()


async def test_a_hub_that_can_not_be_reached_is_no_traceback(bench: Bench) -> None:
    await bench.hub.die()
    with pytest.raises(ModelError, match=r"can't be reached\. Check the network"):
        await bench.pull()


async def test_one_process_at_a_time_fetches_a_file(bench: Bench) -> None:
    other = PartialFile(bench.target)
    assert other.open(bench.hub.sha256)
    with pytest.raises(ModelError, match="is being fetched already"):
        await bench.pull()
    other.close()
    await bench.pull()


async def test_a_list_has_what_is_there_and_what_there_could_be(bench: Bench) -> None:
    bench.folder.mkdir()
    (bench.folder / "mine.gguf").write_bytes(b"GGUF1234")
    found = (await bench.library.listing()).models
    assert [(model.name, model.provider, model.state, model.size) for model in found] == [
        ("llama3.2:latest", "ollama", "installed", 2_000_000_000),
        ("mine", "embedded", "installed", 8),
        ("small", "embedded", "available", 1_000_000),
    ]
    await bench.ollama.die()
    listing = await bench.library.listing()
    assert len(listing.models) == 2
    assert "Start Ollama" in listing.notes[0]


async def test_a_file_is_deleted_and_so_is_a_part_and_nothing_outside(bench: Bench) -> None:
    await bench.pull()
    await bench.library.delete("small")
    bench.partial.write_bytes(b"half")
    await bench.library.delete("small")
    assert bench.leftovers() == []
    (bench.folder.parent / "precious.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelError):
        await bench.library.delete("../precious")
    assert (bench.folder.parent / "precious.gguf").exists()


async def test_ollama_pulls_with_progress_and_deletes(bench: Bench) -> None:
    bench.ollama.pulls = {"qwen2.5:7b": 1000}
    steps = await bench.pull("qwen2.5:7b")
    assert [(step.done, step.words) for step in steps if step.total] == [
        (500, "pulling abc"), (1000, "pulling abc"), (1000, "success"), (1000, "done")
    ]  # fmt: skip
    assert "qwen2.5:7b" in [model.name for model in (await bench.library.listing()).models]
    await bench.library.delete("qwen2.5:7b")
    assert [model["name"] for model in bench.ollama.models] == [tag("llama3.2:latest")["name"]]
    with pytest.raises(ModelError, match=r"There is no model file qwen2\.5:7b"):
        await bench.library.delete("qwen2.5:7b")


async def test_what_ollama_does_not_know_is_told_with_what_there_is(bench: Bench) -> None:
    with pytest.raises(ModelError, match=r"Ollama knows no model no-such-model.*small"):
        await bench.pull("no-such-model")
    assert (await bench.library.listing()).models


async def test_a_long_pull_says_more_than_fits_in_one_piece(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "MOST_BYTES", 200)
    bench.ollama.pulls = {"big": 1000}
    assert (await bench.pull("big"))[-1].words == "done"


async def test_stopping_ollama_s_pull_hangs_up(bench: Bench) -> None:
    bench.ollama.pulls = {"big": 1000}
    bench.ollama.pull_hangs = True
    async with aclosing(bench.library.pull("big")) as steps:
        async for step in steps:
            if step.done:
                break
    await eventually(lambda: bench.ollama.hung_up)


def test_the_catalogue_is_free_to_use_and_small() -> None:
    assert {model.licence for model in CATALOGUE} <= {"Apache-2.0", "MIT"}
    assert all(model.about_bytes < 3_000_000_000 and model.file.endswith(".gguf") for model in CATALOGUE)
    assert len({model.name for model in CATALOGUE}) == len(CATALOGUE)
    assert all(model.url().startswith("https://huggingface.co/") for model in CATALOGUE)


async def test_what_came_with_the_application_is_listed_and_stays(bench: Bench, tmp_path: Path) -> None:
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    key = b"general.license"
    licence = struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, 5) + b"gemma"
    (shipped / "tiny.gguf").write_bytes(b"GGUF" + licence)
    library = ModelLibrary(
        settings=Settings(), folder=bench.folder, clock=SystemClock(), catalogue=(), shipped=shipped
    )
    (entry,) = [model for model in (await library.listing()).models if model.provider == "embedded"]
    assert (entry.name, entry.licence, entry.can_go) == ("tiny", "gemma", False)
    with pytest.raises(ModelError):
        await library.delete("tiny", "embedded")
    assert (shipped / "tiny.gguf").exists()


async def test_a_name_of_the_catalogue_can_be_ollama_s_too(bench: Bench) -> None:
    bench.ollama.pulls = {"small": 1000}
    assert [step.words async for step in bench.library.pull("small", "ollama")][-1] == "done"
    assert bench.hub.requests == []


async def test_what_airllm_is_trusted_with_is_listed_with_what_is_wrong(bench: Bench, tmp_path: Path) -> None:
    settings = Settings(cascade_providers=(), airllm_models=(tmp_path / "gone",))
    library = ModelLibrary(settings=settings, folder=bench.folder, clock=SystemClock(), catalogue=())
    listing = await library.listing()
    (entry,) = [model for model in listing.models if model.provider == "airllm"]
    assert (entry.name, entry.state) == ("gone", "unusable")
    assert "there is no config.json" in entry.problem
    assert "AirLLM is not installed" in listing.notes[-1]
