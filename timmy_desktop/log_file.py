"""The application's log: a file of the data folder, for its owner alone, safe to show on a terminal."""

from __future__ import annotations

import faulthandler
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler

from timmy_desktop.inert import inert
from timmy_desktop.paths import Paths

LOG_BYTES = 2_000_000
LOG_FILES = 3

logger = logging.getLogger("timmy_desktop.log_file")


@contextmanager
def log_to_file(paths: Paths) -> Iterator[None]:
    """Sends what is logged to `logs/timmy.log`; nowhere where that can't be written."""
    handler = _handler(paths)
    if handler is None:
        yield
        return
    root, own = logging.getLogger(), logging.getLogger("timmy_desktop")
    level = own.level
    own.setLevel(logging.INFO)
    root.addHandler(handler)
    try:
        with _crashes_to_file(paths):
            yield
    finally:
        root.removeHandler(handler)
        own.setLevel(level)
        handler.close()


@contextmanager
def _crashes_to_file(paths: Paths) -> Iterator[None]:
    """A fault in a library ends the process without a word of ours: where each thread was is written down."""
    file = paths.logs / "crash.txt"
    if faulthandler.is_enabled():  # by whoever started this, who wants to see it elsewhere
        yield
        return
    try:
        if file.exists() and file.stat().st_size:
            file.replace(paths.logs / "crash.1.txt")
            logger.warning("An earlier run crashed; logs/crash.1.txt says where each thread was then.")
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        yield
        return
    faulthandler.enable(handle)
    try:
        yield
    finally:
        faulthandler.disable()
        os.close(handle)


def _handler(paths: Paths) -> logging.Handler | None:
    file = paths.logs / "timmy.log"
    try:
        paths.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))
        handler = _PrivateFile(file, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", delay=True)
    except OSError:
        return None  # whoever starts next says what is wrong with the folder
    handler.setLevel(logging.INFO)
    handler.setFormatter(_InertFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler


class _PrivateFile(RotatingFileHandler):
    """Opens each new file for its owner alone; a full disk loses a line, never the application."""

    def _open(self):  # type: ignore[no-untyped-def]
        return open(
            self.baseFilename,
            self.mode,
            encoding=self.encoding,
            opener=lambda path, flags: os.open(path, flags, 0o600),
        )

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's name
        return


class _InertFormatter(logging.Formatter):
    """A record begins at the left margin and nothing else does, so that no text can pass for a record."""

    def format(self, record: logging.LogRecord) -> str:
        return inert(super().format(record)).replace("\n", "\n    ")
