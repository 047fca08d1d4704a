"""Follows a feed from outside: subscribes, comes back after every break, and goes on where it was."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from timmy_desktop.feed.errors import FeedError, GoneError
from timmy_desktop.feed.selection import Selection
from timmy_desktop.feed.wire import Follower, connect

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 10.0

Show = Callable[[dict[str, Any]], bool]
"""Takes a message of the feed; False ends the following."""


@dataclass
class Following:
    """What to follow, and how far it has come. `after` None: from now on."""

    host: str
    port: int
    token: str
    selection: Selection = field(default_factory=Selection)
    after: int | None = None
    log_id: str = ""

    async def run(self, show: Show, lost: Callable[[str], object]) -> None:
        """Until `show` ends it, or the feed refuses (RefusedError). `lost(why)` hears of each break once."""
        wait, told = FIRST_WAIT_S, ""
        while True:
            try:
                follower = await connect(self.host, self.port, self.token)
            except GoneError as error:
                if str(error) != told:
                    told = str(error)
                    lost(told)
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT_S)
                continue
            wait, told = FIRST_WAIT_S, ""
            try:
                if await self._listen(follower, show):
                    return
            except GoneError as error:
                told = str(error)
                lost(told)
                await asyncio.sleep(wait)
            finally:
                await follower.close()

    async def _listen(self, follower: Follower, show: Show) -> bool:
        hello = parsed(await follower.receive())
        self._meet(hello)
        if not show(hello):
            return True
        await follower.send(self._subscription())
        while True:
            message = parsed(await follower.receive())
            if not show(message):
                return True
            if message.get("kind") == "events" and isinstance(message.get("seq"), int):
                self.after = max(self.after or 0, message["seq"])
            elif message.get("kind") == "error":
                raise FeedError(f"The feed did not understand: {message.get('text', '')}")

    def _meet(self, hello: dict[str, Any]) -> None:
        """A log that is another one than before begins anew; its numbers mean nothing to us."""
        log_id, last = hello.get("log_id"), hello.get("last_seq")
        if self.log_id and log_id != self.log_id:
            self.after = None
        self.log_id = str(log_id or "")
        if self.after is None and isinstance(last, int):
            self.after = last

    def _subscription(self) -> str:
        wish: dict[str, Any] = {"op": "subscribe", "after": self.after}
        for name in ("include", "exclude", "tasks", "agents", "sources"):
            if values := getattr(self.selection, name):
                wish[name] = sorted(values)
        return json.dumps(wish)


def parsed(text: str) -> dict[str, Any]:
    """A message of the feed; GoneError for what is none: whoever says that is not a feed."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise GoneError(reason="what was said there is not a feed's")
    return values
