"""The strictness itself: each rule of tests/conftest.py is broken once and must be noticed."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

RULES = (Path(__file__).parents[1] / "conftest.py").read_text(encoding="utf-8")

# The test that breaks a rule → what must be said about it.
BROKEN = {
    "log": "unexpected log line: WARNING timmy_desktop.x: the disk is warm",
    "silence": "expected log line did not come: never said",
    "task": "left running: tasks ['forgotten']",
    "thread": "threads ['timmy-left']",
    "network": "SocketConnectBlockedError",
    "coroutine": "coroutine 'sleep' was never awaited",
    "warning": "DeprecationWarning: old",
    "qt": "a Qt message",
}
BREAKING = """
    def test_log():
        logging.getLogger("timmy_desktop.x").warning("the disk is warm")

    def test_silence(expected_log):
        expected_log("never said")

    async def test_task():
        asyncio.get_running_loop().create_task(asyncio.sleep(60), name="forgotten")

    def test_thread():
        threading.Thread(target=time.sleep, args=(0.5,), name="timmy-left", daemon=True).start()

    def test_network():
        socket.socket().connect(("192.0.2.1", 80))

    def test_coroutine():
        asyncio.sleep(1)

    def test_warning():
        warnings.warn("old", DeprecationWarning)

    def test_qt():
        from PySide6.QtCore import qWarning
        qWarning("a Qt message")
    """
OPTIONS = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
qt_log_level_fail = WARNING
addopts = -p no:randomly --allow-hosts=127.0.0.1 --allow-unix-socket
"""
IMPORTS = "import asyncio, logging, os, pathlib, socket, tempfile, threading, time, warnings\n"
KEPT = """
    def test_surroundings():
        assert not [name for name in os.environ if name.startswith("TIMMY_")]
        assert os.environ["QT_QPA_PLATFORM"] == "offscreen"
        assert os.path.expanduser("~") == os.environ["HOME"]
        assert pathlib.Path(os.environ["HOME"]).is_relative_to(tempfile.gettempdir())

    def test_log(expected_log):
        expected_log("warm")
        logging.getLogger("timmy_desktop.x").warning("the disk is warm")

    async def test_loopback():
        server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
        async with server:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.close()
            await writer.wait_closed()
    """


def _run(pytester: pytest.Pytester, test: str) -> pytest.RunResult:
    pytester.makeini(OPTIONS)
    pytester.makeconftest(RULES.replace("THREAD_GRACE_S = 3.0", "THREAD_GRACE_S = 0.1"))
    pytester.makepyfile(IMPORTS + textwrap.dedent(test))
    return pytester.runpytest_subprocess()


def test_each_broken_rule_is_noticed(pytester: pytest.Pytester) -> None:
    result = _run(pytester, BREAKING)

    summary = [line for line in result.stdout.lines if line.startswith(("FAILED", "ERROR"))]
    for name, complaint in BROKEN.items():
        assert any(f"::test_{name}" in line for line in summary), name
        assert complaint in result.stdout.str()


def test_what_keeps_the_rules_passes(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMMY_DATA_DIR", "/nowhere")

    _run(pytester, KEPT).assert_outcomes(passed=3)
