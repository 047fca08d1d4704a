"""`feed_clients`: two hundred clients at a thousand events a second, one of them slow and one dead."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.harness import Row
from tests.unit.feed.feeds import TOKEN, OpenFeed, open_feed
from timmy_desktop.events.tasks import TaskStarted
from timmy_desktop.feed.wire import Limits

CLIENTS, EVENTS_A_SECOND, SECONDS = 200, 1_000, 10
MOST_MEGABYTES = 64.0
_BURST_S = 0.01
# Soon enough for the dead one to be let go within the run.
_LIMITS = Limits(send_within_s=3.0, pong_within_s=60.0, closing_s=0.5)


def feed_clients() -> list[Row]:
    """Events that somebody was not told of, whole or by count; and what the clients cost in memory."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        return asyncio.run(_measured(Path(name)))


async def _measured(folder: Path) -> list[Row]:
    total = EVENTS_A_SECOND * SECONDS
    async with open_feed(
        folder, limits=_LIMITS, websocket_event_throttle=10, activity_feed_buffer=100
    ) as feed:
        listeners = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.feed_listeners", feed.url, TOKEN, str(CLIENTS), str(total),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert listeners.stdout is not None
        assert (await listeners.stdout.readline()).strip() == b"ready"
        before = megabytes()
        most_waiting = await _send(feed, total)
        found = json.loads(await listeners.stdout.readline())
        await listeners.wait()
        grown, logged = megabytes() - before, feed.opened.log.head[0]
    lost = found["lost"] + (total - logged)
    met = lost == 0 and found["dead_dropped"] and grown < MOST_MEGABYTES
    note = (
        f"{found['told']:,} events told to {CLIENTS - 1} clients, {found['folded']:,} of them by count; the slow one "
        f"was told {found['slow_events']:,} and a count of {found['slow_folded']:,}; the dead one was dropped: "
        f"{found['dead_dropped']}; most held for one client: {most_waiting}; {found['seconds']:.1f} s"
    )
    return [
        Row("feed_clients", lost, "lost", None, None, "none lost", met, note),
        Row(
            "feed_clients.memory",
            grown,
            "MB more",
            None,
            None,
            f"< {MOST_MEGABYTES:g}",
            grown < MOST_MEGABYTES,
        ),
    ]


async def _send(feed: OpenFeed, total: int) -> int:
    """At a steady pace; the most events that were held for any one client."""
    start, sent, most = time.perf_counter(), 0, 0
    while sent < total:
        due = min(total, int((time.perf_counter() - start) * EVENTS_A_SECOND))
        for number in range(sent, due):
            feed.opened.bus.emit(TaskStarted(source="bench", task_id=f"task-{number % 50}", attempt=number))
        sent = due
        most = max((most, *(client.waiting for client in feed.server._clients)))
        await asyncio.sleep(_BURST_S)
    await feed.opened.log.flush()
    return most


def megabytes() -> float:
    """What this process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6
