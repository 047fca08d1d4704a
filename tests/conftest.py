"""What every test is held to: alone on the machine, silent, and leaving nothing behind."""

from __future__ import annotations

import asyncio.runners
import gc
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

WATCHED_LOGGERS = ("timmy_desktop", "asyncio", "qasync", "concurrent.futures")
THREAD_GRACE_S = 3.0
_FOLDERS = {
    "HOME": "",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_CACHE_HOME": ".cache",
    "XDG_STATE_HOME": ".local/state",
    "XDG_RUNTIME_DIR": ".runtime",
}


def _isolate(home: Path, put: Callable[[str, str], object]) -> None:
    for name, below in _FOLDERS.items():
        folder = home / below
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        put(name, str(folder))


# Before anything imports Qt or keyring, and for fixtures of wider scope than a test.
_session_home = tempfile.TemporaryDirectory(prefix="timmy-tests-")
_isolate(Path(_session_home.name), os.environ.__setitem__)
for _name in [name for name in os.environ if name.startswith("TIMMY_")]:
    del os.environ[_name]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"

# Slowness is no failure, and the fixtures below hold no state that one example could leave to the next.
_RELAXED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("default", deadline=None, suppress_health_check=_RELAXED)
settings.register_profile("ci", parent=settings.get_profile("default"), max_examples=200, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


_TESTS_A_COLLECTION = 20
_tests_since = 0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Garbage is collected here alone, on the main thread, once nothing of the test is left.

    Python would collect it on whatever thread makes some, and a widget freed off Qt's thread ends the
    process, now or some tests later.
    """
    global _tests_since
    gc.disable()
    result = yield
    _tests_since += 1
    if "qapp" in getattr(item, "fixturenames", ()) or _tests_since >= _TESTS_A_COLLECTION:
        gc.collect()
        _tests_since = 0
    return result


class LogWatch(logging.Handler):
    """Collects what is logged at WARNING and above, and what a test has announced."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self.expected: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")

    def complaints(self) -> list[str]:
        unexpected = [line for line in self.lines if not any(text in line for text in self.expected)]
        missing = [text for text in self.expected if not any(text in line for line in self.lines)]
        return [f"unexpected log line: {line}" for line in unexpected] + [
            f"expected log line did not come: {text}" for text in missing
        ]


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    _isolate(tmp_path_factory.mktemp("home"), monkeypatch.setenv)


@pytest.fixture(autouse=True)
def _log_watch() -> Iterator[LogWatch]:
    watch = LogWatch()
    for name in WATCHED_LOGGERS:
        logging.getLogger(name).addHandler(watch)
    yield watch
    for name in WATCHED_LOGGERS:
        logging.getLogger(name).removeHandler(watch)
    if complaints := watch.complaints():
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.fixture
def expected_log(_log_watch: LogWatch) -> Callable[[str], None]:
    """`expected_log("text")`: a line with this text at WARNING or above is allowed, and must come."""
    return _log_watch.expected.append


@pytest.fixture(autouse=True)
def _nothing_left_running(_log_watch: LogWatch, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No thread of this test lives on, and no task was still running when its loop closed."""
    before = _threads()
    tasks: list[str] = []
    cancel_all = asyncio.runners._cancel_all_tasks

    def note_and_cancel(loop: asyncio.AbstractEventLoop) -> Any:
        tasks.extend(task.get_name() for task in asyncio.all_tasks(loop))
        return cancel_all(loop)

    monkeypatch.setattr(asyncio.runners, "_cancel_all_tasks", note_and_cancel)
    yield
    threads = _still_alive(before)
    if tasks or threads:
        pytest.fail(f"left running: tasks {tasks}, threads {threads}", pytrace=False)


def _still_alive(before: set[threading.Thread]) -> list[str]:
    deadline = time.monotonic() + THREAD_GRACE_S
    for thread in _threads() - before:
        thread.join(max(0.0, deadline - time.monotonic()))
    return sorted(thread.name for thread in _threads() - before)


def _threads() -> set[threading.Thread]:
    """Python's own. One that Qt started stays listed as a dummy after it has ended."""
    return {thread for thread in threading.enumerate() if not isinstance(thread, threading._DummyThread)}
