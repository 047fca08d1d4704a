"""AirLLM's provider and worker, over a library of AirLLM's shape: order, cancellation, ends and refusals."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conditions import ROOT, eventually
from tests.contract.rigs import parts_for
from tests.contract.test_providers import ask
from timmy_desktop.routing import airllm_folder, errors
from timmy_desktop.routing.airllm_folder import FolderProblem, find_folder, read_folder
from timmy_desktop.routing.providers import airllm
from timmy_desktop.routing.providers.airllm import AirllmProvider
from timmy_desktop.routing.types import Finished, Message, TextDelta
from timmy_desktop.routing.workers import airllm_python
from timmy_desktop.routing.workers.process import AIRLLM_WORKER
from timmy_desktop.settings import ProviderSettings, Settings
from timmy_desktop.supervisor import TaskSupervisor

LIBRARY = ROOT / "tests/fakes/airllm_library"
AS_ON_A_MAC = (
    f"import runpy, sys; sys.path.insert(0, {str(LIBRARY)!r}); sys.dont_write_bytecode = True; "
    f"sys.platform = 'darwin'; runpy.run_path({str(AIRLLM_WORKER)!r}, run_name='__main__')"
)
Make = Callable[..., Any]


def command(python: Path) -> Sequence[str]:
    return (str(python), "-c", AS_ON_A_MAC)


def model_folder(folder: Path, name: str = "giant", **config: Any) -> Path:
    made = folder / name
    made.mkdir()
    fields = {"num_hidden_layers": 4, "max_position_embeddings": 64, "chat_template": "plain", **config}
    (made / "config.json").write_text(json.dumps(fields))
    (made / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}" + bytes(990))
    return made


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """`async with make(**config) as provider:` over one confirmed folder."""
    monkeypatch.setattr(airllm_python, "find_spec", lambda name: object())

    @asynccontextmanager
    async def made(idle: float = 60, entry: Any = None, **config: Any) -> AsyncIterator[AirllmProvider]:
        confirmed = (model_folder(tmp_path, **config), model_folder(tmp_path, "coder"))
        settings = Settings(airllm_models=confirmed, airllm_idle_seconds=idle)
        parts = replace(parts_for(tmp_path / "data", TaskSupervisor()), settings=settings)
        provider = AirllmProvider(entry or ProviderSettings(kind="airllm"), parts, command)
        try:
            yield provider
        finally:
            await provider.stop()
            await parts.supervisor.close()

    return made


async def said(provider: AirllmProvider, text: str, **fields: Any) -> tuple[str, Finished]:
    *pieces, last = [delta async for delta in provider.stream(ask(text, **fields))]
    assert isinstance(last, Finished)
    return "".join(piece.text for piece in pieces if isinstance(piece, TextDelta)), last


async def test_words_come_one_by_one_and_end_where_the_model_ends(make: Make) -> None:
    async with make() as provider:
        deltas = [delta async for delta in provider.stream(ask("one two three"))]
        assert deltas[:-1] == [TextDelta("one "), TextDelta("two "), TextDelta("three ")]
        assert deltas[-1] == Finished("stop", deltas[-1].usage, "giant")
        assert (deltas[-1].usage.tokens_in, deltas[-1].usage.tokens_out) == (3, 4)


async def test_a_library_that_gives_its_text_at_once_gives_one_piece(make: Make) -> None:
    async with make(whole=True) as provider:
        deltas = [delta async for delta in provider.stream(ask("one two three"))]
        assert deltas[:-1] == [TextDelta("one two three ")]
        assert deltas[-1].reason == "stop"


@pytest.mark.parametrize("whole", [True, False])
async def test_the_limit_and_the_stop_texts_hold(make: Make, whole: bool) -> None:
    async with make(whole=whole) as provider:
        text, last = await said(provider, "one two three four", max_tokens=2)
        assert (text.strip(), last.reason) == ("one two", "length")
        text, last = await said(provider, "one two three four", stop=("two th", "zzz"))
        assert (text, last.reason) == ("one ", "stop")


async def test_a_model_without_a_template_is_asked_in_plain_words(make: Make) -> None:
    async with make(chat_template=None) as provider:
        text, _ = await said(provider, "why", max_tokens=20)
        assert text == "Question: why Answer: "


async def test_a_template_without_a_system_role_gets_it_within_the_question(make: Make) -> None:
    async with make(chat_template="strict") as provider:
        history = (Message("system", "Be brief."), Message("user", "Hello"))
        assert (await said(provider, "", messages=history))[0] == "Be brief. Hello "


async def test_what_fills_the_context_is_refused_and_what_fits_is_cut_to_it(make: Make) -> None:
    async with make(max_position_embeddings=5) as provider:
        with pytest.raises(errors.ContextTooLong, match="6 tokens"):
            await said(provider, "a b c d e f")
        assert (await said(provider, "a b c", max_tokens=400))[1].usage.tokens_out == 2


async def test_layers_are_split_once_with_progress_and_again_for_other_weights(
    make: Make, tmp_path: Path
) -> None:
    async with make(waits=True) as provider:
        asking = asyncio.ensure_future(said(provider, "one"))
        await eventually(lambda: len(list((tmp_path / "data/airllm").rglob("*.done"))) == 3)
        health = await provider.health()
        assert (health.state, health.detail) == (
            "loading", "giant: splitting layers 3/7, once for this model."
        )  # fmt: skip
        (tmp_path / "giant/go").touch()
        assert (await asking)[0] == "one "
        await provider.stop()
        with (tmp_path / "giant/model.safetensors").open("ab") as weights:
            weights.write(b"newer")
        await said(provider, "one")
        (kept,) = (tmp_path / "data/airllm").iterdir()
        assert len(list(kept.iterdir())) == 1


async def test_without_room_nothing_is_split_and_it_says_how_much_is_needed(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with make() as provider:
        little = shutil.disk_usage(tmp_path)._replace(free=10)
        monkeypatch.setattr(airllm_folder.shutil, "disk_usage", lambda _: little)
        with pytest.raises(errors.Unreachable, match=r"takes 1 MB.*Free some space"):
            await said(provider, "one")
        assert provider.worker_pid is None
        assert (await provider.health()).state == "unavailable"


async def test_one_request_at_a_time_in_their_order(make: Make) -> None:
    async with make() as provider:
        answers = await asyncio.gather(*(said(provider, f"number {place}") for place in range(5)))
        assert [text for text, _ in answers] == [f"number {place} " for place in range(5)]


async def test_a_request_that_is_given_up_ends_and_the_worker_stays(make: Make) -> None:
    async with make() as provider:
        async with aclosing(provider.stream(ask("ON_AND_ON", max_tokens=100_000))) as deltas:
            await anext(deltas)
            pid = provider.worker_pid
        assert (await said(provider, "next"))[0] == "next "
        assert provider.worker_pid == pid


async def test_one_that_does_not_end_is_killed(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airllm, "GRACE_SECONDS", 0.1)
    async with make() as provider:
        await said(provider, "one")
        pid = provider.worker_pid
        asking = asyncio.ensure_future(said(provider, "HANG"))
        await asyncio.wait([asking], timeout=0.1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert (await said(provider, "next"))[0] == "next "
        assert provider.worker_pid not in (None, pid)


async def test_a_crash_is_told_and_the_next_request_has_a_new_worker(make: Make) -> None:
    async with make() as provider:
        with pytest.raises(errors.BrokenOff, match="SIGKILL"):
            await said(provider, "CRASH")
        assert (await said(provider, "next"))[0] == "next "


async def test_a_request_that_meets_a_worker_on_its_way_out_is_answered_by_a_new_one(make: Make) -> None:
    async with make(idle=0.05) as provider:
        await said(provider, "one")
        with suppress(ChildProcessError):  # the loop noticed it after all
            os.waitid(os.P_PID, provider.worker_pid, os.WEXITED | os.WNOWAIT)  # noqa: ASYNC222 - unnoticed by the loop
        assert (await said(provider, "next"))[0] == "next "


async def test_what_the_library_raises_is_told_and_the_worker_stays(make: Make) -> None:
    async with make() as provider:
        with pytest.raises(errors.ServerError, match="giant: out of memory"):
            await said(provider, "FAIL")
        pid = provider.worker_pid
        await said(provider, "next")
        assert provider.worker_pid == pid


async def test_its_memory_is_free_again_when_nobody_asks(make: Make) -> None:
    async with make(idle=0.05) as provider:
        await said(provider, "one")
        await eventually(lambda: provider.worker_pid is None)
        assert "at the first request" in (await provider.health()).detail
        assert (await said(provider, "next"))[0] == "next "


async def test_a_model_that_does_not_load_is_unavailable_for_a_while(make: Make) -> None:
    async with make(fault="no such architecture") as provider:
        with pytest.raises(errors.Unreachable, match="giant can't be loaded: no such architecture"):
            await said(provider, "one")
        assert (await provider.health()).state == "unavailable"


async def test_each_purpose_has_its_model(make: Make) -> None:
    entry = ProviderSettings(kind="airllm", model="giant", models={"code": "coder"})
    async with make(entry=entry) as provider:
        assert (await said(provider, "one"))[1].model == "giant"
        assert (await said(provider, "one", purpose="code"))[1].model == "coder"


async def test_absent_it_is_quiet_and_says_what_to_do(tmp_path: Path) -> None:
    parts = parts_for(tmp_path, TaskSupervisor())
    provider = AirllmProvider(ProviderSettings(kind="airllm"), parts)
    health = await provider.health()
    assert (health.state, health.detail) == (
        "not_configured",
        "AirLLM is not installed; it is optional. Install it into ~/airllm, or set airllm_python to the "
        "Python that has it.",
    )
    with pytest.raises(errors.NotConfigured):
        await anext(provider.stream(ask()))


@pytest.mark.parametrize(
    ("python", "words"), [("none", "which is not there"), (sys.executable, "does not have airllm")]
)
async def test_a_python_of_the_persons_own_is_looked_at(tmp_path: Path, python: str, words: str) -> None:
    settings = Settings(airllm_python=Path(python))
    parts = replace(parts_for(tmp_path, TaskSupervisor()), settings=settings)
    health = await AirllmProvider(ProviderSettings(kind="airllm"), parts).health()
    assert (health.state, words in health.detail) == ("not_configured", True)


def environment(folder: Path) -> Path:
    """Looks like an environment that has AirLLM: a Python with modules of these names."""
    (folder / "bin").mkdir(parents=True)
    (folder / "lib").mkdir()
    for name in ("airllm", "torch", "mlx"):
        (folder / f"lib/{name}.py").write_text("")
    python = folder / "bin/python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}/lib" exec "{sys.executable}" "$@"\n')
    python.chmod(0o700)
    return python


@pytest.mark.parametrize("place", ["home", "beside the program"])
async def test_a_packaged_application_finds_an_environment_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    program = tmp_path / "a program/timmy-desktop"
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(program))
    look = airllm_python.AirllmPython(None, parts_for(tmp_path, TaskSupervisor()).clock)
    with pytest.raises(errors.NotConfigured, match="Install it into ~/airllm"):
        await look.found()
    monkeypatch.undo()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    python = environment((tmp_path / "home" if place == "home" else program.parent) / "airllm")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(program))
    look = airllm_python.AirllmPython(None, parts_for(tmp_path, TaskSupervisor()).clock)
    assert await look.found() == python


def test_only_confirmed_folders_are_used(tmp_path: Path) -> None:
    ours, other = model_folder(tmp_path), model_folder(tmp_path, "other")
    (tmp_path / "link").symlink_to(other)
    assert (
        find_folder("", (ours,)) == find_folder("giant", (ours,)) == find_folder(str(ours), (ours,)) == ours
    )
    for wanted in (str(other), "other", str(tmp_path / "link"), f"{ours}/../other", "meta/llama-70b"):
        with pytest.raises(FolderProblem, match="not among the folders that you confirmed"):
            find_folder(wanted, (ours,))
    with pytest.raises(FolderProblem, match="no model folder is confirmed"):
        find_folder(str(ours), ())


def test_a_confirmed_id_is_what_the_hubs_client_has_fetched_of_it(tmp_path: Path) -> None:
    confirmed, environment = (Path("meta/giant"),), {"HF_HOME": str(tmp_path)}
    with pytest.raises(FolderProblem, match="hf download meta/giant"):
        find_folder("", confirmed, environment)
    repository = tmp_path / "hub/models--meta--giant"
    (repository / "snapshots").mkdir(parents=True)
    folder = model_folder(repository / "snapshots", "0123abc")
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text("0123abc\n")
    for wanted in ("", "giant", "meta/giant"):
        assert find_folder(wanted, confirmed, environment) == folder
    assert read_folder(folder).name == "giant"
    for elsewhere in ("../../../escape", "", "main"):
        (repository / "refs/main").write_text(elsewhere)
        with pytest.raises(FolderProblem, match="not on this machine"):
            find_folder("giant", confirmed, environment)
    with pytest.raises(FolderProblem, match="not among"):
        find_folder("other/giant", confirmed, environment)


def test_a_folder_says_how_many_layers_it_has(tmp_path: Path) -> None:
    folder = model_folder(tmp_path)
    assert read_folder(folder).layer_files == 7
    names = ["model.embed_tokens.weight", "model.norm.weight", *(f"model.layers.{n}.mlp.w" for n in range(9))]
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": dict.fromkeys(names, "m")})
    )
    assert read_folder(folder).layer_files == 11


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "config.json").unlink(), "no config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "can't be read"),
        (lambda folder: (folder / "model.safetensors").unlink(), "holds no weights"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"\xff" * 90), "no safetensors file"),
    ],
)
def test_a_folder_that_holds_no_model_is_refused_in_words(
    tmp_path: Path, spoil: Callable[[Path], Any], words: str
) -> None:
    folder = model_folder(tmp_path)
    spoil(folder)
    with pytest.raises(FolderProblem, match=words):
        read_folder(folder)
