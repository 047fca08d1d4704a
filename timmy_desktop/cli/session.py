"""What every command does around its own work: settings, logging, services, and words for what failed."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from errno import ENOSPC
from typing import Any

from timmy_desktop.bootstrap import build
from timmy_desktop.inert import inert
from timmy_desktop.log_file import log_to_file
from timmy_desktop.paths import Paths
from timmy_desktop.services import Services
from timmy_desktop.settings import Settings, SettingsError, load_settings
from timmy_desktop.storage.errors import StorageError, translated

# What a person can mend, told in its own words; anything else is a fault of the application.
EXPECTED_ERRORS = (SettingsError, StorageError, OSError)


def load(options: argparse.Namespace) -> tuple[Settings, Paths]:
    """The settings and folders that the options name; SettingsError says what is wrong with them."""
    paths = Paths.default(options.data_dir)
    return load_settings(paths.config_file), paths


@asynccontextmanager
async def running(services: Services, purpose: str) -> AsyncIterator[Services]:
    """The services between their start and their stop, with the log going to its file."""
    with log_to_file(services.paths):
        await services.start(purpose)
        try:
            yield services
        finally:
            await services.stop()


def run(work: Coroutine[Any, Any, int]) -> int:
    """Runs a command's coroutine; SIGTERM ends it as Ctrl+C does, in good order."""

    async def cancellable() -> int:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(cancellable())
    except asyncio.CancelledError:
        return 143


def complain(error: BaseException, as_json: bool = False) -> None:
    """Says what failed: as a JSON object on standard output, or in words on standard error."""
    if isinstance(error, OSError) and error.errno == ENOSPC:
        error = translated(error)
    text = _in_words(error)
    if as_json:
        print_json({"error": text})
    else:
        print(inert(text), file=sys.stderr)


def _in_words(error: BaseException) -> str:
    """What the error says; of a file that could not be had its name and why, without a number."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    return str(error)


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on one line, safe on any terminal."""
    print(json.dumps(value, ensure_ascii=True))


def built(options: argparse.Namespace, **changes: Any) -> Services:
    """The services for the options, not started; `changes` are settings that the command itself sets."""
    settings, paths = load(options)
    return build(settings.model_copy(update=changes), paths, windowed=False)
