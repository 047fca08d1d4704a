"""`timmy-desktop models` as a person uses it, with an Ollama that is there and with one that is not."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests.e2e.command import NO_OLLAMA, timmy
from tests.fakes.ollama_server import OllamaServer


def test_a_list_needs_no_ollama(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models/mine.gguf").write_bytes(b"GGUF")
    done = timmy("models", "--json", data_dir=tmp_path, env=NO_OLLAMA)
    listed = json.loads(done.stdout)
    assert done.returncode == 0
    assert ("mine", "installed") in [(model["name"], model["state"]) for model in listed["models"]]
    assert "Start Ollama" in listed["notes"][0]
    words = timmy("models", "list", data_dir=tmp_path, env=NO_OLLAMA)
    assert "qwen3-4b" in words.stdout
    assert timmy("models", "delete", "mine", data_dir=tmp_path, env=NO_OLLAMA).returncode == 0
    assert not (tmp_path / "models/mine.gguf").exists()


async def test_models_come_and_go_through_ollama(tmp_path: Path) -> None:
    async with OllamaServer(pulls={"qwen2.5:7b": 4_000_000}) as ollama:

        async def run(*arguments: str) -> dict[str, object]:
            env = {"OLLAMA_HOST": ollama.url}
            done = await asyncio.to_thread(timmy, "models", *arguments, "--json", data_dir=tmp_path, env=env)
            assert done.returncode == 0, done.stderr
            return dict(json.loads(done.stdout))

        assert await run("pull", "qwen2.5:7b") == {"pulled": "qwen2.5:7b", "bytes": 4_000_000}
        assert await run("delete", "qwen2.5:7b") == {"deleted": "qwen2.5:7b"}
        assert len(ollama.models) == 1


def test_what_does_not_work_is_said(tmp_path: Path) -> None:
    done = timmy("models", "pull", data_dir=tmp_path)
    assert (done.returncode, "Name the model" in done.stderr) == (2, True)
    done = timmy("models", "pull", "llama3.2", data_dir=tmp_path, env=NO_OLLAMA)
    assert (done.returncode, "Start Ollama" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr
