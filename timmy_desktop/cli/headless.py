"""`timmy-desktop --headless`: the swarm without a window, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from timmy_desktop.cli.session import EXPECTED_ERRORS, built, complain, run, running
from timmy_desktop.events.base import EventRecord
from timmy_desktop.inert import inert_line
from timmy_desktop.services import Services

LINES_WAITING = 10_000


def headless(options: argparse.Namespace) -> int:
    """Runs until SIGINT or SIGTERM; every event is a line on standard output."""
    try:
        return run(_headless(built(options)))
    except EXPECTED_ERRORS as error:
        complain(error)
        return 2


async def _headless(services: Services) -> int:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    printer = LinePrinter(lambda: loop.call_soon_threadsafe(ended.set))
    services.bus.subscribe_all(printer.put)
    async with running(services, "headless"):
        printer.start()
        print(
            f"Running in {services.paths.data_dir}; tasks left over from last time go on. Ctrl+C stops.",
            file=sys.stderr,
        )
        await ended.wait()
    return 0


class LinePrinter(threading.Thread):
    """Prints events beside the loop, which must not wait for whoever reads them.

    When the reader is slower than the events, lines are left out and counted; when it has gone, `gone()`
    is called.
    """

    def __init__(self, gone: Callable[[], object]) -> None:
        # A daemon: a reader that has stopped reading must not keep the process alive.
        super().__init__(name="timmy-printer", daemon=True)
        self._gone = gone
        self._lines: queue.Queue[str] = queue.Queue(LINES_WAITING)
        self._left_out = 0

    def put(self, records: Sequence[EventRecord]) -> None:
        """Queues a line for each record."""
        for record in records:
            try:
                self._lines.put_nowait(_line(record))
            except queue.Full:
                self._left_out += 1

    def run(self) -> None:
        while True:
            line = self._lines.get()
            left_out, self._left_out = self._left_out, 0
            if left_out:
                line += f"\n({left_out} events were left out here: the output is read too slowly)"
            try:
                print(line, flush=True)
            except (BrokenPipeError, ValueError):
                self._gone()
                return


def _line(record: EventRecord) -> str:
    time = datetime.fromtimestamp(record.time_us / 1e6, UTC).strftime("%H:%M:%S.%f")[:-3]
    fields = {name: value for name, value in vars(record.event).items() if value and name != "source"}
    return f"{record.seq} {time} {record.type} {inert_line(str(fields), 400)}"
