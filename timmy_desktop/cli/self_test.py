"""`timmy-desktop self-test`: every part tried for real, in a folder of its own that is removed again."""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from timmy_desktop import own_process
from timmy_desktop.bootstrap import build
from timmy_desktop.cli.session import load, print_json, run, running
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.paths import Paths
from timmy_desktop.routing.types import CompletionRequest, Message
from timmy_desktop.services import Services
from timmy_desktop.settings import SettingsError
from timmy_desktop.storage.verification import ANCHOR_FILE, verify_log

TASK = "List three uses of a hash chain"
TASK_SECONDS = 300.0
WINDOW_SECONDS = 60.0
MODEL_TOKENS = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one try came to."""

    name: str
    passed: bool
    detail: str
    milliseconds: int


class SelfTestFailure(Exception):  # noqa: N818 - a verdict, not a fault of the program
    """A part did something else than it should."""


def self_test(options: argparse.Namespace) -> int:
    """0 when everything passed, 1 when something did not."""
    outcomes: list[Outcome] = []

    async def work() -> int:
        with tempfile.TemporaryDirectory(prefix="timmy-self-test-") as name:
            outcomes.extend(await _try_all(options, Path(name), quiet=options.json))
        return 0

    run(work())
    passed = all(outcome.passed for outcome in outcomes)
    if options.json:
        print_json({"passed": passed, "parts": [asdict(outcome) for outcome in outcomes]})
    else:
        print("\nEverything works." if passed else "\nSomething does not work; see above.")
    return 0 if passed else 1


async def _try_all(options: argparse.Namespace, folder: Path, *, quiet: bool) -> list[Outcome]:
    outcomes: list[Outcome] = []

    async def attempt(name: str, part: Callable[[], Awaitable[str]]) -> None:
        start = time.monotonic()
        try:
            passed, detail = True, await part()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this part's result
            passed, detail = False, f"{type(error).__name__}: {error}"
        outcome = Outcome(name, passed, inert_line(detail, 200), round((time.monotonic() - start) * 1000))
        outcomes.append(outcome)
        if not quiet:
            _print_outcome(outcome)

    try:
        settings, own = load(options)
    except (SettingsError, OSError) as error:
        outcome = Outcome("settings", False, str(error), 0)
        if not quiet:
            _print_outcome(outcome)
        return [outcome]
    # The models that this installation has are used; nothing else of its data folder is touched.
    paths = Paths(folder / "data", own.config_file)
    _link_models(own.models, paths.models)
    services = build(settings, paths, windowed=False)
    async with running(services, "self-test"):
        await attempt("event log", lambda: _event_log(services))
        await attempt("model", lambda: _model(services))
        await attempt("task", lambda: _task(services))
        await attempt("ledger", lambda: _ledger(services))
    await attempt("window", lambda: asyncio.to_thread(_window, folder))
    return outcomes


def _print_outcome(outcome: Outcome) -> None:
    mark = "ok  " if outcome.passed else "FAIL"
    print(f"{mark}  {outcome.name:14} {outcome.milliseconds:>7,} ms  {inert(outcome.detail)}", flush=True)


async def _event_log(services: Services) -> str:
    log = services.event_log
    report = await services.database.read(
        lambda session: verify_log(
            session, services.paths.database, log.key, services.paths.data_dir / ANCHOR_FILE
        )
    )
    _expect(report.intact, report.problem)
    return f"{report.rows} events, chain intact"


async def _model(services: Services) -> str:
    request = CompletionRequest(
        messages=(Message("user", "Say hello."),), purpose="chat", max_tokens=MODEL_TOKENS
    )
    reply = await asyncio.wait_for(services.router.complete(request), TASK_SECONDS)
    return f"{reply.provider}, {reply.model}: first word after {reply.ttft_ms:,} ms"


async def _task(services: Services) -> str:
    task_id = await services.coordinator.post(TASK)
    task = await asyncio.wait_for(services.coordinator.wait(task_id), TASK_SECONDS)
    _expect(task.status == "completed", task.reason)
    _expect(bool(task.result.strip()), "the result is empty")
    return f"completed by {task.provider}, paid {task.paid_msat:,} msat (simulated)"


async def _ledger(services: Services) -> str:
    balances = await services.ledger.balances()
    _expect(balances.pending_msat == 0, f"{balances.pending_msat} msat are still reserved")
    _expect(balances.outgoing_msat > 0, "nothing was paid")
    audit = await services.ledger.check()
    _expect(audit.adds_up, "; ".join(audit.problems))
    return f"every entry adds up; {balances.outgoing_msat:,} msat paid (simulated)"


def _window(folder: Path) -> str:
    """The real window in a process of its own, painted without a display."""
    command = [
        *own_process.application(),
        *("screenshot", "--out", str(folder / "pictures"), "--data-dir", str(folder / "window")),
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=WINDOW_SECONDS,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        check=False,
    )
    pictures = sorted((folder / "pictures").glob("*.png"))
    _expect(done.returncode == 0 and bool(pictures), done.stderr.strip() or "no picture was taken")
    return f"painted, {pictures[0].stat().st_size:,} bytes"


def _link_models(source: Path, target: Path) -> None:
    if source.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source, target_is_directory=True)


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SelfTestFailure(otherwise)
