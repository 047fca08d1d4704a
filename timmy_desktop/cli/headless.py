"""`timmy-desktop --headless`: the swarm without a window, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from timmy_desktop.cli.session import EXPECTED_ERRORS, built, complain, run, running
from timmy_desktop.events.base import EventRecord
from timmy_desktop.inert import inert_line
from timmy_desktop.services import Services


def headless(options: argparse.Namespace) -> int:
    """Runs until SIGINT or SIGTERM; every event is a line on standard output."""
    try:
        return run(_headless(built(options)))
    except EXPECTED_ERRORS as error:
        complain(error)
        return 2


async def _headless(services: Services) -> int:
    services.bus.subscribe_all(_print_events)
    async with running(services, "headless"):
        print(
            f"Running in {services.paths.data_dir}; tasks left over from last time go on. Ctrl+C stops.",
            file=sys.stderr,
        )
        await asyncio.Event().wait()
    return 0


def _print_events(records: Sequence[EventRecord]) -> None:
    for record in records:
        time = datetime.fromtimestamp(record.time_us / 1e6, UTC).strftime("%H:%M:%S.%f")[:-3]
        event = record.event
        fields = {name: value for name, value in vars(event).items() if value and name != "source"}
        print(f"{record.seq} {time} {record.type} {inert_line(str(fields), 400)}", flush=True)
