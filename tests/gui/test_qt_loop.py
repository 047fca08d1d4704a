"""The loop that GUI tests, like the application, run their coroutines on."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable

import qasync
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from timmy_desktop.supervisor import TaskSupervisor


async def test_coroutines_run_on_the_qt_loop() -> None:
    assert isinstance(asyncio.get_running_loop(), qasync.QEventLoop)


async def test_qt_works_while_a_condition_is_awaited(qtbot: QtBot) -> None:
    label = QLabel()
    qtbot.addWidget(label)

    QTimer.singleShot(1, lambda: label.setText("said"))

    await eventually(lambda: label.text() == "said")


async def test_tasks_threads_and_processes_work_on_it() -> None:
    supervisor = TaskSupervisor()

    thread = await supervisor.start("thread", asyncio.to_thread(threading.current_thread))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print(7)", stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    await supervisor.close()

    assert thread is not threading.main_thread()
    assert said.strip() == b"7"


async def test_a_failing_task_is_reported(expected_log: Callable[[str], None]) -> None:
    expected_log("The background task 'broken' failed")
    supervisor = TaskSupervisor()

    async def fail() -> None:
        raise ValueError

    supervisor.start("broken", fail())

    await eventually(lambda: not supervisor.names)


async def test_loopback_connections_work_on_it() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"hello\n")
    answer = await reader.read()
    writer.close()
    server.close()
    await server.wait_closed()

    assert answer == b"hello\n"
