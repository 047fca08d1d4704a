"""`timmy-desktop self-test`: every part tried for real, in a folder of its own that is removed again."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from timmy_desktop.bootstrap import build
from timmy_desktop.cli import self_test_parts as parts
from timmy_desktop.cli.session import load, print_json, run, running
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.paths import Paths
from timmy_desktop.settings import SettingsError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one try came to."""

    name: str
    passed: bool
    detail: str
    milliseconds: int


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
    trial = settings.model_copy(update={"feed_enabled": True, "feed_port": 0})
    services = build(trial, paths, windowed=False)
    async with running(services, "self-test"):
        await attempt("event log", lambda: parts.event_log(services))
        await attempt("model", lambda: parts.model(services))
        await attempt("task", lambda: parts.task(services))
        await attempt("ledger", lambda: parts.ledger(services))
        await attempt("memory", lambda: parts.memory(services))
        await attempt("documents", lambda: parts.documents(services, folder))
        await attempt("AirLLM", lambda: parts.airllm(services))
        await attempt("feed", lambda: parts.feed(services))
        await attempt("verifier", lambda: asyncio.to_thread(parts.verifier, services))
    await attempt("git", lambda: asyncio.to_thread(parts.repository, folder / "repository"))
    await attempt("sandbox", lambda: asyncio.to_thread(parts.sandbox))
    await attempt("colours", lambda: asyncio.to_thread(parts.colours))
    await attempt("window", lambda: asyncio.to_thread(parts.window, folder))
    return outcomes


def _print_outcome(outcome: Outcome) -> None:
    mark = "ok  " if outcome.passed else "FAIL"
    print(f"{mark}  {outcome.name:14} {outcome.milliseconds:>7,} ms  {inert(outcome.detail)}", flush=True)


def _link_models(source: Path, target: Path) -> None:
    if source.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source, target_is_directory=True)
