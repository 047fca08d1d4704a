"""Real parts for tests: the small model behind llama.cpp's server, and an Ollama API in front of that."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.conditions import ROOT, require_airllm, require_ollama_proxy, require_small_model
from timmy_desktop.routing.providers.embedded import PLAIN_TEMPLATE
from timmy_desktop.routing.workers.process import WorkerProcess, llama_server_command

STARTED_WITHIN_S = 60.0
# Under this name: the proxy also lists models of clouds that it has no key for.
PROXY_MODEL = "local/gemma3:270m"


@dataclass
class ModelServer:
    """A real model behind an API of OpenAI's kind."""

    url: str
    key: str
    worker: WorkerProcess


@dataclass
class OllamaApi:
    """An Ollama API with the real model behind it; `kill` is as sudden as a power cut."""

    url: str
    process: asyncio.subprocess.Process

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def model_server(folder: Path, context_tokens: int = 1024) -> AsyncIterator[ModelServer]:
    """llama.cpp's server with the small model, in a worker of its own."""
    worker = WorkerProcess(llama_server_command(), folder / "llama-server.log")
    orders = {
        "model": str(require_small_model()),
        "alias": "gemma3-270m",
        "key": "a-key-for-tests",
        "context_tokens": context_tokens,
        "chat_template": PLAIN_TEMPLATE,
    }
    answer = await worker.start(orders)
    try:
        yield ModelServer(f"{answer['address']}/v1", orders["key"], worker)
    finally:
        await worker.kill()


@asynccontextmanager
async def ollama_api(server: ModelServer, port: int | None = None) -> AsyncIterator[OllamaApi]:
    """An Ollama API in front of `server`, by a proxy in an environment of its own; `port`, else a free one."""
    program, port = require_ollama_proxy(), port or free_port()
    settings = {
        "PROVIDERS_LOCAL_API_KEY": server.key,
        "PROVIDERS_LOCAL_BASE_URL": server.url,
        "EXTRA_MODELS": PROXY_MODEL,
    }
    process = await asyncio.create_subprocess_exec(
        str(program), "serve", "--host", "127.0.0.1", "--port", str(port),
        env={**os.environ, **settings},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    api = OllamaApi(f"http://127.0.0.1:{port}", process)
    try:
        await _answers(f"{api.url}/api/tags", process)
        yield api
    finally:
        await api.kill()


async def tiny_llama() -> Path:
    """A folder with a tiny random Llama, made by AirLLM's Python once for each version of its recipe."""
    python, recipe = require_airllm(), ROOT / "tests/fakes/tiny_llama.py"
    digest = hashlib.sha256(recipe.read_bytes()).hexdigest()[:12]
    folder = python.parent.parent / "share" / f"tiny-llama-{digest}"
    if not folder.exists():
        partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
        process = await asyncio.create_subprocess_exec(
            str(python), str(recipe), str(partial), stderr=asyncio.subprocess.PIPE
        )
        _, said = await process.communicate()
        assert process.returncode == 0, said.decode(errors="replace")
        partial.rename(folder)
    return folder


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _answers(url: str, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(STARTED_WITHIN_S), httpx.AsyncClient(trust_env=False) as client:
        while True:
            assert process.returncode is None, "the proxy ended"
            try:
                if (await client.get(url)).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.05)
