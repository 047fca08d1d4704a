"""`timmy-desktop self-test`: every part tried for real, in a folder of its own that is removed again."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from timmy_desktop.bootstrap import build
from timmy_desktop.cli import self_test_parts as parts
from timmy_desktop.cli.self_test_bench import Bench
from timmy_desktop.cli.self_test_commands import trials
from timmy_desktop.cli.session import load, print_json, run, running
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.paths import Paths
from timmy_desktop.services import Services
from timmy_desktop.settings import SettingsError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one try came to."""

    name: str
    passed: bool
    detail: str
    milliseconds: int


# For the time of the test, over the person's own settings: no sats of theirs move, and answers are short.
TRIAL = {
    "TIMMY_FEED_ENABLED": "true",
    "TIMMY_FEED_PORT": "0",
    "TIMMY_LIGHTNING_BACKEND": "embedded",
    "TIMMY_LIGHTNING_NETWORK": "regtest",
    "TIMMY_REPLY_MAX_TOKENS": "24",
    "TIMMY_MEMORY_FACTS_BY_MODEL": "false",
}


class Outcomes(list[Outcome]):
    """What the tries came to; each is printed as it comes, unless a script reads the whole."""

    def __init__(self, *, quiet: bool) -> None:
        super().__init__()
        self._quiet = quiet

    def add(self, name: str, start: float, error: Exception | None, detail: str) -> None:
        """Keeps what a try that began at `start` came to."""
        if error is not None:
            detail = f"{type(error).__name__}: {error}"
        milliseconds = round((time.monotonic() - start) * 1000)
        self.append(Outcome(name, error is None, inert_line(detail, 200), milliseconds))
        if not self._quiet:
            _print_outcome(self[-1])

    async def attempt(self, name: str, part: Callable[[], Awaitable[str]]) -> None:
        """Tries a part that works on the loop."""
        start, error, detail = time.monotonic(), None, ""
        try:
            detail = await part()
        except Exception as caught:  # noqa: BLE001 - whatever it is, it is this part's result
            error = caught
        self.add(name, start, error, detail)

    def attempt_now(self, name: str, part: Callable[[], str]) -> None:
        """Tries what has a loop of its own."""
        start, error, detail = time.monotonic(), None, ""
        try:
            detail = part()
        except (Exception, SystemExit) as caught:  # noqa: BLE001 - argparse exits for what it can't read
            error = caught if isinstance(caught, Exception) else RuntimeError(f"exit {caught.code}")
        self.add(name, start, error, detail)


def self_test(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """0 when everything passed, 1 when something did not. `parser` knows every command."""
    outcomes = Outcomes(quiet=options.json)
    with tempfile.TemporaryDirectory(prefix="timmy-self-test-") as name, _environment(TRIAL):
        _try_all(options, parser, Path(name), outcomes)
    passed = all(outcome.passed for outcome in outcomes)
    if options.json:
        print_json({"passed": passed, "parts": [asdict(outcome) for outcome in outcomes]})
    else:
        print("\nEverything works." if passed else "\nSomething does not work; see above.")
    return 0 if passed else 1


def _try_all(
    options: argparse.Namespace, parser: argparse.ArgumentParser, folder: Path, outcomes: Outcomes
) -> None:
    try:
        settings, own = load(options)
    except (SettingsError, OSError) as error:
        outcomes.add("settings", time.monotonic(), error, "")
        return
    paths = Paths.default(folder / "data")
    _take_along(own, paths)

    async def parts_of_the_application() -> int:
        await _try_parts(build(settings, paths, windowed=False), folder, outcomes)
        return 0

    run(parts_of_the_application())
    for name, trial in trials(Bench(parser, folder, paths.data_dir)):
        outcomes.attempt_now(name, trial)


async def _try_parts(services: Services, folder: Path, outcomes: Outcomes) -> None:
    attempt = outcomes.attempt
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


def _print_outcome(outcome: Outcome) -> None:
    mark = "ok  " if outcome.passed else "FAIL"
    print(f"{mark}  {outcome.name:30} {outcome.milliseconds:>7,} ms  {inert(outcome.detail)}", flush=True)


def _take_along(own: Paths, trial: Paths) -> None:
    """The settings and the models that this installation has; nothing else of its data folder is touched."""
    trial.data_dir.mkdir(mode=0o700, parents=True)
    if own.config_file.is_file():
        shutil.copyfile(own.config_file, trial.config_file)
    if own.models.is_dir():
        trial.models.symlink_to(own.models, target_is_directory=True)


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    """The variables for this process and for those that it starts, and afterwards as before."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
