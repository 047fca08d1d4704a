"""What every command does around its own work: settings, logging, services, and words for what failed."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from logging.handlers import RotatingFileHandler
from typing import Any

from timmy_desktop.bootstrap import build
from timmy_desktop.inert import inert
from timmy_desktop.services import Services
from timmy_desktop.settings import Paths, Settings, SettingsError, load_settings
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.storage.folder import make_private_folder

LOG_BYTES = 2_000_000
LOG_FILES = 3

# What a person can mend, told in its own words; anything else is a fault of the application.
EXPECTED_ERRORS = (SettingsError, StorageError, OSError)


def load(options: argparse.Namespace) -> tuple[Settings, Paths]:
    """The settings and folders that the options name; SettingsError says what is wrong with them."""
    paths = Paths.default(options.data_dir)
    return load_settings(paths.config_file), paths


@asynccontextmanager
async def running(services: Services, purpose: str) -> AsyncIterator[Services]:
    """The services between their start and their stop, with the log going to its file."""
    log = log_to_file(services.paths)
    try:
        await services.start(purpose)
        try:
            yield services
        finally:
            await services.stop()
    finally:
        logging.getLogger().removeHandler(log)
        log.close()


def log_to_file(paths: Paths) -> logging.Handler:
    """Starts the application's log in the data folder, readable by its owner alone."""
    make_private_folder(paths.data_dir)
    make_private_folder(paths.logs)
    handler = RotatingFileHandler(
        paths.logs / "timmy.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", delay=True
    )
    handler.setFormatter(_InertFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger("timmy_desktop").setLevel(logging.INFO)
    return handler


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
    if as_json:
        print_json({"error": str(error)})
    else:
        print(inert(str(error)), file=sys.stderr)


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on one line, safe on any terminal."""
    print(json.dumps(value, ensure_ascii=True))


def built(options: argparse.Namespace, **changes: Any) -> Services:
    """The services for the options, not started; `changes` are settings that the command itself sets."""
    settings, paths = load(options)
    return build(settings.model_copy(update=changes), paths)


class _InertFormatter(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return inert(super().formatMessage(record))
