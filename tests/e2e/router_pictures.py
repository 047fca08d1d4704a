"""`python -m tests.e2e.router_pictures DIR`: the Router dock over real runs, pictured by the application itself.

Healthy, failing over and a circuit open are real models on real servers. Empty is a new folder. The month is sample
data, through the application's own roll-ups: nobody waits a month for a picture.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.e2e.command import NO_OLLAMA, timmy
from tests.e2e.parts import PROXY_MODEL, ModelServer, free_port, model_server, ollama_api
from timmy_desktop.bootstrap import build
from timmy_desktop.paths import Paths
from timmy_desktop.routing import rollups
from timmy_desktop.routing.types import CompletionRequest, Message
from timmy_desktop.services import Services
from timmy_desktop.settings import Settings, load_settings
from timmy_desktop.storage import tables
from timmy_desktop.storage.database import Session

SIZE, WIDE = "420x900", "1120x640"
MINUTES_5, MONTH_S = 300, 30 * 86_400
DAY_US, MINUTE_US = 86_400_000_000, 60_000_000
QUESTIONS = ("Name a colour.", "Say a word.", "Count to three.", "What is a lamp?", "Name a river.")


async def main(out: Path) -> None:
    """Takes all of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _empty(folder / "empty", out)
        await _month(folder / "month", out)
        await _real(folder, out)


def _empty(data: Path, out: Path) -> None:
    _pictures("empty", data, out, NO_OLLAMA)


async def _real(folder: Path, out: Path) -> None:
    data = folder / "real"
    async with model_server(folder) as server:
        port, secrets = free_port(), {"TIMMY_SECRET_API": server.key}
        os.environ.update(secrets)
        _configure(data, server, port)
        async with ollama_api(server, port) as ollama:
            async with _running(data) as services:
                for first in ("ollama", "api", "ollama"):
                    await services.router.reorder(sorted(("ollama", "api"), key=lambda name: name != first))
                    await _ask(services, 8)
            _pictures("healthy", data, out, secrets)
            async with _running(data) as services:
                await _ask(services, 3)
                ollama.process.send_signal(signal.SIGSTOP)  # it still accepts, and says nothing
                await _ask(services, 9)
            _pictures("circuit-open", data, out, secrets)
            ollama.process.send_signal(signal.SIGCONT)
            async with _running(data) as services:
                await services.router.try_now("ollama")
                await _ask(services, 8)
            _pictures("failing-over", data, out, secrets)


def _configure(data: Path, server: ModelServer, port: int) -> None:
    data.mkdir(parents=True)
    paths = Paths.default(data)
    paths.config_file.parent.mkdir(parents=True, exist_ok=True)
    paths.config_file.write_text(
        "circuit_recovery_seconds = 120.0\n"
        f'[[cascade_providers]]\nkind = "ollama"\nbase_url = "http://127.0.0.1:{port}"\n'
        f'model = "{PROXY_MODEL}"\nfirst_token_timeout = 6.0\n'
        f'[[cascade_providers]]\nkind = "api"\nbase_url = "{server.url}"\n'
    )
    _show(data, MINUTES_5)


def _show(data: Path, seconds: int) -> None:
    (data / "panel-router.json").write_text(json.dumps({"window": seconds, "scale": "log"}))


@asynccontextmanager
async def _running(data: Path) -> AsyncIterator[Services]:
    paths = Paths.default(data)
    services = build(load_settings(paths.config_file), paths)
    await services.start("pictures")
    try:
        await services.router.check_now()
        yield services
        await services.router.flush()
    finally:
        await services.stop()


async def _ask(services: Services, count: int) -> None:
    for number in range(count):
        words = QUESTIONS[number % len(QUESTIONS)]
        await services.router.complete(CompletionRequest((Message("user", words),), "chat", 4 + number % 9))


async def _month(data: Path, out: Path) -> None:
    services = build(Settings(), Paths.default(data))
    await services.start("pictures")
    try:
        await services.database.write(_fill)
    finally:
        await services.stop()
    _show(data, MONTH_S)
    _pictures("month-sample-data", data, out, NO_OLLAMA)


def _fill(session: Session) -> None:
    chance, now_us = random.Random(4), time.time_ns() // 1000
    began_us = now_us - 30 * DAY_US
    rows = [_attempt(chance, began_us + round(part * 30 * DAY_US)) for part in _moments(chance, 20_000)]
    rollups.fold(session, rows)
    for day, hours, reason in (
        (6, 5, "Nothing listens at 127.0.0.1:11434."),
        (17, 14, "ollama said nothing."),
    ):
        since_us = began_us + day * DAY_US
        until_us = since_us + hours * 60 * MINUTE_US
        for at_us, state in ((since_us, "OPEN"), (until_us, "HALF_OPEN"), (until_us + MINUTE_US, "CLOSED")):
            made = {"time_us": at_us, "provider": "ollama", "state": state, "reason": reason}
            session.execute(tables.CircuitRow.insert(made))
        moved = {"from_provider": "ollama", "to_provider": "embedded", "reason": reason}
        session.execute(tables.FailoverRow.insert(moved | {"time_us": since_us, "request_id": f"day-{day}"}))


def _moments(chance: random.Random, count: int) -> list[float]:
    """Parts of the month, by day more than by night."""
    moments: list[float] = []
    while len(moments) < count:
        at = chance.random()
        if chance.random() < (0.15 if (at * 30) % 1 < 0.3 else 1.0):
            moments.append(at)
    return sorted(moments)


def _attempt(chance: random.Random, time_us: int) -> dict[str, Any]:
    provider = chance.choices(("ollama", "embedded", "api"), (6, 3, 1))[0]
    first = {"ollama": 5.6, "embedded": 6.4, "api": 5.9}[provider]
    ttft = int(chance.lognormvariate(first, 0.5))
    tokens = int(chance.lognormvariate(4.5, 0.6))
    speed = {"ollama": 32, "embedded": 18, "api": 60}[provider]
    return {
        "time_us": time_us,
        "provider": provider,
        "purpose": "chat",
        "outcome": "ok" if chance.random() < 0.97 else "server_error",
        "ttft_ms": ttft,
        "total_ms": ttft + tokens * 1000 // speed,
        "tokens_in": 300,
        "tokens_out": tokens,
        "cost_microcents": 0,
    }


def _pictures(name: str, data: Path, out: Path, env: dict[str, str]) -> None:
    for theme in ("dark", "light"):
        for shape, size in (("", SIZE), ("-wide", WIDE)):
            options = ("--out", str(data / "taken"), "--panel", "router", "--theme", theme, "--size", size)
            done = timmy("screenshot", *options, data_dir=data, env=env)
            assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
            out.mkdir(parents=True, exist_ok=True)
            Path(done.stdout.strip().splitlines()[-1]).rename(out / f"router-{name}{shape}-{theme}.png")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
