"""The clients of `feed_clients`, in a process of their own: count what they are told, and print it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import time
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PATIENCE_S = 30.0


@dataclass
class Count:
    """What one client was told."""

    events: int = 0
    folded: int = 0
    newest: int = 0
    faults: int = 0

    def take(self, text: str | bytes) -> None:
        message = json.loads(text)
        if message["kind"] != "events":
            return
        for event in message["events"]:
            self.faults += event["seq"] <= self.newest
            self.newest = event["seq"]
        self.events += len(message["events"])
        self.folded += message.get("folded", {"count": 0})["count"]

    @property
    def total(self) -> int:
        return self.events + self.folded


def opening(url: str, token: str, sock: socket.socket | None = None) -> connect:
    more: dict[str, Any] = {} if sock is None else {"sock": sock}
    headers = {"Authorization": f"Bearer {token}"}
    return connect(url, additional_headers=headers, compression=None, proxy=None, ping_interval=None, **more)


def small_socket(url: str) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect(("127.0.0.1", int(url.rpartition(":")[2].partition("/")[0])))
    made.setblocking(False)
    return made


async def listen(client: ClientConnection, count: Count, total: int, pause_s: float = 0.0) -> None:
    await client.send('{"op": "subscribe"}')
    while count.total < total:
        count.take(await client.recv())
        await asyncio.sleep(pause_s)


async def main(url: str, token: str, clients: int, total: int) -> None:
    quick = [await opening(url, token) for _ in range(clients - 2)]
    slow = await opening(url, token, small_socket(url))
    dead = await opening(url, token, small_socket(url))
    await dead.send('{"op": "subscribe"}')
    dead.transport.pause_reading()
    counts, slow_count = [Count() for _ in quick], Count()
    work = [listen(client, count, total) for client, count in zip(quick, counts, strict=True)]
    listening = asyncio.gather(*work, listen(slow, slow_count, total, pause_s=0.2))
    await asyncio.sleep(1.0)
    print("ready", flush=True)
    start = time.perf_counter()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(listening, PATIENCE_S)
    seconds = time.perf_counter() - start
    everybody = [*counts, slow_count]
    report = {
        "told": sum(count.total for count in everybody),
        "folded": sum(count.folded for count in everybody),
        "lost": sum(abs(total - count.total) + count.faults for count in everybody),
        "slow_events": slow_count.events,
        "slow_folded": slow_count.folded,
        "dead_dropped": await was_dropped(dead),
        "seconds": seconds,
    }
    print(json.dumps(report), flush=True)
    await asyncio.gather(*(client.close() for client in (*quick, slow)))


async def was_dropped(client: ClientConnection) -> bool:
    """Whether the server has let go of it: what it was sent before is read first."""
    client.transport.resume_reading()
    try:
        async with asyncio.timeout(10):
            while True:
                await client.recv()
    except ConnectionClosed:
        return True
    except TimeoutError:
        return False


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
