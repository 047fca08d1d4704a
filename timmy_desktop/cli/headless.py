"""`timmy-desktop --headless`: the swarm without a window, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import json
import queue
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from timmy_desktop.cli.session import EXPECTED_ERRORS, built, complain, run, running
from timmy_desktop.events.base import EventRecord
from timmy_desktop.inert import inert_line
from timmy_desktop.services import Services

LINES_WAITING = 10_000
_MOST_CHARACTERS = 400


def headless(options: argparse.Namespace) -> int:
    """Runs until SIGINT or SIGTERM; every event is a line on standard output."""
    try:
        return run(_headless(built(options), as_json=options.json))
    except EXPECTED_ERRORS as error:
        complain(error)
        return 2


async def _headless(services: Services, *, as_json: bool) -> int:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    printer = LinePrinter(lambda: loop.call_soon_threadsafe(ended.set), as_json=as_json)
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

    def __init__(self, gone: Callable[[], object], *, as_json: bool = False) -> None:
        # A daemon: a reader that has stopped reading must not keep the process alive.
        super().__init__(name="timmy-printer", daemon=True)
        self._gone = gone
        self._lines: queue.Queue[str] = queue.Queue(LINES_WAITING)
        self._left_out = 0
        self._line = json_line_of if as_json else line_of
        self._gap = _gap_in_json if as_json else _gap_in_words

    def put(self, records: Sequence[EventRecord]) -> None:
        """Queues a line for each record."""
        for record in records:
            try:
                self._lines.put_nowait(self._line(record))
            except queue.Full:
                self._left_out += 1

    def run(self) -> None:
        while True:
            line = self._lines.get()
            left_out, self._left_out = self._left_out, 0
            if left_out:
                line += f"\n{self._gap(left_out)}"
            try:
                print(line, flush=True)
            except (BrokenPipeError, ValueError):
                self._gone()
                return


def _gap_in_words(events: int) -> str:
    return f"({events} events were left out here: the output is read too slowly)"


def _gap_in_json(events: int) -> str:
    return json.dumps({"left_out": events})


def line_of(record: EventRecord) -> str:
    """Number, time, type and what it is about, in words that a person can read."""
    time = datetime.fromtimestamp(record.time_us / 1e6, UTC).strftime("%H:%M:%S.%f")[:-3]
    fields = {name: value for name, value in vars(record.event).items() if value and name != "source"}
    said = ", ".join(f"{name.replace('_', ' ')} {_value(value)}" for name, value in fields.items())
    return f"{record.seq:>6}  {time}  {record.type:<26} {inert_line(said, _MOST_CHARACTERS)}".rstrip()


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_value(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_value(part) for part in value)
    return {True: "yes", False: "no"}.get(value, "") if isinstance(value, bool) else str(value)


def json_line_of(record: EventRecord) -> str:
    """The same for a script: one JSON object."""
    told = {"seq": record.seq, "time_us": record.time_us, "type": record.type}
    return json.dumps({**told, "data": vars(record.event)}, ensure_ascii=True, default=str)
